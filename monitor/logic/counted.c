/* See counted.h. */
#include "counted.h"

#include <assert.h>
#include <string.h>

enum { US_A_SECOND = 1000000, MS_A_SECOND = 1000 };

static size_t at_most(uint64_t n, size_t most) {
    return n < most ? (size_t)n : most;
}

/* ---- totals ---- */

enum { OLD_FIELDS = 5, LIVE_FIELDS = 4 };
_Static_assert(COUNTED_OLD < 64, "a bit each");

static void old_fields(struct counted_old *old, uint64_t *out[OLD_FIELDS]) {
    out[0] = &old->kind;
    out[1] = &old->n;
    out[2] = &old->prefix;
    out[3] = &old->head;
    out[4] = &old->tail;
}

static void live_fields(struct counted_live *live, uint64_t *out[LIVE_FIELDS]) {
    out[0] = &live->key;
    out[1] = &live->from;
    out[2] = &live->size;
    out[3] = &live->prefix;
}

/* Moves the numbers of one slot, "b.7.n" and so on; to the totals only what is not 0 already. */
static void move(uint64_t *const *numbers, size_t count, char kind, size_t slot,
                 const struct totals *from, struct totals *to) {
    static const char letters[] = "knpht";

    for (size_t i = 0; i < count; i++) {
        char name[TOTALS_NAME_SIZE];

        text_format(name, sizeof name, "%c.%zu.%c", kind, slot, letters[i]);
        if (from != NULL)
            *numbers[i] = totals_get(from, name);
        else if (*numbers[i] != 0 || totals_find(to, name) >= 0)
            totals_set(to, name, *numbers[i]);
    }
}

void counted_restore(struct counted *c, const struct totals *from) {
    uint64_t *numbers[OLD_FIELDS];

    memset(c, 0, sizeof *c);
    c->since_ms = totals_get(from, "b.since");
    c->journal_us = totals_get(from, "b.journal");
    c->live_next = totals_get(from, "b.next") % COUNTED_LIVE;
    for (size_t i = 0; i < COUNTED_OLD; i++) {
        old_fields(&c->old[i], numbers);
        move(numbers, OLD_FIELDS, 'b', i, from, NULL);
    }
    for (size_t i = 0; i < COUNTED_LIVE; i++) {
        live_fields(&c->live[i], numbers);
        move(numbers, LIVE_FIELDS, 'f', i, from, NULL);
    }
}

void counted_put(struct counted *c, struct totals *totals) {
    uint64_t *numbers[OLD_FIELDS];

    for (; c->old_changed != 0; c->old_changed &= c->old_changed - 1) {
        size_t i = (size_t)__builtin_ctzll(c->old_changed);

        old_fields(&c->old[i], numbers);
        move(numbers, OLD_FIELDS, 'b', i, NULL, totals);
    }
    if (!c->changed)
        return;
    c->changed = false;
    totals_set(totals, "b.since", c->since_ms);
    totals_set(totals, "b.journal", c->journal_us);
    totals_set(totals, "b.next", c->live_next);
    for (size_t i = 0; i < COUNTED_LIVE; i++) {
        live_fields(&c->live[i], numbers);
        move(numbers, LIVE_FIELDS, 'f', i, NULL, totals);
    }
}

/* ---- what relaywatchd counts ---- */

void counted_begin(struct counted *c, int64_t since_ms) {
    if (c->since_ms != 0 || since_ms <= 0)
        return;
    c->since_ms = (uint64_t)since_ms;
    c->changed = true;
}

void counted_begin_journal(struct counted *c, uint64_t since_us) {
    if (since_us == 0 || (c->journal_us != 0 && c->journal_us <= since_us))
        return;
    c->journal_us = since_us;
    c->changed = true;
}

static struct counted_live *find_live(struct counted *c, uint64_t key) {
    for (size_t i = 0; i < COUNTED_LIVE; i++) {
        if (c->live[i].key == key)
            return &c->live[i];
    }
    return NULL;
}

static bool follows_content(const struct counted *c, size_t size, uint64_t prefix) {
    for (size_t i = 0; i < COUNTED_LIVE; i++) {
        if (c->live[i].key != 0 && c->live[i].size == size && c->live[i].prefix == prefix)
            return true;
    }
    return false;
}

void counted_follow(struct counted *c, uint64_t key, uint64_t from, const struct place *at) {
    struct counted_live *live = find_live(c, key);
    size_t size = at_most(at->offset, POSITION_PREFIX);

    if (size == 0 || (live != NULL && live->size >= size) ||
        follows_content(c, size, at->prefix.h[0]))
        return;
    if (live == NULL) {
        live = &c->live[c->live_next];
        c->live_next = (c->live_next + 1) % COUNTED_LIVE;
        live->key = key;
        live->from = from;
    }
    live->size = size;
    live->prefix = at->prefix.h[0];
    c->changed = true;
}

/* ---- old files ---- */

static bool begins_with(const struct hash_key *key, struct span head, uint64_t size,
                        uint64_t hash) {
    return size > 0 && head.n >= size && hash_bytes(key, head.p, (size_t)size).h[0] == hash;
}

static void plan_old(const struct counted *c, const struct hash_key *key, struct span head,
                     struct counted_plan *out) {
    for (int i = 0; i < COUNTED_OLD; i++) {
        const struct counted_old *old = &c->old[i];

        if (old->kind != COUNTED_FILE)
            continue;
        if (head.n < at_most(old->n, POSITION_PREFIX)) {
            out->is_shorter |= begins_with(key, head, at_most(old->n, COUNTED_HEAD), old->head);
        } else if (old->n > out->from &&
                   begins_with(key, head, at_most(old->n, POSITION_PREFIX), old->prefix)) {
            out->old = i;
            out->from = old->n;
            out->tail = old->tail;
        }
    }
    out->is_shorter &= out->old == -1;
}

void counted_plan(const struct counted *c, const struct hash_key *key, struct span head,
                  struct counted_plan *out) {
    uint64_t size = 0;

    *out = (struct counted_plan){.old = -1, .until = UINT64_MAX, .by_time = true};
    plan_old(c, key, head, out);
    for (int i = 0; i < COUNTED_LIVE; i++) {
        const struct counted_live *live = &c->live[i];

        if (live->key == 0 || live->size <= size ||
            !begins_with(key, head, live->size, live->prefix))
            continue;
        size = live->size;
        out->until = live->from;
        out->by_time = false;
    }
}

static int find_free(const struct counted *c) {
    for (int i = 0; i < COUNTED_OLD; i++) {
        if (c->old[i].kind == COUNTED_FREE)
            return i;
    }
    return -1;
}

int counted_open(const struct counted *c, const struct counted_plan *plan) {
    return plan->old != -1 ? plan->old : find_free(c);
}

void counted_note(struct counted *c, int slot, const struct hash_key *key, struct span head,
                  const struct place *at) {
    size_t size = at_most(at->offset, COUNTED_HEAD);

    assert(at->offset > 0 && head.n >= size);
    c->old[slot] = (struct counted_old){.kind = COUNTED_FILE,
                                        .n = at->offset,
                                        .prefix = at->prefix.h[0],
                                        .head = hash_bytes(key, head.p, size).h[0],
                                        .tail = at->tail.h[0]};
    c->old_changed |= UINT64_C(1) << slot;
}

bool counted_is_live(const struct counted *c, int64_t stamp_ms) {
    return stamp_ms / MS_A_SECOND > (int64_t)(c->since_ms / MS_A_SECOND);
}

/* ---- journals ---- */

static int find_sequence(const struct counted *c, uint64_t sequence) {
    for (int i = 0; i < COUNTED_OLD; i++) {
        if (c->old[i].kind == COUNTED_JOURNAL && c->old[i].prefix == sequence)
            return i;
    }
    return -1;
}

enum counted_entry counted_entry(const struct counted *c, uint64_t sequence, uint64_t number,
                                 uint64_t realtime_us) {
    int i = find_sequence(c, sequence);

    if (counted_is_live(c, (int64_t)(realtime_us / (US_A_SECOND / MS_A_SECOND))) ||
        (c->journal_us != 0 && realtime_us >= c->journal_us))
        return COUNTED_BY_DAEMON;
    return i != -1 && number <= c->old[i].n ? COUNTED_BEFORE : COUNTED_NEW;
}

bool counted_note_entry(struct counted *c, uint64_t sequence, uint64_t number) {
    int i = find_sequence(c, sequence);

    if (i == -1)
        i = find_free(c);
    if (i == -1)
        return false;
    c->old[i] = (struct counted_old){.kind = COUNTED_JOURNAL, .n = number, .prefix = sequence};
    c->old_changed |= UINT64_C(1) << i;
    return true;
}

bool counted_has(const struct counted *c, enum counted_kind kind) {
    for (int i = 0; i < COUNTED_OLD; i++) {
        if (c->old[i].kind == (uint64_t)kind)
            return true;
    }
    return false;
}
