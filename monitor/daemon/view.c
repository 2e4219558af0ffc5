/* See view.h. */
#include "view.h"
#include "healthlook.h"

const char *overall_name(enum overall state) {
    static const char *const names[] = {"ok", "warning", "critical", "unknown"};

    return names[state];
}

const char *store_state_word(enum store_state state) {
    switch (state) {
    case STORE_OFF:
        return "off";
    case STORE_CONNECTING:
        return "connecting";
    case STORE_OK:
        return "ok";
    case STORE_OPERATOR:
        return "refused";
    case STORE_DOWN:
        break;
    }
    return "down";
}

const char *view_canary_word(const struct view *view) {
    if (view->canary == NULL)
        return "off";
    if (view->canary_overdue)
        return "overdue";
    return view->canary->unproved_ms == 0 && view->canary->delivered_ms != 0 ? "ok" : "waiting";
}

/* main.cf's relayhost, where there are several. */
static bool is_broken(const struct view *view, enum health_area area) {
    return health_way_is_broken(view->health, health_main(view->health, area, view->now_ms), area,
                                view->now_ms);
}

const struct health_cause *view_relayhost_trouble(const struct view *view, const char *relayhost,
                                                  bool *well_out) {
    const struct health_way *way = health_way(view->health, span_of(relayhost));
    const struct health_cause *worst = NULL;

    *well_out = way != NULL && way->last_success_ms > way->last_failure_ms;
    for (int area = 0; way != NULL && area < AREA_COUNT; area++) {
        const struct health_cause *cause = &way->cause[area];

        if (health_way_is_broken(view->health, way, (enum health_area)area, view->now_ms) &&
            !health_is_of_few(way, (enum health_area)area) &&
            (worst == NULL || diagnosis_entry(cause->diagnosis)->severity >
                                  diagnosis_entry(worst->diagnosis)->severity))
            worst = cause;
    }
    return worst;
}

bool view_reachable(const struct view *view) {
    return health_is_reached(view->health, view->now_ms);
}

const char *view_tls_word(const struct view *view) {
    if (is_broken(view, AREA_TLS))
        return "failing";
    if (!view_reachable(view))
        return "unknown";
    if (view->health->last_tls_ms != 0 || view->login->certificate_expires_ms != 0)
        return "verified";
    return "unknown";
}

const char *view_auth_word(const struct view *view) {
    if (is_broken(view, AREA_LOGIN))
        return "refused";
    if (view->login->state == LOGIN_NONE)
        return "none";
    if (!view_reachable(view) || is_broken(view, AREA_TLS))
        return "unknown";
    return view->login->verified_ms != 0 || view->health->last_success_ms != 0 ? "ok" : "unknown";
}

uint64_t view_delays(const struct view *view, int64_t ms_out[TIMELINE_PERCENTILES]) {
    int64_t hour_ms = (int64_t)timeline_reach_s(TIMELINE_MINUTES) * 1000;
    struct timeline line;
    struct timeline_sum sum;

    timeline_make(&line, TIMELINE_MINUTES, view->rings, view->trend, view->now_ms - hour_ms,
                  view->now_ms);
    timeline_add_up(&line, view->now_ms, &sum);
    for (size_t i = 0; sum.delays > 0 && i < TIMELINE_PERCENTILES; i++)
        ms_out[i] = sum.delay_ms[i];
    return sum.delays;
}

enum tail_state view_sources_state(const struct view *view) {
    enum tail_state worst = view->sources > 0 ? TAIL_OK : TAIL_ERROR;

    for (size_t i = 0; i < view->sources; i++) {
        if (view->source[i].figures.state > worst)
            worst = view->source[i].figures.state;
    }
    return worst;
}

uint64_t view_queue_messages(const struct view *view) {
    const struct keeper_queue *q = view->queue;

    return q != NULL ? q->active + q->deferred + q->incoming + q->maildrop : 0;
}

int64_t view_oldest_s(const struct view *view) {
    if (view->queue == NULL || view->queue->oldest_s == 0)
        return 0;
    return view->now_ms / 1000 > view->queue->oldest_s ? view->now_ms / 1000 - view->queue->oldest_s
                                                       : 0;
}
