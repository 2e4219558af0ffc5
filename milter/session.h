/* One SMTP session as the milter sees it: facts in, what to count out. Pure: no libmilter, no I/O,
 * no clock. The caller owns the struct (one a session; libmilter calls the callbacks of one session
 * one after the other).
 *
 * Postfix shows two kinds of session: smtpd's, one a client connection, and cleanup's, which plays
 * a connection for each message from sendmail(1) (non_smtpd_milters). Messages count in both,
 * connections only in the first. */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mltpage.h"

struct session {                  /* all zero: negotiated, nothing else known */
    bool begun;                   /* its CONNECT has come */
    bool tls;                     /* the client used TLS, and that has been counted */
    bool open;                    /* between MAIL and end-of-message */
    bool login;                   /* the client of the open transaction had logged in */
    uint32_t recipients;          /* of the open transaction */
    uint64_t bytes;               /* of the open transaction: of its body so far */
    char sender[SENDERNAME_SIZE]; /* of the open transaction */
};

/* Counters that go up by one: bit (1 << enum mltpage_counter). */
typedef uint32_t session_counts;
#define SESSION_BIT(c) ((session_counts)1 << (c))

/* What mltpage_accept and mltsenders_add need to know of a message. */
struct session_message {
    const char *sender; /* lives until the next MAIL */
    uint32_t recipients;
    uint64_t bytes;
    uint32_t flags; /* MLTPAGE_FLAG_ */
};

/* CONNECT: the struct starts anew. client: a client of smtpd. */
session_counts session_connect(struct session *session, bool client);

/* MAIL, with the sender as it stands there ("<a@b>"). A transaction still open was given up. */
session_counts session_mail(struct session *session, const char *sender, bool tls, bool login);

/* RCPT that Postfix accepted. */
void session_rcpt(struct session *session);

/* A piece of the body, of this many bytes. */
void session_body(struct session *session, size_t size);

/* End-of-message: true and *message_out when there was a transaction. */
bool session_eom(struct session *session, struct session_message *message_out);

/* RSET, a refused message: what is open was given up. Harmless when nothing is. */
session_counts session_abort(struct session *session);

/* The end of the session. One without CONNECT was a client that went at once: Postfix writes what
 * needs no answer late, and libmilter drops what it has not read when the other side closes a unix
 * socket. (For the same reason a transaction that is given up in the last moment may not show at
 * all.) */
session_counts session_close(struct session *session);

#endif
