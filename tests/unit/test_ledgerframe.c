/* ledgerframe.c: what was put comes back, and nothing else is taken for it. */
#include <criterion/criterion.h>
#include <string.h>

#include "ledgerframe.h"

static const char lineage[] = "0123456789abcdef0123456789abcdef";

static size_t make_frame(unsigned char out[LEDGERFRAME_BYTES], uint32_t changes) {
    const struct ledgerframe frame = {.step = 77, .changes = changes, .more = true};

    for (uint32_t i = 0; i < changes; i++)
        ledgerframe_put_change(&(struct open_change){.id = i + 1,
                                                     .arrived_s = 2000000000 + i,
                                                     .touched_s = 4000000000,
                                                     .recipients = 65535,
                                                     .finals = 3,
                                                     .flags = 0x8001,
                                                     .gone = i % 2 == 1},
                               i, out);
    return ledgerframe_seal(&frame, 5, out);
}

Test(ledgerframe, head) {
    struct ledgerframe_head head = {.generation = 9}, back;
    unsigned char out[LEDGERFRAME_HEAD_BYTES];

    strcpy(head.lineage, lineage);
    ledgerframe_put_head(&head, out);
    cr_assert_eq(ledgerframe_get_head(out, sizeof out, &back), 0);
    cr_expect_str_eq(back.lineage, lineage);
    cr_expect_eq(back.generation, 9u);
    cr_expect_eq(ledgerframe_get_head(out, sizeof out - 1, &back), -1);
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] ^= 1;
        cr_expect_eq(ledgerframe_get_head(out, sizeof out, &back), -1, "byte %zu", i);
        out[i] ^= 1;
    }
}

Test(ledgerframe, changes) {
    static unsigned char out[LEDGERFRAME_BYTES];
    static const uint32_t counts[] = {0, 1, 3, LEDGERFRAME_CHANGES};

    for (size_t c = 0; c < 4; c++) {
        size_t size = make_frame(out, counts[c]);
        struct ledgerframe frame;

        cr_expect_leq(size, sizeof out);
        cr_assert_eq(ledgerframe_get(out, size, 5, &frame), size);
        cr_expect(frame.step == 77 && frame.changes == counts[c] && frame.more && !frame.whole);
        for (uint32_t i = 0; i < counts[c]; i++) {
            struct open_change change = ledgerframe_change(out, i);

            cr_assert(change.id == i + 1 && change.arrived_s == 2000000000 + i &&
                      change.touched_s == 4000000000 && change.recipients == 65535 &&
                      change.finals == 3 && change.flags == 0x8001 && change.gone == (i % 2 == 1));
        }
    }
}

Test(ledgerframe, what_is_not_right_is_refused) {
    static unsigned char out[LEDGERFRAME_BYTES];
    size_t size = make_frame(out, 3);
    struct ledgerframe frame;

    cr_expect_eq(ledgerframe_get(out, size, 6, &frame), 0u, "of another generation");
    cr_expect_eq(ledgerframe_get(out, 0, 5, &frame), 0u);
    for (size_t n = 0; n < size; n++)
        cr_expect_eq(ledgerframe_get(out, n, 5, &frame), 0u, "cut at %zu", n);
    for (size_t i = 0; i < size; i++) {
        out[i] ^= 0x40;
        cr_expect_eq(ledgerframe_get(out, size, 5, &frame), 0u, "byte %zu", i);
        out[i] ^= 0x40;
    }
    ledgerframe_put_change(&(struct open_change){.id = 0}, 0, out);
    size = ledgerframe_seal(&(struct ledgerframe){.changes = 1}, 5, out);
    cr_expect_eq(ledgerframe_get(out, size, 5, &frame), 0u, "an entry without an id");
}
