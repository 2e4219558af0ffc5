/* See ledgerfile.h. From below: writing frames, reading a file frame by frame, choosing which file
 * has the entries, the interface. */
#include "ledgerfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"
#include "xmem.h"

#include "ledgerframe.h"

enum { FILES = 2, LENGTH_LEAST = 1024 * 1024 };

struct ledgerfile {
    char path[FILES][300];
    char lineage[33];
    int fd;  /* of the one that is written; -1: none */
    int now; /* which that is */
    uint64_t generation;
    uint64_t length;
    uint64_t begun_length; /* when all entries were written; 0: they are not */
    bool unsynced;
    struct fault trouble; /* why nothing is written; "": it is */
    bool told;
    uint64_t step;    /* of the frame that is built */
    bool whole;       /* likewise */
    uint32_t changes; /* in it */
    unsigned char frame[LEDGERFRAME_BYTES];
};

struct ledgerfile *ledgerfile_new(const char *folder, const char *lineage) {
    struct ledgerfile *f = xcalloc(1, sizeof *f);

    for (int i = 0; i < FILES; i++)
        text_format(f->path[i], sizeof f->path[i], "%s/ledger.%c", folder, 'a' + i);
    text_copy(f->lineage, sizeof f->lineage, lineage);
    f->fd = -1;
    return f;
}

static void close_file(struct ledgerfile *f) {
    if (f->fd != -1)
        close(f->fd);
    f->fd = -1;
}

void ledgerfile_free(struct ledgerfile **file) {
    if (*file == NULL)
        return;
    close_file(*file);
    free(*file);
    *file = NULL;
}

/* ---- writing ---- */

static void write_bytes(struct ledgerfile *f, const unsigned char *data, size_t size) {
    if (f->trouble.text[0] != '\0')
        return;
    if (file_write_all(f->fd, data, size, &f->trouble) == -1) {
        fault_wrap(&f->trouble, "%s", f->path[f->now]);
        close_file(f); /* nothing may stand behind half a frame */
        return;
    }
    f->length += size;
    f->unsynced = true;
}

static void seal(struct ledgerfile *f, bool more) {
    const struct ledgerframe frame = {
        .step = f->step, .changes = f->changes, .more = more, .whole = f->whole};

    write_bytes(f, f->frame, ledgerframe_seal(&frame, f->generation, f->frame));
    f->changes = 0;
}

static void on_change(const struct open_change *change, void *arg) {
    struct ledgerfile *f = arg;

    if (f->changes == LEDGERFRAME_CHANGES)
        seal(f, true);
    ledgerframe_put_change(change, f->changes++, f->frame);
}

static int open_new(struct ledgerfile *f, const char *path, struct fault *why) {
    struct stat status;

    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (f->fd == -1)
        return fault_errno(why, "open %s", path);
    if (fstat(f->fd, &status) == -1 || !S_ISREG(status.st_mode))
        return fault_set(why, "%s: not a regular file", path);
    if (ftruncate(f->fd, 0) == -1)
        return fault_errno(why, "truncate %s", path);
    return status.st_size == 0 ? file_sync_folder(path, why) : 0;
}

static void begin_file(struct ledgerfile *f, struct ledger *ledger) {
    struct ledgerframe_head head = {.generation = ++f->generation};
    unsigned char bytes[LEDGERFRAME_HEAD_BYTES];

    close_file(f);
    f->length = f->begun_length = 0;
    f->trouble.text[0] = '\0';
    if (open_new(f, f->path[f->now], &f->trouble) == -1) {
        close_file(f);
        return;
    }
    text_copy(head.lineage, sizeof head.lineage, f->lineage);
    ledgerframe_put_head(&head, bytes);
    write_bytes(f, bytes, sizeof bytes);
    f->step = ledger_totals(ledger)->step;
    f->whole = true;
    ledger_each(ledger, on_change, f);
    seal(f, false);
    f->whole = false;
    if (f->trouble.text[0] != '\0')
        return;
    f->begun_length = f->length;
    f->told = false;
}

/* ---- reading ---- */

/* A file frame by frame. */
struct walk {
    int fd;
    uint64_t generation;
    struct ledgerframe frame;
    const unsigned char *at; /* the frame */
    size_t size;             /* of the frame; 0: none yet */
    uint64_t end;            /* offset behind it */
    size_t have;             /* bytes in the buffer */
    unsigned char buffer[2 * LEDGERFRAME_BYTES];
};

static bool walk_begin(struct walk *w, const struct ledgerfile *f, int which) {
    struct ledgerframe_head head;
    struct stat status;
    unsigned char bytes[LEDGERFRAME_HEAD_BYTES];

    w->fd = open(f->path[which], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (w->fd == -1)
        return false;
    if (fstat(w->fd, &status) == 0 && S_ISREG(status.st_mode) &&
        pread(w->fd, bytes, sizeof bytes, 0) == sizeof bytes &&
        ledgerframe_get_head(bytes, sizeof bytes, &head) == 0 &&
        strcmp(head.lineage, f->lineage) == 0) {
        w->generation = head.generation;
        w->end = LEDGERFRAME_HEAD_BYTES;
        w->at = w->buffer;
        w->size = w->have = 0;
        return true;
    }
    close(w->fd);
    return false;
}

/* Moves what is left to the front of the buffer and fills it up. */
static void refill(struct walk *w) {
    size_t left = (size_t)(w->buffer + w->have - w->at);
    ssize_t n;

    memmove(w->buffer, w->at, left);
    w->at = w->buffer;
    w->have = left;
    do {
        n = pread(w->fd, w->buffer + w->have, sizeof w->buffer - w->have,
                  (off_t)(w->end + w->have));
        if (n > 0)
            w->have += (size_t)n;
    } while ((n > 0 && w->have < sizeof w->buffer) || (n == -1 && errno == EINTR));
}

static bool walk_next(struct walk *w) {
    w->at += w->size;
    if ((size_t)(w->buffer + w->have - w->at) < LEDGERFRAME_BYTES)
        refill(w);
    w->size =
        ledgerframe_get(w->at, (size_t)(w->buffer + w->have - w->at), w->generation, &w->frame);
    w->end += w->size;
    return w->size > 0;
}

/* What one file has. */
struct content {
    bool begun; /* all of the entries that it begins with are there */
    uint64_t generation;
    uint64_t last_step; /* the last that is there to its end */
    uint64_t end;       /* of that, or of the step that was asked for */
    bool has_step;
};

static struct content look_into(const struct ledgerfile *f, int which, uint64_t step,
                                struct walk *w) {
    struct content c = {0};

    if (!walk_begin(w, f, which))
        return c;
    c.generation = w->generation;
    while (walk_next(w) && (c.begun || w->frame.whole)) {
        if (w->frame.more)
            continue;
        c.begun = true;
        c.last_step = w->frame.step;
        if (!c.has_step)
            c.end = w->end;
        c.has_step |= w->frame.step == step;
    }
    close(w->fd);
    return c;
}

static void bring_back(const struct ledgerfile *f, int which, uint64_t end, struct ledger *ledger,
                       struct walk *w) {
    if (!walk_begin(w, f, which))
        return;
    while (w->end < end && walk_next(w)) {
        for (uint32_t i = 0; i < w->frame.changes; i++) {
            struct open_change change = ledgerframe_change(w->at, i);

            ledger_restore_entry(ledger, &change);
        }
    }
    close(w->fd);
}

/* Which file to take: one that has the step, the newer first; else the newer one if it ends before
 * it. -1: none. */
static int choose(const struct content c[FILES], uint64_t step) {
    int newer = c[1].begun && (!c[0].begun || c[1].generation > c[0].generation);

    if (c[newer].has_step || c[1 - newer].has_step)
        return c[newer].has_step ? newer : 1 - newer;
    return c[newer].begun && c[newer].last_step < step ? newer : -1;
}

/* ---- the interface ---- */

static void forget(const struct open_change *change, void *arg) {
    (void)change;
    (void)arg;
}

enum ledgerfile_found ledgerfile_load(struct ledgerfile *f, struct ledger *ledger, int64_t now_ms) {
    struct walk *walk = xcalloc(1, sizeof *walk);
    uint64_t step = ledger_totals(ledger)->step;
    uint64_t last_step = 0;
    uint16_t life;
    struct content c[FILES];
    int chosen;

    for (int i = 0; i < FILES; i++) {
        c[i] = look_into(f, i, step, walk);
        if (c[i].generation > f->generation)
            f->generation = c[i].generation;
        if (c[i].last_step > last_step)
            last_step = c[i].last_step;
    }
    chosen = choose(c, step);
    if (chosen != -1) {
        bring_back(f, chosen, c[chosen].end, ledger, walk);
        f->now = 1 - chosen; /* it stays until totals of ours are saved */
    }
    free(walk);
    if (getrandom(&life, sizeof life, GRND_NONBLOCK) == -1)
        life = (uint16_t)getpid();
    ledger_settle(ledger, last_step, life, now_ms);
    (void)ledger_commit(ledger, forget, NULL);
    begin_file(f, ledger);
    if (chosen != -1)
        return c[chosen].has_step ? LEDGERFILE_EXACT : LEDGERFILE_OLDER;
    return step == 0 ? LEDGERFILE_EXACT : LEDGERFILE_NONE;
}

/* The trouble, told once. */
static int outcome(struct ledgerfile *f, struct fault *why) {
    if (f->trouble.text[0] == '\0' || f->told)
        return 0;
    f->told = true;
    return fault_set(why, "%s", f->trouble.text);
}

int ledgerfile_commit(struct ledgerfile *f, struct ledger *ledger, struct fault *why) {
    f->step = ledger_totals(ledger)->step + LEDGER_STEP;
    if (!ledger_commit(ledger, on_change, f))
        return 0;
    seal(f, false);
    return outcome(f, why);
}

bool ledgerfile_is_due(const struct ledgerfile *f) {
    return f->trouble.text[0] != '\0' ||
           f->length - f->begun_length > LENGTH_LEAST + 2 * f->begun_length;
}

int ledgerfile_renew(struct ledgerfile *f, struct ledger *ledger, struct fault *why) {
    if (f->begun_length > 0) /* else this one has nothing, and the other one may have */
        f->now = 1 - f->now;
    begin_file(f, ledger);
    return outcome(f, why);
}

int ledgerfile_sync(struct ledgerfile *f, struct fault *why) {
    if (!f->unsynced || f->fd == -1)
        return 0;
    f->unsynced = false;
    if (fdatasync(f->fd) == -1)
        return fault_errno(why, "fdatasync %s", f->path[f->now]);
    return 0;
}
