/* See count.h. */
#include "count.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "slot.h"
#include "xmem.h"

void count_event(struct daemon *d, struct mailev *ev, bool ours) {
    counters_add(&d->counters, ev->counters);
    rings_add(&d->rings, ev->counters, ev->time_ms, d->clock.now_ms);
    if (!ours)
        destinations_note(&d->destinations, ev);
    relayhosts_note(&d->relayhosts, ev);
    exporter_note(&d->exporter, ev);
}

void count_publish(struct daemon *d) {
    messages_commit(&d->messages);
    logtotals_put(&d->logtotals, &d->counters, ledger_totals(d->messages.ledger), &d->rings,
                  &d->destinations, &d->relayhosts, &d->log.now);
    delays_put(&d->messages.delays, &d->log.now);
    shapes_put(&d->shapes, &d->log.now);
    exporter_put(&d->exporter, &d->log.now);
    if (d->poison_field >= 0)
        d->log.now.value[d->poison_field] = d->poison_lines;
    d->log.now.time_ms = d->clock.now_ms;
    sources_position(d->sources, d->log.now.position, sizeof d->log.now.position);
    followed_note(&d->followed, &d->counted, d->sources, d->log.now.position);
    counted_put(&d->counted, &d->log.now);
    store_publish(d->log.stream, &d->log.now);
    d->log.changed = true;
}

int count_keep(struct kept *kept) {
    struct totals *t;
    struct fault why;
    int failed;

    if (!kept->begun || !kept->changed)
        return 0;
    t = xcalloc(1, sizeof *t);
    store_stream_snapshot(kept->stream, t);
    failed = slot_save(kept->slot_path, t, &why);
    kept->changed = failed == -1;
    free(t);
    if (failed == 0)
        kept->failed_ms = 0;
    else if (kept->failed_ms == 0)
        kept->failed_ms = clock_mono_ms();
    if (failed == -1)
        log_warn("slot", "%s", why.text);
    return failed;
}

int count_keep_log(struct daemon *d) {
    int failed;

    if (!d->log.begun)
        return 0;
    count_publish(d);
    messages_before_save(&d->messages);
    failed = count_keep(&d->log);
    if (failed == 0)
        messages_after_save(&d->messages);
    return failed;
}
