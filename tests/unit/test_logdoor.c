#include <criterion/criterion.h>

#include "logdoor.h"

enum who { SMTPD, CLEANUP, POSTSCREEN, WARNING };

Test(logdoor, lines) {
    static const struct {
        enum who who;
        const char *message;
        enum mailev_kind kind;
        counter_set counters;
        const char *client, *ip;
    } rows[] = {
        {SMTPD, "connect from c[192.0.2.1]", MAILEV_CONNECT, COUNTER_BIT(COUNTER_CONNECTS), "c",
         "192.0.2.1"},
        {SMTPD, "disconnect from unknown[192.0.2.1] ehlo=1 commands=1", MAILEV_DISCONNECT, 0,
         "unknown", "192.0.2.1"},
        {SMTPD, "lost connection after DATA (5 bytes) from c[192.0.2.1]", MAILEV_DISCONNECT, 0, "c",
         "192.0.2.1"},
        {SMTPD, "timeout after DATA from c[192.0.2.1]", MAILEV_DISCONNECT, 0, "c", "192.0.2.1"},
        {SMTPD, "client=c[192.0.2.1], orig_client=x[192.0.2.9]", MAILEV_CLIENT, 0, "c",
         "192.0.2.1"},
        {SMTPD, "reject: RCPT from c[192.0.2.1]: 554 no", MAILEV_REJECTED,
         COUNTER_BIT(COUNTER_REJECTED), "c", "192.0.2.1"},
        {SMTPD, "proxy-reject: END-OF-MESSAGE: 554 no; from=<a> to=<b> proto=SMTP", MAILEV_REJECTED,
         COUNTER_BIT(COUNTER_REJECTED), "", ""},
        {SMTPD, "reject_warning: RCPT from c[192.0.2.1]: 554 no", MAILEV_NOTE, 0, "c", "192.0.2.1"},
        {CLEANUP, "milter-header-redirect: header X: y from c[192.0.2.1]; from=<a> to=<b>",
         MAILEV_NOTE, 0, "c", "192.0.2.1"},
        {SMTPD,
         "proxy-accept: END-OF-MESSAGE: 250 from MTA(smtp:[127.0.0.1]:1): 250; from=<a> to=<b> "
         "proto=SMTP",
         MAILEV_NOTE, 0, "", ""},
        {SMTPD, "bare <LF> received after CONNECT from c[192.0.2.1]", MAILEV_DISCONNECT, 0, "c",
         "192.0.2.1"},
        {SMTPD, "rejected", MAILEV_OTHER, 0, "", ""},
        {CLEANUP, "message-id=<x>", MAILEV_ACCEPTED, COUNTER_BIT(COUNTER_ACCEPTED), "", ""},
        {CLEANUP, "resent-message-id=<x>", MAILEV_NOTE, 0, "", ""},
        {CLEANUP, "milter-header-reject: header X: y from c[192.0.2.1]; from=<a> to=<b>",
         MAILEV_REJECTED, COUNTER_BIT(COUNTER_REJECTED), "c", "192.0.2.1"},
        {POSTSCREEN, "CONNECT from [192.0.2.1]:9 to [192.0.2.2]:25", MAILEV_CONNECT, 0, "",
         "192.0.2.1"},
        {POSTSCREEN, "DISCONNECT [192.0.2.1]:9", MAILEV_DISCONNECT, 0, "", "192.0.2.1"},
        {POSTSCREEN, "HANGUP after 16 from [192.0.2.3]:48119 in tests", MAILEV_DISCONNECT, 0, "",
         "192.0.2.3"},
        {POSTSCREEN, "PASS OLD [192.0.2.1]:9", MAILEV_NOTE, 0, "", "192.0.2.1"},
        {POSTSCREEN, "reject: connect from [192.0.2.1]:9: all screening ports busy",
         MAILEV_REJECTED, COUNTER_BIT(COUNTER_REJECTED), "", "192.0.2.1"},
        {WARNING, "c[192.0.2.1]: SASL LOGIN authentication failed: x", MAILEV_AUTH_FAILURE,
         COUNTER_BIT(COUNTER_INBOUND_AUTH_FAILURES), "c", "192.0.2.1"},
        {WARNING, "c[192.0.2.1]: SASL LOGIN authentication aborted", MAILEV_OTHER, 0, "c",
         "192.0.2.1"},
        {WARNING, "192.0.2.1: hostname h.example verification failed: Name or service not known",
         MAILEV_OTHER, 0, "h.example", "192.0.2.1"},
        {WARNING, "2001:db8::1: address not listed for hostname h.example", MAILEV_OTHER, 0,
         "h.example", "2001:db8::1"},
        {CLEANUP, "removed (canceled)", MAILEV_REMOVED, COUNTER_BIT(COUNTER_REMOVED), "", ""},
        {WARNING,
         "hostname h.example does not resolve to address 2001:db8::1: Name or service not known",
         MAILEV_OTHER, 0, "h.example", "2001:db8::1"},
        {WARNING, "hostname h.example does not resolve to address 192.0.2.1", MAILEV_OTHER, 0,
         "h.example", "192.0.2.1"},
        {WARNING, "hostname does not resolve to address 192.0.2.1", MAILEV_OTHER, 0, "", ""},
        {WARNING, "Connection rate limit exceeded: 31 from c[192.0.2.1] for service smtpd",
         MAILEV_OTHER, 0, "c", "192.0.2.1"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mailev ev = {.kind = MAILEV_OTHER, .queue_id = SPAN("A92B612A094")};
        struct span s = span_of(rows[i].message);

        if (rows[i].who == SMTPD)
            logdoor_smtpd(s, &ev);
        else if (rows[i].who == CLEANUP)
            logdoor_cleanup(s, &ev);
        else if (rows[i].who == POSTSCREEN)
            logdoor_postscreen(s, &ev);
        else
            logdoor_warning(s, &ev);
        cr_expect_eq(ev.kind, rows[i].kind, "%s: %s", rows[i].message, mailev_kind_name(ev.kind));
        cr_expect_eq(ev.counters, rows[i].counters, "%s: counters", rows[i].message);
        cr_expect(span_equal(ev.client, span_of(rows[i].client)), "%s: client", rows[i].message);
        cr_expect(span_equal(ev.client_ip, span_of(rows[i].ip)), "%s: client_ip", rows[i].message);
    }
}

Test(logdoor, what_becomes_of_a_message) {
    static const struct {
        void (*parse)(struct span s, struct mailev *out);
        const char *message;
        enum mailev_act act;
        const char *from, *other_id;
    } rows[] = {
        {logdoor_cleanup, "hold: header Subject: x from c[192.0.2.1]; from=<a> to=<b> proto=SMTP",
         MAILEV_ACT_HELD, "a", ""},
        {logdoor_cleanup, "milter-hold: END-OF-MESSAGE from c[192.0.2.1]: milter triggers HOLD",
         MAILEV_ACT_HELD, "", ""},
        {logdoor_cleanup, "discard: body x from c[192.0.2.1]; from=<a> to=<b> proto=SMTP",
         MAILEV_ACT_DISCARDED, "a", ""},
        {logdoor_cleanup, "milter-discard: END-OF-MESSAGE from c[192.0.2.1]: x",
         MAILEV_ACT_DISCARDED, "", ""},
        {logdoor_cleanup,
         "warning: header Subject: hold: from c[192.0.2.1]; from=<a> to=<b> proto=SMTP",
         MAILEV_ACT_NONE, "a", ""},
        {logdoor_cleanup, "canceled", MAILEV_ACT_CANCELED, "", ""},
        {logdoor_cleanup, "removed (canceled)", MAILEV_ACT_CANCELED, "", ""},
        {logdoor_cleanup, "removed (discarded)", MAILEV_ACT_DISCARDED, "", ""},
        {logdoor_cleanup, "resent-message-id=<canceled>", MAILEV_ACT_NONE, "", ""},
        {logdoor_cleanup, "message-id=<x>", MAILEV_ACT_NONE, "", ""},
        {logdoor_smtpd, "lost connection after DATA (5 bytes) from c[192.0.2.1]", MAILEV_ACT_CUT,
         "", ""},
        {logdoor_smtpd, "timeout after BDAT (0 bytes) from c[192.0.2.1]", MAILEV_ACT_CUT, "", ""},
        {logdoor_smtpd, "lost connection after END-OF-MESSAGE from c[192.0.2.1]", MAILEV_ACT_NONE,
         "", ""},
        {logdoor_smtpd, "lost connection after RCPT from DATA [192.0.2.1]", MAILEV_ACT_NONE, "",
         ""},
        {logdoor_pickup, "uid=0 from=<root>", MAILEV_ACT_NONE, "root", ""},
        {logdoor_pickup, "uid=0 from=<>", MAILEV_ACT_NONE, "", ""},
        {logdoor_pickup, "uid=105 from=<a@b> orig_id=A89EB7629C3", MAILEV_ACT_RENAMED, "a@b",
         "A89EB7629C3"},
        {logdoor_pickup, "uid=105 from=<a> orig_id=A89EB7629C3>", MAILEV_ACT_NONE,
         "a> orig_id=A89EB7629C3", ""},
        {logdoor_pickup, "uid=105 from=<a> orig_id=>", MAILEV_ACT_NONE, "a> orig_id=", ""},
        {logdoor_pickup, "uid=105 from=<a> orig_id=", MAILEV_ACT_NONE, "", ""},
        {logdoor_pickup, "uid=105 orig_id=A89EB7629C3", MAILEV_ACT_NONE, "", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mailev ev = {.kind = MAILEV_OTHER, .queue_id = SPAN("A92B612A094")};

        rows[i].parse(span_of(rows[i].message), &ev);
        cr_expect_neq(ev.kind, MAILEV_OTHER, "%s", rows[i].message);
        cr_expect_eq(ev.act, rows[i].act, "%s: %d", rows[i].message, (int)ev.act);
        cr_expect(span_equal(ev.from, span_of(rows[i].from)), "%s: from", rows[i].message);
        cr_expect(span_equal(ev.other_id, span_of(rows[i].other_id)), "%s: other_id",
                  rows[i].message);
    }
}
