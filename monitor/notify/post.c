/* See post.h. */
#include "post.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#include "json.h"
#include "loop.h"
#include "request.h"
#include "runner.h"

#include "pagerduty.h"
#include "payload.h"
#include "posturl.h"
#include "receiverfiles.h"
#include "slack.h"
#include "template.h"

enum { WORDS_MOST = 64, LOGGED_LINES = 10 };
enum { CONNECT_MS = 3000, TOTAL_MS = 10000, REPLY_MOST = 64 * 1024, EXCERPT = 100 };

struct post {
    struct loop_timer *timer; /* to tell of a failure before anything was sent */
    struct request *request;
    struct run *run;
    char name[48]; /* of the receiver */
    char failure[320];
    char url[RECEIVER_URL_SIZE]; /* these are not shown, whatever the reply says */
    char token[2048];
    char key[128];
    post_reply_fn *on_reply;
    void *arg;
};

static void free_post(struct post **post) {
    struct post *p = *post;

    loop_timer_free(&p->timer);
    wipe(p, sizeof *p);
    free(p);
    *post = NULL;
}

/* Tells the owner; the post is gone afterwards. */
static void answer(struct post *p, const struct post_reply *reply) {
    post_reply_fn *on_reply = p->on_reply;
    void *arg = p->arg;

    free_post(&p);
    on_reply(reply, arg);
}

static enum post_meaning meaning_of(int status) {
    if (status >= 200 && status <= 299)
        return POST_TAKEN;
    if (status == 0 || status == 408 || status == 429 || status >= 500)
        return POST_LATER;
    return POST_REFUSED;
}

static const char *path_of(const char *url) {
    const char *start = strstr(url, "://");

    start = start != NULL ? strchr(start + 3, '/') : NULL;
    return start != NULL ? start : "";
}

/* Does the reply give away what we sent it? A path of a few letters is no secret. */
static bool shows_secret(const struct post *p, const char *text) {
    const char *path = path_of(p->url);

    return (strlen(path) >= 8 && strstr(text, path) != NULL) ||
           (p->token[0] != '\0' && strstr(text, p->token) != NULL) ||
           (p->key[0] != '\0' && strstr(text, p->key) != NULL);
}

/* What the receiver says of its refusal, if that may be shown: one short line of text. */
static void excerpt(const struct post *p, const char *said, char *out, size_t size) {
    struct span line;

    out[0] = '\0';
    if (said == NULL || shows_secret(p, said))
        return;
    line = span_trim(span_of(said));
    line.n = line.n > 0 && memchr(line.p, '\n', line.n) != NULL
                 ? (size_t)((const char *)memchr(line.p, '\n', line.n) - line.p)
                 : line.n;
    line = span_trim(line);
    if (line.n == 0 || line.p[0] == '<') /* a page of HTML says nothing in its first line */
        return;
    if (!text_copy_printable(out, size, line) && size > 4)
        text_copy(out + strlen(out) - 3, 4, "...");
}

static void on_request(const struct request_reply *reply, void *arg) {
    struct post *p = arg;
    char said[EXCERPT];
    char text[400];
    struct post_reply out = {.meaning = meaning_of(reply->status),
                             .status = reply->status,
                             .retry_after_ms = reply->retry_after_s * 1000,
                             .text = text};

    p->request = NULL;
    excerpt(p, reply->body, said, sizeof said);
    if (reply->status == 0)
        text_copy(text, sizeof text, reply->error);
    else
        text_format(text, sizeof text, "it answered %d%s%s%s%s", reply->status,
                    reply->status >= 300 && reply->status <= 399
                        ? ", a redirect, which is never followed"
                        : "",
                    said[0] != '\0' ? " (" : "", said, said[0] != '\0' ? ")" : "");
    answer(p, &out);
}

/* ---- commands ---- */

/* What it printed is for those who look for it: its first lines, in our log. */
static void log_output(const struct post *p, const char *output) {
    struct span rest = span_trim(span_of(output));
    char line[200];

    for (int i = 0; i < LOGGED_LINES && rest.n > 0; i++) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;

        text_copy_printable(line, sizeof line, span_trim((struct span){rest.p, n}));
        log_info("command", "%s: %s", p->name, line);
        n += end != NULL;
        rest = (struct span){rest.p + n, rest.n - n};
    }
}

static void on_command(const struct runner_end *end, void *arg) {
    struct post *p = arg;
    char said[EXCERPT];
    char text[400];
    struct post_reply out = {.meaning = POST_LATER, .text = text};

    p->run = NULL;
    excerpt(p, end->output, said, sizeof said);
    log_output(p, end->output);
    if (end->status >= 0)
        out.status = end->status;
    if (end->why[0] != '\0')
        text_copy(text, sizeof text, end->why);
    else if (end->timed_out)
        text_copy(text, sizeof text, "it was not done in time and was killed");
    else if (end->status == 127)
        text_copy(text, sizeof text,
                  "it could not be started: is it there, and executable for "
                  "this user (and in ExecPaths= of the unit)?");
    else if (end->status == -1)
        text_format(text, sizeof text, "it ended with signal %d", end->signal);
    else
        text_format(text, sizeof text, "it ended with status %d%s%s%s", end->status,
                    said[0] != '\0' ? " (" : "", said, said[0] != '\0' ? ")" : "");
    if (end->status == 0)
        out.meaning = POST_TAKEN;
    else if (end->status > 0 && end->status != EX_TEMPFAIL && end->status != 127)
        out.meaning = POST_REFUSED;
    answer(p, &out);
}

/* Only what is short and of known characters is in its environment; all else is on its stdin. */
static void run_command(struct post *p, const struct poster *poster, const struct receiver *r,
                        const struct notice *notice, const char *body, const char *key) {
    char line[sizeof r->command], vars[5][PAYLOAD_KEY_SIZE + 32];
    const char *words[WORDS_MOST + 1];
    const char *environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL=C.UTF-8",
        vars[0],
        vars[1],
        vars[2],
        vars[3],
        vars[4],
        NULL};
    struct runner_job job = {.argv = words,
                             .environment = environment,
                             .input = body,
                             .input_size = strlen(body),
                             .timeout_ms = (int)r->timeout_ms,
                             .on_end = on_command,
                             .arg = p};

    text_format(vars[0], sizeof vars[0], "RELAYWATCH_STATUS=%s",
                notice->status == TOLD_RESOLVED ? "resolved" : "firing");
    text_format(vars[1], sizeof vars[1], "RELAYWATCH_HOST=%s", notice->host);
    text_format(vars[2], sizeof vars[2], "RELAYWATCH_ID=%s", notice->id);
    text_format(vars[3], sizeof vars[3], "RELAYWATCH_SEVERITY=%s", rank_name(notice->rank));
    text_format(vars[4], sizeof vars[4], "RELAYWATCH_KEY=%s", key);
    text_copy(line, sizeof line, r->command);
    runner_words(line, words, WORDS_MOST);
    p->run = runner_start(poster->runner, &job);
}

/* ---- the attempt ---- */

static void on_failure(void *arg) {
    struct post *p = arg;
    char text[sizeof p->failure];

    text_copy(text, sizeof text, p->failure);
    answer(p, &(struct post_reply){.meaning = POST_LATER, .text = text});
}

static struct post *make_post(const struct poster *poster, const struct receiver *receiver,
                              post_reply_fn *on_reply, void *arg) {
    struct post *p = xcalloc(1, sizeof *p);

    text_copy(p->name, sizeof p->name, receiver->name);
    p->timer = loop_timer_new(poster->loop, on_failure, p);
    p->on_reply = on_reply;
    p->arg = arg;
    return p;
}

static void fail(struct post *p, const char *text) {
    text_copy(p->failure, sizeof p->failure, text);
    loop_timer_set(p->timer, 0);
}

static int read_secrets(struct post *p, const struct receiver *r, struct fault *why) {
    if (receiverfiles_url(r, p->url, why) == -1 ||
        (r->key_file[0] != '\0' && receiverfiles_key(r, p->key, sizeof p->key, why) == -1))
        return -1;
    if (r->token_file[0] == '\0')
        return 0;
    if (!posturl_is_safe(span_of(p->url)))
        return fault_set(why, "%s: the token would travel unencrypted", r->place);
    return receiverfiles_secret(r->token_file, p->token, sizeof p->token, why);
}

static void send_body(struct post *p, const struct poster *poster, const struct receiver *r,
                      const char *body, const char *key) {
    char authorization[sizeof p->token + 32];
    char idempotency[PAYLOAD_KEY_SIZE + 32];
    const char *headers[4] = {"Content-Type: application/json"};
    struct request_job job = {.url = p->url,
                              .headers = headers,
                              .body = body,
                              .body_size = strlen(body),
                              .ca_file = r->ca_file,
                              .connect_ms = CONNECT_MS,
                              .total_ms = TOTAL_MS,
                              .reply_most_bytes = REPLY_MOST,
                              .on_reply = on_request,
                              .arg = p};
    size_t n = 1;

    if (key != NULL) {
        text_format(idempotency, sizeof idempotency, "Idempotency-Key: %s", key);
        headers[n++] = idempotency;
    }
    if (p->token[0] != '\0') {
        text_format(authorization, sizeof authorization, "Authorization: Bearer %s", p->token);
        headers[n++] = authorization;
    }
    p->request = request_start(poster->pool, &job);
    wipe(authorization, sizeof authorization);
}

struct post *post_body(const struct poster *poster, const struct receiver *receiver,
                       const char *body, const char *key, post_reply_fn *on_reply, void *arg) {
    struct post *p = make_post(poster, receiver, on_reply, arg);
    struct fault why;

    if (read_secrets(p, receiver, &why) == -1)
        fail(p, why.text);
    else
        send_body(p, poster, receiver, body, key);
    return p;
}

static char *fill_template(const struct template *template, const struct incident *incident,
                           const struct notice *notice) {
    struct json_t *fields = payload_fields(incident, notice);
    char *body = template_fill(template, fields);

    json_release(&fields);
    return body;
}

static char *make_body(const struct post *p, const struct receiver *receiver,
                       const struct incident *incident, const struct notice *notice) {
    switch (receiver->kind) {
    case RECEIVER_ALERTMANAGER:
        return payload_alertmanager_one(incident, notice, clock_wall_ms());
    case RECEIVER_PAGERDUTY:
        return pagerduty_event(incident, notice, p->key);
    case RECEIVER_SLACK:
        return slack_message(incident, notice);
    case RECEIVER_WEBHOOK:
    case RECEIVER_COMMAND:
    case RECEIVER_HEARTBEAT:
    case RECEIVER_KINDS:
        break;
    }
    if (receiver->template != NULL)
        return fill_template(receiver->template, incident, notice);
    return payload_webhook(incident, notice);
}

struct post *post_notice(const struct poster *poster, const struct receiver *receiver,
                         const struct incident *incident, const struct notice *notice,
                         post_reply_fn *on_reply, void *arg) {
    struct post *p = make_post(poster, receiver, on_reply, arg);
    char key[PAYLOAD_KEY_SIZE];
    struct fault why;
    char *body;

    if (read_secrets(p, receiver, &why) == -1) {
        fail(p, why.text);
        return p;
    }
    payload_key(notice, key, sizeof key);
    body = make_body(p, receiver, incident, notice);
    if (receiver->kind == RECEIVER_COMMAND)
        run_command(p, poster, receiver, notice, body, key);
    else
        send_body(p, poster, receiver, body, key);
    wipe(body, strlen(body)); /* PagerDuty's has its key in it */
    free(body);
    return p;
}

void post_cancel(struct post **post) {
    if (*post == NULL)
        return;
    request_cancel(&(*post)->request);
    runner_cancel(&(*post)->run);
    free_post(post);
}
