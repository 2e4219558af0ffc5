/* See logline.h. The tag says whose line it is, the first characters of the message what it says.
 * Rules of counting that are not plain from model/counter.h:
 *
 * - A status line of any daemon counts its status. Why it failed (logreason.h) is counted for those
 * that say what smtp(8) met: itself, lmtp(8), and error(8) and old qmgr(8), which put other
 * messages off for what one delivery met ("delivery temporarily suspended").
 * - A line adds one to each counter that it is about, whatever other line tells of the same
 * failure: a refused connect is logged for each address and once more in the status, a TLS failure
 * by the line that explains it and by the status. What one failure comes to is asked of health.h.
 * "No worthy mechs found" is a warning alone: it says which mechanisms, and the line with the
 * refusal follows.
 * - cleanup(8) prints "message-id=" once for each message, also empty, also beside
 * "resent-message-id=".
 * - postscreen(8) hands good clients to smtpd(8), which prints "connect from" again: only that
 * counts.
 * - "warning:" directly behind the tag is a warning; "QID: warning: header ..." of cleanup(8) is a
 * note. */
#include "logline.h"

#include <string.h>

#include "logdoor.h"
#include "logfield.h"
#include "loghead.h"
#include "lognote.h"
#include "logreason.h"

void logline_clock_init(struct logline_clock *clock) {
    memset(clock, 0, sizeof *clock);
}

static void count(struct mailev *out, enum counter counter) {
    out->counters |= COUNTER_BIT(counter);
}

/* Where ": " stands in `s`; s.n if nowhere. */
static size_t find_colon(struct span s) {
    size_t at = 0;

    for (; at < s.n; at++) {
        at += logscan_find(logfield_from(s, at), ':');
        if (at + 1 < s.n && s.p[at + 1] == ' ')
            return at;
    }
    return s.n;
}

/* "[Verified] TLS connection established to name[ip]:port: TLSv1.3 with cipher NAME (256/256
 * bits)...", src/tls/tls_misc.c. A server also prints "from name[ip] to NAME: TLSv1.3 ..." when it
 * was asked for NAME. */
static bool parse_tls(enum loghead_daemon daemon, struct span s, struct mailev *out) {
    struct logfield_peer peer;
    bool is_new, is_client;
    size_t n;

    if (STARTS(s, "Verified ") || STARTS(s, "Trusted ") || STARTS(s, "Untrusted ") ||
        STARTS(s, "Anonymous ")) {
        out->tls_trust = (struct span){s.p, logscan_find(s, ' ')};
        s = logfield_from(s, out->tls_trust.n + 1);
    }
    is_new = STARTS(s, "TLS connection established ");
    if (!is_new && !STARTS(s, "TLS connection reused "))
        return false;
    s = logfield_from(s, is_new ? 27 : 22);
    is_client = STARTS(s, "to ");
    if (!is_client && !STARTS(s, "from "))
        return false;
    s = logfield_from(s, is_client ? 3 : 5);
    n = find_colon(s);
    if (n == s.n)
        return false;
    out->tls_peer = (struct span){s.p, n};
    peer = logfield_peer(out->tls_peer);
    if (peer.length > 0)
        out->tls_peer = peer.name;
    if (is_client) {
        out->relay_ip = peer.ip;
        out->relay_port = peer.port;
    } else {
        logfield_take_client(peer, out);
    }
    s = logfield_from(s, n + 2);
    out->tls_version = (struct span){s.p, logscan_find(s, ' ')};
    s = logfield_from(s, out->tls_version.n);
    if (STARTS(s, " with cipher ")) {
        s = logfield_from(s, 13);
        out->tls_cipher = (struct span){s.p, logscan_find(s, ' ')};
    }
    out->kind = MAILEV_TLS;
    if (is_new && is_client && daemon == LOGHEAD_SMTP)
        count(out, COUNTER_TLS_SESSIONS);
    return true;
}

/* "123:error:14090086:SSL routines:...": the library's error as old versions print it. */
static bool is_library_error(struct span s) {
    size_t n = 0;

    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n > 0 && STARTS(logfield_from(s, n), ":error:");
}

/* Lines that explain a TLS failure; the client is captured on the server's side. tlsproxy(8) serves
 * both sides: what only a client of TLS says is of smtp(8). */
static bool parse_tls_failure(enum loghead_daemon daemon, struct span s, struct mailev *out) {
    if (STARTS(s, "server certificate verification failed for ") ||
        STARTS(s, "CA certificate verification failed for ") ||
        STARTS(s, "client certificate verification failed for ") ||
        STARTS(s, "certificate verification failed for ") || STARTS(s, "cannot load Certificat") ||
        STARTS(s, "cannot set default OpenSSL certificate") ||
        STARTS(s, "cannot set certificate verification paths") || STARTS(s, "SSL_connect error ") ||
        STARTS(s, "SSL_set_fd error to ") || STARTS(s, "SSL_connect:error in ") ||
        STARTS(s, "SSL_connect:failed in ") ||
        STARTS(s, "SMTPS wrappermode (TCP port 465) requires ") || STARTS(s, "verify error:") ||
        STARTS(s, "Server certificate could not be verified") ||
        STARTS(s, "TLS handshake failed for service=") || is_library_error(s)) {
        bool is_connect = STARTS(s, "SSL_connect error ");

        out->kind = MAILEV_TLS_FAILURE;
        if (daemon == LOGHEAD_TLSPROXY && (is_connect || STARTS(s, "server certificate ")))
            daemon = LOGHEAD_SMTP;
        if (daemon != LOGHEAD_SMTP)
            return true;
        count(out, COUNTER_TLS_ERRORS);
        if (is_connect && ENDS(s, ": Connection timed out"))
            count(out, COUNTER_TIMEOUTS);
        return true;
    }
    if (STARTS(s, "SSL_accept error from ") || STARTS(s, "SSL_accept:error in ") ||
        STARTS(s, "SSL_accept:failed in ")) {
        logfield_find_client(s, out);
        out->kind = MAILEV_TLS_FAILURE;
        return true;
    }
    return false;
}

/* "warning: ", "error: ", "fatal: ", "panic: " directly behind the tag, src/util/msg_output.c. A
 * log that was cut or trimmed may have lost the space and what follows. */
static bool parse_severity(enum loghead_daemon daemon, struct span s, struct mailev *out) {
    size_t n;

    if (s.n < 6)
        return false;
    if (s.p[0] < 'e' || s.p[0] > 'w') /* most lines */
        return false;
    if (s.p[0] == 'w' && STARTS(s, "warning:")) {
        n = 7;
        out->kind = MAILEV_WARNING;
    } else if (s.p[0] == 'e' && STARTS(s, "error:")) {
        n = 5;
        out->kind = MAILEV_ERROR;
    } else if ((s.p[0] == 'f' && STARTS(s, "fatal:")) || (s.p[0] == 'p' && STARTS(s, "panic:"))) {
        n = 5;
        out->kind = MAILEV_FATAL;
    } else {
        return false;
    }
    if (s.n > n + 1 && s.p[n + 1] != ' ') {
        out->kind = MAILEV_OTHER;
        return false;
    }
    if (out->kind == MAILEV_WARNING)
        count(out, COUNTER_WARNINGS);
    else if (out->kind == MAILEV_FATAL)
        count(out, COUNTER_FATALS);
    out->severity = (struct span){s.p, n};
    out->text = s = logfield_from(s, n + 2 < s.n ? n + 2 : s.n);
    out->queue_id = logfield_queue_id(s);
    s = logfield_behind_id(s, out->queue_id);
    if (out->kind != MAILEV_WARNING)
        return true;
    if (STARTS(s, "TLS library problem: ")) {
        out->kind = MAILEV_TLS_FAILURE;
        if (daemon == LOGHEAD_SMTP)
            count(out, COUNTER_TLS_ERRORS);
    } else if (parse_tls_failure(daemon, s, out)) {
        out->kind = MAILEV_TLS_FAILURE;
    } else if (daemon == LOGHEAD_SMTPD) {
        logdoor_warning(s, out);
    }
    return true;
}

static void parse_qmgr(struct span s, struct mailev *out) {
    struct span rest;

    if (out->queue_id.n == 0)
        return;
    if (IS(s, "removed")) {
        out->kind = MAILEV_REMOVED;
        count(out, COUNTER_REMOVED);
    } else if (STARTS(s, "from=") && logfield_sender(s, out, &rest)) {
        if (STARTS(rest, "size=") || STARTS(rest, "nrcpt=")) {
            out->kind = MAILEV_QUEUED;
            if (ENDS(rest, " (queue active)") || span_find(rest, " (queue active)") != NULL)
                count(out, COUNTER_QUEUED);
        } else if (STARTS(rest, "status=expired, ") || STARTS(rest, "status=force-expired, ")) {
            out->status = MAILEV_STATUS_EXPIRED;
            out->kind = MAILEV_EXPIRED;
            count(out, COUNTER_EXPIRED);
        }
    } else if (STARTS(s, "skipped, still being delivered") || STARTS(s, "enabling VERP ")) {
        out->kind = MAILEV_NOTE;
    }
}

static void parse_bounce(struct span s, struct mailev *out) {
    const char *found;

    if (out->queue_id.n > 0 && (STARTS(s, "sender ") || STARTS(s, "postmaster ")) &&
        (found = span_find(s, " notification: ")) != NULL) {
        out->text = out->other_id = logfield_from(s, (size_t)(found - s.p) + 15);
        out->kind = MAILEV_BOUNCE_NOTICE;
    } else if (out->queue_id.n > 0 &&
               (STARTS(s, "not sending trace") || STARTS(s, "no trace file"))) {
        out->kind = MAILEV_NOTE;
    }
}

/* What smtp(8) says of a message that is no failure. Header and body checks of smtp(8):
 * src/global/header_body_checks.c, smtp_hbc_logger() in src/smtp/smtp_proto.c. */
static bool is_smtp_note(struct span s) {
    return STARTS(s, "enabling PIX workarounds") || STARTS(s, "breaking line > ") ||
           STARTS(s, "replacing server reply ") || STARTS(s, "Sender requested REQUIRETLS") ||
           STARTS(s, "replace: ") || STARTS(s, "prepend: ") || STARTS(s, "strip: ") ||
           STARTS(s, "ignore: ") || STARTS(s, "info: ") || STARTS(s, "warning: ") ||
           STARTS(s, "passing <");
}

/* smtp(8) and lmtp(8), but for status lines. */
static void parse_smtp(struct span s, struct mailev *out) {
    if (out->queue_id.n > 0) {
        out->kind = is_smtp_note(s) ? MAILEV_NOTE : MAILEV_ATTEMPT;
        if (out->kind == MAILEV_NOTE)
            return;
    } else if (IS(s, "server configuration error")) { /* smtp_bind_address */
        out->kind = MAILEV_ATTEMPT;
    } else if (STARTS(s, "connect to ")) {
        struct logfield_peer peer = logfield_peer(logfield_from(s, 11));

        out->relay = peer.name;
        out->relay_ip = peer.ip;
        out->relay_port = peer.port;
        out->kind = MAILEV_ATTEMPT;
    } else {
        return;
    }
    out->counters |= logreason_counters(s);
}

static void parse_postsuper(struct span s, struct mailev *out) {
    static const char *const notes[] = {
        "requeued",        "placed on hold", "released from hold", "expired",
        "Requeued: ",      "Deleted: ",      "Placed on",          "Released from",
        "Force-expired: ", "Renamed to",     "removed file "};

    if (out->queue_id.n > 0 && IS(s, "removed")) {
        out->kind = MAILEV_REMOVED;
        count(out, COUNTER_REMOVED);
        return;
    }
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        if (span_starts(s, notes[i]))
            out->kind = MAILEV_NOTE;
    }
    if (out->queue_id.n > 0 && IS(s, "placed on hold"))
        out->act = MAILEV_ACT_HELD;
    else if (out->queue_id.n > 0 && IS(s, "released from hold"))
        out->act = MAILEV_ACT_RELEASED;
}

static void parse_master(struct span s, struct mailev *out) {
    if (STARTS(s, "daemon started") || STARTS(s, "reload ") ||
        STARTS(s, "terminating on signal ") || STARTS(s, "starting the Postfix mail system") ||
        STARTS(s, "stopping the Postfix") || STARTS(s, "refreshing the Postfix") ||
        STARTS(s, "aborting the Postfix") || STARTS(s, "waiting for the Postfix") ||
        STARTS(s, "the Postfix mail system is ") || STARTS(s, "master exit time has arrived"))
        out->kind = MAILEV_LIFECYCLE;
}

/* "QID: to=<...>, ..., status=WORD (text)" of any daemon. */
static bool parse_delivery(enum loghead_daemon daemon, struct span s, struct mailev *out) {
    static const counter_set sets[MAILEV_STATUS_OTHER + 1] = {
        [MAILEV_STATUS_SENT] = COUNTER_BIT(COUNTER_SENT),
        [MAILEV_STATUS_DEFERRED] = COUNTER_BIT(COUNTER_DEFERRED),
        [MAILEV_STATUS_BOUNCED] = COUNTER_BIT(COUNTER_BOUNCED),
        [MAILEV_STATUS_EXPIRED] = COUNTER_BIT(COUNTER_EXPIRED)};

    if (!logfield_delivery(s, out))
        return false;
    out->kind = MAILEV_DELIVERY;
    out->counters |= sets[out->status];
    if (out->status == MAILEV_STATUS_SENT)
        return true;
    if ((daemon == LOGHEAD_SMTP || daemon == LOGHEAD_ERROR || daemon == LOGHEAD_QMGR) &&
        sets[out->status] != 0)
        out->counters |= logreason_counters(out->text);
    return true;
}

/* A delivery in a log that somebody has shortened or made anonymous: "QID: user@example.com,
 * relay=", "QID: relay=", "QID: status=". So also is "QID: status=deferred (bounce failed)": the
 * report to the sender could not be made and the whole message waits; src/global/bounce.c. */
static bool is_bare_delivery(struct span s) {
    size_t n;

    if (STARTS(s, "relay=") || STARTS(s, "status="))
        return true;
    n = logscan_find(s, ' ');
    return n > 1 && n < s.n && s.p[n - 1] == ',' &&
           (STARTS(logfield_from(s, n + 1), "relay=") ||
            STARTS(logfield_from(s, n + 1), "orig_to="));
}

static void parse_by_daemon(enum loghead_daemon daemon, struct span s, struct mailev *out) {
    switch (daemon) {
    case LOGHEAD_SMTP:
        parse_smtp(s, out);
        break;
    case LOGHEAD_SMTPD:
        logdoor_smtpd(s, out);
        break;
    case LOGHEAD_CLEANUP:
        logdoor_cleanup(s, out);
        break;
    case LOGHEAD_QMGR:
        parse_qmgr(s, out);
        break;
    case LOGHEAD_BOUNCE:
        parse_bounce(s, out);
        break;
    case LOGHEAD_POSTSCREEN:
        logdoor_postscreen(s, out);
        break;
    case LOGHEAD_POSTSUPER:
        parse_postsuper(s, out);
        break;
    case LOGHEAD_MASTER:
    case LOGHEAD_SCRIPT:
        parse_master(s, out);
        break;
    default:
        break;
    }
}

/* What commands print on their standard error, as the journal has it: "postfix[1]: postfix/postlog:
 * starting the Postfix mail system", "postfix[1]: /usr/sbin/postconf: warning: ...". */
static struct span skip_program(struct span s) {
    size_t n = logscan_find(s, ' ');
    struct span name = {s.p, n > 0 ? n - 1 : 0};
    const char *slash = name.n > 0 ? memrchr(name.p, '/', name.n) : NULL;

    if (n == s.n || name.n == 0 || s.p[n - 1] != ':')
        return s;
    if (slash != NULL)
        name = logfield_from(name, (size_t)(slash + 1 - name.p));
    return STARTS(name, "post") ? logfield_from(s, n + 1) : s;
}

static void parse_message(enum loghead_daemon daemon, struct mailev *out) {
    struct span s = out->message;
    struct span id;

    out->kind = MAILEV_OTHER;
    if (daemon == LOGHEAD_MASTER && out->instance.n == 0)
        out->message = s = skip_program(s);
    if (parse_severity(daemon, s, out))
        return;
    id = logfield_queue_id(s);
    out->queue_id = id;
    out->text = s = logfield_behind_id(s, id);
    if (s.n == 0)
        return;
    if (id.n > 0 && STARTS(s, "to=")) {
        if (parse_delivery(daemon, s, out))
            return;
    } else {
        parse_by_daemon(daemon, s, out);
    }
    if (id.n > 0 && (out->kind == MAILEV_OTHER || out->kind == MAILEV_ATTEMPT) &&
        is_bare_delivery(s) && parse_delivery(daemon, s, out))
        return;
    if (out->kind != MAILEV_OTHER || daemon == LOGHEAD_UNKNOWN)
        return;
    if (parse_tls(daemon, s, out) || parse_tls_failure(daemon, s, out))
        return;
    if (lognote_is(s)) {
        out->kind = MAILEV_NOTE;
        logdoor_pickup(s, out);
    }
}

/* gcc would put `rep stosq` for a memset() of this length, which takes three times as long as the
 * C library's. */
static void *(*const volatile clear)(void *, int, size_t) = memset;

void logline_parse(struct span line, struct logline_clock *clock, struct mailev *out) {
    enum loghead_daemon daemon;

    clear(out, 0, sizeof *out);
    out->counters = COUNTER_BIT(COUNTER_LINES);
    out->delay_us = -1;
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        out->delays_us[i] = -1;
    while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    daemon = loghead_parse(line, &clock->last, clock->now_ms, out);
    if (daemon == LOGHEAD_FOREIGN)
        out->kind = MAILEV_FOREIGN;
    else
        parse_message(daemon, out);
    if (out->kind == MAILEV_FOREIGN || out->kind == MAILEV_OTHER)
        count(out, COUNTER_UNPARSED);
}
