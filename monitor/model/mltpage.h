/* The shared page: what relaywatch-milter counts and relaywatchd reads. A file mapped MAP_SHARED by
 * both, so the figures outlive either. The milter adds with relaxed atomics and never resets; a new
 * milter adopts the page it finds. Only lock-free operations: a callback never waits.
 *
 * Beside the totals a ring with the last accepted messages. Writers claim a slot by adding to
 * `head`; a slot's `sequence` is odd while it is written, 2 * (its number + 1) when done. A reader
 * that is a whole ring behind loses the oldest, and knows how many. And the recipients of each
 * sender within 24 hours (mltsenders.h). */
#ifndef MODEL_MLTPAGE_H
#define MODEL_MLTPAGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "fault.h"
#include "mltsenders.h"

enum {
    MLTPAGE_VERSION = 3,
    MLTPAGE_RING = 4096,
    MLTPAGE_MAGIC = 0x72776d31,
    MLTPAGE_GAP_MS = 60000
};

enum mltpage_counter {
    MLTPAGE_CONNECTS,   /* SMTP sessions (connect callback) */
    MLTPAGE_ACCEPTED,   /* messages that reached end-of-message */
    MLTPAGE_RECIPIENTS, /* of accepted messages */
    MLTPAGE_BYTES,      /* of the bodies of accepted messages */
    MLTPAGE_TLS,        /* sessions in which the client used TLS and sent MAIL */
    MLTPAGE_LOGINS,     /* accepted messages whose client had logged in */
    MLTPAGE_ABORTED,    /* transactions given up before end-of-message; one at the very end of a
                         * session may be    missed (session.h) */
    MLTPAGE_COUNTER_COUNT
};

/* mltpage_message.flags */
enum { MLTPAGE_FLAG_TLS = 1, MLTPAGE_FLAG_LOGIN = 2 };

struct mltpage_message {
    _Atomic uint64_t sequence;
    _Atomic uint64_t
        passed;      /* the sequence of a message that found another writer here and was left out */
    int64_t time_ms; /* wall clock at end-of-message */
    char queue_id[24];
    uint64_t bytes;
    uint32_t recipients;
    uint32_t flags; /* MLTPAGE_FLAG_ */
};

struct mltpage {
    _Atomic uint32_t magic; /* set last when a page is made */
    uint32_t version;
    uint64_t lineage; /* random, set when the page is made: another one means figures begin anew */
    _Atomic uint64_t generation; /* +1 by each milter that adopts it */
    _Atomic int64_t alive_ms; /* CLOCK_BOOTTIME of the milter's last sign of life (each second) */
    _Atomic int64_t whole_since_ms; /* wall clock: since then a milter has lived without a gap */
    _Atomic uint64_t counter[MLTPAGE_COUNTER_COUNT];
    struct mltsenders senders;
    _Atomic uint64_t head;
    struct mltpage_message ring[MLTPAGE_RING];
};

/* Writer: maps the page at `path`, makes it where it is missing or not one of ours (0644), adopts
 * it otherwise. Returns 0 and *page_out, mapped for the life of the process. */
MUSTCHECK int mltpage_open(const char *path, struct mltpage **page_out, struct fault *why);

/* Reader: maps an existing page read-only; -1 when there is none or it is not of this version.
 * Unmap with mltpage_close. */
MUSTCHECK int mltpage_attach(const char *path, const struct mltpage **page_out, struct fault *why);
void mltpage_close(const struct mltpage **page);

/* Writer: a sign of life, each second. After a gap of more than MLTPAGE_GAP_MS what is counted
 * begins to be whole anew. */
void mltpage_alive(struct mltpage *page, int64_t mono_ms, int64_t wall_ms);

/* Writer: counts one accepted message and puts it into the ring. queue_id may be cut. */
void mltpage_accept(struct mltpage *page, int64_t time_ms, const char *queue_id,
                    uint32_t recipients, uint64_t bytes, uint32_t flags);

/* Reader: calls `on` for each complete message from number *next on, in order, and moves *next on.
 * Returns how many were lost because the ring went round. */
uint64_t mltpage_read(const struct mltpage *page, uint64_t *next,
                      void (*on)(const struct mltpage_message *message, void *arg), void *arg);

/* The word of a counter ("connects"). Static. */
const char *mltpage_counter_name(enum mltpage_counter c);

#endif
