/* See mltsenders.h. A key is 40 bits of the hash and 24 of the generation; a count is 14 bits of
 * the day, 24 of the generation, 26 of recipients: all that must fit together changes in one word.
 */
#include "mltsenders.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "hash.h"

enum { GENERATION_BITS = 24, COUNT_BITS = 26, HOUR_MS = 3600 * 1000, TRIES = 4 };

#define GENERATION_MASK ((UINT64_C(1) << GENERATION_BITS) - 1)
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define DAY_MASK ((UINT64_C(1) << 14) - 1)

static_assert(SENDERNAME_SIZE % 8 == 0, "a name is whole words");
static_assert((MLTSENDERS_SETS & (MLTSENDERS_SETS - 1)) == 0, "a set is some bits of the hash");

static uint64_t hash_of(uint64_t secret, const char *name) {
    const struct hash_key key = {{secret, ~secret}};

    return hash_quick(&key, name, strlen(name));
}

/* The part of the hash that stands in the key; never 0. */
static uint64_t tag_of(uint64_t hash) {
    uint64_t tag = hash >> GENERATION_BITS;

    return tag != 0 ? tag : 1;
}

/* What a count of this place and hour begins with. */
static uint64_t stamp(uint64_t key, uint64_t hour) {
    return (hour / MLTSENDERS_HOURS & DAY_MASK) << GENERATION_BITS | (key & GENERATION_MASK);
}

static uint64_t sum_of(const struct mltsenders_place *place, uint64_t key, uint64_t hour) {
    uint64_t sum = 0;

    for (uint64_t i = 0; i < MLTSENDERS_HOURS && i <= hour; i++) {
        uint64_t count = atomic_load_explicit(&place->count[(hour - i) % MLTSENDERS_HOURS],
                                              memory_order_relaxed);

        if (count >> COUNT_BITS == stamp(key, hour - i))
            sum += count & COUNT_MASK;
    }
    return sum;
}

static void load_name(const struct mltsenders_place *place, char out[SENDERNAME_SIZE]) {
    for (size_t i = 0; i < SENDERNAME_SIZE / 8; i++) {
        uint64_t word = atomic_load_explicit(&place->name[i], memory_order_relaxed);

        memcpy(out + 8 * i, &word, sizeof word);
    }
    out[SENDERNAME_SIZE - 1] = '\0';
}

static void store_name(struct mltsenders_place *place, uint64_t key, const char *name) {
    char bytes[SENDERNAME_SIZE] = {0};

    text_copy(bytes, sizeof bytes, name);
    for (size_t i = 0; i < SENDERNAME_SIZE / 8; i++) {
        uint64_t word;

        memcpy(&word, bytes + 8 * i, sizeof word);
        atomic_store_explicit(&place->name[i], word, memory_order_relaxed);
    }
    atomic_store_explicit(&place->named, key, memory_order_release);
}

/* The sender's place in its set, or a free one, or that with the least. *mine_out: it is his. */
static size_t choose(const struct mltsenders *s, size_t set, uint64_t tag, uint64_t hour,
                     uint64_t *key_out, bool *mine_out) {
    uint64_t key[MLTSENDERS_WAYS];
    uint64_t least = UINT64_MAX;
    size_t chosen = 0;

    for (size_t way = 0; way < MLTSENDERS_WAYS; way++) {
        key[way] = atomic_load_explicit(&s->key[set][way], memory_order_acquire);
        *key_out = key[way];
        *mine_out = key[way] >> GENERATION_BITS == tag;
        if (*mine_out || key[way] == 0)
            return way; /* places fill in order: behind a free one there is none */
    }
    for (size_t way = 0; way < MLTSENDERS_WAYS; way++) {
        uint64_t sum = sum_of(&s->place[set][way], key[way], hour);

        if (sum < least) {
            least = sum;
            chosen = way;
        }
    }
    *key_out = key[chosen];
    return chosen;
}

/* Returns false when the place was taken over meanwhile. */
static bool count(struct mltsenders *s, size_t set, size_t way, uint64_t key, uint64_t hour,
                  uint32_t recipients) {
    _Atomic uint64_t *word = &s->place[set][way].count[hour % MLTSENDERS_HOURS];
    uint64_t old = atomic_load_explicit(word, memory_order_relaxed);
    uint64_t mine = stamp(key, hour);
    uint64_t sum;

    do {
        sum = recipients;
        if (old >> COUNT_BITS == mine)
            sum += old & COUNT_MASK;
        else if (atomic_load_explicit(&s->key[set][way], memory_order_acquire) != key)
            return false;
        sum = sum > COUNT_MASK ? COUNT_MASK : sum;
    } while (!atomic_compare_exchange_weak_explicit(word, &old, mine << COUNT_BITS | sum,
                                                    memory_order_acq_rel, memory_order_acquire));
    return true;
}

void mltsenders_add(struct mltsenders *s, uint64_t secret, const char *sender, uint32_t recipients,
                    int64_t now_ms) {
    uint64_t hour = (uint64_t)now_ms / HOUR_MS;
    uint64_t hash, tag;
    size_t set;

    if (sender[0] == '\0' || recipients == 0 || now_ms <= 0)
        return;
    hash = hash_of(secret, sender);
    set = (size_t)(hash % MLTSENDERS_SETS);
    tag = tag_of(hash);
    for (int tries = 0; tries < TRIES; tries++) { /* a callback waits for nobody */
        uint64_t key;
        bool mine;
        size_t way = choose(s, set, tag, hour, &key, &mine);

        if (!mine) {
            uint64_t fresh = tag << GENERATION_BITS | ((key + 1) & GENERATION_MASK);

            if (!atomic_compare_exchange_strong_explicit(
                    &s->key[set][way], &key, fresh, memory_order_acq_rel, memory_order_relaxed))
                continue;
            key = fresh;
        }
        if (atomic_load_explicit(&s->place[set][way].named, memory_order_acquire) != key)
            store_name(&s->place[set][way], key, sender);
        if (count(s, set, way, key, hour, recipients))
            return;
    }
}

/* Copies the name of the place's sender, "(unknown)" while it is being written. */
static void name_of(const struct mltsenders_place *place, uint64_t secret, uint64_t key,
                    char out[SENDERNAME_SIZE]) {
    load_name(place, out);
    if (tag_of(hash_of(secret, out)) != key >> GENERATION_BITS)
        text_copy(out, SENDERNAME_SIZE, "(unknown)");
}

void mltsenders_read(const struct mltsenders *s, uint64_t secret, uint64_t near_at, int64_t now_ms,
                     struct mltsenders_look *out) {
    uint64_t hour = now_ms > 0 ? (uint64_t)now_ms / HOUR_MS : 0;

    *out = (struct mltsenders_look){.sender = ""};
    for (size_t i = 0; i < MLTSENDERS_SETS * MLTSENDERS_WAYS; i++) {
        size_t set = i / MLTSENDERS_WAYS;
        size_t way = i % MLTSENDERS_WAYS;
        uint64_t key = atomic_load_explicit(&s->key[set][way], memory_order_acquire);
        uint64_t sum;

        if (key == 0)
            continue;
        sum = sum_of(&s->place[set][way], key, hour);
        out->all += sum;
        out->near += near_at > 0 && sum >= near_at;
        if (sum > out->recipients) {
            out->recipients = sum;
            name_of(&s->place[set][way], secret, key, out->sender);
        }
    }
}

void mltsenders_adopt(struct mltsenders *s, uint64_t secret) {
    for (size_t i = 0; i < MLTSENDERS_SETS * MLTSENDERS_WAYS; i++) {
        struct mltsenders_place *place = &s->place[i / MLTSENDERS_WAYS][i % MLTSENDERS_WAYS];
        uint64_t key = atomic_load(&s->key[i / MLTSENDERS_WAYS][i % MLTSENDERS_WAYS]);
        char name[SENDERNAME_SIZE];

        load_name(place, name);
        if (tag_of(hash_of(secret, name)) != key >> GENERATION_BITS)
            atomic_store(&place->named, 0);
    }
}
