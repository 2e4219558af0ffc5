/* See queuelist.h. */
#include "queuelist.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linebuf.h"
#include "spawn.h"
#include "text.h"
#include "waiting.h"
#include "queueline.h"

/* A line holds all recipients of a message with their reasons. */
enum { LINE_MOST = 8 * 1024 * 1024, SILENCE_MS = 60 * 1000 };

static void on_line(struct span line, void *arg) {
    struct queuelist *list = arg;
    struct queueline *message;
    struct fault why;

    if (line.n == 0)
        return;
    message = queueline_parse(line, &why);
    if (message == NULL)
        list->not_read++;
    else
        list->on_message(message, list->arg);
    queueline_free(&message);
}

static void on_output(const char *bytes, size_t n, void *arg) {
    linebuf_feed(arg, bytes, n);
}

/* Its last complaint, without its name. */
static const char *complaint_of(char *errors) {
    char *text;

    for (char *end = errors + strlen(errors); end > errors && (end[-1] == '\n'); end--)
        end[-1] = '\0';
    text = strrchr(errors, '\n');
    text = text != NULL ? text + 1 : errors;
    if (strncmp(text, "postqueue: ", 11) == 0)
        text += 11;
    if (strncmp(text, "fatal: ", 7) == 0)
        text += 7;
    return text[0] != '\0' ? text : "no word of why";
}

int queuelist_read(struct queuelist *list, struct fault *why) {
    const char *const argv[] = {"/usr/sbin/postqueue", "-c", list->config_dir, "-j", NULL};
    struct linebuf lines = {.most = LINE_MOST, .on_line = on_line, .arg = list};
    char errors[2048];
    struct spawn job = {.argv = argv,
                        .on_output = on_output,
                        .arg = &lines,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = SILENCE_MS};
    int failed;

    list->not_read = 0;
    list->postfix_down = list->not_permitted = false;
    failed = spawn_run(&job, why);
    linebuf_end(&lines);
    list->not_read += lines.too_long;
    if (failed == -1)
        return -1;
    if (job.status == 0) {
        list->postfix_down = strstr(errors, "ail system is down") != NULL;
        return 0;
    }
    if (job.status == 127)
        return fault_set(why, "%s is not here: is Postfix installed?", argv[0]);
    list->not_permitted = geteuid() != 0 && (strstr(errors, "not allowed to view") != NULL ||
                                             strcmp(list->config_dir, "/etc/postfix") != 0);
    return fault_set(why, "postqueue: %.300s", complaint_of(errors));
}

void queuelist_add(struct waiting *waiting, const struct queueline *m) {
    const struct waiting_message message = {.id = span_of(queueline_id(m)),
                                            .queue = span_of(queueline_queue(m)),
                                            .sender = span_of(queueline_sender(m)),
                                            .arrived_s = queueline_arrived_s(m),
                                            .size = queueline_size(m)};

    waiting_begin(waiting, &message);
    for (size_t i = 0; i < queueline_recipients(m); i++)
        waiting_recipient(waiting, span_of(queueline_address(m, i)),
                          span_of(queueline_reason(m, i)));
    waiting_end(waiting);
}
