/* mailcanary.h: a message is followed from its number to `status=sent`; words of strangers prove
 * nothing; what waits is bounded. */
#include <criterion/criterion.h>
#include <string.h>

#include "logline.h"
#include "mailcanary.h"

#define T0 INT64_C(1800000000000)
#define MINUTE INT64_C(60000)
#define TOKEN "0123456789abcdef"

static struct mailcanary c;

static bool read_line(const char *message, int64_t now_ms) {
    static struct mailev ev;
    struct logline_clock clock;
    char line[600];

    memset(&clock, 0, sizeof clock);
    text_format(line, sizeof line, "Nov 28 10:00:00 mx postfix/%s", message);
    logline_parse(span_of(line), &clock, &ev);
    return mailcanary_note(&c, &ev, now_ms);
}

#define ACCEPTED(id, token) "cleanup[7]: " id ": message-id=<relaywatch-canary." token "@relay1>"
#define DELIVERY(daemon, id, status)                                                               \
    daemon "[7]: " id ": to=<c@example.com>, relay=h[192.0.2.1]:587, delay=1.5, "                  \
           "delays=0/0/1/0.5, dsn=2.0.0, status=" status

Test(mailcanary, is_followed_to_its_end) {
    mailcanary_begin(&c, TOKEN, T0);
    cr_expect_eq(c.unproved_ms, T0);
    cr_expect(read_line(ACCEPTED("4AAAAAAAAAAA", TOKEN), T0));
    cr_expect_not(read_line(DELIVERY("smtp", "4BBBBBBBBBBB", "sent (250 ok)"), T0), "another's");
    cr_expect(read_line(DELIVERY("smtp", "4AAAAAAAAAAA", "deferred (host h said: 451 later)"), T0));
    cr_expect_str_eq(c.trouble, "host h said: 451 later");
    cr_expect_eq(c.unproved_ms, T0);
    cr_expect(read_line(DELIVERY("smtp", "4AAAAAAAAAAA", "sent (250 ok)"), T0 + MINUTE));
    cr_expect_eq(c.unproved_ms, 0);
    cr_expect_eq(c.delivered_ms, T0 + MINUTE);
    cr_expect_eq(c.delay_ms, 1500);
    cr_expect_str_eq(c.trouble, "");
    cr_expect_not(read_line("qmgr[7]: 4AAAAAAAAAAA: removed", T0 + MINUTE), "it is over");
}

Test(mailcanary, what_proves_nothing) {
    static const char *const rows[] = {
        ACCEPTED("4AAAAAAAAAAA", "0123456789abcdee"),
        ACCEPTED("4AAAAAAAAAAA", "0123456789abcde"),
        "cleanup[7]: 4AAAAAAAAAAA: message-id=<relaywatch-canary." TOKEN ">",
        "cleanup[7]: 4AAAAAAAAAAA: message-id=<relaywatch-canary.>",
        "cleanup[7]: 4AAAAAAAAAAA: message-id=<x.relaywatch-canary." TOKEN "@relay1>",
        DELIVERY("smtp", "4AAAAAAAAAAA", "sent (250 ok)"),
    };

    mailcanary_begin(&c, TOKEN, T0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(read_line(rows[i], T0), "row %zu", i);
    cr_expect_eq(c.unproved_ms, T0);
    cr_expect_eq(c.delivered_ms, 0);
}

Test(mailcanary, a_local_delivery_says_nothing_of_the_smarthost) {
    mailcanary_begin(&c, TOKEN, T0);
    read_line(ACCEPTED("4AAAAAAAAAAA", TOKEN), T0);
    cr_expect(read_line(DELIVERY("local", "4AAAAAAAAAAA", "sent (delivered to mailbox)"), T0));
    cr_expect_eq(c.unproved_ms, T0);
    cr_expect_not_null(strstr(c.trouble, "on this host (by local)"), "%s", c.trouble);
}

/* The first id's delivery is into the filter. */
Test(mailcanary, a_filter_hands_it_in_again) {
    mailcanary_begin(&c, TOKEN, T0);
    read_line(ACCEPTED("4AAAAAAAAAAA", TOKEN), T0);
    read_line(ACCEPTED("4BBBBBBBBBBB", TOKEN), T0);
    cr_expect_not(read_line(DELIVERY("smtp", "4AAAAAAAAAAA", "sent (250 ok)"), T0));
    cr_expect_eq(c.delivered_ms, 0);
    read_line(DELIVERY("smtp", "4BBBBBBBBBBB", "sent (250 ok)"), T0);
    cr_expect_eq(c.delivered_ms, T0);
}

Test(mailcanary, returned_and_refused) {
    mailcanary_begin(&c, TOKEN, T0);
    mailcanary_refused(&c, TOKEN, "connect to 127.0.0.1:25: Connection refused\033");
    cr_expect_str_eq(c.trouble, "connect to 127.0.0.1:25: Connection refused?");
    cr_expect_eq(c.unproved_ms, T0);
    mailcanary_begin(&c, TOKEN, T0 + MINUTE);
    cr_expect_eq(c.unproved_ms, T0, "since the first");
    read_line(ACCEPTED("4AAAAAAAAAAA", TOKEN), T0 + MINUTE);
    read_line(DELIVERY("smtp", "4AAAAAAAAAAA", "bounced (host h said: 550 no)"), T0 + MINUTE);
    cr_expect_str_eq(c.trouble, "host h said: 550 no");
    cr_expect_str_eq(c.letter[0].token, "");
}

static void begin_number(unsigned i, int64_t now_ms) {
    char token[MAILCANARY_TOKEN];

    text_format(token, sizeof token, "%016x", i);
    mailcanary_begin(&c, token, now_ms);
}

Test(mailcanary, a_later_one_proves_for_those_before) {
    begin_number(1, T0);
    begin_number(2, T0 + 5 * MINUTE);
    begin_number(3, T0 + 10 * MINUTE);
    read_line(ACCEPTED("4AAAAAAAAAAA", "0000000000000002"), T0);
    read_line(DELIVERY("smtp", "4AAAAAAAAAAA", "sent (250 ok)"), T0 + 11 * MINUTE);
    cr_expect_eq(c.unproved_ms, T0 + 10 * MINUTE, "the third is under way");
}

Test(mailcanary, what_waits_is_bounded) {
    int begun = 0;

    for (int64_t minute = 0; minute < 24 * 60; minute++) {
        if (mailcanary_is_due(&c, 5 * MINUTE, T0 + minute * MINUTE, minute * MINUTE))
            begin_number((unsigned)++begun, T0 + minute * MINUTE);
    }
    cr_expect_leq(begun, 8 + 24, "%d in a day", begun);
    cr_expect_geq(begun, 8 + 20, "%d in a day", begun);
}

Test(mailcanary, is_due_each_interval) {
    cr_expect(mailcanary_is_due(&c, 1000, T0, 5000));
    cr_expect_not(mailcanary_is_due(&c, 1000, T0, 5999));
    cr_expect(mailcanary_is_due(&c, 1000, T0, 6000));
}

Test(mailcanary, text_of_a_message) {
    char text[2000];

    cr_assert(mailcanary_write(text, sizeof text, TOKEN, "relay1", "c@example.com",
                               "Sat, 28 Nov 2026 10:00:00 +0000"));
    cr_expect_not_null(strstr(text, "\r\nMessage-ID: <relaywatch-canary." TOKEN "@relay1>\r\n"));
    cr_expect_not_null(strstr(text, "\r\nAuto-Submitted: auto-generated\r\n"));
    cr_expect_not(mailcanary_write(text, 100, TOKEN, "relay1", "c@example.com", "x"));
}

Test(mailcanary, the_clock_was_set) {
    begin_number(1, T0);
    c.delivered_ms = T0 - MINUTE;
    mailcanary_shift(&c, -MINUTE);
    cr_expect_eq(c.unproved_ms, T0 - MINUTE);
    cr_expect_eq(c.delivered_ms, T0 - 2 * MINUTE);
    cr_expect_eq(c.letter[0].sent_ms, T0 - MINUTE);
}
