/* Thresholds, what ends lower than it begins, and what nobody can tell. */
#include "ruleshost.h"

#include <criterion/criterion.h>

#include "rules_world.h"

static struct world w;
static struct finding f;

static void begin(void) {
    world_begin(&w);
}

static void finish(void) {
    world_end(&w);
}

static enum verdict ask(rule_fn *rule, bool firing) {
    struct look look = {&w.s, &world_limits, w.now_ms, firing, 0};

    memset(&f, 0, sizeof f);
    return rule(&look, &f);
}

Test(ruleshost, a_damaged_message_is_told_while_it_lies_there, .init = begin, .fini = finish) {
    cr_expect_eq(ask(ruleshost_queue_damaged, false), VERDICT_NO);
    w.s.queue_corrupt = 2;
    cr_expect_eq(ask(ruleshost_queue_damaged, false), VERDICT_YES);
    cr_expect_eq(f.diagnosis, DIAGNOSIS_Q05_CORRUPT);
    cr_expect_str_eq(f.summary,
                     "2 damaged messages are in the queue's corrupt folder, not delivered");
    w.s.queue_known = false;
    cr_expect_eq(ask(ruleshost_queue_damaged, true), VERDICT_UNKNOWN);
}

Test(ruleshost, disk_by_thresholds, .init = begin, .fini = finish) {
    static const struct {
        uint64_t mib, inodes;
        bool firing;
        enum verdict want;
        enum severity severity;
        enum diagnosis d;
    } rows[] = {
        {1000, 20000, false, VERDICT_NO, 0, 0},
        {999, 20000, false, VERDICT_YES, SEVERITY_WARNING, DIAGNOSIS_Q01_DISK_LOW_SMTPD},
        {1050, 22000, true, VERDICT_YES, SEVERITY_WARNING, DIAGNOSIS_Q01_DISK_LOW_SMTPD},
        {1100, 22000, true, VERDICT_NO, 0, 0},
        {199, 20000, false, VERDICT_YES, SEVERITY_CRITICAL, DIAGNOSIS_Q01_DISK_LOW_SMTPD},
        {5000, 19999, false, VERDICT_YES, SEVERITY_WARNING, DIAGNOSIS_Q03_INODES},
        {5000, 4999, false, VERDICT_YES, SEVERITY_CRITICAL, DIAGNOSIS_Q03_INODES},
        {5000, UINT64_MAX, false, VERDICT_NO, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.s.disk_free_bytes = rows[i].mib << 20;
        w.s.inodes_free = rows[i].inodes;
        cr_expect_eq(ask(ruleshost_disk_low, rows[i].firing), rows[i].want, "row %zu", i);
        if (rows[i].want != VERDICT_YES)
            continue;
        cr_expect_eq(f.severity, rows[i].severity, "row %zu", i);
        cr_expect_eq(f.diagnosis, rows[i].d, "row %zu", i);
        cr_expect_eq(strncmp(f.impact, "REFUSED: ", 9) == 0, rows[i].mib == 199, "row %zu", i);
    }
    w.s.disk_known = false;
    cr_expect_eq(ask(ruleshost_disk_low, false), VERDICT_UNKNOWN);
}

Test(ruleshost, clock, .init = begin, .fini = finish) {
    cr_expect_eq(ask(ruleshost_clock_wrong, false), VERDICT_NO);
    w.s.clock_jumped_ms = -29 * 1000;
    cr_expect_eq(ask(ruleshost_clock_wrong, false), VERDICT_NO);
    w.s.clock_jumped_ms = -3600 * 1000;
    cr_expect_eq(ask(ruleshost_clock_wrong, false), VERDICT_YES);
    cr_expect_eq(f.wait_ms, 0);
    cr_expect_str_eq(f.summary, "This host's clock jumped back by 60 min");
    w.s.clock_jumped_ms = 0;
    w.s.log_ahead_ms = 20 * 1000;
    cr_expect_eq(ask(ruleshost_clock_wrong, false), VERDICT_NO);
    cr_expect_eq(ask(ruleshost_clock_wrong, true), VERDICT_YES, "ends below the half");
    w.s.log_ahead_ms = -90 * 1000;
    cr_expect_eq(ask(ruleshost_clock_wrong, false), VERDICT_YES);
    cr_expect_gt(f.wait_ms, 60 * 1000, "one late line is nothing");
    cr_expect_not_null(strstr(f.summary, "behind"), "%s", f.summary);
}

Test(ruleshost, a_log_that_is_silent_on_a_full_disk, .init = begin, .fini = finish) {
    w.s.log_silent_ms = 61 * 1000;
    cr_expect_eq(ask(ruleshost_log_silent, false), VERDICT_YES);
    w.s.disk_free_bytes = 0;
    cr_expect_eq(ask(ruleshost_log_silent, false), VERDICT_NO, "the disk is the cause");
}

Test(ruleshost, a_password_file_written_anew_with_the_same_in_it, .init = begin, .fini = finish) {
    const struct fixtext_place place = {.sasl_passwd = "/etc/postfix/sasl_passwd"};

    health_note_probe(&w.health, DIAGNOSIS_S07_MAP_STALE,
                      SPAN("database /etc/postfix/sasl_passwd.db is older than source file "
                           "/etc/postfix/sasl_passwd"),
                      w.now_ms);
    cr_expect_eq(ask(ruleshost_postfix_trouble, false), VERDICT_YES);
    w.s.place = &place;
    cr_expect_eq(ask(ruleshost_postfix_trouble, false), VERDICT_NO, "the index has the same in it");
    w.s.credential = RULES_CREDENTIAL_BAD_SOURCE;
    cr_expect_eq(ask(ruleshost_postfix_trouble, false), VERDICT_YES);
    w.s.credential = RULES_CREDENTIAL_FINE;
    w.s.keeper_silent_ms = 1000;
    cr_expect_eq(ask(ruleshost_postfix_trouble, false), VERDICT_YES, "nobody has compared them");
    w.s.keeper_silent_ms = 0;
    health_note_probe(&w.health, DIAGNOSIS_S07_MAP_STALE,
                      SPAN("database /etc/postfix/tls.db is older than source file"), w.now_ms);
    cr_expect_eq(ask(ruleshost_postfix_trouble, false), VERDICT_YES, "another map");
}

Test(ruleshost, nobody_can_tell_whether_postfix_runs, .init = begin, .fini = finish) {
    w.s.queue_known = false;
    w.s.postfix_running = false;
    cr_expect_eq(ask(ruleshost_postfix_down, false), VERDICT_UNKNOWN);
}

Test(ruleshost, a_password_that_all_can_read, .init = begin, .fini = finish) {
    cr_expect_eq(ask(ruleshost_secret_readable, false), VERDICT_NO);
    w.s.readable_secret = "/etc/postfix/sasl_passwd.db";
    cr_expect_eq(ask(ruleshost_secret_readable, false), VERDICT_YES);
    cr_expect_eq(f.diagnosis, DIAGNOSIS_C09_SECRET_RESIDUE);
    cr_expect_not_null(strstr(f.summary, "/etc/postfix/sasl_passwd.db"));
}

Test(ruleshost, a_receiver_that_fails, .init = begin, .fini = finish) {
    struct receiver_state *chat = &w.receivers.receiver[1];

    cr_expect_eq(ask(ruleshost_receiver_failing, false), VERDICT_NO);
    world_receiver_fails(chat);
    chat->since_ms = w.now_ms - 299 * 1000;
    cr_expect_eq(ask(ruleshost_receiver_failing, false), VERDICT_NO, "it may come back");
    cr_expect_eq(ask(ruleshost_receiver_failing, true), VERDICT_YES);
    chat->since_ms = w.now_ms - 300 * 1000;
    cr_expect_eq(ask(ruleshost_receiver_failing, false), VERDICT_YES);
    cr_expect_str_eq(f.summary,
                     "Receiver chat has taken no alert for 5 min: not connected within 3000 ms");
    cr_expect_eq(ask(ruleshost_nobody_told, false), VERDICT_NO, "another one is told");
    chat->condition = RECEIVER_REFUSED;
    chat->since_ms = w.now_ms - 61 * 1000;
    cr_expect_eq(ask(ruleshost_receiver_failing, false), VERDICT_YES, "that does not mend itself");
    w.s.receivers = NULL;
    cr_expect_eq(ask(ruleshost_receiver_failing, true), VERDICT_NO, "it was never set up");
    w.s.notify_silent_ms = 1000;
    cr_expect_eq(ask(ruleshost_receiver_failing, true), VERDICT_UNKNOWN);
}

Test(ruleshost, nobody_is_told, .init = begin, .fini = finish) {
    for (int i = 0; i < w.receivers.count; i++) {
        cr_expect_eq(ask(ruleshost_nobody_told, false), VERDICT_NO);
        world_receiver_fails(&w.receivers.receiver[i]);
    }
    cr_expect_eq(ask(ruleshost_nobody_told, false), VERDICT_YES);
    cr_expect_eq(f.diagnosis, DIAGNOSIS_W06_NOBODY_TOLD);
    w.receivers.receiver[0].since_ms = w.now_ms - 59 * 1000;
    cr_expect_eq(ask(ruleshost_nobody_told, false), VERDICT_NO, "one took something of late");
    w.receivers.count = 0;
    cr_expect_eq(ask(ruleshost_nobody_told, false), VERDICT_NO, "nobody wants to be told");
    w.s.receivers = NULL;
    w.s.notify_silent_ms = 59 * 1000;
    cr_expect_eq(ask(ruleshost_nobody_told, false), VERDICT_UNKNOWN);
    w.s.notify_silent_ms = 60 * 1000;
    cr_expect_eq(ask(ruleshost_nobody_told, false), VERDICT_YES);
}
