/* session.h: what one SMTP session adds to which counter. */
#include <criterion/criterion.h>

#include "session.h"

#define C SESSION_BIT(MLTPAGE_CONNECTS)
#define A SESSION_BIT(MLTPAGE_ABORTED)
#define T SESSION_BIT(MLTPAGE_TLS)

/* A script: c/C connect (non_smtpd / smtpd), m/t/l MAIL (plain, TLS, TLS and login), r RCPT, e
 * end-of-message, a abort. */
static uint64_t totals[MLTPAGE_COUNTER_COUNT];
static struct session_message last;

static void play(const char *script) {
    struct session session = {0};

    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++)
        totals[c] = 0;
    last = (struct session_message){0};
    for (; *script != '\0'; script++) {
        session_counts counts = 0;

        switch (*script) {
        case 'c':
        case 'C':
            counts = session_connect(&session, *script == 'C');
            break;
        case 'm':
        case 't':
        case 'l':
            counts = session_mail(&session, "<App@example.com>", *script != 'm', *script == 'l');
            break;
        case 'r':
            session_rcpt(&session);
            break;
        case 'e':
            session_body(&session, 60);
            session_body(&session, 40);
            if (session_eom(&session, &last)) {
                totals[MLTPAGE_ACCEPTED]++;
                totals[MLTPAGE_RECIPIENTS] += last.recipients;
                totals[MLTPAGE_BYTES] += last.bytes;
            }
            break;
        case 'a':
            counts = session_abort(&session);
            break;
        case 'q':
            counts = session_close(&session);
            break;
        }
        for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++)
            totals[c] += counts >> c & 1;
    }
}

Test(session, scripts) {
    static const struct {
        const char *name;
        const char *script;
        uint64_t connects, accepted, recipients, bytes, tls, aborted;
        uint32_t flags; /* of the last message */
    } rows[] = {
        {"connects and goes", "Ca", 1, 0, 0, 0, 0, 0, 0},
        {"goes before CONNECT is seen", "q", 1, 0, 0, 0, 0, 0, 0},
        {"the end counts nothing twice", "Cmreq", 1, 1, 1, 100, 0, 0, 0},
        {"ends in the middle", "Cmrq", 1, 0, 0, 0, 0, 1, 0},
        {"sendmail(1), whole", "cmreq", 0, 1, 1, 100, 0, 0, 0},
        {"one message", "Cmrea", 1, 1, 1, 100, 0, 0, 0},
        {"from sendmail(1)", "cmrrea", 0, 1, 2, 100, 0, 0, 0},
        {"persistent", "Cmrreamreamrrrea", 1, 3, 6, 300, 0, 0, 0},
        {"RSET after RCPT", "Cmrramrea", 1, 1, 1, 100, 0, 1, 0},
        {"RSET after MAIL", "Cmaa", 1, 0, 0, 0, 0, 1, 0},
        {"RSET twice, then nothing", "Caaa", 1, 0, 0, 0, 0, 0, 0},
        {"QUIT in the middle", "Cmra", 1, 0, 0, 0, 0, 1, 0},
        {"MAIL after MAIL", "Cmrmre", 1, 1, 1, 100, 0, 1, 0},
        {"TLS counts once a session", "Ctreatre", 1, 2, 2, 200, 1, 0, MLTPAGE_FLAG_TLS},
        {"plain, then STARTTLS", "Cmreatre", 1, 2, 2, 200, 1, 0, MLTPAGE_FLAG_TLS},
        {"login", "Clre", 1, 1, 1, 100, 1, 0, MLTPAGE_FLAG_TLS | MLTPAGE_FLAG_LOGIN},
        {"the login is the message's", "Clreatre", 1, 2, 2, 200, 1, 0, MLTPAGE_FLAG_TLS},
        {"TLS given up", "Ctra", 1, 0, 0, 0, 1, 1, 0},
        {"a new connection in the same session", "CtreCmre", 2, 2, 2, 200, 1, 0, 0},
        {"end without MAIL", "Cere", 1, 0, 0, 0, 0, 0, 0},
        {"end twice", "Cmree", 1, 1, 1, 100, 0, 0, 0},
        {"RCPT outside of a transaction", "Crmre", 1, 1, 1, 100, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        play(rows[i].script);
        cr_expect_eq(totals[MLTPAGE_CONNECTS], rows[i].connects, "%s: connects", rows[i].name);
        cr_expect_eq(totals[MLTPAGE_ACCEPTED], rows[i].accepted, "%s: accepted", rows[i].name);
        cr_expect_eq(totals[MLTPAGE_RECIPIENTS], rows[i].recipients, "%s: recipients",
                     rows[i].name);
        cr_expect_eq(totals[MLTPAGE_BYTES], rows[i].bytes, "%s: bytes", rows[i].name);
        cr_expect_eq(totals[MLTPAGE_TLS], rows[i].tls, "%s: tls", rows[i].name);
        cr_expect_eq(totals[MLTPAGE_ABORTED], rows[i].aborted, "%s: aborted", rows[i].name);
        cr_expect_eq(last.flags, rows[i].flags, "%s: flags", rows[i].name);
    }
}

Test(session, bits) {
    struct session session;

    cr_expect_eq(session_connect(&session, true), C);
    cr_expect_eq(session_connect(&session, false), 0);
    cr_expect_eq(session_mail(&session, "<a@b>", true, false), T);
    cr_expect_eq(session_mail(&session, "<a@b>", true, false), A);
    cr_expect_eq(session_abort(&session), A);
    cr_expect_eq(session_abort(&session), 0);
}

Test(session, the_sender_is_the_message_s) {
    struct session session;

    session_connect(&session, true);
    session_mail(&session, "<App@Example.com>", false, false);
    session_rcpt(&session);
    session_mail(&session, "<>", false, false); /* the first was given up */
    session_rcpt(&session);
    cr_assert(session_eom(&session, &last));
    cr_expect_str_eq(last.sender, "");
    session_mail(&session, "<App@Example.com>", false, false);
    cr_assert(session_eom(&session, &last));
    cr_expect_str_eq(last.sender, "app@example.com");
}
