/* The decoder of a slot: never out of bounds; what it accepts is what slot_encode writes, byte for
 * byte. The checksum is mended first, so that the fields behind it are reached. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "slot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const unsigned char *data, size_t size) {
    static unsigned char again[SLOT_BYTES];
    static struct totals t;
    uint64_t generation;

    if (slot_decode(data, size, &t, &generation) == -1)
        return;
    if (t.count > TOTALS_FIELDS || t.texts > TOTALS_TEXTS ||
        memchr(t.position, 0, sizeof t.position) == NULL)
        abort();
    if (memcmp(data, again, slot_encode(&t, generation, again)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct hash_key key = {{0x72656c6179776174, 0x63682d736c6f7431}};
    static unsigned char mended[SLOT_BYTES] = "RWSLOT3\n";
    struct hash128 sum;

    check(data, size);
    if (size > SLOT_BYTES - 32)
        return 0;
    for (size_t i = 0; i < 8; i++)
        mended[8 + i] = (unsigned char)(size >> (8 * i));
    memcpy(mended + 16, data, size);
    sum = hash_bytes(&key, mended, 16 + size);
    for (size_t i = 0; i < 16; i++)
        mended[16 + size + i] = (unsigned char)(sum.h[i / 8] >> (8 * (i % 8)));
    check(mended, sizeof mended);
    return 0;
}
