/* Nobody is called for nothing, nobody is left asleep: the rules over a month of ordinary mail, and
 * over faults of each kind, second by second where something happens. Events go the way that
 * relaywatchd gives them (health, lookout), the rest is set as relaywatchd would see it. Seeded:
 * each run is the same. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "lookout.h"
#include "rules_world.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

struct sim {
    struct world w;
    struct lookout lookout;
    uint64_t random;
    unsigned id;
    int64_t age_ms;  /* of the message that is delivered next */
    bool relay_dead; /* no delivery succeeds */
    int begins, ends;
    enum rule began; /* the last one that did */
    int64_t began_ms, ended_ms;
    char told[200]; /* the ids of what began */
};

static uint64_t random_below(struct sim *s, uint64_t n) {
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random % n;
}

static void sim_begin(struct sim *s, uint64_t seed) {
    memset(s, 0, sizeof *s);
    world_begin(&s->w);
    lookout_init(&s->lookout);
    s->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static void sim_end(struct sim *s) {
    world_end(&s->w);
}

/* ---- events ---- */

static void note(struct sim *s, const struct mailev *ev, bool first) {
    lookout_note(&s->lookout, ev, (struct ledger_noted){.first = first}, s->w.now_ms);
    health_note(&s->w.health, ev, s->w.now_ms);
}

static void deliver(struct sim *s, unsigned id, enum mailev_status status, const char *dsn,
                    enum diagnosis d) {
    char queue_id[24];
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = status,
                        .diagnosis = d,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = span_of(dsn),
                        .delay_us = s->age_ms * 1000,
                        .text = SPAN("host said: its words")};

    snprintf(queue_id, sizeof queue_id, "Q%u", id);
    ev.queue_id = span_of(queue_id);
    note(s, &ev, false);
}

static void sent(struct sim *s) {
    deliver(s, s->id, MAILEV_STATUS_SENT, "2.0.0", DIAGNOSIS_NONE);
}

static void accepted(struct sim *s, const char *from, uint32_t recipients) {
    struct mailev ev = {.kind = MAILEV_QUEUED,
                        .from = span_of(from),
                        .recipients = recipients,
                        .daemon = SPAN("qmgr")};

    s->id++;
    note(s, &ev, true);
}

static void reload(struct sim *s) {
    const struct mailev ev = {.kind = MAILEV_LIFECYCLE, .daemon = SPAN("master")};
    const struct mailev ipc = {.kind = MAILEV_WARNING,
                               .diagnosis = DIAGNOSIS_M20_INTERNAL_IPC,
                               .daemon = SPAN("qmgr"),
                               .message = SPAN("warning: problem talking to service rewrite")};

    note(s, &ev, false);
    note(s, &ipc, false);
}

/* ---- the rules ---- */

static void look(struct sim *s) {
    static const struct burn_limits limits = {.allowed = 0.001, .at_least = 10};
    struct signals *g = &s->w.s;
    bool fired[RULE_COUNT];

    burn_eval(&s->lookout.burn, &limits, world_fires(&s->w, RULE_DELIVERIES_FAIL), s->w.now_ms,
              &s->w.burn);
    quota_look(&s->lookout.quota, 8000, s->w.now_ms, &s->w.quota);
    g->returned = lately_sum(&s->lookout.returned, s->w.now_ms);
    g->returned_for = s->lookout.returned_for;
    g->queue_counted_ms = s->w.now_ms;
    for (int i = 0; i < RULE_COUNT; i++)
        fired[i] = world_fires(&s->w, (enum rule)i);
    rules_eval(s->w.rules, g, s->w.now_ms);
    lookout_explained(&s->lookout, rules_alerts(s->w.rules));
    health_expire(&s->w.health, s->w.now_ms);
    for (int i = 0; i < RULE_COUNT; i++) {
        bool fires = world_fires(&s->w, (enum rule)i);

        if (!fired[i] && fires) {
            size_t n = strlen(s->told);

            s->begins++;
            s->began = (enum rule)i;
            s->began_ms = s->w.now_ms;
            snprintf(s->told + n, sizeof s->told - n, "%s ", rules_id(i));
        } else if (fired[i] && !fires) {
            s->ends++;
            s->ended_ms = s->w.now_ms;
        }
    }
}

/* ---- a month of ordinary mail ---- */

struct traffic {
    const char *name;
    unsigned by_day, by_night; /* messages an hour */
    unsigned senders;
    bool trial_logins; /* relaywatch-keeper's, each half hour */
};

/* Recipients as they are: of 1000 messages 12 bounce (no such user, a full mailbox), 25 are put off
 * once or twice by greylisting, one waits for days, two meet a smarthost that says "later". */
struct waiting {
    unsigned id;
    int64_t due_ms, since_ms;
    int tries_left;
    const char *dsn;
};

enum { WAITING = 64 };

static void put_off(struct sim *s, struct waiting *all, int tries, const char *dsn) {
    for (int i = 0; i < WAITING; i++) {
        if (all[i].id != 0)
            continue;
        all[i] = (struct waiting){s->id, s->w.now_ms + 300 * 1000, s->w.now_ms, tries, dsn};
        return;
    }
}

static void send_one(struct sim *s, const struct traffic *t, struct waiting *all) {
    char from[40];
    uint64_t luck = random_below(s, 1000);

    snprintf(from, sizeof from, "app%u@example.com", (unsigned)random_below(s, t->senders));
    accepted(s, from, 1);
    if (luck < 8) {
        deliver(s, s->id, MAILEV_STATUS_BOUNCED, "5.1.1", DIAGNOSIS_G27_RECIPIENT);
    } else if (luck < 12) {
        deliver(s, s->id, MAILEV_STATUS_BOUNCED, "5.2.2", DIAGNOSIS_NONE);
    } else if (luck < 37) {
        deliver(s, s->id, MAILEV_STATUS_DEFERRED, "4.7.1", DIAGNOSIS_NONE);
        put_off(s, all, 1 + (int)random_below(s, 2), "4.7.1");
    } else if (luck < 38) {
        deliver(s, s->id, MAILEV_STATUS_DEFERRED, "4.2.2", DIAGNOSIS_NONE);
        put_off(s, all, 100, "4.2.2");
    } else {
        sent(s);
    }
}

static void try_again(struct sim *s, struct waiting *all) {
    struct signals *g = &s->w.s;

    g->queue_messages = 0;
    g->oldest_ms = 0;
    for (int i = 0; i < WAITING; i++) {
        struct waiting *m = &all[i];

        if (m->id == 0)
            continue;
        if (s->w.now_ms >= m->due_ms) {
            int64_t age_ms = s->w.now_ms - m->since_ms;

            m->due_ms = s->w.now_ms + (age_ms < 300000    ? 300000
                                       : age_ms > 4000000 ? 4000000
                                                          : age_ms);
            if (--m->tries_left > 0) {
                s->age_ms = age_ms;
                deliver(s, m->id, MAILEV_STATUS_DEFERRED, m->dsn, DIAGNOSIS_NONE);
                s->age_ms = 0;
            } else {
                deliver(s, m->id, MAILEV_STATUS_SENT, "2.0.0", DIAGNOSIS_NONE);
                m->id = 0;
                continue;
            }
        }
        g->queue_messages++;
        if (s->w.now_ms - m->since_ms > g->oldest_ms)
            g->oldest_ms = s->w.now_ms - m->since_ms;
    }
    g->queue_growth = (double)random_below(s, 3) - 1;
}

static void month(const struct traffic *t, uint64_t seed) {
    struct sim *s = calloc(1, sizeof *s);
    struct waiting all[WAITING] = {{0, 0, 0, 0, NULL}};

    sim_begin(s, seed);
    for (int second = 0; second < 30 * DAY_S; second += 10) {
        int hour = second % DAY_S / HOUR_S;
        unsigned rate = hour >= 7 && hour < 22 ? t->by_day : t->by_night;
        unsigned chance = rate * 10;

        s->w.now_ms = WORLD_EPOCH + (int64_t)second * 1000;
        for (unsigned i = 0; i < chance / HOUR_S; i++)
            send_one(s, t, all);
        if (random_below(s, HOUR_S) < chance % HOUR_S)
            send_one(s, t, all);
        if (second % HOUR_S == 1800)
            reload(s);
        if (t->trial_logins && second % 1800 == 0)
            health_note_probe(&s->w.health, DIAGNOSIS_NONE, (struct span){0}, s->w.now_ms);
        s->w.s.unverified_ms = t->trial_logins && s->w.health.last_success_ms != 0
                                   ? s->w.now_ms - s->w.health.last_success_ms
                                   : 0;
        /* certbot renews a month before */
        s->w.s.certificate_expires_ms = s->w.now_ms + (90 - second / DAY_S % 60) * WORLD_DAY_MS;
        try_again(s, all);
        look(s);
    }
    cr_expect_eq(s->begins, 0, "%s, seed %llu: %d alerts: %s", t->name, (unsigned long long)seed,
                 s->begins, s->told);
    sim_end(s);
    free(s);
}

Test(alarms, a_month_of_ordinary_mail_calls_nobody) {
    static const struct traffic rows[] = {
        {"a busy relay", 4000, 400, 40, true},
        {"a small relay, silent at night", 20, 0, 3, true},
        {"a relay without a login, a message now and then", 3, 0, 1, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint64_t seed = 1; seed <= 2; seed++)
            month(&rows[i], seed);
    }
}

/* ---- faults ---- */

/* What each second brings while the fault lasts. NULL: nothing but the mail that goes on. */
typedef void fault_fn(struct sim *s, int second);

static void fail_with(struct sim *s, int second, enum mailev_status status, enum diagnosis d) {
    s->relay_dead = true;
    if (second % 2 == 0) {
        accepted(s, "app@example.com", 1);
        deliver(s, s->id, status, status == MAILEV_STATUS_BOUNCED ? "5.7.1" : "4.7.8", d);
    }
    if (status == MAILEV_STATUS_DEFERRED) {
        s->w.s.queue_messages = (uint64_t)second / 2 + 1;
        s->w.s.queue_growth = 30;
        s->w.s.oldest_ms = (int64_t)second * 1000;
    }
}

#define DEFERS(name, d)                                                                            \
    static void name(struct sim *s, int second) {                                                  \
        fail_with(s, second, MAILEV_STATUS_DEFERRED, d);                                           \
    }
#define BOUNCES(name, d)                                                                           \
    static void name(struct sim *s, int second) {                                                  \
        fail_with(s, second, MAILEV_STATUS_BOUNCED, d);                                            \
    }

DEFERS(password_changed, DIAGNOSIS_G01_BAD_CREDENTIALS)
DEFERS(app_password_wanted, DIAGNOSIS_G02_APP_PASSWORD_REQUIRED)
DEFERS(logins_too_many, DIAGNOSIS_G05_TOO_MANY_LOGINS)
DEFERS(certificate_expired, DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID)
DEFERS(certificate_name, DIAGNOSIS_T06_CERT_NAME)
DEFERS(port_closed, DIAGNOSIS_N02_CONNECT_REFUSED)
DEFERS(black_hole, DIAGNOSIS_N01_CONNECT_TIMEOUT)
DEFERS(dns_broken, DIAGNOSIS_N07_DNS_TEMP)
DEFERS(system_problem, DIAGNOSIS_G18_TEMP_SYSTEM)
DEFERS(ehlo_rejected, DIAGNOSIS_G11_EHLO_REJECTED)
DEFERS(map_missing, DIAGNOSIS_S04_MAP_MISSING)
BOUNCES(quota_reached, DIAGNOSIS_G14_DAILY_USER_LIMIT)
BOUNCES(relay_denied, DIAGNOSIS_G09_MAIL_RELAY_DENIED)
BOUNCES(no_login_sent, DIAGNOSIS_G06_AUTH_REQUIRED)
DEFERS(nobody_knows_why, DIAGNOSIS_NONE)

static void postfix_stopped(struct sim *s, int second) {
    (void)second;
    s->relay_dead = true;
    s->w.s.postfix_running = false;
}

static void queue_flooded(struct sim *s, int second) {
    s->w.s.queue_messages = (uint64_t)second * 20;
    s->w.s.queue_growth = 1200;
    sent(s);
}

static void log_stopped(struct sim *s, int second) {
    s->relay_dead = true; /* as far as the log tells */
    s->w.s.log_silent_ms = (int64_t)second * 1000;
}

static void milter_killed(struct sim *s, int second) {
    s->w.s.milter_silent_ms = (int64_t)second * 1000;
}

static void redis_killed(struct sim *s, int second) {
    (void)second;
    s->w.s.store_down = true;
}

static void disk_full(struct sim *s, int second) {
    s->w.s.disk_free_bytes = 0;
    s->w.s.state_failed_ms = (int64_t)second * 1000;
    if (second % 5 == 0)
        health_note_probe(&s->w.health, DIAGNOSIS_Q02_DISK_FULL_CLEANUP, SPAN("no space"),
                          s->w.now_ms);
}

static void clock_jumped(struct sim *s, int second) {
    s->w.s.clock_jumped_ms = second < 600 ? 3600 * 1000 : 0;
}

static void keeper_killed(struct sim *s, int second) {
    s->w.s.keeper_silent_ms = (int64_t)second * 1000;
    s->w.s.queue_known = second < 60;
}

static void one_server_of_five_is_bad(struct sim *s, int second) {
    if (second % 5 == 0)
        deliver(s, ++s->id, MAILEV_STATUS_DEFERRED, "4.4.2", DIAGNOSIS_N05_LOST_CONNECTION);
    sent(s);
}

static void one_sender_floods(struct sim *s, int second) {
    (void)second;
    accepted(s, "app@example.com", 20);
    sent(s);
}

static void ca_file_removed(struct sim *s, int second) {
    s->w.s.ca_file_gone = "/etc/ssl/certs/ca-certificates.crt";
    if (second > 0)
        fail_with(s, second, MAILEV_STATUS_DEFERRED, DIAGNOSIS_T04_CERT_UNTRUSTED);
}

static void queue_wiped(struct sim *s, int second) {
    (void)second;
    s->w.s.unaccounted = 12;
}

static const struct fault {
    const char *name;
    fault_fn *each_second;
    enum rule want;
    int within_s;
    int lasts_s;
} faults[] = {
    {"password changed", password_changed, RULE_LOGIN_REFUSED, 3, 1800},
    {"ordinary password", app_password_wanted, RULE_LOGIN_REFUSED, 3, 1800},
    {"too many logins", logins_too_many, RULE_LOGIN_REFUSED, 13, 1800},
    {"certificate expired", certificate_expired, RULE_TLS_BROKEN, 3, 1800},
    {"certificate of another name", certificate_name, RULE_TLS_BROKEN, 3, 1800},
    {"port closed", port_closed, RULE_RELAY_UNREACHABLE, 13, 1800},
    {"black hole", black_hole, RULE_RELAY_UNREACHABLE, 13, 1800},
    {"DNS broken", dns_broken, RULE_RELAY_UNREACHABLE, 13, 1800},
    {"421 of the smarthost", system_problem, RULE_RELAY_UNREACHABLE, 13, 1800},
    {"EHLO rejected", ehlo_rejected, RULE_RELAY_REFUSES, 3, 1800},
    {"password map gone", map_missing, RULE_POSTFIX_TROUBLE, 3, 1800},
    {"quota reached", quota_reached, RULE_LIMIT_REACHED, 3, 1800},
    {"relaying denied", relay_denied, RULE_RELAY_REFUSES, 3, 1800},
    {"no login sent", no_login_sent, RULE_LOGIN_REFUSED, 3, 1800},
    {"refused, nobody knows why", nobody_knows_why, RULE_NOTHING_ACCEPTED, 40, 1800},
    {"Postfix stopped", postfix_stopped, RULE_POSTFIX_DOWN, 6, 1800},
    {"queue flooded", queue_flooded, RULE_QUEUE_GROWING, 70, 900},
    {"log stopped", log_stopped, RULE_LOG_SILENT, 63, 1800},
    {"milter killed", milter_killed, RULE_MILTER_GONE, 13, 1800},
    {"Redis killed", redis_killed, RULE_STORE_DOWN, 13, 1800},
    {"disk full", disk_full, RULE_DISK_LOW, 3, 1800},
    {"clock jumped", clock_jumped, RULE_CLOCK_WRONG, 3, 1800},
    {"keeper killed", keeper_killed, RULE_KEEPER_GONE, 63, 1800},
    {"one server of five is bad", one_server_of_five_is_bad, RULE_DELIVERIES_FAIL, 300, 1800},
    {"a sender floods", one_sender_floods, RULE_LIMIT_NEAR, 400, 450},
    {"CA file removed", ca_file_removed, RULE_CA_FILE_GONE, 5, 1800},
    {"queue wiped", queue_wiped, RULE_MAIL_UNACCOUNTED, 3, 1800},
};

static void mend(struct sim *s) {
    struct signals was = s->w.s;

    s->relay_dead = false;
    s->w.s.queue_known = s->w.s.postfix_running = true;
    s->w.s.queue_messages = 0;
    s->w.s.queue_growth = 0;
    s->w.s.oldest_ms = s->w.s.log_silent_ms = s->w.s.milter_silent_ms = 0;
    s->w.s.store_down = false;
    s->w.s.disk_free_bytes = (uint64_t)10 << 30;
    s->w.s.state_failed_ms = s->w.s.clock_jumped_ms = s->w.s.keeper_silent_ms = 0;
    s->w.s.ca_file_gone = NULL;
    s->w.s.unaccounted = 0;
    (void)was;
}

static void mail_goes_on(struct sim *s, int second) {
    if (!s->relay_dead && second % 2 == 0)
        sent(s);
}

static void run_fault(const struct fault *f) {
    struct sim *s = calloc(1, sizeof *s);
    int64_t broken_ms;

    sim_begin(s, 7);
    for (int second = 0; second < HOUR_S; second++) {
        s->w.now_ms += 1000;
        mail_goes_on(s, second);
        look(s);
    }
    cr_assert_eq(s->begins, 0, "%s: before it began: %s", f->name, s->told);
    broken_ms = s->w.now_ms;
    for (int second = 0; second < f->lasts_s; second++) {
        s->w.now_ms += 1000;
        f->each_second(s, second);
        mail_goes_on(s, second);
        look(s);
    }
    cr_expect_eq(s->begins, 1, "%s: %d alerts: %s", f->name, s->begins, s->told);
    cr_expect_eq(s->began, f->want, "%s: %s", f->name, s->told);
    cr_expect_leq(s->began_ms - broken_ms, f->within_s * 1000, "%s: told after %lld s", f->name,
                  (long long)(s->began_ms - broken_ms) / 1000);
    mend(s);
    for (int second = 0; second < 30 * HOUR_S; second++) {
        s->w.now_ms += 1000;
        mail_goes_on(s, second);
        if (second % 10 == 0 || second < 1000)
            look(s);
    }
    cr_expect_eq(s->begins, 1, "%s: after it was mended: %s", f->name, s->told);
    cr_expect_eq(s->ends, 1, "%s: ended %d times", f->name, s->ends);
    sim_end(s);
    free(s);
}

Test(alarms, each_fault_is_told_once_in_time_and_ends_once) {
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        run_fault(&faults[i]);
}
