/* relaywatch-notify: tells the receivers of receivers.conf what is wrong and when it is over. Sets
 * of alerts come in from relaywatchd, notices go out by HTTP. It holds the receivers' tokens and
 * reads neither logs nor mail. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "beat.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "sock.h"
#include "text.h"
#include "xmem.h"

#include "conf.h"

#include "loop.h"
#include "receiverdoc.h"
#include "request.h"
#include "runner.h"

#include "deliver.h"
#include "heartbeat.h"
#include "intake.h"
#include "outbox.h"
#include "post.h"
#include "receiverfiles.h"
#include "rehearsal.h"
#include "roster.h"
#include "told.h"

enum { TICK_MS = 1000, NOBODY_MS = 60 * 1000 };

struct notify {
    struct conf conf;
    struct loop *loop;
    struct loop_timer *tick;
    struct request_pool *pool;
    struct runner *runner;
    struct poster poster;
    struct outbox *outbox;
    struct deliver *deliver;
    struct intake *intake;
    struct roster *roster;
    struct rehearsal *rehearsal;
    struct heartbeat *heartbeat;
    char host[128]; /* of the last set, for tests */
    char url[256];
    bool save_failed;
    char told_path[300];
};

static const char usage[] =
    "usage: relaywatch-notify [-c FILE] [-t] [--socket PATH]\n"
    "Delivers relaywatch's alerts to the receivers of receivers.conf.\n"
    "  -c FILE        configuration (default " CONF_DEFAULT_PATH ")\n"
    "  -t             check the configuration and the receivers, and exit\n"
    "  --socket PATH  listen here; default: the socket that systemd or relaywatch run\n"
    "                 hands over\n"
    "  --version, --help\n";

static void save(void *arg) {
    struct notify *n = arg;
    char *text = told_print(n->outbox);
    struct fault why;

    if (file_replace(n->told_path, text, strlen(text), 0600, &why) == 0) {
        if (n->save_failed)
            log_info("told", "%s: written again", n->told_path);
        n->save_failed = false;
    } else if (!n->save_failed) {
        n->save_failed = true;
        log_error("told", "%s; after a restart receivers may be told again", why.text);
    }
    free(text);
}

/* What was told before. A damaged file costs repeated notices, not the start. */
static void restore(struct notify *n) {
    char *text;
    struct fault why;
    ssize_t size;

    n->outbox = outbox_new(clock_wall_ms());
    if (access(n->told_path, F_OK) == -1 && errno == ENOENT)
        return;
    text = xcalloc(1, TOLD_FILE_MOST);
    size = file_read(n->told_path, text, TOLD_FILE_MOST, &why);
    if (size == -1 || told_read(text, (size_t)size, n->outbox, &why) == -1) {
        log_error("told", "%s: not used, receivers may be told again: %s", n->told_path, why.text);
        outbox_free(&n->outbox);
        n->outbox = outbox_new(clock_wall_ms());
    }
    free(text);
}

static void on_receiver_error(const char *text, void *arg) {
    (void)arg;
    log_error("receivers", "%s", text);
}

/* How it stands with the receivers: relaywatchd shows it, and calls if nobody can be told. */
static void report(void *arg) {
    struct notify *n = arg;
    struct receiver_report *now = xcalloc(1, sizeof *now);
    char *packet;

    deliver_report(n->deliver, now, clock_wall_ms());
    heartbeat_report(n->heartbeat, now);
    text_copy_printable(now->refused, sizeof now->refused, span_of(roster_mistake(n->roster)));
    packet = receiverdoc_print(now);
    intake_tell(n->intake, packet);
    free(packet);
    free(now);
}

/* A notice was taken: kept, and said, so that none is shown as waiting which does not. */
static void on_told(void *arg) {
    save(arg);
    report(arg);
}

static void on_receivers(const struct receivers *receivers, void *arg) {
    struct notify *n = arg;
    struct wish wishes[RECEIVERS_MOST];
    int count = 0;

    for (int i = 0; i < receivers->count; i++) {
        const struct receiver *r = &receivers->receiver[i];

        if (r->kind == RECEIVER_HEARTBEAT)
            continue;
        wishes[count] = (struct wish){
            .least_rank = r->least_rank, .wants_end = r->wants_end, .repeat_ms = r->repeat_ms};
        text_copy(wishes[count].identity, sizeof wishes[count].identity, r->identity);
        count++;
    }
    if (outbox_list(n->outbox, wishes, count, clock_wall_ms()))
        save(n);
    deliver_list(n->deliver, receivers);
    heartbeat_list(n->heartbeat, receivers);
    deliver_kick(n->deliver);
    report(n);
}

/* Where nobody can be told, the switch at the other end of a heartbeat is to tell it. */
static void beat(struct notify *n) {
    struct receiver_report *now = xcalloc(1, sizeof *now);
    int64_t wall_ms = clock_wall_ms();

    deliver_report(n->deliver, now, wall_ms);
    heartbeat_kick(n->heartbeat, n->host,
                   receiverstate_sum(now, wall_ms).all_bad_ms >= NOBODY_MS
                       ? "held back: no receiver takes alerts"
                       : NULL);
    free(now);
}

static void on_tick(void *arg) {
    struct notify *n = arg;

    loop_timer_set(n->tick, TICK_MS);
    beat_send(BEAT_ALIVE);
    roster_look(n->roster);
    if (outbox_tick(n->outbox, clock_wall_ms()) || n->save_failed)
        save(n);
    deliver_kick(n->deliver);
    beat(n);
}

static void on_set(const struct alertset *set, void *arg) {
    struct notify *n = arg;

    text_copy(n->host, sizeof n->host, set->host);
    text_copy(n->url, sizeof n->url, set->url);
    heartbeat_prove(n->heartbeat, set->proof_age_ms);
    heartbeat_mail(n->heartbeat, &set->mail);
    if (outbox_take(n->outbox, set, clock_wall_ms()))
        save(n);
    deliver_kick(n->deliver);
    report(n);
}

static void on_test(uint64_t asker, const char *name, void *arg) {
    struct notify *n = arg;

    rehearsal_start(n->rehearsal, asker, name, n->host, n->url);
}

static void on_answer(uint64_t asker, const char *packet, void *arg) {
    struct notify *n = arg;

    intake_answer(n->intake, asker, packet);
}

static void on_signal(int number, void *arg) {
    struct notify *n = arg;

    if (number == SIGHUP)
        roster_load(n->roster);
    else
        loop_stop(n->loop);
}

static void on_conf_error(const char *text, void *arg) {
    (void)arg;
    log_error("conf", "%s", text);
}

/* Everything that can be wrong with one, but for what only the receiver itself can tell. */
static int check_receiver(const struct receiver *r) {
    char url[RECEIVER_URL_SIZE];
    char token[2048];
    struct fault why;
    int failed = receiverfiles_url(r, url, &why);

    printf("line %u: %s: %s %s\n", r->line, r->name, receiver_kind_name(r->kind), r->place);
    if (failed == 0 && r->token_file[0] != '\0')
        failed = receiverfiles_secret(r->token_file, token, sizeof token, &why);
    if (failed == 0 && r->key_file[0] != '\0')
        failed = receiverfiles_key(r, token, sizeof token, &why);
    if (failed == 0 && r->kind == RECEIVER_COMMAND && access(r->place, X_OK) == -1)
        failed = fault_errno(&why, "%s: cannot be started", r->place);
    if (failed == -1)
        log_error("receivers", "%s", why.text);
    wipe(url, sizeof url);
    wipe(token, sizeof token);
    return failed;
}

static int check(const struct notify *n) {
    struct receivers *receivers = xcalloc(1, sizeof *receivers);
    struct fault why;
    int got = receiverfiles_load(n->conf.receivers_file, receivers, on_receiver_error, NULL, &why);
    int status = EX_OK;

    if (got == -1) {
        log_error("receivers", "%s", why.text);
        status = EX_CONFIG;
    }
    for (int i = 0; got == 0 && i < receivers->count; i++) {
        if (check_receiver(&receivers->receiver[i]) == -1)
            status = EX_CONFIG;
    }
    if (got == 1)
        printf("%s: no such file: no receivers\n", n->conf.receivers_file);
    receiverfiles_free(&receivers);
    return status;
}

static int open_socket(const char *path) {
    struct fault why;
    int fd = path != NULL ? sock_listen(path, 0660, (gid_t)-1, &why) : sock_inherited();

    if (fd == -1 && path != NULL)
        die(EX_OSERR, "%s", why.text);
    if (fd == -1)
        die(EX_USAGE, "no socket was handed over; give one with --socket PATH");
    return fd;
}

static void run(struct notify *n, const char *socket_path) {
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
    struct loop_signal *on[3];
    struct fault why;

    signal(SIGPIPE, SIG_IGN);
    n->loop = loop_new(&why);
    n->pool =
        n->loop != NULL ? request_pool_new(n->loop, "relaywatch/" RELAYWATCH_VERSION, &why) : NULL;
    if (n->pool == NULL)
        die(EX_OSERR, "%s", why.text);
    restore(n);
    if (!text_copy(n->host, sizeof n->host, n->conf.host) || n->host[0] == '\0')
        gethostname(n->host, sizeof n->host - 1);
    n->intake = intake_new(n->loop, open_socket(socket_path), on_set, n);
    n->runner = runner_new(n->loop);
    n->poster = (struct poster){.loop = n->loop, .pool = n->pool, .runner = n->runner};
    n->deliver = deliver_new(&n->poster, n->outbox, on_told, report, n);
    n->heartbeat = heartbeat_new(&n->poster, report, n);
    n->roster = roster_new(n->conf.receivers_file, on_receivers, report, n);
    n->rehearsal = rehearsal_new(&n->poster, n->roster, n->deliver, on_answer, n);
    intake_serve_tests(n->intake, on_test);
    n->tick = loop_timer_new(n->loop, on_tick, n);
    for (int i = 0; i < 3; i++)
        on[i] = loop_signal_new(n->loop, signals[i], on_signal, n);
    roster_load(n->roster);
    loop_timer_set(n->tick, TICK_MS);
    beat_send(BEAT_READY);
    loop_run(n->loop);

    save(n);
    for (int i = 0; i < 3; i++)
        loop_signal_free(&on[i]);
    loop_timer_free(&n->tick);
    rehearsal_free(&n->rehearsal);
    heartbeat_free(&n->heartbeat);
    deliver_free(&n->deliver);
    roster_free(&n->roster);
    runner_free(&n->runner);
    intake_free(&n->intake);
    outbox_free(&n->outbox);
    request_pool_free(&n->pool);
    loop_free(&n->loop);
}

struct arguments {
    const char *conf_path;
    const char *socket_path;
    bool only_check;
};

/* Ends the process on --help, --version and wrong usage. */
static struct arguments read_arguments(int argc, char **argv) {
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct arguments arguments = {.conf_path = CONF_DEFAULT_PATH};
    int c;

    while ((c = getopt_long(argc, argv, "c:t", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            arguments.conf_path = optarg;
            break;
        case 't':
            arguments.only_check = true;
            break;
        case 's':
            arguments.socket_path = optarg;
            break;
        case 'V':
            puts("relaywatch-notify " RELAYWATCH_VERSION);
            exit(EX_OK);
        case 'h':
            fputs(usage, stdout);
            exit(EX_OK);
        default:
            fputs(usage, stderr);
            exit(EX_USAGE);
        }
    }
    if (optind != argc) {
        fputs(usage, stderr);
        exit(EX_USAGE);
    }
    return arguments;
}

int main(int argc, char **argv) {
    static struct notify n;
    struct arguments arguments = read_arguments(argc, argv);
    struct fault why;

    log_open("relaywatch-notify", LOG_LEVEL_INFO);
    if (geteuid() == 0)
        die(EX_NOPERM, "must not run as root; as its own user: setpriv --reuid=relaywatch-notify "
                       "--regid=relaywatch-notify --init-groups relaywatch-notify ...");
    xmem_forbid_dump();
    if (conf_load(arguments.conf_path, &n.conf, on_conf_error, NULL, &why) == -1)
        die(EX_CONFIG, "%s", why.text);
    if (arguments.only_check)
        return check(&n);
    text_format(n.told_path, sizeof n.told_path, "%s/told.json", n.conf.notify_state_dir);
    run(&n, arguments.socket_path);
    return EX_OK;
}
