/* See change.h. */
#include "change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "text.h"
#include "xmem.h"
#include "ask.h"
#include "state.h"

/* Without being told of a change: where there are no events (NFS), and where we may not even look.
 */
enum { LOOK_MS = 30 * 1000, BLIND_LOOK_MS = 5 * 1000, MORE_MS = 300 };

static void on_login(const struct stat *now, void *arg) {
    struct daemon *d = arg;

    chronicle_note(d, now != NULL ? "sasl_passwd was changed" : "sasl_passwd is gone");
    log_info("login", "%s %s", d->conf.sasl_passwd, now != NULL ? "changed" : "is gone");
    login_file_changed(&d->login, clock_mono_ms());
    ask_keeper(d, clock_mono_ms());
}

static void on_source(const struct stat *now, void *arg) {
    struct daemon *d = arg;

    (void)now;
    login_file_changed(&d->login, clock_mono_ms());
    ask_keeper(d, clock_mono_ms());
}

/* What proves the smarthost's certificate is another one, or gone: Postfix will see it, too. */
static void on_ca(const struct stat *now, void *arg) {
    struct daemon *d = arg;

    d->change.ca_gone = now == NULL;
    chronicle_note(d, now != NULL ? "the CA file was changed" : "the CA file is gone");
    log_info("ca", "%s %s", d->change.ca_file, now != NULL ? "changed" : "is gone");
    d->login.verify_due_ms = clock_mono_ms();
}

/* ---- what is kept ---- */

static void load(struct change *c) {
    char *text = xcalloc(1, ROTATION_TEXT_MAX);
    struct fault why = {""};
    ssize_t n = file_read(c->path, text, ROTATION_TEXT_MAX, &why);

    rotation_init(&c->rotation);
    if (n > 0 && !rotation_parse(&c->rotation, (struct span){text, (size_t)n}, clock_mono_ms()))
        log_warn("rotation", "%s is damaged: begun anew", c->path);
    free(text);
}

static void keep(struct change *c) {
    char *text;
    struct fault why;

    if (!c->rotation.changed)
        return;
    text = xcalloc(1, ROTATION_TEXT_MAX);
    if (file_replace(c->path, text, rotation_print(&c->rotation, text, ROTATION_TEXT_MAX), 0600,
                     &why) == -1)
        log_warn("rotation", "%s", why.text);
    else
        c->rotation.changed = false;
    free(text);
}

/* ---- hooks ---- */

static void run_hook(struct daemon *d) {
    struct rotation *r = &d->change.rotation;
    const struct rotation_event *e = &r->to_tell;
    char event[64], user[128], detail[256], host[160];
    const char *const environment[] = {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", event, user, detail, host, NULL};
    bool good;

    if (!r->tell)
        return;
    good = e->what == ROTATION_CONFIRMED || e->what == ROTATION_REVOCABLE;
    r->tell = false;
    text_format(event, sizeof event, "RELAYWATCH_EVENT=%s",
                rotation_what_name((enum rotation_what)e->what));
    text_format(user, sizeof user, "RELAYWATCH_USER=%s", e->user);
    text_format(detail, sizeof detail, "RELAYWATCH_DETAIL=%s", e->detail);
    text_format(host, sizeof host, "RELAYWATCH_HOST=%s", d->conf.host);
    hook_run(d->change.hook, good ? d->conf.on_rotated : d->conf.on_failed, environment);
}

static void settle(struct daemon *d) {
    run_hook(d);
    keep(&d->change);
}

/* ---- begin, end, time, answers ---- */

void change_open(struct daemon *d) {
    struct change *c = &d->change;

    text_format(c->path, sizeof c->path, "%s/rotation", d->conf.state_dir);
    load(c);
    c->hook = hook_new(d->loop);
    if (d->conf.sasl_passwd[0] != '\0')
        c->watch_login = watchfile_new(d->loop, d->conf.sasl_passwd, on_login, d);
    if (d->conf.credential_source[0] != '\0')
        c->watch_source = watchfile_new(d->loop, d->conf.credential_source, on_source, d);
    if (d->conf.credential_drop[0] != '\0')
        c->watch_drop = watchfile_new(d->loop, d->conf.credential_drop, on_source, d);
}

void change_close(struct daemon *d) {
    struct change *c = &d->change;

    if (c->path[0] != '\0')
        keep(c);
    watchfile_free(&c->watch_ca);
    watchfile_free(&c->watch_drop);
    watchfile_free(&c->watch_source);
    watchfile_free(&c->watch_login);
    hook_free(&c->hook);
}

static bool can_look(const char *path) {
    struct stat st;

    return path[0] == '\0' || stat(path, &st) == 0;
}

/* Source and drop folder, now and then, whether or not something was seen. */
static void look(struct daemon *d, int64_t mono_ms) {
    struct change *c = &d->change;
    bool seen = can_look(d->conf.credential_source) && can_look(d->conf.credential_drop);

    if (d->conf.credential_source[0] == '\0' && d->conf.credential_drop[0] == '\0')
        return;
    if (mono_ms < c->look_ms)
        return;
    c->look_ms = mono_ms + (seen ? LOOK_MS : BLIND_LOOK_MS);
    if (d->login.apply_due_ms == 0)
        d->login.apply_due_ms = mono_ms;
}

void change_tick(struct daemon *d, int64_t mono_ms) {
    struct rotation *r = &d->change.rotation;
    int verb = rotation_due(r, clock_wall_ms(), mono_ms);

    if (verb != 0 && keeperc_ask(d->keeper, (enum keeper_verb)verb))
        rotation_asked(r, verb);
    look(d, mono_ms);
    settle(d);
}

void change_on_reply(struct daemon *d, enum keeper_verb verb, const struct keeper_reply *reply) {
    struct rotation *r = &d->change.rotation;
    enum rotation_state before = r->state;
    int64_t mono_ms = clock_mono_ms();

    rotation_on_reply(r, verb, reply, &d->health, clock_wall_ms(), mono_ms);
    if (reply != NULL && verb == KEEPER_APPLY && reply->credential.more &&
        d->login.apply_due_ms == 0)
        d->login.apply_due_ms = mono_ms + MORE_MS;
    /* The file still says what was taken back: look at it again. */
    if (reply != NULL && verb == KEEPER_UNDO && reply->outcome == KEEPER_DONE)
        d->login.apply_due_ms = mono_ms;
    if (reply != NULL && verb != KEEPER_APPLY && verb != KEEPER_VERIFY)
        log_info("rotation", "%c: outcome %u: %s", (int)verb, reply->outcome, reply->detail);
    if (r->state != before)
        log_info("rotation", "%s (serial %llu, %s)", rotation_state_name(r->state),
                 (unsigned long long)r->serial, rotation_origin_name(r->origin));
    settle(d);
}

void change_on_facts(struct daemon *d) {
    struct change *c = &d->change;

    if (strcmp(c->ca_file, d->facts.ca_file) == 0)
        return;
    watchfile_free(&c->watch_ca);
    text_copy(c->ca_file, sizeof c->ca_file, d->facts.ca_file);
    c->ca_gone = !can_look(c->ca_file) && errno == ENOENT;
    if (c->ca_file[0] == '/')
        c->watch_ca = watchfile_new(d->loop, c->ca_file, on_ca, d);
}
