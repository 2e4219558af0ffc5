/* Where the next comma stands: searching and reading numbers in the short pieces of a line, 8 or 16
 * bytes at a time, never beyond the span. Inline; pure. */
#ifndef LOGIC_LOGSCAN_H
#define LOGIC_LOGSCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__ /* each x86-64; others go by words of eight bytes */
#include <emmintrin.h>
#endif

#include "text.h"

/* Eight bytes of text as a number, the first one lowest; and the highest bit of the lowest byte
 * that is `c` (above it there may be more bits, which say nothing). */
static inline uint64_t logscan_word(const char *p) {
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return le64toh(word);
}
static inline uint64_t logscan_match(uint64_t word, char c) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t differ = word ^ ones * (unsigned char)c;

    return (differ - ones) & ~differ & ones << 7;
}

#ifdef __SSE2__
/* A bit for each of the 16 bytes at p that is one of three. */
static inline unsigned logscan_match16(const char *p, char a, char b, char c) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i match = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8(a)),
                                 _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8(b)),
                                              _mm_cmpeq_epi8(block, _mm_set1_epi8(c))));

    return (unsigned)_mm_movemask_epi8(match);
}

/* A bit for each of the 16 bytes at p that is in the range. */
static inline unsigned logscan_range16(const char *p, char first, char last) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i above = _mm_sub_epi8(block, _mm_set1_epi8(first));
    __m128i most = _mm_set1_epi8((char)(last - first));

    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(above, most), above));
}
#endif

/* Where the first of three bytes stands in `s`; s.n if none does. For the short ways inside a line,
 * which end before a call of memchr() has begun. The last block may overlap the one before it. */
static inline size_t logscan_find3(struct span s, char a, char b, char c) {
    size_t i = 0;

#ifdef __SSE2__
    for (; s.n >= 16 && i < s.n; i += 16) {
        size_t at = i + 16 <= s.n ? i : s.n - 16;
        unsigned found = logscan_match16(s.p + at, a, b, c);

        if (found != 0)
            return at + (size_t)__builtin_ctz(found);
    }
#endif
    for (; s.n >= 8 && i < s.n; i += 8) {
        size_t at = i + 8 <= s.n ? i : s.n - 8;
        uint64_t word = logscan_word(s.p + at);
        uint64_t found = logscan_match(word, a) | logscan_match(word, b) | logscan_match(word, c);

        if (found != 0)
            return at + (size_t)__builtin_ctzll(found) / 8;
    }
    while (i < s.n && s.p[i] != a && s.p[i] != b && s.p[i] != c)
        i++;
    return i < s.n ? i : s.n;
}
static inline size_t logscan_find2(struct span s, char a, char b) {
    return logscan_find3(s, a, b, b);
}
static inline size_t logscan_find(struct span s, char c) {
    return logscan_find3(s, c, c, c);
}

/* The first n bytes of the word as decimal digits; 1 <= n <= 8. False if one of them is none. After
 * D. Lemire, "Quickly parsing eight digits" (2018): pairs, then fours, then all of them. */
static inline bool logscan_digits(uint64_t word, size_t n, uint64_t *out) {
    const uint64_t zeros = 0x3030303030303030u, high = 0xf0f0f0f0f0f0f0f0u;
    const uint64_t pair = 0x000000ff000000ffu;

    word = word << (64 - 8 * n) | zeros >> (8 * n - 8) >> 8;
    if ((word & high) != zeros || ((word + 0x0606060606060606u) & high) != zeros)
        return false;
    word -= zeros;
    word = word * 10 + (word >> 8);
    *out = ((word & pair) * (100 + (1000000ull << 32)) +
            (word >> 16 & pair) * (1 + (10000ull << 32))) >>
           32;
    return true;
}

#endif
