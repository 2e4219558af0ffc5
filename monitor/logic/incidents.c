/* See incidents.h. */
#include "incidents.h"

#include <string.h>

static struct incident *at(struct incidents *all, uint64_t number) {
    return &all->incident[number % INCIDENTS];
}

static struct incident *find_same(struct incidents *all, const struct alert *alert) {
    for (int i = 0; i < INCIDENTS; i++) {
        struct incident *known = &all->incident[i];

        if (known->number != 0 && known->since_ms == alert->since_ms &&
            strcmp(known->id, alert->id) == 0)
            return known;
    }
    return NULL;
}

/* ---- what there was before ---- */

static void note_past(struct incidents *all, const struct incident_figures *figures,
                      int64_t now_ms) {
    struct incident_past *past = &all->past[now_ms / INCIDENT_STEP_MS % INCIDENT_STEPS];

    all->seen = *figures;
    all->seen_ms = now_ms;
    if (past->at_ms / INCIDENT_STEP_MS != now_ms / INCIDENT_STEP_MS)
        *past = (struct incident_past){now_ms, *figures};
}

/* The newest figures in which what began then is not yet. */
static const struct incident_figures *figures_before(const struct incidents *all,
                                                     int64_t since_ms) {
    enum { TOLD_MS = 2000 }; /* between a line of the log and the beginning that it makes */
    const struct incident_past *best = NULL;

    if (all->seen_ms < since_ms)
        return all->seen_ms != 0 ? &all->seen : NULL;
    for (int i = 0; i < INCIDENT_STEPS; i++) {
        const struct incident_past *past = &all->past[i];

        if (past->at_ms != 0 && past->at_ms <= since_ms - TOLD_MS &&
            (best == NULL || past->at_ms > best->at_ms))
            best = past;
    }
    return best != NULL ? &best->figures : &all->seen;
}

static struct incident *begin(struct incidents *all, const struct alert *alert,
                              const struct incident_figures *figures,
                              const struct changes *changes) {
    const struct incident_figures *before = figures_before(all, alert->since_ms);
    struct incident *new = at(all, ++all->last);

    *new = (struct incident){.number = all->last,
                             .since_ms = alert->since_ms,
                             .before = before != NULL ? *before : *figures};
    text_copy(new->id, sizeof new->id, alert->id);
    new->changes = changes_between(changes, alert->since_ms - INCIDENT_BEFORE_MS,
                                   alert->since_ms + 60 * 1000, INCIDENT_CHANGES, new->change);
    return new;
}

/* Returns whether it is worse than it was known to be. */
static bool go_on(struct incident *i, const struct alert *alert,
                  const struct incident_figures *figures) {
    uint64_t waiting = i->after.waiting > figures->waiting ? i->after.waiting : figures->waiting;
    bool news = alert->severity > i->severity || alert->diagnosis != i->diagnosis ||
                (alert->silenced_who[0] != '\0' && i->silenced_who[0] == '\0');

    i->diagnosis = alert->diagnosis;
    i->severity = alert->severity > i->severity ? alert->severity : i->severity;
    i->party = alert->party;
    if (alert->relayhost[0] != '\0')
        text_copy(i->relayhost, sizeof i->relayhost, alert->relayhost);
    i->count = alert->count > i->count ? alert->count : i->count;
    i->after = *figures;
    i->after.waiting = waiting;
    text_copy(i->summary, sizeof i->summary, alert->summary);
    text_copy(i->impact, sizeof i->impact, alert->impact);
    text_copy(i->evidence, sizeof i->evidence, alert->evidence);
    if (alert->silenced_who[0] != '\0') {
        text_copy(i->silenced_who, sizeof i->silenced_who, alert->silenced_who);
        text_copy(i->silenced_why, sizeof i->silenced_why, alert->silenced_why);
    }
    return news;
}

/* Its alert is not there any more, and nobody saw its end: we were down. */
static bool close_lost(struct incident *i, const struct alert_set *alerts, int64_t now_ms) {
    if (i->number == 0 || i->ended_ms != 0)
        return false;
    for (int n = 0; n < alerts->count; n++) {
        if (alerts->alert[n].since_ms == i->since_ms && strcmp(alerts->alert[n].id, i->id) == 0)
            return false;
    }
    i->ended_ms = now_ms > i->since_ms ? now_ms : i->since_ms + 1;
    return true;
}

bool incidents_follow(struct incidents *all, const struct alert_set *alerts,
                      const struct incident_figures *figures, const struct changes *changes,
                      int64_t now_ms) {
    bool news = false;

    for (int n = 0; n < alerts->count; n++) {
        const struct alert *alert = &alerts->alert[n];
        struct incident *i = find_same(all, alert);

        if (i == NULL && alert->ended_ms != 0)
            continue;
        if (i == NULL) {
            i = begin(all, alert, figures, changes);
            news = true;
        }
        if (alert->ended_ms == 0) {
            news |= go_on(i, alert, figures);
            news |= i->ended_ms != 0;
            i->ended_ms = 0;
        } else if (i->ended_ms == 0) {
            i->ended_ms = alert->ended_ms;
            i->after.sent = figures->sent;
            i->after.deferred = figures->deferred;
            i->after.bounced = figures->bounced;
            i->after.expired = figures->expired;
            news = true;
        }
    }
    for (int n = 0; n < INCIDENTS; n++)
        news |= close_lost(&all->incident[n], alerts, now_ms);
    note_past(all, figures, now_ms);
    return news;
}

const struct incident *incidents_get(const struct incidents *all, int i) {
    const struct incident *found;

    if (i < 0 || i >= INCIDENTS || (uint64_t)i >= all->last)
        return NULL;
    found = &all->incident[(all->last - (uint64_t)i) % INCIDENTS];
    return found->number == all->last - (uint64_t)i ? found : NULL;
}

const struct incident *incidents_find(const struct incidents *all, struct span what) {
    uint64_t number = 0;
    bool by_number = text_u64(what, 1, UINT64_MAX, &number);
    const struct incident *i;

    for (int n = 0; (i = incidents_get(all, n)) != NULL; n++) {
        if (by_number ? i->number == number : span_is(what, i->id))
            return i;
    }
    return NULL;
}

/* ---- as lines ---- */

static void print_figures(struct keptout *out, const char *word, uint64_t number,
                          const struct incident_figures *f) {
    keptout_line(out, "%s %llu %llu %llu %llu %llu %llu", word, (unsigned long long)number,
                 (unsigned long long)f->sent, (unsigned long long)f->deferred,
                 (unsigned long long)f->bounced, (unsigned long long)f->expired,
                 (unsigned long long)f->waiting);
}

static void print_text(struct keptout *out, const char *word, uint64_t number, const char *text) {
    if (text[0] != '\0')
        keptout_line(out, "%s %llu %s", word, (unsigned long long)number, text);
}

static void print_incident(const struct incident *i, struct keptout *out) {
    keptout_line(out, "incident %llu %s %s %d %lld %lld %llu", (unsigned long long)i->number, i->id,
                 i->diagnosis == DIAGNOSIS_NONE ? "-" : diagnosis_entry(i->diagnosis)->id,
                 (int)i->severity, (long long)i->since_ms, (long long)i->ended_ms,
                 (unsigned long long)i->count);
    print_figures(out, "before", i->number, &i->before);
    print_figures(out, "after", i->number, &i->after);
    print_text(out, "fault", i->number, party_name(i->party));
    print_text(out, "relayhost", i->number, i->relayhost);
    print_text(out, "summary", i->number, i->summary);
    print_text(out, "impact", i->number, i->impact);
    print_text(out, "evidence", i->number, i->evidence);
    print_text(out, "who", i->number, i->silenced_who);
    print_text(out, "why", i->number, i->silenced_why);
    for (int n = 0; n < i->changes; n++)
        keptout_line(out, "changed %llu %lld %s", (unsigned long long)i->number,
                     (long long)i->change[n].at_ms, i->change[n].text);
}

void incidents_print(const struct incidents *all, struct keptout *out) {
    for (int n = INCIDENTS - 1; n >= 0; n--) {
        const struct incident *i = incidents_get(all, n);

        if (i != NULL)
            print_incident(i, out);
    }
}

static bool take_first(struct incidents *all, struct keptline *l) {
    struct incident new = {.number = keptline_u64(l, UINT64_MAX / 2)};
    struct span word;

    l->bad |= !text_copy_span(new.id, sizeof new.id, keptline_word(l));
    word = keptline_word(l);
    new.diagnosis = diagnosis_find(word);
    new.severity = (enum severity)keptline_u64(l, SEVERITY_CRITICAL);
    new.since_ms = keptline_i64(l, 1, INT64_C(1) << 50);
    new.ended_ms = keptline_i64(l, 0, INT64_C(1) << 50);
    new.count = keptline_u64(l, UINT64_MAX);
    if (l->bad || new.number <= all->last)
        return false;
    *at(all, new.number) = new;
    all->last = new.number;
    return true;
}

static void take_figures(struct keptline *l, struct incident_figures *f) {
    struct incident_figures now;

    now.sent = keptline_u64(l, UINT64_MAX);
    now.deferred = keptline_u64(l, UINT64_MAX);
    now.bounced = keptline_u64(l, UINT64_MAX);
    now.expired = keptline_u64(l, UINT64_MAX);
    now.waiting = keptline_u64(l, UINT64_MAX);
    if (!l->bad)
        *f = now;
}

static void take_change(struct keptline *l, struct incident *i) {
    int64_t at_ms = keptline_i64(l, 1, INT64_C(1) << 50);

    l->bad |= i->changes == INCIDENT_CHANGES;
    if (l->bad)
        return;
    i->change[i->changes].at_ms = at_ms;
    keptline_text(l, i->change[i->changes].text, sizeof i->change[0].text);
    i->changes++;
}

/* What stands under the line of an incident, the last one of the file so far. */
static bool take_more(struct incidents *all, struct span kind, struct keptline *l) {
    struct incident *i = at(all, all->last);

    if (keptline_u64(l, UINT64_MAX) != all->last || l->bad || all->last == 0)
        return false;
    if (span_is(kind, "before"))
        take_figures(l, &i->before);
    else if (span_is(kind, "after"))
        take_figures(l, &i->after);
    else if (span_is(kind, "fault"))
        i->party = party_find(keptline_word(l));
    else if (span_is(kind, "relayhost"))
        keptline_text(l, i->relayhost, sizeof i->relayhost);
    else if (span_is(kind, "summary"))
        keptline_text(l, i->summary, sizeof i->summary);
    else if (span_is(kind, "impact"))
        keptline_text(l, i->impact, sizeof i->impact);
    else if (span_is(kind, "evidence"))
        keptline_text(l, i->evidence, sizeof i->evidence);
    else if (span_is(kind, "who"))
        keptline_text(l, i->silenced_who, sizeof i->silenced_who);
    else if (span_is(kind, "why"))
        keptline_text(l, i->silenced_why, sizeof i->silenced_why);
    else if (span_is(kind, "changed"))
        take_change(l, i);
    else
        return false;
    return !l->bad;
}

bool incidents_take(struct incidents *all, struct span line) {
    struct keptline l = {line, false};
    struct span kind = keptline_word(&l);

    return span_is(kind, "incident") ? take_first(all, &l) : take_more(all, kind, &l);
}
