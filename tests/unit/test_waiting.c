#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "waiting.h"

static struct waiting w;
static struct diagnoser *diagnoser;

static void begin(void) {
    diagnoser = diagnoser_new();
    waiting_init(&w, diagnoser);
}

static void end(void) {
    diagnoser_free(&diagnoser);
}

TestSuite(waiting, .init = begin, .fini = end);

static const char refused[] = "connect to 127.0.0.1[127.0.0.1]:25: Connection refused";
static const char login[] = "SASL authentication failed; server smtp-relay.gmail.com[142.250.1.28] "
                            "said: 535-5.7.8 Username and Password not accepted.";

static void message(const char *queue, const char *id, int64_t arrived_s) {
    const struct waiting_message m = {.id = span_of(id),
                                      .queue = span_of(queue),
                                      .sender = SPAN("a@x.example"),
                                      .arrived_s = arrived_s,
                                      .size = 100};

    waiting_begin(&w, &m);
}

static void to(const char *reason) {
    waiting_recipient(&w, SPAN("b@y.example"), span_of(reason));
}

Test(waiting, messages_are_grouped_by_the_diagnosis_of_their_reasons) {
    for (int i = 0; i < 3; i++) {
        message("deferred", "AAAAA", 1000 + i);
        to(login);
        waiting_end(&w);
    }
    message("deferred", "BBBBB", 900);
    to(refused);
    to(refused);
    to(login);
    waiting_end(&w);
    message("active", "CCCCC", 2000);
    to("");
    waiting_end(&w);
    waiting_sort(&w);
    cr_expect_eq(w.messages, 5);
    cr_expect_eq(w.recipients, 7);
    cr_expect_eq(w.bytes, 500);
    cr_expect_eq(w.deferred, 4);
    cr_expect_eq(w.active, 1);
    cr_expect_eq(w.oldest_s, 900);
    cr_assert_eq(w.group_count, 3);
    cr_expect_eq(w.group[0].diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_eq(w.group[0].messages, 4);
    cr_expect_eq(w.group[0].recipients, 4);
    cr_expect_eq(w.group[0].oldest_s, 900);
    cr_expect_eq(w.group[1].kind, WAITING_DIAGNOSED);
    cr_expect_eq(w.group[1].messages, 1, "two recipients of one message are one message");
    cr_expect_eq(w.group[1].recipients, 2);
    cr_expect_eq(w.group[2].kind, WAITING_NEW);
    cr_expect_eq(w.group[2].messages, 1);
}

Test(waiting, what_is_on_hold_is_one_group_whatever_its_reason) {
    message("hold", "AAAAA", 10);
    to(login);
    waiting_end(&w);
    message("hold", "BBBBB", 20);
    to("");
    waiting_end(&w);
    cr_assert_eq(w.group_count, 1);
    cr_expect_eq(w.group[0].kind, WAITING_HELD);
    cr_expect_eq(w.group[0].messages, 2);
    cr_expect_eq(w.hold, 2);
    cr_expect_eq(w.oldest_s, 0, "mail on hold is old by somebody's wish");
    cr_expect_str_eq(w.oldest[0].id, "AAAAA");
}

Test(waiting, a_recipient_that_was_not_tried_makes_no_group_of_its_own) {
    message("active", "AAAAA", 10);
    to("");
    to(login);
    to("");
    waiting_end(&w);
    cr_assert_eq(w.group_count, 1);
    cr_expect_eq(w.group[0].kind, WAITING_DIAGNOSED);
    cr_expect_eq(w.group[0].recipients, 1);
    message("incoming", "BBBBB", 10);
    waiting_end(&w);
    cr_assert_eq(w.group_count, 2);
    cr_expect_eq(w.group[1].kind, WAITING_NEW);
    cr_expect_eq(w.recipients, 3);
}

Test(waiting, reasons_that_are_not_known_are_told_apart_by_their_words) {
    static const char *const reasons[] = {
        "host mx1.y.example[10.0.0.1] said: 450 4.9.9 the moon is full (in reply to RCPT TO)",
        "host mx2.y.example[10.0.0.2]:25 said: 450 4.9.9 the moon is full (in reply to RCPT TO)",
        "host mx1.y.example[10.0.0.1] said: 450 4.9.9 the sun is down (in reply to RCPT TO)"};

    for (size_t i = 0; i < 3; i++) {
        message("deferred", "AAAAA", 1000);
        to(reasons[i]);
        waiting_end(&w);
    }
    waiting_sort(&w);
    cr_assert_eq(w.group_count, 2);
    cr_expect_eq(w.group[0].kind, WAITING_OTHER);
    cr_expect_eq(w.group[0].messages, 2);
    cr_expect_str_eq(w.group[0].text, reasons[0]);
    cr_expect_eq(w.group[1].messages, 1);
}

Test(waiting, a_stranger_cannot_make_groups_without_end) {
    for (int i = 0; i < 200; i++) {
        char reason[40];

        snprintf(reason, sizeof reason, "odd %c%c", 'a' + i / 20, 'a' + i % 20);
        message("deferred", "AAAAA", 1000);
        to(reason);
        waiting_end(&w);
    }
    waiting_sort(&w);
    cr_assert_eq(w.group_count, WAITING_OTHERS + 1);
    cr_expect_eq(w.group[0].kind, WAITING_VARIOUS);
    cr_expect_eq(w.group[0].messages, 200 - WAITING_OTHERS);
}

Test(waiting, the_oldest_are_kept_in_their_order) {
    for (int i = 0; i < 1000; i++) {
        char id[16];

        snprintf(id, sizeof id, "ID%04d", i * 7 % 1000);
        message("deferred", id, 5000 + i * 7 % 1000);
        to(refused);
        waiting_end(&w);
    }
    cr_assert_eq(w.oldest_count, WAITING_OLDEST);
    for (int i = 0; i < WAITING_OLDEST; i++)
        cr_expect_eq(w.oldest[i].arrived_s, 5000 + i);
    cr_expect_str_eq(w.oldest[3].id, "ID0003");
    cr_expect_str_eq(w.oldest[3].recipient, "b@y.example");
    cr_expect_str_eq(w.oldest[3].reason, refused);
}

Test(waiting, text_of_strangers_is_made_printable) {
    const struct waiting_message m = {
        .id = SPAN("AAAAA"), .queue = SPAN("deferred"), .sender = SPAN("\033]0;x\a@y")};

    waiting_begin(&w, &m);
    waiting_recipient(&w, SPAN("\033[2Jb@y"), SPAN("odd \033[31mthing\n"));
    waiting_end(&w);
    cr_expect_str_eq(w.oldest[0].sender, "?]0;x?@y");
    cr_expect_str_eq(w.oldest[0].recipient, "?[2Jb@y");
    cr_expect_str_eq(w.group[0].text, "odd ?[31mthing?");
}
