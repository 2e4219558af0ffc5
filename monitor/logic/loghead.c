/* See loghead.h. The common shapes are taken in one go, token by token; a token that ends with a
 * colon is the tag, and the search ends there: what follows is somebody's text and is never
 * searched for a tag. */
#include "loghead.h"

#include <string.h>
#include <strings.h>

#include "logfield.h"

struct name {
    const char *text;
    enum loghead_daemon daemon;
};

enum {
    SHORTEST = 4,
    LONGEST = 18,
    TOKENS_BEFORE_TAG = 3, /* host and level, or what a container runtime puts there */
    STAMPS_MOST = 2,       /* its own, and one that a container runtime puts before it */
};

/* By length, the busy ones first. */
static const struct name names4[] = {{"smtp", LOGHEAD_SMTP},
                                     {"qmgr", LOGHEAD_QMGR},
                                     {"lmtp", LOGHEAD_SMTP},
                                     {"pipe", LOGHEAD_AGENT},
                                     {NULL, LOGHEAD_UNKNOWN}};
static const struct name names5[] = {
    {"smtpd", LOGHEAD_SMTPD}, {"local", LOGHEAD_AGENT}, {"error", LOGHEAD_ERROR},
    {"anvil", LOGHEAD_MISC},  {"showq", LOGHEAD_MISC},  {"flush", LOGHEAD_MISC},
    {"spawn", LOGHEAD_MISC},  {"qmqpd", LOGHEAD_SMTPD}, {"oqmgr", LOGHEAD_QMGR},
    {"nqmgr", LOGHEAD_QMGR},  {"retry", LOGHEAD_ERROR}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names6[] = {{"pickup", LOGHEAD_MISC},   {"bounce", LOGHEAD_BOUNCE},
                                     {"master", LOGHEAD_MASTER}, {"verify", LOGHEAD_MISC},
                                     {"scache", LOGHEAD_MISC},   {"tlsmgr", LOGHEAD_MISC},
                                     {NULL, LOGHEAD_UNKNOWN}};
static const struct name names7[] = {
    {"cleanup", LOGHEAD_CLEANUP}, {"virtual", LOGHEAD_AGENT},  {"discard", LOGHEAD_AGENT},
    {"dnsblog", LOGHEAD_MISC},    {"postfix", LOGHEAD_MASTER}, {"postmap", LOGHEAD_MISC},
    {"postlog", LOGHEAD_MISC},    {"postcat", LOGHEAD_MISC},   {NULL, LOGHEAD_UNKNOWN}};
static const struct name names8[] = {
    {"tlsproxy", LOGHEAD_TLSPROXY}, {"proxymap", LOGHEAD_MISC}, {"postlogd", LOGHEAD_MISC},
    {"sendmail", LOGHEAD_MISC},     {"postdrop", LOGHEAD_MISC}, {"postconf", LOGHEAD_MISC},
    {"postlock", LOGHEAD_MISC},     {"postkick", LOGHEAD_MISC}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names9[] = {{"postsuper", LOGHEAD_POSTSUPER},
                                     {"postqueue", LOGHEAD_MISC},
                                     {"postalias", LOGHEAD_MISC},
                                     {"postmulti", LOGHEAD_MISC},
                                     {NULL, LOGHEAD_UNKNOWN}};
static const struct name names10[] = {
    {"postscreen", LOGHEAD_POSTSCREEN}, {"proxywrite", LOGHEAD_MISC}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names12[] = {{"post-install", LOGHEAD_MISC}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names13[] = {{"nbdb_reindexd", LOGHEAD_MISC}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names14[] = {
    {"postfix-script", LOGHEAD_SCRIPT}, {"posttls-finger", LOGHEAD_MISC}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names15[] = {
    {"trivial-rewrite", LOGHEAD_MISC}, {"postfix-wrapper", LOGHEAD_MISC}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names16[] = {{"postmulti-script", LOGHEAD_MISC}, {NULL, LOGHEAD_UNKNOWN}};
static const struct name names18[] = {{"postfix-tls-script", LOGHEAD_MISC},
                                      {NULL, LOGHEAD_UNKNOWN}};
static const struct name *const names[LONGEST + 1] = {
    [4] = names4,   [5] = names5,   [6] = names6,   [7] = names7,   [8] = names8,
    [9] = names9,   [10] = names10, [12] = names12, [13] = names13, [14] = names14,
    [15] = names15, [16] = names16, [18] = names18};

static enum loghead_daemon daemon_of(struct span name) {
    const struct name *n;

    if (name.n < SHORTEST || name.n > LONGEST || names[name.n] == NULL)
        return LOGHEAD_UNKNOWN;
    for (n = names[name.n]; n->text != NULL; n++) {
        if (memcmp(n->text, name.p, name.n) == 0)
            break;
    }
    return n->daemon;
}

static void skip_spaces(struct span *s) {
    while (s->n > 0 && s->p[0] == ' ')
        *s = logfield_from(*s, 1);
}

/* The text up to the first space; moves *s behind it and the spaces that follow. */
static struct span take_token(struct span *s) {
    struct span token = {s->p, logscan_find(*s, ' ')};

    *s = logfield_from(*s, token.n);
    skip_spaces(s);
    return token;
}

/* "name/daemon" or, of the commands that log before they have read their configuration, "postmap".
 * journalctl's short-with-unit shows the unit in place of the tag, and nobody knows which daemon.
 */
static enum loghead_daemon parse_name(struct span name, struct mailev *out) {
    const char *slash = name.n > 0 ? memrchr(name.p, '/', name.n) : NULL;
    enum loghead_daemon daemon;

    if (STARTS(name, "postfix@") || IS(name, "postfix.service")) {
        out->instance = name;
        return LOGHEAD_UNKNOWN;
    }
    if (slash == NULL) {
        daemon = daemon_of(name);
        if (daemon == LOGHEAD_UNKNOWN || !STARTS(name, "post"))
            return LOGHEAD_FOREIGN;
        out->daemon = name;
        return daemon;
    }
    out->instance = (struct span){name.p, (size_t)(slash - name.p)};
    out->daemon = logfield_from(name, out->instance.n + 1);
    daemon = daemon_of(out->daemon);
    if (daemon == LOGHEAD_UNKNOWN && !STARTS(name, "postfix")) {
        out->instance = out->daemon = (struct span){NULL, 0};
        return LOGHEAD_FOREIGN;
    }
    return daemon;
}

bool loghead_is_postfix(struct span name) {
    struct mailev unused;

    return parse_name(name, &unused) != LOGHEAD_FOREIGN;
}

/* `tag` is "name/daemon[pid]" or "name/daemon". */
static enum loghead_daemon parse_tag(struct span tag, struct mailev *out) {
    uint64_t pid = 0;

    if (tag.n > 0 && tag.p[tag.n - 1] == ']') {
        const char *open = memrchr(tag.p, '[', tag.n);

        if (open == NULL)
            return LOGHEAD_FOREIGN;
        if (!text_u64((struct span){open + 1, (size_t)(tag.p + tag.n - 1 - (open + 1))}, 0,
                      UINT32_MAX, &pid))
            return LOGHEAD_FOREIGN;
        tag.n = (size_t)(open - tag.p);
    }
    out->pid = (uint32_t)pid;
    return parse_name(tag, out);
}

/* "mail.info", "INFO", AIX's "mail:info", FreeBSD's "<mail.info>" and "<2.6>": what some syslog
 * daemons and templates put between host and tag. Not "mail.example.com". */
static bool is_level(struct span token) {
    static const char *const words[] = {"INFO", "NOTICE", "WARNING", "WARN",  "ERROR",
                                        "ERR",  "CRIT",   "ALERT",   "EMERG", "DEBUG"};
    bool is_mail =
        token.n > 5 && token.p[0] == 'm' && (STARTS(token, "mail.") || STARTS(token, "mail:"));

    if (token.n > 2 && token.p[0] == '<' && token.p[token.n - 1] == '>')
        return true;
    if (is_mail)
        token = logfield_from(token, 5);
    else if (token.n < 3 || token.n > 7 || token.p[0] > 'Z')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_mail ? token.n == strlen(words[i]) && strncasecmp(token.p, words[i], token.n) == 0
                    : span_is(token, words[i]))
            return true;
    }
    return false;
}

/* Behind the structured data of RFC 5424 section 6.3, "-" or "[id name="value" ...][...]", and the
 * space. In a value a backslash stands before each `"`, `\` and `]`. */
static struct span skip_data(struct span s) {
    size_t i = 0;

    if (s.n == 0 || s.p[0] != '[') {
        (void)take_token(&s);
        return s;
    }
    while (i + 1 < s.n && (s.p[i] != ']' || s.p[i + 1] != ' '))
        i += s.p[i] == '\\' ? 2 : 1;
    return i + 1 < s.n ? logfield_from(s, i + 2) : (struct span){NULL, 0};
}

/* RFC 5424 section 6, behind "<pri>1 ": STAMP HOST APP PROCID MSGID DATA MSG. */
static enum loghead_daemon parse_rfc5424(struct span s, struct logtime *cache, int64_t now_ms,
                                         struct mailev *out) {
    struct span stamp = take_token(&s);
    struct span host = take_token(&s);
    struct span app = take_token(&s);
    struct span procid = take_token(&s);
    uint64_t pid = 0;
    enum loghead_daemon daemon;

    (void)logtime_parse(&stamp, cache, now_ms, &out->time_ms);
    if (!IS(host, "-"))
        out->host = host;
    (void)take_token(&s); /* MSGID */
    s = skip_data(s);
    if (STARTS(s, "\xef\xbb\xbf"))
        s = logfield_from(s, 3);
    daemon = parse_tag(app, out);
    if (text_u64(procid, 0, UINT32_MAX, &pid))
        out->pid = (uint32_t)pid;
    if (daemon != LOGHEAD_FOREIGN)
        out->message = s;
    else
        out->text = s;
    return daemon;
}

/* "<22>" and, in *is_5424_out, whether the version of RFC 5424 follows. */
static struct span skip_priority(struct span s, bool *is_5424_out) {
    size_t n = 1;

    while (n < s.n && n < 5 && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    if (n == 1 || n >= s.n || s.p[n] != '>')
        return s;
    s = logfield_from(s, n + 1);
    *is_5424_out = STARTS(s, "1 ");
    return *is_5424_out ? logfield_from(s, 2) : s;
}

/* What may stand between tag and message: Solaris's "[ID 947731 mail.warning] ", and the words by
 * which rsyslog folds equal lines, "message repeated 2 times: [ ... ]". */
static struct span unwrap(struct span message) {
    const char *end;

    if (STARTS(message, "[ID ") && (end = span_find(message, "] ")) != NULL)
        message = logfield_from(message, (size_t)(end - message.p) + 2);
    if (STARTS(message, "message repeated ") && (end = span_find(message, " times: [ ")) != NULL) {
        message = logfield_from(message, (size_t)(end - message.p) + 10);
        if (message.n > 0 && message.p[message.n - 1] == ']')
            message.n--;
    }
    return message;
}

/* "DAEMON[" at the start of `s`, for the four that write nearly all of a log; else LOGHEAD_UNKNOWN.
 * The length is a constant each time: so the processor goes on behind it while it still compares.
 */
static enum loghead_daemon busy_daemon(struct span s, size_t *length_out) {
    if (STARTS(s, "smtpd[")) {
        *length_out = 5;
        return LOGHEAD_SMTPD;
    }
    if (STARTS(s, "qmgr[")) {
        *length_out = 4;
        return LOGHEAD_QMGR;
    }
    if (STARTS(s, "smtp[")) {
        *length_out = 4;
        return LOGHEAD_SMTP;
    }
    if (STARTS(s, "cleanup[")) {
        *length_out = 7;
        return LOGHEAD_CLEANUP;
    }
    return LOGHEAD_UNKNOWN;
}

/* "]: " and the message, behind a process id of `n` digits. Inlined for each length. */
static inline bool parse_pid_of(struct span s, size_t n, uint32_t *pid_out,
                                struct span *message_out) {
    uint64_t pid;

    if (!logscan_digits(logscan_word(s.p), n, &pid) || !STARTS(logfield_from(s, n), "]: "))
        return false;
    *pid_out = (uint32_t)pid;
    s = logfield_from(s, n + 3);
    skip_spaces(&s);
    *message_out = s.n > 0 && (s.p[0] == '[' || s.p[0] == 'm') ? unwrap(s) : s;
    return true;
}

/* "PID]: " at the start of `s`; the message behind it goes to *message_out. False for anything else
 * and for other lengths than those that nearly all have. The length is a constant each time: so the
 * processor goes on behind it while it still compares. */
static bool parse_pid(struct span s, uint32_t *pid_out, struct span *message_out) {
    if (s.n < 16)
        return false;
    if (s.p[5] == ']')
        return parse_pid_of(s, 5, pid_out, message_out);
    if (s.p[4] == ']')
        return parse_pid_of(s, 4, pid_out, message_out);
    if (s.p[6] == ']')
        return parse_pid_of(s, 6, pid_out, message_out);
    if (s.p[7] == ']')
        return parse_pid_of(s, 7, pid_out, message_out);
    return s.p[3] == ']' && parse_pid_of(s, 3, pid_out, message_out);
}

static bool is_as_before(const struct loghead_last *last, struct span s) {
    size_t i;

    if (last->length == 0 || s.n < last->length + 8u)
        return false;
    for (i = 0; i + 8 < last->length; i += 8) {
        if (logscan_word(last->start + i) != logscan_word(s.p + i))
            return false;
    }
    return logscan_word(last->start + last->length - 8) == logscan_word(s.p + last->length - 8);
}

static void remember(struct loghead_last *last, struct span start) {
    if (start.n > sizeof last->start)
        return;
    memcpy(last->start, start.p, start.n);
    last->length = (uint8_t)start.n;
}

/* The usual head behind the stamp, "HOST postfix/DAEMON[PID]: " with one of the busy daemons, in
 * one go. LOGHEAD_FOREIGN, with nothing changed, for any other: parse_any() finds out what it is.
 */
static enum loghead_daemon parse_usual(struct span s, struct loghead_last *last,
                                       struct mailev *out) {
    enum loghead_daemon daemon;
    struct span host;
    size_t n;

    if (is_as_before(last, s)) {
        host = (struct span){s.p, last->length - (sizeof " postfix/" - 1)};
    } else {
        host = (struct span){s.p, logscan_find(s, ' ')};
        if (host.n == 0 || s.p[host.n - 1] == ':' || IS(host, "|") || is_level(host) ||
            !STARTS(logfield_from(s, host.n), " postfix/"))
            return LOGHEAD_FOREIGN;
        remember(last, (struct span){s.p, host.n + 9});
    }
    s = logfield_from(s, host.n + 9);
    daemon = busy_daemon(s, &n);
    if (daemon == LOGHEAD_UNKNOWN || !parse_pid(logfield_from(s, n + 1), &out->pid, &out->message))
        return LOGHEAD_FOREIGN;
    out->host = host;
    out->instance = (struct span){host.p + host.n + 1, 7};
    out->daemon = (struct span){s.p, n};
    return daemon;
}

/* A stamp at the start of *s, if there is one. Of two (a container runtime puts its own before that
 * of Postfix) the second counts, but one that names its offset from UTC beats one that does not. */
static bool take_stamp(struct span *s, struct logtime *cache, int64_t now_ms, bool *is_zoned,
                       struct mailev *out) {
    struct span before = *s;
    int64_t time_ms;
    bool is_zone;

    if (!logtime_parse(s, cache, now_ms, &time_ms))
        return false;
    is_zone = logtime_names_zone((struct span){before.p, before.n - s->n});
    if (is_zone || !*is_zoned)
        out->time_ms = time_ms;
    *is_zoned = *is_zoned || is_zone;
    skip_spaces(s);
    return true;
}

/* Postfix's tag, or LOGHEAD_FOREIGN. `token` ends with a colon; metalog writes "[name/daemon]". */
static enum loghead_daemon take_tag(struct span token, struct span rest, struct mailev *out) {
    enum loghead_daemon daemon;

    if (token.p[0] == '[')
        token = logfield_from(token, 1);
    daemon = parse_tag((struct span){token.p, token.n - 1}, out);
    if (daemon != LOGHEAD_FOREIGN)
        out->message = rest.n > 0 && (rest.p[0] == '[' || rest.p[0] == 'm') ? unwrap(rest) : rest;
    else
        out->text = (struct span){token.p, (size_t)(rest.p + rest.n - token.p)};
    return daemon;
}

/* All shapes, token by token. */
static NOINLINE enum loghead_daemon parse_any(struct span s, struct logtime *cache, int64_t now_ms,
                                              struct mailev *out) {
    unsigned stamps = 0;
    bool is_zoned = false;

    for (unsigned tokens = 0; s.n > 0 && tokens <= TOKENS_BEFORE_TAG; tokens++) {
        struct span token;

        if (stamps < STAMPS_MOST && take_stamp(&s, cache, now_ms, &is_zoned, out)) {
            stamps++;
            tokens = 0;
            out->host = (struct span){NULL, 0};
            if (stamps < STAMPS_MOST && take_stamp(&s, cache, now_ms, &is_zoned, out))
                stamps++;
        }
        token = take_token(&s);
        if (token.n > 1 && token.p[token.n - 1] == ':')
            return take_tag(token, s, out);
        if (token.n > 2 && token.p[0] == '[' && token.p[token.n - 1] == ']' &&
            memchr(token.p, '/', token.n) != NULL)
            return take_tag(token, s, out);
        if (IS(token, "|"))
            out->host = (struct span){NULL, 0};
        else if (out->host.n == 0 && !is_level(token))
            out->host = token;
    }
    if (stamps == 0)
        out->host = (struct span){NULL, 0};
    return LOGHEAD_FOREIGN;
}

enum loghead_daemon loghead_parse(struct span line, struct loghead_last *last, int64_t now_ms,
                                  struct mailev *out) {
    struct span s = line, rest;
    bool is_5424 = false;
    enum loghead_daemon daemon;

    skip_spaces(&s);
    if (s.n > 0 && s.p[0] == '<')
        s = skip_priority(s, &is_5424);
    if (is_5424)
        return parse_rfc5424(s, &last->time, now_ms, out);
    rest = s;
    if (logtime_again(&rest, &last->time, now_ms, &out->time_ms) ||
        logtime_parse(&rest, &last->time, now_ms, &out->time_ms)) {
        skip_spaces(&rest);
        daemon = parse_usual(rest, last, out);
        if (daemon != LOGHEAD_FOREIGN)
            return daemon;
    }
    return parse_any(s, &last->time, now_ms, out);
}
