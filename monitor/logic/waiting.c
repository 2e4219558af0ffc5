/* See waiting.h. */
#include "waiting.h"

#include <stdlib.h>
#include <string.h>

void waiting_init(struct waiting *w, const struct diagnoser *diagnoser) {
    memset(w, 0, sizeof *w);
    w->diagnoser = diagnoser;
}

void waiting_begin(struct waiting *w, const struct waiting_message *message) {
    struct waiting_item *now = &w->now;

    memset(now, 0, sizeof *now);
    text_copy_printable(now->id, sizeof now->id, message->id);
    text_copy_printable(now->queue, sizeof now->queue, message->queue);
    text_copy_printable(now->sender, sizeof now->sender, message->sender);
    now->arrived_s = message->arrived_s;
    now->size = message->size;
    w->messages++;
    w->bytes += message->size;
    w->held = strcmp(now->queue, "hold") == 0;
    if (w->held)
        w->hold++;
    else if (strcmp(now->queue, "active") == 0)
        w->active++;
    else if (strcmp(now->queue, "deferred") == 0)
        w->deferred++;
    else if (strcmp(now->queue, "incoming") == 0)
        w->incoming++;
    else
        w->other++;
    if (!w->held && now->arrived_s > 0 && (w->oldest_s == 0 || now->arrived_s < w->oldest_s))
        w->oldest_s = now->arrived_s;
}

enum diagnosis waiting_diagnose(const struct diagnoser *d, struct span reason) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .daemon = SPAN("smtp"),
                        .text = reason};
    enum diagnosis found;

    if (reason.n == 0)
        return DIAGNOSIS_NONE;
    found = diagnose_event(d, &ev);
    if (found != DIAGNOSIS_NONE)
        return found;
    ev.daemon = SPAN("error");
    return diagnose_event(d, &ev);
}

/* What differs from message to message is no part of a reason: names, numbers, addresses. */
static bool is_particular(struct span word) {
    bool digit = false;

    if (word.n > 0 && strchr(".,:;)", word.p[word.n - 1]) != NULL)
        word.n--;
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];

        if (strchr("@<>[]=", c) != NULL || (c == '.' && (unsigned char)word.p[0] > '9'))
            return true;
        digit |= c >= '0' && c <= '9';
    }
    return digit && word.n != 3 && word.n != 5; /* a reply's code, an enhanced code */
}

static void outline_of(struct span text, char *out, size_t size) {
    size_t n = 0;

    for (size_t at = 0; at < text.n;) {
        const char *blank = memchr(text.p + at, ' ', text.n - at);
        struct span word = {text.p + at,
                            blank != NULL ? (size_t)(blank - text.p) - at : text.n - at};

        at += word.n + 1;
        if (word.n == 0)
            continue;
        if (is_particular(word))
            word = SPAN("*");
        if (n + word.n + 2 > size)
            break;
        memcpy(out + n, word.p, word.n);
        n += word.n;
        out[n++] = ' ';
    }
    out[n] = '\0';
}

static struct waiting_group *find_group(struct waiting *w, enum waiting_kind kind,
                                        enum diagnosis diagnosis, const char *outline) {
    for (size_t i = 0; i < w->group_count; i++) {
        struct waiting_group *g = &w->group[i];

        if (g->kind == kind && g->diagnosis == diagnosis && strcmp(g->outline, outline) == 0)
            return g;
    }
    return NULL;
}

static size_t count_kind(const struct waiting *w, enum waiting_kind kind) {
    size_t n = 0;

    for (size_t i = 0; i < w->group_count; i++)
        n += w->group[i].kind == kind;
    return n;
}

static struct waiting_group *group_of(struct waiting *w, enum waiting_kind kind,
                                      enum diagnosis diagnosis, struct span reason) {
    char outline[WAITING_TEXT] = "";
    struct waiting_group *g;

    if (kind == WAITING_OTHER)
        outline_of(reason, outline, sizeof outline);
    g = find_group(w, kind, diagnosis, outline);
    if (g != NULL)
        return g;
    if (kind == WAITING_OTHER && count_kind(w, WAITING_OTHER) == WAITING_OTHERS)
        return group_of(w, WAITING_VARIOUS, DIAGNOSIS_NONE, reason);
    g = &w->group[w->group_count++];
    memset(g, 0, sizeof *g);
    g->kind = kind;
    g->diagnosis = diagnosis;
    text_copy(g->outline, sizeof g->outline, outline);
    text_copy_printable(g->text, sizeof g->text, reason);
    return g;
}

static void count_into(struct waiting *w, struct waiting_group *g, uint64_t recipients) {
    int64_t arrived_s = w->now.arrived_s;

    g->recipients += recipients;
    if (arrived_s > 0 && (g->oldest_s == 0 || arrived_s < g->oldest_s))
        g->oldest_s = arrived_s;
    if (g->last == w->messages)
        return;
    g->last = w->messages;
    g->messages++;
}

enum diagnosis waiting_recipient(struct waiting *w, struct span address, struct span reason) {
    enum diagnosis found = waiting_diagnose(w->diagnoser, reason);
    struct waiting_item *now = &w->now;

    if (now->recipients++ == 0)
        text_copy_printable(now->recipient, sizeof now->recipient, address);
    if (now->reason[0] == '\0' && reason.n > 0) {
        text_copy_printable(now->reason, sizeof now->reason, reason);
        now->diagnosis = found;
    }
    w->recipients++;
    if (!w->held && reason.n > 0) {
        enum waiting_kind kind = found != DIAGNOSIS_NONE ? WAITING_DIAGNOSED : WAITING_OTHER;

        count_into(w, group_of(w, kind, found, reason), 1);
    }
    return found;
}

/* Its place among the oldest, by arrival; the last one falls out when there is no room. */
static void keep_if_old(struct waiting *w) {
    size_t at = w->oldest_count;

    while (at > 0 && w->now.arrived_s < w->oldest[at - 1].arrived_s)
        at--;
    if (at == WAITING_OLDEST)
        return;
    if (w->oldest_count < WAITING_OLDEST)
        w->oldest_count++;
    memmove(&w->oldest[at + 1], &w->oldest[at], (w->oldest_count - at - 1) * sizeof w->oldest[0]);
    w->oldest[at] = w->now;
}

void waiting_end(struct waiting *w) {
    static const struct span none = {NULL, 0};

    if (w->held)
        count_into(w, group_of(w, WAITING_HELD, DIAGNOSIS_NONE, none), w->now.recipients);
    else if (w->now.reason[0] == '\0')
        count_into(w, group_of(w, WAITING_NEW, DIAGNOSIS_NONE, none), w->now.recipients);
    keep_if_old(w);
}

static int by_messages(const void *a, const void *b) {
    const struct waiting_group *x = a, *y = b;

    if (x->messages != y->messages)
        return x->messages < y->messages ? 1 : -1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->diagnosis < y->diagnosis ? -1 : x->diagnosis > y->diagnosis;
}

void waiting_sort(struct waiting *w) {
    if (w->group_count > 1)
        qsort(w->group, w->group_count, sizeof w->group[0], by_messages);
}
