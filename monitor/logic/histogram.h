/* Logarithmic buckets: each value below 2^exact_bits has one of its own, and each power of two from
 * there on 2^part_bits, so that a bucket's middle is off by a fixed share at most. Pure; inline,
 * since the bits are constants where it is used. */
#ifndef LOGIC_HISTOGRAM_H
#define LOGIC_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* The bucket of `value` (not negative), the last of `count` for what is beyond. */
static inline size_t histogram_bucket(int64_t value, unsigned exact_bits, unsigned part_bits,
                                      size_t count) {
    uint64_t v = (uint64_t)value;
    size_t exact = (size_t)1 << exact_bits;
    unsigned power;
    size_t i;

    if (v < exact)
        return (size_t)v;
    power = 63u - (unsigned)__builtin_clzll(v);
    i = exact + ((size_t)(power - exact_bits) << part_bits) +
        (size_t)(v >> (power - part_bits) & ((1u << part_bits) - 1));
    return i < count ? i : count - 1;
}

/* The middle of bucket i. */
static inline int64_t histogram_middle(size_t i, unsigned exact_bits, unsigned part_bits) {
    size_t exact = (size_t)1 << exact_bits;
    unsigned power;
    int64_t width;

    if (i < exact)
        return (int64_t)i;
    power = (unsigned)((i - exact) >> part_bits) + exact_bits;
    width = INT64_C(1) << (power - part_bits);
    return (INT64_C(1) << power) + width * (int64_t)((i - exact) & ((1u << part_bits) - 1)) +
           width / 2;
}

#endif
