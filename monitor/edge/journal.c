/* See journal.h. The way of a line: turn -> read_entries -> take -> calls.on_line.
 *
 * `pos` is the place: the cursor that was noted last and the hashes of all lines up to now. At most
 * MARK_LINES lines lie between, fewer than there are hashes, so that from the cursor on every line
 * that was handed over is known. */
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "journalpos.h"
#include "news.h"
#include "sdjournal.h"
#include "xmem.h"

enum {
    TURN_MS = 10,
    LOOK_MS = 1000, /* between two looks without a hint */
    BUSY_LOOK_MS = 5,
    BUSY_MS = 10 * 1000, /* so long after an entry */
    ACCESS_MS = 5000,
    MARK_LINES = 32,
    MARK_ENTRIES = 1024,
    TELL_MS = 10 * 1000,  /* a place that moved without a line is told so often */
    FORGET_ENTRIES = 128, /* then the pages of what was read are let go of */
    FAILURES_PASS = 3,    /* from then on it looks behind the place */
    FAILURES_MOST = 20,
    US_A_MS = 1000,
    US_A_SECOND = 1000000,
};
_Static_assert((int)MARK_LINES < (int)JOURNALPOS_RING, "all lines since the last mark are known");

struct journal {
    struct loop *loop;
    struct tail_calls calls;
    struct news news;
    struct hash_key key;
    char folder[256];
    char name[256];
    struct sdjournal *in; /* NULL: not open */
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct journalpos pos;
    bool at_start;  /* nothing was read yet since a seek to the cursor */
    bool mark_gone; /* the entry at the cursor is not there any more, and that was told */
    bool at_end;    /* everything was read */
    bool lines;     /* some were handed over since the last on_batch */
    bool moved;     /* the place did */
    unsigned ahead; /* entries in front of us that were read already, before we went back */
    unsigned lines_since_mark, entries_since_mark, entries_since_forget;
    unsigned failures;  /* since the last new line */
    uint64_t edge_us;   /* files that came before this time are known */
    uint64_t begins_us; /* the oldest entry when that was last looked at */
    int64_t access_ms, told_ms, forgot_ms;
};

static void turn(struct journal *j);

static void on_ready(int what, void *arg) {
    (void)what;
    turn(arg);
}

/* ---- the place ---- */

/* Notes the place after the last entry that was read, unless entries that were read before are
 * still ahead. */
static void mark(struct journal *j) {
    char cursor[JOURNALPOS_CURSOR];
    uint64_t realtime_us;

    if (j->entries_since_mark == 0 || j->ahead > 0 ||
        !sdjournal_cursor(j->in, cursor, sizeof cursor, &realtime_us) ||
        !journalpos_set_cursor(&j->pos, cursor, realtime_us))
        return;
    j->lines_since_mark = j->entries_since_mark = 0;
    j->moved = true;
    j->mark_gone = false;
}

/* Goes back to the last mark. */
static void seek(struct journal *j) {
    bool by_cursor = j->pos.cursor[0] != '\0' && sdjournal_seek(j->in, j->pos.cursor) == 0;

    if (!by_cursor)
        sdjournal_seek_time(j->in, j->pos.realtime_us);
    j->at_start = by_cursor && !j->mark_gone;
    j->ahead += j->entries_since_mark;
    j->entries_since_mark = 0;
}

/* ---- open and close ---- */

static void close_in(struct journal *j) {
    loop_watch_free(&j->watch);
    sdjournal_close(&j->in);
}

static bool open_in(struct journal *j) {
    struct fault why;
    int fd;

    j->in = sdjournal_open(j->folder, &j->key, &why);
    if (j->in == NULL) {
        news_failure(&j->news, EIO, why.text);
        return false;
    }
    fd = sdjournal_fd(j->in);
    if (fd != -1) {
        j->watch = loop_watch_new(j->loop, fd, on_ready, j);
        loop_watch_want(j->watch, LOOP_READ);
    }
    (void)sdjournal_process(j->in);           /* the first time it says that there are files */
    j->entries_since_forget = FORGET_ENTRIES; /* a search through all files comes first */
    j->edge_us = 0;
    sdjournal_forget_pages();
    seek(j);
    return true;
}

static bool reopen(struct journal *j) {
    close_in(j);
    return open_in(j);
}

/* Sees whether there is something to read; says so when that changes. */
static bool is_readable(struct journal *j, int64_t now_ms) {
    char detail[160];
    enum sdjournal_access access;

    if (j->in != NULL && now_ms < j->access_ms)
        return true;
    j->access_ms = now_ms + ACCESS_MS;
    access = sdjournal_look(j->folder, detail, sizeof detail);
    if (access == SDJOURNAL_READABLE)
        news_there(&j->news);
    else if (access == SDJOURNAL_FORBIDDEN)
        news_failure(&j->news, EACCES, detail);
    else
        news_absent(&j->news, detail, now_ms);
    if (access != SDJOURNAL_READABLE)
        close_in(j);
    return access == SDJOURNAL_READABLE && (j->in != NULL || open_in(j));
}

/* ---- what is lost ---- */

/* Is the oldest entry that is left the one after the mark, or older? Loses the place. */
static bool goes_on_at_mark(struct journal *j) {
    struct sdjournal_entry entry;
    char cursor[JOURNALPOS_CURSOR];
    uint64_t realtime_us, ours, first;
    struct span our_id, first_id;

    sdjournal_seek_time(j->in, 0);
    return sdjournal_next(j->in, &entry) != SDJOURNAL_END &&
           sdjournal_cursor(j->in, cursor, sizeof cursor, &realtime_us) &&
           journalpos_sequence(j->pos.cursor, &our_id, &ours) &&
           journalpos_sequence(cursor, &first_id, &first) && span_equal(our_id, first_id) &&
           first <= ours + 1;
}

/* Looks whether something was vacuumed between the mark and what is read next, and tells. True: the
 * place is at the mark again. */
static bool check_beginning(struct journal *j) {
    uint64_t begins_us = sdjournal_begins(j->in);
    bool is_behind = j->pos.cursor[0] != '\0' && begins_us > j->pos.realtime_us;
    char detail[160];

    if (!is_behind || begins_us == j->begins_us) {
        j->begins_us = begins_us;
        return false;
    }
    j->begins_us = begins_us;
    if (!goes_on_at_mark(j)) {
        text_format(detail, sizeof detail,
                    "vacuumed before it was read: from second %" PRIu64 " to %" PRIu64,
                    j->pos.realtime_us / US_A_SECOND, begins_us / US_A_SECOND);
        news_gap(&j->news, "log_gap", detail);
    }
    j->mark_gone = true;
    seek(j);
    return true;
}

/* The first entry after a seek. True: it is not to be taken: it is that of the mark, or the place
 * was changed. */
static bool passes_start(struct journal *j) {
    j->at_start = false;
    if (sdjournal_is_at(j->in, j->pos.cursor) || check_beginning(j))
        return true;
    j->mark_gone = true;
    news_gap(&j->news, "log_gap", "our place is gone: lines behind it may be, too");
    return false;
}

/* Takes notice of new files. True: the place is at the mark again, because one of them may hold
 * entries from before the last one. */
static bool refresh(struct journal *j, uint64_t seen_us) {
    uint64_t now_us = (uint64_t)clock_wall_ms() * US_A_MS;
    enum sdjournal_change change = sdjournal_process(j->in);

    j->edge_us = now_us > seen_us ? now_us : seen_us;
    if (change == SDJOURNAL_FILES) {
        j->news.figures.rotations++;
        seek(j);
    } else if (change == SDJOURNAL_LOST) {
        reopen(j);
    }
    return change == SDJOURNAL_FILES || change == SDJOURNAL_LOST;
}

static void tell_damage(struct journal *j) {
    news_gap(&j->news, "log_gap", "a damaged part of the journal is passed over");
}

/* Reading failed: often since the file was vacuumed meanwhile. False: not now. */
static bool recover(struct journal *j, int error) {
    unsigned tries = ++j->failures;

    if (tries == FAILURES_PASS)
        tell_damage(j);
    if (tries == 1) {
        (void)sdjournal_process(j->in);
        seek(j);
    } else if (!reopen(j)) {
        return false;
    }
    if (tries > FAILURES_MOST) {
        news_failure(&j->news, EIO, strerror(error));
        return false;
    }
    if (tries >= FAILURES_PASS) {
        sdjournal_seek_time(j->in, j->pos.realtime_us +
                                       (UINT64_C(1) << (tries - FAILURES_PASS)) * US_A_SECOND);
        j->at_start = false;
    }
    return true;
}

/* ---- entries ---- */

static void take(struct journal *j, enum sdjournal_step step, const struct sdjournal_entry *entry) {
    char detail[120];

    if (journalpos_knows(&j->pos, entry->hash))
        return;
    journalpos_note(&j->pos, entry->hash);
    j->lines_since_mark++;
    j->failures = 0;
    if (step == SDJOURNAL_LONG) {
        news_long_lines(&j->news, 1, clock_mono_ms());
    } else if (step == SDJOURNAL_SUPPRESSED) {
        text_format(detail, sizeof detail,
                    "%" PRIu64 " messages of Postfix were thrown away by journald's rate limit",
                    entry->suppressed);
        news_gap(&j->news, "lines_suppressed", detail);
    } else {
        j->lines = true;
        j->calls.on_line(entry->line, j->calls.arg);
    }
}

static void forget(struct journal *j) {
    sdjournal_forget_pages();
    j->entries_since_forget = 0;
}

static void count_entry(struct journal *j) {
    j->entries_since_mark++;
    if (++j->entries_since_forget >= FORGET_ENTRIES)
        forget(j);
    if (j->ahead > 0)
        j->ahead--;
}

/* One entry. False: there is no next one now. */
static bool read_entry(struct journal *j) {
    struct sdjournal_entry entry;
    enum sdjournal_step step = sdjournal_next(j->in, &entry);

    if (step == SDJOURNAL_END) {
        j->ahead = 0;
        return false;
    }
    if (step == SDJOURNAL_FAILED || (step == SDJOURNAL_DAMAGED && j->failures + 1 < FAILURES_PASS))
        return recover(j, entry.error);
    if (step == SDJOURNAL_DAMAGED && ++j->failures == FAILURES_PASS)
        tell_damage(j);
    if ((entry.realtime_us > j->edge_us && refresh(j, entry.realtime_us)) ||
        (j->at_start && passes_start(j)))
        return j->in != NULL;
    count_entry(j);
    if (step != SDJOURNAL_OTHER && step != SDJOURNAL_DAMAGED)
        take(j, step, &entry);
    if ((j->lines_since_mark >= MARK_LINES || j->entries_since_mark >= MARK_ENTRIES) &&
        !check_beginning(j))
        mark(j);
    return true;
}

/* Reads on for the time of a turn. True if there is more. */
static bool read_entries(struct journal *j, int64_t start_ms) {
    bool more;

    (void)refresh(j, 0);
    do
        more = j->in != NULL && read_entry(j);
    while (more && clock_mono_ms() - start_ms < TURN_MS);
    if (j->in == NULL)
        return false;
    j->at_end = !more;
    if (check_beginning(j))
        return true;
    mark(j);
    if (j->at_end && j->entries_since_forget > 0 && start_ms - j->forgot_ms >= LOOK_MS) {
        j->forgot_ms = start_ms;
        forget(j);
    }
    return more;
}

static int64_t look_interval(const struct journal *j, int64_t now_ms) {
    int64_t last_ms = j->news.figures.last_line_mono_ms;

    return last_ms != 0 && now_ms - last_ms < BUSY_MS && j->in != NULL ? BUSY_LOOK_MS : LOOK_MS;
}

static void turn(struct journal *j) {
    int64_t start_ms = clock_mono_ms();
    bool more = is_readable(j, start_ms) && read_entries(j, start_ms);

    if (j->lines)
        j->news.figures.last_line_mono_ms = start_ms;
    if (j->lines || (j->moved && start_ms - j->told_ms >= TELL_MS)) {
        j->lines = j->moved = false;
        j->told_ms = start_ms;
        j->calls.on_batch(j->calls.arg);
    }
    loop_timer_set(j->timer, more ? 0 : look_interval(j, start_ms));
}

static void on_time(void *arg) {
    turn(arg);
}

/* ---- begin and end ---- */

struct journal *journal_new(struct loop *loop, const char *folder, const char *name,
                            const struct hash_key *key, const struct tail_calls *calls) {
    struct journal *j = xcalloc(1, sizeof *j);

    j->loop = loop;
    j->key = *key;
    j->calls = *calls;
    text_copy(j->folder, sizeof j->folder, folder);
    text_copy(j->name, sizeof j->name, name);
    j->news.calls = &j->calls;
    j->news.path = j->name;
    j->timer = loop_timer_new(loop, on_time, j);
    return j;
}

void journal_free(struct journal **journal) {
    if (*journal == NULL)
        return;
    close_in(*journal);
    loop_timer_free(&(*journal)->timer);
    free(*journal);
    *journal = NULL;
}

/* What is there is not wanted. */
static void begin_at_end(struct journal *j) {
    struct sdjournal_entry entry;

    j->pos.realtime_us = (uint64_t)clock_wall_ms() * US_A_MS;
    if (j->in == NULL || !sdjournal_seek_last(j->in))
        return;
    j->entries_since_mark = 1;
    mark(j);
    seek(j);
    j->ahead = 0;
    /* journald may write it again in its next file. */
    if (j->at_start && sdjournal_next(j->in, &entry) == SDJOURNAL_LINE &&
        sdjournal_is_at(j->in, j->pos.cursor))
        journalpos_note(&j->pos, entry.hash);
    seek(j);
}

void journal_start(struct journal *journal, const char *position, bool from_beginning) {
    bool is_known = journalpos_decode(span_of(position), &journal->pos);

    (void)is_readable(journal, clock_mono_ms());
    if (!is_known && !from_beginning)
        begin_at_end(journal);
    journal->news.settled = journal->moved = true;
    loop_timer_set(journal->timer, 0);
}

void journal_position(struct journal *journal, char *out, size_t size) {
    char text[JOURNALPOS_TEXT];

    journalpos_encode(&journal->pos, text);
    (void)text_copy(out, size, text);
}

void journal_figures(const struct journal *journal, struct tail_figures *out) {
    *out = journal->news.figures;
    out->offset = journal->pos.realtime_us;
    out->lag_bytes = journal->at_end ? 0 : 1;
    out->size = out->offset + out->lag_bytes;
}
