/* See daemon.h. The way of a line of the log can be read here whole:
 *
 *     sources -> on_line: parse, diagnose -> on_event: counters, rings, destinations, relay hosts,
 *                                               exporter, messages (ledger, trend), health, shapes
 *          -> on_batch: publish totals and position, look at the rules
 *
 * and once a second on_tick: the milter's page, questions to the keeper, rules, slots. */
#include "daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "beat.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "owner.h"
#include "text.h"
#include "xmem.h"
#include "slot.h"
#include "alertkeep.h"
#include "answer.h"
#include "ask.h"
#include "count.h"
#include "crasher.h"
#include "judge.h"
#include "past.h"
#include "state.h"

enum {
    SLOT_SAVE_MS = 5000,
    FRESH_MS = 10 * 1000,
    JUDGE_AGAIN_MS = 100,
    FAREWELL_LOOK_MS = 10,
    TOGETHER_MS = 3000 /* the milter is started with us: until then it may be missed */
};

static void stop(struct daemon *d, int status) {
    d->exit_status = status;
    loop_stop(d->loop);
}

/* ---- the log ---- */

/* Lines of now are dated by our clock, which is finer than syslog's, and so are those that claim to
 * be of the future; those of a backlog by their own stamp. */
static int64_t event_time(const struct mailev *ev, int64_t now_ms, int64_t started_ms) {
    int64_t age_ms = now_ms - ev->time_ms;
    bool fresh = age_ms < FRESH_MS && ev->time_ms >= started_ms;

    return ev->time_ms == 0 || fresh ? now_ms : ev->time_ms;
}

static void on_event(struct daemon *d, struct mailev *ev) {
    struct ledger_noted noted;
    int64_t time_ms;
    bool ours;

    if (ev->time_ms > d->clock.now_ms)
        d->clock.now_ms = clock_wall_ms(); /* a line ahead of it: our idea of now is old */
    time_ms = event_time(ev, d->clock.now_ms, d->started_ms);
    ours = mailway_note(d, ev, time_ms);
    count_event(d, ev, ours);
    noted = messages_note(&d->messages, ev, d->clock.now_ms);
    if (!ours)
        lookout_note(&d->lookout, ev, noted, time_ms);
    health_note(&d->health, ev, time_ms);
    shapes_note(&d->shapes, ev, time_ms);
    chronicle_event(d, ev, time_ms);
    canary_note(&d->canary, ev);
    rotation_note(&d->change.rotation, ev, &d->health, time_ms);
    d->rules_due |= ev->kind == MAILEV_DELIVERY || ev->diagnosis != DIAGNOSIS_NONE;
    if (ev->kind == MAILEV_LIFECYCLE)
        d->facts_due_ms = 0; /* main.cf may have changed */
}

static void on_line(struct span line, void *arg) {
    struct daemon *d = arg;

    if (!crasher_may_look(d, line, sources_line_place(d->sources))) {
        crasher_skip(d, line);
        return;
    }
    logline_parse(line, &d->clock, &d->event);
    if (d->event.time_ms != 0) {
        sources_note_time(d->sources, d->event.time_ms);
        lookout_stamp(&d->lookout, d->event.time_ms, d->clock.now_ms);
        followed_line(&d->followed, &d->counted, d->event.time_ms);
    }
    d->event.diagnosis = diagnose_event(d->diagnoser, &d->event);
    on_event(d, &d->event);
    poison_end(&d->poison);
}

static int64_t on_stamp(struct span line, void *arg) {
    struct daemon *d = arg;
    struct mailev ev;

    if (poison_begin(&d->poison, line, POISON_ANYWHERE))
        return -1;
    logline_parse(line, &d->clock, &ev);
    poison_end(&d->poison);
    return ev.time_ms != 0 ? ev.time_ms : -1;
}

static void on_batch(void *arg) {
    struct daemon *d = arg;

    d->clock.now_ms = clock_wall_ms();
    lookout_batch(d);
    count_publish(d);
    if (canary_is_proved(&d->canary))
        notifyc_prove(d->notify, clock_mono_ms());
    if (d->rules_due && clock_mono_ms() - d->judged_ms >= JUDGE_AGAIN_MS)
        judge(d); /* else at the next tick */
    ask_queue_soon(d, clock_mono_ms());
}

static void on_source_event(const char *source, const char *what, const char *detail, void *arg) {
    struct daemon *d = arg;
    uint64_t count;

    log_info("source", "%s: %s: %s", source, what, detail);
    if (strcmp(what, "lines_suppressed") != 0)
        return;
    if (text_u64((struct span){detail, strcspn(detail, " ")}, 0, UINT64_MAX, &count))
        d->lines_suppressed += count;
    d->suppressed_ms = clock_mono_ms();
}

static void on_log_start(const struct totals *from, void *arg) {
    struct daemon *d = arg;
    const struct sources_calls calls = {.on_line = on_line,
                                        .on_batch = on_batch,
                                        .on_stamp = on_stamp,
                                        .on_event = on_source_event,
                                        .arg = d};
    struct hash_key key = totals_hash_key(from);
    bool from_beginning = strcmp(d->conf.log_start, "beginning") == 0;
    struct ledger_totals t;

    totals_copy(&d->log.now, from);
    counted_restore(&d->counted, from);
    logtotals_restore(&d->logtotals, &d->log.now, &d->counters, &t, &d->rings, &d->destinations,
                      &d->relayhosts);
    delays_restore(&d->messages.delays, &d->log.now);
    shapes_restore(&d->shapes, &d->log.now);
    exporter_restore(&d->exporter, &d->log.now);
    trendkeep_begin(&d->trendkeep, &d->conf);
    d->messages.trend = &d->trendkeep.trend;
    milterpage_attach(&d->milter);
    messages_begin(&d->messages, &d->conf, from, &t, d->milter.page, d->clock.now_ms);
    d->poison_field = totals_field(&d->log.now, "poison_lines");
    d->poison_lines = totals_get(&d->log.now, "poison_lines");
    d->log.begun = true;
    d->sources = sources_new(d->loop, &d->logs, &key, &calls);
    sources_start(d->sources, from->position, from_beginning);
    sources_position(d->sources, d->log.now.position, sizeof d->log.now.position);
    followed_begin(&d->followed, &d->counted, d->sources, from->position, d->log.now.position,
                   d->counters.value[COUNTER_LINES] == 0, from_beginning, clock_wall_ms());
    count_keep_log(d);
    past_begin(d, &key);
    log_info("daemon", "reading %s; %llu lines counted before", d->conf.mail_log,
             (unsigned long long)d->counters.value[COUNTER_LINES]);
}

/* ---- the milter's page ---- */

static void publish_milter(struct daemon *d) {
    milterpage_totals(&d->milter, &d->milter_kept.now);
    d->milter_kept.now.time_ms = clock_wall_ms();
    store_publish(d->milter_kept.stream, &d->milter_kept.now);
    d->milter_kept.changed = true;
}

static void on_milter_start(const struct totals *from, void *arg) {
    struct daemon *d = arg;

    totals_copy(&d->milter_kept.now, from);
    d->milter_kept.begun = true;
    milterpage_restore(&d->milter, from);
    milterpage_read(&d->milter);
    d->milter_accepted = d->milter.value[MLTPAGE_ACCEPTED];
    publish_milter(d);
}

/* ---- two of one name ---- */

/* Left for our next life, which then gives way instead of taking the name back at once. */
static void on_fenced(const char *rival, void *arg) {
    struct daemon *d = arg;
    char who[OWNER_SIZE];
    struct fault why;

    owner_describe(rival, who, sizeof who);
    log_error("store",
              "another relaywatchd (%s) writes for host name %s: give each host its own `host =`. "
              "Started again, this one waits until the other is gone",
              who, d->conf.host);
    if (file_replace(d->fenced_path, d->conf.host, strlen(d->conf.host), 0600, &why) == -1)
        log_warn("store", "%s", why.text);
    stop(d, 3);
}

/* Did another one take over this very name in an earlier life? */
static void look_for_rival(struct daemon *d) {
    char host[sizeof d->conf.host];

    text_format(d->fenced_path, sizeof d->fenced_path, "%s/fenced", d->conf.state_dir);
    d->gives_way = d->conf.redis[0] != '\0' &&
                   file_read(d->fenced_path, host, sizeof host, NULL) != -1 &&
                   strcmp(host, d->conf.host) == 0;
    if (!d->gives_way)
        unlink(d->fenced_path);
}

static void note_way_back(struct daemon *d) {
    if (!d->gives_way || store_gives_way(d->store))
        return;
    d->gives_way = false;
    unlink(d->fenced_path);
}

static void on_lineage(bool ours_is_newborn, void *arg) {
    if (ours_is_newborn) {
        log_warn("store", "Redis knows this host's figures after all: starting again from them");
        stop(arg, EX_TEMPFAIL);
    }
}

/* ---- streams ---- */

static void begin_stream(struct daemon *d, struct kept *kept, const char *suffix,
                         void (*on_start)(const struct totals *from, void *arg)) {
    const struct store_stream_calls calls = {
        .on_start = on_start, .on_fenced = on_fenced, .on_lineage = on_lineage, .arg = d};
    struct totals *local = xcalloc(1, sizeof *local);
    struct fault why;
    int found;

    text_format(kept->slot_path, sizeof kept->slot_path, "%s/%s.slot", d->conf.state_dir, suffix);
    found = slot_load(kept->slot_path, local, &why);
    if (found == -1)
        log_warn("slot", "%s", why.text);
    kept->stream =
        store_stream_new(d->store, suffix, found == 0 ? local : NULL, d->gives_way, &calls);
    free(local);
}

/* ---- once a second ---- */

/* All sources as one: as well as the worst of them, and what waits in any. */
static struct tail_figures whole_log(const struct daemon *d) {
    struct tail_figures whole = {.state = TAIL_OK};

    for (size_t i = 0; i < sources_count(d->sources); i++) {
        struct tail_figures figures;

        sources_figures(d->sources, i, &figures);
        whole.lag_bytes += figures.lag_bytes;
        if (figures.state > whole.state)
            whole.state = figures.state;
    }
    return whole;
}

static void look_at_messages(struct daemon *d, int64_t mono_ms) {
    bool counted = d->queue_counted_ms != 0 && mono_ms - d->queue_counted_ms < QUEUE_STALE_MS;
    struct tail_figures source = whole_log(d);

    messages_set_page(&d->messages, d->milter.page);
    if (messages_look(&d->messages, counted ? &d->queue : NULL, &source,
                      (int64_t)d->conf.unknown_after_s * 1000, d->clock.now_ms))
        count_publish(d);
}

static void on_tick(void *arg) {
    struct daemon *d = arg;
    int64_t mono_ms = clock_mono_ms();

    beat_send(BEAT_ALIVE);
    d->clock.now_ms = clock_wall_ms();
    if (d->milter_kept.begun && milterpage_read(&d->milter))
        publish_milter(d);
    if (d->milter_kept.begun)
        ask_note_mail(d, mono_ms);
    health_note_milter(&d->health, milterpage_last_ms(&d->milter));
    if (d->log.begun) {
        rates_note(&d->rates, &d->counters, mono_ms);
        trend_watch(&d->trendkeep.trend, d->clock.now_ms);
        look_at_messages(d, mono_ms);
        mailway_tick(d, mono_ms);
    }
    ask_keeper(d, mono_ms);
    change_tick(d, mono_ms);
    lookout_tick(d, mono_ms);
    judge(d);
    fleetkeep_tick(d, mono_ms);
    note_way_back(d);
    if (mono_ms - d->slots_saved_ms >= SLOT_SAVE_MS) {
        d->slots_saved_ms = mono_ms;
        if (d->log.changed)
            count_keep_log(d);
        count_keep(&d->milter_kept);
        trendkeep_save(&d->trendkeep);
    } else if (d->log.begun && messages_want_save(&d->messages)) {
        count_keep_log(d);
    }
    loop_timer_set(d->tick, TICK_MS);
}

/* ---- begin and end ---- */

static void on_conf_error(const char *text, void *arg) {
    (void)arg;
    log_error("conf", "%s", text);
}

static void reload_conf(struct daemon *d) {
    struct conf fresh;
    struct rules_limits limits;
    struct fault why;

    if (conf_load(d->conf_path, &fresh, on_conf_error, NULL, &why) == -1) {
        log_error("conf", "%s; the configuration in force stays", why.text);
        return;
    }
    d->conf.queue_interval_s = fresh.queue_interval_s;
    d->conf.verify_interval_s = fresh.verify_interval_s;
    d->conf.unknown_after_s = fresh.unknown_after_s;
    judge_take_limits(&d->conf, &fresh);
    chronicle_note(d, "relaywatch.conf was read again");
    limits = judge_limits(&d->conf);
    rules_set_limits(d->rules, &limits);
    if (memcmp(&fresh, &d->conf, sizeof fresh) != 0) {
        log_info("conf", "%s changed beyond the rules: starting again", d->conf_path);
        stop(d, EX_TEMPFAIL);
    }
}

static void on_conf_change(const struct stat *now, void *arg) {
    if (now != NULL)
        reload_conf(arg);
}

static void on_hup(int number, void *arg) {
    (void)number;
    reload_conf(arg);
}

/* The other hosts are told first: so nobody is called for this one. */
static void on_farewell(void *arg) {
    struct daemon *d = arg;

    if (fleetkeep_farewell(d))
        stop(d, 0);
    else
        loop_timer_set(d->farewell, FAREWELL_LOOK_MS);
}

static void on_end(int number, void *arg) {
    struct daemon *d = arg;

    if (d->fleetkeep.ending_ms != 0) {
        stop(d, 0);
        return;
    }
    log_info("daemon", "signal %d: ending", number);
    on_farewell(d);
}

/* Page and API answer to the names of this host alone: conf.host may be another than the machine's.
 */
static struct http *open_http(struct daemon *d, struct fault *why) {
    char machine[128] = "";
    char names[sizeof machine + sizeof d->conf.host + sizeof d->conf.http_hosts];

    if (gethostname(machine, sizeof machine - 1) == -1)
        machine[0] = '\0';
    text_format(names, sizeof names, "%s %s %s", d->conf.host, machine, d->conf.http_hosts);
    log_info("http", "answers to addresses, localhost and: %s", names);
    return http_new(d->loop, d->conf.http_listen, names, answer_get, d, why);
}

static int open_all(struct daemon *d) {
    struct rules_limits limits = judge_limits(&d->conf);
    char owner[OWNER_SIZE];
    char path[300];
    struct fault why;

    d->loop = loop_new(&why);
    if (d->loop == NULL)
        die(EX_OSERR, "%s", why.text);
    d->http = open_http(d, &why);
    if (d->http == NULL) {
        log_error("http", "%s", why.text);
        return -1;
    }
    d->on_term = loop_signal_new(d->loop, SIGTERM, on_end, d);
    d->on_int = loop_signal_new(d->loop, SIGINT, on_end, d);
    d->on_hup = loop_signal_new(d->loop, SIGHUP, on_hup, d);
    d->diagnoser = diagnoser_new();
    d->rules = rules_new(&limits);
    text_format(path, sizeof path, "%s/notify.sock", d->conf.run_dir);
    d->notify = notifyc_new(d->loop, path);
    text_format(path, sizeof path, "%s/keeper.sock", d->conf.run_dir);
    d->keeper = keeperc_new(d->loop, path, ask_on_reply, d);
    milterpage_init(&d->milter, d->conf.run_dir);
    login_init(&d->login, clock_mono_ms());
    lookout_init(&d->lookout);
    alertkeep_load(d);
    judge_resume(d);
    change_open(d);
    chronicle_open(d);
    mailway_open(d);
    crasher_open(d);
    d->desk = desk_new(d);
    d->watch_conf = watchfile_new(d->loop, d->conf_path, on_conf_change, d);
    owner_make(owner, sizeof owner);
    d->store = store_new(d->loop, &d->conf, owner);
    fleetkeep_open(d);
    look_for_rival(d);
    begin_stream(d, &d->log, "log", on_log_start);
    begin_stream(d, &d->milter_kept, "mlt", on_milter_start);
    d->farewell = loop_timer_new(d->loop, on_farewell, d);
    d->tick = loop_timer_new(d->loop, on_tick, d);
    loop_timer_set(d->tick, 0);
    return 0;
}

static void close_all(struct daemon *d) {
    loop_timer_free(&d->tick);
    loop_timer_free(&d->farewell);
    if (d->rules != NULL && d->kept_ms != 0)
        alertkeep_save(d, ALERTKEEP_ALL);
    count_keep_log(d);
    count_keep(&d->milter_kept);
    trendkeep_end(&d->trendkeep);
    past_end(d);
    sources_free(&d->sources);
    fleetkeep_close(d);
    poison_close(&d->poison);
    store_free(&d->store);
    desk_free(&d->desk);
    chronicle_close(d);
    watchfile_free(&d->watch_conf);
    change_close(d);
    mailway_close(d);
    milterpage_clear(&d->milter);
    keeperc_free(&d->keeper);
    notifyc_free(&d->notify);
    rules_free(&d->rules);
    diagnoser_free(&d->diagnoser);
    messages_clear(&d->messages);
    loop_signal_free(&d->on_hup);
    loop_signal_free(&d->on_int);
    loop_signal_free(&d->on_term);
    http_free(&d->http);
    loop_free(&d->loop);
}

int daemon_run(const struct conf *conf, const char *conf_path) {
    struct daemon *d = xcalloc(1, sizeof *d);
    int status = EX_CONFIG;
    struct fault why;

    d->conf = *conf;
    d->conf_path = conf_path;
    if (logsources_parse(d->conf.mail_log, &d->logs, &why) == -1)
        die(EX_CONFIG, "mail_log: %s", why.text);
    d->started_ms = clock_wall_ms();
    d->since_ms = d->started_ms;
    health_note_milter(&d->health, d->started_ms + TOGETHER_MS);
    d->started_mono_ms = clock_mono_ms();
    d->place = (struct fixtext_place){
        .relay_host = d->facts.relay_host, /* "" until the keeper told */
        .postfix_config_dir = d->conf.postfix_config_dir,
        .sasl_passwd = d->conf.sasl_passwd,
        .mail_log = logsources_first(&d->logs),
        .conf_path = conf_path,
        .receivers_file = d->conf.receivers_file,
    };
    d->state = OVERALL_UNKNOWN;
    logline_clock_init(&d->clock);
    d->clock.now_ms = d->started_ms;
    signal(SIGPIPE, SIG_IGN);
    if (open_all(d) == 0) {
        log_info("daemon", "relaywatchd %s for host %s, page at http://%s/", RELAYWATCH_VERSION,
                 d->conf.host, d->conf.http_listen);
        beat_send(BEAT_READY);
        loop_run(d->loop);
        status = d->exit_status;
    }
    close_all(d);
    free(d);
    return status;
}
