/* Any bytes as a line of the log. Seeds: tests/data/logline. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "logline.h"

static void inside(struct span s, const char *line, size_t size) {
    assert(s.n == 0 || (s.p >= line && s.p + s.n <= line + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct logline_clock clock;
    struct mailev ev, again;
    char *line =
        malloc(size > 0 ? size : 1); /* of the exact size, so that a byte beyond is found */

    assert(line != NULL);
    if (size > 0)
        memcpy(line, data, size);
    logline_clock_init(&clock);
    clock.now_ms = 1795400521250;
    logline_parse((struct span){line, size}, &clock, &ev);
    assert(ev.kind >= 0 && ev.kind < MAILEV_KIND_COUNT);
    assert(ev.counters & COUNTER_BIT(COUNTER_LINES));
    assert(!(ev.counters & COUNTER_BIT(COUNTER_UNPARSED)) ==
           (ev.kind != MAILEV_FOREIGN && ev.kind != MAILEV_OTHER));
    assert((ev.kind == MAILEV_DELIVERY) ==
           (ev.status != MAILEV_STATUS_NONE && ev.kind != MAILEV_EXPIRED));
    const struct span spans[] = {
        ev.host,       ev.instance, ev.daemon,    ev.queue_id,  ev.severity,    ev.to,
        ev.from,       ev.relay,    ev.relay_ip,  ev.dsn,       ev.tls_trust,   ev.tls_version,
        ev.tls_cipher, ev.tls_peer, ev.client,    ev.client_ip, ev.sasl_method, ev.sasl_username,
        ev.text,       ev.message,  ev.message_id};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
        inside(spans[i], line, size);

    /* What the clock remembers does not change the result. */
    logline_parse((struct span){line, size}, &clock, &again);
    assert(memcmp(&ev, &again, sizeof ev) == 0);
    free(line);
    return 0;
}
