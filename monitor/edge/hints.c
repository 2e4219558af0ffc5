/* See hints.h. Files are watched through their descriptor (/proc/self/fd), because the path may
 * stand for another file already. */
#include "hints.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "text.h"
#include "xmem.h"

struct hints {
    int fd;
    struct loop_watch *watch;
    int file[2]; /* watch numbers, -1: none */
    char name[2][NAME_MAX + 1];
    void (*on_hint)(bool name, void *arg);
    void *arg;
};

static bool is_about_name(const struct hints *h, const struct inotify_event *event) {
    if ((event->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF)) != 0)
        return true;
    return event->len > 0 &&
           (strcmp(event->name, h->name[0]) == 0 || strcmp(event->name, h->name[1]) == 0);
}

/* One read a turn: what is left wakes the loop again. */
static void on_readable(int what, void *arg) {
    struct hints *h = arg;
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t n = read(h->fd, buffer, sizeof buffer);
    bool any = false;
    bool name = false;

    (void)what;
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer + at);

        name = name || is_about_name(h, event);
        any = any || name || (event->len == 0 && (event->mask & (IN_MODIFY | IN_ATTRIB)) != 0);
        at += (ssize_t)(sizeof *event + event->len);
    }
    if (any)
        h->on_hint(name, h->arg);
}

struct hints *hints_new(struct loop *loop, void (*on_hint)(bool name, void *arg), void *arg) {
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    struct hints *h;

    if (fd == -1)
        return NULL;
    h = xcalloc(1, sizeof *h);
    *h = (struct hints){.fd = fd, .file = {-1, -1}, .on_hint = on_hint, .arg = arg};
    h->watch = loop_watch_new(loop, fd, on_readable, h);
    loop_watch_want(h->watch, LOOP_READ);
    return h;
}

void hints_free(struct hints **hints) {
    if (*hints == NULL)
        return;
    loop_watch_free(&(*hints)->watch);
    close((*hints)->fd);
    free(*hints);
    *hints = NULL;
}

static void watch_folder(struct hints *h, size_t i, const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];

    text_copy(h->name[i], sizeof h->name[i], slash != NULL ? slash + 1 : path);
    if (slash == NULL)
        text_copy(folder, sizeof folder, ".");
    else
        text_copy_span(folder, sizeof folder,
                       (struct span){path, slash == path ? 1 : (size_t)(slash - path)});
    (void)inotify_add_watch(h->fd, folder,
                            IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB |
                                IN_ONLYDIR);
}

void hints_paths(struct hints *hints, const char *path, const char *other) {
    watch_folder(hints, 0, path);
    watch_folder(hints, 1, other);
}

static int watch_file(const struct hints *h, int fd) {
    char path[64];

    if (fd == -1)
        return -1;
    text_format(path, sizeof path, "/proc/self/fd/%d", fd);
    return inotify_add_watch(h->fd, path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
}

void hints_files(struct hints *hints, int fd, int other_fd) {
    int before[2] = {hints->file[0], hints->file[1]};

    hints->file[0] = watch_file(hints, fd);
    hints->file[1] = watch_file(hints, other_fd);
    for (size_t i = 0; i < 2; i++) {
        if (before[i] != -1 && before[i] != hints->file[0] && before[i] != hints->file[1])
            (void)inotify_rm_watch(hints->fd, before[i]);
    }
}
