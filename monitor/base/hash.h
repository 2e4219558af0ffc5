/* SipHash-2-4 with 128-bit result (Aumasson and Bernstein, https://131002.net/siphash/): keyed, so
 * that who writes the log cannot choose text that collides. Pure. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t k[2];
};

struct hash128 {
    uint64_t h[2];
};

struct hash128 hash_bytes(const struct hash_key *key, const void *data, size_t size);

/* SipHash-1-3 with 64-bit result: the same for tables in memory, in less than half the time. */
uint64_t hash_quick(const struct hash_key *key, const void *data, size_t size);

#endif
