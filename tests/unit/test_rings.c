/* rings.c: where a line lands, what a slot forgets, that totals carry all of it, and that the rings
 * are those of the lines up to the position, whatever crashed and whenever they were read. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rings.h"
#include "text.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define NOW (INT64_C(29800000) * MINUTE) /* of August 2026; full minute */
#define NOW_MINUTE ((uint64_t)(NOW / MINUTE))
#define SENT COUNTER_BIT(COUNTER_SENT)

static uint64_t sent_in_minute(const struct rings *r, uint64_t minute) {
    const struct counters *c = rings_minute(r, minute);

    return c != NULL ? c->value[COUNTER_SENT] : 0;
}

static uint64_t sent_in_hour(const struct rings *r, uint64_t hour) {
    const struct counters *c = rings_hour(r, hour);

    return c != NULL ? c->value[COUNTER_SENT] : 0;
}

/* ---- one line ---- */

Test(rings, where_a_line_lands) {
    static const struct {
        const char *name;
        int64_t before_ms; /* of a line before it; 0: none */
        int64_t event_ms;
        bool minute, hour;
    } rows[] = {
        {"now", 0, NOW, true, true},
        {"end of the minute", 0, NOW + 59999, true, true},
        {"no time", 0, 0, false, false},
        {"negative", 0, -1, false, false},
        {"1970", 0, HOUR - 1, false, false},
        {"ten minutes ahead", 0, NOW + 10 * MINUTE, true, true},
        {"more than ten minutes ahead", 0, NOW + 10 * MINUTE + 1, false, false},
        {"end of time", 0, INT64_MAX, false, false},
        {"an old log", 0, NOW - 9000 * HOUR, true, true},
        {"59 minutes late", NOW, NOW - 59 * MINUTE, true, true},
        {"an hour late: its slot holds a newer minute", NOW, NOW - 60 * MINUTE, false, true},
        {"an hour late, but its slot is free", NOW, NOW - 61 * MINUTE, true, true},
        {"47 hours late", NOW, NOW - 47 * HOUR, false, true},
        {"48 hours late", NOW, NOW - 48 * HOUR, false, false},
        {"a newer one in the slot of an older", NOW - 60 * MINUTE, NOW, true, true},
        {"a slot of the future gives way", NOW + 120 * MINUTE, NOW, true, true},
        {"hour of the future gives way", NOW + 96 * HOUR, NOW, true, true},
        {"a slot a little ahead stands", NOW + 10 * MINUTE, NOW - 50 * MINUTE, false, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rings r = {0};
        uint64_t minute = (uint64_t)(rows[i].event_ms / MINUTE);

        if (rows[i].before_ms != 0)
            rings_add(&r, COUNTER_BIT(COUNTER_LINES), rows[i].before_ms,
                      rows[i].before_ms > NOW ? rows[i].before_ms : NOW);
        rings_add(&r, SENT, rows[i].event_ms, NOW);
        cr_expect_eq(sent_in_minute(&r, minute), rows[i].minute, "%s: minute", rows[i].name);
        cr_expect_eq(sent_in_hour(&r, minute / 60), rows[i].hour, "%s: hour", rows[i].name);
        cr_expect_eq(r.skewed, !rows[i].hour, "%s: skewed", rows[i].name);
        cr_expect_eq(rings_minute(&r, 0), NULL, "%s: none is 0", rows[i].name);
    }
}

Test(rings, all_counters_of_a_line) {
    struct rings r = {0};
    const struct counters *c;

    for (int i = 0; i < COUNTER_COUNT; i++) {
        rings_add(&r, COUNTER_BIT(i) | COUNTER_BIT(COUNTER_LINES), NOW, NOW);
        rings_add(&r, COUNTER_BIT(i), NOW - 1, NOW);
    }
    c = rings_minute(&r, NOW_MINUTE);
    cr_assert_neq(c, NULL);
    for (int i = 0; i < COUNTER_COUNT; i++)
        cr_expect_eq(c->value[i], i == COUNTER_LINES ? COUNTER_COUNT : 1, "%d", i);
    cr_expect_eq(rings_minute(&r, NOW_MINUTE - 1)->value[COUNTER_LINES], 1);
    cr_expect_eq(rings_minute(&r, NOW_MINUTE - 2), NULL);
}

Test(rings, three_days) {
    struct rings r = {0};

    for (int64_t t = NOW - 72 * HOUR; t < NOW; t += MINUTE / 2)
        rings_add(&r, SENT, t, NOW);
    for (uint64_t age = 0; age < 200; age++) {
        cr_expect_eq(sent_in_minute(&r, NOW_MINUTE - 1 - age), age < RINGS_MINUTES ? 2 : 0,
                     "%llu minutes ago", (unsigned long long)age);
        cr_expect_eq(sent_in_hour(&r, NOW_MINUTE / 60 - 1 - age),
                     age < RINGS_HOURS - (NOW_MINUTE % 60 != 0) ? 120 : 0, "%llu hours ago",
                     (unsigned long long)age);
    }
    cr_expect_eq(r.skewed, 0);
}

/* ---- as totals ---- */

static uint64_t field(const struct totals *t, char ring, uint64_t slot, const char *name) {
    char text[64];

    text_format(text, sizeof text, "%c.%llu.%s", ring, (unsigned long long)slot, name);
    return totals_get(t, text);
}

Test(rings, totals_tell_what_changed) {
    struct rings r = {0};
    struct totals t = {0};
    uint64_t slot = NOW_MINUTE % 60;
    uint64_t hour = NOW_MINUTE / 60;

    rings_put(&r, &t);
    cr_expect_eq(t.count, 0, "nothing to tell");
    rings_add(&r, SENT | COUNTER_BIT(COUNTER_LINES), NOW, NOW);
    rings_put(&r, &t);
    cr_expect_eq(t.count, 6, "%zu: t and two counters, of a minute and of an hour", t.count);
    cr_expect_eq(field(&t, 'm', slot, "t"), NOW_MINUTE);
    cr_expect_eq(field(&t, 'm', slot, "sent"), 1);
    cr_expect_eq(field(&t, 'h', hour % 48, "t"), hour);
    cr_expect_eq(field(&t, 'h', hour % 48, "lines"), 1);

    rings_add(&r, COUNTER_BIT(COUNTER_BOUNCED), NOW + HOUR, NOW + HOUR);
    rings_put(&r, &t);
    cr_expect_eq(field(&t, 'm', slot, "t"), NOW_MINUTE + 60);
    cr_expect_eq(field(&t, 'm', slot, "sent"), 0, "cleared");
    cr_expect_eq(field(&t, 'm', slot, "lines"), 0, "cleared");
    cr_expect_eq(field(&t, 'm', slot, "bounced"), 1);
    cr_expect_eq(t.count, 9);
    rings_add(&r, SENT, 0, NOW);
    rings_put(&r, &t);
    cr_expect_eq(totals_get(&t, "r.skewed"), 1);
}

/* Everything at once, as after two days: it fits, and comes back. */
Test(rings, full_ones_come_back) {
    struct rings r = {0};
    struct rings back;
    struct totals t = {0};
    struct totals again = {0};
    counter_set all = COUNTER_BIT(COUNTER_COUNT) - 1;

    for (int64_t when = NOW - 49 * HOUR; when <= NOW; when += MINUTE)
        rings_add(&r, all, when, NOW);
    rings_add(&r, all, 0, NOW);
    rings_put(&r, &t);
    cr_expect_eq(t.count, (RINGS_MINUTES + RINGS_HOURS) * (1 + COUNTER_COUNT) + 1);
    cr_expect(t.count + 100 < TOTALS_FIELDS, "and there is room for c., l. and others");
    rings_restore(&back, &t);
    cr_expect_eq(back.minutes_changed | back.hours_changed, 0);
    cr_expect_eq(back.skewed, 1);
    for (uint64_t i = 0; i < 60; i++)
        cr_expect_eq(memcmp(rings_minute(&r, NOW_MINUTE - i), rings_minute(&back, NOW_MINUTE - i),
                            sizeof(struct counters)),
                     0);
    for (uint64_t i = 0; i < 48; i++)
        cr_expect_eq(memcmp(rings_hour(&r, NOW_MINUTE / 60 - i),
                            rings_hour(&back, NOW_MINUTE / 60 - i), sizeof(struct counters)),
                     0);
    back.minutes_changed = back.hours_changed = ~UINT64_C(0) >> 16;
    totals_copy(&again, &t);
    rings_put(&back, &again);
    cr_expect_eq(memcmp(again.value, t.value, sizeof t.value), 0);
    cr_expect_eq(again.count, t.count);
}

Test(rings, what_is_not_ours_is_mended) {
    static const struct {
        const char *name;
        const char *field[3];
        uint64_t value[3];
    } rows[] = {
        {"a minute in the wrong slot", {"m.5.t", "m.5.sent"}, {61, 7}},
        {"no t", {"m.5.sent", "h.7.lines"}, {7, 7}},
        {"an hour in the wrong slot", {"h.7.t", "h.7.sent", "h.7.lines"}, {8, 1, 1}},
        {"huge", {"m.5.t", "m.5.sent"}, {UINT64_MAX, 7}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct totals t = {0};
        struct rings r;

        for (size_t k = 0; k < 3 && rows[i].field[k] != NULL; k++)
            totals_set(&t, rows[i].field[k], rows[i].value[k]);
        rings_restore(&r, &t);
        for (uint64_t k = 0; k < 200; k++)
            cr_expect(rings_minute(&r, k) == NULL && rings_hour(&r, k) == NULL, "%s", rows[i].name);
        rings_put(&r, &t);
        for (size_t k = 0; k < t.count; k++)
            cr_expect_eq(t.value[k], 0, "%s: %s", rows[i].name, t.name[k]);
    }
}

/* ---- crashes ---- */

enum { LINES = 4000 };

struct line {
    int64_t event_ms;
    int64_t read_ms; /* when it is read the first time */
    counter_set set;
};

static unsigned seed;

static unsigned draw(unsigned below) {
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % below;
}

/* A log of some days: mostly in order, some lines late, some without a time or of next year. */
static void make_lines(struct line *lines) {
    int64_t now_ms = NOW;

    for (size_t i = 0; i < LINES; i++) {
        unsigned kind = draw(50);

        now_ms += draw(20) == 0 ? draw(4 * 3600 * 1000) : draw(40 * 1000);
        lines[i].read_ms = now_ms;
        lines[i].set = COUNTER_BIT(COUNTER_LINES) | COUNTER_BIT(draw(COUNTER_COUNT));
        lines[i].event_ms = now_ms - draw(1000);
        if (kind == 0)
            lines[i].event_ms = 0;
        else if (kind == 1)
            lines[i].event_ms = now_ms + 365 * 24 * HOUR;
        else if (kind < 5)
            lines[i].event_ms = now_ms - draw(60) * HOUR;
        else if (kind < 9)
            lines[i].event_ms = now_ms + 9 * MINUTE - draw(60) * MINUTE;
    }
}

static void expect_same_rings(const struct rings *a, const struct rings *b, const char *what) {
    for (size_t i = 0; i < RINGS_MINUTES + RINGS_HOURS; i++) {
        const struct rings_slot *x =
            i < RINGS_MINUTES ? &a->minute[i] : &a->hour[i - RINGS_MINUTES];
        const struct rings_slot *y =
            i < RINGS_MINUTES ? &b->minute[i] : &b->hour[i - RINGS_MINUTES];

        cr_assert(x->t == y->t && memcmp(&x->counters, &y->counters, sizeof x->counters) == 0,
                  "%s: seed %u, slot %zu", what, seed, i);
    }
    cr_assert_eq(a->skewed, b->skewed, "%s: skewed", what);
}

/* The slots as they must be: the newest of those that share one, with all of its lines. */
static void expect_true(const struct rings *r, const struct line *lines) {
    for (size_t slot = 0; slot < RINGS_MINUTES + RINGS_HOURS; slot++) {
        bool minutes = slot < RINGS_MINUTES;
        const struct rings_slot *have = minutes ? &r->minute[slot] : &r->hour[slot - RINGS_MINUTES];
        struct counters want = {{0}};
        uint64_t newest = 0;

        for (size_t i = 0; i < LINES; i++) {
            uint64_t t = (uint64_t)(lines[i].event_ms / (minutes ? MINUTE : HOUR));

            if (t == 0 || lines[i].event_ms > lines[i].read_ms + RINGS_AHEAD_MS ||
                t % (minutes ? RINGS_MINUTES : RINGS_HOURS) !=
                    (minutes ? slot : slot - RINGS_MINUTES))
                continue;
            if (t > newest) {
                newest = t;
                memset(&want, 0, sizeof want);
            }
            if (t == newest)
                counters_add(&want, lines[i].set);
        }
        cr_assert_eq(have->t, newest, "slot %zu", slot);
        cr_assert_eq(memcmp(&have->counters, &want, sizeof want), 0, "slot %zu", slot);
    }
}

/* Publishes now and then; crashes now and then, and goes on from what was published, later. */
static void run_with_crashes(struct rings *r, struct totals *published, const struct line *lines) {
    struct totals *now = calloc(1, sizeof *now);
    size_t position = 0, crashes = 0;
    int64_t late_ms = 0;

    totals_clear(published);
    rings_restore(r, published);
    for (size_t i = 0; i <= LINES;) {
        if (i == LINES || draw(8) == 0) {
            rings_put(r, now);
            totals_copy(published, now);
            position = i;
        }
        if (i == LINES)
            break;
        if (draw(100) == 0 && crashes++ < 200) {
            i = position;
            totals_copy(now, published);
            rings_restore(r, now);
            late_ms += draw(3600 * 1000);
        }
        rings_add(r, lines[i].set, lines[i].event_ms, lines[i].read_ms + late_ms);
        i++;
    }
    free(now);
}

Test(rings, crashes_change_nothing) {
    struct line *lines = calloc(LINES, sizeof *lines);
    struct totals *published = calloc(1, sizeof *published);

    for (unsigned round = 1; round <= 20; round++) {
        struct rings straight = {0};
        struct rings broken;
        struct rings back;

        seed = round;
        make_lines(lines);
        for (size_t i = 0; i < LINES; i++)
            rings_add(&straight, lines[i].set, lines[i].event_ms, lines[i].read_ms);
        cr_assert(straight.skewed > LINES / 50, "there are such lines");
        expect_true(&straight, lines);
        run_with_crashes(&broken, published, lines);
        expect_same_rings(&straight, &broken, "after crashes");
        rings_restore(&back, published);
        expect_same_rings(&straight, &back, "as published");
    }
    free(published);
    free(lines);
}
