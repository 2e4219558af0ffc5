/* See roster.h. */
#include "roster.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "log.h"
#include "text.h"
#include "xmem.h"

#include "receiverfiles.h"

/* What tells one content of a file from another, and one that could not be read from one that can:
 * who mends its owner or mode changes nothing else of it. */
struct mark {
    bool present;
    struct timespec changed;
    off_t size;
    ino_t inode;
};

struct roster {
    const char *path;
    struct receivers *receivers; /* in force */
    struct receivers *refused;   /* what the file says, where that cannot be used; otherwise NULL */
    struct mark mark;            /* of receivers.conf, as it was read */
    struct mark template_mark[RECEIVERS_MOST];
    char mistake[300]; /* the first one of what was refused */
    bool absent; /* the last look found no receivers.conf: some editors take it away for a moment */
    void (*on_receivers)(const struct receivers *receivers, void *arg);
    void (*on_refused)(void *arg);
    void *arg;
};

static void on_error(const char *text, void *arg) {
    struct roster *r = arg;

    if (r->mistake[0] == '\0')
        text_copy_printable(r->mistake, sizeof r->mistake, span_of(text));
    log_error("receivers", "%s", text);
}

static struct mark look_at(const char *path) {
    struct mark mark = {.present = false};
    struct stat st;

    if (stat(path, &st) == 0)
        mark = (struct mark){
            .present = true, .changed = st.st_ctim, .size = st.st_size, .inode = st.st_ino};
    return mark;
}

static bool is_equal(const struct mark *a, const struct mark *b) {
    return a->present == b->present && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec && a->size == b->size && a->inode == b->inode;
}

static void warn_if_readable(const char *path) {
    struct stat st;

    if (stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0)
        log_warn("receivers", "%s: everybody can read it, and it may hold tokens", path);
}

/* Those whose templates an edit can mend, or change. */
static const struct receivers *followed(const struct roster *r) {
    return r->refused != NULL ? r->refused : r->receivers;
}

static void mark_templates(struct roster *r) {
    const struct receivers *all = followed(r);

    for (int i = 0; i < all->count; i++)
        r->template_mark[i] = look_at(all->receiver[i].template_file);
}

static void use(struct roster *r, struct receivers **fresh) {
    struct receivers *old = r->receivers;

    r->receivers = *fresh;
    *fresh = old;
    r->on_receivers(r->receivers, r->arg);
}

void roster_load(struct roster *r) {
    struct receivers *fresh = xcalloc(1, sizeof *fresh);
    struct fault why;
    int got;

    receiverfiles_free(&r->refused);
    r->mistake[0] = '\0';
    r->mark = look_at(r->path);
    warn_if_readable(r->path);
    got = receiverfiles_load(r->path, fresh, on_error, r, &why);
    if (got == -1) {
        log_error("receivers", "%s; the receivers are as they were", why.text);
        if (r->mistake[0] == '\0') /* it could not be read at all */
            text_copy_printable(r->mistake, sizeof r->mistake, span_of(why.text));
        r->refused = fresh;
        fresh = NULL;
        r->on_refused(r->arg);
    } else {
        if (got == 1)
            log_warn("receivers", "%s: no such file: nobody will be told of an alert", r->path);
        else
            log_info("receivers", "%s: %d receiver%s", r->path, fresh->count,
                     fresh->count == 1 ? "" : "s");
        use(r, &fresh);
    }
    mark_templates(r);
    receiverfiles_free(&fresh);
}

/* A template that is missing may be one that is being replaced. */
static bool has_template_changed(const struct roster *r) {
    const struct receivers *all = followed(r);

    for (int i = 0; i < all->count; i++) {
        struct mark now = look_at(all->receiver[i].template_file);

        if (now.present && !is_equal(&now, &r->template_mark[i]))
            return true;
    }
    return false;
}

void roster_look(struct roster *r) {
    struct mark now = look_at(r->path);

    if (now.present) {
        r->absent = false;
        if (!is_equal(&now, &r->mark) || has_template_changed(r))
            roster_load(r);
    } else if (r->mark.present) {
        if (r->absent)
            roster_load(r);
        r->absent = !r->absent;
    }
}

struct roster *roster_new(const char *path,
                          void (*on_receivers)(const struct receivers *receivers, void *arg),
                          void (*on_refused)(void *arg), void *arg) {
    struct roster *r = xcalloc(1, sizeof *r);

    r->path = path;
    r->receivers = xcalloc(1, sizeof *r->receivers);
    r->on_receivers = on_receivers;
    r->on_refused = on_refused;
    r->arg = arg;
    return r;
}

void roster_free(struct roster **roster) {
    if (*roster == NULL)
        return;
    receiverfiles_free(&(*roster)->receivers);
    receiverfiles_free(&(*roster)->refused);
    free(*roster);
    *roster = NULL;
}

const char *roster_mistake(const struct roster *r) {
    return r->mistake;
}

const struct receivers *roster_receivers(const struct roster *r) {
    return r->receivers;
}
