/* A healthy relay as the rules see it, and how to break it: for the tests of rules, ruleshost,
 * rulesmail, precedence and the like. */
#ifndef SUPPORT_RULES_WORLD_H
#define SUPPORT_RULES_WORLD_H

#include <stdio.h>
#include <string.h>

#include "fleetsight.h"
#include "rule.h"

#define WORLD_DAY_MS (86400 * (int64_t)1000)
#define WORLD_EPOCH (1700000000 * (int64_t)1000)

static const struct rules_limits world_limits = {
    .queue_warning = 100,
    .queue_critical = 1000,
    .oldest_warning_ms = 1800 * 1000,
    .oldest_critical_ms = 7200 * 1000,
    .unreachable_after_ms = 10 * 1000,
    .log_silent_after_ms = 60 * 1000,
    .milter_gone_after_ms = 10 * 1000,
    .certificate_warning_ms = 14 * WORLD_DAY_MS,
    .certificate_critical_ms = 3 * WORLD_DAY_MS,
    .disk_warning_mib = 1000,
    .disk_critical_mib = 200,
    .inodes_warning = 20000,
    .inodes_critical = 5000,
    .recipients_limit = 10000,
    .recipients_percent = 80,
    .unverified_after_ms = 6 * 3600 * 1000,
    .unconfirmed_after_ms = 3600 * 1000,
    .clock_jump_ms = 30 * 1000,
    .keep_firing_ms = 300 * 1000,
};

struct world {
    struct health health;
    struct signals s;
    struct burn_look burn;
    struct quota_top quota;
    struct receiver_report receivers;
    struct fleetsight fleet;
    struct rules *rules;
    int64_t now_ms;
    unsigned refused;
};

static inline void world_begin(struct world *w) {
    memset(w, 0, sizeof *w);
    w->now_ms = WORLD_EPOCH;
    w->s = (struct signals){.health = &w->health,
                            .queue_known = true,
                            .queue_counted_ms = WORLD_EPOCH,
                            .postfix_running = true,
                            .queue_lifetime_ms = 5 * WORLD_DAY_MS,
                            .disk_known = true,
                            .disk_free_bytes = (uint64_t)10 << 30,
                            .inodes_free = 1000000,
                            .log_path = "/var/log/mail.log",
                            .milter_expected = true,
                            .credential_detail = "",
                            .store_detail = "",
                            .host = "mx",
                            .rival = "",
                            .certificate_expires_ms = WORLD_EPOCH + 80 * WORLD_DAY_MS,
                            .burn = &w->burn,
                            .quota = &w->quota};
    w->receivers = (struct receiver_report){
        .receiver = {{.name = "on-call", .condition = RECEIVER_OK, .tells = true},
                     {.name = "chat", .condition = RECEIVER_OK, .tells = true}},
        .count = 2};
    w->s.receivers = &w->receivers;
    w->rules = rules_new(&world_limits);
}

static inline void world_end(struct world *w) {
    rules_free(&w->rules);
}

static inline void world_refuse(struct world *w) {
    char id[16];
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = SPAN("4.7.1"),
                        .text = SPAN("host said: 451 4.7.1 no")};

    snprintf(id, sizeof id, "ID%u", w->refused++ % 12);
    ev.queue_id = span_of(id);
    health_note(&w->health, &ev, w->now_ms);
}

static inline void world_receiver_fails(struct receiver_state *state) {
    state->condition = RECEIVER_FAILING;
    state->since_ms = WORLD_EPOCH - 600 * 1000;
    text_copy(state->last_error, sizeof state->last_error, "not connected within 3000 ms");
}

/* Makes the condition of one rule hold now. */
static inline void world_break(struct world *w, enum rule rule) {
    static const enum diagnosis of_log[RULE_COUNT] = {
        [RULE_POSTFIX_TROUBLE] = DIAGNOSIS_M03_BAD_STARTUP_THROTTLE,
        [RULE_TLS_BROKEN] = DIAGNOSIS_T09_TLS_HANDSHAKE,
        [RULE_LOGIN_REFUSED] = DIAGNOSIS_G01_BAD_CREDENTIALS,
        [RULE_RELAY_UNREACHABLE] = DIAGNOSIS_N02_CONNECT_REFUSED,
        [RULE_LIMIT_REACHED] = DIAGNOSIS_G14_DAILY_USER_LIMIT,
        [RULE_RELAY_REFUSES] = DIAGNOSIS_G09_MAIL_RELAY_DENIED,
    };
    struct signals *s = &w->s;

    if (of_log[rule] != DIAGNOSIS_NONE)
        health_note_probe(&w->health, of_log[rule], SPAN("its words"), w->now_ms);
    s->postfix_running &= rule != RULE_POSTFIX_DOWN;
    if (rule == RULE_DISK_LOW)
        s->disk_free_bytes = 1;
    if (rule == RULE_CLOCK_WRONG)
        s->clock_jumped_ms = 3600 * 1000;
    if (rule == RULE_LOG_SILENT)
        s->log = RULES_LOG_MISSING;
    if (rule == RULE_CANARY_OVERDUE) {
        s->canary_overdue_ms = 1000;
        s->canary_unproved_ms = WORLD_EPOCH - 2000;
        s->canary_trouble = "";
    }
    if (rule == RULE_CA_FILE_GONE)
        s->ca_file_gone = "/etc/ssl/ca.pem";
    if (rule == RULE_NOTHING_ACCEPTED)
        world_refuse(w);
    if (rule == RULE_MAIL_RETURNED) {
        s->returned = 5;
        s->returned_for = DIAGNOSIS_G09_MAIL_RELAY_DENIED;
    }
    if (rule == RULE_DELIVERIES_FAIL)
        w->burn = (struct burn_look){BURN_FAST, 20, 100, 3600};
    if (rule == RULE_QUEUE_GROWING) {
        s->queue_messages = 5000;
        s->queue_growth = 100;
    }
    if (rule == RULE_CREDENTIAL_REJECTED)
        s->credential = RULES_CREDENTIAL_REJECTED;
    if (rule == RULE_MAIL_UNACCOUNTED)
        s->unaccounted = 2;
    if (rule == RULE_QUEUE_DAMAGED)
        s->queue_corrupt = 1;
    if (rule == RULE_LIMIT_NEAR)
        w->quota = (struct quota_top){"app@example.com", 9000, 1};
    if (rule == RULE_CERTIFICATE_EXPIRING)
        s->certificate_expires_ms = WORLD_EPOCH + 10 * WORLD_DAY_MS;
    if (rule == RULE_LOGIN_UNVERIFIED)
        s->unverified_ms = 7 * 3600 * 1000;
    if (rule == RULE_LOGIN_UNCONFIRMED) {
        s->unconfirmed_ms = 2 * 3600 * 1000;
        s->queue_messages = s->queue_messages > 0 ? s->queue_messages : 3;
    }
    if (rule == RULE_MILTER_GONE)
        s->milter_silent_ms = 11 * 1000;
    if (rule == RULE_STATE_UNWRITABLE)
        s->state_failed_ms = 31 * 1000;
    if (rule == RULE_DUPLICATE_HOST)
        s->rival = "mx2, process 812";
    if (rule == RULE_STORE_DOWN)
        s->store_down = true;
    if (rule == RULE_KEEPER_GONE)
        s->keeper_silent_ms = 61 * 1000;
    if (rule == RULE_RECEIVER_FAILING || rule == RULE_NOBODY_TOLD)
        world_receiver_fails(&w->receivers.receiver[0]);
    if (rule == RULE_NOBODY_TOLD)
        world_receiver_fails(&w->receivers.receiver[1]);
    if (rule == RULE_SECRET_READABLE)
        s->readable_secret = "/etc/postfix/sasl_passwd.db";
    if (rule == RULE_FLEET_TROUBLE || rule == RULE_HOSTS_GONE) {
        w->fleet.known = w->fleet.leads = true;
        w->fleet.many |= rule == RULE_FLEET_TROUBLE;
        w->fleet.gone |= rule == RULE_HOSTS_GONE;
        w->fleet.severity = SEVERITY_CRITICAL;
        text_copy(w->fleet.diagnosis, sizeof w->fleet.diagnosis, "G01");
        s->fleet = &w->fleet;
    }
}

static inline bool world_tick(struct world *w) {
    w->now_ms += 1000;
    return rules_eval(w->rules, &w->s, w->now_ms);
}

static inline const struct alert *world_alert(const struct world *w, enum rule rule) {
    const struct rule_state *r = &w->rules->rule[rule];

    return r->alert.since_ms != 0 ? &r->alert : NULL;
}

static inline bool world_fires(const struct world *w, enum rule rule) {
    return rule_fires(&w->rules->rule[rule]);
}

#endif
