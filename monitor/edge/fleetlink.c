/* See fleetlink.h. A reading: one ZRANGE, then an HMGET for each host with a new sign of life; of
 * those that write no summary the alerts and totals themselves. Answers come in the order of the
 * questions; the table changes only while none is under way. */
#include "fleetlink.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hostdoc.h"
#include "log.h"
#include "rlink.h"
#include "xmem.h"

enum { KEY_SIZE = 256, WORD_SIZE = 300 };

/* What was asked about a host, for the answer. */
struct question {
    struct fleetlink *link;
    struct fleet_host *host;
};

struct fleetlink {
    struct loop_timer *turn;
    struct rlink *redis;
    struct fleetlink_calls calls;
    struct fleet fleet;
    struct question question[FLEET_HOSTS];
    size_t pending; /* questions about hosts without an answer */
    bool wanted, reading, failed;
    int64_t read_ms;
    char trouble[200];
    void (*on_forgotten)(const char *why, void *arg);
    void *forgotten_arg;
    char self[128];
    char leader[128];
    int64_t leader_ms;                /* when it was known; 0: it is not */
    int64_t lease_asked_ms, lease_ms; /* monotonic; lease_ms: we have it since, 0: we do not */
    bool lease_in_flight;
    char word[WORD_SIZE];
    int64_t word_ms, word_asked_ms; /* when it was so */
    char left[WORD_SIZE];
    int64_t left_ms; /* when it was so; 0: nobody knows */
    bool left_stale; /* the answer that is awaited is older than what we wrote */
};

/* One write at most; the answer is who has it. */
static const char lease_script[] = "local v=redis.call('GET',KEYS[1]) "
                                   "if v and v~=ARGV[1] then return v end "
                                   "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2]) "
                                   "return ARGV[1]";

static void ask_turn(void *arg) {
    struct fleetlink *link = arg;

    loop_timer_set(link->turn, 0);
}

/* ---- a reading ---- */

static void note_failure(struct fleetlink *link, const char *text) {
    bool is_new = link->trouble[0] == '\0';

    link->failed = true;
    text_copy_printable(link->trouble, sizeof link->trouble, storeerr_words(text));
    if (is_new)
        log_warn("fleet", "the other hosts cannot be read: %s", link->trouble);
    if (storeerr_class_of(text) == STOREERR_TOPOLOGY)
        rlink_fail(link->redis, STOREERR_TOPOLOGY, text);
}

static void end_reading(struct fleetlink *link) {
    link->reading = false;
    if (link->failed) {
        if (link->calls.on_fault != NULL)
            link->calls.on_fault(link->calls.arg);
        return;
    }
    rlink_well(link->redis);
    link->trouble[0] = '\0';
    link->read_ms = clock_mono_ms();
    link->calls.on_read(link->calls.arg);
}

static void answered(struct fleetlink *link) {
    if (--link->pending == 0)
        end_reading(link);
}

/* ---- hosts that write no summary ---- */

static void on_alerts(const struct rlink_reply *reply, void *arg) {
    struct question *q = arg;

    memset(&q->host->sum, 0, sizeof q->host->sum);
    q->host->sum.state = HOSTSUM_OK;
    if (rlink_is_error(reply))
        note_failure(q->link, rlink_text(reply));
    for (size_t i = 0; i + 1 < rlink_count(reply); i += 2) {
        struct span field = rlink_span(rlink_part(reply, i));

        if (span_is(field, "summary") && q->host->sum.state == HOSTSUM_OK)
            q->host->sum.state = HOSTSUM_UNKNOWN; /* it could not be read */
        if (span_starts(field, "a."))
            hostdoc_add_alert(rlink_span(rlink_part(reply, i + 1)), &q->host->sum);
    }
    answered(q->link);
}

static void on_totals(const struct rlink_reply *reply, void *arg) {
    struct question *q = arg;

    for (size_t i = 0; i < rlink_count(reply) && i < HOSTSUM_FIGURES; i++) {
        uint64_t value = 0;

        if (text_u64(rlink_span(rlink_part(reply, i)), 0, UINT64_C(1) << 50, &value))
            q->host->sum.figure[i] = value;
    }
    answered(q->link);
}

static void ask_in_full(struct question *q) {
    const char *words[2 + HOSTSUM_FIGURES] = {"HMGET"};
    char field[HOSTSUM_FIGURES][48];
    char key[KEY_SIZE];

    text_format(key, sizeof key, "rw:{%s}:alert", q->host->name);
    rlink_send(q->link->redis, 2, (const char *[]){"HGETALL", key}, on_alerts, q);
    text_format(key, sizeof key, "rw:{%s}:log", q->host->name);
    words[1] = key;
    for (int i = 0; i < HOSTSUM_FIGURES; i++) {
        text_format(field[i], sizeof field[i], "c.%s", counter_name(hostsum_counter[i]));
        words[2 + i] = field[i];
    }
    rlink_send(q->link->redis, 2 + HOSTSUM_FIGURES, words, on_totals, q);
    q->link->pending += 2;
}

/* ---- summaries ---- */

static void on_summary(const struct rlink_reply *reply, void *arg) {
    struct question *q = arg;

    q->host->wanted = rlink_is_error(reply);
    if (rlink_is_error(reply))
        note_failure(q->link, rlink_text(reply));
    else if (rlink_count(reply) != 1 ||
             !hostdoc_read(rlink_span(rlink_part(reply, 0)), &q->host->sum))
        ask_in_full(q);
    answered(q->link);
}

static void ask_summary(struct fleetlink *link, struct fleet_host *host, struct question *q) {
    char key[KEY_SIZE];

    *q = (struct question){link, host};
    text_format(key, sizeof key, "rw:{%s}:alert", host->name);
    rlink_send(link->redis, 3, (const char *[]){"HMGET", key, "summary"}, on_summary, q);
    link->pending++;
}

static void on_word(const struct rlink_reply *reply, void *arg) {
    struct fleetlink *link = arg;

    if (rlink_is_error(reply)) {
        note_failure(link, rlink_text(reply));
    } else {
        text_copy_printable(link->word, sizeof link->word, rlink_span(reply));
        link->word_ms = link->word_asked_ms;
    }
    answered(link);
}

static void on_left(const struct rlink_reply *reply, void *arg) {
    struct fleetlink *link = arg;

    if (rlink_is_error(reply)) {
        note_failure(link, rlink_text(reply));
    } else if (!link->left_stale) {
        text_copy_printable(link->left, sizeof link->left, rlink_span(reply));
        link->left_ms = link->word_asked_ms;
    }
    answered(link);
}

/* The index: name, score, name, score... the newest last. */
static void on_index(const struct rlink_reply *reply, void *arg) {
    struct fleetlink *link = arg;
    int64_t wall_ms = clock_wall_ms();

    if (!rlink_is_list(reply)) {
        note_failure(link, rlink_is_error(reply) ? rlink_text(reply) : "not the answer to ZRANGE");
        answered(link);
        return;
    }
    fleet_begin(&link->fleet, clock_mono_ms());
    for (size_t i = 0; i + 1 < rlink_count(reply); i += 2)
        (void)fleet_see(&link->fleet, rlink_span(rlink_part(reply, i)),
                        rlink_span(rlink_part(reply, i + 1)), wall_ms);
    fleet_end(&link->fleet);
    for (size_t i = 0; i < link->fleet.count && rlink_is_up(link->redis); i++) {
        if (link->fleet.host[i]->wanted)
            ask_summary(link, link->fleet.host[i], &link->question[i]);
    }
    answered(link);
}

static void begin_reading(struct fleetlink *link) {
    char first[16];

    link->wanted = false;
    link->reading = true;
    link->failed = false;
    link->pending = 3;
    link->left_stale = false;
    link->word_asked_ms = clock_mono_ms();
    rlink_send(link->redis, 2, (const char *[]){"GET", "rw:fleet:alert"}, on_word, link);
    rlink_send(link->redis, 2, (const char *[]){"GET", "rw:fleet:open"}, on_left, link);
    text_format(first, sizeof first, "-%d", FLEET_HOSTS + 1); /* one more: to know of it */
    rlink_send(link->redis, 5, (const char *[]){"ZRANGE", "rw:hosts", first, "-1", "WITHSCORES"},
               on_index, link);
}

/* ---- the connection ---- */

static void on_up(void *arg) {
    (void)arg; /* the turn that follows begins what is wanted */
}

static void on_gone(void *arg) {
    struct fleetlink *link = arg;
    enum storeerr_class trouble;

    link->reading = false;
    link->pending = 0;
    link->read_ms = 0;
    link->left_ms = 0;
    link->lease_in_flight = false;
    link->on_forgotten = NULL;
    fleet_interrupt(&link->fleet);
    for (size_t i = 0; i < link->fleet.count; i++)
        link->fleet.host[i]->wanted = true; /* an answer may be lost */
    text_copy(link->trouble, sizeof link->trouble, rlink_detail(link->redis, &trouble));
    if (link->calls.on_fault != NULL)
        link->calls.on_fault(link->calls.arg);
}

static void on_turn(void *arg) {
    struct fleetlink *link = arg;
    int64_t now_ms = clock_mono_ms();
    int64_t due_ms;

    rlink_turn(link->redis, now_ms);
    if (rlink_is_up(link->redis) && link->wanted && !link->reading)
        begin_reading(link);
    due_ms = rlink_due_ms(link->redis);
    if (!rlink_is_up(link->redis) && due_ms != INT64_MAX)
        loop_timer_set(link->turn, due_ms > now_ms ? due_ms - now_ms : 0);
}

struct fleetlink *fleetlink_new(struct loop *loop, const struct conf *conf,
                                const struct fleetlink_calls *calls) {
    struct fleetlink *link;
    struct rlink_calls hooks;

    if (conf->redis[0] == '\0')
        return NULL;
    link = xcalloc(1, sizeof *link);
    hooks = (struct rlink_calls){
        .ask_turn = ask_turn, .on_up = on_up, .on_gone = on_gone, .arg = link, .quiet = true};
    link->calls = *calls;
    text_copy(link->self, sizeof link->self, conf->host);
    link->fleet.gone_after_ms = (int64_t)conf->host_gone_after_s * 1000;
    link->fleet.stopped_after_ms = (int64_t)conf->host_stopped_after_s * 1000;
    link->turn = loop_timer_new(loop, on_turn, link);
    link->redis = rlink_new(loop, conf, &hooks);
    ask_turn(link);
    return link;
}

void fleetlink_free(struct fleetlink **link_at) {
    struct fleetlink *link = *link_at;

    if (link == NULL)
        return;
    *link_at = NULL;
    rlink_free(&link->redis);
    loop_timer_free(&link->turn);
    fleet_clear(&link->fleet);
    free(link);
}

/* ---- the outside ---- */

void fleetlink_read(struct fleetlink *link) {
    link->wanted = true;
    ask_turn(link);
}

struct fleet *fleetlink_fleet(struct fleetlink *link) {
    return &link->fleet;
}

int64_t fleetlink_read_ms(const struct fleetlink *link) {
    return link->read_ms;
}

const char *fleetlink_trouble(const struct fleetlink *link) {
    return link->trouble;
}

/* ---- who speaks ---- */

static void on_lease(const struct rlink_reply *reply, void *arg) {
    struct fleetlink *link = arg;

    link->lease_in_flight = false;
    if (!rlink_is_text(reply)) {
        note_failure(link,
                     rlink_is_error(reply) ? rlink_text(reply) : "not the answer of our script");
        return;
    }
    text_copy_printable(link->leader, sizeof link->leader, rlink_span(reply));
    link->leader_ms = link->lease_asked_ms;
    link->lease_ms = strcmp(link->leader, link->self) == 0 ? link->lease_asked_ms : 0;
}

void fleetlink_ask_lease(struct fleetlink *link) {
    char ms[16];

    if (!rlink_is_up(link->redis) || link->lease_in_flight)
        return;
    link->lease_in_flight = true;
    link->lease_asked_ms = clock_mono_ms();
    text_format(ms, sizeof ms, "%d", FLEETLINK_LEASE_MS);
    rlink_send(link->redis, 6,
               (const char *[]){"EVAL", lease_script, "1", "rw:fleet:lease", link->self, ms},
               on_lease, link);
}

bool fleetlink_leads(const struct fleetlink *link, int64_t mono_ms) {
    return link->lease_ms != 0 && mono_ms - link->lease_ms < FLEETLINK_LEASE_MS;
}

const char *fleetlink_leader(const struct fleetlink *link, int64_t mono_ms) {
    return link->leader_ms != 0 && mono_ms - link->leader_ms < FLEETLINK_LEASE_MS ? link->leader
                                                                                  : "";
}

static void on_said(const struct rlink_reply *reply, void *arg) {
    if (rlink_is_error(reply))
        note_failure(arg, rlink_text(reply));
}

void fleetlink_say(struct fleetlink *link, const char *word) {
    char ms[16];

    text_copy(link->word, sizeof link->word, word != NULL ? word : "");
    link->word_ms = clock_mono_ms();
    if (!rlink_is_up(link->redis))
        return;
    text_format(ms, sizeof ms, "%d", word != NULL ? FLEETLINK_WORD_MS : 1);
    rlink_send(link->redis, 5, (const char *[]){"SET", "rw:fleet:alert", link->word, "PX", ms},
               on_said, link);
}

const char *fleetlink_word(const struct fleetlink *link, int64_t mono_ms) {
    return link->word_ms != 0 && mono_ms - link->word_ms < FLEETLINK_FRESH_MS ? link->word : "";
}

void fleetlink_leave(struct fleetlink *link, const char *text) {
    char ms[16];

    text_copy(link->left, sizeof link->left, text != NULL ? text : "");
    link->left_ms = clock_mono_ms();
    link->left_stale = true;
    if (!rlink_is_up(link->redis))
        return;
    text_format(ms, sizeof ms, "%d", text != NULL ? FLEETLINK_LEFT_MS : 1);
    rlink_send(link->redis, 5, (const char *[]){"SET", "rw:fleet:open", link->left, "PX", ms},
               on_said, link);
}

const char *fleetlink_left(const struct fleetlink *link, int64_t mono_ms) {
    return link->left_ms != 0 && mono_ms - link->left_ms < FLEETLINK_FRESH_MS ? link->left : NULL;
}

/* ---- a host that is gone for good ---- */

static void on_removed(const struct rlink_reply *reply, void *arg) {
    struct fleetlink *link = arg;
    void (*on_done)(const char *why, void *arg) = link->on_forgotten;

    link->on_forgotten = NULL;
    if (on_done != NULL)
        on_done(rlink_is_error(reply) ? rlink_text(reply) : "", link->forgotten_arg);
}

bool fleetlink_forget(struct fleetlink *link, const char *host,
                      void (*on_done)(const char *why, void *arg), void *arg) {
    if (!rlink_is_up(link->redis) || link->on_forgotten != NULL)
        return false;
    link->on_forgotten = on_done;
    link->forgotten_arg = arg;
    rlink_send(link->redis, 3, (const char *[]){"ZREM", "rw:hosts", host}, on_removed, link);
    return true;
}
