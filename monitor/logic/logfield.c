/* See logfield.h. What can be forged, and why it does not help:
 *
 * Addresses. Postfix (from 3.5, info_log_address_format = external) prints a local part with
 * special characters as a quoted string, where `"` and `\` have a backslash before them. So a
 * quoted local part is walked over as such, and the `>` that ends the address is the first one
 * behind it that one of the fields follows which Postfix prints there (src/global/log_adhoc.c,
 * opened.c). Domains hold no `>`.
 *
 * Replies of servers. They stand behind "status=WORD (" only, where no field is looked for any
 * more.
 *
 * HELO names. smtpd(8) replaces <>()\";@ and space in them by `?` (neuter() in src/smtpd/smtpd.c),
 * and they stand last. So the envelope of a reject is what parses up to the end of the line. */
#include "logfield.h"

#include <string.h>

enum {
    SHORT_ID_MIN =
        6, /* 5 digits of microseconds and at least one of the inode, src/global/mail_queue.h */
    LONG_ID_MIN = 10,
    ID_MAX = 30,
    PEER_MAX = 512, /* name[ip]: a host name has 255 characters at most */
    ENVELOPE_TRIES =
        32 /* places in one line where an envelope may begin; keeps long lines linear */
};

/* What a byte may stand in: 1 short queue ids (hex), 2 long ones (no vowels,
 * src/global/safe_ultostr.c), 4 any word that is taken for an id when it holds a digit (8). */
static const unsigned char id_class[256] = {
    ['0'] = 15, ['1'] = 15, ['2'] = 15, ['3'] = 15, ['4'] = 15, ['5'] = 15, ['6'] = 15, ['7'] = 15,
    ['8'] = 15, ['9'] = 15, ['A'] = 5,  ['B'] = 7,  ['C'] = 7,  ['D'] = 7,  ['E'] = 5,  ['F'] = 7,
    ['G'] = 6,  ['H'] = 6,  ['I'] = 4,  ['J'] = 6,  ['K'] = 6,  ['L'] = 6,  ['M'] = 6,  ['N'] = 6,
    ['O'] = 4,  ['P'] = 6,  ['Q'] = 6,  ['R'] = 6,  ['S'] = 6,  ['T'] = 6,  ['U'] = 4,  ['V'] = 6,
    ['W'] = 6,  ['X'] = 6,  ['Y'] = 6,  ['Z'] = 6,  ['a'] = 4,  ['b'] = 6,  ['c'] = 6,  ['d'] = 6,
    ['e'] = 4,  ['f'] = 6,  ['g'] = 6,  ['h'] = 6,  ['i'] = 4,  ['j'] = 6,  ['k'] = 6,  ['l'] = 6,
    ['m'] = 6,  ['n'] = 6,  ['o'] = 4,  ['p'] = 6,  ['q'] = 6,  ['r'] = 6,  ['s'] = 6,  ['t'] = 6,
    ['u'] = 4,  ['v'] = 6,  ['w'] = 6,  ['x'] = 6,  ['y'] = 6,  ['z'] = 6,
};

struct span logfield_queue_id(struct span *s) {
    struct span id = {s->p, 0};
    unsigned all = 7, any = 0;

    while (id.n < s->n && id.n <= ID_MAX && s->p[id.n] != ':') {
        unsigned class = id_class[(unsigned char)s->p[id.n]];

        all &= class;
        any |= class;
        id.n++;
    }
    if (id.n + 1 >= s->n || s->p[id.n] != ':' || s->p[id.n + 1] != ' ')
        return (struct span){NULL, 0};
    if (!((all & 1) != 0 && id.n >= SHORT_ID_MIN) && !((all & 2) != 0 && id.n >= LONG_ID_MIN) &&
        !((all & 4) != 0 && (any & 8) != 0 && id.n >= SHORT_ID_MIN) && !IS(id, "NOQUEUE"))
        return (struct span){NULL, 0};
    *s = logfield_from(*s, id.n + 2);
    return id;
}

static bool is_ip(struct span s) {
    return s.n > 0 && memchr(s.p, '/', s.n) == NULL && memchr(s.p, ' ', s.n) == NULL;
}

/* ":587" at the start of `s`: the length, or 0. */
static size_t parse_port(struct span s, uint16_t *port_out) {
    uint32_t port = 0;
    size_t n = 1;

    if (s.n < 2 || s.p[0] != ':')
        return 0;
    for (; n < s.n && n <= 5 && s.p[n] >= '0' && s.p[n] <= '9'; n++)
        port = port * 10 + (uint32_t)(s.p[n] - '0');
    if (n == 1 || port > UINT16_MAX)
        return 0;
    *port_out = (uint16_t)port;
    return n;
}

struct logfield_peer logfield_peer(struct span s) {
    struct logfield_peer peer = {0};
    size_t limit = s.n < PEER_MAX ? s.n : PEER_MAX;
    const char *open = memchr(s.p, '[', limit);
    const char *close;

    if (open == NULL)
        return peer;
    peer.name = (struct span){s.p, (size_t)(open - s.p)};
    if (memchr(s.p, ' ', peer.name.n) != NULL)
        return (struct logfield_peer){0};
    close = memchr(open, ']', limit - peer.name.n);
    if (close == NULL)
        return (struct logfield_peer){0};
    peer.ip = (struct span){open + 1, (size_t)(close - open) - 1};
    if (!is_ip(peer.ip))
        peer.ip = (struct span){NULL, 0};
    peer.length = (size_t)(close + 1 - s.p);
    peer.length += parse_port(logfield_from(s, peer.length), &peer.port);
    return peer;
}

struct logfield_peer logfield_from_peer(struct span s, size_t *at_out) {
    struct span rest = s;
    const char *found;

    while ((found = span_find(rest, " from ")) != NULL) {
        struct logfield_peer peer;

        rest = logfield_from(rest, (size_t)(found - rest.p) + 6);
        peer = logfield_peer(rest);
        if (peer.length > 0) {
            *at_out = (size_t)(rest.p - s.p) + peer.length;
            return peer;
        }
    }
    return (struct logfield_peer){0};
}

void logfield_take_client(struct logfield_peer peer, struct mailev *out) {
    if (peer.length == 0)
        return;
    out->client = peer.name;
    out->client_ip = peer.ip;
}

void logfield_find_client(struct span s, struct mailev *out) {
    size_t at;

    logfield_take_client(logfield_from_peer(s, &at), out);
}

/* The bytes of `s` up to its closing `"`, where `s` begins with one; 0 when it does not or has no
 * end. */
static size_t skip_quoted(struct span s) {
    if (s.n == 0 || s.p[0] != '"')
        return 0;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

/* Takes an address from *s, which stands behind the `<`, up to the `>` behind which is_end is true
 * (it gets what follows the `>`). *s is then what follows. False when there is no such `>`. */
static bool take_address(struct span *s, bool (*is_end)(struct span), struct span *address_out) {
    size_t start = skip_quoted(*s);

    /* Not an address that Postfix quoted: then the first `>` that fits. */
    if (start > 0 && start < s->n && s->p[start] != '@' && s->p[start] != '>')
        start = 0;
    for (size_t at = start; at < s->n; at++) {
        const char *close = memchr(s->p + at, '>', s->n - at);

        if (close == NULL)
            return false;
        at = (size_t)(close - s->p);
        if (is_end(logfield_from(*s, at + 1))) {
            *address_out = (struct span){s->p, at};
            *s = logfield_from(*s, at + 1);
            return true;
        }
    }
    return false;
}

static bool ends_recipient(struct span s) {
    return STARTS(s, ", relay=") || STARTS(s, ", orig_to=<");
}

static bool ends_original(struct span s) {
    return STARTS(s, ", relay=");
}

static bool ends_sender(struct span s) {
    return STARTS(s, ", size=") || STARTS(s, ", status=");
}

/* "12", "0.35" in microseconds; -1 for other text. */
static int64_t parse_delay(struct span s) {
    int64_t whole = 0, fraction = 0, unit = 1000000;
    size_t i = 0;

    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && i < 12; i++)
        whole = whole * 10 + (s.p[i] - '0');
    if (i == 0)
        return -1;
    if (i < s.n && s.p[i] == '.') {
        for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
            if (unit > 1) {
                unit /= 10;
                fraction += (s.p[i] - '0') * unit;
            }
        }
    }
    return i == s.n ? whole * 1000000 + fraction : -1;
}

/* "a/b/c/d" */
static void parse_delays(struct span s, int64_t delays_us[STAGE_COUNT]) {
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        const char *slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
        size_t n = slash != NULL ? (size_t)(slash - s.p) : s.n;

        delays_us[i] = parse_delay((struct span){s.p, n});
        s = logfield_from(s, slash != NULL ? n + 1 : n);
    }
}

static void parse_relay(struct span s, struct mailev *out) {
    struct logfield_peer peer = s.n > 0 ? logfield_peer(s) : (struct logfield_peer){0};

    out->relay = s;
    if (peer.length == 0)
        return;
    out->relay = peer.name;
    out->relay_ip = peer.ip;
    out->relay_port = peer.port;
}

static enum mailev_status status_of(struct span word) {
    if (IS(word, "sent"))
        return MAILEV_STATUS_SENT;
    /* A bounce that soft_bounce = yes turned into a deferral, src/global/bounce.c. */
    if (IS(word, "deferred") || IS(word, "SOFTBOUNCE"))
        return MAILEV_STATUS_DEFERRED;
    if (IS(word, "bounced"))
        return MAILEV_STATUS_BOUNCED;
    if (IS(word, "expired") || IS(word, "force-expired"))
        return MAILEV_STATUS_EXPIRED;
    return MAILEV_STATUS_OTHER;
}

/* `s` stands behind "status=". */
static void parse_status(struct span s, struct mailev *out) {
    size_t n = 0;
    const char *close;

    while (n < s.n && s.p[n] != ' ' && s.p[n] != ',')
        n++;
    out->status = status_of((struct span){s.p, n});
    s = logfield_from(s, n);
    if (!STARTS(s, " ("))
        return;
    s = logfield_from(s, 2);
    close = s.n > 0 ? memrchr(s.p, ')', s.n) : NULL;
    out->text = (struct span){s.p, close != NULL ? (size_t)(close - s.p) : s.n};
}

/* Up to the ", " that ends a field's value; *s is then what follows. False when there is no such
 * end. */
static bool take_value(struct span *s, struct span *value_out) {
    for (size_t at = 0; at < s->n; at++) {
        const char *comma = memchr(s->p + at, ',', s->n - at);

        if (comma == NULL)
            return false;
        at = (size_t)(comma - s->p);
        if (at + 1 < s->n && comma[1] == ' ') {
            *value_out = (struct span){s->p, at};
            *s = logfield_from(*s, at + 2);
            return true;
        }
    }
    return false;
}

/* Length of "name=" at the start of `s`, 0 if there is none. */
static size_t name_length(struct span s) {
    size_t n = 0;

    while (n < s.n && n < 32 && ((s.p[n] >= 'a' && s.p[n] <= 'z') || s.p[n] == '_'))
        n++;
    return n > 0 && n < s.n && s.p[n] == '=' ? n + 1 : 0;
}

bool logfield_delivery(struct span s, struct mailev *out) {
    struct span value;
    size_t n;

    s = logfield_from(s, 3);
    if (s.n > 0 && s.p[0] == '<') {
        s = logfield_from(s, 1);
        if (!take_address(&s, ends_recipient, &out->to))
            return false;
        s = logfield_from(s, 2);
    } else if (!take_value(&s, &out->to)) {
        return false;
    }
    if (STARTS(s, "orig_to=<")) {
        s = logfield_from(s, 9);
        if (!take_address(&s, ends_original, &value))
            return false;
        s = logfield_from(s, 2);
    }
    while ((n = name_length(s)) > 0) {
        struct span name = {s.p, n};

        s = logfield_from(s, n);
        if (IS(name, "status=")) {
            parse_status(s, out);
            return true;
        }
        if (!take_value(&s, &value))
            return false;
        if (IS(name, "relay="))
            parse_relay(value, out);
        else if (IS(name, "delay="))
            out->delay_us = parse_delay(value);
        else if (IS(name, "delays="))
            parse_delays(value, out->delays_us);
        else if (IS(name, "dsn="))
            out->dsn = value;
    }
    return false;
}

bool logfield_sender(struct span s, struct mailev *out, struct span *rest_out) {
    struct span value = {NULL, 0};
    uint64_t number;

    s = logfield_from(s, 5);
    if (s.n > 0 && s.p[0] == '<') {
        s = logfield_from(s, 1);
        if (!take_address(&s, ends_sender, &out->from))
            return false;
        s = logfield_from(s, 2);
    } else if (!take_value(&s, &out->from)) {
        return false;
    }
    *rest_out = s;
    if (!STARTS(s, "size="))
        return true;
    s = logfield_from(s, 5);
    if (!take_value(&s, &value) || !text_u64(value, 0, INT64_MAX, &out->size_bytes))
        return true;
    if (STARTS(s, "nrcpt=")) {
        s = logfield_from(s, 6);
        for (value = (struct span){s.p, 0}; value.n < s.n && s.p[value.n] != ' ';)
            value.n++;
        if (text_u64(value, 0, UINT32_MAX, &number))
            out->recipients = (uint32_t)number;
    }
    return true;
}

/* Behind the address of a sender, then of a recipient. postscreen(8) puts commas between, smtpd(8)
 * does not. */
static bool ends_envelope_from(struct span s) {
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    return STARTS(s, " to=<") || STARTS(s, " proto=");
}

static bool ends_envelope_to(struct span s) {
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    return STARTS(s, " proto=");
}

/* Or the text of a rule. */
static bool ends_line(struct span s) {
    return s.n == 0 || STARTS(s, ": ");
}

/* `s` begins with " proto=": is that, with the helo name, all up to the end? cleanup(8) adds ":
 * text". */
static bool is_last(struct span s) {
    const char *helo = span_find(s, " helo=<");
    const char *close;

    if (helo == NULL)
        return memchr(s.p, ';', s.n) == NULL;
    s = logfield_from(s, (size_t)(helo - s.p) + 7);
    close = s.n > 0 ? memchr(s.p, '>', s.n) : NULL;
    return close != NULL && (close + 1 == s.p + s.n || close[1] == ':');
}

static bool parse_envelope(struct span s, struct span *from_out, struct span *to_out) {
    struct span to = {NULL, 0};

    if (!take_address(&s, ends_envelope_from, from_out))
        return false;
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    if (STARTS(s, " to=<")) {
        s = logfield_from(s, 5);
        if (!take_address(&s, ends_envelope_to, &to))
            return false;
    }
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    if (!is_last(s))
        return false;
    *to_out = to;
    return true;
}

/* cleanup(8) tells no protocol of mail that was submitted on this host: "... from local; from=<a>
 * to=<b>". */
static bool parse_local_envelope(struct span s, struct span *from_out, struct span *to_out) {
    if (!take_address(&s, ends_envelope_from, from_out) || !STARTS(s, " to=<"))
        return false;
    s = logfield_from(s, 5);
    return take_address(&s, ends_line, to_out);
}

struct span logfield_envelope(struct span s, struct mailev *out) {
    struct span rest = s;
    struct span from, to;
    const char *found;

    for (int i = 0; i < ENVELOPE_TRIES && (found = span_find(rest, "; from=<")) != NULL; i++) {
        struct span before = {s.p, (size_t)(found - s.p)};

        rest = logfield_from(rest, (size_t)(found - rest.p) + 8);
        if (parse_envelope(rest, &from, &to) ||
            (ENDS(before, " from local") && parse_local_envelope(rest, &from, &to))) {
            out->from = from;
            out->to = to;
            return before;
        }
    }
    /* Before MAIL FROM there is a recipient at most (VRFY). */
    rest = s;
    for (int i = 0; i < ENVELOPE_TRIES && (found = span_find(rest, "; to=<")) != NULL; i++) {
        rest = logfield_from(rest, (size_t)(found - rest.p) + 6);
        to = rest;
        if (take_address(&to, ends_envelope_to, &from) && is_last(to)) {
            out->to = from;
            return (struct span){s.p, (size_t)(found - s.p)};
        }
    }
    return s;
}

void logfield_client(struct span s, struct mailev *out) {
    struct logfield_peer peer;
    struct span value;
    bool more = true;

    s = logfield_from(s, 7);
    peer = s.n > 0 ? logfield_peer(s) : (struct logfield_peer){0};
    out->client = peer.name;
    out->client_ip = peer.ip;
    s = logfield_from(s, peer.length);
    if (!STARTS(s, ", "))
        return;
    s = logfield_from(s, 2);
    while (more) {
        size_t n = name_length(s);
        struct span name = {s.p, n};

        if (n == 0)
            return;
        s = logfield_from(s, n);
        more = take_value(&s, &value);
        if (!more)
            value = s;
        if (IS(name, "sasl_method="))
            out->sasl_method = value;
        else if (IS(name, "sasl_username=") && out->sasl_username.p == NULL)
            out->sasl_username = value;
    }
}
