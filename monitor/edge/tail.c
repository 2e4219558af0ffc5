/* See tail.h. Two cursors: `cur` in the file that is read now, `old` in the one before it during
 * its quiet time. The way of a line: turn -> read_some -> cursor_step -> on_cur_line ->
 * calls.on_line.
 *
 * When the place of `cur` is not known (at the beginning), or its bytes are no longer there
 * (truncation), `lost` is set: `place` is where we were, and resolve() looks for it by the table of
 * logic/position.c. */
#include "tail.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cursor.h"
#include "hints.h"
#include "logfile.h"
#include "news.h"
#include "whereis.h"
#include "xmem.h"

enum {
    QUIET_MS = 5000,
    LOOK_MS = 1000, /* between two looks without a hint */
    SOON_MS = 20,
    LOOK_BLIND_MS = 250, /* the same where there is no inotify */
    TURN_MS = 10,        /* after this a turn ends */
    HURRY = 25,          /* a part of the quiet time: all that a file waits when two follow it */
    CHANGES_A_TURN = 4,
};

struct tail {
    struct loop *loop;
    struct hash_key key;
    struct tail_calls calls;
    char path[PATH_MAX];
    char real[PATH_MAX]; /* what path led to when it was last there */
    struct cursor cur;
    struct cursor old;     /* file NULL: none */
    struct position place; /* while lost, anchored or skip_before_ms is set */
    bool lost;
    bool no_place; /* lost, and there is not even a place: the first beginning */
    bool from_beginning;
    bool started;
    bool look;          /* see what the path stands for, at the next end */
    int64_t look_at_ms; /* at the latest then */
    bool soon;          /* names changed while we looked: look again very soon */
    bool anchored;      /* place is where the file before cur ended */
    bool hurry;         /* cur was rotated, too: old must make room */
    bool announce;      /* the beginning is not yet told by on_batch */
    bool lines;         /* some were handed over since the last on_batch */
    uint64_t line_end;  /* of the line in hand */
    bool noted;         /* tail_note_time was called */
    uint32_t gen;
    int64_t last_s;
    int64_t skip_before_ms; /* lines before this time are known; 0: none */
    int64_t quiet_ms;
    bool use_hints;
    struct hints *hints;
    struct loop_timer *timer;
    struct news news;
    unsigned char buffer[CURSOR_BUFFER];
};

static void make_batch(struct tail *t) {
    if (t->lines && !t->noted)
        t->last_s = clock_wall_ms() / 1000;
    t->lines = false;
    t->calls.on_batch(t->calls.arg);
}

static bool is_known_line(struct tail *t, struct span line) {
    int64_t stamp_ms;

    if (t->skip_before_ms == 0)
        return false;
    stamp_ms = t->calls.on_stamp(line, t->calls.arg);
    if (stamp_ms == -1 || stamp_ms < t->skip_before_ms)
        return true;
    t->skip_before_ms = 0;
    return false;
}

static void on_cur_line(struct span line, void *arg) {
    struct tail *t = arg;

    if (is_known_line(t, line))
        return;
    t->lines = true;
    t->line_end = t->cur.offset;
    t->calls.on_line(line, t->calls.arg);
}

static void on_old_line(struct span line, void *arg) {
    struct tail *t = arg;

    t->lines = true;
    t->line_end = t->old.offset;
    t->calls.on_line(line, t->calls.arg);
}

static struct cursor_calls line_calls(struct tail *t, const struct cursor *c) {
    return (struct cursor_calls){.on_line = c == &t->cur ? on_cur_line : on_old_line, .arg = t};
}

static void watch_files(struct tail *t) {
    if (t->hints == NULL)
        return;
    hints_files(t->hints, t->cur.file != NULL ? logfile_fd(t->cur.file) : -1,
                t->old.file != NULL ? logfile_fd(t->old.file) : -1);
    hints_paths(t->hints, t->path, t->real);
}

static struct whereis where(const struct tail *t) {
    return (struct whereis){.path = t->path,
                            .real = t->real,
                            .key = &t->key,
                            .last_s = t->last_s,
                            .absent = t->news.missing_ms != 0,
                            .on_stamp = t->calls.on_stamp,
                            .arg = t->calls.arg};
}

/* `cur` begins in the file of the answer. */
static bool adopt(struct tail *t, struct whereis_answer *answer) {
    bool by_time = answer->skip_known && t->calls.on_stamp != NULL;

    if (!cursor_open(&t->cur, &answer->file, &t->key, by_time ? 0 : answer->offset,
                     &t->place.at.tail)) {
        news_failure(&t->news, EIO, "cannot read the bytes before the position");
        return false;
    }
    if (answer->mid_line && !by_time)
        cursor_skip_line(&t->cur);
    if (by_time)
        t->skip_before_ms = (t->place.last_s + 1) * 1000;
    t->cur.closed = answer->closed;
    t->gen += answer->new_file ? 1 : 0;
    t->lost = t->no_place = false;
    t->look = true;
    watch_files(t);
    if (answer->event != NULL)
        news_gap(&t->news, answer->event, answer->detail);
    return true;
}

/* The current position. A place needs bytes before it to be known again, so as long as nothing of
 * the new file was handed over the end of the one before it is the position: from there one comes
 * to the new file. */
static void get_position(const struct tail *t, struct position *out) {
    struct place old;

    if (t->lost || t->skip_before_ms != 0 || (t->anchored && t->cur.offset == 0)) {
        *out = t->place;
    } else {
        *out = (struct position){.gen = t->gen, .last_s = t->last_s};
        cursor_place(&t->cur, &out->at);
    }
    if (t->old.file == NULL || (t->lost && t->place.has_old))
        return;
    cursor_place(&t->old, &old);
    if (out->at.offset == 0) {
        out->at = old;
        return;
    }
    out->has_old = true;
    out->old_offset = old.offset;
    out->old_ino = old.ino;
    out->old_mark = position_mark(&old, &t->key);
}

void tail_position(struct tail *tail, char *out, size_t size) {
    struct position position;

    out[0] = '\0';
    if (!tail->started || tail->no_place)
        return;
    get_position(tail, &position);
    position_encode(&position, out, size);
}

/* The end of a file all of whose lines were known: what comes now is new. A torn line before it is
 * none. */
static void end_skipping(struct tail *t) {
    if (t->skip_before_ms == 0)
        return;
    t->skip_before_ms = 0;
    if (!cursor_drop_rest(&t->cur))
        news_failure(&t->news, EIO, "cannot read the end of the file");
    make_batch(t);
}

/* True if the answer has a file; else says why not. */
static bool has_file(struct tail *t, const struct whereis_answer *answer) {
    t->soon = answer->result == WHEREIS_AGAIN;
    if (answer->result == WHEREIS_NONE)
        news_missing(&t->news, clock_mono_ms());
    else if (answer->result == WHEREIS_FAILED)
        news_failure(&t->news, answer->error, answer->detail);
    return answer->result == WHEREIS_FOUND;
}

/* Opens the second file of the position again. False: try again later. */
static bool find_old(struct tail *t) {
    struct whereis at = where(t);
    struct whereis_answer answer;

    whereis_old(&at, &t->place, &answer);
    t->soon = answer.result == WHEREIS_AGAIN;
    if (t->soon)
        return false;
    t->place.has_old = false;
    if (answer.file == NULL || !cursor_open(&t->old, &answer.file, &t->key, answer.offset, NULL))
        news_gap(&t->news, "log_gap",
                 "the file rotated last is gone, with late lines if it had any");
    return true;
}

/* Finds the place. False: not now; the timer or a hint tries again. */
static bool resolve(struct tail *t) {
    struct whereis at = where(t);
    struct whereis_answer answer;

    whereis_follow(t->path, t->real, sizeof t->real);
    if (t->no_place) {
        whereis_first(&at, t->from_beginning, t->buffer, &t->place, &answer);
        t->no_place = answer.result != WHEREIS_NONE;
    } else {
        if (t->place.has_old && !find_old(t))
            return false;
        whereis_place(&at, &t->place, &answer);
    }
    if (!has_file(t, &answer) || !adopt(t, &answer))
        return false;
    if (t->started)
        make_batch(t);
    return true;
}

/* The bytes before the place are gone. Where nothing of the file was handed over, the place is the
 * end of the one before it, as in get_position. */
static void lose_place(struct tail *t) {
    struct position place = {.gen = t->gen, .last_s = t->last_s};
    bool is_new = t->cur.offset == 0;

    if (t->skip_before_ms == 0 && !(is_new && t->anchored)) {
        cursor_place(is_new && t->old.file != NULL ? &t->old : &t->cur, &place.at);
        t->place = place;
        if (is_new)
            cursor_close(&t->old);
    }
    t->skip_before_ms = 0;
    t->anchored = false;
    cursor_close(&t->cur);
    t->lost = true;
}

/* Nothing more will come in this file: hands over an unfinished last line. */
static void finish(struct tail *t, struct cursor *c) {
    struct cursor_calls calls = line_calls(t, c);

    (void)cursor_take_last(c, t->buffer, &calls);
    if (c->offset > 0 && (c == &t->cur || (t->cur.offset == 0 && !t->anchored))) {
        t->place = (struct position){.gen = t->gen, .last_s = t->last_s};
        cursor_place(c, &t->place.at);
        t->anchored = true;
    }
    cursor_close(c);
}

/* cur's file has another name now and is read to its end: goes on to the next one. False: stays. */
static bool move_on(struct tail *t, int64_t now_ms) {
    struct whereis at = where(t);
    struct whereis_answer next;
    struct logfile_id id;
    bool empty = t->cur.offset == 0 && t->cur.waiting == 0;

    whereis_next(&at, &t->cur, &next);
    if (!has_file(t, &next))
        return false;
    news_there(&t->news);
    /* An empty file holds nothing back: the old one stays open beside the next. */
    if (cursor_is_quiet(&t->cur, t->quiet_ms, now_ms) &&
        (empty || (logfile_id(next.file, &id) == 0 && id.size > 0))) {
        next.closed = t->cur.closed && !next.is_path;
        finish(t, &t->cur);
    } else if (t->old.file == NULL) {
        next.closed = t->cur.closed && !next.is_path;
        t->old = t->cur;
        t->cur.file = NULL;
        t->anchored = false;
    } else {
        logfile_close(&next.file);
        t->hurry = true;
        return false;
    }
    whereis_follow(t->path, t->real, sizeof t->real);
    if (!adopt(t, &next)) {
        t->lost = true;
        return false;
    }
    t->news.figures.rotations++;
    news_tell(&t->news, "rotated", t->path);
    make_batch(t);
    return true;
}

/* Sees what the path stands for now. True if cur is on another file. */
static bool look_at_path(struct tail *t, int64_t now_ms) {
    struct whereis at = where(t);
    struct whereis_answer answer;

    t->look = false;
    if (!whereis_stands(&at, &t->cur, &answer)) {
        if (t->cur.in_place && t->cur.gone_ms == 0)
            t->cur.gone_ms = now_ms;
        return move_on(t, now_ms);
    }
    t->cur.in_place = true;
    t->cur.gone_ms = 0;
    if (answer.result == WHEREIS_FAILED)
        news_failure(&t->news, answer.error, answer.detail);
    else
        news_there(&t->news);
    return false;
}

/* One chunk, and what belongs to it. */
static enum cursor_step read_some(struct tail *t, struct cursor *c) {
    struct cursor_calls calls = line_calls(t, c);
    uint64_t long_lines = c->long_lines;
    uint64_t offset = c->offset;
    enum cursor_step step = cursor_step(c, t->buffer, &calls);
    int error = errno;

    if (t->lines)
        t->news.figures.last_line_mono_ms = clock_mono_ms();
    if (c->offset != offset)
        make_batch(t);
    news_long_lines(&t->news, c->long_lines - long_lines, clock_mono_ms());
    if (step == CURSOR_REWRITTEN) {
        news_gap(&t->news, "rewritten", "a compressed file differs before the position");
        return CURSOR_MORE;
    }
    if (logfile_compressed(c->file) && (step == CURSOR_FAILED || step == CURSOR_CHANGED)) {
        /* Damaged, or it ended before our place. The next file is all there is. */
        if (step == CURSOR_FAILED && !c->damaged)
            news_gap(&t->news, "log_gap", "a compressed file is damaged");
        c->damaged = true;
        return CURSOR_END;
    }
    errno = error;
    return step;
}

static bool is_over(int64_t start_ms) {
    return clock_mono_ms() - start_ms >= TURN_MS;
}

/* True if there is more to read at once. */
static bool read_cur(struct tail *t, int64_t start_ms) {
    struct whereis at = where(t);
    int changes = 0;

    for (;;) {
        enum cursor_step step;

        if (t->lost && !resolve(t))
            return false;
        if (t->cur.offset == 0 && !t->cur.closed &&
            whereis_copied(&at, &t->cur, t->old.file != NULL ? t->old.id.ino : 0)) {
            lose_place(t);
            if (++changes == CHANGES_A_TURN)
                return false;
            continue;
        }
        step = read_some(t, &t->cur);
        if (step == CURSOR_FAILED)
            news_failure(&t->news, errno, strerror(errno));
        if (step == CURSOR_CHANGED || (step == CURSOR_FAILED && errno == ESTALE)) {
            lose_place(t);
            if (++changes == CHANGES_A_TURN)
                return false;
        } else if (step == CURSOR_FAILED) {
            return false;
        } else if (step == CURSOR_END) {
            end_skipping(t);
            if (!t->look || !look_at_path(t, start_ms))
                return false;
        }
        if (is_over(start_ms))
            return true;
    }
}

/* True if there is more to do at once. */
static bool read_old(struct tail *t, int64_t start_ms) {
    enum cursor_step step;

    do {
        step = read_some(t, &t->old);
        if (step == CURSOR_MORE && is_over(start_ms))
            return true;
    } while (step == CURSOR_MORE);
    if (step == CURSOR_CHANGED || step == CURSOR_FAILED) {
        news_gap(&t->news, "log_gap", "the file rotated last was changed or cannot be read");
        cursor_close(&t->old);
        t->hurry = false;
    } else if ((t->cur.offset > 0 || t->cur.waiting > 0 || t->cur.skipping) &&
               cursor_is_quiet(&t->old, t->hurry ? t->quiet_ms / HURRY : t->quiet_ms, start_ms)) {
        finish(t, &t->old);
        t->hurry = false;
    } else {
        return false;
    }
    make_batch(t);
    watch_files(t);
    t->look = true;
    return true;
}

static int64_t look_interval(const struct tail *t) {
    int64_t ms = t->hints != NULL ? LOOK_MS : LOOK_BLIND_MS;

    if (t->soon || t->hurry)
        return SOON_MS;
    /* A file is waiting for the end of a quiet time. */
    if ((t->old.file != NULL || t->cur.gone_ms != 0 || t->news.missing_ms != 0) &&
        t->quiet_ms / 10 < ms)
        ms = t->quiet_ms / 10 > SOON_MS ? t->quiet_ms / 10 : SOON_MS;
    return ms;
}

static void turn(struct tail *t) {
    int64_t start_ms = clock_mono_ms();
    bool more;

    if (start_ms >= t->look_at_ms) {
        t->look = true;
        if (t->hints != NULL)
            hints_paths(t->hints, t->path, t->real);
    }
    if (t->announce) {
        t->announce = false;
        make_batch(t);
    }
    more = read_cur(t, start_ms);
    if (!more && !t->lost && t->old.file != NULL)
        more = read_old(t, start_ms);
    if (!more && start_ms >= t->look_at_ms)
        t->look_at_ms = start_ms + look_interval(t);
    else if (t->look_at_ms > start_ms + look_interval(t))
        t->look_at_ms = start_ms + look_interval(t);
    loop_timer_set(t->timer, more ? 0 : t->look_at_ms - start_ms);
}

static void on_time(void *arg) {
    turn(arg);
}

static void on_hint(bool name, void *arg) {
    struct tail *t = arg;

    t->look = t->look || name;
    turn(t);
}

struct tail *tail_new(struct loop *loop, const char *path, const struct hash_key *key,
                      const struct tail_calls *calls) {
    struct tail *t = xcalloc(1, sizeof *t);

    t->loop = loop;
    t->key = *key;
    t->calls = *calls;
    t->news.calls = &t->calls;
    t->news.path = t->path;
    t->quiet_ms = QUIET_MS;
    t->use_hints = true;
    text_copy(t->path, sizeof t->path, path);
    text_copy(t->real, sizeof t->real, path);
    t->timer = loop_timer_new(loop, on_time, t);
    return t;
}

void tail_free(struct tail **tail) {
    if (*tail == NULL)
        return;
    hints_free(&(*tail)->hints);
    loop_timer_free(&(*tail)->timer);
    cursor_close(&(*tail)->cur);
    cursor_close(&(*tail)->old);
    free(*tail);
    *tail = NULL;
}

void tail_start(struct tail *tail, const char *position, bool from_beginning) {
    tail->lost = true;
    tail->from_beginning = from_beginning;
    tail->no_place = !position_decode(span_of(position), &tail->place);
    tail->gen = tail->place.gen;
    tail->last_s = tail->place.last_s;
    if (tail->use_hints)
        tail->hints = hints_new(tail->loop, on_hint, tail);
    watch_files(tail);
    (void)resolve(tail);
    watch_files(tail);
    tail->started = tail->news.settled = true;
    tail->announce = true;
    loop_timer_set(tail->timer, 0);
}

uint64_t tail_line_end(const struct tail *tail) {
    return tail->line_end;
}

void tail_figures(const struct tail *tail, struct tail_figures *out) {
    uint64_t old_size;

    *out = tail->news.figures;
    out->offset = tail->cur.offset;
    out->lag_bytes = cursor_lag(&tail->cur, &out->size) + cursor_lag(&tail->old, &old_size);
}

void tail_note_time(struct tail *tail, int64_t event_ms) {
    tail->noted = true;
    tail->last_s = event_ms > 0 ? event_ms / 1000 : 0;
}

void tail_set_quiet_ms(struct tail *tail, int64_t quiet_ms) {
    tail->quiet_ms = quiet_ms;
}

void tail_set_hints(struct tail *tail, bool use) {
    tail->use_hints = use;
}
