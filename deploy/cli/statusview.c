/* See statusview.h. */
#include "statusview.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "fixtext.h"
#include "text.h"
#include "faultline.h"
#include "receiversline.h"

enum { FIRST_SEEN_SHOWN = 3, RELAYHOSTS_SHOWN = 3, LABEL = 12, FACT = 11 };

static void clock_text(char *out, size_t size, double seconds) {
    time_t t = (time_t)seconds;
    struct tm tm;

    strftime(out, size, "%H:%M:%S", localtime_r(&t, &tm));
}

void statusview_time(const char *rfc3339, char *out, size_t size) {
    struct tm tm = {0};
    const char *rest = strptime(rfc3339, "%Y-%m-%dT%H:%M:%SZ", &tm);
    time_t t;

    if (rest == NULL || *rest != '\0') {
        text_copy(out, size, "(not known)");
        return;
    }
    t = timegm(&tm);
    strftime(out, size, "%Y-%m-%d %H:%M:%S %Z", localtime_r(&t, &tm));
}

/* ---- the first line ---- */

static const char *what_is(const struct json_t *doc) {
    const struct json_t *worst = json_at(json_get(doc, "alerts"), 0);

    bool well = strcmp(json_get_text(doc, "state"), "ok") == 0; /* the fleet's alerts apart */

    if (worst != NULL && !well)
        return json_get_text(worst, "summary");
    if (!well)
        return "relaywatchd is starting";
    return json_get_bool(json_get(doc, "relay"), "reachable")
               ? "mail flows"
               : "attempts to deliver fail, watching whether it passes";
}

void statusview_headline(const struct json_t *doc, char *out, size_t size) {
    char state[16];

    text_copy(state, sizeof state, json_get_text(doc, "state"));
    text_upper(state);
    text_format(out, size, "RELAY %s - %s", state, what_is(doc));
}

void statusview_key(const struct json_t *doc, char *out, size_t size) {
    const struct json_t *alerts = json_get(doc, "alerts");
    size_t n;

    text_copy(out, size, json_get_text(doc, "state"));
    for (size_t i = 0; i < json_count(alerts); i++) {
        n = strlen(out);
        text_format(out + n, size - n, " %s/%s", json_get_text(json_at(alerts, i), "id"),
                    json_get_text(json_at(alerts, i), "severity"));
    }
    n = strlen(out);
    text_format(out + n, size - n, " %d", json_get_bool(json_get(doc, "relay"), "reachable"));
}

static int64_t waiting(const struct json_t *queue) {
    return json_get_int(queue, "active", 0) + json_get_int(queue, "deferred", 0) +
           json_get_int(queue, "incoming", 0);
}

static void perfdata(const struct json_t *doc, char *out, size_t size) {
    const struct json_t *counters = json_get(doc, "counters");
    const struct json_t *queue = json_get(doc, "queue");

    text_format(out, size,
                " | queue=%lld oldest=%llds sent=%lldc deferred=%lldc bounced=%lldc "
                "auth_failures=%lldc",
                (long long)waiting(queue), (long long)json_get_int(queue, "oldest_seconds", 0),
                (long long)json_get_int(counters, "sent", 0),
                (long long)json_get_int(counters, "deferred", 0),
                (long long)json_get_int(counters, "bounced", 0),
                (long long)json_get_int(counters, "auth_failures", 0));
}

static void put_headline(struct sheet *s, const struct json_t *doc, bool short_head) {
    const char *state = json_get_text(doc, "state");
    char label[32];
    char since[64];
    char text[700];
    size_t n;

    text_copy(text, sizeof text, state);
    text_upper(text);
    text_format(label, sizeof label, "RELAY %.15s", text);
    text_format(text, sizeof text, " - %s", what_is(doc));
    n = strlen(text);
    if (!short_head)
        perfdata(doc, text + n, sizeof text - n);
    if (short_head)
        sheet_put(s, STATUSVIEW_HEAD, sheet_look_of(state), label, 0, text);
    else
        sheet_put_whole(s, STATUSVIEW_HEAD, sheet_look_of(state), label, 0, text);
    statusview_time(json_get_text(doc, "since"), since, sizeof since);
    text_format(text, sizeof text, "  %.128s, %.15s since %s", json_get_text(doc, "host"), state,
                since);
    sheet_put(s, STATUSVIEW_HEAD, SHEET_FAINT, text, 0, "");
}

/* ---- the way of the mail ---- */

static void queue_text(const struct json_t *queue, char *out, size_t size) {
    int64_t messages = waiting(queue) + json_get_int(queue, "maildrop", 0);
    char age[32];

    text_age(age, sizeof age, json_get_int(queue, "oldest_seconds", 0));
    if (json_get_bool(queue, "stale"))
        text_copy(out, size, "queue not counted");
    else if (messages == 0)
        text_copy(out, size, "queue empty");
    else
        text_format(out, size, "%lld wait, oldest %s", (long long)messages, age);
}

/* "host:port" of the smarthost, as far as relaywatchd knows it. */
static void relay_name(const struct json_t *relay, char *out, size_t size) {
    const char *host = json_get_text(relay, "host");

    if (host[0] == '\0')
        text_copy(out, size, "smarthost");
    else
        text_format(out, size, "%.200s:%lld", host, (long long)json_get_int(relay, "port", 0));
}

static const char *trouble_of(const struct json_t *relay) {
    if (!json_get_bool(relay, "reachable"))
        return " UNREACHABLE";
    if (strcmp(json_get_text(relay, "tls"), "failing") == 0)
        return " TLS FAILS";
    return strcmp(json_get_text(relay, "auth"), "refused") == 0 ? " LOGIN REFUSED" : "";
}

static void put_flow(struct sheet *s, const struct json_t *doc) {
    const struct json_t *relay = json_get(doc, "relay");
    const struct json_t *rates = json_get(doc, "rates");
    static const char arrow[] = "  ->  ";
    const char *trouble = trouble_of(relay);
    char text[320];
    size_t n;

    sheet_blank(s, STATUSVIEW_FLOW);
    sheet_put(s, STATUSVIEW_FLOW, SHEET_PLAIN, "  ", 2, "");
    text_format(text, sizeof text, "%.0f/min in", json_get_real(rates, "accepted_per_minute", 0));
    sheet_add(s, "", SHEET_GOOD, text);
    queue_text(json_get(doc, "queue"), text, sizeof text);
    sheet_add(s, arrow, strcmp(text, "queue empty") == 0 ? SHEET_PLAIN : SHEET_WARN, text);
    relay_name(relay, text, sizeof text);
    n = strlen(text);
    text_format(text + n, sizeof text - n, "%s", trouble);
    sheet_add(s, arrow, trouble[0] != '\0' ? SHEET_BAD : SHEET_GOOD, text);
    text_format(text, sizeof text, "%.0f/min delivered",
                json_get_real(rates, "sent_per_minute", 0));
    sheet_add(s, arrow, SHEET_GOOD, text);
}

/* ---- alerts ---- */

static void put_fact(struct sheet *s, int rank, const char *name, const char *text) {
    char label[16];

    if (text[0] == '\0')
        return;
    text_format(label, sizeof label, "    %s", name);
    sheet_put(s, rank, SHEET_FAINT, label, FACT, text);
}

/* A step that is a command is not broken: it is there to be copied. */
static void put_step(struct sheet *s, int rank, const char *name, const char *step) {
    char label[16];

    if (!fixtext_is_command(step)) {
        put_fact(s, rank, name, step);
        return;
    }
    text_format(label, sizeof label, "    %s", name);
    sheet_put_whole(s, rank, SHEET_FAINT, label, FACT, step);
}

/* The worst stands first and keeps its place; of the others what is wrong and what to do. */
static void put_quiet(struct sheet *s, int rank, const struct json_t *silenced) {
    char left[32];
    char text[320];
    char at[16];
    double until;

    if (silenced == NULL)
        return;
    until = json_get_real(silenced, "until", 0);
    clock_text(at, sizeof at, until);
    text_age(left, sizeof left, (int64_t)until - clock_wall_ms() / 1000);
    text_format(text, sizeof text, "nobody is called for another %s, until %s (%s: %s)", left, at,
                json_get_text(silenced, "who"), json_get_text(silenced, "why"));
    put_fact(s, rank, "quiet", text);
}

static void put_alert(struct sheet *s, const struct json_t *alert, bool worst, bool say_what) {
    const char *severity = json_get_text(alert, "severity");
    double since = json_get_real(alert, "since", 0);
    const struct json_t *fix = json_get(alert, "fix");
    int head = worst ? STATUSVIEW_HEAD : STATUSVIEW_NEXT_ALERTS;
    char label[16];
    char text[160];
    char who[400];
    char age[32];
    char at[16];

    text_copy(label, sizeof label, severity);
    text_upper(label);
    text_age(age, sizeof age, clock_wall_ms() / 1000 - (int64_t)since);
    clock_text(at, sizeof at, since);
    text_format(text, sizeof text, "  %.90s  since %s (%s)", json_get_text(alert, "diagnosis"), at,
                age);
    sheet_blank(s, worst ? STATUSVIEW_FLOW : STATUSVIEW_NEXT_ALERTS);
    sheet_put(s, worst ? STATUSVIEW_IMPACT : head, sheet_look_of(severity), label, 0, text);
    if (say_what)
        put_fact(s, head, "what", json_get_text(alert, "summary"));
    put_quiet(s, head, json_get(alert, "silenced"));
    put_fact(s, worst ? STATUSVIEW_IMPACT : STATUSVIEW_WHY, "mail", json_get_text(alert, "impact"));
    faultline_text(alert, who, sizeof who);
    put_fact(s, worst ? STATUSVIEW_IMPACT : STATUSVIEW_WHY, "who", who);
    put_fact(s, STATUSVIEW_WHY, "why", json_get_text(alert, "why"));
    for (size_t i = 0; i < json_count(fix); i++)
        put_step(s, head, i == 0 ? "do" : "", json_text(json_at(fix, i)));
    put_fact(s, STATUSVIEW_EVIDENCE, "seen", json_get_text(alert, "evidence"));
}

/* ---- details ---- */

static void put_line(struct sheet *s, int rank, const char *name, const char *text) {
    char label[24];

    text_format(label, sizeof label, "  %s", name);
    sheet_put(s, rank, SHEET_FAINT, label, LABEL, text);
}

static void delay_word(double seconds, char *out, size_t size) {
    if (seconds < 10)
        text_format(out, size, seconds < 1 ? "%.2f s" : "%.1f s", seconds);
    else
        text_age(out, size, (int64_t)seconds);
}

void statusview_delay(const struct json_t *delay, const struct json_t *count, char *out,
                      size_t size) {
    static const char *const names[] = {"p50", "p90", "p99"};
    long long deliveries = (long long)json_get_int(count, "count", 0);
    char text[3][32];

    if (deliveries == 0) {
        text_copy(out, size, "no deliveries");
        return;
    }
    for (int i = 0; i < 3; i++)
        delay_word(json_get_real(delay, names[i], 0), text[i], sizeof text[i]);
    text_format(out, size, "half within %s, 90 %% within %s, 99 %% within %s (%lld)", text[0],
                text[1], text[2], deliveries);
}

/* Where the slow ones spend their time. */
static void add_slowest_part(const struct json_t *delays, char *out, size_t size) {
    static const char *const parts[][2] = {{"before_queue_manager", "before the queue manager"},
                                           {"queue_manager", "in the queue manager"},
                                           {"connection_setup", "setting up the connection"},
                                           {"transmission", "in transmission"}};
    double most = 1;
    size_t n = strlen(out);

    for (size_t i = 0; i < 4; i++) {
        double seconds = json_get_real(json_get(delays, parts[i][0]), "p90", 0);
        char word[32];

        if (seconds <= most)
            continue;
        most = seconds;
        delay_word(seconds, word, sizeof word);
        text_format(out + n, size - n, "; 90 %% within %s %s", word, parts[i][1]);
    }
}

/* The first that is not well, else the first. */
static const struct json_t *worst_source(const struct json_t *doc) {
    const struct json_t *all = json_get(doc, "sources");
    const struct json_t *source;

    for (size_t i = 0; (source = json_at(all, i)) != NULL; i++) {
        if (strcmp(json_get_text(source, "state"), "ok") != 0)
            return source;
    }
    return json_at(all, 0);
}

static void put_smarthost(struct sheet *s, const struct json_t *doc) {
    const struct json_t *relay = json_get(doc, "relay");
    const struct json_t *login = json_get(doc, "credentials");
    const char *until = json_get_text(relay, "certificate_expires");
    const char *detail = json_get_text(login, "detail");
    bool proved = json_get_text(login, "verified_at")[0] != '\0';
    char name[256];
    char at[64];
    char text[700];

    relay_name(relay, name, sizeof name);
    text_format(text, sizeof text, "%s %s, TLS %s, login %s%s%.10s", name,
                json_get_bool(relay, "reachable") ? "reachable" : "UNREACHABLE",
                json_get_text(relay, "tls"), json_get_text(relay, "auth"),
                until[0] != '\0' ? ", certificate until " : "", until);
    put_line(s, STATUSVIEW_DETAILS, "smarthost", text);
    statusview_time(json_get_text(login, "verified_at"), at, sizeof at);
    text_format(text, sizeof text, "%s %s%s%s%s%s", json_get_text(login, "user"),
                json_get_text(login, "state"), proved ? ", last proved " : "", proved ? at : "",
                detail[0] != '\0' ? "; " : "", detail);
    put_line(s, STATUSVIEW_DETAILS, "login", text);
}

/* How near the busiest sender is to the smarthost's limit; nothing where that is far. */
static void put_senders(struct sheet *s, const struct json_t *senders) {
    long long limit = (long long)json_get_int(senders, "limit", 0);
    long long recipients = (long long)json_get_int(senders, "recipients", 0);
    char text[320];

    if (limit == 0 || recipients < limit / 2)
        return;
    text_format(text, sizeof text, "%.110s to %lld recipients in 24 h, %lld %% of the limit (%s)",
                json_get_text(senders, "most"), recipients, recipients * 100 / limit,
                json_get_text(senders, "counted_by"));
    put_line(s, STATUSVIEW_DETAILS, "sender", text);
}

static void put_canary(struct sheet *s, const struct json_t *canary) {
    const char *state = json_get_text(canary, "state");
    const char *detail = json_get_text(canary, "detail");
    bool any = json_get_text(canary, "delivered_at")[0] != '\0';
    char took[64] = "";
    char at[64];
    char text[500];

    if (state[0] == '\0' || strcmp(state, "off") == 0)
        return;
    statusview_time(json_get_text(canary, "delivered_at"), at, sizeof at);
    if (any)
        text_format(took, sizeof took, ", took %.1f s", json_get_real(canary, "delay_seconds", 0));
    text_format(text, sizeof text, "%s, last delivered %s%s%s%s", state, any ? at : "never", took,
                detail[0] != '\0' ? "; " : "", detail);
    put_line(s, STATUSVIEW_DETAILS, "canary", text);
}

/* Of each smarthost, the busiest first; one that fails is never left out. */
static void put_relayhosts(struct sheet *s, const struct json_t *relayhosts) {
    bool first = true;
    char text[700];

    for (size_t i = 0; i < json_count(relayhosts); i++) {
        const struct json_t *one = json_at(relayhosts, i);

        if (i >= RELAYHOSTS_SHOWN && strcmp(json_get_text(one, "state"), "failing") != 0)
            continue;
        faultline_relayhost(one, text, sizeof text);
        put_line(s, STATUSVIEW_DETAILS, first ? "relayhost" : "", text);
        first = false;
    }
}

static void put_details(struct sheet *s, const struct json_t *doc) {
    const struct json_t *ledger = json_get(doc, "ledger");
    const struct json_t *delays = json_get(doc, "delays");
    const struct json_t *source = worst_source(doc);
    const struct json_t *store = json_get(doc, "store");
    const char *advice = json_get_text(store, "advice");
    int64_t poison = json_get_int(doc, "poison_lines", 0);
    char text[700];

    sheet_blank(s, STATUSVIEW_DETAILS);
    put_smarthost(s, doc);
    put_relayhosts(s, json_get(doc, "relayhosts"));
    text_format(
        text, sizeof text,
        "%lld accepted = %lld sent + %lld bounced + %lld expired + %lld queued + %lld unknown",
        (long long)json_get_int(ledger, "accepted", 0), (long long)json_get_int(ledger, "sent", 0),
        (long long)json_get_int(ledger, "bounced", 0),
        (long long)json_get_int(ledger, "expired", 0), (long long)json_get_int(ledger, "queued", 0),
        (long long)json_get_int(ledger, "unknown", 0));
    put_line(s, STATUSVIEW_DETAILS, "messages", text);
    put_senders(s, json_get(doc, "senders"));
    statusview_delay(json_get(delays, "total"), delays, text, sizeof text);
    add_slowest_part(delays, text, sizeof text);
    put_line(s, STATUSVIEW_DETAILS, "delivery", text);
    text_format(text, sizeof text, "log %s (lag %.0f s), milter %s, Redis %s%s%s",
                json_get_text(source, "state"), json_get_real(source, "lag_seconds", 0),
                json_get_text(json_get(doc, "milter"), "state"), json_get_text(store, "state"),
                advice[0] != '\0' ? "; " : "", advice);
    put_line(s, STATUSVIEW_DETAILS, "watching", text);
    put_canary(s, json_get(doc, "canary"));
    receiversline_text(doc, clock_wall_ms() / 1000, text, sizeof text);
    put_line(s, STATUSVIEW_DETAILS, "alerts", text);
    if (poison > 0) {
        text_format(text, sizeof text,
                    "%lld line%s of the log skipped that made relaywatchd crash: poison-line.* in "
                    "its state_dir",
                    (long long)poison, poison == 1 ? "" : "s");
        put_line(s, STATUSVIEW_DETAILS, "", text);
    }
}

/* Lines of trouble that no diagnosis knows and that were not seen before this day. */
static void put_first_seen(struct sheet *s, const struct json_t *fresh) {
    size_t n = json_count(fresh);
    char text[400];

    for (size_t i = 0; i < n && i < FIRST_SEEN_SHOWN; i++) {
        const struct json_t *shape = json_at(fresh, i);
        char since[64];

        statusview_time(json_get_text(shape, "since"), since, sizeof since);
        text_format(text, sizeof text, "%s%s: %s: %s (%lld since %s)",
                    i == 0 ? "seen for the first time: " : "", json_get_text(shape, "daemon"),
                    json_get_text(shape, "severity"), json_get_text(shape, "text"),
                    (long long)json_get_int(shape, "count", 0), since);
        put_line(s, STATUSVIEW_PAST, i == 0 ? "new" : "", text);
    }
    if (n > FIRST_SEEN_SHOWN) {
        text_format(text, sizeof text, "and %zu more: relaywatch status --json | jq .first_seen",
                    n - FIRST_SEEN_SHOWN);
        put_line(s, STATUSVIEW_PAST, "", text);
    }
}

static void put_ended(struct sheet *s, const struct json_t *ended) {
    for (size_t i = 0; i < json_count(ended); i++) {
        const struct json_t *alert = json_at(ended, i);
        char at[16];
        char text[400];

        clock_text(at, sizeof at, json_get_real(alert, "ended", 0));
        text_format(text, sizeof text, "%s at %s: %s", json_get_text(alert, "diagnosis"), at,
                    json_get_text(alert, "summary"));
        put_line(s, STATUSVIEW_PAST, "over", text);
    }
}

void statusview_fill(struct sheet *s, const struct json_t *doc, bool short_head) {
    const struct json_t *alerts = json_get(doc, "alerts");
    const char *said = short_head ? what_is(doc) : ""; /* in the headline, on the same screen */

    put_headline(s, doc, short_head);
    put_flow(s, doc);
    for (size_t i = 0; i < json_count(alerts); i++)
        put_alert(s, json_at(alerts, i), i == 0,
                  i > 0 || strcmp(json_get_text(json_at(alerts, i), "summary"), said) != 0);
    put_details(s, doc);
    put_first_seen(s, json_get(doc, "first_seen"));
    put_ended(s, json_get(doc, "ended_alerts"));
}

void statusview_fill_unknown(struct sheet *s, const char *where, const char *why) {
    char text[700];

    text_format(text, sizeof text, " - relaywatchd does not answer at %s: %s", where, why);
    sheet_put(s, STATUSVIEW_HEAD, sheet_look_of("unknown"), "RELAY UNKNOWN", 0, text);
    sheet_put(s, STATUSVIEW_HEAD, SHEET_PLAIN, "  ", 2,
              "Mail may flow all the same: nobody is watching.");
    sheet_put(s, STATUSVIEW_HEAD, SHEET_PLAIN, "  ", 2, "Start it: systemctl start relaywatchd");
    sheet_put(s, STATUSVIEW_HEAD, SHEET_PLAIN, "  ", 2, "(without systemd: relaywatch run)");
}
