#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "loghead.h"

Test(loghead, shapes) {
    static const struct {
        const char *line;
        enum loghead_daemon daemon;
        const char *host, *instance, *name;
        unsigned pid;
        const char *message;
    } rows[] = {
        {"Nov 23 03:56:08 relay postfix/smtp[12]: m: x", LOGHEAD_SMTP, "relay", "postfix", "smtp",
         12, "m: x"},
        {"<22>Nov 23 03:56:08 relay postfix/smtp[12]: m", LOGHEAD_SMTP, "relay", "postfix", "smtp",
         12, "m"},
        {"<22>1 2026-11-23T03:22:01+01:00 relay postfix/smtp 12 - - m x", LOGHEAD_SMTP, "relay",
         "postfix", "smtp", 12, "m x"},
        {"<22>1 - - postfix/smtp - ID [x y=\"z\"] \xef\xbb\xbfm", LOGHEAD_SMTP, "", "postfix",
         "smtp", 0, "m"},
        {"2026-11-23T03:22:01.123456+01:00 h postfix-out/submission/smtpd[9]: m", LOGHEAD_SMTPD,
         "h", "postfix-out/submission", "smtpd", 9, "m"},
        {"Nov 23 03:56:08 postfix/qmgr[1]: m", LOGHEAD_QMGR, "", "postfix", "qmgr", 1, "m"},
        {"postfix/smtp[12]: m", LOGHEAD_SMTP, "", "postfix", "smtp", 12, "m"},
        {"postfix/smtp: m", LOGHEAD_SMTP, "", "postfix", "smtp", 0, "m"},
        {"Nov 23 03:56:08 h smarthost/qmgr[1]: m", LOGHEAD_QMGR, "h", "smarthost", "qmgr", 1, "m"},
        {"Nov 23 03:56:08 h relay1/lmtp[1]: m", LOGHEAD_SMTP, "h", "relay1", "lmtp", 1, "m"},
        {"Nov 23 03:56:08 h mail.info postfix/qmgr[1]: m", LOGHEAD_QMGR, "h", "postfix", "qmgr", 1,
         "m"},
        {"Nov 23 03:56:08 mail.info postfix/qmgr[1]: m", LOGHEAD_QMGR, "", "postfix", "qmgr", 1,
         "m"},
        {"Nov 23 03:56:08 mail.example.com postfix/qmgr[1]: m", LOGHEAD_QMGR, "mail.example.com",
         "postfix", "qmgr", 1, "m"},
        {"Nov 23 03:56:08 h postfix/qmgr[123456789]: m", LOGHEAD_QMGR, "h", "postfix", "qmgr",
         123456789, "m"},
        {"Nov 23 03:56:08 h postfix/qmgr[1x]: m", LOGHEAD_FOREIGN, "h", "", "", 0, ""},
        {"Nov 23 03:56:08 h postfix/qmgr[1]:m", LOGHEAD_FOREIGN, "h", "", "", 0, ""},
        {"Nov 23 03:56:08 h postfix/qmgr[99999999999]: m", LOGHEAD_FOREIGN, "h", "", "", 0, ""},
        {"Nov 23 03:56:08 h: postfix/qmgr[1]: m", LOGHEAD_FOREIGN, "", "", "", 0, ""},
        {"2026-11-23T03:22:01+01:00 INFO    postfix/qmgr[1]: m", LOGHEAD_QMGR, "", "postfix",
         "qmgr", 1, "m"},
        {"box_1   | Nov 23 03:56:08 h postfix/qmgr[1]: m", LOGHEAD_QMGR, "h", "postfix", "qmgr", 1,
         "m"},
        {"Nov 23 03:56:08 h postfix/master[1]: [ID 947731 mail.warning] m", LOGHEAD_MASTER, "h",
         "postfix", "master", 1, "m"},
        {"Nov 23 03:56:08 h postfix/smtpd[1]: message repeated 2 times: [ m]", LOGHEAD_SMTPD, "h",
         "postfix", "smtpd", 1, "m"},
        {"Nov 23 03:56:08 h postfix/postfix-script[1]: m", LOGHEAD_SCRIPT, "h", "postfix",
         "postfix-script", 1, "m"},
        {"Nov 23 03:56:08 h postmap[1]: m", LOGHEAD_MISC, "h", "", "postmap", 1, "m"},
        {"Nov 23 03:56:08 h postfix/whatever[1]: m", LOGHEAD_UNKNOWN, "h", "postfix", "whatever", 1,
         "m"},
        {"Nov 23 03:56:08 h postgrey[1]: m", LOGHEAD_FOREIGN, "h", "", "", 1, ""},
        {"Nov 23 03:56:08 h smtp[1]: m", LOGHEAD_FOREIGN, "h", "", "", 1, ""},
        {"Nov 23 03:56:08 h postfix/smtp[x]: m", LOGHEAD_FOREIGN, "h", "", "", 0, ""},
        {"Nov 23 03:56:08 h kernel: postfix/smtp[1]: m", LOGHEAD_FOREIGN, "h", "", "", 0, ""},
        {"Nov 23 03:56:08 h a b c d e postfix/smtp[1]: m", LOGHEAD_FOREIGN, "h", "", "", 0, ""},
        {"2026-11-23T03:22:01.123456789Z Nov 23 03:22:01 h postfix/smtp[1]: m", LOGHEAD_SMTP, "h",
         "postfix", "smtp", 1, "m"},
        {"2026-11-23T03:22:01.123456789Z stdout F Nov 23 03:22:01 h postfix/smtp[1]: m",
         LOGHEAD_SMTP, "h", "postfix", "smtp", 1, "m"},
        {"Nov 23 03:22:01 Nov 23 03:22:01 Nov 23 03:22:01 h postfix/smtp[1]: m", LOGHEAD_FOREIGN,
         "Nov", "", "", 0, ""},
        {"Mon 2026-11-23 03:22:01 UTC h postfix/smtp[1]: m", LOGHEAD_SMTP, "h", "postfix", "smtp",
         1, "m"},
        {"Mon Nov 23 03:22:01 2026 mail.info postfix/smtp[1]: m", LOGHEAD_SMTP, "", "postfix",
         "smtp", 1, "m"},
        {"1795400521.250000 h postfix/smtp[1]: m", LOGHEAD_SMTP, "h", "postfix", "smtp", 1, "m"},
        {"[  123.456789] h postfix/smtp[1]: m", LOGHEAD_SMTP, "h", "postfix", "smtp", 1, "m"},
        {"Nov 23 03:56:08 h mail:info postfix/smtp[1]: m", LOGHEAD_SMTP, "h", "postfix", "smtp", 1,
         "m"},
        {"Nov 23 03:56:08 <mail.info> h postfix/smtp[1]: m", LOGHEAD_SMTP, "h", "postfix", "smtp",
         1, "m"},
        {"Nov 23 03:56:08 [postfix/smtp] m", LOGHEAD_SMTP, "", "postfix", "smtp", 0, "m"},
        {"Nov 23 03:56:08 [dovecot] m", LOGHEAD_FOREIGN, "[dovecot]", "", "", 0, ""},
        {"Nov 23 03:56:08 h postfix@-.service[1]: m", LOGHEAD_UNKNOWN, "h", "postfix@-.service", "",
         1, "m"},
        {"<22>1 2026-11-23T03:22:01Z h postfix/smtp 12 - [a b=\"c \\] d\"][e f=\"g\"] m",
         LOGHEAD_SMTP, "h", "postfix", "smtp", 12, "m"},
        {"<22>1 2026-11-23T03:22:01Z h postfix/smtp[12] - - - m", LOGHEAD_SMTP, "h", "postfix",
         "smtp", 12, "m"},
        {"<22>1 2026-11-23T03:22:01Z h postfix/smtp 12 - [a b=\"c\"", LOGHEAD_SMTP, "h", "postfix",
         "smtp", 12, ""},
        {"words without a tag", LOGHEAD_FOREIGN, "", "", "", 0, ""},
        {"", LOGHEAD_FOREIGN, "", "", "", 0, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loghead_last last = {0};
        struct mailev ev = {0};

        cr_expect_eq(loghead_parse(span_of(rows[i].line), &last, 1795400521250, &ev),
                     rows[i].daemon, "%s", rows[i].line);
        cr_expect(span_equal(ev.host, span_of(rows[i].host)), "%s: host", rows[i].line);
        cr_expect(span_equal(ev.instance, span_of(rows[i].instance)), "%s: instance", rows[i].line);
        cr_expect(span_equal(ev.daemon, span_of(rows[i].name)), "%s: daemon", rows[i].line);
        cr_expect(span_equal(ev.message, span_of(rows[i].message)), "%s: message", rows[i].line);
        cr_expect_eq(ev.pid, rows[i].pid, "%s: pid", rows[i].line);
    }
}

Test(loghead, process_ids_of_each_length) {
    static const char *const ends[] = {"", "m", "m and more words behind it"};
    char line[120];

    for (unsigned digits = 1; digits <= 11; digits++) {
        for (size_t e = 0; e < sizeof ends / sizeof ends[0]; e++) {
            struct loghead_last last = {0};
            struct mailev ev = {0};
            bool fits = digits <= 10;
            enum loghead_daemon daemon;

            text_format(line, sizeof line, "Nov 23 03:22:01 h postfix/smtp[%.*s]: %s", (int)digits,
                        "12345678901", ends[e]);
            daemon = loghead_parse(span_of(line), &last, 1795400521250, &ev);
            cr_expect_eq(daemon, fits ? LOGHEAD_SMTP : LOGHEAD_FOREIGN, "%s", line);
            cr_expect_eq(ev.pid, fits ? strtoul(strchr(line, '[') + 1, NULL, 10) : 0, "%s", line);
            cr_expect(!fits || span_is(ev.message, ends[e]), "%s", line);
            strchr(line, ']')[0] = 'x';
            daemon = loghead_parse(span_of(line), &last, 1795400521250, &ev);
            cr_expect_eq(daemon, LOGHEAD_UNKNOWN, "%s", line);
        }
    }
}

Test(loghead, every_daemon) {
    static const char *const names[] = {"smtp",
                                        "lmtp",
                                        "smtpd",
                                        "cleanup",
                                        "qmgr",
                                        "bounce",
                                        "error",
                                        "local",
                                        "pipe",
                                        "virtual",
                                        "pickup",
                                        "postscreen",
                                        "dnsblog",
                                        "tlsproxy",
                                        "anvil",
                                        "scache",
                                        "master",
                                        "postfix-script",
                                        "postsuper",
                                        "postqueue",
                                        "postmap",
                                        "postlogd",
                                        "verify",
                                        "trivial-rewrite",
                                        "proxymap",
                                        "showq",
                                        "discard",
                                        "flush",
                                        "tlsmgr",
                                        "oqmgr",
                                        "nqmgr",
                                        "spawn",
                                        "sendmail",
                                        "postdrop",
                                        "postalias",
                                        "posttls-finger",
                                        "retry",
                                        "qmqpd",
                                        "post-install",
                                        "postfix-wrapper",
                                        "postmulti-script",
                                        "postfix-tls-script"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct loghead_last last = {0};
        struct mailev ev = {0};
        char line[100];

        text_format(line, sizeof line, "Nov 23 03:56:08 h any/%s[1]: m", names[i]);
        cr_expect_gt(loghead_parse(span_of(line), &last, 1795400521250, &ev), LOGHEAD_UNKNOWN, "%s",
                     line);
        cr_expect(span_is(ev.daemon, names[i]));
    }
}

/* Of two stamps the second counts, unless the first alone says of which zone it is. */
Test(loghead, two_stamps) {
    static const struct {
        const char *line;
        int64_t want_ms;
    } rows[] = {
        {"2026-11-23T03:22:01.250+01:00 Nov 23 09:00:00 h postfix/smtp[1]: m", 1795400521250},
        {"Nov 23 09:00:00 h 2026-11-23T03:22:01.250+01:00 x postfix/smtp[1]: m", 1795400521250},
        {"2026-11-23T09:22:01.250Z 2026-11-23T03:22:01.250+01:00 x postfix/smtp[1]: m",
         1795400521250},
        {"2026-11-23 09:22:01 2026-11-23 02:22:01.250 x postfix/smtp[1]: m", 1795400521250},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loghead_last last = {0};
        struct mailev ev = {0};

        setenv("TZ", "UTC", 1);
        tzset();
        cr_expect_eq(loghead_parse(span_of(rows[i].line), &last, 1795400521250, &ev), LOGHEAD_SMTP);
        cr_expect_eq(ev.time_ms, rows[i].want_ms, "%s: %lld", rows[i].line, (long long)ev.time_ms);
    }
}

Test(loghead, text_of_others) {
    struct loghead_last last = {0};
    struct mailev ev = {0};

    loghead_parse(SPAN("Nov 23 03:56:08 h journal[3]: a b"), &last, 1795400521250, &ev);
    cr_expect(span_is(ev.text, "journal[3]: a b"));
}

/* What is remembered of a line must not be found in the next one when it is not there. */
Test(loghead, after_another_line) {
    static const struct {
        const char *before, *line, *host, *instance, *name;
    } rows[] = {
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message",
         "Nov 23 03:56:08 relay postfix/qmgr[1]: m", "relay", "postfix", "qmgr"},
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message",
         "Nov 23 03:56:08 rely1 postfix/qmgr[1]: message", "rely1", "postfix", "qmgr"},
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message",
         "Nov 23 03:56:08 re ay postfix/qmgr[1]: message", "re", "postfix", "qmgr"},
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message",
         "Nov 23 03:56:08 rela: postfix/qmgr[1]: message", "", "", ""},
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message",
         "Nov 23 03:56:08 relay postfix:smtp[12]: message", "relay", "", ""},
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message",
         "Nov 23 03:56:08 relay postfix-out/smtp[12]: message", "relay", "postfix-out", "smtp"},
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message",
         "Nov 23 03:56:08 relay postfix/submission/smtpd[12]: message", "relay",
         "postfix/submission", "smtpd"},
        {"Nov 23 03:56:08 relay postfix/submission/smtpd[12]: message",
         "Nov 23 03:56:08 relay postfix/smtpd[12]: message", "relay", "postfix", "smtpd"},
        {"Nov 23 03:56:08 relay postfix/smtp[12]: message", "Nov 23 03:56:08 relay postfix/smtp",
         "relay", "", ""},
        {"Nov 23 03:56:08 a-host-name-so-long-that-it-is-not-remembered.of-some-place.example.com "
         "postfix/smtp[12]: message",
         "Nov 23 03:56:08 relay postfix/bounce[1]: message", "relay", "postfix", "bounce"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loghead_last last = {0};
        struct mailev first = {0}, ev = {0};

        (void)loghead_parse(span_of(rows[i].before), &last, 1795400521250, &first);
        (void)loghead_parse(span_of(rows[i].line), &last, 1795400521250, &ev);
        cr_expect(span_equal(ev.host, span_of(rows[i].host)), "%s: host", rows[i].line);
        cr_expect(span_equal(ev.instance, span_of(rows[i].instance)), "%s: instance", rows[i].line);
        cr_expect(span_equal(ev.daemon, span_of(rows[i].name)), "%s: daemon", rows[i].line);
    }
}
