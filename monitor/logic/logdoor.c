/* See logdoor.h. */
#include "logdoor.h"

#include <string.h>

#include "logenvelope.h"
#include "logfield.h"

static void count(struct mailev *out, enum counter counter) {
    out->counters |= COUNTER_BIT(counter);
}

/* "name[ip]: SASL LOGIN authentication failed: text, sasl_username=name" behind "warning: ",
 * src/smtpd/smtpd_sasl_glue.c; method and name are the client's words. */
static bool parse_login_failure(struct span s, struct mailev *out) {
    struct logfield_peer peer = s.n > 0 ? logfield_peer(s) : (struct logfield_peer){0};
    struct span rest;
    const char *found;

    if (peer.length == 0)
        return false;
    s = logfield_from(s, peer.length);
    if (!STARTS(s, ": SASL "))
        return false;
    s = logfield_from(s, 7);
    found = memchr(s.p, ' ', s.n);
    if (found == NULL)
        return false;
    rest = logfield_from(s, (size_t)(found - s.p));
    if (!STARTS(rest, " authentication failed"))
        return false;
    logfield_take_client(peer, out);
    out->sasl_method = (struct span){s.p, (size_t)(found - s.p)};
    found = span_find(s, ", sasl_username=");
    if (found != NULL)
        out->sasl_username = logfield_from(s, (size_t)(found - s.p) + 16);
    out->kind = MAILEV_AUTH_FAILURE;
    count(out, COUNTER_INBOUND_AUTH_FAILURES);
    return true;
}

/* The length of the address that *s begins with; a ':' and a space, or the end, are behind it. */
static size_t address_length(struct span s) {
    size_t n = 0;

    while (n < s.n && s.p[n] != ' ' && (s.p[n] != ':' || (n + 1 < s.n && s.p[n + 1] != ' ')))
        n++;
    return n;
}

/* "hostname NAME does not resolve to address ADDRESS", and as old versions say it "ADDRESS:
 * hostname NAME verification failed: ...", "ADDRESS: address not listed for hostname NAME";
 * src/smtpd/smtpd_peer.c. */
static bool parse_name_mismatch(struct span s, struct mailev *out) {
    static const char resolve[] = " does not resolve to address ";
    struct span name = s;
    const char *found;
    size_t n;

    if (STARTS(s, "hostname ")) {
        name = logfield_from(s, 9);
        found = span_find(name, resolve);
        if (found == NULL)
            return false;
        out->client = (struct span){name.p, (size_t)(found - name.p)};
        s = logfield_from(s, (size_t)(found - s.p) + sizeof resolve - 1);
        out->client_ip = (struct span){s.p, address_length(s)};
        return true;
    }
    n = address_length(s);
    name = logfield_from(s, n);
    if (STARTS(name, ": hostname "))
        name = logfield_from(name, 11);
    else if (STARTS(name, ": address not listed for hostname "))
        name = logfield_from(name, 34);
    else
        return false;
    out->client_ip = (struct span){s.p, n};
    out->client = (struct span){name.p, logscan_find(name, ' ')};
    return true;
}

/* The warnings of smtpd(8) that name a client. */
void logdoor_warning(struct span s, struct mailev *out) {
    struct logfield_peer peer;

    if (s.n == 0 || parse_login_failure(s, out) || parse_name_mismatch(s, out))
        return;
    peer = logfield_peer(s);
    if (peer.length > 0 && STARTS(logfield_from(s, peer.length), ": "))
        logfield_take_client(peer, out);
    else
        logfield_find_client(s, out);
}

/* Of cleanup(8)'s "header Subject: TEXT from name[ip]" (or body, mime-error) at the start of `s`,
 * within `text`, the client is the one named at the end, if there is one: what it wrote comes
 * before. False: `s` is not of that kind. */
static bool take_last_client(struct span s, struct span text, struct mailev *out) {
    const char *open, *space;

    if (!STARTS(s, "header ") && !STARTS(s, "body ") && !STARTS(s, "mime-error ") &&
        !STARTS(s, "content "))
        return false;
    if (!ENDS(text, "]"))
        return true;
    open = memrchr(text.p, '[', text.n);
    space = open != NULL ? memrchr(text.p, ' ', (size_t)(open - text.p)) : NULL;
    if (space != NULL && ENDS(((struct span){text.p, (size_t)(space - text.p)}), " from"))
        logfield_take_client(logfield_peer(logfield_from(text, (size_t)(space + 1 - text.p))), out);
    return true;
}

/* "reject: RCPT from name[ip]: 554 5.7.1 text; from=<> to=<> proto=ESMTP helo=<>" of smtpd(8) and
 * postscreen(8), "reject: header Subject: ... from name[ip]; from=<> ..." of cleanup(8). `s` begins
 * with the action, `n` is its length. */
static void parse_reject(struct span s, size_t n, struct mailev *out) {
    struct logfield_peer peer;
    size_t at = 0;
    bool is_proxy = STARTS(s, "proxy-");

    out->kind = MAILEV_REJECTED;
    count(out, COUNTER_REJECTED);
    s = logfield_from(s, n);
    out->text = logenvelope_take(s, out);
    if (take_last_client(s, out->text, out))
        return;
    if (is_proxy) /* its reply may name whom it likes */
        return;
    peer = logfield_from_peer(out->text, &at);
    logfield_take_client(peer, out);
    if (peer.length > 0 && STARTS(logfield_from(out->text, at), ": "))
        out->text = logfield_from(out->text, at + 2);
}

/* "QID: action: ..." of smtpd(8) and cleanup(8): log_whatsup() in smtpd_check.c, cleanup_message.c.
 */
static bool parse_action(struct span s, struct mailev *out) {
    static const char *const notes[] = {
        "warning",        "warn",         "info",    "hold",    "discard",  "filter", "bcc",
        "delay",          "redirect",     "prepend", "replace", "strip",    "hangup", "abort",
        "reject_warning", "proxy-accept", "permit",  "removed", "replacing"};
    struct span word = {s.p, 0};
    bool is_note;

    while (word.n < s.n && word.n < 24 && s.p[word.n] != ':' && s.p[word.n] != ' ')
        word.n++;
    if (word.n + 1 < s.n && s.p[word.n] == ':' &&
        (IS(word, "reject") || IS(word, "milter-reject") || IS(word, "proxy-reject") ||
         IS(word, "milter-header-reject") || IS(word, "milter-body-reject"))) {
        parse_reject(s, word.n + 2, out);
        return true;
    }
    is_note = STARTS(word, "milter-"); /* milter-hold, milter-header-redirect, ... */
    for (size_t i = 0; !is_note && i < sizeof notes / sizeof notes[0]; i++)
        is_note = span_is(word, notes[i]);
    if (!is_note)
        return false;
    out->kind = MAILEV_NOTE;
    if (IS(word, "hold") || IS(word, "milter-hold"))
        out->act = MAILEV_ACT_HELD;
    else if (IS(word, "discard") || IS(word, "milter-discard"))
        out->act = MAILEV_ACT_DISCARDED;
    out->text = logenvelope_take(s, out);
    s = logfield_from(s, word.n + 2 <= s.n ? word.n + 2 : s.n);
    /* A proxy's reply may name whom it likes. */
    if (!STARTS(word, "proxy-") && !take_last_client(s, out->text, out))
        logfield_find_client(out->text, out);
    return true;
}

/* `s` is "WORDS name[ip]..." where the words, which end with " from ", take n bytes. */
static void take_client_behind(struct span s, size_t n, struct mailev *out) {
    struct logfield_peer peer = logfield_peer(logfield_from(s, n));

    if (peer.length > 0)
        logfield_take_client(peer, out);
    else
        logfield_find_client(s, out);
}

/* Is `s`, which says how a session ended, about one that was in the middle of a message? "after
 * DATA (123 bytes) from name[ip]", src/smtpd/smtpd.c; behind the end of it the words are others. */
static bool is_in_message(struct span s) {
    const char *found = span_find(s, " after ");

    if (found == NULL)
        return false;
    s = logfield_from(s, (size_t)(found - s.p) + 7);
    return STARTS(s, "DATA ") || STARTS(s, "BDAT ");
}

/* What smtpd(8) says of a client's session. */
static bool parse_session(struct span s, struct mailev *out) {
    if (STARTS(s, "connect from ")) {
        out->kind = MAILEV_CONNECT;
        count(out, COUNTER_CONNECTS);
        take_client_behind(s, 13, out);
        return true;
    }
    if (STARTS(s, "disconnect from ")) {
        out->kind = MAILEV_DISCONNECT;
        take_client_behind(s, 16, out);
        return true;
    }
    if (STARTS(s, "lost connection after ") || STARTS(s, "timeout after ") ||
        STARTS(s, "too many errors after ") || STARTS(s, "bare <LF> received after ")) {
        out->kind = MAILEV_DISCONNECT;
        if (is_in_message(s))
            out->act = MAILEV_ACT_CUT;
    } else if (STARTS(s, "improper command pipelining after ") ||
               STARTS(s, "setting up TLS connection from ")) {
        out->kind = MAILEV_NOTE;
    } else {
        return false;
    }
    logfield_find_client(s, out);
    return true;
}

void logdoor_smtpd(struct span s, struct mailev *out) {
    if (s.n > 7 && s.p[0] == 'c' && STARTS(s, "client=")) {
        if (out->queue_id.n > 0) {
            logfield_client(s, out);
            out->kind = MAILEV_CLIENT;
        }
        return;
    }
    if (s.n == 0 || (s.p[0] >= 'A' && s.p[0] <= 'Z')) /* TLS */
        return;
    if (parse_session(s, out))
        return;
    if (out->queue_id.n > 0 || STARTS(s, "proxy-"))
        (void)parse_action(s, out);
}

void logdoor_cleanup(struct span s, struct mailev *out) {
    if (out->queue_id.n == 0)
        return;
    if (STARTS(s, "message-id=")) {
        out->message_id = logfield_from(s, 11);
        out->kind = MAILEV_ACCEPTED;
        count(out, COUNTER_ACCEPTED);
    } else if (STARTS(s, "removed (")) { /* canceled by the client, or discarded: 3.10 and later */
        out->kind = MAILEV_REMOVED;
        out->act = STARTS(s, "removed (discard") ? MAILEV_ACT_DISCARDED : MAILEV_ACT_CANCELED;
        count(out, COUNTER_REMOVED);
    } else if (STARTS(s, "resent-message-id=") || STARTS(s, "canceled")) {
        out->kind = MAILEV_NOTE;
        if (s.p[0] == 'c')
            out->act = MAILEV_ACT_CANCELED;
    } else {
        (void)parse_action(s, out);
    }
}

static bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "uid=0 from=<a@b> orig_id=QID", src/pickup/pickup.c. The address is anybody's, the id is what
 * ends the line. */
void logdoor_pickup(struct span s, struct mailev *out) {
    const char *found;
    size_t id = s.n;

    if (out->queue_id.n == 0 || !STARTS(s, "uid="))
        return;
    out->kind = MAILEV_NOTE;
    found = span_find(s, " from=<");
    if (found == NULL)
        return;
    while (id > 0 && is_alphanumeric(s.p[id - 1]))
        id--;
    if (id < s.n && ENDS(((struct span){s.p, id}), "> orig_id=")) {
        out->other_id = logfield_from(s, id);
        out->act = MAILEV_ACT_RENAMED;
        s.n = id - 9;
    }
    s = logfield_from(s, (size_t)(found - s.p) + 7);
    if (ENDS(s, ">"))
        out->from = (struct span){s.p, s.n - 1};
}

void logdoor_postscreen(struct span s, struct mailev *out) {
    static const char *const notes[] = {
        "PASS ",        "PREGREET ",       "DNSBL ",        "COMMAND ",        "BARE NEWLINE ",
        "NON-SMTP ",    "ALLOWLISTED ",    "DENYLISTED ",   "ALLOWLIST VETO ", "WHITELISTED ",
        "BLACKLISTED ", "WHITELIST VETO ", "DATA without ", "BDAT without ",   "skip "};

    if (STARTS(s, "CONNECT from "))
        out->kind = MAILEV_CONNECT;
    else if (STARTS(s, "DISCONNECT ") || STARTS(s, "HANGUP "))
        out->kind = MAILEV_DISCONNECT;
    else if (STARTS(s, "reject: ")) {
        parse_reject(s, 8, out);
        return;
    }
    for (size_t i = 0; i < sizeof notes / sizeof notes[0] && out->kind == MAILEV_OTHER; i++) {
        if (span_starts(s, notes[i]))
            out->kind = MAILEV_NOTE;
    }
    if (out->kind == MAILEV_OTHER)
        return;
    logfield_find_client(s, out);
    if (out->client_ip.n == 0) { /* "DISCONNECT [ip]:port", "PASS NEW [ip]:port" */
        const char *open = memchr(s.p, '[', s.n);

        if (open != NULL)
            logfield_take_client(logfield_peer(logfield_from(s, (size_t)(open - s.p))), out);
    }
}
