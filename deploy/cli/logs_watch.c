/* See logs_watch.h. What was before is read by logread; what comes is followed by relaywatchd's own
 * sources, so rotation is no matter. Where both are wanted the file that is written now is
 * followed from its beginning: no line is missed between, and none comes twice. */
#include "logs_watch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"
#include "diagnose.h"
#include "logline.h"
#include "since.h"
#include "troubles.h"
#include "json.h"
#include "loop.h"
#include "sources.h"
#include "here.h"
#include "logread.h"
#include "logs_explain.h"
#include "screen.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, AGAIN_MS = 10 * 1000, LINE_SHOWN = 64 * 1024, INDENT = 9 };

struct watch {
    const struct logs_watch *how;
    int64_t since_ms;
    struct diagnoser *diagnoser;
    struct logline_clock clock;
    struct logsources logs;
    struct here here;
    struct screen screen;
    struct troubles troubles;
    uint64_t told[TROUBLES_MOST]; /* of each trouble, with follow */
    uint64_t lines;
    struct loop *loop;
    struct loop_timer *again;
    char shown[LINE_SHOWN];
};

/* ---- words ---- */

static void time_text(char *out, size_t size, int64_t time_ms) {
    time_t t = (time_t)(time_ms / 1000);
    struct tm tm;

    if (time_ms == 0 || localtime_r(&t, &tm) == NULL ||
        strftime(out, size, "%b %d %H:%M:%S", &tm) == 0)
        text_copy(out, size, "?");
}

static void put_fact(const struct watch *w, const char *name, const char *text) {
    printf("    %-4s ", name);
    screen_put_wrapped(&w->screen, INDENT, text);
}

static void put_title(const struct watch *w, const struct trouble *t) {
    const struct diagnosis_entry *e = diagnosis_entry(t->diagnosis);
    char text[600];

    if (t->diagnosis == DIAGNOSIS_NONE)
        text_copy(text, sizeof text, "no diagnosis knows this");
    else
        text_format(text, sizeof text, "%s %s: %s", e->id, e->name, e->title);
    screen_put_wrapped(&w->screen, 0, text);
}

static void put_advice(const struct watch *w, const struct trouble *t) {
    const struct diagnosis_entry *e = diagnosis_entry(t->diagnosis);
    char text[600];

    if (t->diagnosis != DIAGNOSIS_NONE)
        put_fact(w, "who", e->who);
    for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++) {
        fixtext_fit(text, sizeof text, e->fix[i], &w->here.place);
        printf("    %-4s ", i == 0 ? "do" : "");
        screen_put_step(&w->screen, INDENT, text);
    }
    put_fact(w, "seen", t->text);
}

/* ---- folded ---- */

static void put_folded(const struct watch *w, const struct trouble *t) {
    char first[32], last[32], age[32], text[160];

    put_title(w, t);
    time_text(first, sizeof first, t->first_ms);
    time_text(last, sizeof last, t->last_ms);
    text_age(age, sizeof age, (clock_wall_ms() - t->last_ms) / 1000);
    if (t->count == 1)
        text_format(text, sizeof text, "once, %s (%s ago)", last, age);
    else
        text_format(text, sizeof text, "%" PRIu64 " times, %s to %s (%s ago)", t->count, first,
                    last, age);
    put_fact(w, "when", text);
    put_advice(w, t);
    putchar('\n');
}

static void put_json(const struct watch *w, const struct trouble *t) {
    const struct diagnosis_entry *e = diagnosis_entry(t->diagnosis);
    struct json_t *o = json_make_object();
    struct json_t *fix = json_make_array();
    char text[600];
    char *line;

    text_format(text, sizeof text, "%s %s", e->id, e->name);
    json_put_text(o, "diagnosis", t->diagnosis != DIAGNOSIS_NONE ? text : NULL);
    json_put_text(o, "title", e->title[0] != '\0' ? e->title : NULL);
    json_put_text(o, "who", e->who[0] != '\0' ? e->who : NULL);
    json_put_int(o, "count", (int64_t)t->count);
    json_put_time(o, "first", t->first_ms);
    json_put_time(o, "last", t->last_ms);
    json_put_text(o, "text", t->text);
    for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++) {
        fixtext_fit(text, sizeof text, e->fix[i], &w->here.place);
        json_add_text(fix, text);
    }
    json_put(o, "fix", fix);
    line = json_print(o, false);
    puts(line);
    free(line);
    json_release(&o);
}

static void report(struct watch *w) {
    char since[32];

    troubles_sort(&w->troubles);
    for (size_t i = 0; i < w->troubles.count; i++) {
        if (w->how->as_json)
            put_json(w, &w->troubles.item[i]);
        else
            put_folded(w, &w->troubles.item[i]);
    }
    if (w->how->as_json)
        return;
    time_text(since, sizeof since, w->since_ms);
    printf("%zu kind%s of trouble in %" PRIu64 " lines since %s\n", w->troubles.count,
           w->troubles.count == 1 ? "" : "s", w->lines, since);
    if (w->troubles.left_out > 0)
        printf("%" PRIu64 " more lines of still other kinds\n", w->troubles.left_out);
}

/* ---- line by line ---- */

/* The first of its kind is told at once, with all that is to say; the next ones are added up. */
static void tell(struct watch *w, const struct trouble *t) {
    size_t i = (size_t)(t - w->troubles.item);
    char at[32];

    if (t->count > 1)
        return;
    w->told[i] = 1;
    time_text(at, sizeof at, t->last_ms);
    printf("%s  ", at);
    put_title(w, t);
    put_advice(w, t);
    fflush(stdout);
}

static void on_again(void *arg) {
    struct watch *w = arg;

    for (size_t i = 0; i < w->troubles.count; i++) {
        const struct trouble *t = &w->troubles.item[i];
        const struct diagnosis_entry *e = diagnosis_entry(t->diagnosis);
        char at[32], text[TROUBLE_TEXT + 100];

        if (t->count == w->told[i])
            continue;
        time_text(at, sizeof at, t->last_ms);
        text_format(text, sizeof text, "%s  again, %" PRIu64 " more: %s %s", at,
                    t->count - w->told[i], e->id[0] != '\0' ? e->id : t->text, e->name);
        screen_put_wrapped(&w->screen, INDENT, text);
        w->told[i] = t->count;
    }
    fflush(stdout);
    loop_timer_set(w->again, AGAIN_MS);
}

static void on_line(struct span line, int64_t written_ms, void *arg) {
    struct watch *w = arg;
    struct trouble *t;
    struct mailev ev;

    w->clock.now_ms = written_ms;
    logline_parse(line, &w->clock, &ev);
    if (ev.time_ms != 0 && ev.time_ms < w->since_ms)
        return;
    w->lines++;
    ev.diagnosis = diagnose_event(w->diagnoser, &ev);
    if (w->how->errors && !troubles_is_one(&ev))
        return;
    if (!w->how->errors || (w->how->as_json && w->how->follow)) {
        if (w->how->as_json) {
            logs_explain_print(&ev);
        } else {
            text_copy_printable(w->shown, sizeof w->shown, line);
            puts(w->shown);
        }
        return;
    }
    t = troubles_note(&w->troubles, &ev);
    if (t != NULL && w->how->follow)
        tell(w, t);
}

/* ---- following ---- */

static void on_followed(struct span line, void *arg) {
    on_line(line, clock_wall_ms(), arg);
}

static void on_batch(void *arg) {
    (void)arg;
    fflush(stdout);
}

static void on_event(const char *source, const char *what, const char *detail, void *arg) {
    (void)arg;
    fprintf(stderr, "relaywatch logs: %s: %s %s\n", source, what, detail);
}

static void on_signal(int number, void *arg) {
    struct watch *w = arg;

    (void)number;
    loop_stop(w->loop);
}

/* The sources of one kind. */
static struct sources *follow(struct watch *w, bool journals, bool from_beginning) {
    const struct sources_calls calls = {
        .on_line = on_followed, .on_batch = on_batch, .on_event = on_event, .arg = w};
    const struct hash_key no_key = {{0, 0}};
    struct logsources some = {.count = 0};
    struct sources *sources;

    for (size_t i = 0; i < w->logs.count; i++) {
        if (w->logs.item[i].is_journal == journals)
            some.item[some.count++] = w->logs.item[i];
    }
    sources = sources_new(w->loop, &some, &no_key, &calls);
    sources_start(sources, "", from_beginning);
    return sources;
}

static int follow_all(struct watch *w) {
    struct loop_signal *signals[2];
    struct sources *files, *journal;
    struct fault why;

    w->loop = loop_new(&why);
    if (w->loop == NULL) {
        fprintf(stderr, "relaywatch logs: %s\n", why.text);
        return EXIT_FAILURE;
    }
    w->again = loop_timer_new(w->loop, on_again, w);
    loop_timer_set(w->again, AGAIN_MS);
    signals[0] = loop_signal_new(w->loop, SIGINT, on_signal, w);
    signals[1] = loop_signal_new(w->loop, SIGTERM, on_signal, w);
    files = follow(w, false, w->how->since != NULL);
    journal = follow(w, true, false);
    loop_run(w->loop);
    on_again(w);
    sources_free(&files);
    sources_free(&journal);
    loop_signal_free(&signals[0]);
    loop_signal_free(&signals[1]);
    loop_timer_free(&w->again);
    loop_free(&w->loop);
    return 0;
}

/* ---- all of it ---- */

static int read_past(struct watch *w) {
    const struct logread how = {.since_ms = w->since_ms,
                                .rotated_only = w->how->follow,
                                .told = w->how->errors && !w->how->follow,
                                .on_line = on_line,
                                .arg = w};

    if (w->how->follow && w->how->since == NULL)
        return 0;
    return logread_all(&w->logs, &how);
}

static int begin(struct watch *w, const struct conf *conf) {
    int64_t now_ms = clock_wall_ms();

    if (w->how->since != NULL && !since_parse(w->how->since, now_ms, &w->since_ms)) {
        fprintf(stderr, "relaywatch logs: --since: how long ago, or a time in the past: %s\n",
                SINCE_FORMS);
        return EX_USAGE;
    }
    if (w->how->since == NULL && w->how->errors && !w->how->follow)
        w->since_ms = now_ms - DAY_MS;
    logline_clock_init(&w->clock);
    w->screen = screen_of_stdout();
    return logread_find(conf, &w->logs);
}

int logs_watch(const struct conf *conf, const char *conf_path, const struct logs_watch *how) {
    struct watch *w = xcalloc(1, sizeof *w);
    int status;

    w->how = how;
    status = begin(w, conf);
    if (status == 0) {
        w->diagnoser = diagnoser_new();
        if (how->errors)
            here_find(&w->here, conf, conf_path, &w->logs);
        status = read_past(w);
        if (how->errors && !how->follow && (status == 0 || w->lines > 0))
            report(w);
        if (how->follow && status != EX_NOPERM)
            status = follow_all(w);
        diagnoser_free(&w->diagnoser);
    }
    free(w);
    return status;
}
