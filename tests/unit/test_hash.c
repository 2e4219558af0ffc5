#include <criterion/criterion.h>
#include <string.h>

#include "hash.h"

/* The reference vectors of SipHash-2-4-128; the last by `openssl mac ... SIPHASH`. */
Test(hash, reference_vectors) {
    static const struct {
        const char *in;
        size_t n;
        unsigned char want[16];
    } rows[] = {
        {"",
         0,
         {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
          0x93}},
        {"\x00",
         1,
         {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
          0x45}},
        {"\x00\x01",
         2,
         {0x81, 0x77, 0x22, 0x8d, 0xa4, 0xa4, 0x5d, 0xc7, 0xfc, 0xa3, 0x8b, 0xde, 0xf6, 0x0a, 0xff,
          0xe4}},
        {"relaywatch counts once",
         22,
         {0x0a, 0xd5, 0xc9, 0xc4, 0xb3, 0x1b, 0xd1, 0x5d, 0x69, 0x8e, 0x6d, 0x56, 0x9d, 0xe7, 0xe5,
          0x04}},
    };
    const struct hash_key key = {{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hash128 got = hash_bytes(&key, rows[i].in, rows[i].n);

        for (int b = 0; b < 16; b++)
            cr_expect_eq((unsigned char)(got.h[b / 8] >> (8 * (b % 8))), rows[i].want[b],
                         "row %zu byte %d", i, b);
    }
}

Test(hash, another_key_another_hash) {
    const struct hash_key a = {{1, 2}};
    const struct hash_key b = {{1, 3}};

    cr_expect_neq(hash_bytes(&a, "x", 1).h[0], hash_bytes(&b, "x", 1).h[0]);
}

/* SipHash-1-3 with 64 bits as CPython's hash() of bytes has it, where PYTHONHASHSEED=1 makes this
 * key. */
Test(hash, quick) {
    static const struct {
        const char *in;
        uint64_t want;
    } rows[] = {
        {"A", 0x29c84be8a97f7743u},
        {"12345678", 0x06f07c60efe2bad9u},
        {"4FC8ZLNWD1", 0x9ac9a7b017f02048u},
        {"relaywatch counts once", 0xd46277e238d0899bu},
    };
    const struct hash_key key = {{0xaed66ce184be2329u, 0xebe9bbf1f1499052u}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(hash_quick(&key, rows[i].in, strlen(rows[i].in)), rows[i].want, "%s",
                     rows[i].in);
}
