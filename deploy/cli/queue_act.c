/* See queue_act.h. The message is looked for first: so an id that is not there is told as such, and
 * what is said of it afterwards is what it was. */
#include "queue_act.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"
#include "facts.h"
#include "queuedir.h"
#include "json.h"
#include "waiting.h"
#include "prompt.h"
#include "queue_show.h"
#include "queueline.h"
#include "queuelist.h"

enum { RUN_MS = 10 * 60 * 1000, FLUSH_WAIT_MS = 5000, FLUSH_LOOK_MS = 250 };

static const struct {
    const char *option, *infinitive, *done;
} words[] = {{"--flush", "try now", "tried"},
             {"--hold", "put on hold", "put on hold"},
             {"--release", "release", "released"},
             {"--delete", "delete", "deleted"}};

struct looking {
    const char *id;
    bool found;
    struct waiting_item item; /* the message of the id */
    struct waiting waiting;
};

static bool is_all(const struct queue_order *order) {
    return strcmp(order->id, "ALL") == 0;
}

static int complain(const char *text) {
    fprintf(stderr, "relaywatch queue: %s\n", text);
    return EXIT_FAILURE;
}

/* ---- looking ---- */

static void on_message(const struct queueline *m, void *arg) {
    struct looking *l = arg;

    queuelist_add(&l->waiting, m);
    if (strcmp(queueline_id(m), l->id) == 0) {
        l->found = true;
        l->item = l->waiting.now;
    }
}

static int look(const char *config_dir, const char *id, struct looking *out, struct fault *why,
                int *status_out) {
    struct diagnoser *diagnoser = diagnoser_new();
    struct queuelist list = {.config_dir = config_dir, .on_message = on_message, .arg = out};
    int failed;

    memset(out, 0, sizeof *out);
    out->id = id;
    waiting_init(&out->waiting, diagnoser);
    failed = queuelist_read(&list, why);
    diagnoser_free(&diagnoser);
    *status_out = failed == 0 ? 0 : list.not_permitted ? EX_NOPERM : EXIT_FAILURE;
    return failed;
}

/* ---- doing ---- */

static int run(const char *const *argv, char *errors, size_t size, struct fault *why) {
    struct spawn job = {.argv = argv, .errors = errors, .errors_size = size, .timeout_ms = RUN_MS};

    if (spawn_run(&job, why) == -1)
        return -1;
    if (job.status != 0) {
        errors[strcspn(errors, "\n")] = '\0';
        return fault_set(why, "%.300s", errors[0] != '\0' ? errors : argv[0]);
    }
    return 0;
}

/* postsuper says "postsuper: Deleted: 3 messages". */
static uint64_t count_of(const char *said) {
    static const char *const verbs[] = {"Deleted: ", "Placed on hold: ", "Released from hold: "};
    uint64_t n = 0;

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const char *found = strstr(said, verbs[i]);
        struct span digits;

        if (found == NULL)
            continue;
        digits = span_of(found + strlen(verbs[i]));
        digits.n = strspn(digits.p, "0123456789");
        (void)text_u64(digits, 0, UINT64_MAX, &n);
    }
    return n;
}

/* How many messages; -1 with `why`. */
static int64_t do_it(const char *config_dir, const struct queue_order *order, struct fault *why) {
    static const char *const options[] = {"", "-h", "-H", "-d"};
    const char *const super[] = {"/usr/sbin/postsuper", "-c",      config_dir,
                                 options[order->verb],  order->id, NULL};
    const char *const flush_all[] = {"/usr/sbin/postqueue", "-c", config_dir, "-f", NULL};
    const char *const flush_one[] = {
        "/usr/sbin/postqueue", "-c", config_dir, "-i", order->id, NULL};
    enum { SAID = 256 * 1024 }; /* a line a message: the last one counts them */
    const char *const *argv = order->verb != QUEUE_FLUSH ? super
                              : is_all(order)            ? flush_all
                                                         : flush_one;
    char *said = xcalloc(1, SAID);
    int64_t n = -1;

    if (run(argv, said, SAID, why) == 0)
        n = order->verb == QUEUE_FLUSH ? 1 : (int64_t)count_of(said);
    free(said);
    return n;
}

/* Gives a flush some seconds, where the queue can be counted cheaply. */
static void wait_for_flush(const struct facts *facts) {
    int64_t end_ms = clock_mono_ms() + FLUSH_WAIT_MS;
    struct keeper_queue now;

    do {
        poll(NULL, 0, FLUSH_LOOK_MS * 2);
        if (geteuid() != 0 || queuedir_read(facts->queue_directory, &now, NULL) == -1)
            return;
    } while (now.active + now.incoming > 0 && clock_mono_ms() < end_ms);
}

/* ---- telling ---- */

static void describe(const struct waiting_item *item, char *out, size_t size) {
    char bytes[32], age[32], more[32] = "";

    text_bytes(bytes, sizeof bytes, item->size);
    text_age(age, sizeof age, clock_wall_ms() / 1000 - item->arrived_s);
    if (item->recipients > 1)
        text_format(more, sizeof more, " and %u more", item->recipients - 1);
    text_format(out, size, "from <%s> to <%s>%s, %s, %s old", item->sender, item->recipient, more,
                bytes, age);
}

/* Of a message that was flushed: what came of it. */
static void say_outcome(const struct looking *after, const char *id) {
    const struct diagnosis_entry *e = diagnosis_entry(after->item.diagnosis);

    if (!after->found)
        printf("gone      it has left the queue: relaywatch logs --queue-id %s\n", id);
    else if (strcmp(after->item.queue, "active") == 0)
        puts("waits     it is being sent just now");
    else
        printf("waits     %s%s%s\n", e->id, e->id[0] != '\0' ? ": " : "", after->item.reason);
}

static void say(const struct queue_order *order, int64_t n, const struct looking *before,
                const struct looking *after) {
    char text[600];

    if (is_all(order) && order->verb == QUEUE_FLUSH) {
        printf("tried     all that was put off (%" PRIu64 ")\n", before->waiting.deferred);
    } else if (is_all(order)) {
        printf("%-9s %" PRId64 " message%s\n", words[order->verb].done, n, n == 1 ? "" : "s");
    } else {
        describe(&before->item, text, sizeof text);
        printf("%-9s %s %s\n", words[order->verb].done, order->id, text);
        if (order->verb == QUEUE_FLUSH)
            say_outcome(after, order->id);
    }
    queue_show_sum(text, sizeof text, &after->waiting, clock_wall_ms() / 1000);
    printf("remains   %s\n", text);
    if (order->verb == QUEUE_RELEASE && n > 0)
        printf("next      they are tried within minutes; at once: relaywatch queue --flush%s%s\n",
               is_all(order) ? "" : " ", is_all(order) ? "" : order->id);
    else if (order->verb == QUEUE_HOLD && n > 0)
        printf("next      back: relaywatch queue --release %s\n", order->id);
    else if (order->verb == QUEUE_FLUSH && after->waiting.deferred > 0)
        puts("next      why they wait: relaywatch queue");
}

static void say_json(const struct queue_order *order, int64_t n, const struct looking *after) {
    struct json_t *doc = json_make_object();
    struct json_t *left = json_make_object();
    const struct waiting *w = &after->waiting;
    char *text;

    json_put_text(doc, "action", words[order->verb].option + 2);
    json_put_text(doc, "id", order->id);
    json_put_int(doc, "messages", n);
    if (order->verb == QUEUE_FLUSH && !is_all(order))
        json_put_bool(doc, "still_queued", after->found);
    json_put_int(left, "messages", (int64_t)w->messages);
    json_put_int(left, "active", (int64_t)w->active);
    json_put_int(left, "deferred", (int64_t)w->deferred);
    json_put_int(left, "incoming", (int64_t)w->incoming);
    json_put_int(left, "hold", (int64_t)w->hold);
    json_put(doc, "remaining", left);
    text = json_print(doc, true);
    puts(text);
    free(text);
    json_release(&doc);
}

/* ---- asking ---- */

/* Is it what the operator wants? 0, or the exit status. */
static int confirm(const struct queue_order *order, uint64_t messages) {
    char question[200], answer[16];

    if (!is_all(order) || order->verb == QUEUE_FLUSH || order->yes)
        return 0;
    if (!prompt_can()) {
        fprintf(stderr,
                "relaywatch queue: %s ALL is about %" PRIu64 " message%s: with --yes it is done "
                "unasked\n",
                words[order->verb].option, messages, messages == 1 ? "" : "s");
        return EX_USAGE;
    }
    text_format(question, sizeof question,
                "%s all %" PRIu64 " message%s%s? Type ALL: ", words[order->verb].infinitive,
                messages, messages == 1 ? "" : "s",
                order->verb == QUEUE_DELETE ? ", for good, no sender is told" : "");
    if (prompt_line(question, false, answer, sizeof answer) && strcmp(answer, "ALL") == 0)
        return 0;
    fputs("nothing was done\n", stderr);
    return EXIT_FAILURE;
}

/* What need not or cannot be done. 0: it can; else the exit status + 1. */
static int refuse(const struct queue_order *order, const struct looking *before) {
    const char *id = order->id;
    bool held = strcmp(before->item.queue, "hold") == 0;

    if (is_all(order))
        return 0;
    if (!before->found) {
        fprintf(stderr,
                "relaywatch queue: %s is not in the queue. What became of it: relaywatch logs "
                "--queue-id %s\n",
                id, id);
        return EXIT_FAILURE + 1;
    }
    if (order->verb == QUEUE_FLUSH && held) {
        fprintf(stderr, "relaywatch queue: %s is on hold: relaywatch queue --release %s\n", id, id);
        return EXIT_FAILURE + 1;
    }
    if ((order->verb == QUEUE_HOLD && held) || (order->verb == QUEUE_RELEASE && !held)) {
        fprintf(stderr, "relaywatch queue: %s is %son hold: nothing to do\n", id,
                held ? "already " : "not ");
        return 0 + 1;
    }
    return 0;
}

static int check(const struct queue_order *order) {
    if (!is_all(order) && !queuedir_is_id(order->id)) {
        fprintf(stderr,
                "relaywatch queue: %s: not a queue id: 5 to 63 letters and digits, as in "
                "`relaywatch queue`, or ALL\n",
                words[order->verb].option);
        return EX_USAGE;
    }
    if (order->verb != QUEUE_FLUSH && geteuid() != 0) {
        fprintf(stderr,
                "relaywatch queue: only root may %s messages: sudo relaywatch queue %s %s\n",
                words[order->verb].infinitive, words[order->verb].option, order->id);
        return EX_NOPERM;
    }
    return 0;
}

static int complain_of(const struct fault *why, int status) {
    complain(why->text);
    if (status == EX_NOPERM)
        fputs("  Run it as root: sudo relaywatch queue ...\n", stderr);
    return status;
}

static int finish(const struct conf *conf, const struct queue_order *order,
                  const struct facts *facts, const struct looking *before) {
    struct looking *after = xcalloc(1, sizeof *after);
    struct fault why;
    int64_t n = do_it(conf->postfix_config_dir, order, &why);
    int status = 0;

    if (n == -1) {
        bool forbidden = strstr(why.text, "not allowed") != NULL;

        free(after);
        return complain_of(&why, forbidden ? EX_NOPERM : EXIT_FAILURE);
    }
    if (order->verb == QUEUE_FLUSH)
        wait_for_flush(facts);
    if (look(conf->postfix_config_dir, order->id, after, &why, &status) == -1) {
        complain_of(&why, status);
    } else if (n == 0 && !is_all(order)) {
        fprintf(stderr, "relaywatch queue: %s left the queue meanwhile: nothing was done\n",
                order->id);
        status = EXIT_FAILURE;
    } else if (order->as_json) {
        say_json(order, n, after);
    } else {
        say(order, n, before, after);
    }
    free(after);
    return status;
}

int queue_act(const struct conf *conf, const struct queue_order *order) {
    struct looking *before = xcalloc(1, sizeof *before);
    struct facts facts;
    struct fault why;
    int status = check(order);

    if (status == 0 && facts_read(conf->postfix_config_dir, &facts, &why) == -1)
        status = complain(why.text);
    else if (status == 0 && look(conf->postfix_config_dir, order->id, before, &why, &status) == -1)
        complain_of(&why, status);
    if (status == 0) {
        int refused = refuse(order, before);

        status = refused > 0 ? refused - 1 : confirm(order, before->waiting.messages);
        if (refused == 0 && status == 0)
            status = finish(conf, order, &facts, before);
    }
    free(before);
    return status;
}
