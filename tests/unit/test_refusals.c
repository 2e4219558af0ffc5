/* refusals.c: one message is one refusal, however often; who left the queue waits no more. */
#include "refusals.h"

#include <criterion/criterion.h>

Test(refusals, one_message_is_one) {
    struct refusals r = {0};

    cr_expect_not(refusals_wait(&r));
    for (int i = 0; i < 10; i++)
        refusals_note(&r, SPAN("4D7BD1781307"));
    cr_expect_eq(r.messages, 1u);
    refusals_note(&r, SPAN("4D7BD1781308"));
    cr_expect_eq(r.messages, 2u);
    cr_expect(refusals_has(&r, SPAN("4D7BD1781307")));
    refusals_remove(&r, SPAN("4D7BD1781307"));
    cr_expect_not(refusals_has(&r, SPAN("4D7BD1781307")));
    cr_expect_not(refusals_has(&r, (struct span){0}));
    refusals_remove(&r, SPAN("AAAAAAAAAAAA"));
    cr_expect(refusals_wait(&r), "one is left");
    refusals_remove(&r, SPAN("4D7BD1781308"));
    cr_expect_not(refusals_wait(&r));
    cr_expect_eq(r.messages, 2u, "how many there were stays");
}

/* More than are known: the last ones are. */
Test(refusals, the_last_few_are_known) {
    struct refusals r = {0};
    char id[16];

    for (int i = 0; i < 100; i++) {
        text_format(id, sizeof id, "%08X", (unsigned)i);
        refusals_note(&r, span_of(id));
    }
    cr_expect_eq(r.messages, 100u);
    for (int i = 0; i < 100 - REFUSALS_IDS; i++) {
        text_format(id, sizeof id, "%08X", (unsigned)i);
        refusals_remove(&r, span_of(id));
    }
    cr_expect(refusals_wait(&r));
    for (int i = 100 - REFUSALS_IDS; i < 100; i++) {
        text_format(id, sizeof id, "%08X", (unsigned)i);
        refusals_remove(&r, span_of(id));
    }
    cr_expect_not(refusals_wait(&r));
}

/* Without a queue id nobody knows whether it was the same. */
Test(refusals, without_an_id) {
    struct refusals r = {0};

    refusals_note(&r, (struct span){0});
    refusals_note(&r, (struct span){0});
    cr_expect_eq(r.messages, 2u);
}
