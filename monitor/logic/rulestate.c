/* See rulestate.h. */
#include "rulestate.h"

#include <string.h>

#include "rule.h"

/* ---- writing ---- */

static const char *diagnosis_word(enum diagnosis d) {
    return d == DIAGNOSIS_NONE ? "-" : diagnosis_entry(d)->id;
}

static void print_rule(const struct rule_state *r, const char *id, struct keptout *out) {
    const struct alert *a = &r->alert;

    if (r->pending_ms == 0 && a->since_ms == 0 && r->begun_ms[0] == 0 && r->explained_ms == 0)
        return;
    keptout_line(out, "rule %s %lld %lld %lld %lld %lld %lld %s %d", id, (long long)r->pending_ms,
                 (long long)r->heard_since_ms, (long long)r->explained_ms,
                 (long long)r->begun_ms[0], (long long)r->begun_ms[1], (long long)r->begun_ms[2],
                 diagnosis_word(r->begun_for), r->told);
    if (a->since_ms == 0)
        return;
    keptout_line(out, "alert %s %s %d %lld %lld %llu %s", id, diagnosis_word(a->diagnosis),
                 (int)a->severity, (long long)a->since_ms, (long long)a->ended_ms,
                 (unsigned long long)a->count, a->summary);
    if (a->party != PARTY_NONE)
        keptout_line(out, "whose %s %s %s", id, party_name(a->party), a->relayhost);
    keptout_line(out, "impact %s %s", id, a->impact);
    keptout_line(out, "evidence %s %s", id, a->evidence);
    for (int i = 0; i < DIAGNOSIS_FIXES && a->fix[i][0] != '\0'; i++)
        keptout_line(out, "fix %s %d %s", id, i, a->fix[i]);
}

static void print_ids(const char *kind, int area, const struct refusals *r, struct keptout *out) {
    char ids[REFUSALS_IDS * 12] = "";
    size_t n = 0;

    for (int i = 0; i < REFUSALS_IDS; i++) {
        text_format(ids + n, sizeof ids - n, " %u", (unsigned)r->id[i]);
        n += strlen(ids + n);
    }
    keptout_line(out, "%s %d %u%s", kind, area, r->messages, ids);
}

static void print_cause(int area, const struct health_cause *c, struct keptout *out) {
    if (c->diagnosis != DIAGNOSIS_NONE)
        keptout_line(out, "cause %d %s %lld %lld %llu %llu %s", area, diagnosis_word(c->diagnosis),
                     (long long)c->since_ms, (long long)c->last_ms, (unsigned long long)c->count,
                     (unsigned long long)c->bounced, c->evidence);
    if (c->of_all)
        keptout_line(out, "of_all %d", area);
    if (c->of_trial)
        keptout_line(out, "of_trial %d", area);
    if (c->put_off.messages > 0)
        print_ids("put_off", area, &c->put_off, out);
    if (c->waiting.messages > 0)
        print_ids("waiting", area, &c->waiting, out);
}

/* Lines behind "way" are of that smarthost; those before the first, of the one without a name. */
static void print_way(const struct health_way *way, struct keptout *out) {
    if (way->relayhost[0] != '\0')
        keptout_line(out, "way %lld %lld %lld %u %u %s", (long long)way->last_success_ms,
                     (long long)way->last_failure_ms, (long long)way->used_ms,
                     way->refused.messages, way->port, way->relayhost);
    if (way->unwanted.messages > 0)
        keptout_line(out, "unwanted %u", way->unwanted.messages);
    for (int area = 0; area < AREA_COUNT; area++)
        print_cause(area, &way->cause[area], out);
}

void rulestate_print(const struct rules *rules, const struct health *h, struct keptout *out) {
    for (int i = 0; i < RULE_COUNT; i++)
        print_rule(&rules->rule[i], rules_id(i), out);
    keptout_line(out, "health %lld %lld %lld %u", (long long)h->last_success_ms,
                 (long long)h->last_failure_ms, (long long)h->last_answer_ms,
                 h->way[0].refused.messages);
    if (h->configured[0] != '\0')
        keptout_line(out, "configured %s", h->configured);
    for (unsigned i = 0; i < HEALTH_WAYS; i++) {
        if (i == 0 || h->way[i].relayhost[0] != '\0')
            print_way(&h->way[i], out);
    }
}

bool rulestate_changed(struct rules *rules) {
    bool changed = rules->changed;

    rules->changed = false;
    return changed;
}

/* ---- reading ---- */

static int64_t take_time(struct keptline *l) {
    return keptline_i64(l, 0, INT64_C(1) << 50);
}

static enum diagnosis take_diagnosis(struct keptline *l) {
    struct span word = keptline_word(l);
    enum diagnosis d = diagnosis_find(word);

    l->bad |= d == DIAGNOSIS_NONE && !span_is(word, "-");
    return d;
}

static struct rule_state *take_rule(struct rules *rules, struct keptline *l) {
    struct span id = keptline_word(l);

    for (int i = 0; i < RULE_COUNT; i++) {
        if (span_is(id, rules_id(i)))
            return &rules->rule[i];
    }
    l->bad = true;
    return NULL;
}

static void take_rule_line(struct rules *rules, struct keptline *l) {
    struct rule_state *r = take_rule(rules, l);
    struct rule_state now = {.restored = true};

    now.pending_ms = take_time(l);
    now.heard_since_ms = take_time(l);
    now.explained_ms = take_time(l);
    for (int i = 0; i < 3; i++)
        now.begun_ms[i] = take_time(l);
    now.begun_for = take_diagnosis(l);
    now.told = keptline_u64(l, 1) == 1;
    if (!l->bad)
        *r = now;
}

static void take_alert_line(struct rules *rules, struct keptline *l) {
    struct rule_state *r = take_rule(rules, l);
    struct alert a = {.diagnosis = take_diagnosis(l)};

    a.severity = (enum severity)keptline_u64(l, SEVERITY_CRITICAL);
    a.since_ms = take_time(l);
    a.ended_ms = take_time(l);
    a.count = keptline_u64(l, UINT64_MAX);
    keptline_text(l, a.summary, sizeof a.summary);
    if (l->bad || a.since_ms == 0)
        return;
    text_copy(a.id, sizeof a.id, rules_id((int)(r - rules->rule)));
    r->alert = a;
}

static void take_fix(struct rules *rules, struct keptline *l) {
    struct rule_state *r = take_rule(rules, l);
    uint64_t i = keptline_u64(l, DIAGNOSIS_FIXES - 1);

    if (!l->bad)
        keptline_text(l, r->alert.fix[i], sizeof r->alert.fix[i]);
}

static void take_text(struct rules *rules, struct keptline *l, bool impact) {
    struct rule_state *r = take_rule(rules, l);

    if (l->bad)
        return;
    if (impact)
        keptline_text(l, r->alert.impact, sizeof r->alert.impact);
    else
        keptline_text(l, r->alert.evidence, sizeof r->alert.evidence);
}

static void take_whose(struct rules *rules, struct keptline *l) {
    struct rule_state *r = take_rule(rules, l);
    enum party party = party_find(keptline_word(l));

    l->bad |= party == PARTY_NONE;
    if (l->bad)
        return;
    r->alert.party = party;
    keptline_text(l, r->alert.relayhost, sizeof r->alert.relayhost);
}

static void take_health(struct health *h, struct keptline *l) {
    int64_t success_ms = take_time(l);
    int64_t failure_ms = take_time(l);
    int64_t answer_ms = take_time(l);
    uint64_t refused = keptline_u64(l, UINT32_MAX);

    if (l->bad)
        return;
    h->last_way = 0;
    h->last_success_ms = success_ms;
    h->last_failure_ms = failure_ms;
    h->last_answer_ms = answer_ms;
    h->way[0].refused.messages = (unsigned)refused;
}

/* The lines that follow are of this one. */
static void take_way(struct health *h, struct keptline *l) {
    struct health_way way = {.last_success_ms = take_time(l)};

    way.last_failure_ms = take_time(l);
    way.used_ms = take_time(l);
    way.refused.messages = (unsigned)keptline_u64(l, UINT32_MAX);
    way.port = (uint32_t)keptline_u64(l, UINT16_MAX);
    keptline_text(l, way.relayhost, sizeof way.relayhost);
    l->bad |= way.relayhost[0] == '\0' || h->last_way + 1 >= HEALTH_WAYS;
    if (!l->bad)
        h->way[++h->last_way] = way;
}

static void take_refusals(struct refusals *r, struct keptline *l) {
    uint64_t messages = keptline_u64(l, UINT32_MAX);

    if (!l->bad)
        r->messages = (unsigned)messages;
}

static void take_cause(struct health *h, struct keptline *l) {
    uint64_t area = keptline_u64(l, AREA_COUNT - 1);
    struct health_cause c = {.diagnosis = take_diagnosis(l)};

    c.since_ms = take_time(l);
    c.last_ms = take_time(l);
    c.count = keptline_u64(l, UINT64_MAX);
    c.bounced = keptline_u64(l, UINT64_MAX);
    keptline_text(l, c.evidence, sizeof c.evidence);
    if (!l->bad)
        h->way[h->last_way].cause[area] = c;
}

static struct health_cause *take_area(struct health *h, struct keptline *l) {
    return &h->way[h->last_way].cause[keptline_u64(l, AREA_COUNT - 1)];
}

static void take_mark(struct health *h, struct keptline *l, bool trial) {
    struct health_cause *cause = take_area(h, l);

    if (!l->bad)
        *(trial ? &cause->of_trial : &cause->of_all) = true;
}

static void take_ids(struct health *h, struct keptline *l, bool waiting) {
    struct health_cause *cause = take_area(h, l);
    struct refusals r = {.messages = (unsigned)keptline_u64(l, UINT32_MAX)};

    for (int i = 0; i < REFUSALS_IDS; i++)
        r.id[i] = (uint32_t)keptline_u64(l, UINT32_MAX);
    if (l->bad)
        return;
    *(waiting ? &cause->waiting : &cause->put_off) = r;
    h->has_ids = true;
}

bool rulestate_take(struct rules *rules, struct health *health, struct span line) {
    struct keptline l = {line, false};
    struct span kind = keptline_word(&l);

    if (span_is(kind, "rule"))
        take_rule_line(rules, &l);
    else if (span_is(kind, "alert"))
        take_alert_line(rules, &l);
    else if (span_is(kind, "impact"))
        take_text(rules, &l, true);
    else if (span_is(kind, "evidence"))
        take_text(rules, &l, false);
    else if (span_is(kind, "whose"))
        take_whose(rules, &l);
    else if (span_is(kind, "fix"))
        take_fix(rules, &l);
    else if (span_is(kind, "health"))
        take_health(health, &l);
    else if (span_is(kind, "unwanted"))
        take_refusals(&health->way[health->last_way].unwanted, &l);
    else if (span_is(kind, "way"))
        take_way(health, &l);
    else if (span_is(kind, "put_off"))
        take_ids(health, &l, false);
    else if (span_is(kind, "waiting"))
        take_ids(health, &l, true);
    else if (span_is(kind, "cause"))
        take_cause(health, &l);
    else if (span_is(kind, "of_all"))
        take_mark(health, &l, false);
    else if (span_is(kind, "of_trial"))
        take_mark(health, &l, true);
    else if (span_is(kind, "configured"))
        keptline_text(&l, health->configured, sizeof health->configured);
    else
        return false;
    return !l.bad;
}

void rulestate_settle(struct rules *rules, struct health *health, int64_t saved_ms, int64_t now_ms,
                      int64_t grace_ms) {
    if (now_ms < saved_ms) {
        rules_shift(rules, now_ms - saved_ms);
        health_shift(health, now_ms - saved_ms);
    }
    rules->grace_until_ms = now_ms + grace_ms;
    rules_collect(rules);
}
