/* See judge.h. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "maintenance.h"
#include "log.h"
#include "text.h"
#include "xmem.h"
#include "alertdoc.h"

#include "json.h"
#include "alertkeep.h"
#include "healthlook.h"

enum {
    DEFAULT_LIFETIME_S = 5 * 86400, /* maximal_queue_lifetime, postconf(5) */
    SUPPRESSED_MS = 10 * 60 * 1000, /* lines that journald threw away are told for so long */
};

/* Each source must be there. Silent are all of them or none: nobody knows into which of them the
 * lines of the queue's messages go. */
static void fill_log_signals(struct daemon *d, struct signals *s, int64_t mono_ms) {
    int64_t last_line_ms = 0;

    for (size_t i = 0; i < sources_count(d->sources); i++) {
        struct tail_figures figures;

        sources_figures(d->sources, i, &figures);
        if (figures.last_line_mono_ms > last_line_ms)
            last_line_ms = figures.last_line_mono_ms;
        if (figures.state == TAIL_OK || s->log != RULES_LOG_OK)
            continue;
        s->log = figures.state == TAIL_MISSING ? RULES_LOG_MISSING : RULES_LOG_UNREADABLE;
        s->log_path = sources_get(d->sources, i)->name;
    }
    if (d->queue_moved_ms <= last_line_ms + 2 * TICK_MS)
        d->unlogged_ms = 0;
    else if (d->unlogged_ms == 0)
        d->unlogged_ms = d->queue_moved_ms;
    if (d->unlogged_ms != 0)
        s->log_silent_ms = mono_ms - d->unlogged_ms;
    if (mono_ms - d->suppressed_ms >= SUPPRESSED_MS)
        d->lines_suppressed = 0;
    s->log_suppressed = d->lines_suppressed;
}

/* What the rotation knows is more than what the last answer of the keeper told. */
static void fill_credential(const struct daemon *d, struct signals *s) {
    static const enum rules_credential of_problem[ROTATION_PROBLEM_COUNT] = {
        [ROTATION_ROLLED_BACK] = RULES_CREDENTIAL_PUT_BACK,
        [ROTATION_BOTH_DEAD] = RULES_CREDENTIAL_BOTH_DEAD,
        [ROTATION_STUCK] = RULES_CREDENTIAL_STUCK,
    };
    const struct rotation *r = &d->change.rotation;

    s->credential = d->login.credential;
    s->credential_detail = d->login.detail;
    if (r->problem != ROTATION_FINE) {
        s->credential = of_problem[r->problem];
        s->credential_detail = r->detail;
    }
    s->ca_file_gone = d->change.ca_gone ? d->change.ca_file : NULL;
}

static void fill_signals(struct daemon *d, struct signals *s, int64_t wall_ms, int64_t mono_ms) {
    uint64_t lifetime_s = d->facts_known ? d->facts.queue_lifetime_s : DEFAULT_LIFETIME_S;
    int64_t oldest_ms = d->queue.oldest_s != 0 ? wall_ms - d->queue.oldest_s * 1000 : 0;
    bool counted = d->queue_counted_ms != 0;

    *s = (struct signals){
        .health = &d->health,
        .queue_known = counted && mono_ms - d->queue_counted_ms < QUEUE_STALE_MS,
        .queue_counted_ms = counted ? wall_ms - (mono_ms - d->queue_counted_ms) : 0,
        .postfix_running = d->queue.postfix_running != 0,
        .queue_messages =
            d->queue.active + d->queue.deferred + d->queue.incoming + d->queue.maildrop,
        .queue_corrupt = counted ? d->queue.corrupt : 0,
        .oldest_ms = oldest_ms,
        .queue_growth = d->queue_growth,
        .queue_lifetime_ms = (int64_t)lifetime_s * 1000,
        .disk_known = counted,
        .disk_free_bytes = d->queue.bytes_free,
        .inodes_free = d->queue.inodes_free,
        .log_path = d->conf.mail_log,
        .milter_expected = d->milter_kept.begun,
        .place = &d->place,
        .certificate_expires_ms = d->login.certificate_expires_ms,
        .keeper_silent_ms =
            d->keeper_silent_since_ms != 0 ? mono_ms - d->keeper_silent_since_ms : 0,
    };
    s->fleet = fleetkeep_sight(d, mono_ms);
    s->host = d->conf.host;
    s->rival = store_rival(d->store);
    s->flips = store_flips(d->store);
    fill_credential(d, s);
    s->store_down = store_state(d->store, &s->store_detail) > STORE_OK;
    s->milter_silent_ms =
        mono_ms - (d->milter.alive_mono_ms > d->started_mono_ms ? d->milter.alive_mono_ms
                                                                : d->started_mono_ms);
    s->receivers = notifyc_report(d->notify);
    s->notify_silent_ms = notifyc_silent_ms(d->notify);
    if (d->sources != NULL)
        fill_log_signals(d, s, mono_ms);
    s->state_failed_ms = d->log.failed_ms != 0 ? mono_ms - d->log.failed_ms : 0;
    if (d->keep_failed_ms != 0 && mono_ms - d->keep_failed_ms > s->state_failed_ms)
        s->state_failed_ms = mono_ms - d->keep_failed_ms;
    lookout_fill(d, s, wall_ms, mono_ms);
}

static enum overall overall_state(const struct daemon *d) {
    const struct alert_set *set = rules_alerts(d->rules);
    enum overall state = d->sources != NULL ? OVERALL_OK : OVERALL_UNKNOWN;

    for (int i = 0; i < set->count; i++) {
        if (set->alert[i].ended_ms != 0 || fleetsight_is_fleets(set->alert[i].id))
            continue; /* what is wrong elsewhere is not wrong here */
        if (set->alert[i].severity == SEVERITY_CRITICAL)
            return OVERALL_CRITICAL;
        state = OVERALL_WARNING;
    }
    return state;
}

/* Puts the alert with this id into Redis, or takes it out. */
static void store_alert(struct daemon *d, const char *id, const struct alert *alert) {
    struct json_t *doc;
    char field[64];
    char *text;

    text_format(field, sizeof field, "a.%s", id);
    if (alert == NULL) {
        store_set_alert(d->store, field, NULL);
        return;
    }
    doc = alertdoc_make(alert);
    text = json_print(doc, false);
    store_set_alert(d->store, field, text);
    free(text);
    json_release(&doc);
}

static const struct alert *find_alert(const struct alert_set *set, const char *id) {
    for (int i = 0; i < set->count; i++) {
        if (strcmp(set->alert[i].id, id) == 0)
            return &set->alert[i];
    }
    return NULL;
}

/* Our log has a line for what changed, not for all that fires at that time. */
static void log_change(struct daemon *d, int rule, const struct alert *alert) {
    struct alert_brief *logged = &d->logged[rule];
    struct alert_brief now = {0, 0, DIAGNOSIS_NONE, SEVERITY_INFO};

    if (alert != NULL)
        now = (struct alert_brief){alert->since_ms, alert->ended_ms, alert->diagnosis,
                                   alert->severity};
    if (alert != NULL && memcmp(&now, logged, sizeof now) != 0)
        log_warn("alert", "%s %s (%s): %s", alert->ended_ms == 0 ? "firing" : "over", alert->id,
                 severity_name(alert->severity), alert->summary);
    *logged = now;
}

void judge_resume(struct daemon *d) {
    for (int rule = 0; rules_id(rule) != NULL; rule++) {
        const struct alert *alert = find_alert(rules_alerts(d->rules), rules_id(rule));

        if (alert != NULL)
            d->logged[rule] = (struct alert_brief){alert->since_ms, alert->ended_ms,
                                                   alert->diagnosis, alert->severity};
    }
}

static void tell(struct daemon *d, const struct alert_set *set) {
    for (int rule = 0; rules_id(rule) != NULL; rule++) {
        const struct alert *alert = find_alert(set, rules_id(rule));

        store_alert(d, rules_id(rule), alert);
        log_change(d, rule, alert);
    }
    d->told = true;
}

/* What the log proves of the live login is newer than the last probe. */
static void follow_login(struct daemon *d, int64_t wall_ms) {
    const struct health_way *way = health_main(&d->health, AREA_LOGIN, wall_ms);
    bool refused = health_way_is_broken(&d->health, way, AREA_LOGIN, wall_ms);
    int64_t proved_ms = health_main_success(&d->health);

    if (refused && (d->login.state == LOGIN_VERIFIED || d->login.state == LOGIN_UNKNOWN)) {
        d->login.state = LOGIN_REFUSED;
        text_copy(d->login.detail, sizeof d->login.detail, way->cause[AREA_LOGIN].evidence);
    } else if (!refused && d->login.state == LOGIN_REFUSED) {
        d->login.state = proved_ms >= way->last_failure_ms ? LOGIN_VERIFIED : LOGIN_UNKNOWN;
        d->login.detail[0] = '\0';
    }
    if (d->login.state == LOGIN_VERIFIED && proved_ms > d->login.verified_ms)
        d->login.verified_ms = proved_ms;
}

/* A window of maintenance is a silence that nobody had to ask for. */
static bool is_maintained(const struct daemon *d, int64_t now_ms, struct silence *out) {
    enum { MINUTE_MS = 60 * 1000 };
    time_t now = (time_t)(now_ms / 1000);
    struct maintenance windows;
    struct fault why;
    struct tm tm;
    int left;

    if (d->conf.maintenance[0] == '\0' ||
        maintenance_parse(d->conf.maintenance, &windows, &why) == -1 ||
        localtime_r(&now, &tm) == NULL)
        return false;
    left = maintenance_left(&windows, tm.tm_wday, tm.tm_hour * 60 + tm.tm_min);
    *out = (struct silence){.until_ms = (now_ms / MINUTE_MS + left) * MINUTE_MS,
                            .who = "relaywatch.conf",
                            .why = "maintenance"};
    return left > 0;
}

/* Notes at an alert that fires who asked for quiet about it. Returns whether anybody did. */
static bool note_silence(const struct daemon *d, struct alert *alert, int64_t now_ms) {
    const struct silence *silence = silences_find(&d->silences, alert->id, now_ms);
    struct silence window;

    if (is_maintained(d, now_ms, &window) &&
        (silence == NULL || silence->until_ms < window.until_ms))
        silence = &window;
    if (silence == NULL || alert->ended_ms != 0)
        return false;
    alert->silenced_until_ms = silence->until_ms;
    text_copy(alert->silenced_who, sizeof alert->silenced_who, silence->who);
    text_copy(alert->silenced_why, sizeof alert->silenced_why, silence->why);
    return true;
}

/* Who is silenced is shown as such. */
static void show(struct daemon *d, int64_t now_ms) {
    d->shown = *rules_alerts(d->rules);
    for (int i = 0; i < d->shown.count; i++)
        if (!note_silence(d, &d->shown.alert[i], now_ms))
            fleetkeep_show(d, &d->shown.alert[i], now_ms);
}

/* Receivers hear nothing of what began under a silence, or was left to the fleet's alert, until
 * that is over. What they know of already stays in their set: its end is theirs to hear. */
static struct alert_set *heard_by_receivers(struct daemon *d, int64_t now_ms) {
    struct alert_set *heard = xcalloc(1, sizeof *heard);

    d->fleetkeep.holds = false;
    for (int rule = 0; rules_id(rule) != NULL; rule++) {
        struct alert *alert = &heard->alert[heard->count];
        enum rules_hearing hearing = rules_heard(d->rules, rule, now_ms, alert);

        if (hearing != RULES_FIRING)
            fleetkeep_release(d, rule);
        if (hearing == RULES_NOTHING || !rules_is_for_receivers(rule) ||
            !fleetkeep_share(d, rule, alert, clock_mono_ms()))
            continue;
        if (!note_silence(d, alert, now_ms) && hearing == RULES_FIRING &&
            !fleetkeep_holds(d, rule, alert, now_ms))
            rules_set_told(d->rules, rule);
        heard->count += rules_is_told(d->rules, rule);
    }
    return heard;
}

/* It is on the disk before anybody hears of it: killed in between, the next life tells the same. */
static void notify(struct daemon *d, bool news, int64_t now_ms) {
    struct alert_set *heard = heard_by_receivers(d, now_ms);
    char url[96];

    alertkeep_save(d, news ? ALERTKEEP_NOW : ALERTKEEP_SOON);
    text_format(url, sizeof url, "http://%s/", d->conf.http_listen);
    notifyc_set(d->notify, heard, d->conf.host, url);
    free(heard);
}

void judge(struct daemon *d) {
    int64_t wall_ms = clock_wall_ms();
    struct signals signals;
    enum overall state;
    bool news;

    d->rules_due = false;
    d->judged_ms = clock_mono_ms();
    fill_signals(d, &signals, wall_ms, clock_mono_ms());
    follow_login(d, wall_ms);
    silences_expire(&d->silences, wall_ms);
    news = rules_eval(d->rules, &signals, wall_ms) || d->silences.changed || !d->told;
    lookout_explained(&d->lookout, rules_alerts(d->rules));
    show(d, wall_ms);
    chronicle_follow(d, wall_ms);
    if (news)
        tell(d, &d->shown);
    notify(d, news, wall_ms);
    fleetkeep_speak(d);
    health_expire(&d->health, wall_ms);
    state = overall_state(d);
    news |= state != d->state;
    if (state != d->state) {
        d->state = state;
        d->since_ms = wall_ms;
        log_info("daemon", "state is %s", overall_name(state));
    }
    if (news)
        fleetkeep_publish(d);
}

struct rules_limits judge_limits(const struct conf *conf) {
    return (struct rules_limits){
        .queue_warning = conf->queue_warning,
        .queue_critical = conf->queue_critical,
        .oldest_warning_ms = (int64_t)conf->oldest_warning_s * 1000,
        .oldest_critical_ms = (int64_t)conf->oldest_critical_s * 1000,
        .unreachable_after_ms = (int64_t)conf->unreachable_after_s * 1000,
        .log_silent_after_ms = (int64_t)conf->log_silent_after_s * 1000,
        .milter_gone_after_ms = (int64_t)conf->milter_gone_after_s * 1000,
        .certificate_warning_ms = (int64_t)conf->certificate_warning_s * 1000,
        .certificate_critical_ms = (int64_t)conf->certificate_critical_s * 1000,
        .disk_warning_mib = conf->disk_warning_mib,
        .disk_critical_mib = conf->disk_critical_mib,
        .inodes_warning = conf->inodes_warning,
        .inodes_critical = conf->inodes_critical,
        .recipients_limit = conf->recipients_limit,
        .recipients_percent = conf->recipients_percent,
        .unverified_after_ms = (int64_t)conf->unverified_after_s * 1000,
        .unconfirmed_after_ms = (int64_t)conf->unconfirmed_after_s * 1000,
        .clock_jump_ms = (int64_t)conf->clock_jump_s * 1000,
        .keep_firing_ms = (int64_t)conf->keep_firing_s * 1000,
    };
}

void judge_take_limits(struct conf *conf, const struct conf *fresh) {
    conf->queue_warning = fresh->queue_warning;
    conf->queue_critical = fresh->queue_critical;
    conf->oldest_warning_s = fresh->oldest_warning_s;
    conf->oldest_critical_s = fresh->oldest_critical_s;
    conf->unreachable_after_s = fresh->unreachable_after_s;
    conf->log_silent_after_s = fresh->log_silent_after_s;
    conf->milter_gone_after_s = fresh->milter_gone_after_s;
    conf->certificate_warning_s = fresh->certificate_warning_s;
    conf->certificate_critical_s = fresh->certificate_critical_s;
    conf->disk_warning_mib = fresh->disk_warning_mib;
    conf->disk_critical_mib = fresh->disk_critical_mib;
    conf->inodes_warning = fresh->inodes_warning;
    conf->inodes_critical = fresh->inodes_critical;
    conf->recipients_limit = fresh->recipients_limit;
    conf->recipients_percent = fresh->recipients_percent;
    conf->failures_per_1000 = fresh->failures_per_1000;
    conf->failures_least = fresh->failures_least;
    conf->unverified_after_s = fresh->unverified_after_s;
    conf->unconfirmed_after_s = fresh->unconfirmed_after_s;
    conf->clock_jump_s = fresh->clock_jump_s;
    conf->keep_firing_s = fresh->keep_firing_s;
    conf->fleet_percent = fresh->fleet_percent;
    conf->fleet_least = fresh->fleet_least;
    conf->fleet_wait_s = fresh->fleet_wait_s;
    text_copy(conf->maintenance, sizeof conf->maintenance, fresh->maintenance);
}
