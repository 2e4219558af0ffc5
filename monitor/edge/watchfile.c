/* See watchfile.h. */
#include "watchfile.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"

enum { LOOK_MS = 1000, STILL_MS = 300, STEP_MS = 100 };

struct watchfile {
    char path[PATH_MAX];
    void (*on_change)(const struct stat *now, void *arg);
    void *arg;
    int inotify; /* -1: none, looking each second is enough */
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct stat told; /* what was told last; all zero: absent */
    struct stat seen; /* what was seen last */
    int64_t seen_ms;  /* since when it looks like that */
};

static bool same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void look(struct watchfile *w) {
    int64_t now_ms = clock_mono_ms();
    struct stat now;

    if (stat(w->path, &now) == -1)
        memset(&now, 0, sizeof now);
    if (!same(&now, &w->seen)) {
        w->seen = now;
        w->seen_ms = now_ms;
    }
    if (same(&w->seen, &w->told)) {
        loop_timer_set(w->timer, LOOK_MS);
    } else if (now_ms - w->seen_ms < STILL_MS) {
        loop_timer_set(w->timer, STEP_MS);
    } else {
        w->told = w->seen;
        loop_timer_set(w->timer, LOOK_MS);
        w->on_change(w->told.st_ino != 0 ? &w->told : NULL, w->arg);
    }
}

static void on_time(void *arg) {
    look(arg);
}

static void on_inotify(int what, void *arg) {
    struct watchfile *w = arg;
    char events[4096];

    (void)what;
    /* Which file it was does not matter. Once a turn: in a busy folder there is always more. */
    if (read(w->inotify, events, sizeof events) > 0)
        look(w);
}

static void watch_folder(struct watchfile *w, struct loop *loop) {
    char folder[PATH_MAX];
    char *slash;

    text_copy(folder, sizeof folder, w->path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        return;
    slash[slash == folder ? 1 : 0] = '\0';
    w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->inotify == -1)
        return;
    inotify_add_watch(w->inotify, folder,
                      IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE |
                          IN_MOVED_FROM);
    w->watch = loop_watch_new(loop, w->inotify, on_inotify, w);
    loop_watch_want(w->watch, LOOP_READ);
}

struct watchfile *watchfile_new(struct loop *loop, const char *path,
                                void (*on_change)(const struct stat *now, void *arg), void *arg) {
    struct watchfile *w = xcalloc(1, sizeof *w);

    text_copy(w->path, sizeof w->path, path);
    w->on_change = on_change;
    w->arg = arg;
    w->inotify = -1;
    w->timer = loop_timer_new(loop, on_time, w);
    if (stat(path, &w->told) == -1)
        memset(&w->told, 0, sizeof w->told);
    w->seen = w->told;
    watch_folder(w, loop);
    loop_timer_set(w->timer, LOOK_MS);
    return w;
}

void watchfile_free(struct watchfile **watch) {
    struct watchfile *w = *watch;

    if (w == NULL)
        return;
    loop_watch_free(&w->watch);
    loop_timer_free(&w->timer);
    if (w->inotify != -1)
        close(w->inotify);
    free(w);
    *watch = NULL;
}
