/* canary.c: the line that comes before, after or never; and lines of others. */
#include "canary.h"

#include <criterion/criterion.h>
#include <string.h>

#include "logline.h"
#include "text.h"

static void read_line(struct canary *c, const char *message) {
    static struct mailev ev;
    struct logline_clock clock;
    char line[256];

    memset(&clock, 0, sizeof clock);
    text_format(line, sizeof line, "Nov 28 10:00:00 mx postfix/postlog[7]: %s", message);
    logline_parse(span_of(line), &clock, &ev);
    canary_note(c, &ev);
}

static void asked(struct canary *c, const char *number) {
    struct keeper_reply reply = {.outcome = KEEPER_DONE};

    text_copy(reply.canary, sizeof reply.canary, number);
    canary_on_reply(c, &reply);
}

Test(canary, before_and_after_the_answer) {
    struct canary c = {.due_mono_ms = 0};

    asked(&c, "00000000000000aa");
    cr_expect_not(canary_is_proved(&c));
    read_line(&c, "relaywatch canary 00000000000000aa");
    cr_expect(canary_is_proved(&c));
    cr_expect_not(canary_is_proved(&c), "once for each");
    read_line(&c, "relaywatch canary 00000000000000bb");
    cr_expect_not(canary_is_proved(&c));
    asked(&c, "00000000000000bb");
    cr_expect(canary_is_proved(&c));
}

Test(canary, lines_of_others) {
    static const char *const rows[] = {"relaywatch canary 00000000000000ab",
                                       "relaywatch canary 00000000000000aa0",
                                       "relaywatch canary ",
                                       "warning: relaywatch canary 00000000000000aa",
                                       "4XkqSz1Wxyz: relaywatch canary 00000000000000a",
                                       "statistics: x"};
    struct canary c = {.due_mono_ms = 0};

    asked(&c, "00000000000000aa");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        read_line(&c, rows[i]);
        cr_expect_not(canary_is_proved(&c), "%s", rows[i]);
    }
    canary_on_reply(&c, NULL);
    canary_on_reply(&c, &(struct keeper_reply){.outcome = KEEPER_FAILED, .detail = "no"});
    read_line(&c, "relaywatch canary 00000000000000aa");
    cr_expect(canary_is_proved(&c), "the one before is still good");
}

Test(canary, is_due_each_30_s) {
    struct canary c = {.due_mono_ms = 0};

    cr_expect(canary_is_due(&c, 1000));
    cr_expect_not(canary_is_due(&c, 30999));
    cr_expect(canary_is_due(&c, 31000));
}
