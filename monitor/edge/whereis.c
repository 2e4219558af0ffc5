/* See whereis.h. A folder that may not be read has no brothers: then only the path is followed. */
#include "whereis.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

#include "siblings.h"

enum {
    NS_A_S = 1000000000,
    NS_A_MS = 1000000,
    CLOCK_STEP_NS = 10000000, /* file times are that much behind */
    SHIFTING_NS = NS_A_S,     /* a rotation takes no longer */
    DISORDER_MS = 2000        /* lines of several processes are not quite in order */
};

static void list(const struct whereis *where, struct siblings *out) {
    (void)!siblings_list(where->real, out, NULL);
}

static void found(struct whereis_answer *out, struct logfile **file, uint64_t offset) {
    out->result = WHEREIS_FOUND;
    out->file = *file;
    out->offset = offset;
    *file = NULL;
}

static void failed(struct whereis_answer *out, int error, const char *text) {
    out->result = WHEREIS_FAILED;
    out->error = error;
    text_copy(out->detail, sizeof out->detail, text);
}

static void lost(struct whereis_answer *out, const char *event, const char *detail) {
    out->event = event;
    text_copy(out->detail, sizeof out->detail, detail);
}

/* Whether a brother whose name tells nothing goes on where we are: it begins with a line of a log,
 * and not with an old one. */
static bool goes_on(const struct siblings *all, size_t i, const struct whereis *where) {
    struct logfile *file;
    char head[POSITION_PREFIX];
    ssize_t n;
    const char *newline;
    int64_t stamp_ms;

    if (all->item[i].kind != ROTNAME_OTHER)
        return true;
    if (all->item[i].id.size == 0)
        return false;
    file = siblings_open(all, i, NULL);
    n = file != NULL ? logfile_read(file, head, sizeof head, 0) : 0;
    logfile_close(&file);
    newline = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
    if (newline == NULL || where->on_stamp == NULL)
        return newline != NULL;
    stamp_ms = where->on_stamp((struct span){head, (size_t)(newline - head)}, where->arg);
    return stamp_ms != -1 && stamp_ms >= where->last_s * 1000 - DISORDER_MS;
}

static size_t next_of_log(const struct siblings *all, size_t i, const struct whereis *where) {
    while (i < all->count && !goes_on(all, i, where))
        i++;
    return i;
}

/* From the beginning of brother number i, or if there are not so many, of the file under the path.
 */
static void begin_at(const struct siblings *all, size_t i, struct logfile **path,
                     struct whereis_answer *out) {
    struct logfile *file = i < all->count ? siblings_open(all, i, NULL) : NULL;

    out->new_file = true;
    if (file != NULL) {
        found(out, &file, 0);
    } else if (i < all->count) {
        out->result = WHEREIS_AGAIN;
    } else if (*path != NULL) {
        out->is_path = true;
        found(out, path, 0);
    }
}

/* Nothing was handed over before: what was written since then is new, in the file itself or in a
 * brother that it has become. */
static void begin_fresh(const struct siblings *all, const struct whereis *where,
                        const struct place *place, struct logfile **file,
                        struct whereis_answer *out) {
    int64_t since_ns = place_since(place);
    size_t i = siblings_after(all, 0, since_ns, place->ino == 0 ? since_ns : 0);

    begin_at(all, next_of_log(all, i, where), file, out);
    out->new_file = false;
}

static bool is_inode(const struct logfile *file, const struct place *place) {
    struct logfile_id id;

    return file != NULL && logfile_id(file, &id) == 0 && id.ino == place->ino &&
           id.dev == place->dev && id.btime_ns == place->btime_ns;
}

/* The place's own file among the brothers; `count`: it is none of them, as far as one can tell. */
static size_t number_of_inode(const struct siblings *all, const struct place *place) {
    const struct logfile_id id = {.dev = place->dev, .ino = place->ino};
    size_t i = siblings_index(all, &id);

    return i < all->count && place->btime_ns != 0 && all->item[i].id.btime_ns == place->btime_ns
               ? i
               : all->count;
}

/* What we know of our file is nowhere. If it was truncated, under the path or before it was
 * renamed, it is read from its beginning; else what follows it: files that were written to after
 * our last line. */
static void begin_after_gap(const struct siblings *all, const struct whereis *where,
                            const struct position *position, struct logfile **file,
                            struct whereis_answer *out) {
    size_t i = number_of_inode(all, &position->at);
    char detail[160];

    if (i < all->count || is_inode(*file, &position->at)) {
        begin_at(all, i, file, out);
        lost(out, "truncation_gap", "truncated, and no copy of it was found");
        return;
    }
    i = siblings_after(all, 0, (position->last_s + 1) * NS_A_S, position->at.btime_ns);
    begin_at(all, next_of_log(all, i, where), file, out);
    text_format(detail, sizeof detail, "no file holds the last position (%zu cannot be unpacked)",
                all->unknown);
    lost(out, "log_gap", detail);
}

/* The path stands for another file than the place: ours has been renamed, or copied and truncated.
 */
static void search(const struct siblings *all, const struct whereis *where,
                   const struct position *position, enum place_verdict verdict,
                   struct logfile **file, struct whereis_answer *out) {
    struct sibling_found brother = siblings_find(all, where->key, &position->at);
    struct logfile_id id;

    if (brother.file != NULL) {
        uint64_t offset = position->at.offset;

        if (brother.verdict == PLACE_SHORTER && logfile_id(brother.file, &id) == 0)
            offset = id.size; /* all that was copied was read before */
        out->closed = is_inode(*file, &position->at);
        found(out, &brother.file, offset);
    } else if (brother.again) {
        out->result = WHEREIS_AGAIN;
    } else if (verdict == PLACE_NUL) {
        out->is_path = true;
        found(out, file, position->at.offset);
        lost(out, "log_tail_lost", "NUL bytes stand where lines were");
    } else {
        begin_after_gap(all, where, position, file, out);
    }
}

static void judge(const struct whereis *where, const struct position *position,
                  struct logfile **file, struct whereis_answer *out) {
    enum place_verdict verdict = PLACE_OTHER;
    struct siblings all = {0};
    struct logfile_id id;

    if (*file != NULL)
        verdict = siblings_judge(*file, where->key, &position->at);
    out->is_path =
        verdict == PLACE_RESUME || verdict == PLACE_SHORTER || verdict == PLACE_REWRITTEN;
    if (verdict == PLACE_RESUME) {
        found(out, file, position->at.offset);
    } else if (verdict == PLACE_SHORTER && logfile_id(*file, &id) == 0) {
        out->skip_known = true;
        found(out, file, id.size);
        lost(out, "log_tail_lost", "the file is shorter than it was");
    } else if (verdict == PLACE_REWRITTEN) {
        out->skip_known = out->mid_line = true;
        found(out, file, position->at.offset);
        lost(out, "rewritten", "other bytes stand before the position");
    } else {
        list(where, &all);
        if (position->at.offset == 0)
            begin_fresh(&all, where, &position->at, file, out);
        else
            search(&all, where, position, verdict, file, out);
        siblings_clear(&all);
    }
}

void whereis_first(const struct whereis *where, bool from_beginning, unsigned char *buffer,
                   struct position *position, struct whereis_answer *out) {
    int64_t now_ms = clock_wall_ms();
    struct fault why = {""};
    struct logfile *file = logfile_open(where->path, true, &why);
    struct logfile_id id;

    *out = (struct whereis_answer){.result = WHEREIS_NONE, .is_path = true, .mid_line = true};
    if (file == NULL && errno != ENOENT && errno != ENOTDIR) {
        failed(out, errno, why.text);
    } else if (file == NULL) {
        *position = (struct position){0};
        place_begin(&position->at, where->key, now_ms * NS_A_MS - CLOCK_STEP_NS);
    } else if (from_beginning || logfile_id(file, &id) == -1) {
        found(out, &file, 0);
    } else {
        uint64_t offset = cursor_line_start(file, id.size, buffer);

        found(out, &file, offset);
    }
}

void whereis_place(const struct whereis *where, const struct position *position,
                   struct whereis_answer *out) {
    struct fault why = {""};
    struct logfile *file = logfile_open(where->path, true, &why);

    *out = (struct whereis_answer){.result = WHEREIS_NONE};
    if (file == NULL && errno != ENOENT && errno != ENOTDIR) {
        failed(out, errno, why.text);
        return;
    }
    judge(where, position, &file, out);
    logfile_close(&file);
}

void whereis_old(const struct whereis *where, const struct position *position,
                 struct whereis_answer *out) {
    struct siblings all;
    struct sibling_found brother;

    *out = (struct whereis_answer){.result = WHEREIS_NONE};
    list(where, &all);
    brother = siblings_find_old(&all, where->key, position);
    siblings_clear(&all);
    if (brother.file != NULL)
        found(out, &brother.file, position->old_offset);
    else if (brother.again)
        out->result = WHEREIS_AGAIN;
}

/* The cursor's file among the brothers, under its inode or compressed; `count`: it is none. */
static size_t number_of_own(const struct siblings *all, const struct whereis *where,
                            const struct cursor *cursor, bool *again) {
    size_t i = siblings_index(all, &cursor->id);
    struct place place;
    struct sibling_found brother;

    *again = false;
    if (i < all->count || logfile_compressed(cursor->file) || cursor->offset == 0)
        return i;
    cursor_place(cursor, &place);
    brother = siblings_find(all, where->key, &place);
    *again = brother.file == NULL && brother.again;
    if (brother.file != NULL)
        i = brother.i;
    logfile_close(&brother.file);
    return i;
}

/* Which of the brothers follows the cursor's file, brother `own`; `count`: the path. */
static size_t number_of_next(const struct siblings *all, const struct whereis *where,
                             const struct cursor *cursor, size_t own) {
    bool compressed = logfile_compressed(cursor->file);
    struct logfile_id now;

    if (own < all->count)
        return next_of_log(all, own + 1, where);
    if (logfile_id(cursor->file, &now) == -1)
        return all->count;
    return next_of_log(all, siblings_after(all, 0, now.mtime_ns, compressed ? 0 : now.btime_ns),
                       where);
}

/* The file under the path, if it is still the one that was there before the folder was read: else
 * it was rotated again meanwhile, and a file between would be missed. */
static void open_path(const struct siblings *all, const struct whereis *where,
                      const struct logfile_id *there, struct whereis_answer *out) {
    struct fault why = {""};
    struct logfile *file = logfile_open(where->path, true, &why);
    struct logfile_id id;

    if (file == NULL && errno == ENOENT) {
        out->result = WHEREIS_AGAIN;
    } else if (file == NULL) {
        failed(out, errno, why.text);
    } else if (logfile_id(file, &id) == -1 || id.ino != there->ino || id.dev != there->dev ||
               siblings_index(all, &id) != all->count) {
        logfile_close(&file);
        out->result = WHEREIS_AGAIN;
    } else {
        out->is_path = true;
        found(out, &file, 0);
    }
}

/* Whether a brother is missing between `own` and `next`, by their numbers. */
static bool numbers_have_hole(const struct siblings *all, size_t own, size_t next) {
    bool to_path = next >= all->count;

    if (!all->in_order || own >= all->count || all->item[own].kind != ROTNAME_NUMBER ||
        (!to_path && all->item[next].kind != ROTNAME_NUMBER))
        return false;
    return to_path ? all->item[own].number > 1 : all->item[own].number > all->item[next].number + 1;
}

/* The same by times: a file is renamed, or deleted, when the next one is made. One that was touched
 * again since then tells nothing. */
static bool times_have_hole(const struct logfile_id *own, const struct logfile_id *next) {
    return own->btime_ns != 0 && next->btime_ns > own->changed_ns + SHIFTING_NS;
}

/* Says in the answer when what was found cannot be all. */
static void check_chain(const struct siblings *all, const struct whereis *where,
                        const struct cursor *cursor, size_t own, size_t next,
                        struct whereis_answer *out) {
    bool compressed = logfile_compressed(cursor->file);
    struct logfile_id now;
    struct logfile_id id;
    bool hole;

    if (out->result != WHEREIS_FOUND || cursor->closed || logfile_id(cursor->file, &now) == -1 ||
        logfile_id(out->file, &id) == -1)
        return;
    hole = numbers_have_hole(all, own, next);
    if (hole && clock_wall_ms() * NS_A_MS - now.changed_ns < SHIFTING_NS) {
        logfile_close(&out->file); /* perhaps the names are being shifted just now */
        out->result = WHEREIS_AGAIN;
    } else if (hole || (!compressed && !where->absent && !logfile_compressed(out->file) &&
                        times_have_hole(&now, &id))) {
        lost(out, "log_gap", "a file of the log is missing between two others");
    }
}

void whereis_next(const struct whereis *where, const struct cursor *cursor,
                  struct whereis_answer *out) {
    struct siblings all;
    struct logfile_id there;
    int error = logfile_identify(where->path, true, &there) == 0 ? 0 : errno;
    size_t own;
    size_t next;
    bool again;

    *out = (struct whereis_answer){.result = WHEREIS_NONE, .new_file = true};
    list(where, &all);
    own = number_of_own(&all, where, cursor, &again);
    next = number_of_next(&all, where, cursor, own);
    if (again)
        out->result = WHEREIS_AGAIN;
    else if (next < all.count)
        begin_at(&all, next, &(struct logfile *){NULL}, out);
    else if (error == 0)
        open_path(&all, where, &there, out);
    else if (error != ENOENT && error != ENOTDIR)
        failed(out, error, strerror(error));
    check_chain(&all, where, cursor, own, next, out);
    siblings_clear(&all);
}

bool whereis_stands(const struct whereis *where, const struct cursor *cursor,
                    struct whereis_answer *out) {
    struct logfile_id id;

    *out = (struct whereis_answer){.result = WHEREIS_FOUND, .is_path = true};
    if (logfile_identify(where->path, true, &id) == -1 || id.ino != cursor->id.ino ||
        id.dev != cursor->id.dev)
        return false;
    if (faccessat(AT_FDCWD, where->path, R_OK, AT_EACCESS) == -1) {
        out->result = WHEREIS_FAILED;
        out->error = errno;
        text_format(out->detail, sizeof out->detail, "%s: %s", where->path, strerror(errno));
    }
    return true;
}

static bool is_copy(const struct sibling *brother, const struct cursor *cursor, uint64_t old_ino) {
    return !brother->compressed && brother->id.ino != cursor->id.ino &&
           brother->id.ino != old_ino && brother->id.size > 0 &&
           brother->id.mtime_ns > cursor->id.mtime_ns &&
           brother->id.btime_ns > cursor->opened_ns - CLOCK_STEP_NS;
}

bool whereis_copied(const struct whereis *where, const struct cursor *cursor, uint64_t old_ino) {
    struct whereis_answer stands;
    struct siblings all;
    struct logfile_id id;
    size_t before; /* what comes later than our file is no copy of it */
    bool copied = false;

    if (logfile_compressed(cursor->file) || logfile_id(cursor->file, &id) == -1 ||
        id.mtime_ns <= cursor->id.mtime_ns)
        return false;
    list(where, &all);
    before = siblings_index(&all, &cursor->id);
    if (before == all.count && !whereis_stands(where, cursor, &stands))
        before = 0;
    for (size_t i = 0; i < before; i++)
        copied = copied || is_copy(&all.item[i], cursor, old_ino);
    siblings_clear(&all);
    return copied;
}

void whereis_follow(const char *path, char *real, size_t size) {
    char *found_path = realpath(path, NULL);

    if (found_path != NULL)
        text_copy(real, size, found_path);
    free(found_path);
}
