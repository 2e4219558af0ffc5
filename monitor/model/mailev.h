/* struct mailev: what one line of Postfix's log says. Its spans point into the line that was
 * parsed: use it at once, copy what must stay. Made by logic/logline, completed by logic/diagnose
 * and logic/relayhosts. */
#ifndef MODEL_MAILEV_H
#define MODEL_MAILEV_H

#include <stdint.h>

#include "counter.h"
#include "diagnosis.h"
#include "text.h"

enum mailev_kind {
    MAILEV_FOREIGN,    /* not a line of Postfix */
    MAILEV_OTHER,      /* of Postfix, a shape that is not known: counted as unparsed */
    MAILEV_NOTE,       /* of Postfix, known, says nothing that we count (statistics, reload, ...) */
    MAILEV_CONNECT,    /* smtpd, postscreen: connect from */
    MAILEV_DISCONNECT, /* smtpd, postscreen: disconnect from, lost connection after */
    MAILEV_CLIENT,     /* smtpd: QID: client=..., sasl_username=... */
    MAILEV_ACCEPTED,   /* cleanup: QID: message-id=<...> */
    MAILEV_QUEUED,     /* qmgr: QID: from=<...>, size=, nrcpt= (queue active) */
    MAILEV_DELIVERY,   /* QID: to=<...>, relay=..., status=... */
    MAILEV_EXPIRED,    /* qmgr: QID: from=<...>, status=expired, returned to sender */
    MAILEV_REMOVED,    /* qmgr: QID: removed; postsuper: QID: removed */
    MAILEV_REJECTED,   /* reject: and milter-reject: of smtpd, cleanup, postscreen */
    MAILEV_ATTEMPT,    /* a non-final failure of a delivery: QID: host X said, connect to X: ... */
    MAILEV_AUTH_FAILURE,  /* smtpd: SASL ... authentication failed of a client */
    MAILEV_TLS,           /* ... TLS connection established to/from ... */
    MAILEV_TLS_FAILURE,   /* SSL_connect error, certificate verification failed, ... */
    MAILEV_BOUNCE_NOTICE, /* bounce: QID: sender non-delivery notification: QID2 */
    MAILEV_LIFECYCLE,     /* master, postfix-script: started, stopped, reload */
    MAILEV_WARNING,       /* warning: ... that is none of the above */
    MAILEV_ERROR,         /* error: ... */
    MAILEV_FATAL,         /* fatal: and panic: ... */
    MAILEV_KIND_COUNT
};

enum mailev_status {
    MAILEV_STATUS_NONE,
    MAILEV_STATUS_SENT,
    MAILEV_STATUS_DEFERRED,
    MAILEV_STATUS_BOUNCED,
    MAILEV_STATUS_EXPIRED,
    MAILEV_STATUS_DELIVERABLE, /* verify(8), sendmail -bv: no mail was sent */
    MAILEV_STATUS_UNDELIVERABLE,
    MAILEV_STATUS_OTHER /* a word that is not known */
};

/* What else became of a message, by lines of other kinds (note, disconnect). */
enum mailev_act {
    MAILEV_ACT_NONE,
    MAILEV_ACT_HELD,      /* cleanup: QID: hold: ...; postsuper: QID: placed on hold */
    MAILEV_ACT_RELEASED,  /* postsuper: QID: released from hold */
    MAILEV_ACT_DISCARDED, /* cleanup: QID: discard: ..., milter-discard: ..., removed (discarded) */
    MAILEV_ACT_CANCELED,  /* cleanup: QID: canceled, removed (canceled) */
    MAILEV_ACT_RENAMED,   /* pickup: QID: uid=... orig_id=QID2: was QID2 until postsuper -r */
    MAILEV_ACT_CUT,       /* smtpd: the client was lost while it sent a message */
};

/* Position in delays=a/b/c/d, src/global/log_adhoc.c */
enum mailev_stage { STAGE_BEFORE_QMGR, STAGE_QMGR, STAGE_SETUP, STAGE_TRANSMISSION, STAGE_COUNT };

struct mailev {
    int64_t time_ms; /* milliseconds since 1970 UTC; 0 when the stamp was not understood */
    enum mailev_kind kind;
    enum mailev_status status;
    enum mailev_act act;
    enum diagnosis diagnosis; /* DIAGNOSIS_NONE until logic/diagnose looked at it */
    counter_set counters;     /* what this line adds one to */
    uint32_t pid;
    uint32_t recipients;            /* nrcpt= of qmgr */
    uint64_t size_bytes;            /* size= of qmgr */
    int64_t delay_us;               /* delay=, microseconds; -1: absent */
    int64_t delays_us[STAGE_COUNT]; /* delays=; -1: absent */
    uint16_t relay_port;            /* 0: absent */

    struct span host;     /* of the syslog header */
    struct span instance; /* what stands before the daemon's name: "postfix", "postfix-out",
                             "postfix/submission" */
    struct span daemon;   /* "smtp", "smtpd", "qmgr", ...: the last element */
    struct span queue_id; /* also "NOQUEUE" */
    struct span other_id; /* of another message: orig_id= of pickup, the notification of bounce */
    struct span severity; /* "warning", "error", "fatal", "panic"; else absent */
    struct span to;       /* without <> */
    struct span from;     /* without <>; present and empty for the null sender: p != NULL */
    struct span relay;    /* host name of relay=, "none" when there was no connection */
    struct span relay_ip;
    struct span relayhost;   /* the smarthost that a delivery went to or failed at; absent: none */
    struct span dsn;         /* "4.7.8" */
    struct span tls_trust;   /* "Verified", "Trusted", "Untrusted", "Anonymous" */
    struct span tls_version; /* "TLSv1.3" */
    struct span tls_cipher;
    struct span tls_peer; /* host of the TLS line */
    struct span sasl_method;
    struct span sasl_username;
    struct span client; /* name of client=, "connect from" */
    struct span client_ip;
    struct span message_id; /* with its <> */
    struct span text; /* the free text: in (...) of a status, after "warning: ", after "reject: " */
    struct span message; /* all that stands behind "daemon[pid]: " */
};

/* Words for kinds ("delivery") and statuses ("sent", "" for none). Static. */
const char *mailev_kind_name(enum mailev_kind kind);
const char *mailev_status_name(enum mailev_status status);

#endif
