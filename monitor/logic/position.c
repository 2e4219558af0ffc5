/* See position.h. The table of place_decide:
 *
 *   prefix        size     tail      verdict
 *   same          >=       same      resume
 *   same          <        -         shorter
 *   same          >=       differs   NUL before the offset: nul, else rewritten
 *   differs       >=       -         NUL before the offset and the same inode and birth: nul, else
 * other differs       <        -         other unknown (too few bytes are left to tell)  other
 *
 * The inode alone proves nothing: ext4 gives the inode of a deleted log to the next one at once. */
#include "position.h"

#include <inttypes.h>
#include <string.h>

static const size_t head_sizes[POSITION_HEADS] = {256, 1024};

static size_t at_most(uint64_t n, size_t most) {
    return n < most ? (size_t)n : most;
}

bool position_encode(const struct position *position, char *out, size_t size) {
    const struct place *at = &position->at;
    char old[96] = "";

    if (position->has_old)
        text_format(old, sizeof old, ";old:%" PRIu64 ":%" PRIu64 ":%016" PRIx64 "%016" PRIx64,
                    position->old_offset, position->old_ino, position->old_mark.h[0],
                    position->old_mark.h[1]);
    return text_format(out, size,
                       "v1;f;%" PRIu32 ";%" PRIu64 ";%" PRIu64 ":%" PRIu64 ";%" PRId64
                       ";%zu:%016" PRIx64 "%016" PRIx64 ";%zu:%016" PRIx64 "%016" PRIx64 ";%" PRId64
                       ";head:%016" PRIx64 ":%016" PRIx64 "%s",
                       position->gen, at->offset, at->dev, at->ino, at->btime_ns,
                       at_most(at->offset, POSITION_PREFIX), at->prefix.h[0], at->prefix.h[1],
                       at_most(at->offset, POSITION_TAIL), at->tail.h[0], at->tail.h[1],
                       position->last_s, at->head[0], at->head[1], old);
}

/* Takes the bytes up to `stop` (or all) off the front. */
static struct span cut(struct span *rest, char stop) {
    const char *end = rest->n > 0 ? memchr(rest->p, stop, rest->n) : NULL;
    struct span part = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
    size_t taken = part.n + (end != NULL ? 1 : 0);

    *rest = (struct span){rest->n > 0 ? rest->p + taken : rest->p, rest->n - taken};
    return part;
}

/* A number as printf writes it: no leading zeros, so that decoding and encoding give the same text.
 */
static bool take_number(struct span *rest, char stop, uint64_t most, uint64_t *out) {
    struct span part = cut(rest, stop);

    return (part.n < 2 || part.p[0] != '0') && text_u64(part, 0, most, out);
}

static bool take_hex(struct span *digits, uint64_t *out) {
    uint64_t value = 0;

    if (digits->n < 16)
        return false;
    for (size_t i = 0; i < 16; i++) {
        char c = digits->p[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *digits = (struct span){digits->p + 16, digits->n - 16};
    *out = value;
    return true;
}

static bool take_hash(struct span *rest, char stop, struct hash128 *out) {
    struct span digits = cut(rest, stop);

    return take_hex(&digits, &out->h[0]) && take_hex(&digits, &out->h[1]) && digits.n == 0;
}

static bool take_sized_hash(struct span *rest, size_t want, struct hash128 *out) {
    uint64_t length;

    return take_number(rest, ':', POSITION_PREFIX, &length) && length == want &&
           take_hash(rest, ';', out);
}

static bool take_old(struct span rest, struct position *out) {
    if (!span_is(cut(&rest, ':'), "old"))
        return false;
    out->has_old = true;
    return take_number(&rest, ':', INT64_MAX, &out->old_offset) &&
           take_number(&rest, ':', UINT64_MAX, &out->old_ino) &&
           take_hash(&rest, ';', &out->old_mark) && rest.n == 0;
}

static bool take_all(struct span rest, struct position *out) {
    struct place *at = &out->at;
    uint64_t gen;
    uint64_t btime;
    struct span heads;

    if (!span_is(cut(&rest, ';'), "v1") || !span_is(cut(&rest, ';'), "f") ||
        !take_number(&rest, ';', UINT32_MAX, &gen) ||
        !take_number(&rest, ';', INT64_MAX, &at->offset) ||
        !take_number(&rest, ':', UINT64_MAX, &at->dev) ||
        !take_number(&rest, ';', UINT64_MAX, &at->ino) ||
        !take_number(&rest, ';', INT64_MAX, &btime) ||
        !take_sized_hash(&rest, at_most(at->offset, POSITION_PREFIX), &at->prefix) ||
        !take_sized_hash(&rest, at_most(at->offset, POSITION_TAIL), &at->tail))
        return false;
    out->gen = (uint32_t)gen;
    at->btime_ns = (int64_t)btime;
    if (!take_number(&rest, ';', INT64_MAX, &btime))
        return false;
    out->last_s = (int64_t)btime;
    heads = cut(&rest, ';');
    if (!span_is(cut(&heads, ':'), "head") || heads.n != 33 || !take_hex(&heads, &at->head[0]) ||
        cut(&heads, ':').n != 0 || !take_hex(&heads, &at->head[1]))
        return false;
    return rest.n == 0 || take_old(rest, out);
}

bool position_decode(struct span text, struct position *out) {
    struct position position = {0};
    char again[POSITION_TEXT];

    if (text.n == 0 || text.n >= sizeof again || !take_all(text, &position))
        return false;
    /* A stray separator at the end would be lost on the way: only the exact text is a position. */
    if (!position_encode(&position, again, sizeof again) || !span_is(text, again))
        return false;
    *out = position;
    return true;
}

void place_hash(struct place *place, const struct hash_key *key, const void *head,
                const void *tail) {
    place->prefix = hash_bytes(key, head, at_most(place->offset, POSITION_PREFIX));
    place->tail = hash_bytes(key, tail, at_most(place->offset, POSITION_TAIL));
    for (size_t i = 0; i < POSITION_HEADS; i++)
        place->head[i] = hash_bytes(key, head, at_most(place->offset, head_sizes[i])).h[0];
}

void place_begin(struct place *place, const struct hash_key *key, int64_t since_ns) {
    place->offset = 0;
    place_hash(place, key, "", "");
    place->head[0] = since_ns > 0 ? (uint64_t)since_ns : 0;
    place->head[1] = 0;
}

int64_t place_since(const struct place *place) {
    return place->head[0] < INT64_MAX ? (int64_t)place->head[0] : INT64_MAX;
}

struct hash128 position_mark(const struct place *place, const struct hash_key *key) {
    uint64_t all[3] = {place->prefix.h[0], place->prefix.h[1], place->offset};

    return hash_bytes(key, all, sizeof all);
}

static bool same_hash(struct hash128 a, struct hash128 b) {
    return a.h[0] == b.h[0] && a.h[1] == b.h[1];
}

static enum place_match match_if(bool same) {
    return same ? PLACE_SAME : PLACE_DIFFERS;
}

/* By the longest prefix of which the file still has all bytes. */
static enum place_match compare_prefix(const struct place *place, const struct hash_key *key,
                                       struct span head) {
    size_t length = at_most(place->offset, POSITION_PREFIX);

    if (head.n >= length)
        return match_if(same_hash(hash_bytes(key, head.p, length), place->prefix));
    for (size_t i = POSITION_HEADS; i-- > 0;) {
        length = at_most(place->offset, head_sizes[i]);
        if (head.n >= length)
            return match_if(hash_bytes(key, head.p, length).h[0] == place->head[i]);
    }
    return PLACE_UNKNOWN;
}

struct place_facts place_compare(const struct place *place, const struct hash_key *key,
                                 const struct place_file *file) {
    size_t tail_size = at_most(place->offset, POSITION_TAIL);
    bool has_tail = file->tail.n == tail_size && tail_size > 0;

    return (struct place_facts){
        .at_start = place->offset == 0,
        .same_inode =
            file->dev == place->dev && file->ino == place->ino && file->btime_ns == place->btime_ns,
        .shorter = file->size < place->offset,
        .prefix = compare_prefix(place, key, file->head),
        .tail = has_tail
                    ? match_if(same_hash(hash_bytes(key, file->tail.p, tail_size), place->tail))
                    : PLACE_UNKNOWN,
        .nul = has_tail && file->tail.p[tail_size - 1] == '\0',
    };
}

enum place_verdict place_decide(const struct place_facts *facts) {
    if (facts->at_start)
        return PLACE_FRESH;
    if (facts->shorter)
        return facts->prefix == PLACE_SAME ? PLACE_SHORTER : PLACE_OTHER;
    if (facts->prefix == PLACE_SAME && facts->tail != PLACE_DIFFERS)
        return PLACE_RESUME;
    if (facts->nul && (facts->prefix == PLACE_SAME || facts->same_inode))
        return PLACE_NUL;
    return facts->prefix == PLACE_SAME ? PLACE_REWRITTEN : PLACE_OTHER;
}
