/* Frames of the ledger's file: never out of bounds; what is taken is what ledgerframe_seal writes,
 * byte for byte. The checksum is mended first, so that the changes behind it are reached. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "ledgerframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const unsigned char *data, size_t size) {
    static unsigned char again[LEDGERFRAME_BYTES];
    struct ledgerframe_head head;
    struct ledgerframe frame;
    size_t n = ledgerframe_get(data, size, 5, &frame);

    (void)ledgerframe_get_head(data, size, &head);
    if (n == 0)
        return;
    if (n > size || n > LEDGERFRAME_BYTES)
        abort();
    for (uint32_t i = 0; i < frame.changes; i++) {
        struct open_change change = ledgerframe_change(data, i);

        if (change.id == 0)
            abort();
        ledgerframe_put_change(&change, i, again);
    }
    if (ledgerframe_seal(&frame, 5, again) != n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct hash_key key = {{UINT64_C(0x72656c6179776174), 5}};
    unsigned char *mended = malloc(size + 8);

    if (mended == NULL)
        return 0;
    memcpy(mended, data, size);
    check(mended, size);
    if (size >= 16 && (size - 16) % LEDGERFRAME_CHANGE_BYTES == 0 && size < LEDGERFRAME_BYTES) {
        uint32_t changes = (uint32_t)((size - 16) / LEDGERFRAME_CHANGE_BYTES);
        uint64_t sum;

        mended[0] = (unsigned char)changes;
        mended[1] = (unsigned char)(changes >> 8);
        memcpy(mended + 4, "RWfr", 4);
        sum = hash_quick(&key, mended, size);
        for (int i = 0; i < 8; i++)
            mended[size + (size_t)i] = (unsigned char)(sum >> (8 * i));
        check(mended, size + 8);
    }
    free(mended);
    return 0;
}
