/* How one stream of counts is published exactly once: the protocol, without any I/O. The store
 * holds one hash a stream with absolute values and the position that they include, written by one
 * writer at a time. There are three commands.
 *
 * Read (HGETALL): what is there? Take: compare-and-swap on the (epoch, number) just read, then
 * everything, with a higher epoch: the stream is ours. Commit: what has changed, if the store still
 * is where our last write left it.
 *
 * After anything unexpected - a lost connection, an error, a store that lost or never had our
 * writes - the stream is read and taken again with its full newest state. So a command of ours that
 * lands late, from a dead connection, changes nothing any more: the epoch or the number has moved
 * on. Values are absolute: writing them again is harmless.
 *
 * The one thing that ends a writer is another one with a higher epoch, or with the same epoch and
 * another name. Started again after that, it gives way: it counts on, but takes the stream only
 * when the other one has left it alone. So two of one name do not fight.
 *
 * The caller owns the struct and the time; everything here is pure but for the random lineage of a
 * new stream. */
#ifndef LOGIC_STREAM_H
#define LOGIC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "owner.h"
#include "text.h"
#include "totals.h"

enum {
    STREAM_OWNER_SIZE = OWNER_SIZE,
    STREAM_QUIET_LOOKS = 8, /* that found nothing new: the other writer is gone */
    STREAM_FLIPS = 4
};

/* The content of a hash. Fields: _v _lin _own _ep _seq _pos _ts, _flp (when writers of different
 * machines last took it from each other: seconds since 1970, the newest first), and the totals by
 * their names. */
struct stream_image {
    bool exists; /* has any field */
    bool has_epoch;
    bool has_seq;
    uint64_t version;
    char owner[STREAM_OWNER_SIZE];
    int64_t flip_s[STREAM_FLIPS]; /* 0: none */
    struct totals totals;
};

enum stream_ask { STREAM_ASK_NOTHING, STREAM_ASK_READ, STREAM_ASK_TAKE, STREAM_ASK_COMMIT };

/* What to send now. Valid until the stream is used again. */
struct stream_request {
    enum stream_ask ask;
    uint64_t base_epoch; /* take: what the store must have for it to happen */
    uint64_t base_seq;   /* take and commit: likewise */
    const char *owner;
    const int64_t *flip_s;      /* take: STREAM_FLIPS of them */
    const struct totals *state; /* lineage, epoch, seq, position and time to write */
    size_t count;               /* fields to write: their numbers in the state */
    uint16_t field[TOTALS_FIELDS];
    size_t texts; /* likewise */
    uint8_t text[TOTALS_TEXTS];
};

enum stream_verdict {
    STREAM_OK,
    STREAM_DUP,     /* the store has this number already */
    STREAM_GAP,     /* the store is not where our last write left it */
    STREAM_BEHIND,  /* the store's epoch is below ours: emptied or rolled back */
    STREAM_FENCED,  /* another writer has the stream */
    STREAM_RACE,    /* take: somebody wrote since the read */
    STREAM_LINEAGE, /* the store holds totals of another beginning */
    STREAM_UNKNOWN
};

/* What the caller has to tell; a set. */
enum {
    STREAM_NEWS_START = 1,   /* go on from stream_from() */
    STREAM_NEWS_FENCED = 2,  /* the end */
    STREAM_NEWS_LINEAGE = 4, /* see stream.newborn; told once */
    STREAM_NEWS_BAD = 8, /* the hash is not one of ours or of a newer version: nothing is written */
    STREAM_NEWS_WAITS = 16 /* another writer has it, to whom we give way */
};

enum stream_state {
    STREAM_OFFLINE,
    STREAM_UNREAD,
    STREAM_READING,
    STREAM_UNTAKEN,
    STREAM_TAKING,
    STREAM_IDLE,
    STREAM_COMMITTING,
    STREAM_WAITING, /* for another writer to be gone; stream_retry looks again */
    STREAM_HALTED,  /* another lineage or a bad hash; stream_retry looks again */
    STREAM_ENDED    /* fenced */
};

struct stream {
    enum stream_state state;
    char owner[STREAM_OWNER_SIZE];
    bool started;     /* STREAM_NEWS_START was given */
    bool established; /* took the stream at least once */
    bool newborn; /* the lineage was made here or in an earlier life because the store could not be
                     asked, and was never written */
    bool unborn;  /* the lineage was made so, not written and not started from yet */
    bool told_lineage;
    bool gives_way;                /* was fenced before, not yet taken again */
    unsigned quiet;                /* looks that found what the one before did */
    char rival[STREAM_OWNER_SIZE]; /* who had it at the last look or fenced us; "": nobody */
    int64_t flip_s[STREAM_FLIPS];
    int64_t sent_flip_s[STREAM_FLIPS]; /* of the take in flight */
    bool waits;                        /* newest has not been sent */
    uint64_t epoch;                    /* of our last take that was answered */
    uint64_t seq;                      /* the highest number that we know or ever sent */
    uint64_t store_epoch;              /* where the store is, by its last answer */
    uint64_t store_seq;
    struct totals newest; /* the last published */
    struct totals sent;   /* in flight */
    struct totals acked;  /* what the store has */
};

/* "owner" tells this process from every other, ever. `local` (may be NULL) is what was saved last.
 */
void stream_init(struct stream *stream, const char *owner, const struct totals *local);

/* Another writer fenced us in an earlier life: wait until the stream was left alone for
 * STREAM_QUIET_LOOKS looks. Before the first connection. */
void stream_give_way(struct stream *stream);

/* A connection is there: the stream can be asked for a request. */
void stream_connected(struct stream *stream);
/* The connection is gone: what was in flight has landed, or not, or will. */
void stream_lost(struct stream *stream);
/* The command in flight was answered by an error. */
void stream_failed(struct stream *stream);
/* Looks again at a stream that is halted or waits. */
void stream_retry(struct stream *stream);

/* The next request, if one is due; with `probe` also a commit of nothing but the time, which shows
 * whether the store still has our writes. It is in flight from now on; until it is answered, and
 * whenever none is due, *out stays as it is. */
enum stream_ask stream_next(struct stream *stream, int64_t wall_ms, bool probe,
                            struct stream_request *out);

/* A command as words; the numbers among them stand in `number`. Large: not for the stack. */
struct stream_words {
    size_t count;
    size_t numbers;
    const char *word[16 + 2 * (TOTALS_FIELDS + TOTALS_TEXTS)];
    char number[8 + TOTALS_FIELDS][24];
    char flips[STREAM_FLIPS * 24];
};

/* Adds the arguments of the script of a take or commit (see the scripts below) behind the words
 * that are there. */
void stream_add_words(const struct stream_request *request, struct stream_words *words);

/* The answers to a read and to a take or commit. Return a set of STREAM_NEWS_. */
MUSTCHECK int stream_on_image(struct stream *stream, const struct stream_image *image);
MUSTCHECK int stream_on_verdict(struct stream *stream, enum stream_verdict verdict);
/* The hash could not be read as one of ours. */
MUSTCHECK int stream_on_bad_image(struct stream *stream);

/* The store takes too long, or there is none: starts from the best that is known. Nothing if
 * already started. */
MUSTCHECK int stream_start_alone(struct stream *stream);

/* How often since then writers of different machines took the stream from each other; counts
 * STREAM_FLIPS at most. */
unsigned stream_flips(const struct stream *stream, int64_t since_s);

/* The totals to go on from, after STREAM_NEWS_START. */
const struct totals *stream_from(const struct stream *stream);

/* The newest state: position, time and values. Only after the start. */
void stream_publish(struct stream *stream, const struct totals *now);
/* The newest state with a number not below that of anything that the store may have from us (0
 * while it is newborn): to be saved locally. */
void stream_snapshot(const struct stream *stream, struct totals *out);
/* Without a store: the newest state has a number of its own. */
void stream_number_alone(struct stream *stream);

/* Adds one field of the hash; -1 when it cannot be one of ours. */
MUSTCHECK int stream_image_add(struct stream_image *image, struct span name, struct span value,
                               struct fault *why);
/* After the last field: -1 when something is missing or of a newer version. */
MUSTCHECK int stream_image_check(const struct stream_image *image, struct fault *why);

enum stream_verdict stream_verdict_parse(struct span word);

/* 32 lower-case hex digits? */
bool stream_lineage_ok(const char *lineage);

/* The Lua of both writes, each with exactly one HSET, all checks before it: so that Redis 7 puts no
 * MULTI around it, which a cut of its file could leave open. KEYS: the hash. ARGV of a commit:
 * owner epoch base-seq seq lineage position time-ms (name value)*; of a take: owner epoch
 * base-epoch base-seq seq lineage position time-ms version flips (name value)*. Both answer
 * {verdict, epoch, seq, position, owner}. */
extern const char stream_commit_script[];
extern const char stream_take_script[];

#endif
