/* Entries as lines: what the parser reads out of them is what stood in their fields. */
#include "journalline.h"

#include <criterion/criterion.h>
#include <string.h>

#include "logline.h"

#define TIME_US UINT64_C(1700000000123456)

static struct journalline line;

static void take(const char *const *fields) {
    journalline_begin(&line);
    for (; *fields != NULL; fields++)
        journalline_take(&line, span_of(*fields));
}

#define TAKE(...) take((const char *const[]){__VA_ARGS__, NULL})

static void expect_line(const char *want) {
    struct span s = journalline_make(&line, TIME_US);

    cr_expect(span_is(s, want), "got: %.*s", (int)s.n, s.p);
}

Test(journalline, a_line_as_syslog_would_have_written_it) {
    TAKE("PRIORITY=6", "_HOSTNAME=relay1", "SYSLOG_FACILITY=2", "SYSLOG_IDENTIFIER=postfix/smtp",
         "_PID=9", "SYSLOG_PID=77", "MESSAGE=4A5B6C7D8E: to=<a@b>, status=sent (ok)\n");
    expect_line("2023-11-14T22:13:20.123456Z relay1 postfix/smtp[77]: 4A5B6C7D8E: to=<a@b>, "
                "status=sent (ok)");
    cr_expect(journalline_is_mail(&line));

    TAKE("MESSAGE=hello", "SYSLOG_IDENTIFIER=postfix/qmgr", "_PID=9");
    expect_line("2023-11-14T22:13:20.123456Z postfix/qmgr[9]: hello");
    TAKE("MESSAGE=hello", "SYSLOG_IDENTIFIER=postmap", "SYSLOG_PID=x");
    expect_line("2023-11-14T22:13:20.123456Z postmap: hello");
    TAKE("MESSAGE=hello");
    expect_line("2023-11-14T22:13:20.123456Z -: hello");
}

Test(journalline, the_parser_reads_what_stood_in_the_fields) {
    struct logline_clock clock;
    struct mailev ev;

    TAKE("_HOSTNAME=relay1", "SYSLOG_FACILITY=2", "SYSLOG_IDENTIFIER=postfix-out/smtp",
         "SYSLOG_PID=77",
         "MESSAGE=4A5B6C7D8E: to=<a@b.example>, relay=smtp.example[192.0.2.1]:587, delay=0.7, "
         "delays=0/0/0.1/0.6, dsn=2.0.0, status=sent (250 ok)");
    logline_clock_init(&clock);
    clock.now_ms = (int64_t)(TIME_US / 1000);
    logline_parse(journalline_make(&line, TIME_US), &clock, &ev);
    cr_expect_eq(ev.kind, MAILEV_DELIVERY);
    cr_expect_eq(ev.status, MAILEV_STATUS_SENT);
    cr_expect_eq(ev.time_ms, 1700000000123);
    cr_expect(span_is(ev.host, "relay1"));
    cr_expect(span_is(ev.instance, "postfix-out"));
    cr_expect(span_is(ev.queue_id, "4A5B6C7D8E"));
    cr_expect_eq(ev.pid, 77u);
}

Test(journalline, nobody_forges_a_head) {
    struct logline_clock clock;
    struct mailev ev;

    logline_clock_init(&clock);
    clock.now_ms = (int64_t)(TIME_US / 1000);
    TAKE("SYSLOG_IDENTIFIER=x postfix/smtp[1]: y", "_HOSTNAME=h:",
         "MESSAGE=postfix/smtp[1]: 4A5B6C7D8E: to=<a@b>, relay=x[1.2.3.4]:25, delay=1, "
         "delays=0/0/0/1, dsn=2.0.0, status=sent (ok)");
    cr_expect_not(journalline_is_mail(&line));
    logline_parse(journalline_make(&line, TIME_US), &clock, &ev);
    cr_expect_eq(ev.kind, MAILEV_FOREIGN);
    TAKE("SYSLOG_FACILITY=2", "MESSAGE=postfix/smtp[1]: 4A5B6C7D8E: to=<a@b>, status=sent (ok)");
    logline_parse(journalline_make(&line, TIME_US), &clock, &ev);
    cr_expect_eq(ev.kind, MAILEV_FOREIGN);
}

Test(journalline, what_belongs_to_the_mail_log) {
    static const struct {
        const char *identifier, *facility;
        bool want;
    } rows[] = {
        {"SYSLOG_IDENTIFIER=postfix/smtp", "SYSLOG_FACILITY=21", true},
        {"SYSLOG_IDENTIFIER=postfix/submission/smtpd", "SYSLOG_FACILITY=3", true},
        {"SYSLOG_IDENTIFIER=mta2/qmgr", "SYSLOG_FACILITY=3", true},
        {"SYSLOG_IDENTIFIER=dovecot", "SYSLOG_FACILITY=2", true},
        {"SYSLOG_IDENTIFIER=dovecot", "SYSLOG_FACILITY=20", false},
        {"SYSLOG_IDENTIFIER=sshd", "SYSLOG_FACILITY=4", false},
        {"_COMM=x", "_PID=1", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAKE(rows[i].identifier, rows[i].facility, "MESSAGE=x");
        cr_expect_eq(journalline_is_mail(&line), rows[i].want, "%s %s", rows[i].identifier,
                     rows[i].facility);
    }
}

Test(journalline, suppressed_messages_of_postfix) {
    static const struct {
        const char *identifier, *transport, *message;
        uint64_t want;
    } rows[] = {
        {"SYSLOG_IDENTIFIER=systemd-journald", "_TRANSPORT=driver",
         "MESSAGE=Suppressed 1234 messages from postfix@-.service", 1234},
        {"SYSLOG_IDENTIFIER=systemd-journald", "_PID=1",
         "MESSAGE=Suppressed 7 messages from /system.slice/postfix.service", 7},
        {"SYSLOG_IDENTIFIER=systemd-journald", "_TRANSPORT=driver",
         "MESSAGE=Suppressed 1234 messages from nginx.service", 0},
        {"SYSLOG_IDENTIFIER=systemd-journald", "_TRANSPORT=syslog",
         "MESSAGE=Suppressed 1234 messages from postfix.service", 0},
        {"SYSLOG_IDENTIFIER=x", "_TRANSPORT=driver",
         "MESSAGE=Suppressed 1234 messages from postfix.service", 0},
        {"SYSLOG_IDENTIFIER=systemd-journald", "_TRANSPORT=driver",
         "MESSAGE=Suppressed many messages from postfix.service", 0},
        {"SYSLOG_IDENTIFIER=systemd-journald", "_TRANSPORT=driver", "MESSAGE=Suppressed ", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAKE(rows[i].identifier, rows[i].message, rows[i].transport);
        cr_expect_eq(journalline_suppressed(&line), rows[i].want, "%zu", i);
    }
}

Test(journalline, long_fields_are_cut_and_long_messages_told) {
    static char big[JOURNALLINE_MESSAGE + 100] = "MESSAGE=";
    struct span s;

    memset(big + 8, 'x', sizeof big - 8);
    journalline_begin(&line);
    journalline_take(&line, (struct span){big, 8 + JOURNALLINE_MESSAGE});
    cr_expect_not(line.is_too_long);
    cr_expect_eq(journalline_message(&line).n, (size_t)JOURNALLINE_MESSAGE);
    journalline_take(&line, (struct span){big, 8 + JOURNALLINE_MESSAGE + 1});
    cr_expect(line.is_too_long);
    cr_expect_eq(journalline_message(&line).n, 0);

    journalline_begin(&line);
    memcpy(big, "_HOSTNAME=", 10);
    journalline_take(&line, (struct span){big, 2000});
    memcpy(big, "SYSLOG_IDENTIFIER=", 18);
    journalline_take(&line, (struct span){big, 2000});
    memcpy(big, "MESSAGE=", 8);
    journalline_take(&line, (struct span){big, 12});
    s = journalline_make(&line, UINT64_MAX / 2);
    cr_expect_gt(s.n, 300u);
    cr_expect_lt(s.n, (size_t)JOURNALLINE_HEAD);
}
