/* `relaywatch logs`: where a message is (message.c, logs_story.c); the log as it stands, or its
 * trouble (logs_watch.c); what relaywatch understands of it (logs_explain.c); old logs
 * (logs_backfill.c). */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "logs_backfill.h"
#include "logs_explain.h"
#include "logs_story.h"
#include "logs_watch.h"
#include "message.h"

struct wish {
    bool explain, backfill, json;
    const char *queue_id, *message_id;
    struct logs_watch watch;
};

/* One kind of question, and files only where they are asked for. */
static bool is_sound(const struct wish *w, int names) {
    bool watches = w->watch.follow || w->watch.errors || w->watch.since != NULL;
    int kinds =
        w->explain + w->backfill + (w->queue_id != NULL) + (w->message_id != NULL) + watches;

    if (kinds != 1 || (w->backfill && w->json))
        return false;
    return w->backfill ? names > 0 : names <= (w->explain ? 1 : 0);
}

static int find_message(const struct conf *conf, const char *conf_path, const struct wish *w) {
    int status = message_show(conf, w->queue_id, w->message_id, w->json);

    if (status != MESSAGE_NOT_KNOWN)
        return status;
    return logs_story(conf, conf_path, w->queue_id, w->message_id, w->json);
}

static int run(int argc, char **argv, const char *conf_path) {
    struct wish w = {.explain = false};
    const struct cli_option options[] = {
        {"--explain", NULL, &w.explain},     {"--backfill", NULL, &w.backfill},
        {"--queue-id", &w.queue_id, NULL},   {"--message-id", &w.message_id, NULL},
        {"--follow", NULL, &w.watch.follow}, {"--errors", NULL, &w.watch.errors},
        {"--since", &w.watch.since, NULL},   {"--json", NULL, &w.json}};
    int first = cli_options(&command_logs, argc, argv, options, 8);
    struct conf conf;
    int status;

    if (first == -1)
        return EX_USAGE;
    if (!is_sound(&w, argc - first)) {
        fputs(command_logs.help, stderr);
        return EX_USAGE;
    }
    if (w.backfill)
        return logs_backfill(argc - first, argv + first, conf_path);
    if (w.explain)
        return logs_explain(first < argc ? argv[first] : NULL, conf_path);
    status = cli_load_conf(conf_path, &conf);
    if (status != 0)
        return status;
    if (w.queue_id != NULL || w.message_id != NULL)
        return find_message(&conf, conf_path, &w);
    w.watch.as_json = w.json;
    return logs_watch(&conf, conf_path, &w.watch);
}

const struct command command_logs = {
    .name = "logs",
    .summary = "what is wrong, by the log; where is a message; count old logs",
    .help = "usage: relaywatch logs --errors [--since TIME] [--follow] [--json]\n"
            "       relaywatch logs --since TIME | --follow [--json]\n"
            "       relaywatch logs --queue-id ID | --message-id ID [--json]\n"
            "       relaywatch logs --explain [FILE|-|journal|journal:/FOLDER]\n"
            "       relaywatch logs --backfill FILE ... | - | journal | journal:/FOLDER\n"
            "The logs are those that mail_log names, with rotated files, or the journal.\n"
            "  --errors      what is wrong: each kind of trouble once, how often and when,\n"
            "                what it means and what to do; of the last day, the latest at\n"
            "                the end\n"
            "  --since TIME  from then on: 2h, 30m, 3d, 04:10, 2026-11-03, \"2026-11-03 04:10\"\n"
            "  --follow      and what comes, until Ctrl-C, across rotation\n"
            "  --queue-id, --message-id\n"
            "                where is this message: when it came in, from whom, what became\n"
            "                of each recipient. Asks relaywatchd, which knows the last ones\n"
            "                (messages_kept); of others the logs are read. Exit status 1:\n"
            "                nobody knows it\n"
            "  --json        one object a line; of a message one object\n"
            "  --explain     one JSON object for each line of FILE (- is stdin; without FILE\n"
            "                what mail_log names): kind, fields, the counters that it\n"
            "                moves, and the diagnosis\n"
            "  --backfill    adds old logs, plain or gzip, to relaywatchd's totals, each line\n"
            "                once: what was counted before, under whatever name, and what\n"
            "                relaywatchd counts itself, is left out\n"
            "Example: relaywatch logs --errors --since 2h\n"
            "Example: relaywatch logs --queue-id 4bXyz12345z9abc\n",
    .run = run,
};
