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
    keptout_line(out, "impact %s %s", id, a->impact);
    keptout_line(out, "evidence %s %s", id, a->evidence);
    for (int i = 0; i < DIAGNOSIS_FIXES && a->fix[i][0] != '\0'; i++)
        keptout_line(out, "fix %s %d %s", id, i, a->fix[i]);
}

static void print_put_off(int area, const struct health_refusals *r, struct keptout *out) {
    char ids[HEALTH_IDS * 12] = "";
    size_t n = 0;

    for (int i = 0; i < HEALTH_IDS; i++) {
        text_format(ids + n, sizeof ids - n, " %u", (unsigned)r->id[i]);
        n += strlen(ids + n);
    }
    keptout_line(out, "put_off %d %u%s", area, r->messages, ids);
}

void rulestate_print(const struct rules *rules, const struct health *h, struct keptout *out) {
    for (int i = 0; i < RULE_COUNT; i++)
        print_rule(&rules->rule[i], rules_id(i), out);
    keptout_line(out, "health %lld %lld %lld %u", (long long)h->last_success_ms,
                 (long long)h->last_failure_ms, (long long)h->last_answer_ms, h->refused.messages);
    if (h->unwanted.messages > 0)
        keptout_line(out, "unwanted %u", h->unwanted.messages);
    for (int area = 0; area < AREA_COUNT; area++) {
        const struct health_cause *c = &h->cause[area];

        if (c->diagnosis != DIAGNOSIS_NONE)
            keptout_line(out, "cause %d %s %lld %lld %llu %llu %s", area,
                         diagnosis_word(c->diagnosis), (long long)c->since_ms,
                         (long long)c->last_ms, (unsigned long long)c->count,
                         (unsigned long long)c->bounced, c->evidence);
        if (c->of_all)
            keptout_line(out, "of_all %d", area);
        if (c->put_off.messages > 0)
            print_put_off(area, &c->put_off, out);
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

static void take_health(struct health *h, struct keptline *l) {
    int64_t success_ms = take_time(l);
    int64_t failure_ms = take_time(l);
    int64_t answer_ms = take_time(l);
    uint64_t refused = keptline_u64(l, UINT32_MAX);

    if (l->bad)
        return;
    h->last_success_ms = success_ms;
    h->last_failure_ms = failure_ms;
    h->last_answer_ms = answer_ms;
    h->refused.messages = (unsigned)refused;
}

static void take_refusals(struct health_refusals *r, struct keptline *l) {
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
        h->cause[area] = c;
}

static void take_of_all(struct health *h, struct keptline *l) {
    uint64_t area = keptline_u64(l, AREA_COUNT - 1);

    if (!l->bad)
        h->cause[area].of_all = true;
}

static void take_put_off(struct health *h, struct keptline *l) {
    uint64_t area = keptline_u64(l, AREA_COUNT - 1);
    struct health_refusals r = {.messages = (unsigned)keptline_u64(l, UINT32_MAX)};

    for (int i = 0; i < HEALTH_IDS; i++)
        r.id[i] = (uint32_t)keptline_u64(l, UINT32_MAX);
    if (!l->bad)
        h->cause[area].put_off = r;
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
    else if (span_is(kind, "fix"))
        take_fix(rules, &l);
    else if (span_is(kind, "health"))
        take_health(health, &l);
    else if (span_is(kind, "unwanted"))
        take_refusals(&health->unwanted, &l);
    else if (span_is(kind, "put_off"))
        take_put_off(health, &l);
    else if (span_is(kind, "cause"))
        take_cause(health, &l);
    else if (span_is(kind, "of_all"))
        take_of_all(health, &l);
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
