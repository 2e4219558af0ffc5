/* `relaywatch fleet`: how are the hosts that share our Redis? The facts come from relaywatchd's API
 * or, where that does not answer, from Redis itself; fleetview.c draws them. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fleetask.h"
#include "fleetview.h"
#include "json.h"
#include "sheet.h"
#include "text.h"
#include "watch.h"
#include "xmem.h"

enum { ANSWER_MS = 3000, ROWS_LEAST = 8 };

/* Says that something was left out. */
static const char more_hint[] = "  (more than fits here: relaywatch fleet --full)";

struct asked {
    bool as_json, full, watch;
    const char *forget; /* NULL: only look */
    char url[192];
    struct conf conf;
};

static struct json_t *make_unknown(const struct asked *asked, const char *why) {
    struct json_t *doc = json_make_object();

    json_put_text(doc, "read_by", asked->conf.host);
    json_put_text(doc, "state", "unknown");
    json_put_text(doc, "error", why);
    json_put(doc, "hosts", json_make_array());
    return doc;
}

/* Never NULL. `note`: where it is not from relaywatchd. */
static struct json_t *fetch(const struct asked *asked, char *note, size_t note_size) {
    struct fault why, why_redis;
    char *body = NULL;
    struct json_t *doc = cli_ask_daemon(asked->url, ANSWER_MS, &body, &why);
    char text[2 * sizeof why.text + 64];

    free(body);
    note[0] = '\0';
    if (doc != NULL)
        return doc;
    doc = fleetask_read(&asked->conf, &why_redis);
    if (doc != NULL) {
        text_format(note, note_size,
                    "relaywatchd of this host does not answer; this is out of Redis. Start it: "
                    "systemctl start relaywatchd");
        return doc;
    }
    text_format(text, sizeof text,
                "relaywatchd does not answer (%s), nor can it be read without it: %s", why.text,
                why_redis.text);
    return make_unknown(asked, text);
}

static void print_text(const struct asked *asked, const struct json_t *doc, const char *note) {
    struct sheet *sheet = xcalloc(1, sizeof *sheet);
    int columns, rows;

    watch_size(STDOUT_FILENO, &columns, &rows);
    sheet_init(sheet, columns, cli_colour(STDOUT_FILENO));
    fleetview_fill(sheet, doc, note);
    if (rows >= ROWS_LEAST && !asked->full)
        sheet_fit(sheet, (size_t)rows - 1, more_hint);
    for (size_t i = 0; i < sheet->count; i++)
        puts(sheet->line[i].text);
    free(sheet);
}

static int print_once(const struct asked *asked) {
    char note[200];
    struct json_t *doc = fetch(asked, note, sizeof note);
    int status = cli_exit_status(json_get_text(doc, "state"));

    if (asked->as_json) {
        char *text = json_print(doc, true);

        puts(text);
        free(text);
    } else {
        print_text(asked, doc, note);
    }
    json_release(&doc);
    return status;
}

static void on_look(struct sheet *sheet, char key[WATCH_KEY], char line[WATCH_KEY], void *arg) {
    char note[200];
    struct json_t *doc = fetch(arg, note, sizeof note);

    fleetview_fill(sheet, doc, note);
    fleetview_key(doc, key, WATCH_KEY);
    fleetview_headline(doc, line, WATCH_KEY);
    json_release(&doc);
}

static int forget(const struct asked *asked) {
    struct fault why;

    if (fleetask_forget(&asked->conf, asked->forget, &why) == -1) {
        fprintf(stderr, "relaywatch fleet: %s\n", why.text);
        return EXIT_FAILURE;
    }
    printf("%s is off the list. Should its relaywatchd run again, it is back by itself.\n"
           "Its totals stay in Redis until you take them away:\n"
           "  redis-cli DEL 'rw:{%s}:log' 'rw:{%s}:mlt' 'rw:{%s}:alert'\n",
           asked->forget, asked->forget, asked->forget, asked->forget);
    return 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct asked asked = {.as_json = false};
    const struct cli_option options[] = {{"--json", NULL, &asked.as_json},
                                         {"--full", NULL, &asked.full},
                                         {"--watch", NULL, &asked.watch},
                                         {"--forget", &asked.forget, NULL}};
    int status;

    if (!cli_only_options(&command_fleet, argc, argv, options, 4))
        return EX_USAGE;
    if ((asked.watch || asked.forget != NULL) && asked.as_json) {
        fputs("relaywatch fleet: --json goes with neither --watch nor --forget\n", stderr);
        return EX_USAGE;
    }
    status = cli_load_conf(conf_path, &asked.conf);
    if (status != 0)
        return status;
    if (asked.forget != NULL)
        return forget(&asked);
    text_format(asked.url, sizeof asked.url, "http://%s/api/v1/fleet", asked.conf.http_listen);
    if (!asked.watch)
        return print_once(&asked);
    watch_run(on_look, &asked, more_hint, WATCH_EVERY_MS);
    return 0;
}

const struct command command_fleet = {
    .name = "fleet",
    .summary = "how are the hosts that share this Redis, worst first",
    .help = "usage: relaywatch fleet [--watch] [--full] [--json]\n"
            "       relaywatch fleet --forget HOST\n"
            "Shows the hosts that share this host's Redis, worst first: what is wrong there,\n"
            "what waits, who gave no sign of life. Where relaywatchd does not answer, it is\n"
            "read from Redis itself.\n"
            "  --watch        again every 2 seconds, until q; no terminal: a line a change\n"
            "  --full         all, also where it is longer than the terminal\n"
            "  --json         the whole document, as at /api/v1/fleet\n"
            "  --forget HOST  take a host off the list that is gone for good\n"
            "Exit status, as Nagios wants it: 0 ok, 1 warning, 2 critical, 3 unknown.\n"
            "Example: relaywatch fleet --watch\n",
    .run = run,
};
