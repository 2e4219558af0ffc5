/* What `relaywatch logs --backfill` and relaywatchd say to each other: SEQPACKET packets of one
 * struct each. For each old log one request, with the file as a descriptor beside it; then
 * BACKFILL_WORKING now and then, and one of the other replies. Both programs are of one build;
 * `version` guards an upgrade in the middle. */
#ifndef MODEL_BACKFILLQ_H
#define MODEL_BACKFILLQ_H

#include <stdint.h>

enum { BACKFILLQ_VERSION = 2 };

/* In state_dir, which nobody but relaywatchd's user and root can enter. */
#define BACKFILLQ_SOCKET "backfill.sock"

struct backfill_request {
    uint32_t version;
    uint32_t is_journal; /* no descriptor: `name` is "journal" or "journal:/folder" */
    char name[256];      /* of a file only for messages */
};

enum backfill_outcome {
    BACKFILL_WAITING, /* for relaywatchd to have read what came while it was down */
    BACKFILL_WORKING,
    BACKFILL_DONE,   /* and kept: the totals have it for good */
    BACKFILL_FAILED, /* `detail` says why; what was counted is kept */
    BACKFILL_BUSY,   /* another client is served: ask again later, from the first log on */
};

struct backfill_reply {
    uint32_t version;
    uint32_t outcome;
    uint64_t counted;      /* lines so far */
    uint64_t live;         /* lines that relaywatchd counts itself, by their time */
    uint64_t before;       /* bytes of a file, lines of a journal, that were counted before */
    uint32_t reached_live; /* the rest of the file is what relaywatchd counts itself */
    char detail[384];
};

#endif
