/* See logreason.h. Texts are recognised where they begin; only in a server's reply, behind its
 * code, is text searched for, and that can only add COUNTER_LIMIT_HITS. The texts stand in
 * Postfix's smtp_connect.c, smtp_proto.c, smtp_addr.c, smtp_trouble.c and smtp_sasl_glue.c. */
#include "logreason.h"

#include <string.h>

#include "logfield.h"

enum { WORDS_MOST = 1024 }; /* of a reply that are looked at for a limit */

/* Postfix prints strerror(): glibc's, musl's and BSD's wording. */
static counter_set of_errno(struct span error) {
    if (STARTS(error, "Connection timed out") || STARTS(error, "Operation timed out"))
        return COUNTER_BIT(COUNTER_TIMEOUTS);
    if (STARTS(error, "Connection refused") || STARTS(error, "No route to host") ||
        STARTS(error, "Network is unreachable") || STARTS(error, "Network unreachable") ||
        STARTS(error, "Host is unreachable"))
        return COUNTER_BIT(COUNTER_REFUSED);
    return 0;
}

/* `s` stands behind "connect to ". */
static counter_set of_connect(struct span s) {
    struct logfield_peer peer = logfield_peer(s);

    if (peer.length == 0)
        return 0;
    s = logfield_from(s, peer.length);
    return STARTS(s, ": ") ? of_errno(logfield_from(s, 2)) : 0;
}

/* Behind the name[ip] of a server; absent when there is none. */
static struct span behind_server(struct span s) {
    struct logfield_peer peer = logfield_peer(s);
    const char *space;

    if (peer.length > 0)
        return logfield_from(s, peer.length);
    space = memchr(s.p, ' ', s.n);
    return space != NULL ? logfield_from(s, (size_t)(space - s.p)) : (struct span){NULL, 0};
}

/* Does the word before, or what follows, the first `anchor` say what is too much? */
static bool has_words(struct span text, const char *anchor, const char *const words[], size_t count,
                      bool is_before) {
    const char *found = span_find(text, anchor);
    struct span side;

    if (found == NULL)
        return false;
    if (is_before)
        side = (struct span){text.p, (size_t)(found - text.p)};
    else
        side = logfield_from(text, (size_t)(found - text.p) + strlen(anchor));
    for (size_t i = 0; i < count; i++) {
        struct span word = span_of(words[i]);

        if (side.n >= word.n &&
            memcmp(is_before ? side.p + side.n - word.n : side.p, word.p, word.n) == 0)
            return true;
    }
    return false;
}

static bool is_blank(char c) {
    return c == ' ' || c == '?' || c == '\t';
}

/* Where a reply of several lines goes on behind the blanks, and the code that it repeats, at s[i];
 * newlines are logged as '?' or ' '. `code`: the three digits that it begins with. */
static size_t skip_fold(struct span s, size_t i, const char *code) {
    for (;;) {
        while (i < s.n && is_blank(s.p[i]))
            i++;
        if (s.n - i < 4 || memcmp(s.p + i, code, 3) != 0 ||
            (s.p[i + 3] != '-' && !is_blank(s.p[i + 3])))
            return i;
        i += 4;
        while (i < s.n && !is_blank(s.p[i]) && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '.'))
            i++;
    }
}

/* The server's own words: the beginning of its reply as one line, without the addresses in <>,
 * which are words of strangers. A '<' is closed by the last '>' that is there: an address may have
 * one in quotes. */
static struct span own_words(struct span reply, char out[WORDS_MOST]) {
    const char *close = memrchr(reply.p, '>', reply.n);
    size_t end = close != NULL ? (size_t)(close - reply.p) : 0;
    size_t n = 0, i = 4;

    while (i < reply.n && n < WORDS_MOST) {
        if (reply.p[i] == '<' && i < end) {
            i = end + 1;
            continue;
        }
        if (is_blank(reply.p[i])) {
            i = skip_fold(reply, i, reply.p);
            out[n++] = ' ';
            continue;
        }
        out[n++] = reply.p[i++];
    }
    return (struct span){out, n};
}

/* Texts by which servers say that a quota or a rate of ours is used up; not one of a recipient ("is
 * receiving mail too quickly"). */
static bool has_limit_text(struct span reply) {
    static const char *const exceeded[] = {"limit", "quota", "credits", "rate"};
    static const char *const what[] = {"a limit", "its quota", "your quota", "the limit"};
    static const char *const many[] = {"login attempts", "connections", "recipients", "concurrent"};
    static const char *const unusual[] = {"rate", "amount"};
    char words[WORDS_MOST];
    struct span text = own_words(reply, words);

    return has_words(text, " exceeded", exceeded, sizeof exceeded / sizeof exceeded[0], true) ||
           has_words(text, " exceeded ", what, sizeof what / sizeof what[0], false) ||
           has_words(text, "oo many ", many, sizeof many / sizeof many[0], false) ||
           has_words(text, " unusual ", unusual, sizeof unusual / sizeof unusual[0], false);
}

/* RFC 3463: a '.', the subject and the detail of "4.7.28 ..." behind the class. */
static bool is_detail(struct span reply, const char *detail) {
    size_t n = strlen(detail);

    return reply.n > n && memcmp(reply.p, detail, n) == 0 &&
           (reply.p[n] == ' ' || reply.p[n] < '0' || reply.p[n] > '9');
}

/* `reply` begins with its code: "421-4.7.28 ...". */
static counter_set of_reply(struct span reply) {
    struct span detail;

    if (reply.n < 4 || (reply.p[0] != '4' && reply.p[0] != '5'))
        return 0;
    detail = logfield_from(reply, 4);
    if (detail.n > 1 && (detail.p[0] == '4' || detail.p[0] == '5') && detail.p[1] == '.') {
        detail = logfield_from(detail, 1);
        /* 4.4.5 is a busy system, 5.4.5 Google's daily limit. */
        if (is_detail(detail, ".7.28") || is_detail(detail, ".5.3") ||
            (reply.p[4] == '5' && is_detail(detail, ".4.5")))
            return COUNTER_BIT(COUNTER_LIMIT_HITS);
        /* A full mailbox, a large message, no such address: the recipient's and the sender's
         * matter. */
        if (is_detail(detail, ".2.2") || is_detail(detail, ".2.3") || is_detail(detail, ".3.4") ||
            STARTS(detail, ".1."))
            return 0;
    }
    return has_limit_text(reply) ? COUNTER_BIT(COUNTER_LIMIT_HITS) : 0;
}

/* `s` stands behind "host ". */
static counter_set of_server(struct span s) {
    s = behind_server(s);
    if (STARTS(s, " said: "))
        return of_reply(logfield_from(s, 7));
    if (STARTS(s, " refused to talk to me: "))
        return of_reply(logfield_from(s, 24));
    return 0;
}

/* `s` stands behind "authentication failed". */
static counter_set of_login(struct span s) {
    counter_set set = COUNTER_BIT(COUNTER_AUTH_FAILURES);

    if (STARTS(s, "; server ")) {
        s = behind_server(logfield_from(s, 9));
        if (STARTS(s, " said: "))
            set |= of_reply(logfield_from(s, 7));
    }
    return set;
}

static bool is_tls(struct span text) {
    return STARTS(text, "TLS is required, but ") || STARTS(text, "Cannot start TLS") ||
           STARTS(text, "Server certificate ") ||
           STARTS(text, "client TLS configuration problem") ||
           STARTS(text, "Sender requested REQUIRETLS, but ");
}

/* Old versions put "delivery via H[IP]:PORT: " before the text of a verbose delivery. */
static struct span skip_via(struct span s) {
    struct logfield_peer peer;

    if (!STARTS(s, "delivery via "))
        return s;
    peer = logfield_peer(logfield_from(s, 13));
    if (peer.length == 0 || !STARTS(logfield_from(s, 13 + peer.length), ": "))
        return s;
    return logfield_from(s, 13 + peer.length + 2);
}

/* qmgr(8) puts this before the text of the delivery that failed, each time it does so again:
 * src/qmgr/qmgr_deliver.c. */
static struct span skip_suspended(struct span s) {
    while (STARTS(s, "delivery temporarily suspended: "))
        s = logfield_from(s, 32);
    return s;
}

counter_set logreason_counters(struct span text) {
    struct span s = skip_via(skip_suspended(text));

    if (s.n < 8)
        return 0;
    switch (s.p[0]) {
    case 'S':
        if (STARTS(s, "SASL authentication failed"))
            return of_login(logfield_from(s, 26));
        if (STARTS(s, "SASL [CACHED] authentication failed"))
            return of_login(logfield_from(s, 35));
        break;
    case 'H':
        if (STARTS(s, "Host or domain name not found"))
            return COUNTER_BIT(COUNTER_DNS_ERRORS);
        break;
    case 'N':
        if (STARTS(s, "Name service error for "))
            return COUNTER_BIT(COUNTER_DNS_ERRORS);
        break;
    case 'u':
        if (STARTS(s, "unable to look up host "))
            return COUNTER_BIT(COUNTER_DNS_ERRORS);
        break;
    case 'c':
        if (STARTS(s, "connect to "))
            return of_connect(logfield_from(s, 11));
        if (STARTS(s, "conversation with ") &&
            STARTS(behind_server(logfield_from(s, 18)), " timed out"))
            return COUNTER_BIT(COUNTER_TIMEOUTS);
        break;
    case 'h':
        if (STARTS(s, "host "))
            return of_server(logfield_from(s, 5));
        break;
    default:
        break;
    }
    return is_tls(s) ? COUNTER_BIT(COUNTER_TLS_ERRORS) : 0;
}
