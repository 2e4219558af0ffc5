/* See logfield.h. What can be forged, and why it does not help:
 *
 * Addresses. Postfix (from 3.5, info_log_address_format = external) prints a local part with
 * special characters as a quoted string, where `"` and `\` have a backslash before them. So a
 * quoted local part is walked over as such, and the `>` that ends the address is the first one
 * behind it that one of the fields follows which Postfix prints there (src/global/log_adhoc.c,
 * opened.c). Domains hold no `>`.
 *
 * Replies of servers. They stand behind "status=WORD (" only, where no field is looked for any
 * more. */
#include "logfield.h"

#include <string.h>

#include "logdelay.h"

enum {
    SHORT_ID_MIN =
        6, /* 5 digits of microseconds and at least one of the inode, src/global/mail_queue.h */
    LONG_ID_MIN = 10,
    ID_MAX = 30,
    PEER_MAX = 512, /* name[ip]: a host name has 255 characters at most */
};

/* What a byte means for the word it stands in: 1 no short queue id (hex), 2 no long one (no vowels,
 * src/global/safe_ultostr.c), 4 it is a digit, which makes other words of letters and digits an id,
 * 8 it is of a word; 0 ends the word. */
static const unsigned char id_class[256] = {
    ['0'] = 12, ['1'] = 12, ['2'] = 12, ['3'] = 12, ['4'] = 12, ['5'] = 12, ['6'] = 12, ['7'] = 12,
    ['8'] = 12, ['9'] = 12, ['A'] = 10, ['B'] = 8,  ['C'] = 8,  ['D'] = 8,  ['E'] = 10, ['F'] = 8,
    ['G'] = 9,  ['H'] = 9,  ['I'] = 11, ['J'] = 9,  ['K'] = 9,  ['L'] = 9,  ['M'] = 9,  ['N'] = 9,
    ['O'] = 11, ['P'] = 9,  ['Q'] = 9,  ['R'] = 9,  ['S'] = 9,  ['T'] = 9,  ['U'] = 11, ['V'] = 9,
    ['W'] = 9,  ['X'] = 9,  ['Y'] = 9,  ['Z'] = 9,  ['a'] = 11, ['b'] = 9,  ['c'] = 9,  ['d'] = 9,
    ['e'] = 11, ['f'] = 9,  ['g'] = 9,  ['h'] = 9,  ['i'] = 11, ['j'] = 9,  ['k'] = 9,  ['l'] = 9,
    ['m'] = 9,  ['n'] = 9,  ['o'] = 11, ['p'] = 9,  ['q'] = 9,  ['r'] = 9,  ['s'] = 9,  ['t'] = 9,
    ['u'] = 11, ['v'] = 9,  ['w'] = 9,  ['x'] = 9,  ['y'] = 9,  ['z'] = 9,
};

#ifdef __SSE2__
/* The same for what ends within the first 16 bytes and is a short id or none: nearly all. False:
 * look closely. */
static inline bool id_at_once(struct span s, struct span *id_out) {
    unsigned digits, hex, word, n, whole;

    if (s.n <= 16)
        return false;
    digits = logscan_range16(s.p, '0', '9');
    hex = digits | logscan_range16(s.p, 'A', 'F');
    word = hex | logscan_range16(s.p, 'G', 'Z') | logscan_range16(s.p, 'a', 'z');
    n = (unsigned)__builtin_ctz(~word);
    whole = (1u << n) - 1;
    if (n == 16 || (n >= SHORT_ID_MIN && (hex & whole) != whole && s.p[n] == ':'))
        return false;
    if (n >= SHORT_ID_MIN && s.p[n] == ':' && s.p[n + 1] == ' ')
        *id_out = (struct span){s.p, n};
    return true;
}
#endif

struct span logfield_queue_id(struct span s) {
    size_t most = s.n <= ID_MAX ? s.n : ID_MAX + 1;
    struct span id = {s.p, 0};
    unsigned seen = 0;

#ifdef __SSE2__
    struct span at_once = {NULL, 0};
    if (id_at_once(s, &at_once))
        return at_once;
#endif
    for (; id.n < most; id.n++) {
        unsigned class = id_class[(unsigned char)s.p[id.n]];

        if (class == 0)
            break;
        seen |= class;
    }
    if (id.n + 1 >= s.n || s.p[id.n] != ':' || s.p[id.n + 1] != ' ')
        return (struct span){NULL, 0};
    if (!((seen & 1) == 0 && id.n >= SHORT_ID_MIN) && !((seen & 2) == 0 && id.n >= LONG_ID_MIN) &&
        !((seen & 4) != 0 && id.n >= SHORT_ID_MIN) && !IS(id, "NOQUEUE"))
        return (struct span){NULL, 0};
    return id;
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
    struct span rest = {s.p, s.n < PEER_MAX ? s.n : PEER_MAX};
    size_t name = logscan_find2(rest, '[', ' ');
    size_t n;

    if (name == rest.n || s.p[name] == ' ')
        return peer;
    rest = logfield_from(rest, name + 1);
    n = logscan_find3(rest, ']', '/', ' ');
    if (n < rest.n && rest.p[n] == ']') {
        if (n > 0)
            peer.ip = (struct span){rest.p, n};
    } else { /* no address */
        n = logscan_find(rest, ']');
        if (n == rest.n)
            return peer;
    }
    peer.name = (struct span){s.p, name};
    peer.length = name + n + 2;
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

size_t logfield_quoted_length(struct span s) {
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

bool logfield_take_address(struct span *s, bool (*is_end)(struct span), struct span *address_out) {
    size_t start = logfield_quoted_length(*s);

    /* Not an address that Postfix quoted: then the first `>` that fits. */
    if (start > 0 && start < s->n && s->p[start] != '@' && s->p[start] != '>')
        start = 0;
    for (size_t at = start; at < s->n; at++) {
        at += logscan_find(logfield_from(*s, at), '>');
        if (at < s->n && is_end(logfield_from(*s, at + 1))) {
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
    return STARTS(s, ", size=") || STARTS(s, ", status=") || STARTS(s, ", nrcpt=");
}

/* Somebody has shortened the line. */
static bool ends_shortened(struct span s) {
    return STARTS(s, ", delay=") || STARTS(s, ", delays=") || STARTS(s, ", dsn=") ||
           STARTS(s, ", status=");
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
    if (IS(word, "deliverable"))
        return MAILEV_STATUS_DELIVERABLE;
    if (IS(word, "undeliverable"))
        return MAILEV_STATUS_UNDELIVERABLE;
    return MAILEV_STATUS_OTHER;
}

/* `s` stands behind "status=". */
static void parse_status(struct span s, struct mailev *out) {
    size_t n = logscan_find2(s, ' ', ',');
    const char *close;

    out->status = status_of((struct span){s.p, n});
    s = logfield_from(s, n);
    if (!STARTS(s, " ("))
        return;
    s = logfield_from(s, 2);
    if (s.n > 0 && s.p[s.n - 1] == ')')
        close = s.p + s.n - 1;
    else
        close = s.n > 0 ? memrchr(s.p, ')', s.n) : NULL;
    out->text = (struct span){s.p, close != NULL ? (size_t)(close - s.p) : s.n};
}

/* Up to the ", " that ends a field's value; *s is then what follows. False when there is no such
 * end. */
static bool take_value(struct span *s, struct span *value_out) {
    for (size_t at = 0; at < s->n; at++) {
        at += logscan_find(logfield_from(*s, at), ',');
        if (at + 1 < s->n && s->p[at + 1] == ' ') {
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

/* Takes relay, delay and delays where they stand in this order and look as usual; returns what is
 * left for parse_fields(). Spans go by value here: one that was just written to memory in two
 * halves is slow to be read as a whole. */
static struct span take_usual(struct span s, struct mailev *out) {
    int64_t delay_us, delays_us[STAGE_COUNT];
    struct logfield_peer peer;
    struct span rest;

    if (!STARTS(s, "relay="))
        return s;
    rest = logfield_from(s, 6);
    peer = logfield_peer(rest);
    rest = logfield_from(rest, peer.length);
    if (peer.ip.n == 0 || !STARTS(rest, ", delay="))
        return s;
    out->relay = peer.name;
    out->relay_ip = peer.ip;
    out->relay_port = peer.port;
    s = logfield_from(rest, 2);
    rest = logdelay_behind(logfield_from(s, 6), ',', &delay_us);
    if (!STARTS(rest, " delays="))
        return s;
    out->delay_us = delay_us;
    s = logfield_from(rest, 1);
    rest = logdelay_behind_all(logfield_from(s, 7), delays_us);
    if (!STARTS(rest, " "))
        return s;
    memcpy(out->delays_us, delays_us, sizeof delays_us);
    return logfield_from(rest, 1);
}

/* "name=value, " and so on up to the status. */
static bool parse_fields(struct span s, struct mailev *out) {
    struct span value;
    size_t n;

    while ((n = STARTS(s, "dsn=") ? 4 : STARTS(s, "status=") ? 7 : name_length(s)) > 0) {
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
            out->delay_us = logdelay_parse(value);
        else if (IS(name, "delays="))
            logdelay_parse_all(value, out->delays_us);
        else if (IS(name, "dsn="))
            out->dsn = value;
    }
    return false;
}

bool logfield_delivery(struct span s, struct mailev *out) {
    struct span value;

    if (STARTS(s, "relay=") || STARTS(s, "status="))
        return parse_fields(s, out);
    if (STARTS(s, "to="))
        s = logfield_from(s, 3);
    if (s.n > 0 && s.p[0] == '<') {
        s = logfield_from(s, 1);
        if (!logfield_take_address(&s, ends_recipient, &out->to) &&
            !logfield_take_address(&s, ends_shortened, &out->to))
            return false;
        s = logfield_from(s, 2);
    } else if (!take_value(&s, &out->to)) {
        return false;
    }
    if (STARTS(s, "orig_to=<")) {
        s = logfield_from(s, 9);
        if (!logfield_take_address(&s, ends_original, &value))
            return false;
        s = logfield_from(s, 2);
    }
    return parse_fields(take_usual(s, out), out);
}

/* As text_u64() reads the first n bytes of `s`. */
static bool parse_number(struct span s, size_t n, uint64_t most, uint64_t *out) {
    if (n > 0 && n <= 8 && s.n >= 8)
        return logscan_digits(logscan_word(s.p), n, out);
    return text_u64((struct span){s.p, n}, 0, most, out);
}

bool logfield_sender(struct span s, struct mailev *out, struct span *rest_out) {
    struct span value = {NULL, 0};
    struct span size;
    uint64_t number;

    s = logfield_from(s, 5);
    if (s.n > 0 && s.p[0] == '<') {
        s = logfield_from(s, 1);
        if (!logfield_take_address(&s, ends_sender, &out->from))
            return false;
        s = logfield_from(s, 2);
    } else if (!take_value(&s, &out->from)) {
        return false;
    }
    *rest_out = s;
    if (STARTS(s, "size=")) {
        size = s = logfield_from(s, 5);
        if (!take_value(&s, &value) || !parse_number(size, value.n, INT64_MAX, &out->size_bytes))
            return true;
    }
    if (STARTS(s, "nrcpt=")) {
        s = logfield_from(s, 6);
        if (parse_number(s, logscan_find(s, ' '), UINT32_MAX, &number))
            out->recipients = (uint32_t)number;
    }
    return true;
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
        size_t n = STARTS(s, "sasl_method=")     ? 12
                   : STARTS(s, "sasl_username=") ? 14
                                                 : name_length(s);
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
