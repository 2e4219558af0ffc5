/* See alerts_ask.h. */
#include "alerts_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"
#include "sock.h"
#include "text.h"
#include "xmem.h"

enum { ANSWER_MS = 5000 };

static int complain(const struct conf *conf, int error, const char *why) {
    if (error == EACCES) {
        fputs(
            "relaywatch alerts: only root and relaywatchd's user may ask: sudo relaywatch alerts\n",
            stderr);
        return EX_NOPERM;
    }
    fprintf(stderr,
            "relaywatch alerts: relaywatchd does not answer (%s)\n"
            "  Nobody is watching. Start it: systemctl start relaywatchd\n"
            "  (without systemd: relaywatch run)\n",
            why);
    (void)conf;
    return NAGIOS_UNKNOWN;
}

static struct json_t *receive(int fd, struct fault *why) {
    char *packet = xcalloc(1, ALERTQ_REPLY_MOST + 1);
    ssize_t n = sock_receive(fd, packet, ALERTQ_REPLY_MOST, ANSWER_MS, why);
    struct json_t *doc = NULL;

    if (n > 0)
        doc = json_read(packet, (size_t)n, why);
    else if (n == 0)
        fault_set(why, "it closed the connection");
    free(packet);
    return doc;
}

struct json_t *alerts_ask(const struct conf *conf, const struct alertq_request *request,
                          int *status_out) {
    struct fault why = {""};
    struct json_t *doc = NULL;
    char path[300];
    int fd;

    text_format(path, sizeof path, "%s/%s", conf->state_dir, ALERTQ_SOCKET);
    fd = sock_connect(path, &why);
    if (fd == -1) {
        *status_out = complain(conf, errno, why.text);
        return NULL;
    }
    if (send(fd, request, sizeof *request, MSG_NOSIGNAL) == -1)
        fault_set(&why, "%s", strerror(errno));
    else
        doc = receive(fd, &why);
    close(fd);
    if (doc == NULL) {
        *status_out = complain(conf, 0, why.text);
    } else if (json_get(doc, "error") != NULL) {
        fprintf(stderr, "relaywatch alerts: %s\n", json_get_text(doc, "error"));
        json_release(&doc);
        *status_out = EXIT_FAILURE;
    }
    return doc;
}

void alerts_time(char *out, size_t size, double seconds) {
    time_t t = (time_t)seconds;
    struct tm tm;

    out[0] = '\0';
    if (t > 0)
        strftime(out, size, "%Y-%m-%d %H:%M:%S %Z", localtime_r(&t, &tm));
}

void alerts_age(char *out, size_t size, double seconds) {
    text_age(out, size, seconds > 0 ? (int64_t)(seconds + 0.5) : 0);
}
