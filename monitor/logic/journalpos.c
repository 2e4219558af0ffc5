/* See journalpos.h. */
#include "journalpos.h"

#include <inttypes.h>
#include <string.h>

enum { HASH_DIGITS = 12 };

static const uint64_t hash_mask = (UINT64_C(1) << (4 * HASH_DIGITS)) - 1;

bool journalpos_knows(const struct journalpos *position, uint64_t hash) {
    hash &= hash_mask;
    for (uint32_t i = 0; i < position->count; i++) {
        if (position->hash[i] == hash)
            return true;
    }
    return false;
}

void journalpos_note(struct journalpos *position, uint64_t hash) {
    uint32_t at = position->count;

    if (position->count < JOURNALPOS_RING) {
        position->count++;
    } else {
        at = position->oldest;
        position->oldest = (at + 1) % JOURNALPOS_RING;
    }
    position->hash[at] = hash & hash_mask;
}

static bool is_cursor(struct span s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '@')
            return false;
    }
    return s.n < JOURNALPOS_CURSOR;
}

bool journalpos_set_cursor(struct journalpos *position, const char *cursor, uint64_t realtime_us) {
    if (cursor[0] == '\0' || !is_cursor(span_of(cursor)))
        return false;
    text_copy(position->cursor, sizeof position->cursor, cursor);
    position->realtime_us = realtime_us;
    return true;
}

void journalpos_encode(const struct journalpos *position, char out[JOURNALPOS_TEXT]) {
    size_t n;

    text_format(out, JOURNALPOS_TEXT, "v1;j;%" PRIu64 ";%" PRIu32 ":", position->realtime_us,
                position->count);
    n = strlen(out);
    for (uint32_t i = 0; i < position->count; i++, n += HASH_DIGITS)
        text_format(out + n, JOURNALPOS_TEXT - n, "%012" PRIx64,
                    position->hash[(position->oldest + i) % JOURNALPOS_RING]);
    text_format(out + n, JOURNALPOS_TEXT - n, ";%s", position->cursor);
}

/* ---- reading ---- */

/* Takes the bytes up to `stop` off the front; false if it is not there. */
static bool cut(struct span *rest, char stop, struct span *part_out) {
    const char *end = rest->n > 0 ? memchr(rest->p, stop, rest->n) : NULL;

    if (end == NULL)
        return false;
    *part_out = (struct span){rest->p, (size_t)(end - rest->p)};
    *rest = (struct span){end + 1, rest->n - part_out->n - 1};
    return true;
}

/* A number as printf writes it: no leading zeros. */
static bool take_number(struct span *rest, char stop, uint64_t most, uint64_t *out) {
    struct span part;

    return cut(rest, stop, &part) && (part.n < 2 || part.p[0] != '0') &&
           text_u64(part, 0, most, out);
}

static bool take_hex(struct span digits, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];

        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *out = *out << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return digits.n > 0 && digits.n <= 16;
}

bool journalpos_decode(struct span text, struct journalpos *out) {
    struct journalpos position = {0};
    struct span part;
    uint64_t count;

    if (!cut(&text, ';', &part) || !span_is(part, "v1") || !cut(&text, ';', &part) ||
        !span_is(part, "j") || !take_number(&text, ';', INT64_MAX, &position.realtime_us) ||
        !take_number(&text, ':', JOURNALPOS_RING, &count) || !cut(&text, ';', &part) ||
        part.n != HASH_DIGITS * count || !is_cursor(text))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!take_hex((struct span){part.p + i * HASH_DIGITS, HASH_DIGITS}, &position.hash[i]))
            return false;
    }
    position.count = (uint32_t)count;
    text_copy_span(position.cursor, sizeof position.cursor, text);
    *out = position;
    return true;
}

bool journalpos_sequence(const char *cursor, struct span *id_out, uint64_t *number_out) {
    struct span rest = span_of(cursor), id, number;

    if (!cut(&rest, ';', &id) || !cut(&rest, ';', &number) || !span_starts(id, "s=") ||
        !span_starts(number, "i="))
        return false;
    *id_out = (struct span){id.p + 2, id.n - 2};
    return id_out->n == 32 && take_hex((struct span){number.p + 2, number.n - 2}, number_out);
}
