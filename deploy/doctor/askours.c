/* See askours.h. */
#include "askours.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json.h"
#include "postal_check.h"
#include "postalyaml.h"
#include "present.h"
#include "question.h"
#include "reach.h"
#include "sentinels.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { REPLY_MS = 2500, ANSWER = 1024 * 1024, DNS_MS = 5000 };

int askours_is_status(const char *answer, size_t size, const char *host, struct fault *why) {
    const struct span all = {answer, size};
    const char *body = span_find(all, "\r\n\r\n");
    struct json_t *doc = NULL;
    struct fault ignored;
    int failed = 0;

    if (size == 0)
        return fault_set(why, "takes the connection and says nothing");
    if (!span_starts(all, "HTTP/1."))
        return fault_set(why, "something answers there that does not speak HTTP");
    if (body != NULL)
        doc = json_read(body + 4, size - (size_t)(body + 4 - answer), &ignored);
    if (doc == NULL || json_get(doc, "counters") == NULL || json_get(doc, "alerts") == NULL ||
        json_get_text(doc, "host")[0] == '\0')
        failed = fault_set(why, "another program answers there");
    else if (strcmp(json_get_text(doc, "host"), host) != 0)
        failed = fault_set(why, "the relaywatchd that answers there is of the host %.60s",
                           json_get_text(doc, "host"));
    json_release(&doc);
    return failed;
}

void askours_daemon(const void *question) {
    const struct question *q = question;
    const struct conf *conf = &q->seen->conf;
    struct condition_outside *o = q->seen->outside;
    char request[400];
    struct fault why = {"does not answer"};
    char *answer;
    ptrdiff_t n;
    int fd;

    if (q->seen->root && spawn_become(conf->probe_user) == -1)
        return;
    answer = xcalloc(1, ANSWER);
    fd = reach_endpoint(conf->http_listen, REPLY_MS);
    text_format(request, sizeof request, "GET /api/v1/status HTTP/1.0\r\nHost: %s\r\n\r\n",
                conf->http_listen);
    n = reach_ask(fd, request, 2 * REPLY_MS, answer, ANSWER);
    o->daemon =
        n >= 0 && askours_is_status(answer, (size_t)n, conf->host, &why) == 0 ? SEEN_YES : SEEN_NO;
    text_copy_printable(o->daemon_error, sizeof o->daemon_error, span_of(why.text));
    if (fd != -1)
        close(fd);
    free(answer);
}

static enum seen listens(const char *folder, const char *name) {
    char path[300];
    int fd;

    text_format(path, sizeof path, "%s/%s", folder, name);
    fd = reach_path(path, SOCK_SEQPACKET);
    if (fd != -1)
        close(fd);
    return fd != -1 ? SEEN_YES : SEEN_NO;
}

void askours_sockets(const void *question) {
    const struct question *q = question;
    struct condition_outside *o = q->seen->outside;

    o->keeper = listens(q->seen->conf.run_dir, "keeper.sock");
    o->notify = listens(q->seen->conf.run_dir, "notify.sock");
}

/* One that wants a password first is alive, too. `fd`: -1 where it cannot be reached. */
static enum seen answers_ping(int fd) {
    char reply[16];
    bool alive = reach_ask(fd, "*1\r\n$4\r\nPING\r\n", REPLY_MS, reply, 3) > 0 &&
                 (reply[0] == '+' || reply[0] == '-');

    if (fd != -1)
        close(fd);
    return alive ? SEEN_YES : SEEN_NO;
}

/* Where sentinels tell who is the master, one of them is enough. */
void askours_redis(const void *question) {
    const struct question *q = question;
    const char *where = q->seen->conf.redis;
    enum seen *seen = &q->seen->outside->redis;
    bool local = strncmp(where, "unix:", 5) == 0;
    struct sentinels sentinels = {.count = 0};
    struct fault why;

    *seen = SEEN_NO;
    if (sentinels_parse(q->seen->conf.redis_sentinel, &sentinels, &why) == 0 && sentinels.count > 0)
        for (int i = 0; i < sentinels.count && *seen != SEEN_YES; i++)
            *seen = answers_ping(reach_endpoint(sentinels.address[i], REPLY_MS));
    else
        *seen = answers_ping(local ? reach_path(where + 5, SOCK_STREAM)
                                   : reach_endpoint(where, REPLY_MS));
}

/* ---- Postal ---- */

/* The first that is at our port is ours: what is wrong with it? */
static void check_relays(const struct question *q, const struct postal_config *config) {
    struct condition_outside *o = q->seen->outside;
    const char *colon = strrchr(q->seen->conf.submit, ':');
    unsigned long port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 25;

    o->postal_relays = (uint32_t)config->count;
    for (size_t i = 0; i < config->count; i++)
        o->postal_ours += config->relay[i].port == port;
    for (size_t i = 0; i < config->count; i++) {
        struct postal_check check;

        if (config->relay[i].port != port)
            continue;
        postal_check(&config->relay[i], config, q->seen->conf.submit, NULL, DNS_MS, &check);
        if (check.count > 0)
            text_copy_printable(o->postal_problem, sizeof o->postal_problem,
                                span_of(check.problem[0]));
        return;
    }
}

void askours_postal(const void *question) {
    static const char *const files[] = {"/opt/postal/config/postal.yml", "/etc/postal/postal.yml"};
    const struct question *q = question;
    struct condition_outside *o = q->seen->outside;
    const char *named = getenv("POSTAL_CONFIG_FILE_PATH");
    struct postal_config *config = xcalloc(1, sizeof *config);
    struct fault why = {""};
    char *text = NULL;

    o->postal = SEEN_NO;
    if (named != NULL && named[0] != '\0')
        text = present_file(named, &why);
    for (size_t i = 0; i < sizeof files / sizeof files[0] && text == NULL && why.text[0] == '\0';
         i++) {
        named = files[i];
        text = present_file(named, &why);
    }
    if (text != NULL && postalyaml_read(text, config, &why) == 0)
        check_relays(q, config);
    if (text != NULL || why.text[0] != '\0') {
        text_copy(o->postal_file, sizeof o->postal_file, named);
        text_copy_printable(o->postal_error, sizeof o->postal_error, span_of(why.text));
        o->postal = SEEN_YES;
    }
    free(text);
    free(config);
}
