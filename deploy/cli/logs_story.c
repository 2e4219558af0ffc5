/* See logs_story.h. A message-id is first looked up for its queue ids, then, in a second reading,
 * the lines of these are collected: the first ones and the last ones, as a message that was tried
 * for days has hundreds. */
#include "logs_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "text.h"
#include "xmem.h"
#include "diagnose.h"
#include "logline.h"
#include "json.h"
#include "here.h"
#include "logread.h"
#include "logs_explain.h"
#include "screen.h"

enum { IDS = 8, FIRST = 5, LAST = 8, KEPT = FIRST + LAST, TEXT = 600, INDENT = 18 };

struct moment {
    int64_t time_ms;
    char text[TEXT];
    struct json_t *json; /* NULL: for people */
};

struct story {
    const char *message_id; /* without its <> */
    char ids[IDS][64];
    size_t id_count;
    struct diagnoser *diagnoser;
    struct logline_clock clock;
    bool as_json;
    uint64_t lines;
    struct moment moment[KEPT]; /* the first FIRST, then a ring of the others */
    enum diagnosis diagnosis;   /* of the last attempt */
    bool removed;
};

static void print_span(char *out, size_t size, struct span s) {
    text_copy_printable(out, size, s);
}

/* ---- one line ---- */

static void word_delivery(const struct mailev *ev, char *out, size_t size) {
    char to[200], relay[200], said[400];

    print_span(to, sizeof to, ev->to);
    print_span(relay, sizeof relay, ev->relay);
    print_span(said, sizeof said, ev->text);
    text_format(out, size, "to <%s> %s%s%s: %s", to, mailev_status_name(ev->status),
                relay[0] != '\0' && strcmp(relay, "none") != 0 ? " by " : "",
                strcmp(relay, "none") != 0 ? relay : "", said);
}

static void word(const struct mailev *ev, char *out, size_t size) {
    char a[300], b[100], c[100], bytes[32];

    switch (ev->kind) {
    case MAILEV_CLIENT:
        print_span(a, sizeof a, ev->client);
        print_span(b, sizeof b, ev->client_ip);
        print_span(c, sizeof c, ev->sasl_username);
        text_format(out, size, "came from %s[%s]%s%s", a, b, c[0] != '\0' ? ", login " : "", c);
        return;
    case MAILEV_QUEUED:
        print_span(a, sizeof a, ev->from);
        text_bytes(bytes, sizeof bytes, ev->size_bytes);
        text_format(out, size, "from <%s>, %s, %u recipient%s", a, bytes, ev->recipients,
                    ev->recipients == 1 ? "" : "s");
        return;
    case MAILEV_DELIVERY:
        word_delivery(ev, out, size);
        return;
    case MAILEV_REMOVED:
        text_copy(out, size, "left the queue");
        return;
    default:
        print_span(a, sizeof a, ev->daemon);
        text_format(out, size, "%s: ", a);
        print_span(out + strlen(out), size - strlen(out), ev->message);
    }
}

static bool is_ours(const struct story *s, struct span queue_id) {
    for (size_t i = 0; i < s->id_count; i++) {
        if (span_is(queue_id, s->ids[i]))
            return true;
    }
    return false;
}

static void keep(struct story *s, const struct mailev *ev) {
    size_t place = s->lines < FIRST ? s->lines : FIRST + (s->lines - FIRST) % LAST;
    struct moment *m = &s->moment[place];

    s->lines++;
    m->time_ms = ev->time_ms;
    word(ev, m->text, sizeof m->text);
    json_release(&m->json);
    if (s->as_json)
        m->json = logs_explain_json(ev);
    if (ev->kind == MAILEV_DELIVERY || ev->kind == MAILEV_EXPIRED)
        s->diagnosis = ev->diagnosis;
    s->removed = ev->kind == MAILEV_REMOVED;
}

/* Nearly all lines are of other messages: told apart without being parsed. */
static bool may_be_ours(const struct story *s, struct span line) {
    for (size_t i = 0; i < s->id_count; i++) {
        if (span_find(line, s->ids[i]) != NULL)
            return true;
    }
    return false;
}

static void on_line(struct span line, int64_t written_ms, void *arg) {
    struct story *s = arg;
    struct mailev ev;

    if (!may_be_ours(s, line))
        return;
    s->clock.now_ms = written_ms;
    logline_parse(line, &s->clock, &ev);
    ev.diagnosis = diagnose_event(s->diagnoser, &ev);
    if (is_ours(s, ev.queue_id) || is_ours(s, ev.other_id))
        keep(s, &ev);
}

static void on_line_for_id(struct span line, int64_t written_ms, void *arg) {
    struct story *s = arg;
    struct mailev ev;
    struct span id;

    if (span_find(line, s->message_id) == NULL)
        return;
    s->clock.now_ms = written_ms;
    logline_parse(line, &s->clock, &ev);
    id = ev.message_id;
    if (id.n > 2 && id.p[0] == '<')
        id = (struct span){id.p + 1, id.n - 2};
    if (ev.kind != MAILEV_ACCEPTED || !span_is(id, s->message_id) || is_ours(s, ev.queue_id) ||
        s->id_count == IDS)
        return;
    s->id_count += text_copy_span(s->ids[s->id_count], sizeof s->ids[0], ev.queue_id);
}

/* ---- telling ---- */

static void put_moment(const struct screen *screen, const struct moment *m) {
    time_t t = (time_t)(m->time_ms / 1000);
    char at[32] = "?";
    struct tm tm;

    if (m->time_ms != 0 && localtime_r(&t, &tm) != NULL)
        (void)strftime(at, sizeof at, "%b %d %H:%M:%S", &tm);
    printf("  %-15s ", at);
    screen_put_wrapped(screen, INDENT, m->text);
}

static size_t shown(const struct story *s) {
    return s->lines < KEPT ? s->lines : KEPT;
}

/* In their order. */
static const struct moment *moment_at(const struct story *s, size_t i) {
    if (i < FIRST || s->lines <= KEPT)
        return &s->moment[i];
    return &s->moment[FIRST + (s->lines - FIRST + i - FIRST) % LAST];
}

static void put_advice(const struct story *s, const struct screen *screen,
                       const struct here *here) {
    const struct diagnosis_entry *e = diagnosis_entry(s->diagnosis);
    char text[600];

    if (s->diagnosis == DIAGNOSIS_NONE)
        return;
    text_format(text, sizeof text, "%s %s: %s", e->id, e->name, e->title);
    screen_put_wrapped(screen, 0, text);
    printf("  who  %s\n", e->who);
    for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++) {
        fixtext_fit(text, sizeof text, e->fix[i], &here->place);
        printf("  %-4s ", i == 0 ? "do" : "");
        screen_put_step(screen, 7, text);
    }
}

static void tell(const struct story *s, const struct here *here) {
    struct screen screen = screen_of_stdout();

    for (size_t i = 0; i < s->id_count; i++)
        printf("%s%s", i > 0 ? ", " : "", s->ids[i]);
    printf(": %llu line%s in the log; %s\n", (unsigned long long)s->lines, s->lines == 1 ? "" : "s",
           s->removed ? "it has left the queue" : "the log does not say that it left the queue");
    for (size_t i = 0; i < shown(s); i++) {
        if (i == FIRST && s->lines > KEPT)
            printf("  ... %llu more ...\n", (unsigned long long)(s->lines - KEPT));
        put_moment(&screen, moment_at(s, i));
    }
    put_advice(s, &screen, here);
}

static void tell_json(struct story *s) {
    struct json_t *doc = json_make_object();
    struct json_t *ids = json_make_array();
    struct json_t *lines = json_make_array();
    char *text;

    for (size_t i = 0; i < s->id_count; i++)
        json_add_text(ids, s->ids[i]);
    for (size_t i = 0; i < shown(s); i++) {
        struct moment *m = (struct moment *)(uintptr_t)moment_at(s, i);

        json_add(lines, m->json);
        m->json = NULL;
    }
    json_put_text(doc, "source", "log");
    json_put(doc, "queue_ids", ids);
    json_put_int(doc, "line_count", (int64_t)s->lines);
    json_put_bool(doc, "left_queue", s->removed);
    json_put(doc, "lines", lines);
    text = json_print(doc, true);
    puts(text);
    free(text);
    json_release(&doc);
}

/* ---- all of it ---- */

static int collect(struct story *s, const struct logsources *logs) {
    struct logread how = {.told = true, .on_line = on_line_for_id, .arg = s};
    int status = 0;

    if (s->message_id != NULL)
        status = logread_all(logs, &how);
    how.on_line = on_line;
    if (s->id_count > 0 && status != EX_NOPERM)
        status = logread_all(logs, &how);
    return status;
}

static int report(struct story *s, const struct conf *conf, const char *conf_path,
                  const struct logsources *logs, int status) {
    struct here *here;

    if (s->lines == 0) {
        if (status != EX_NOPERM)
            fprintf(stderr,
                    "relaywatch logs: no line in %s or its rotated files is about it. Is it "
                    "spelled as in the log?\n",
                    logsources_first(logs));
        return status != 0 ? status : EXIT_FAILURE;
    }
    if (s->as_json) {
        tell_json(s);
        return 0;
    }
    here = xcalloc(1, sizeof *here);
    here_find(here, conf, conf_path, logs);
    tell(s, here);
    free(here);
    return 0;
}

int logs_story(const struct conf *conf, const char *conf_path, const char *queue_id,
               const char *message_id, bool as_json) {
    struct story *s = xcalloc(1, sizeof *s);
    char bare[1000] = "";
    struct logsources logs;
    int status = logread_find(conf, &logs);

    if (message_id != NULL) {
        struct span id = span_of(message_id);

        if (id.n > 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
            id = (struct span){id.p + 1, id.n - 2};
        text_copy_span(bare, sizeof bare, id);
        s->message_id = bare;
    } else {
        s->id_count = text_copy(s->ids[0], sizeof s->ids[0], queue_id);
    }
    if (status == 0) {
        s->as_json = as_json;
        s->diagnoser = diagnoser_new();
        logline_clock_init(&s->clock);
        status = report(s, conf, conf_path, &logs, collect(s, &logs));
        for (size_t i = 0; i < KEPT; i++)
            json_release(&s->moment[i].json);
        diagnoser_free(&s->diagnoser);
    }
    free(s);
    return status;
}
