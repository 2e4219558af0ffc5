/* See diagnose.h. A line is first taken apart by Postfix's own words, which say where a server's
 * words begin (src/smtp/smtp_trouble.c, smtp_sasl_glue.c; src/qmgr/qmgr_deliver.c): its place. Then
 * its text goes through the automaton, cleaned up on the way, and of the rules whose phrases were
 * all seen the first one counts. */
#include "diagnose.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "logforeign.h"
#include "phrases.h"
#include "xmem.h"

/* Where a text stands. */
enum place {
    OWN = 1 << 0,    /* Postfix's words about a delivery; what smtp(8) notes without a severity */
    REPLY = 1 << 1,  /* the smarthost's answer to a command */
    GREET = 1 << 2,  /* ... to our connection or EHLO */
    LOGIN = 1 << 3,  /* ... to AUTH */
    CACHED = 1 << 4, /* ... to an earlier AUTH, remembered */
    PROBE = 1 << 5,  /* ... to our own probe */
    INFO = 1 << 6,   /* a line without severity of another daemon than smtp(8) */
    WARN = 1 << 7,
    ERROR = 1 << 8,
    FATAL = 1 << 9,
    REJECT = 1 << 10, /* what we answered to a client */
    SASL = LOGIN | PROBE,
    TALK = REPLY | GREET | PROBE,
    LOUD = WARN | ERROR | FATAL,
};

/* Who wrote the line. */
enum writer {
    SMTP = 1 << 0,
    RETRY = 1 << 1, /* error(8), retry(8): say what smtp(8) met */
    SMTPD = 1 << 2, /* also postscreen(8) */
    CLEANUP = 1 << 3,
    QMGR = 1 << 4,
    MASTER = 1 << 5,
    SCRIPT = 1 << 6, /* postfix-script */
    POSTMAP = 1 << 7,
    POSTSUPER = 1 << 8,
    PROXYMAP = 1 << 9,
    ELSE = 1 << 10,
    CLIENT = SMTP | RETRY,
    DOOR = SMTPD | CLEANUP, /* their warnings may quote a client */
    ANY = (1 << 11) - 1,
    INSIDE = ANY & ~DOOR,
};

enum { RULE_PHRASES = 3 };

struct rule {
    enum diagnosis diagnosis;
    unsigned places, writers;
    const char *phrase[RULE_PHRASES]; /* NULL where fewer */
};

#define RULE(diagnosis, places, writers, ...)                                                      \
    {DIAGNOSIS_##diagnosis, places, writers, {__VA_ARGS__}},
static const struct rule rules[] = {
#include "diagnose.def"
};
#undef RULE

enum {
    RULES = sizeof rules / sizeof rules[0],
    PHRASES_MOST = 512,
    NO_RULE = UINT16_MAX,
};

struct diagnoser {
    struct phrases *phrases;
    unsigned count;                       /* of phrases */
    uint16_t phrase[RULES][RULE_PHRASES]; /* their numbers; PHRASES_NONE where fewer */
    uint16_t first[PHRASES_MOST]; /* the rules looked at when this phrase was seen, in order */
    uint16_t next[RULES];
};

/* One text on its way through the automaton. */
struct reading {
    const struct diagnoser *d;
    uint16_t state;
    unsigned found_count;
    uint64_t seen[PHRASES_MOST / 64];
    uint16_t found[PHRASES_MOST]; /* each phrase once; not initialised beyond found_count */
};

static uint16_t phrase_number(const char **list, unsigned *count, const char *phrase) {
    for (unsigned i = 0; i < *count; i++) {
        if (strcmp(list[i], phrase) == 0)
            return (uint16_t)i;
    }
    assert(*count < PHRASES_MOST);
    list[*count] = phrase;
    return (uint16_t)(*count)++;
}

/* Of a rule's phrases the one that the fewest rules have. */
static uint16_t rarest(const uint16_t *phrase, const unsigned *uses) {
    uint16_t best = phrase[0];

    for (int k = 1; k < RULE_PHRASES && phrase[k] != PHRASES_NONE; k++) {
        if (uses[phrase[k]] < uses[best])
            best = phrase[k];
    }
    return best;
}

struct diagnoser *diagnoser_new(void) {
    struct diagnoser *d = xcalloc(1, sizeof *d);
    const char **list = xcalloc(PHRASES_MOST, sizeof *list);
    unsigned uses[PHRASES_MOST] = {0};

    for (unsigned r = 0; r < RULES; r++) {
        for (int k = 0; k < RULE_PHRASES; k++) {
            d->phrase[r][k] = PHRASES_NONE;
            if (rules[r].phrase[k] != NULL) {
                d->phrase[r][k] = phrase_number(list, &d->count, rules[r].phrase[k]);
                uses[d->phrase[r][k]]++;
            }
        }
    }
    memset(d->first, 0xff, sizeof d->first);
    for (unsigned r = RULES; r-- > 0;) {
        uint16_t key = rarest(d->phrase[r], uses);

        d->next[r] = d->first[key];
        d->first[key] = (uint16_t)r;
    }
    d->phrases = phrases_new(list, d->count);
    free(list);
    return d;
}

void diagnoser_free(struct diagnoser **d) {
    if (*d == NULL)
        return;
    phrases_free(&(*d)->phrases);
    free(*d);
    *d = NULL;
}

/* ---- reading ---- */

static void reading_begin(struct reading *r, const struct diagnoser *d) {
    r->d = d;
    r->state = 0;
    r->found_count = 0;
    memset(r->seen, 0, sizeof r->seen);
}

/* Notes the phrases that end in this state. */
static void note_found(struct reading *r, uint16_t state) {
    const struct phrases *p = r->d->phrases;

    for (uint16_t i = p->ends[state]; i != PHRASES_NONE; i = p->shorter[i]) {
        if ((r->seen[i / 64] >> (i % 64) & 1) == 0) {
            r->seen[i / 64] |= (uint64_t)1 << (i % 64);
            r->found[r->found_count++] = i;
        }
    }
}

static void feed(struct reading *r, unsigned symbol) {
    r->state = phrases_step(r->d->phrases, r->state, symbol);
    note_found(r, r->state);
}

static unsigned symbol_at(const struct reading *r, struct span s, size_t i) {
    return r->d->phrases->symbol[(unsigned char)s.p[i]];
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Length of a reply code at s[at], with the '-' or blank behind it: "535-"; 0: none. RFC 5321, 4.2.
 */
static size_t code_length(const struct reading *r, struct span s, size_t at) {
    if (s.n - at < 3 || !is_digit(s.p[at]) || !is_digit(s.p[at + 1]) || !is_digit(s.p[at + 2]))
        return 0;
    if (s.n - at == 3)
        return 3;
    return s.p[at + 3] == '-' || symbol_at(r, s, at + 3) == PHRASE_BLANK ? 4 : 0;
}

/* Length of an enhanced code at s[at]: "5.7.8"; 0: none. RFC 3463, 2. */
static size_t enhanced_length(const struct reading *r, struct span s, size_t at) {
    size_t i = at;

    if (i >= s.n || (s.p[i] != '2' && s.p[i] != '4' && s.p[i] != '5'))
        return 0;
    i++;
    for (int part = 0; part < 2; part++) {
        size_t digits = 0;

        if (i >= s.n || s.p[i++] != '.')
            return 0;
        while (i < s.n && digits < 3 && is_digit(s.p[i])) {
            digits++;
            i++;
        }
        if (digits == 0)
            return 0;
    }
    return i == s.n || s.p[i] == '-' || symbol_at(r, s, i) == PHRASE_BLANK ? i - at : 0;
}

/* Where the text goes on behind the blanks at s[at] and, in a reply, behind the codes that each
 * line of it repeats: "go to?535 5.7.8  https://" (newlines are logged as '?' or ' '). */
static size_t skip_repeated_codes(const struct reading *r, struct span s, size_t at,
                                  const char *code) {
    for (;;) {
        size_t n, enhanced;

        while (at < s.n && symbol_at(r, s, at) == PHRASE_BLANK)
            at++;
        n = code != NULL ? code_length(r, s, at) : 0;
        if (n == 0)
            return at;
        enhanced = enhanced_length(r, s, at + n);
        if (enhanced == 0 && memcmp(s.p + at, code, 3) != 0)
            return at;
        at += n + enhanced;
    }
}

/* The text behind the codes. `code`: the reply's three digits, NULL if it is none. */
static void read_text(struct reading *r, struct span s, const char *code) {
    const struct phrases *p = r->d->phrases;
    bool begun = false; /* no blank at the beginning */
    uint16_t state;

    feed(r, PHRASE_TEXT);
    state = r->state;
    for (size_t i = 0; i < s.n; i++) {
        unsigned symbol = p->symbol[(unsigned char)s.p[i]];

        if (symbol == PHRASE_BLANK) {
            i = skip_repeated_codes(r, s, i, code);
            if (i == s.n)
                break;
            if (begun) {
                state = phrases_step(p, state, PHRASE_BLANK);
                if (p->ends[state] != PHRASES_NONE)
                    note_found(r, state);
            }
            symbol = p->symbol[(unsigned char)s.p[i]];
        }
        begun = true;
        state = phrases_step(p, state, symbol);
        if (p->ends[state] != PHRASES_NONE)
            note_found(r, state);
    }
    r->state = state;
    feed(r, PHRASE_END);
}

static void read_mark(struct reading *r, unsigned mark, struct span s, size_t at, size_t n) {
    feed(r, mark);
    for (size_t i = at; i < at + n; i++)
        feed(r, symbol_at(r, s, i));
    feed(r, PHRASE_BLANK);
}

static void read_reply(struct reading *r, struct span s) {
    const char *code = NULL;
    size_t at = skip_repeated_codes(r, s, 0, NULL);
    size_t n = code_length(r, s, at);

    if (n > 0) {
        code = s.p + at;
        read_mark(r, PHRASE_CODE, s, at, 3);
        at += n;
    }
    if (at < s.n && s.p[at] == '#')
        at++;
    n = enhanced_length(r, s, at);
    if (n > 0) {
        read_mark(r, PHRASE_ENHANCED, s, at, n);
        at += n;
        at += at < s.n && s.p[at] == '-';
    }
    read_text(r, (struct span){s.p + at, s.n - at}, code);
}

static bool fits(const struct reading *r, unsigned rule, unsigned place, unsigned writer) {
    if ((rules[rule].places & place) == 0 || (rules[rule].writers & writer) == 0)
        return false;
    for (int k = 0; k < RULE_PHRASES; k++) {
        uint16_t i = r->d->phrase[rule][k];

        if (i != PHRASES_NONE && (r->seen[i / 64] >> (i % 64) & 1) == 0)
            return false;
    }
    return true;
}

static enum diagnosis first_rule(const struct reading *r, unsigned place, unsigned writer) {
    unsigned best = NO_RULE;

    for (unsigned f = 0; f < r->found_count; f++) {
        for (unsigned i = r->d->first[r->found[f]]; i < best; i = r->d->next[i]) {
            if (fits(r, i, place, writer))
                best = i;
        }
    }
    return best == NO_RULE ? DIAGNOSIS_NONE : rules[best].diagnosis;
}

static enum diagnosis judge(const struct diagnoser *d, struct span s, unsigned place,
                            unsigned writer) {
    struct reading r;

    reading_begin(&r, d);
    if ((place & (OWN | INFO | LOUD)) != 0)
        read_text(&r, s, NULL);
    else
        read_reply(&r, s);
    return first_rule(&r, place, writer);
}

/* ---- taking a line apart ---- */

static unsigned writer_of(struct span daemon) {
    static const struct {
        const char *name;
        unsigned writer;
    } names[] = {{"smtp", SMTP},
                 {"error", RETRY},
                 {"retry", RETRY},
                 {"smtpd", SMTPD},
                 {"cleanup", CLEANUP},
                 {"qmgr", QMGR},
                 {"postscreen", SMTPD},
                 {"qmqpd", SMTPD},
                 {"oqmgr", QMGR},
                 {"master", MASTER},
                 {"postmap", POSTMAP},
                 {"postalias", POSTMAP},
                 {"postfix-script", SCRIPT},
                 {"postsuper", POSTSUPER},
                 {"proxymap", PROXYMAP}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_is(daemon, names[i].name))
            return names[i].writer;
    }
    return ELSE;
}

static struct span behind(struct span s, size_t n) {
    return n <= s.n ? (struct span){s.p + n, s.n - n} : (struct span){NULL, 0};
}

/* Cuts `prefix` off. */
static bool take(struct span *s, const char *prefix) {
    if (!span_starts(*s, prefix))
        return false;
    *s = behind(*s, strlen(prefix));
    return true;
}

/* Cuts off all up to and with `word`, where it stands soon enough to be behind a server's name. */
static bool take_through(struct span *s, const char *word) {
    enum { NAME_MOST = 400 }; /* "host NAME[ADDRESS]:PORT" */
    struct span head = {s->p, s->n < NAME_MOST ? s->n : NAME_MOST};
    const char *found = span_find(head, word);

    if (found == NULL)
        return false;
    *s = behind(*s, (size_t)(found - s->p) + strlen(word));
    return true;
}

/* What smtp(8) says of a delivery, or of an attempt at one: src/smtp/smtp_trouble.c,
 * smtp_sasl_glue.c. */
static enum diagnosis diagnose_trouble(const struct diagnoser *d, struct span s, unsigned writer) {
    bool suspended = false;
    enum diagnosis found;
    unsigned place = OWN;

    while (take(&s, "delivery temporarily suspended: "))
        suspended = (writer & (CLIENT | QMGR)) != 0;
    if (span_starts(s, "delivery via "))
        (void)take_through(&s, ": ");
    if (span_starts(s, "host ")) {
        struct span greeting = s, reply = s;

        if (take_through(&greeting, " refused to talk to me: "))
            place = GREET;
        if (take_through(&reply, " said: ") && (place == OWN || reply.n > greeting.n))
            place = REPLY;
        s = place == GREET ? greeting : place == REPLY ? reply : s;
    } else if (span_starts(s, "SASL authentication failed; server ") ||
               span_starts(s, "SASL [CACHED] authentication failed; server ")) {
        place = s.p[5] == '[' ? CACHED : LOGIN;
        if (!take_through(&s, " said: "))
            place = OWN;
    }
    found = judge(d, s, place, writer);
    return found == DIAGNOSIS_NONE && suspended ? DIAGNOSIS_N12_DELIVERY_SUSPENDED : found;
}

/* Any other line: `s` is what stands behind the severity and the queue id. */
static enum diagnosis diagnose_note(const struct diagnoser *d, struct span s, char severity,
                                    unsigned writer) {
    unsigned place = severity == '\0'  ? INFO
                     : severity == 'w' ? WARN
                     : severity == 'e' ? ERROR
                                       : FATAL; /* also "panic" */

    if (place == INFO && writer == SMTP)
        return diagnose_trouble(d, s, writer);
    return judge(d, s, place, writer);
}

/* Without the queue id that may stand before it. */
static struct span text_of(const struct mailev *ev) {
    struct span s = ev->text.n > 0 ? ev->text : ev->message;

    if (ev->queue_id.n > 0 && s.n > ev->queue_id.n + 1 &&
        memcmp(s.p, ev->queue_id.p, ev->queue_id.n) == 0 && s.p[ev->queue_id.n] == ':' &&
        s.p[ev->queue_id.n + 1] == ' ')
        s = behind(s, ev->queue_id.n + 2);
    return s;
}

/* Kinds that show nothing: most lines, so they are told apart before the others. */
#define KIND(kind) (1u << MAILEV_##kind)
static const unsigned healthy_kinds = KIND(CONNECT) | KIND(CLIENT) | KIND(ACCEPTED) | KIND(QUEUED) |
                                      KIND(AUTH_FAILURE) | KIND(TLS) | KIND(BOUNCE_NOTICE) |
                                      KIND(KIND_COUNT);

enum diagnosis diagnose_event(const struct diagnoser *d, const struct mailev *ev) {
    /* tlsproxy(8) does the TLS of smtp(8) where sessions are kept open. */
    bool is_tls = ev->kind == MAILEV_TLS_FAILURE && ev->counters >> COUNTER_TLS_ERRORS & 1;

    if ((healthy_kinds >> ev->kind & 1) != 0)
        return DIAGNOSIS_NONE;
    switch (ev->kind) {
    case MAILEV_DELIVERY:
        if (ev->status == MAILEV_STATUS_SENT || ev->status == MAILEV_STATUS_NONE)
            return DIAGNOSIS_NONE;
        return diagnose_trouble(d, text_of(ev), writer_of(ev->daemon));
    case MAILEV_EXPIRED:
        return DIAGNOSIS_Q09_EXPIRED;
    case MAILEV_REMOVED:
        if (ev->text.n > sizeof "removed" - 1) /* "removed (canceled)" of cleanup(8) */
            break;
        return span_is(ev->daemon, "postsuper") ? DIAGNOSIS_Q16_ACCIDENTAL_DELETE : DIAGNOSIS_NONE;
    case MAILEV_FOREIGN:
        return logforeign_diagnosis(ev->text);
    case MAILEV_DISCONNECT:
        if (ev->message.n > 0 && (ev->message.p[0] == 'd' || ev->message.p[0] == 'D'))
            return DIAGNOSIS_NONE;
        break;
    case MAILEV_REJECTED:
        return judge(d, text_of(ev), REJECT, writer_of(ev->daemon));
    default:
        break;
    }
    return diagnose_note(d, text_of(ev), ev->severity.n > 0 ? ev->severity.p[0] : '\0',
                         is_tls ? SMTP : writer_of(ev->daemon));
}

enum diagnosis diagnose_reply(const struct diagnoser *d, struct span text) {
    return judge(d, text, PROBE, SMTP);
}
