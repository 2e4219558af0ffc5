/* A struct view with something in every corner, for the tests of page, metrics and status document.
 */
#ifndef SUPPORT_SAMPLE_VIEW_H
#define SUPPORT_SAMPLE_VIEW_H

#include <string.h>

#include "view.h"

#define SAMPLE_HOSTILE "<script>alert(1)</script>\"'&"

struct sample {
    struct conf conf;
    struct keeper_facts facts;
    struct keeper_queue queue;
    struct counters counters;
    struct rates rates;
    struct health health;
    struct login login;
    struct rotation rotation;
    struct ledger_totals ledger;
    struct delays delays;
    struct exporter exporter;
    struct alert_set alerts;
    struct incidents incidents;
    struct logsources logs;
    struct busiest destinations;
    struct relayhosts relayhosts;
    struct shapes shapes;
    struct rings rings;
    struct trend trend;
    struct receiver_report receivers;
    struct quota_top senders;
    struct mailcanary canary;
    struct view view;
};

/* A minute with mail sent and put off, one two minutes before without any, gaps before and between;
 * moves the clock to where rings take lines. */
static inline void sample_history(struct sample *s) {
    const int64_t now_ms = INT64_C(29800000) * 60000 + 30000;
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .daemon = SPAN("smtp"),
                        .delay_us = 2000 * 1000,
                        .time_ms = now_ms,
                        .counters = COUNTER_BIT(COUNTER_SENT)};

    s->view.now_ms = now_ms;
    trend_adopt(&s->trend);
    s->view.rings = &s->rings;
    s->view.trend = &s->trend;
    for (int i = 0; i < 9; i++) {
        if (i == 7) {
            ev.counters = COUNTER_BIT(COUNTER_DEFERRED) | COUNTER_BIT(COUNTER_AUTH_FAILURES);
            ev.diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS;
        }
        trend_note(&s->trend, &ev, i < 7, now_ms);
        rings_add(&s->rings, ev.counters, now_ms, now_ms);
    }
    trend_queue(&s->trend, 9, 60, now_ms);
    trend_watch(&s->trend, now_ms);
    trend_watch(&s->trend, now_ms - 2 * 60000);
    trend_queue(&s->trend, 1, 2, now_ms - 2 * 60000);
    s->alerts.alert[0].since_ms = now_ms - 600 * 1000;
    s->alerts.alert[1].since_ms = now_ms - 300 * 1000;
    s->alerts.alert[1].ended_ms = now_ms - 200 * 1000;
}

static inline void sample_fill(struct sample *s) {
    const struct mailev bounced = {.kind = MAILEV_DELIVERY,
                                   .counters = COUNTER_BIT(COUNTER_BOUNCED),
                                   .to = span_of("x@" SAMPLE_HOSTILE)};
    struct mailev relayed = {.kind = MAILEV_DELIVERY,
                             .status = MAILEV_STATUS_SENT,
                             .daemon = SPAN("smtp"),
                             .relay = SPAN(SAMPLE_HOSTILE),
                             .relay_port = 587};
    struct mailev refused = {.kind = MAILEV_DELIVERY,
                             .status = MAILEV_STATUS_DEFERRED,
                             .diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS,
                             .daemon = SPAN("smtp"),
                             .relay = SPAN("b.example"),
                             .relay_port = 587,
                             .text = SPAN("535 no")};
    struct alert *a = &s->alerts.alert[0];

    memset(s, 0, sizeof *s);
    conf_defaults(&s->conf);
    text_copy(s->conf.host, sizeof s->conf.host, "relay1");
    text_copy(s->facts.relay_host, sizeof s->facts.relay_host, "smtp-relay.example.com");
    s->facts.relay_port = 587;
    s->queue = (struct keeper_queue){
        .active = 1, .deferred = 22, .oldest_s = 1000, .postfix_running = 1, .bytes_free = 1};
    s->queue.shape[KEEPER_DEFERRED] =
        (struct keeper_shape){.size = {20, 2}, .bytes = 9000, .age = {0, 0, 22}, .seconds = 5000};
    for (int c = 0; c < COUNTER_COUNT; c++)
        s->counters.value[c] = (uint64_t)c + 100;
    s->ledger = (struct ledger_totals){
        .accepted = 50, .sent = 20, .bounced = 4, .expired = 2, .unknown = 1};
    health_note_probe(&s->health, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535 5.7.8 no"), 1090 * 1000);
    s->login.state = LOGIN_REFUSED;
    text_copy(s->login.user, sizeof s->login.user, SAMPLE_HOSTILE);
    s->login.certificate_expires_ms = (int64_t)1800000000 * 1000;
    text_copy(a->id, sizeof a->id, "login-refused");
    a->diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS;
    a->severity = SEVERITY_CRITICAL;
    a->party = PARTY_OURS;
    text_copy(a->relayhost, sizeof a->relayhost, "b.example");
    text_copy(a->summary, sizeof a->summary, "The smarthost refuses our login");
    text_copy(a->impact, sizeof a->impact, "DELAYED: 23 messages wait");
    text_copy(a->evidence, sizeof a->evidence, SAMPLE_HOSTILE);
    a->since_ms = 1090 * 1000;
    a->count = 3;
    s->alerts.alert[1] = *a;
    text_copy(s->alerts.alert[1].id, sizeof a->id, "tls-broken");
    s->alerts.alert[1].ended_ms = 1095 * 1000;
    s->alerts.count = 2;
    s->incidents.last = 2;
    s->incidents.incident[1] = (struct incident){.number = 1,
                                                 .diagnosis = DIAGNOSIS_N02_CONNECT_REFUSED,
                                                 .severity = SEVERITY_CRITICAL,
                                                 .since_ms = 1000 * 1000,
                                                 .ended_ms = 1090 * 1000,
                                                 .before = {.deferred = 7, .bounced = 3},
                                                 .after = {.deferred = 1241, .bounced = 5}};
    text_copy(s->incidents.incident[1].summary, 256, "closed " SAMPLE_HOSTILE);
    s->incidents.incident[2] = (struct incident){.number = 2,
                                                 .diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS,
                                                 .severity = SEVERITY_WARNING,
                                                 .since_ms = 1090 * 1000};
    text_copy(s->incidents.incident[2].summary, 256, "refused");
    destinations_note(&s->destinations, &bounced);
    relayhosts_note(&s->relayhosts, &relayed);
    relayhosts_note(&s->relayhosts, &refused);
    health_note(&s->health, &refused, 1090 * 1000);
    s->shapes.shape[0] = (struct shape){.id = 1, .first_ms = 1090 * 1000, .count = 5};
    text_copy(s->shapes.shape[0].daemon, sizeof s->shapes.shape[0].daemon, "smtpd");
    text_copy(s->shapes.shape[0].text, sizeof s->shapes.shape[0].text,
              "the flux is low " SAMPLE_HOSTILE);
    s->shapes.of_class[SHAPE_WARNING] = 9;
    s->logs = (struct logsources){.count = 2,
                                  .item = {{false, "/var/log/mail.log"}, {true, "journal:/x"}}};
    s->view = (struct view){
        .conf = &s->conf,
        .now_ms = 1100 * 1000,
        .started_ms = 900 * 1000,
        .state = OVERALL_CRITICAL,
        .since_ms = 1090 * 1000,
        .facts = &s->facts,
        .queue = &s->queue,
        .queue_growth = 1.5,
        .counters = &s->counters,
        .rates = &s->rates,
        .health = &s->health,
        .login = &s->login,
        .rotation = &s->rotation,
        .ledger = &s->ledger,
        .ledger_sum = {.accepted = 51,
                       .sent = 20,
                       .bounced = 4,
                       .expired = 2,
                       .unknown = 1,
                       .queued = 24,
                       .arriving = 1},
        .delays = &s->delays,
        .exporter = &s->exporter,
        .alerts = &s->alerts,
        .incidents = &s->incidents,
        .destinations = &s->destinations,
        .relayhosts = &s->relayhosts,
        .fresh = {&s->shapes.shape[0]},
        .fresh_count = 1,
        .unknown = s->shapes.of_class,
        .sources = 2,
        .source = {{.spec = &s->logs.item[0], .figures = {.offset = 4711}},
                   {.spec = &s->logs.item[1],
                    .figures = {.offset = 17, .lag_bytes = 1, .state = TAIL_UNREADABLE},
                    .lag_s = 2.5}},
        .store = STORE_OK,
        .store_detail = "",
        .store_advice = "",
        .milter_alive = true,
    };
    s->receivers = (struct receiver_report){.receiver = {{.name = "on-call",
                                                          .kind = "pagerduty",
                                                          .place = "https://events.pagerduty.com",
                                                          .condition = RECEIVER_REFUSED,
                                                          .tells = true,
                                                          .since_ms = 1050 * 1000,
                                                          .waiting = 2,
                                                          .last_error = SAMPLE_HOSTILE},
                                                         {.name = "chat",
                                                          .kind = "slack",
                                                          .place = "https://hooks.slack.com",
                                                          .condition = RECEIVER_OK,
                                                          .tells = true,
                                                          .last_ok_ms = 1091 * 1000}},
                                            .count = 2,
                                            .refused = "r.conf, line 3: <no>"};
    s->view.receivers = &s->receivers;
    s->view.notify_connected = true;
    s->view.milter[MLTPAGE_ACCEPTED] = 77;
    s->conf.recipients_limit = 10000;
    s->senders = (struct quota_top){SAMPLE_HOSTILE, 8200, 1, 9000, QUOTA_BY_MILTER};
    s->view.senders = &s->senders;
    text_copy(s->conf.canary_recipient, sizeof s->conf.canary_recipient, "c@example.com");
    s->canary.delivered_ms = 1080 * 1000;
    s->canary.delay_ms = 1500;
    s->canary.unproved_ms = 1090 * 1000;
    text_copy(s->canary.trouble, sizeof s->canary.trouble, SAMPLE_HOSTILE);
    s->view.canary = &s->canary;
}

#endif
