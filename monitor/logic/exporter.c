/* See exporter.h. What a line means there is of postfix_exporter's patterns; where they miss lines
 * that their own words include (a lost connection after DATA with its byte count, a refusal at MAIL
 * instead of RCPT), those are counted here. */
#include "exporter.h"

#include <stdbool.h>
#include <string.h>

#include "logfield.h"

#define OTHER "other"

/* Where the places of a family begin, how many there are, and its letter in the totals. */
static const struct {
    uint8_t first, places;
    char letter;
} families[EXPORTER_FAMILIES] = {
    [EXPORTER_SMTP_STATUS] = {0, 8, 'S'},
    [EXPORTER_SMTP_DEFERRED] = {8, 24, 'D'},
    [EXPORTER_SMTP_BOUNCED] = {32, 24, 'B'},
    [EXPORTER_SMTP_TLS] = {56, 16, 'T'},
    [EXPORTER_SMTPD_TLS] = {72, 16, 'I'},
    [EXPORTER_SMTPD_LOST] = {88, 16, 'L'},
    [EXPORTER_SMTPD_CLIENT] = {104, 12, 'A'},
    [EXPORTER_SMTPD_REJECTED] = {116, 20, 'R'},
    [EXPORTER_UNSUPPORTED] = {136, 24, 'U'},
    [EXPORTER_CLEANUP_REJECTED] = {160, 1, 'c'},
    [EXPORTER_CLEANUP_NOT_ACCEPTED] = {161, 1, 'n'},
    [EXPORTER_SMTP_TIMED_OUT] = {162, 1, 't'},
    [EXPORTER_SMTPD_DISCONNECTS] = {163, 1, 'd'},
    [EXPORTER_SMTPD_NAME_MISMATCH] = {164, 1, 'f'},
    [EXPORTER_BOUNCE_NOTICES] = {165, 1, 'b'},
    [EXPORTER_VIRTUAL_DELIVERED] = {166, 1, 'v'},
};

static const double recipients_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128};
static const double size_bounds[] = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
static const double delay_bounds[] = {1e-3, 1e-2, 1e-1, 1, 10, 60, 3600, 86400, 172800};

_Static_assert(sizeof delay_bounds / sizeof delay_bounds[0] == EXPORTER_BOUNDS, "the most");
_Static_assert(EXPORTER_HISTOGRAMS <= 32, "a bit each");
_Static_assert(EXPORTER_LABELS + 4 < TOTALS_NAME_SIZE, "labels fit a field's name");

size_t exporter_bounds(enum exporter_histogram h, const double **bounds_out) {
    switch (h) {
    case EXPORTER_RECIPIENTS:
        *bounds_out = recipients_bounds;
        return sizeof recipients_bounds / sizeof recipients_bounds[0];
    case EXPORTER_SIZE:
        *bounds_out = size_bounds;
        return sizeof size_bounds / sizeof size_bounds[0];
    default:
        *bounds_out = delay_bounds;
        return EXPORTER_BOUNDS;
    }
}

/* ---- series ---- */

static bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '_' || c == '+' || c == '/';
}

/* The values with ',' between them; false: not all are plain words, or they are too long. */
static bool join(char out[EXPORTER_LABELS], const struct span *values, size_t count) {
    size_t n = 0;

    for (size_t v = 0; v < count; v++) {
        if (n + values[v].n + 2 > EXPORTER_LABELS)
            return false;
        for (size_t i = 0; i < values[v].n; i++) {
            if (!is_plain(values[v].p[i]))
                return false;
            out[n++] = values[v].p[i];
        }
        out[n++] = ',';
    }
    out[n > 0 ? n - 1 : 0] = '\0';
    return true;
}

static void join_other(char out[EXPORTER_LABELS], size_t count) {
    const struct span other = SPAN(OTHER);
    struct span values[5] = {other, other, other, other, other};

    (void)join(out, values, count);
}

/* The place of a family with these labels, which it gets if one is free beside the last, which is
 * for "other"; places in use are the first ones. -1: none is free. */
static int find_place(struct exporter *e, enum exporter_family family, const char *labels) {
    struct exporter_place *place = &e->place[families[family].first];
    uint8_t places = families[family].places;
    uint8_t last = e->last[family];

    if (place[last].value != 0 && strcmp(place[last].labels, labels) == 0)
        return families[family].first + last;
    for (uint8_t i = 0; i < places; i++) {
        bool is_reserved = places > 1 && i == places - 1;

        if (place[i].value == 0 && !is_reserved)
            text_copy(place[i].labels, sizeof place[i].labels, labels);
        else if (place[i].value == 0 || strcmp(place[i].labels, labels) != 0)
            continue;
        e->last[family] = i;
        return families[family].first + i;
    }
    return -1;
}

static void add(struct exporter *e, enum exporter_family family, const struct span *values,
                size_t count, uint64_t n) {
    char labels[EXPORTER_LABELS];
    char other[EXPORTER_LABELS];
    int i = -1;

    join_other(other, count);
    if (join(labels, values, count) && (count == 0 || strcmp(labels, other) != 0))
        i = find_place(e, family, labels);
    if (i == -1) { /* also what is called so in the log: one series has one place */
        i = families[family].first + families[family].places - 1;
        text_copy(e->place[i].labels, sizeof e->place[i].labels, other);
    }
    e->place[i].value += n;
    e->changed_places[i / 64] |= UINT64_C(1) << (i % 64);
}

static void add_one(struct exporter *e, enum exporter_family family, struct span value) {
    add(e, family, &value, 1, 1);
}

static void add_plain(struct exporter *e, enum exporter_family family) {
    add(e, family, NULL, 0, 1);
}

const struct exporter_place *exporter_series(const struct exporter *e, enum exporter_family family,
                                             size_t i) {
    const struct exporter_place *place = &e->place[families[family].first];

    for (size_t at = 0; at < families[family].places; at++) {
        if (place[at].value != 0 && i-- == 0)
            return &place[at];
    }
    return NULL;
}

/* ---- histograms ---- */

static void observe(struct exporter *e, unsigned h, double value, uint64_t sum) {
    struct exporter_counts *counts = &e->histogram[h];
    const double *bound;
    size_t bounds = exporter_bounds((enum exporter_histogram)h, &bound);
    size_t i = 0;

    while (i < bounds && value > bound[i])
        i++;
    counts->bucket[i]++;
    counts->sum += sum;
    e->changed_histograms |= UINT32_C(1) << h;
}

static void observe_delays(struct exporter *e, unsigned first, const struct mailev *ev) {
    if (ev->delays_us[0] < 0)
        return;
    for (unsigned part = 0; part < STAGE_COUNT; part++)
        observe(e, first + part, (double)ev->delays_us[part] / 1e6, (uint64_t)ev->delays_us[part]);
}

/* Which of the relays of pipe(8) it is: a service of master.cf. */
static unsigned find_pipe(struct exporter *e, struct span relay) {
    char name[EXPORTER_LABELS];

    if (!join(name, &relay, 1) || name[0] == '\0' || strlen(name) >= EXPORTER_RELAY ||
        strchr(name, '.') != NULL)
        text_copy(name, sizeof name, OTHER);
    for (unsigned i = 0; i < EXPORTER_PIPES - 1; i++) {
        if (e->pipe[i][0] == '\0' && strcmp(name, OTHER) != 0)
            text_copy(e->pipe[i], EXPORTER_RELAY, name);
        if (strcmp(e->pipe[i], name) == 0)
            return i;
    }
    text_copy(e->pipe[EXPORTER_PIPES - 1], EXPORTER_RELAY, OTHER);
    return EXPORTER_PIPES - 1;
}

/* ---- lines ---- */

static void note_delivery(struct exporter *e, const struct mailev *ev) {
    if (IS(ev->daemon, "smtp")) {
        add_one(e, EXPORTER_SMTP_STATUS, span_of(mailev_status_name(ev->status)));
        if (ev->status == MAILEV_STATUS_DEFERRED)
            add_one(e, EXPORTER_SMTP_DEFERRED, ev->dsn);
        else if (ev->status == MAILEV_STATUS_BOUNCED)
            add_one(e, EXPORTER_SMTP_BOUNCED, ev->dsn);
    } else if (IS(ev->daemon, "lmtp")) {
        observe_delays(e, EXPORTER_LMTP, ev);
    } else if (IS(ev->daemon, "pipe")) {
        observe_delays(e, EXPORTER_PIPE + find_pipe(e, ev->relay) * STAGE_COUNT, ev);
    } else if (IS(ev->daemon, "virtual") && ev->status == MAILEV_STATUS_SENT) {
        add_plain(e, EXPORTER_VIRTUAL_DELIVERED);
    }
}

/* Takes the digits at the start of *s and the `end` behind them off; absent when it is not so. */
static struct span take_digits(struct span *s, char end) {
    struct span digits = {s->p, 0};

    while (digits.n < s->n && s->p[digits.n] >= '0' && s->p[digits.n] <= '9')
        digits.n++;
    if (digits.n == s->n || s->p[digits.n] != end)
        return (struct span){s->p, 0};
    *s = logfield_from(*s, digits.n + 1);
    return digits;
}

/* "... with cipher NAME (256/256 bits)"; a session that is used again is none that was made. */
static void note_tls(struct exporter *e, const struct mailev *ev) {
    bool is_client = (ev->counters & COUNTER_BIT(COUNTER_TLS_SESSIONS)) != 0;
    struct span said = logfield_from(ev->message, ev->tls_trust.n > 0 ? ev->tls_trust.n + 1 : 0);
    struct span values[5] = {ev->tls_trust, ev->tls_version, ev->tls_cipher, {"", 0}, {"", 0}};
    size_t behind;

    if (!is_client &&
        (!IS(ev->daemon, "smtpd") || !STARTS(said, "TLS connection established from ")))
        return;
    if (ev->tls_cipher.n > 0) {
        behind = (size_t)(ev->tls_cipher.p + ev->tls_cipher.n - ev->message.p);
        said = logfield_from(ev->message, behind);
        if (STARTS(said, " (")) {
            said = logfield_from(said, 2);
            values[3] = take_digits(&said, '/');
            values[4] = take_digits(&said, ' ');
        }
    }
    add(e, is_client ? EXPORTER_SMTP_TLS : EXPORTER_SMTPD_TLS, values, 5, 1);
}

static void note_disconnect(struct exporter *e, const struct mailev *ev) {
    struct span s = ev->text;

    if (!IS(ev->daemon, "smtpd"))
        return;
    if (STARTS(s, "disconnect from ")) {
        add_plain(e, EXPORTER_SMTPD_DISCONNECTS);
    } else if (STARTS(s, "lost connection after ")) {
        s = logfield_from(s, 22);
        add_one(e, EXPORTER_SMTPD_LOST, (struct span){s.p, logscan_find(s, ' ')});
    }
}

static void note_rejected(struct exporter *e, const struct mailev *ev) {
    struct span action = logfield_behind_id(ev->message, ev->queue_id);
    struct span text = ev->text;
    struct span code;

    if (IS(ev->daemon, "cleanup")) {
        add_plain(e, STARTS(action, "reject: ") ? EXPORTER_CLEANUP_REJECTED
                                                : EXPORTER_CLEANUP_NOT_ACCEPTED);
    } else if (IS(ev->daemon, "smtpd") && IS(ev->queue_id, "NOQUEUE")) {
        code = take_digits(&text, ' ');
        add_one(e, EXPORTER_SMTPD_REJECTED, code.n == 3 ? code : SPAN(OTHER));
    }
}

static void note_attempt(struct exporter *e, const struct mailev *ev) {
    if (IS(ev->daemon, "smtp") && STARTS(ev->text, "connect to ") &&
        (ENDS(ev->text, ": Connection timed out") || ENDS(ev->text, ": Operation timed out")))
        add_plain(e, EXPORTER_SMTP_TIMED_OUT);
}

void exporter_note(struct exporter *e, const struct mailev *ev) {
    switch (ev->kind) {
    case MAILEV_DELIVERY:
        note_delivery(e, ev);
        break;
    case MAILEV_QUEUED:
        if ((ev->counters & COUNTER_BIT(COUNTER_QUEUED)) == 0)
            break;
        observe(e, EXPORTER_RECIPIENTS, ev->recipients, ev->recipients);
        observe(e, EXPORTER_SIZE, (double)ev->size_bytes, ev->size_bytes);
        break;
    case MAILEV_TLS:
        note_tls(e, ev);
        break;
    case MAILEV_DISCONNECT:
        note_disconnect(e, ev);
        break;
    case MAILEV_CLIENT:
        if (IS(ev->daemon, "smtpd"))
            add_one(e, EXPORTER_SMTPD_CLIENT, ev->sasl_method);
        break;
    case MAILEV_REJECTED:
        note_rejected(e, ev);
        break;
    case MAILEV_ATTEMPT:
        note_attempt(e, ev);
        break;
    case MAILEV_WARNING:
        if (IS(ev->daemon, "smtpd") && STARTS(ev->text, "hostname ") && ev->client_ip.n > 0)
            add_plain(e, EXPORTER_SMTPD_NAME_MISMATCH);
        break;
    case MAILEV_BOUNCE_NOTICE:
        if (STARTS(logfield_behind_id(ev->message, ev->queue_id), "sender non-delivery "))
            add_plain(e, EXPORTER_BOUNCE_NOTICES);
        break;
    default:
        break;
    }
    if ((ev->counters & COUNTER_BIT(COUNTER_UNPARSED)) != 0)
        add(e, EXPORTER_UNSUPPORTED, (struct span[2]){ev->daemon, ev->severity}, 2, 1);
}

/* ---- as totals ---- */

/* "x.q", "x.l.a", "x.p.RELAY.a": what the names of a histogram's fields begin with. */
static void histogram_name(const struct exporter *e, unsigned h, char out[TOTALS_NAME_SIZE]) {
    unsigned stage = (h - EXPORTER_LMTP) % STAGE_COUNT;

    if (h < EXPORTER_LMTP)
        text_format(out, TOTALS_NAME_SIZE, "x.%c", h == EXPORTER_RECIPIENTS ? 'q' : 'z');
    else if (h < EXPORTER_PIPE)
        text_format(out, TOTALS_NAME_SIZE, "x.l.%c", 'a' + (int)stage);
    else
        text_format(out, TOTALS_NAME_SIZE, "x.p.%s.%c", e->pipe[(h - EXPORTER_PIPE) / STAGE_COUNT],
                    'a' + (int)stage);
}

static uint64_t *number_of(struct exporter_counts *counts, size_t i) {
    return i <= EXPORTER_BOUNDS ? &counts->bucket[i] : &counts->sum;
}

static void number_name(const char *begin, size_t i, char out[TOTALS_NAME_SIZE]) {
    if (i <= EXPORTER_BOUNDS)
        text_format(out, TOTALS_NAME_SIZE, "%.40s.%zu", begin, i);
    else
        text_format(out, TOTALS_NAME_SIZE, "%.40s.sum", begin);
}

static void restore_histograms(struct exporter *e, const struct totals *from) {
    for (unsigned h = 0; h < EXPORTER_HISTOGRAMS; h++) {
        char begin[TOTALS_NAME_SIZE];
        char name[TOTALS_NAME_SIZE];

        if (h >= EXPORTER_PIPE && e->pipe[(h - EXPORTER_PIPE) / STAGE_COUNT][0] == '\0')
            continue;
        histogram_name(e, h, begin);
        for (size_t i = 0; i <= EXPORTER_BOUNDS + 1; i++) {
            int field;

            number_name(begin, i, name);
            field = totals_find(from, name);
            e->histogram[h].field[i] = (uint16_t)(field + 1);
            *number_of(&e->histogram[h], i) = field >= 0 ? from->value[field] : 0;
        }
    }
}

/* "x.S.sent", "x.c". */
static bool restore_series(struct exporter *e, const char *name, uint64_t value, int field) {
    for (unsigned f = 0; f < EXPORTER_FAMILIES; f++) {
        bool has_labels = families[f].places > 1;
        bool is_last;
        char other[EXPORTER_LABELS];
        int i;

        if (name[2] != families[f].letter || name[3] != (has_labels ? '.' : '\0'))
            continue;
        name += has_labels ? 4 : 3;
        if (strlen(name) >= EXPORTER_LABELS || value == 0)
            return true;
        join_other(other, f == EXPORTER_UNSUPPORTED                           ? 2
                          : f == EXPORTER_SMTP_TLS || f == EXPORTER_SMTPD_TLS ? 5
                                                                              : 1);
        is_last = has_labels && strcmp(name, other) == 0;
        i = is_last ? families[f].first + families[f].places - 1
                    : find_place(e, (enum exporter_family)f, name);
        if (i == -1)
            return true;
        text_copy(e->place[i].labels, sizeof e->place[i].labels, name);
        e->place[i].value = value;
        e->place[i].field = (uint16_t)(field + 1);
        return true;
    }
    return false;
}

/* The relay of "x.p.RELAY.a.0" gets its place. */
static void restore_pipe(struct exporter *e, const char *name) {
    const char *end = strchr(name + 4, '.');

    if (strncmp(name, "x.p.", 4) == 0 && end != NULL)
        (void)find_pipe(e, (struct span){name + 4, (size_t)(end - name - 4)});
}

void exporter_restore(struct exporter *e, const struct totals *from) {
    memset(e, 0, sizeof *e);
    for (size_t i = 0; i < from->count; i++) {
        const char *name = from->name[i];

        if (strncmp(name, "x.", 2) == 0 && !restore_series(e, name, from->value[i], (int)i))
            restore_pipe(e, name);
    }
    restore_histograms(e, from);
}

/* A field is added with the first value that is not 0. */
static void put(struct totals *totals, uint16_t *field, const char *name, uint64_t value) {
    if (*field == 0 && value != 0)
        *field = (uint16_t)(totals_field(totals, name) + 1);
    if (*field != 0)
        totals->value[*field - 1] = value;
}

static void put_place(struct exporter *e, size_t i, struct totals *totals) {
    char name[TOTALS_NAME_SIZE];
    unsigned f = 0;

    while (i >= (size_t)families[f].first + families[f].places)
        f++;
    text_format(name, sizeof name, "x.%c%s%s", families[f].letter,
                families[f].places > 1 ? "." : "", e->place[i].labels);
    put(totals, &e->place[i].field, name, e->place[i].value);
}

static void put_histogram(struct exporter *e, unsigned h, struct totals *totals) {
    char begin[TOTALS_NAME_SIZE];
    char name[TOTALS_NAME_SIZE];

    histogram_name(e, h, begin);
    for (size_t i = 0; i <= EXPORTER_BOUNDS + 1; i++) {
        number_name(begin, i, name);
        put(totals, &e->histogram[h].field[i], name, *number_of(&e->histogram[h], i));
    }
}

void exporter_put(struct exporter *e, struct totals *totals) {
    for (size_t word = 0; word < sizeof e->changed_places / sizeof e->changed_places[0]; word++) {
        for (; e->changed_places[word] != 0; e->changed_places[word] &= e->changed_places[word] - 1)
            put_place(e, word * 64 + (size_t)__builtin_ctzll(e->changed_places[word]), totals);
    }
    for (; e->changed_histograms != 0; e->changed_histograms &= e->changed_histograms - 1)
        put_histogram(e, (unsigned)__builtin_ctz(e->changed_histograms), totals);
}
