/* `relaywatch status`: does mail flow? One line for monitoring, then what a tired person needs,
 * worst first. The facts come from relaywatchd's API; statusview.c and sinceview.c draw them. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "text.h"
#include "xmem.h"
#include "json.h"
#include "sheet.h"
#include "sinceview.h"
#include "statusview.h"
#include "watch.h"

enum { ANSWER_MS = 5000, WATCH_ANSWER_MS = 1500 };
enum { ROWS_LEAST = 8 }; /* of a terminal that is worth fitting into */

/* Says that something was left out. */
static const char more_hint[] = "  (more than fits here: relaywatch status --full)";

struct asked {
    bool as_json, full, watch;
    const char *since; /* NULL: the status of now */
    char url[192];
    struct conf conf;
};

static void print_sheet(const struct sheet *sheet) {
    for (size_t i = 0; i < sheet->count; i++)
        puts(sheet->line[i].text);
}

static struct sheet *new_sheet(void) {
    struct sheet *sheet = xcalloc(1, sizeof *sheet);
    int columns, rows;

    watch_size(STDOUT_FILENO, &columns, &rows);
    sheet_init(sheet, columns, cli_colour(STDOUT_FILENO));
    return sheet;
}

/* relaywatchd does not answer: that is an answer, too. */
static int print_unknown(const struct asked *asked, const char *why) {
    if (asked->as_json) {
        struct json_t *doc = json_make_object();
        char *text;

        json_put_text(doc, "host", asked->conf.host);
        json_put_text(doc, "state", "unknown");
        json_put_text(doc, "error", why);
        text = json_print(doc, true);
        puts(text);
        free(text);
        json_release(&doc);
    } else {
        struct sheet *sheet = new_sheet();

        if (!isatty(STDOUT_FILENO)) /* the first line is monitoring's */
            sheet->columns = 0;
        statusview_fill_unknown(sheet, asked->conf.http_listen, why);
        print_sheet(sheet);
        free(sheet);
    }
    return NAGIOS_UNKNOWN;
}

/* On a terminal no longer than it, so that the first lines stay in sight. */
static void print_document(const struct asked *asked, const struct json_t *doc) {
    struct sheet *sheet = new_sheet();
    int columns, rows;

    watch_size(STDOUT_FILENO, &columns, &rows);
    if (asked->since != NULL) {
        sinceview_fill(sheet, doc);
    } else {
        statusview_fill(sheet, doc, isatty(STDOUT_FILENO));
        if (rows >= ROWS_LEAST && !asked->full)
            sheet_fit(sheet, (size_t)rows - 1, more_hint);
    }
    print_sheet(sheet);
    free(sheet);
}

static int print_once(const struct asked *asked) {
    char *body = NULL;
    struct fault why;
    struct json_t *doc = cli_ask_daemon(asked->url, ANSWER_MS, &body, &why);
    int status;

    if (doc == NULL) {
        free(body);
        return print_unknown(asked, why.text);
    }
    if (asked->as_json)
        fputs(body, stdout);
    else
        print_document(asked, doc);
    status = cli_exit_status(json_get_text(doc, "state"));
    json_release(&doc);
    free(body);
    return status;
}

static void on_look(struct sheet *sheet, char key[WATCH_KEY], char line[WATCH_KEY], void *arg) {
    const struct asked *asked = arg;
    char *body = NULL;
    struct fault why;
    struct json_t *doc = cli_ask_daemon(asked->url, WATCH_ANSWER_MS, &body, &why);

    if (doc == NULL) {
        statusview_fill_unknown(sheet, asked->conf.http_listen, why.text);
        text_copy(key, WATCH_KEY, "no answer");
        text_format(line, WATCH_KEY, "RELAY UNKNOWN - relaywatchd does not answer at %s: %s",
                    asked->conf.http_listen, why.text);
    } else {
        statusview_fill(sheet, doc, true);
        statusview_key(doc, key, WATCH_KEY);
        statusview_headline(doc, line, WATCH_KEY);
    }
    json_release(&doc);
    free(body);
}

static int complain(const char *what) {
    fprintf(stderr, "relaywatch status: %s\n", what);
    return EX_USAGE;
}

static int check(const struct asked *asked) {
    uint64_t seconds;

    if (asked->watch && (asked->as_json || asked->since != NULL))
        return complain("--watch shows the status of now: neither --json nor --since go with it");
    if (asked->since != NULL &&
        (!text_seconds(span_of(asked->since), &seconds) || seconds < 60 || seconds > 2 * 86400))
        return complain("--since: a time from 1m to 2d, as in --since 2h");
    return 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct asked asked = {.as_json = false};
    const struct cli_option options[] = {{"--json", NULL, &asked.as_json},
                                         {"--full", NULL, &asked.full},
                                         {"--watch", NULL, &asked.watch},
                                         {"--since", &asked.since, NULL}};
    int status;

    if (!cli_only_options(&command_status, argc, argv, options, 4))
        return EX_USAGE;
    status = check(&asked);
    if (status == 0)
        status = cli_load_conf(conf_path, &asked.conf);
    if (status != 0)
        return status;
    if (asked.since != NULL)
        text_format(asked.url, sizeof asked.url, "http://%s/api/v1/history?since=%.20s",
                    asked.conf.http_listen, asked.since);
    else
        text_format(asked.url, sizeof asked.url, "http://%s/api/v1/status", asked.conf.http_listen);
    if (!asked.watch)
        return print_once(&asked);
    watch_run(on_look, &asked, more_hint, WATCH_EVERY_MS);
    return 0;
}

const struct command command_status = {
    .name = "status",
    .summary = "does mail flow, and if not, why and what to do",
    .help = "usage: relaywatch status [--watch | --since TIME] [--full] [--json]\n"
            "Shows whether mail flows; what is wrong, who must act, which commands mend it.\n"
            "  --watch        again every 2 seconds, until q; no terminal: a line a change\n"
            "  --since TIME   what happened since: 30m, 2h, up to 2d\n"
            "  --full         all, also where it is longer than the terminal\n"
            "  --json         the whole document, as at /api/v1/status or /api/v1/history\n"
            "Exit status, as Nagios wants it: 0 ok, 1 warning, 2 critical, 3 unknown.\n"
            "Example: relaywatch status --since 2h\n",
    .run = run,
};
