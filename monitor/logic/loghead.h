/* The head of a log line: time stamp, host, tag. Finds out which daemon of Postfix wrote the line
 * and where its message begins. Pure apart from the time zone (logtime.h). */
#ifndef LOGIC_LOGHEAD_H
#define LOGIC_LOGHEAD_H

#include "logtime.h"
#include "mailev.h"

/* Daemons by what their lines look like. */
enum loghead_daemon {
    LOGHEAD_FOREIGN, /* not of Postfix */
    LOGHEAD_UNKNOWN, /* of Postfix by its tag, no daemon that is known */
    LOGHEAD_SMTP,    /* smtp, lmtp */
    LOGHEAD_SMTPD,
    LOGHEAD_CLEANUP,
    LOGHEAD_QMGR,
    LOGHEAD_BOUNCE,
    LOGHEAD_POSTSCREEN,
    LOGHEAD_POSTSUPER,
    LOGHEAD_MASTER,
    LOGHEAD_SCRIPT, /* postfix-script */
    LOGHEAD_AGENT,  /* local, virtual, pipe, error, discard: deliveries and little else */
    LOGHEAD_MISC,   /* all others */
};

/* What is remembered from line to line; zero it before the first. The caller keeps it. */
struct loghead_last {
    struct logtime time;
    char start[72]; /* "HOST postfix/" of the last line, as most lines share it, ... */
    uint8_t length; /* ... and its length; 0: none yet */
};

/* Reads the head of `line` and fills time_ms, host, instance, daemon, pid and message of *out.
 * Understood: RFC 3164 and RFC 3339 stamps, RFC 5424 lines, a <priority> before any of them, lines
 * without a host name or without stamp and host, a severity word or facility.level between host and
 * tag, `name |` of container logs before the stamp. The tag is NAME/DAEMON[PID]: with any NAME,
 * DAEMON being one of Postfix's. */
enum loghead_daemon loghead_parse(struct span line, struct loghead_last *last, int64_t now_ms,
                                  struct mailev *out);

#endif
