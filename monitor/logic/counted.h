/* What must not be counted a second time when the past is counted afterwards (`relaywatch logs
 * --backfill`): what relaywatchd counts as it comes, and the old logs that were counted before.
 * Kept in the totals, so that each commit has both: what was counted, and that it was.
 *
 * A file is known by its content, as keyed hashes: of its first bytes, and of those before a place
 * in it. So it is known under another name, compressed, or grown.
 * - Of an old file: how far it is counted. Once more given it goes on there.
 * - Of a file that relaywatchd followed, the last COUNTED_LIVE of them: from which place on its
 *   lines are relaywatchd's: 0, or where the first start of all began. Older is only what stands
 *   before that place.
 * - Of all else only what is stamped before the second after the first start is older.
 * Entries of a journal have numbers, in sequences of their own (journalpos.h): how far each
 * sequence is counted. Which are relaywatchd's is told by their time.
 *
 * Pure. Bounded: when COUNTED_OLD files and sequences are remembered no more can be counted. */
#ifndef LOGIC_COUNTED_H
#define LOGIC_COUNTED_H

#include <stdbool.h>
#include <stdint.h>

#include "position.h"
#include "totals.h"

enum { COUNTED_OLD = 40, COUNTED_LIVE = 16, COUNTED_HEAD = 128 };

enum counted_kind { COUNTED_FREE, COUNTED_FILE, COUNTED_JOURNAL };

struct counted_old {
    uint64_t kind;
    uint64_t n;      /* bytes that are counted; the number of the last entry */
    uint64_t prefix; /* of the first min(n, 4096) bytes; of the sequence */
    uint64_t head;   /* of the first min(n, COUNTED_HEAD) bytes: to know a shorter copy */
    uint64_t tail;   /* of the min(n, 1024) bytes before n */
};

struct counted_live {
    uint64_t key; /* which file of which source; 0: free */
    uint64_t from;
    uint64_t size; /* bytes that `prefix` is of */
    uint64_t prefix;
};

/* All zero: nothing is known. */
struct counted {
    uint64_t since_ms; /* when the first line of all was counted as it came; 0: none yet */
    uint64_t
        journal_us;     /* entries from then on are relaywatchd's; 0: it never followed a journal */
    uint64_t live_next; /* which of `live` is the oldest */
    struct counted_old old[COUNTED_OLD];
    struct counted_live live[COUNTED_LIVE];
    bool changed;         /* anything but `old`; since counted_put */
    uint64_t old_changed; /* a bit each */
};

/* From and to the totals: b.since, b.journal, b.next, b.SLOT.*, f.SLOT.*. */
void counted_restore(struct counted *c, const struct totals *from);
void counted_put(struct counted *c, struct totals *totals);

/* ---- what relaywatchd counts ---- */

/* The first start of all; nothing if that is known. */
void counted_begin(struct counted *c, int64_t since_ms);
/* A journal is followed from this time on; the earliest stands. */
void counted_begin_journal(struct counted *c, uint64_t since_us);
/* A file is followed, and this is a place in it. `key` tells it from all others; `from` counts the
 * first time only, also when the same content comes with another key. */
void counted_follow(struct counted *c, uint64_t key, uint64_t from, const struct place *at);

/* ---- old files ---- */

struct counted_plan {
    int old;       /* of which old file it is the same or a longer version; -1: of none */
    uint64_t from; /* begin here, if the bytes before it have this hash */
    uint64_t tail;
    uint64_t until;  /* where relaywatchd began; UINT64_MAX: no such place */
    bool is_shorter; /* the beginning of an old file that is counted: nothing is left to count */
    bool by_time;    /* lines are to be looked at by counted_is_live */
};

/* `head`: the first min(size, 4096) bytes. */
void counted_plan(const struct counted *c, const struct hash_key *key, struct span head,
                  struct counted_plan *out);
/* The slot for its progress; -1: too many are remembered. */
MUSTCHECK int counted_open(const struct counted *c, const struct counted_plan *plan);
/* Everything before this place is counted. `head`: the first min(offset, COUNTED_HEAD) bytes at
 * least. */
void counted_note(struct counted *c, int slot, const struct hash_key *key, struct span head,
                  const struct place *at);
/* Does relaywatchd count the lines with this stamp, as far as stamps can tell? */
bool counted_is_live(const struct counted *c, int64_t stamp_ms);

/* ---- journals ---- */

enum counted_entry { COUNTED_NEW, COUNTED_BEFORE, COUNTED_BY_DAEMON };

enum counted_entry counted_entry(const struct counted *c, uint64_t sequence, uint64_t number,
                                 uint64_t realtime_us);
/* This entry is counted. False: too many are remembered. */
MUSTCHECK bool counted_note_entry(struct counted *c, uint64_t sequence, uint64_t number);

/* Were any old files, or journals, counted? */
bool counted_has(const struct counted *c, enum counted_kind kind);

#endif
