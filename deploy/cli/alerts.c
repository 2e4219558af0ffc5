/* `relaywatch alerts`: what fires and what ended lately, one of them whole, silences, the incidents
 * of the past. Each sub-command is a row of `table`. The facts come from relaywatchd through its
 * socket. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "alerts_ask.h"
#include "alerts_history.h"
#include "alerts_silence.h"
#include "alerts_test.h"
#include "faultline.h"
#include "json.h"
#include "screen.h"
#include "text.h"

enum { INDENT = 9 };

struct request {
    const struct conf *conf;
    const char *id; /* NULL: none given */
    const char *how_long, *why;
    bool as_json;
};

/* ---- the list ---- */

static void put_wrapped(const char *text) {
    struct screen screen = screen_of_stdout();

    screen_put_wrapped(&screen, INDENT, text);
}

static void put_fact(const char *name, const char *text) {
    if (text[0] == '\0')
        return;
    printf("  %-6s ", name);
    put_wrapped(text);
}

static void put_steps(const struct json_t *fix) {
    struct screen screen = screen_of_stdout();

    for (size_t i = 0; i < json_count(fix); i++) {
        printf("  %-6s ", i == 0 ? "do" : "");
        screen_put_step(&screen, INDENT, json_text(json_at(fix, i)));
    }
}

static void put_silence(const struct json_t *alert) {
    const struct json_t *silenced = json_get(alert, "silenced");
    char until[48];
    char text[320];

    if (silenced == NULL)
        return;
    alerts_time(until, sizeof until, json_get_real(silenced, "until", 0));
    text_format(text, sizeof text, "nobody is called until %s (%s: %s)", until,
                json_get_text(silenced, "who"), json_get_text(silenced, "why"));
    put_fact("quiet", text);
}

static void put_firing(const struct json_t *alert, double now) {
    char age[32];
    char head[200];
    char who[400];

    alerts_age(age, sizeof age, now - json_get_real(alert, "since", now));
    text_format(head, sizeof head, "%-8s %s  for %s", json_get_text(alert, "severity"),
                json_get_text(alert, "id"), age);
    puts(head);
    put_fact("what", json_get_text(alert, "summary"));
    put_fact("mail", json_get_text(alert, "impact"));
    faultline_text(alert, who, sizeof who);
    put_fact("who", who);
    put_steps(json_get(alert, "fix"));
    put_silence(alert);
}

static void put_ended(const struct json_t *alert, double now) {
    char age[32];
    char text[400];

    alerts_age(age, sizeof age, now - json_get_real(alert, "ended", now));
    text_format(text, sizeof text, "%s, %s ago: %s", json_get_text(alert, "id"), age,
                json_get_text(alert, "summary"));
    printf("over     ");
    put_wrapped(text);
}

static int exit_status(const struct json_t *alerts) {
    int status = NAGIOS_OK;

    for (size_t i = 0; i < json_count(alerts); i++) {
        if (strcmp(json_get_text(json_at(alerts, i), "severity"), "critical") == 0)
            return NAGIOS_CRITICAL;
        status = NAGIOS_WARNING;
    }
    return status;
}

static void put_json(const struct json_t *doc) {
    char *text = json_print(doc, true);

    puts(text);
    free(text);
}

static void put_silences(const struct json_t *silences) {
    for (size_t i = 0; i < json_count(silences); i++) {
        const struct json_t *s = json_at(silences, i);
        char until[48];
        char text[320];

        alerts_time(until, sizeof until, json_get_real(s, "until", 0));
        text_format(text, sizeof text, "%s until %s (%s: %s)", json_get_text(s, "id"), until,
                    json_get_text(s, "who"), json_get_text(s, "why"));
        printf("silence  ");
        put_wrapped(text);
    }
}

static struct json_t *ask_list(const struct conf *conf, int *status) {
    const struct alertq_request request = {.version = ALERTQ_VERSION, .verb = ALERTQ_LIST};

    return alerts_ask(conf, &request, status);
}

static int run_list(const struct request *r) {
    int status = 0;
    struct json_t *doc = ask_list(r->conf, &status);
    const struct json_t *alerts, *ended;
    double now;

    if (doc == NULL)
        return status;
    alerts = json_get(doc, "alerts");
    ended = json_get(doc, "ended_alerts");
    now = json_get_real(doc, "now", 0);
    if (r->as_json) {
        put_json(doc);
    } else {
        if (json_count(alerts) == 0)
            printf("%s: no alert.\n", json_get_text(doc, "host"));
        for (size_t i = 0; i < json_count(alerts); i++)
            put_firing(json_at(alerts, i), now);
        for (size_t i = 0; i < json_count(ended); i++)
            put_ended(json_at(ended, i), now);
        put_silences(json_get(doc, "silences"));
        if (json_count(alerts) > 0)
            puts("\nAll of one: relaywatch alerts show ID\n"
                 "Quiet: relaywatch alerts silence ID --for 2h --why TEXT");
    }
    status = exit_status(alerts);
    json_release(&doc);
    return status;
}

/* ---- one ---- */

static const struct json_t *find(const struct json_t *doc, const char *id) {
    static const char *const lists[] = {"alerts", "ended_alerts"};

    for (int l = 0; l < 2; l++) {
        const struct json_t *list = json_get(doc, lists[l]);

        for (size_t i = 0; i < json_count(list); i++) {
            if (strcmp(json_get_text(json_at(list, i), "id"), id) == 0)
                return json_at(list, i);
        }
    }
    return NULL;
}

static void put_whole(const struct json_t *alert) {
    char at[48];
    char who[400];

    printf("%s %s\n", json_get_text(alert, "severity"), json_get_text(alert, "id"));
    put_fact("cause", json_get_text(alert, "diagnosis"));
    alerts_time(at, sizeof at, json_get_real(alert, "since", 0));
    put_fact("since", at);
    alerts_time(at, sizeof at, json_get_real(alert, "ended", 0));
    put_fact("over", at);
    put_fact("what", json_get_text(alert, "summary"));
    put_fact("mail", json_get_text(alert, "impact"));
    faultline_text(alert, who, sizeof who);
    put_fact("who", who);
    put_fact("why", json_get_text(alert, "why"));
    put_steps(json_get(alert, "fix"));
    put_fact("seen", json_get_text(alert, "evidence"));
    put_silence(alert);
}

static int run_show(const struct request *r) {
    int status = 0;
    struct json_t *doc = ask_list(r->conf, &status);
    const struct json_t *alert;

    if (doc == NULL)
        return status;
    alert = find(doc, r->id);
    if (alert == NULL) {
        fprintf(
            stderr,
            "relaywatch alerts: %s does not fire and did not end lately; older ones: relaywatch "
            "alerts history\n",
            r->id);
        json_release(&doc);
        return EXIT_FAILURE;
    }
    if (r->as_json)
        put_json(alert);
    else
        put_whole(alert);
    json_release(&doc);
    return 0;
}

/* ---- the rest ---- */

static int run_silence(const struct request *r) {
    if (r->how_long == NULL) {
        fputs("relaywatch alerts silence: --for is missing: for how long, as in --for 2h\n",
              stderr);
        return EX_USAGE;
    }
    return alerts_silence(r->conf, r->id, r->how_long, r->why);
}

static int run_unsilence(const struct request *r) {
    return alerts_unsilence(r->conf, r->id);
}

static int run_history(const struct request *r) {
    return alerts_history(r->conf, r->as_json);
}

static int run_report(const struct request *r) {
    return alerts_report(r->conf, r->id, r->as_json);
}

static int run_test(const struct request *r) {
    return alerts_test(r->conf, r->id, r->as_json);
}

static const struct {
    const char *name;
    const char *wants; /* behind it; NULL: nothing */
    int (*run)(const struct request *r);
} table[] = {
    {"list", NULL, run_list},
    {"show", "an ID", run_show},
    {"silence", "an ID", run_silence},
    {"unsilence", "an ID", run_unsilence},
    {"history", NULL, run_history},
    {"report", "an ID", run_report},
    {"test", "the name of a receiver", run_test},
};

enum { SUBCOMMANDS = sizeof table / sizeof table[0] };

static int find_subcommand(const char *name) {
    for (int i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(table[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int usage(const char *what, const char *wrong) {
    fprintf(stderr, "relaywatch alerts: %s%s\n%s", wrong, what, command_alerts.help);
    return EX_USAGE;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct request r = {.conf = NULL};
    const struct cli_option options[] = {
        {"--json", NULL, &r.as_json}, {"--for", &r.how_long, NULL}, {"--why", &r.why, NULL}};
    const char *words[2];
    int count = 0;
    int which = 0;
    struct conf conf;

    for (int i = 0; i < argc;) {
        int used = cli_options(&command_alerts, argc - i, argv + i, options, 3);

        if (used == -1)
            return EX_USAGE;
        i += used;
        if (i == argc)
            break;
        if (count == 2)
            return usage(argv[i], "not understood: ");
        words[count++] = argv[i++];
    }
    if (count > 0)
        which = find_subcommand(words[0]);
    if (which == -1)
        return usage(words[0], "no such sub-command: ");
    if (table[which].wants != NULL && count < 2) {
        fprintf(stderr, "relaywatch alerts %s: %s is missing\n%s", table[which].name,
                table[which].wants, command_alerts.help);
        return EX_USAGE;
    }
    if (count == 2 && table[which].wants == NULL)
        return usage(words[1], "not understood: ");
    r.id = count == 2 ? words[1] : NULL;
    r.conf = &conf;
    if (cli_load_conf(conf_path, &conf) != 0)
        return EX_CONFIG;
    return table[which].run(&r);
}

const struct command command_alerts = {
    .name = "alerts",
    .summary = "what fires; silences, incidents, reports, tests of receivers",
    .help = "usage: relaywatch alerts [list] [--json]\n"
            "       relaywatch alerts show ID [--json]\n"
            "       relaywatch alerts silence ID|all --for TIME [--why TEXT]\n"
            "       relaywatch alerts unsilence ID|all\n"
            "       relaywatch alerts history [--json]\n"
            "       relaywatch alerts report NUMBER|ID [--json]\n"
            "       relaywatch alerts test RECEIVER [--json]\n"
            "Alerts that fire or ended within 15 minutes; all of one; quiet for a while\n"
            "(it still shows and counts, but nobody is called); past incidents; a report in\n"
            "Markdown. test sends a receiver of receivers.conf a test alert and its end, and\n"
            "says what it answered. For root and relaywatchd's user.\n"
            "  --for TIME   how long: 90s, 30m, 2h, 1d\n"
            "  --why TEXT   the reason, for those who look\n"
            "  --json       for programs\n"
            "Exit status of list, for Nagios: 0 none, 1 warning, 2 critical, 3 unknown;\n"
            "of test: 0 taken, 1 not, 3 no answer of relaywatch-notify, 64 no such receiver.\n"
            "Example: relaywatch alerts silence milter-gone --for 1h --why 'upgrade'\n",
    .run = run,
};
