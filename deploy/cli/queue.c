/* `relaywatch queue`: what waits, why, and what to do about it. The list is made here, queue_show.c
 * draws it; queue_act.c sends, holds, releases and deletes. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"
#include "diagnose.h"
#include "waiting.h"
#include "here.h"
#include "queue_act.h"
#include "queue_show.h"
#include "queueline.h"
#include "queuelist.h"

struct listing {
    struct diagnoser *diagnoser;
    struct waiting waiting;
    struct queue_view view;
    struct here here;
    struct logsources logs;
    bool as_json;
    bool any; /* a message was printed */
};

static void on_message(const struct queueline *m, void *arg) {
    struct listing *l = arg;

    queuelist_add(&l->waiting, m);
    if (!l->as_json)
        return;
    fputs(l->any ? ",\n" : "\n", stdout);
    queue_show_message_json(m, l->diagnoser, l->view.now_s);
    l->any = true;
}

static void on_message_again(const struct queueline *m, void *arg) {
    const struct listing *l = arg;

    queue_show_message(m, &l->view);
}

static int complain(const struct queuelist *list, const struct fault *why) {
    fprintf(stderr, "relaywatch queue: %s\n", why->text);
    if (list->not_permitted) {
        fputs("  Run it as root: sudo relaywatch queue\n", stderr);
        return EX_NOPERM;
    }
    return EXIT_FAILURE;
}

static int list_json(struct listing *l, struct queuelist *list) {
    struct fault why;
    int failed;

    fputs("{\"messages\":[", stdout);
    failed = queuelist_read(list, &why);
    fputs("],\n", stdout);
    waiting_sort(&l->waiting);
    l->view.postfix_down = list->postfix_down;
    l->view.not_read = list->not_read;
    queue_show_rest_json(&l->view, failed == -1 ? why.text : NULL);
    puts("}");
    return failed == -1 ? complain(list, &why) : 0;
}

static int list_text(struct listing *l, struct queuelist *list, bool all) {
    struct fault why;

    if (queuelist_read(list, &why) == -1)
        return complain(list, &why);
    waiting_sort(&l->waiting);
    l->view.postfix_down = list->postfix_down;
    l->view.not_read = list->not_read;
    queue_show_screen(&l->view, all);
    if (!all || l->waiting.messages == 0)
        return 0;
    putchar('\n');
    list->on_message = on_message_again;
    return queuelist_read(list, &why) == -1 ? complain(list, &why) : 0;
}

static int list_queue(const struct conf *conf, const char *conf_path, bool as_json, bool all) {
    struct listing *l = xcalloc(1, sizeof *l);
    struct queuelist list = {
        .config_dir = conf->postfix_config_dir, .on_message = on_message, .arg = l};
    int status = cli_parse_logs(conf, &l->logs);

    if (status == 0) {
        l->diagnoser = diagnoser_new();
        l->as_json = as_json;
        waiting_init(&l->waiting, l->diagnoser);
        here_find(&l->here, conf, conf_path, &l->logs);
        l->view = (struct queue_view){
            .waiting = &l->waiting, .place = &l->here.place, .now_s = clock_wall_ms() / 1000};
        status = as_json ? list_json(l, &list) : list_text(l, &list, all);
        diagnoser_free(&l->diagnoser);
    }
    free(l);
    return status;
}

/* `--flush [ID]`, taken out of the arguments: NULL when it is not there. */
static const char *take_flush(int *argc, char **argv) {
    const char *id = NULL;
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (strncmp(argv[i], "--flush=", 8) == 0)
            id = argv[i] + 8;
        else if (strcmp(argv[i], "--flush") != 0)
            argv[kept++] = argv[i];
        else if (i + 1 < *argc && argv[i + 1][0] != '-')
            id = argv[++i];
        else
            id = "ALL";
    }
    *argc = kept;
    return id;
}

static int run(int argc, char **argv, const char *conf_path) {
    bool as_json = false, all = false, yes = false;
    const char *id[] = {[QUEUE_FLUSH] = take_flush(&argc, argv), [QUEUE_DELETE] = NULL};
    const struct cli_option options[] = {
        {"--hold", &id[QUEUE_HOLD], NULL},
        {"--release", &id[QUEUE_RELEASE], NULL},
        {"--delete", &id[QUEUE_DELETE], NULL},
        {"--yes", NULL, &yes},
        {"--json", NULL, &as_json},
        {"--all", NULL, &all},
    };
    struct queue_order order = {.id = NULL};
    struct conf conf;
    int orders = 0, status;

    if (!cli_only_options(&command_queue, argc, argv, options, 6))
        return EX_USAGE;
    for (enum queue_verb v = QUEUE_FLUSH; v <= QUEUE_DELETE; v++) {
        orders += id[v] != NULL;
        if (id[v] != NULL)
            order = (struct queue_order){v, id[v], yes, as_json};
    }
    if (orders > 1 || (orders == 1 && all) || (orders == 0 && yes)) {
        fprintf(stderr, "relaywatch queue: one thing at a time\n%s", command_queue.help);
        return EX_USAGE;
    }
    status = cli_load_conf(conf_path, &conf);
    if (status != 0)
        return status;
    return orders == 0 ? list_queue(&conf, conf_path, as_json, all) : queue_act(&conf, &order);
}

const struct command command_queue = {
    .name = "queue",
    .summary = "what waits, why, and what to do; try, hold, release, delete",
    .help = "usage: relaywatch queue [--all] [--json]\n"
            "       relaywatch queue --flush [ID] | --hold ID | --release ID | --delete ID\n"
            "Shows what waits in Postfix's queue: by the diagnosis of the reason, with who\n"
            "must act and what to do, then the oldest messages.\n"
            "  --all         every message, with the reason for each recipient\n"
            "  --json        all of it as one object\n"
            "  --flush [ID]  try now: all that was put off, or this message; what came of it\n"
            "  --hold ID     keep a message from being tried, until it is released\n"
            "  --release ID  take it off hold\n"
            "  --delete ID   remove it for good; nobody is told\n"
            "  --yes         ID may be ALL: do not ask whether that is meant\n"
            "To hold, release and delete is for root.\n"
            "Example: relaywatch queue\n"
            "Example: sudo relaywatch queue --delete 4bXyz12345z9abc\n",
    .run = run,
};
