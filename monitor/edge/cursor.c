/* See cursor.h. NUL bytes: after a power cut a file may end in a run of them (the size was written,
 * the data was not), and a writer that does not append leaves a hole of them after a truncation.
 * The next line is glued to their end. So NULs at the beginning of a line are dropped, and a run of
 * NUL_RUN or more inside one parts it. */
#include "cursor.h"

#include <errno.h>
#include <string.h>

#include "clock.h"

enum { NUL_RUN = 16, NS_A_MS = 1000000 };

static size_t at_most(uint64_t n, size_t most) {
    return n < most ? (size_t)n : most;
}

/* What is read again overwrites: the bytes behind the place may have been replaced. */
static void keep_head(struct cursor *c, const unsigned char *bytes, size_t n, uint64_t at) {
    if (at >= POSITION_PREFIX)
        return;
    n = at_most(n, POSITION_PREFIX - (size_t)at);
    memcpy(c->head + at, bytes, n);
}

/* What stands at the beginning, whose bytes are before the offset or, at offset 0, are to be read
 * first. */
static bool read_head(struct cursor *c) {
    size_t wanted = at_most(c->offset, POSITION_PREFIX);
    ssize_t n;

    if (c->offset == 0 && !logfile_compressed(c->file))
        wanted = at_most(c->id.size, POSITION_PREFIX);
    n = logfile_read(c->file, c->head, wanted, 0);
    if (n == -1 || (c->offset > 0 && (size_t)n < wanted))
        return false;
    c->begun = c->offset == 0 ? (size_t)n : 0;
    return true;
}

bool cursor_open(struct cursor *cursor, struct logfile **file, const struct hash_key *key,
                 uint64_t offset, const struct hash128 *known_tail) {
    size_t tail = at_most(offset, POSITION_TAIL);
    ssize_t n;

    *cursor = (struct cursor){.file = *file,
                              .key = key,
                              .offset = offset,
                              .scan = offset,
                              .data_ms = clock_mono_ms(),
                              .opened_ns = clock_wall_ms() * NS_A_MS};
    *file = NULL;
    if (logfile_id(cursor->file, &cursor->id) == -1 || !read_head(cursor))
        goto fail;
    if (logfile_compressed(cursor->file) && tail > 0) {
        cursor->check = known_tail != NULL ? CURSOR_BY_HASH : CURSOR_UNCHECKED;
        cursor->want_tail = known_tail != NULL ? *known_tail : (struct hash128){{0, 0}};
        return true;
    }
    n = logfile_read(cursor->file, cursor->window, tail, offset - tail);
    if (n != -1 && (size_t)n == tail)
        return true;
fail:
    cursor_close(cursor);
    return false;
}

void cursor_close(struct cursor *cursor) {
    logfile_close(&cursor->file);
    cursor->offset = cursor->scan = 0;
}

/* The bytes before scan, as they stand at the front of the buffer, against those that stood there.
 */
static bool tail_is_same(struct cursor *c, const unsigned char *buffer, size_t before) {
    struct hash128 tail;

    if (c->check == CURSOR_BY_BYTES)
        return memcmp(buffer, c->window, before) == 0;
    tail = hash_bytes(c->key, buffer, before);
    memcpy(c->window, buffer, before);
    if (c->check == CURSOR_UNCHECKED)
        c->want_tail = tail;
    c->check = CURSOR_BY_BYTES;
    return tail.h[0] == c->want_tail.h[0] && tail.h[1] == c->want_tail.h[1];
}

/* The same before the first line was handed over: by the bytes that stood there at the opening. */
static bool begins_as_before(const struct cursor *c, const unsigned char *buffer, size_t got) {
    return c->scan > 0 || c->begun == 0 ||
           (got >= c->begun && memcmp(buffer, c->head, c->begun) == 0);
}

/* One pass over what was read. */
struct scan {
    struct cursor *c;
    unsigned char *p;
    unsigned char *end;
    bool nul; /* there are NUL bytes somewhere */
    const struct cursor_calls *calls;
};

/* Everything before `next` is done with. */
static void settle(struct scan *s, unsigned char *next) {
    s->c->offset += (uint64_t)(next - s->p);
    s->c->live = next;
    s->p = next;
}

static void hand_over(struct scan *s, unsigned char *line, size_t n) {
    if (n > 0 && line[n - 1] == '\r')
        n--;
    s->calls->on_line((struct span){(const char *)line, n}, s->calls->arg);
}

/* The first run of NULs in [p, end), or NULL; *after is where it ends. */
static unsigned char *find_nul_run(unsigned char *p, unsigned char *end, unsigned char **after) {
    while ((p = memchr(p, '\0', (size_t)(end - p))) != NULL) {
        unsigned char *q = p;

        while (q < end && *q == '\0')
            q++;
        *after = q;
        if (q - p >= NUL_RUN)
            return p;
        p = q;
    }
    return NULL;
}

static void drop_nuls(struct scan *s) {
    unsigned char *p = s->p;

    while (p < s->end && *p == '\0')
        p++;
    s->c->nul_run += (uint64_t)(p - s->p);
    if (s->c->nul_run > CURSOR_LINE && s->c->nul_run - (uint64_t)(p - s->p) <= CURSOR_LINE)
        s->c->long_lines++;
    settle(s, p);
}

/* The line at s->p, which ends before `stop`, where the next one begins at `next`. Returns false if
 * only its first part, up to a run of NULs, was taken. */
static bool take_line(struct scan *s, unsigned char *stop, unsigned char *next) {
    unsigned char *line = s->p;
    unsigned char *after;

    if (s->nul) {
        unsigned char *run = find_nul_run(line, stop, &after);

        if (run != NULL) {
            settle(s, after);
            hand_over(s, line, (size_t)(run - line));
            return false;
        }
    }
    s->c->nul_run = 0;
    settle(s, next);
    if (stop - line > CURSOR_LINE)
        s->c->long_lines++;
    else
        hand_over(s, line, (size_t)(stop - line));
    return true;
}

/* Looks for the newline that ends a line which is too long. */
static void skip_on(struct scan *s, uint64_t base, unsigned char *buffer) {
    unsigned char *newline = memchr(s->p, '\n', (size_t)(s->end - s->p));

    if (newline == NULL) {
        s->p = s->end;
        return;
    }
    s->p = newline + 1;
    s->c->skipping = false;
    s->c->offset = base + (uint64_t)(s->p - buffer);
    s->c->live = s->p;
}

/* No newline follows: waits for the rest of the line, unless it is too long already. Returns false
 * if it made a step. */
static bool take_rest(struct scan *s) {
    unsigned char *after;
    unsigned char *run;
    size_t tail = at_most(s->c->offset, POSITION_TAIL);

    if (s->end - s->p <= CURSOR_LINE)
        return true;
    run = s->nul ? find_nul_run(s->p, s->end, &after) : NULL;
    if (run != NULL)
        return take_line(s, s->end, s->end);
    s->c->kept_tail = hash_bytes(s->c->key, s->p - tail, tail);
    s->c->skipping = true;
    s->c->long_lines++;
    s->p = s->end;
    return true;
}

static void scan_lines(struct scan *s, uint64_t base, unsigned char *buffer) {
    while (s->p < s->end) {
        unsigned char *newline;

        if (s->c->skipping) {
            skip_on(s, base, buffer);
            continue;
        }
        if (s->nul && *s->p == '\0') {
            drop_nuls(s);
            continue;
        }
        newline = memchr(s->p, '\n', (size_t)(s->end - s->p));
        if (newline != NULL)
            take_line(s, newline, newline + 1);
        else if (take_rest(s))
            break;
    }
}

enum cursor_step cursor_step(struct cursor *cursor, unsigned char *buffer,
                             const struct cursor_calls *calls) {
    size_t before = at_most(cursor->scan, POSITION_TAIL);
    size_t wanted = before + CURSOR_CHUNK;
    uint64_t base = cursor->scan - before;
    ssize_t got = logfile_read(cursor->file, buffer, wanted, base);
    struct scan s = {.c = cursor, .calls = calls};

    if (got == -1)
        return errno == EAGAIN ? CURSOR_MORE : CURSOR_FAILED;
    if ((size_t)got < before || !begins_as_before(cursor, buffer, (size_t)got))
        return CURSOR_CHANGED;
    if (!tail_is_same(cursor, buffer, before))
        return logfile_compressed(cursor->file) ? CURSOR_REWRITTEN : CURSOR_CHANGED;
    if ((size_t)got == before) {
        cursor->waiting = 0;
        return CURSOR_END;
    }
    keep_head(cursor, buffer, (size_t)got, base);
    s.p = buffer + before;
    cursor->live = s.p;
    s.end = buffer + got;
    s.nul = memchr(s.p, '\0', (size_t)(s.end - s.p)) != NULL;
    scan_lines(&s, base, buffer);
    if ((uint64_t)(s.end - s.p) != cursor->waiting || s.p != buffer + before)
        cursor->data_ms = clock_mono_ms();
    cursor->waiting = (uint64_t)(s.end - s.p);
    cursor->scan = base + (uint64_t)(s.p - buffer);
    before = at_most(cursor->scan, POSITION_TAIL);
    memcpy(cursor->window, s.p - before, before);
    cursor->live = NULL;
    return (size_t)got == wanted ? CURSOR_MORE : CURSOR_END;
}

bool cursor_take_last(struct cursor *cursor, unsigned char *buffer,
                      const struct cursor_calls *calls) {
    size_t before = at_most(cursor->scan, POSITION_TAIL);
    size_t size = before + (size_t)cursor->waiting;
    ssize_t got;
    struct scan s = {.c = cursor, .p = buffer + before, .end = buffer + size, .calls = calls};

    if (cursor->skipping || cursor->waiting == 0)
        return false;
    got = logfile_read(cursor->file, buffer, size, cursor->scan - before);
    if (got == -1 || (size_t)got != size)
        return false;
    s.nul = true; /* look for them */
    while (s.p < s.end) {
        if (*s.p == '\0')
            drop_nuls(&s);
        else
            take_line(&s, s.end, s.end);
    }
    cursor->scan = cursor->offset;
    cursor->waiting = 0;
    before = at_most(cursor->scan, POSITION_TAIL);
    memcpy(cursor->window, s.p - before, before);
    cursor->live = NULL;
    return true;
}

void cursor_place(const struct cursor *cursor, struct place *out) {
    const unsigned char *tail = cursor->window;

    *out = (struct place){.offset = cursor->offset,
                          .dev = cursor->id.dev,
                          .ino = cursor->id.ino,
                          .btime_ns = cursor->id.btime_ns};
    if (cursor->live != NULL && !cursor->skipping)
        tail = cursor->live - at_most(cursor->offset, POSITION_TAIL);
    if (cursor->offset == 0) {
        /* Its last write when it was opened: of what it holds, if anything, that write is new. */
        place_begin(out, cursor->key, cursor->id.mtime_ns - (cursor->id.size > 0 ? 1 : 0));
        return;
    }
    place_hash(out, cursor->key, cursor->head, tail);
    if (cursor->skipping)
        out->tail = cursor->kept_tail;
    else if (cursor->check != CURSOR_BY_BYTES)
        out->tail = cursor->want_tail;
}

void cursor_skip_line(struct cursor *cursor) {
    size_t tail = at_most(cursor->offset, POSITION_TAIL);

    if (tail == 0 || cursor->window[tail - 1] == '\n')
        return;
    cursor->kept_tail = hash_bytes(cursor->key, cursor->window, tail);
    cursor->skipping = true;
}

bool cursor_drop_rest(struct cursor *cursor) {
    uint64_t end = cursor->scan + cursor->waiting;
    size_t tail = at_most(end, POSITION_TAIL);
    ssize_t n = logfile_read(cursor->file, cursor->window, tail, end - tail);

    if (n == -1 || (size_t)n != tail)
        return false;
    cursor->offset = cursor->scan = end;
    cursor->waiting = 0;
    cursor->skipping = false;
    return true;
}

uint64_t cursor_lag(const struct cursor *cursor, uint64_t *size_out) {
    struct logfile_id id;

    *size_out = cursor->offset;
    if (cursor->file != NULL && !logfile_compressed(cursor->file) &&
        logfile_id(cursor->file, &id) == 0)
        *size_out = id.size;
    return *size_out > cursor->offset ? *size_out - cursor->offset : 0;
}

bool cursor_is_quiet(const struct cursor *cursor, int64_t quiet_ms, int64_t now_ms) {
    struct logfile_id id;

    if (cursor->closed || logfile_compressed(cursor->file))
        return true;
    if ((cursor->gone_ms != 0 && now_ms - cursor->gone_ms < quiet_ms) ||
        logfile_id(cursor->file, &id) == -1 || id.size > cursor->scan + cursor->waiting)
        return false;
    return clock_wall_ms() - id.changed_ns / NS_A_MS >= quiet_ms ||
           now_ms - cursor->data_ms >= quiet_ms;
}

uint64_t cursor_line_start(struct logfile *file, uint64_t size, unsigned char *buffer) {
    size_t n = at_most(size, CURSOR_LINE);
    ssize_t got = logfile_read(file, buffer, n, size - n);
    const unsigned char *newline;

    if (got == -1 || (size_t)got != n || n == 0)
        return size;
    newline = memrchr(buffer, '\n', n);
    if (newline != NULL)
        return size - n + (uint64_t)(newline + 1 - buffer);
    return size == n ? 0 : size;
}
