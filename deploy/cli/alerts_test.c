/* See alerts_test.h. */
#include "alerts_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"
#include "sock.h"
#include "testdoc.h"
#include "text.h"
#include "xmem.h"

/* A command may take 5 minutes. */
enum { STEP_MS = 310 * 1000, PACKET_MOST = 128 * 1024 };

static int complain(int error, const char *why) {
    if (error == EACCES || error == EPERM) {
        fputs("relaywatch alerts test: only root may ask: sudo relaywatch alerts test ...\n",
              stderr);
        return EX_NOPERM;
    }
    fprintf(stderr,
            "relaywatch alerts test: relaywatch-notify does not answer (%s)\n"
            "  Nobody is told of alerts. Start it: systemctl start relaywatch-notify\n"
            "  (without systemd: relaywatch run)\n",
            why);
    return NAGIOS_UNKNOWN;
}

/* The next packet that is for us. NULL: none came. */
static struct json_t *receive(int fd, struct fault *why) {
    char *packet = xcalloc(1, PACKET_MOST + 1);
    struct json_t *doc = NULL;

    for (;;) {
        ssize_t n = sock_receive(fd, packet, PACKET_MOST, STEP_MS, why);

        if (n == 0)
            fault_set(why, "it closed the connection");
        if (n <= 0)
            break;
        doc = json_read(packet, (size_t)n, why);
        if (doc != NULL && (json_get(doc, "step") != NULL || json_get(doc, "error") != NULL))
            break;
        if (doc == NULL && n == 2) {
            fault_set(why, "it is of another version: restart it");
            break;
        }
        json_release(&doc);
    }
    free(packet);
    return doc;
}

static void put_step(const struct json_t *step) {
    bool is_end = strcmp(json_get_text(step, "notice"), "resolved") == 0;
    const char *result = json_get_text(step, "result");
    const char *answer = json_get_text(step, "answer");

    if (!is_end)
        printf("%s (%s, %s)\n", json_get_text(step, "receiver"), json_get_text(step, "kind"),
               json_get_text(step, "place"));
    printf("  %-10s  %s after %.2f s%s%s\n",
           is_end                                                  ? "its end"
           : strcmp(json_get_text(step, "kind"), "heartbeat") == 0 ? "a beat"
                                                                   : "test alert",
           strcmp(result, "taken") == 0     ? "taken"
           : strcmp(result, "refused") == 0 ? "REFUSED"
                                            : "NOT TAKEN",
           (double)json_get_int(step, "took_ms", 0) / 1000, answer[0] != '\0' ? ": " : "", answer);
    fflush(stdout);
}

/* One object a line, as it comes. */
static void put_json(const struct json_t *step) {
    char *text = json_print(step, false);

    puts(text);
    free(text);
}

static void put_end(const struct conf *conf, bool taken, bool is_heartbeat) {
    if (taken && is_heartbeat)
        puts("It takes heartbeats. It is told of no alert: it calls somebody when they stop.");
    else if (taken)
        puts("It takes alerts. Look where people read them whether the test is there.");
    else
        printf("Nobody hears of alerts there. Look at its line in\n"
               "  %s\n"
               "and at its URL and token there, then try again.\n",
               conf->receivers_file);
}

/* Returns the exit status. */
static int follow(int fd, const struct conf *conf, bool as_json) {
    struct fault why = {""};
    bool last = false, taken = true, is_heartbeat = false;
    int status = EXIT_SUCCESS;

    while (!last && status == EXIT_SUCCESS) {
        struct json_t *doc = receive(fd, &why);
        const struct json_t *step = doc != NULL ? json_get(doc, "step") : NULL;

        if (doc == NULL) {
            status = complain(0, why.text);
        } else if (step == NULL) {
            fprintf(stderr, "relaywatch alerts test: %s\n", json_get_text(doc, "error"));
            status = EX_USAGE;
        } else {
            last = json_get_bool(step, "last");
            taken = strcmp(json_get_text(step, "result"), "taken") == 0;
            is_heartbeat = strcmp(json_get_text(step, "kind"), "heartbeat") == 0;
            if (as_json)
                put_json(step);
            else
                put_step(step);
        }
        json_release(&doc);
    }
    if (last && !as_json)
        put_end(conf, taken, is_heartbeat);
    return status == EXIT_SUCCESS && !taken ? EXIT_FAILURE : status;
}

int alerts_test(const struct conf *conf, const char *receiver, bool as_json) {
    struct fault why = {""};
    char path[300];
    char *question;
    int status;
    int fd;

    if (receiver[0] == '\0' || strlen(receiver) >= TESTDOC_NAME) {
        fputs("relaywatch alerts test: no receiver can have this name\n", stderr);
        return EX_USAGE;
    }
    text_format(path, sizeof path, "%s/notify.sock", conf->run_dir);
    fd = sock_connect(path, &why);
    if (fd == -1)
        return complain(errno, why.text);
    question = testdoc_print_question(receiver);
    if (send(fd, question, strlen(question), MSG_NOSIGNAL) == -1)
        status = complain(0, strerror(errno));
    else
        status = follow(fd, conf, as_json);
    free(question);
    close(fd);
    return status;
}
