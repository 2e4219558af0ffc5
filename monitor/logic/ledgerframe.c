/* See ledgerframe.h. A frame: number of changes and flags (4), magic (4), step (8), the changes,
 * sum (8). A change: id (8), arrived (4), touched (4), recipients (2), finals (2), flags (2), gone
 * (2).
 */
#include "ledgerframe.h"

#include <assert.h>
#include <string.h>

#include "hash.h"
#include "text.h"

enum { FRAME_HEAD_BYTES = 16, SUM_BYTES = 8, FLAG_MORE = 1 << 30, FLAG_WHOLE = 1 << 29 };

static const char magic[9] = "RWLEDG1\n";
static const char frame_magic[5] = "RWfr";

/* Not secret: the sums are against disks, not against people. */
static struct hash_key sum_key(uint64_t generation) {
    return (struct hash_key){{UINT64_C(0x72656c6179776174), generation}};
}

static void put(unsigned char *p, size_t width, uint64_t value) {
    for (size_t i = 0; i < width; i++)
        p[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *p, size_t width) {
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

void ledgerframe_put_head(const struct ledgerframe_head *head,
                          unsigned char out[LEDGERFRAME_HEAD_BYTES]) {
    struct hash_key key = sum_key(0);

    memcpy(out, magic, 8);
    memset(out + 8, 0, 32);
    memcpy(out + 8, head->lineage, strlen(head->lineage));
    put(out + 40, 8, head->generation);
    put(out + 48, 8, hash_quick(&key, out, 48));
}

int ledgerframe_get_head(const unsigned char *data, size_t size, struct ledgerframe_head *out) {
    struct hash_key key = sum_key(0);

    if (size < LEDGERFRAME_HEAD_BYTES || memcmp(data, magic, 8) != 0 ||
        get(data + 48, 8) != hash_quick(&key, data, 48))
        return -1;
    memcpy(out->lineage, data + 8, 32);
    out->lineage[32] = '\0';
    out->generation = get(data + 40, 8);
    return 0;
}

void ledgerframe_put_change(const struct open_change *change, uint32_t number,
                            unsigned char out[LEDGERFRAME_BYTES]) {
    unsigned char *p = out + FRAME_HEAD_BYTES + (size_t)number * LEDGERFRAME_CHANGE_BYTES;

    assert(number < LEDGERFRAME_CHANGES);
    put(p, 8, change->id);
    put(p + 8, 4, change->arrived_s);
    put(p + 12, 4, change->touched_s);
    put(p + 16, 2, change->recipients);
    put(p + 18, 2, change->finals);
    put(p + 20, 2, change->flags);
    put(p + 22, 2, change->gone);
}

struct open_change ledgerframe_change(const unsigned char *data, uint32_t number) {
    const unsigned char *p = data + FRAME_HEAD_BYTES + (size_t)number * LEDGERFRAME_CHANGE_BYTES;

    return (struct open_change){.id = get(p, 8),
                                .arrived_s = (uint32_t)get(p + 8, 4),
                                .touched_s = (uint32_t)get(p + 12, 4),
                                .recipients = (uint16_t)get(p + 16, 2),
                                .finals = (uint16_t)get(p + 18, 2),
                                .flags = (uint16_t)get(p + 20, 2),
                                .gone = get(p + 22, 2) != 0};
}

static size_t frame_size(uint32_t changes) {
    return FRAME_HEAD_BYTES + (size_t)changes * LEDGERFRAME_CHANGE_BYTES + SUM_BYTES;
}

size_t ledgerframe_seal(const struct ledgerframe *frame, uint64_t generation,
                        unsigned char out[LEDGERFRAME_BYTES]) {
    struct hash_key key = sum_key(generation);
    size_t size = frame_size(frame->changes);

    put(out, 4, frame->changes | (frame->more ? FLAG_MORE : 0u) | (frame->whole ? FLAG_WHOLE : 0u));
    memcpy(out + 4, frame_magic, 4);
    put(out + 8, 8, frame->step);
    put(out + size - SUM_BYTES, 8, hash_quick(&key, out, size - SUM_BYTES));
    return size;
}

size_t ledgerframe_get(const unsigned char *data, size_t size, uint64_t generation,
                       struct ledgerframe *out) {
    struct hash_key key = sum_key(generation);
    uint32_t word;
    size_t need;

    if (size < FRAME_HEAD_BYTES || memcmp(data + 4, frame_magic, 4) != 0)
        return 0;
    word = (uint32_t)get(data, 4);
    out->more = (word & FLAG_MORE) != 0;
    out->whole = (word & FLAG_WHOLE) != 0;
    out->changes = word & ~(uint32_t)(FLAG_MORE | FLAG_WHOLE);
    out->step = get(data + 8, 8);
    if (out->changes > LEDGERFRAME_CHANGES)
        return 0;
    need = frame_size(out->changes);
    if (need > size || get(data + need - SUM_BYTES, 8) != hash_quick(&key, data, need - SUM_BYTES))
        return 0;
    for (uint32_t i = 0; i < out->changes; i++) {
        if (ledgerframe_change(data, i).id == 0)
            return 0;
    }
    return need;
}
