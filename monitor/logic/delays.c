/* See delays.h. */
#include "delays.h"

#include <string.h>

#include "text.h"
#include "histogram.h"

enum {
    EXACT_BITS = 6, /* below 2^6 each microsecond has a bucket of its own */
    PART_BITS = 5,  /* each power of two in 2^5 parts */
    AHEAD_MS = 10 * 60 * 1000,
    SUM = DELAYS_BUCKETS, /* its place among the fields */
};

/* postfix_exporter's, and some between them. */
const int64_t delays_bound_us[DELAYS_BUCKETS - 1] = {
    1000,     10000,    50000,    100000,    500000,     1000000,     5000000,
    10000000, 30000000, 60000000, 300000000, 3600000000, 86400000000, 172800000000};

const char *delays_part_name(unsigned part) {
    static const char *const names[DELAYS_PARTS] = {"before_queue_manager", "queue_manager",
                                                    "connection_setup", "transmission", "total"};

    return names[part];
}

static size_t bucket_of(int64_t us) {
    size_t i = 0;

    while (i < DELAYS_BUCKETS - 1 && us > delays_bound_us[i])
        i++;
    return i;
}

static size_t fine_of(int64_t us) {
    return histogram_bucket(us, EXACT_BITS, PART_BITS, DELAYS_FINE);
}

static void note_fine(struct delays *d, const struct mailev *ev, int64_t now_ms) {
    int64_t number = ev->time_ms / DELAYS_SLOT_MS;
    struct delays_slot *slot = &d->slot[(uint64_t)number % DELAYS_SLOTS];
    bool stale = slot->number > (now_ms + AHEAD_MS) / DELAYS_SLOT_MS; /* the clock was set back */

    if (ev->time_ms <= 0 || ev->time_ms > now_ms + AHEAD_MS || (number < slot->number && !stale))
        return;
    if (number != slot->number) {
        memset(slot->count, 0, sizeof slot->count);
        slot->number = number;
    }
    for (unsigned part = 0; part < STAGE_COUNT; part++)
        slot->count[part][fine_of(ev->delays_us[part])]++;
    if (ev->delay_us >= 0)
        slot->count[DELAYS_TOTAL][fine_of(ev->delay_us)]++;
}

void delays_note(struct delays *d, const struct mailev *ev, bool retried, int64_t now_ms) {
    if (ev->kind != MAILEV_DELIVERY || ev->delays_us[0] < 0 || !span_is(ev->daemon, "smtp"))
        return;
    for (unsigned part = 0; part < STAGE_COUNT; part++) {
        d->bucket[part][bucket_of(ev->delays_us[part])]++;
        d->sum_us[part] += (uint64_t)ev->delays_us[part];
    }
    d->changed = true;
    if (!retried)
        note_fine(d, ev, now_ms);
}

static bool is_recent(const struct delays_slot *slot, int64_t now_ms) {
    return slot->number > now_ms / DELAYS_SLOT_MS - DELAYS_SLOTS;
}

static uint64_t fine_count(const struct delays *d, unsigned part, size_t i, int64_t now_ms) {
    uint64_t count = 0;

    for (size_t s = 0; s < DELAYS_SLOTS; s++)
        count += is_recent(&d->slot[s], now_ms) ? d->slot[s].count[part][i] : 0;
    return count;
}

static uint64_t part_count(const struct delays *d, unsigned part, int64_t now_ms) {
    uint64_t count = 0;

    for (size_t i = 0; i < DELAYS_FINE; i++)
        count += fine_count(d, part, i, now_ms);
    return count;
}

uint64_t delays_count(const struct delays *d, int64_t now_ms) {
    return part_count(d, 0, now_ms);
}

bool delays_percentiles(const struct delays *d, unsigned part, int64_t now_ms, size_t count,
                        const double percent[], int64_t us_out[]) {
    uint64_t all = part_count(d, part, now_ms);
    uint64_t below = 0;
    size_t next = 0;

    if (all == 0)
        return false;
    for (size_t i = 0; i < DELAYS_FINE && next < count; i++) {
        below += fine_count(d, part, i, now_ms);
        while (next < count && (double)below >= percent[next] / 100 * (double)all && below > 0)
            us_out[next++] = histogram_middle(i, EXACT_BITS, PART_BITS);
    }
    return true;
}

/* ---- as totals ---- */

static void field_name(char out[TOTALS_NAME_SIZE], unsigned part, size_t i) {
    if (i == SUM)
        text_format(out, TOTALS_NAME_SIZE, "d.%c.sum", 'a' + (int)part);
    else
        text_format(out, TOTALS_NAME_SIZE, "d.%c.%zu", 'a' + (int)part, i);
}

static uint64_t *value_of(struct delays *d, unsigned part, size_t i) {
    return i == SUM ? &d->sum_us[part] : &d->bucket[part][i];
}

void delays_restore(struct delays *d, const struct totals *from) {
    char name[TOTALS_NAME_SIZE];

    memset(d, 0, sizeof *d);
    for (unsigned part = 0; part < STAGE_COUNT; part++) {
        for (size_t i = 0; i <= SUM; i++) {
            int field;

            field_name(name, part, i);
            field = totals_find(from, name);
            d->field[part][i] = (uint16_t)(field + 1);
            *value_of(d, part, i) = field >= 0 ? from->value[field] : 0;
        }
    }
}

void delays_put(struct delays *d, struct totals *totals) {
    char name[TOTALS_NAME_SIZE];

    if (!d->changed)
        return;
    d->changed = false;
    for (unsigned part = 0; part < STAGE_COUNT; part++) {
        for (size_t i = 0; i <= SUM; i++) {
            uint64_t value = *value_of(d, part, i);

            if (d->field[part][i] == 0 && value != 0) {
                field_name(name, part, i);
                d->field[part][i] = (uint16_t)(totals_field(totals, name) + 1);
            }
            if (d->field[part][i] != 0)
                totals->value[d->field[part][i] - 1] = value;
        }
    }
}
