/* The head of a log line: time stamp, host, tag. Finds out which daemon of Postfix wrote the line
 * and where its message begins. Pure apart from the time zone (logtime.h). */
#ifndef LOGIC_LOGHEAD_H
#define LOGIC_LOGHEAD_H

#include <stdbool.h>

#include "logtime.h"
#include "mailev.h"

/* Daemons by what their lines look like. */
enum loghead_daemon {
    LOGHEAD_FOREIGN, /* not of Postfix */
    LOGHEAD_UNKNOWN, /* of Postfix by its tag, no daemon that is known */
    LOGHEAD_SMTP,    /* smtp, lmtp */
    LOGHEAD_SMTPD,   /* also qmqpd */
    LOGHEAD_CLEANUP,
    LOGHEAD_QMGR,
    LOGHEAD_BOUNCE,
    LOGHEAD_POSTSCREEN,
    LOGHEAD_POSTSUPER,
    LOGHEAD_MASTER,
    LOGHEAD_SCRIPT, /* postfix-script */
    LOGHEAD_ERROR,  /* error, retry: say of a delivery what smtp(8) met */
    LOGHEAD_TLSPROXY,
    LOGHEAD_AGENT, /* local, virtual, pipe, discard: deliveries and little else */
    LOGHEAD_MISC,  /* all others */
};

/* What is remembered from line to line; zero it before the first. The caller keeps it. */
struct loghead_last {
    struct logtime time;
    char start[72]; /* "HOST postfix/" of the last line, as most lines share it, ... */
    uint8_t length; /* ... and its length; 0: none yet */
};

/* Reads the head of `line` and fills time_ms, host, instance, daemon, pid and message of *out.
 * Understood: the stamps of logtime.h, RFC 5424 lines, a <priority> before any of them, lines
 * without a host name or without stamp and host, a severity word or facility.level between host and
 * tag, before the stamp `name |` of container logs, and a second stamp with `stdout F`. The tag is
 * NAME/DAEMON[PID]: with any NAME, DAEMON being one of Postfix's; metalog's is [NAME/DAEMON]. Of
 * another's line, `text` is the tag and what follows it. */
enum loghead_daemon loghead_parse(struct span line, struct loghead_last *last, int64_t now_ms,
                                  struct mailev *out);

/* Is this the name of a daemon or command of Postfix as it stands in a tag: "postfix/smtp",
 * "mta-out/qmgr", "postmap"? */
bool loghead_is_postfix(struct span name);

#endif
