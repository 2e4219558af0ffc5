/* See oldlog.h. A file goes through the states of enum state, each turn a step or more; a journal
 * is only read. */
#include "oldlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cursor.h"
#include "journalpos.h"
#include "logline.h"
#include "sdjournal.h"
#include "xmem.h"

enum {
    TURN_MS = 10,
    NS_A_MS = 1000000,
    DAY_MS = 24 * 3600 * 1000,
    FORGET_ENTRIES = 128, /* of a journal: then the pages of what was read are let go of */
};

enum state {
    BEGIN,       /* read the first bytes, decide */
    CHECK_FROM,  /* are the bytes before the place to begin at those that were counted? */
    CHECK_UNTIL, /* read the bytes before the place where relaywatchd began */
    READ,
    JOURNAL,
};

struct oldlog {
    struct counted *counted;
    struct hash_key key;
    struct oldlog_calls calls;
    struct oldlog_result result;
    struct logline_clock clock;
    struct mailev event;
    enum state state;

    struct logfile *file; /* until the cursor has it */
    struct cursor cursor;
    struct counted_plan plan;
    int slot;           /* in the table */
    struct place until; /* where relaywatchd began, with its hashes */
    bool drop_line;     /* the rest of a line that was counted when it was unfinished */
    bool is_past_until; /* a line behind it was seen */
    bool is_live;       /* by the last stamp */
    unsigned char head[POSITION_PREFIX];
    unsigned char tail[POSITION_TAIL];
    unsigned char buffer[CURSOR_BUFFER];

    struct sdjournal *journal;
    struct journalpos pos; /* the hashes of the last entries */
    unsigned entries;      /* so far */
};

static struct oldlog *make(struct counted *counted, const struct hash_key *key,
                           const struct oldlog_calls *calls) {
    struct oldlog *old = xcalloc(1, sizeof *old);

    old->counted = counted;
    old->key = *key;
    old->calls = *calls;
    old->slot = -1;
    logline_clock_init(&old->clock);
    old->clock.now_ms = clock_wall_ms();
    return old;
}

void oldlog_free(struct oldlog **old) {
    if (*old == NULL)
        return;
    logfile_close(&(*old)->file);
    cursor_close(&(*old)->cursor);
    sdjournal_close(&(*old)->journal);
    free(*old);
    *old = NULL;
}

const struct oldlog_result *oldlog_result(const struct oldlog *old) {
    return &old->result;
}

static bool is_over(int64_t start_ms) {
    return clock_mono_ms() - start_ms >= TURN_MS;
}

/* A line of a journal, or of a file: by time it may be relaywatchd's own. */
static void take_line(struct oldlog *old, struct span line, uint64_t place) {
    const struct oldlog_calls *calls = &old->calls;
    bool may = calls->may_look == NULL || calls->may_look(line, place, calls->arg);

    if (may)
        logline_parse(line, &old->clock, &old->event);
    if (may && old->plan.by_time && old->event.time_ms != 0)
        old->is_live = counted_is_live(old->counted, old->event.time_ms);
    if (old->is_live)
        old->result.live++;
    else
        old->result.counted++;
    if (may && !old->is_live)
        calls->on_event(&old->event, calls->arg);
    else if (!may && !old->is_live)
        calls->on_skipped(line, calls->arg);
    if (may && calls->on_looked != NULL)
        calls->on_looked(calls->arg);
}

/* ---- a file: where to begin and to end ---- */

struct oldlog *oldlog_open_file(int fd, struct counted *counted, const struct hash_key *key,
                                const struct oldlog_calls *calls, struct fault *why) {
    struct logfile *file = logfile_adopt(fd, why);
    struct logfile_id id;
    struct oldlog *old;

    if (file == NULL)
        return NULL;
    old = make(counted, key, calls);
    old->file = file;
    /* A stamp without a year is read by when the file was written last. */
    if (logfile_id(file, &id) == 0 && id.mtime_ns / NS_A_MS + DAY_MS < old->clock.now_ms)
        old->clock.now_ms = id.mtime_ns / NS_A_MS + DAY_MS;
    return old;
}

static enum oldlog_step fail_reading(struct fault *why) {
    fault_set(why, errno == EIO ? "damaged or cut off" : "it cannot be read");
    return OLDLOG_FAILED;
}

static enum oldlog_step begin(struct oldlog *old, struct fault *why) {
    ssize_t n = logfile_read(old->file, old->head, sizeof old->head, 0);
    struct span head = {(const char *)old->head, n > 0 ? (size_t)n : 0};

    if (n == -1)
        return errno == EAGAIN ? OLDLOG_MORE : fail_reading(why);
    counted_plan(old->counted, &old->key, head, &old->plan);
    old->result.before = old->plan.is_shorter ? head.n : old->plan.from;
    old->result.reached_live = old->plan.until <= old->plan.from;
    if (n == 0 || old->plan.is_shorter || old->result.reached_live)
        return OLDLOG_END;
    old->slot = counted_open(old->counted, &old->plan);
    if (old->slot == -1) {
        fault_set(why,
                  "%d old logs are remembered already, which is all there is room for: give the "
                  "others joined, as in `cat FILE ... | relaywatch logs --backfill -`",
                  COUNTED_OLD);
        return OLDLOG_FAILED;
    }
    old->state = CHECK_FROM;
    return OLDLOG_MORE;
}

/* Reads the bytes before an offset into `tail`. MORE: they are there; END: not yet; FAILED. */
static enum oldlog_step read_tail(struct oldlog *old, uint64_t offset, bool *is_there) {
    size_t want = offset < POSITION_TAIL ? (size_t)offset : POSITION_TAIL;
    ssize_t n = logfile_read(old->file, old->tail, want, offset - want);

    if (n == -1)
        return errno == EAGAIN ? OLDLOG_END : OLDLOG_FAILED;
    *is_there = (size_t)n == want;
    return OLDLOG_MORE;
}

static enum oldlog_step check_from(struct oldlog *old, struct fault *why) {
    uint64_t from = old->plan.from;
    size_t size = from < POSITION_TAIL ? (size_t)from : POSITION_TAIL;
    bool is_there;
    enum oldlog_step step = read_tail(old, from, &is_there);

    if (step == OLDLOG_FAILED)
        return fail_reading(why);
    if (step == OLDLOG_END)
        return OLDLOG_MORE;
    if (!is_there) /* a copy that is shorter */
        return OLDLOG_END;
    if (from > 0 && hash_bytes(&old->key, old->tail, size).h[0] != old->plan.tail) {
        fault_set(why, "begins as a log that was counted before, but goes on differently: "
                       "it was changed, so nothing of it is counted");
        return OLDLOG_FAILED;
    }
    old->drop_line = from > 0 && old->tail[size - 1] != '\n';
    old->state = CHECK_UNTIL;
    return OLDLOG_MORE;
}

static enum oldlog_step check_until(struct oldlog *old, struct fault *why) {
    bool is_there = false;

    if (old->plan.until != UINT64_MAX) {
        enum oldlog_step step = read_tail(old, old->plan.until, &is_there);

        if (step == OLDLOG_FAILED)
            return fail_reading(why);
        if (step == OLDLOG_END)
            return OLDLOG_MORE;
    }
    if (is_there) {
        old->until = (struct place){.offset = old->plan.until};
        place_hash(&old->until, &old->key, old->head, old->tail);
    } else {
        old->plan.until = UINT64_MAX; /* it ends before */
    }
    if (!cursor_open(&old->cursor, &old->file, &old->key, old->plan.from, NULL))
        return fail_reading(why);
    old->state = READ;
    return OLDLOG_MORE;
}

/* ---- a file: its lines ---- */

static void on_line(struct span line, void *arg) {
    struct oldlog *old = arg;

    if (old->drop_line) {
        old->drop_line = false;
        return;
    }
    if (old->cursor.offset > old->plan.until) {
        old->is_past_until = true;
        return;
    }
    take_line(old, line, old->cursor.offset);
}

/* What was handed over is counted from now on. */
static void note_place(struct oldlog *old) {
    struct place at = old->until;
    struct span head = {(const char *)old->cursor.head, POSITION_PREFIX};

    if (!old->is_past_until)
        cursor_place(&old->cursor, &at);
    if (at.offset <= old->plan.from)
        return;
    if (at.offset < POSITION_PREFIX)
        head.n = (size_t)at.offset;
    counted_note(old->counted, old->slot, &old->key, head, &at);
}

/* That a compressed file is cut off comes out only by reading behind its end. */
static enum cursor_step end_of_file(struct oldlog *old) {
    char more;
    ssize_t n = logfile_read(old->cursor.file, &more, 1, old->cursor.scan + old->cursor.waiting);

    if (n == 0)
        return CURSOR_END;
    return n == 1 || errno == EAGAIN ? CURSOR_MORE : CURSOR_FAILED;
}

static enum oldlog_step read_file(struct oldlog *old, struct fault *why) {
    const struct cursor_calls calls = {.on_line = on_line, .arg = old};
    enum cursor_step step = cursor_step(&old->cursor, old->buffer, &calls);
    int error;

    if (step == CURSOR_END)
        step = end_of_file(old);
    if (step == CURSOR_END)
        (void)cursor_take_last(&old->cursor, old->buffer, &calls);
    error = errno;
    note_place(old);
    old->result.reached_live = old->is_past_until;
    errno = error;
    if (step == CURSOR_FAILED)
        return fail_reading(why);
    if (step != CURSOR_MORE && step != CURSOR_END) {
        fault_set(why, "it was changed while it was read");
        return OLDLOG_FAILED;
    }
    return step == CURSOR_END || old->is_past_until ? OLDLOG_END : OLDLOG_MORE;
}

/* ---- a journal ---- */

struct oldlog *oldlog_open_journal(const char *folder, struct counted *counted,
                                   const struct hash_key *key, const struct oldlog_calls *calls,
                                   struct fault *why) {
    char detail[160];
    struct oldlog *old;

    if (sdjournal_look(folder, detail, sizeof detail) != SDJOURNAL_READABLE) {
        fault_set(why, "%s", detail);
        return NULL;
    }
    old = make(counted, key, calls);
    old->state = JOURNAL;
    old->journal = sdjournal_open(folder, key, why);
    if (old->journal != NULL)
        sdjournal_seek_time(old->journal, 0);
    else
        oldlog_free(&old);
    return old;
}

static enum oldlog_step take_entry(struct oldlog *old, const struct sdjournal_entry *entry,
                                   const char *cursor, struct fault *why) {
    struct span id;
    uint64_t sequence, number;
    enum counted_entry is;

    if (journalpos_knows(&old->pos, entry->hash))
        return OLDLOG_MORE;
    journalpos_note(&old->pos, entry->hash);
    if (!journalpos_sequence(cursor, &id, &number)) {
        fault_set(why, "its entries have no numbers that this program knows: %s", cursor);
        return OLDLOG_FAILED;
    }
    sequence = hash_quick(&old->key, id.p, id.n);
    is = counted_entry(old->counted, sequence, number, entry->realtime_us);
    if (is != COUNTED_NEW) {
        *(is == COUNTED_BEFORE ? &old->result.before : &old->result.live) += 1;
        return OLDLOG_MORE;
    }
    if (!counted_note_entry(old->counted, sequence, number)) {
        fault_set(
            why,
            "%d old logs and sequences of journals are remembered already, which is all there "
            "is room for: give the rest as one text, as in `journalctl -D DIR -o short-iso "
            "SYSLOG_FACILITY=2 | relaywatch logs --backfill -`",
            COUNTED_OLD);
        return OLDLOG_FAILED;
    }
    take_line(old, entry->line, entry->hash);
    return OLDLOG_MORE;
}

static enum oldlog_step read_journal(struct oldlog *old, struct fault *why) {
    char cursor[JOURNALPOS_CURSOR];
    struct sdjournal_entry entry;
    enum sdjournal_step step = sdjournal_next(old->journal, &entry);
    uint64_t realtime_us;

    if (step == SDJOURNAL_END)
        return OLDLOG_END;
    if (step == SDJOURNAL_FAILED) {
        fault_set(why, "%s: was it vacuumed meanwhile? What is left can be counted by another run",
                  strerror(entry.error));
        return OLDLOG_FAILED;
    }
    old->entries++;
    if (old->entries % FORGET_ENTRIES == 0)
        sdjournal_forget_pages();
    if (step != SDJOURNAL_LINE)
        return OLDLOG_MORE;
    if (!sdjournal_cursor(old->journal, cursor, sizeof cursor, &realtime_us)) {
        fault_set(why, "an entry has no cursor");
        return OLDLOG_FAILED;
    }
    return take_entry(old, &entry, cursor, why);
}

enum oldlog_step oldlog_turn(struct oldlog *old, struct fault *why) {
    static enum oldlog_step (*const steps[])(struct oldlog *,
                                             struct fault *) = {[BEGIN] = begin,
                                                                [CHECK_FROM] = check_from,
                                                                [CHECK_UNTIL] = check_until,
                                                                [READ] = read_file,
                                                                [JOURNAL] = read_journal};
    int64_t start_ms = clock_mono_ms();
    enum oldlog_step step;

    do
        step = steps[old->state](old, why);
    while (step == OLDLOG_MORE && !is_over(start_ms));
    return step;
}
