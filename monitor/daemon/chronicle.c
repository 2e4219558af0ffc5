/* See chronicle.h. */
#include "chronicle.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "keptline.h"
#include "log.h"
#include "xmem.h"
#include "state.h"

void chronicle_note(struct daemon *d, const char *text) {
    changes_note(&d->chronicle.changes, clock_wall_ms(), text);
}

static void on_main(const struct stat *now, void *arg) {
    chronicle_note(arg, now != NULL ? "main.cf was changed" : "main.cf is gone");
}

static void on_master(const struct stat *now, void *arg) {
    chronicle_note(arg, now != NULL ? "master.cf was changed" : "master.cf is gone");
}

void chronicle_event(struct daemon *d, const struct mailev *ev, int64_t time_ms) {
    char text[100];
    char note[120];

    if (ev->kind != MAILEV_LIFECYCLE || !span_is(ev->daemon, "master"))
        return;
    text_copy_printable(text, sizeof text, ev->message);
    text_format(note, sizeof note, "Postfix: %s", text);
    changes_note(&d->chronicle.changes, time_ms, note);
}

/* ---- the file ---- */

bool chronicle_parse(struct chronicle *c, struct span text) {
    struct span line;

    if (!keptline_unseal(&text) || !keptline_next(&text, &line) ||
        !span_is(line, "relaywatch-incidents 1"))
        return false;
    while (keptline_next(&text, &line)) {
        if (!incidents_take(&c->incidents, line))
            (void)changes_take(&c->changes, line);
    }
    return true;
}

static void load(struct chronicle *c) {
    char *text = xcalloc(1, CHRONICLE_BYTES);
    struct fault why;
    ssize_t n = file_read(c->path, text, CHRONICLE_BYTES, &why);

    if (n > 0 && !chronicle_parse(c, (struct span){text, (size_t)n}))
        log_warn("incidents", "%s is damaged: begun anew", c->path);
    free(text);
}

static void save(struct chronicle *c) {
    struct keptout out = {xcalloc(1, CHRONICLE_BYTES), 0, CHRONICLE_BYTES, false};
    struct fault why = {""};
    bool failed;

    keptout_line(&out, "relaywatch-incidents 1");
    incidents_print(&c->incidents, &out);
    changes_print(&c->changes, &out);
    keptout_seal(&out);
    if (out.full)
        fault_set(&why, "%s: larger than %d bytes", c->path, CHRONICLE_BYTES);
    failed = out.full || file_replace(c->path, out.p, out.n, 0600, &why) == -1;
    if (failed && !c->failed)
        log_warn("incidents", "%s", why.text);
    c->failed = failed;
    free(out.p);
}

/* ---- begin, end, and each look ---- */

void chronicle_open(struct daemon *d) {
    struct chronicle *c = &d->chronicle;
    char path[300];

    text_format(c->path, sizeof c->path, "%s/incidents", d->conf.state_dir);
    load(c);
    c->rotations = d->change.rotation.events;
    chronicle_note(d, "relaywatchd began");
    text_format(path, sizeof path, "%s/main.cf", d->conf.postfix_config_dir);
    c->watch_main = watchfile_new(d->loop, path, on_main, d);
    text_format(path, sizeof path, "%s/master.cf", d->conf.postfix_config_dir);
    c->watch_master = watchfile_new(d->loop, path, on_master, d);
}

void chronicle_close(struct daemon *d) {
    struct chronicle *c = &d->chronicle;

    if (c->path[0] != '\0')
        save(c);
    watchfile_free(&c->watch_master);
    watchfile_free(&c->watch_main);
}

static void note_rotations(struct daemon *d) {
    const struct rotation *r = &d->change.rotation;
    struct chronicle *c = &d->chronicle;

    while (c->rotations < r->events) {
        const struct rotation_event *e =
            rotation_event(r, (unsigned)(r->events - 1 - c->rotations++));
        char note[120];

        if (e == NULL)
            continue;
        text_format(note, sizeof note, "login %.40s: %s (%s)", e->user,
                    rotation_what_name((enum rotation_what)e->what),
                    rotation_origin_name(e->origin));
        changes_note(&c->changes, e->at_ms, note);
    }
}

void chronicle_follow(struct daemon *d, int64_t wall_ms) {
    struct chronicle *c = &d->chronicle;
    const struct incident_figures figures = {
        .sent = d->counters.value[COUNTER_SENT],
        .deferred = d->counters.value[COUNTER_DEFERRED],
        .bounced = d->counters.value[COUNTER_BOUNCED],
        .expired = d->counters.value[COUNTER_EXPIRED],
        .waiting = d->queue.active + d->queue.deferred + d->queue.incoming + d->queue.maildrop,
    };

    note_rotations(d);
    if (incidents_follow(&c->incidents, &d->shown, &figures, &c->changes, wall_ms))
        save(c);
}
