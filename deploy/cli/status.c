/* `relaywatch status`: does mail flow? One line for monitoring, then what a tired person needs,
 * worst first. The facts come from relaywatchd's /api/v1/status; this file only draws them. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "json.h"
#include "request.h"

enum { ANSWER_MS = 5000, ANSWER_BYTES = 4 * 1024 * 1024, WIDTH_DEFAULT = 80, WIDTH_MOST = 110 };
enum { FIRST_SEEN_SHOWN = 3 };

struct screen {
    bool colour;
    int width;
};

static const char *colour_of(const struct screen *s, const char *word) {
    if (!s->colour)
        return "";
    if (strcmp(word, "ok") == 0)
        return "\033[1;32m";
    if (strcmp(word, "critical") == 0)
        return "\033[1;31m";
    return strcmp(word, "unknown") == 0 ? "\033[1m" : "\033[1;33m";
}

static const char *plain(const struct screen *s) {
    return s->colour ? "\033[0m" : "";
}

static const char *faint(const struct screen *s) {
    return s->colour ? "\033[2m" : "";
}

/* Prints `text` broken at blanks to the screen's width, each line after the first indented. */
static void put_wrapped(const struct screen *s, int indent, const char *text) {
    int room = s->width - indent;

    while (*text != '\0') {
        int n = (int)strlen(text);

        if (n > room) {
            n = room;
            while (n > 0 && text[n] != ' ')
                n--;
            if (n == 0)
                n = room;
        }
        printf("%.*s\n", n, text);
        text += n;
        while (*text == ' ')
            text++;
        if (*text != '\0')
            printf("%*s", indent, "");
    }
}

static void put_fact(const struct screen *s, const char *name, const char *text) {
    if (text[0] == '\0')
        return;
    printf("    %s%-6s%s ", faint(s), name, plain(s));
    put_wrapped(s, 11, text);
}

static void clock_text(char *out, size_t size, double seconds) {
    time_t t = (time_t)seconds;
    struct tm tm;

    strftime(out, size, "%H:%M:%S", localtime_r(&t, &tm));
}

static void put_quiet(const struct screen *s, const struct json_t *silenced) {
    char at[16];
    char left[32];
    char text[320];
    double until;

    if (silenced == NULL)
        return;
    until = json_get_real(silenced, "until", 0);
    clock_text(at, sizeof at, until);
    text_age(left, sizeof left, (int64_t)until - clock_wall_ms() / 1000);
    text_format(text, sizeof text, "nobody is called for another %s, until %s (%s: %s)", left, at,
                json_get_text(silenced, "who"), json_get_text(silenced, "why"));
    put_fact(s, "quiet", text);
}

static void put_alert(const struct screen *s, const struct json_t *alert) {
    const char *severity = json_get_text(alert, "severity");
    double since = json_get_real(alert, "since", 0);
    const struct json_t *fix = json_get(alert, "fix");
    char upper[16];
    char age[32];
    char at[16];

    text_copy(upper, sizeof upper, severity);
    for (char *p = upper; *p != '\0'; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    text_age(age, sizeof age, clock_wall_ms() / 1000 - (int64_t)since);
    clock_text(at, sizeof at, since);
    printf("\n%s%s%s  %s  since %s (%s)\n", colour_of(s, severity), upper, plain(s),
           json_get_text(alert, "diagnosis"), at, age);
    put_fact(s, "what", json_get_text(alert, "summary"));
    put_quiet(s, json_get(alert, "silenced"));
    put_fact(s, "mail", json_get_text(alert, "impact"));
    put_fact(s, "who", json_get_text(alert, "who"));
    put_fact(s, "why", json_get_text(alert, "why"));
    for (size_t i = 0; i < json_count(fix); i++)
        put_fact(s, i == 0 ? "do" : "", json_text(json_at(fix, i)));
    put_fact(s, "seen", json_get_text(alert, "evidence"));
}

static void queue_text(const struct json_t *queue, char *out, size_t size) {
    int64_t messages = json_get_int(queue, "active", 0) + json_get_int(queue, "deferred", 0) +
                       json_get_int(queue, "incoming", 0) + json_get_int(queue, "maildrop", 0);
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

static void put_flow(const struct screen *s, const struct json_t *doc) {
    const struct json_t *relay = json_get(doc, "relay");
    const struct json_t *rates = json_get(doc, "rates");
    char queue[80];
    char relay_text[320];
    const char *trouble = "";

    if (!json_get_bool(relay, "reachable"))
        trouble = "UNREACHABLE";
    else if (strcmp(json_get_text(relay, "tls"), "failing") == 0)
        trouble = "TLS FAILS";
    else if (strcmp(json_get_text(relay, "auth"), "refused") == 0)
        trouble = "LOGIN REFUSED";
    queue_text(json_get(doc, "queue"), queue, sizeof queue);
    relay_name(relay, relay_text, sizeof relay_text);
    if (trouble[0] != '\0') {
        size_t n = strlen(relay_text);

        text_format(relay_text + n, sizeof relay_text - n, " %s", trouble);
    }
    printf("\n  %s%.0f/min in%s  ->  %s%s%s  ->  %s%s%s  ->  %s%.0f/min delivered%s\n",
           colour_of(s, "ok"), json_get_real(rates, "accepted_per_minute", 0), plain(s),
           strcmp(queue, "queue empty") == 0 ? "" : colour_of(s, "warning"), queue, plain(s),
           colour_of(s, trouble[0] != '\0' ? "critical" : "ok"), relay_text, plain(s),
           colour_of(s, "ok"), json_get_real(rates, "sent_per_minute", 0), plain(s));
}

static void put_line(const struct screen *s, const char *name, const char *text) {
    printf("  %s%-9s%s ", faint(s), name, plain(s));
    put_wrapped(s, 12, text);
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

static void put_details(const struct screen *s, const struct json_t *doc) {
    const struct json_t *relay = json_get(doc, "relay");
    const struct json_t *login = json_get(doc, "credentials");
    const struct json_t *ledger = json_get(doc, "ledger");
    const struct json_t *milter = json_get(doc, "milter");
    const struct json_t *source = worst_source(doc);
    const struct json_t *store = json_get(doc, "store");
    const char *advice = json_get_text(store, "advice");
    const char *until = json_get_text(relay, "certificate_expires");
    const char *proved = json_get_text(login, "verified_at");
    const char *detail = json_get_text(login, "detail");
    char name[256];
    char text[700];

    relay_name(relay, name, sizeof name);
    text_format(text, sizeof text, "%s %s, TLS %s, login %s%s%.10s", name,
                json_get_bool(relay, "reachable") ? "reachable" : "UNREACHABLE",
                json_get_text(relay, "tls"), json_get_text(relay, "auth"),
                until[0] != '\0' ? ", certificate until " : "", until);
    put_line(s, "smarthost", text);
    text_format(text, sizeof text, "%s %s%s%s%s%s", json_get_text(login, "user"),
                json_get_text(login, "state"), proved[0] != '\0' ? ", last proved " : "", proved,
                detail[0] != '\0' ? "; " : "", detail);
    put_line(s, "login", text);
    text_format(
        text, sizeof text,
        "%lld accepted = %lld sent + %lld bounced + %lld expired + %lld queued + %lld unknown",
        (long long)json_get_int(ledger, "accepted", 0), (long long)json_get_int(ledger, "sent", 0),
        (long long)json_get_int(ledger, "bounced", 0),
        (long long)json_get_int(ledger, "expired", 0), (long long)json_get_int(ledger, "queued", 0),
        (long long)json_get_int(ledger, "unknown", 0));
    put_line(s, "messages", text);
    text_format(text, sizeof text, "log %s (lag %.0f s), milter %s, Redis %s%s%s",
                json_get_text(source, "state"), json_get_real(source, "lag_seconds", 0),
                json_get_text(milter, "state"), json_get_text(store, "state"),
                advice[0] != '\0' ? "; " : "", advice);
    put_line(s, "watching", text);
}

/* Lines of trouble that no diagnosis knows and that were not seen before this day. */
static void put_first_seen(const struct screen *s, const struct json_t *fresh) {
    size_t n = json_count(fresh);
    char text[400];

    for (size_t i = 0; i < n && i < FIRST_SEEN_SHOWN; i++) {
        const struct json_t *shape = json_at(fresh, i);

        text_format(text, sizeof text, "%s%s: %s: %s (%lld since %s)",
                    i == 0 ? "seen for the first time: " : "", json_get_text(shape, "daemon"),
                    json_get_text(shape, "severity"), json_get_text(shape, "text"),
                    (long long)json_get_int(shape, "count", 0), json_get_text(shape, "since"));
        put_line(s, i == 0 ? "new" : "", text);
    }
    if (n > FIRST_SEEN_SHOWN) {
        text_format(text, sizeof text, "and %zu more: relaywatch status --json | jq .first_seen",
                    n - FIRST_SEEN_SHOWN);
        put_line(s, "", text);
    }
}

/* The first line: what Nagios and a person read first. */
static void put_headline(const struct screen *s, const struct json_t *doc, bool perfdata) {
    const char *state = json_get_text(doc, "state");
    const struct json_t *worst = json_at(json_get(doc, "alerts"), 0);
    const struct json_t *counters = json_get(doc, "counters");
    const struct json_t *queue = json_get(doc, "queue");
    char upper[16];

    text_copy(upper, sizeof upper, state);
    for (char *p = upper; *p != '\0'; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    printf("%sRELAY %s%s - ", colour_of(s, state), upper, plain(s));
    if (worst != NULL)
        printf("%s", json_get_text(worst, "summary"));
    else
        printf("%s", strcmp(state, "ok") != 0 ? "relaywatchd is starting"
                     : json_get_bool(json_get(doc, "relay"), "reachable")
                         ? "mail flows"
                         : "attempts to deliver fail, watching whether it passes");
    if (perfdata)
        printf(" | queue=%lld oldest=%llds sent=%lldc deferred=%lldc bounced=%lldc "
               "auth_failures=%lldc",
               (long long)(json_get_int(queue, "active", 0) + json_get_int(queue, "deferred", 0) +
                           json_get_int(queue, "incoming", 0)),
               (long long)json_get_int(queue, "oldest_seconds", 0),
               (long long)json_get_int(counters, "sent", 0),
               (long long)json_get_int(counters, "deferred", 0),
               (long long)json_get_int(counters, "bounced", 0),
               (long long)json_get_int(counters, "auth_failures", 0));
    putchar('\n');
}

static void draw(const struct json_t *doc) {
    struct screen s = {.colour = cli_colour(STDOUT_FILENO), .width = WIDTH_DEFAULT};
    const struct json_t *alerts = json_get(doc, "alerts");
    const struct json_t *ended = json_get(doc, "ended_alerts");
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        s.width = size.ws_col < WIDTH_MOST ? size.ws_col : WIDTH_MOST;
    put_headline(&s, doc, !isatty(STDOUT_FILENO));
    printf("  %s%s, %s since %s%s\n", faint(&s), json_get_text(doc, "host"),
           json_get_text(doc, "state"), json_get_text(doc, "since"), plain(&s));
    put_flow(&s, doc);
    for (size_t i = 0; i < json_count(alerts); i++)
        put_alert(&s, json_at(alerts, i));
    putchar('\n');
    put_details(&s, doc);
    put_first_seen(&s, json_get(doc, "first_seen"));
    for (size_t i = 0; i < json_count(ended); i++) {
        const struct json_t *alert = json_at(ended, i);
        char at[16];
        char text[320];

        clock_text(at, sizeof at, json_get_real(alert, "ended", 0));
        text_format(text, sizeof text, "%s at %s: %s", json_get_text(alert, "diagnosis"), at,
                    json_get_text(alert, "summary"));
        put_line(&s, "over", text);
    }
}

static int exit_status(const char *state) {
    static const char *const states[] = {"ok", "warning", "critical"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(state, states[i]) == 0)
            return i;
    }
    return NAGIOS_UNKNOWN;
}

/* relaywatchd does not answer: that is an answer, too. */
static int print_unknown(const struct conf *conf, const char *why, bool as_json) {
    if (as_json) {
        struct json_t *doc = json_make_object();
        char *text;

        json_put_text(doc, "host", conf->host);
        json_put_text(doc, "state", "unknown");
        json_put_text(doc, "error", why);
        text = json_print(doc, true);
        puts(text);
        free(text);
        json_release(&doc);
    } else {
        printf("RELAY UNKNOWN - relaywatchd does not answer at %s: %s\n", conf->http_listen, why);
        printf("  Mail may flow all the same: nobody is watching. Start it: systemctl start "
               "relaywatchd\n"
               "  (without systemd: relaywatch run)\n");
    }
    return NAGIOS_UNKNOWN;
}

static int run(int argc, char **argv, const char *conf_path) {
    bool as_json = false;
    const struct cli_option options[] = {{"--json", NULL, &as_json}};
    char url[128];
    char *body = NULL;
    struct json_t *doc;
    struct conf conf;
    struct fault why;
    int status;

    if (cli_options(&command_status, argc, argv, options, 1) != argc)
        return EX_USAGE;
    status = cli_load_conf(conf_path, &conf);
    if (status != 0)
        return status;
    text_format(url, sizeof url, "http://%s/api/v1/status", conf.http_listen);
    status = request_get(url, ANSWER_MS, ANSWER_BYTES, &body, &why);
    if (status == -1)
        return print_unknown(&conf, why.text, as_json);
    doc = json_read(body, strlen(body), &why);
    if (doc == NULL || status != 200) {
        text_format(why.text, sizeof why.text, "not relaywatchd's answer (status %d)", status);
        free(body);
        json_release(&doc);
        return print_unknown(&conf, why.text, as_json);
    }
    if (as_json)
        fputs(body, stdout);
    else
        draw(doc);
    status = exit_status(json_get_text(doc, "state"));
    json_release(&doc);
    free(body);
    return status;
}

const struct command command_status = {
    .name = "status",
    .summary = "does mail flow, and if not, why and what to do",
    .help = "usage: relaywatch status [--json]\n"
            "Shows whether mail flows; what is wrong, who must act and which commands mend it.\n"
            "  --json   the whole document, as at /api/v1/status\n"
            "Exit status, as Nagios wants it: 0 ok, 1 warning, 2 critical, 3 unknown.\n"
            "Example: relaywatch status --json | jq .queue\n",
    .run = run,
};
