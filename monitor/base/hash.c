/* See hash.h. */
#include "hash.h"

#include <endian.h>
#include <string.h>

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t rotl(uint64_t x, int bits) {
    return (x << bits) | (x >> (64 - bits));
}

static void sip_rounds(struct sip *s, int rounds) {
    for (int i = 0; i < rounds; i++) {
        s->a += s->b;
        s->c += s->d;
        s->b = rotl(s->b, 13) ^ s->a;
        s->d = rotl(s->d, 16) ^ s->c;
        s->a = rotl(s->a, 32);
        s->c += s->b;
        s->a += s->d;
        s->b = rotl(s->b, 17) ^ s->c;
        s->d = rotl(s->d, 21) ^ s->a;
        s->c = rotl(s->c, 32);
    }
}

static uint64_t load_word(const unsigned char *p) {
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

static uint64_t load_le(const unsigned char *p, size_t n) {
    uint64_t value = 0;

    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

struct hash128 hash_bytes(const struct hash_key *key, const void *data, size_t size) {
    const unsigned char *p = data;
    struct sip s = {key->k[0] ^ 0x736f6d6570736575u, key->k[1] ^ 0x646f72616e646f6du ^ 0xee,
                    key->k[0] ^ 0x6c7967656e657261u, key->k[1] ^ 0x7465646279746573u};
    struct hash128 result;
    size_t left = size;
    uint64_t word;

    for (; left >= 8; left -= 8, p += 8) {
        word = load_word(p);
        s.d ^= word;
        sip_rounds(&s, 2);
        s.a ^= word;
    }
    word = (uint64_t)size << 56 | load_le(p, left);
    s.d ^= word;
    sip_rounds(&s, 2);
    s.a ^= word;

    s.c ^= 0xee;
    sip_rounds(&s, 4);
    result.h[0] = s.a ^ s.b ^ s.c ^ s.d;
    s.b ^= 0xdd;
    sip_rounds(&s, 4);
    result.h[1] = s.a ^ s.b ^ s.c ^ s.d;
    return result;
}

uint64_t hash_quick(const struct hash_key *key, const void *data, size_t size) {
    const unsigned char *p = data;
    struct sip s = {key->k[0] ^ 0x736f6d6570736575u, key->k[1] ^ 0x646f72616e646f6du,
                    key->k[0] ^ 0x6c7967656e657261u, key->k[1] ^ 0x7465646279746573u};
    size_t left = size;
    uint64_t word;

    for (; left >= 8; left -= 8, p += 8) {
        word = load_word(p);
        s.d ^= word;
        sip_rounds(&s, 1);
        s.a ^= word;
    }
    word = (uint64_t)size << 56 | load_le(p, left);
    s.d ^= word;
    sip_rounds(&s, 1);
    s.a ^= word;
    s.c ^= 0xff;
    sip_rounds(&s, 3);
    return s.a ^ s.b ^ s.c ^ s.d;
}
