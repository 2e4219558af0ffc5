/* What happened and who was told of it: the whole decision of relaywatch-notify, without I/O and
 * without a clock. A set of alerts comes in; for each receiver the notices that it must get now
 * come out; what was delivered is recorded. An incident is one alert of one host from its beginning
 * to its end, and outlives its place in the set until every receiver was told. Bounded: see the
 * numbers below. told.h writes it to disk and reads it back. */
#ifndef NOTIFY_OUTBOX_H
#define NOTIFY_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "alertset.h"

enum {
    OUTBOX_INCIDENTS = 128,
    OUTBOX_SLOTS = 64,  /* receivers remembered, the present ones among them */
    OUTBOX_BATCH = 300, /* notices in one batch at most: each incident twice, and some */
};

/* Times of the rules, in ms. */
enum {
    OUTBOX_RESEND_MS = 60 * 1000,          /* Alertmanager: see reliability notes, D9 */
    OUTBOX_RESOLVED_MS = 15 * 60 * 1000,   /* Alertmanager: resolved alerts are sent this long */
    OUTBOX_MISSING_MS = 60 * 1000,         /* absent from the set that long, unexplained: ended */
    OUTBOX_CONFIRM_MS = 30 * 1000,         /* after a start, wait that long for the sender's word */
    OUTBOX_FORGET_MS = 24 * 3600 * 1000,   /* a receiver that is listed no more */
    OUTBOX_KEEP_MS = 3 * 24 * 3600 * 1000, /* an ended incident that cannot be delivered */
};

enum told_status { TOLD_NOTHING, TOLD_FIRING, TOLD_RESOLVED };

/* What one receiver knows of one incident. */
struct told {
    enum told_status status;
    int rank;
    char diagnosis[64];
    int64_t at_ms;
    unsigned times[2];     /* notices so far: that it fires, that it ended */
    int64_t not_before_ms; /* it refused this notice: not again before. Not kept on disk */
};

struct incident {
    char host[128];
    char url[256];
    char id[48];
    char diagnosis[64];
    int rank;
    int64_t since_ms; /* with host and id: its identity */
    int64_t
        sender_since_ms; /* what the sender says now: differs when it was restarted and forgot */
    int64_t ended_ms;    /* 0: firing */
    int64_t missing_ms;  /* absent from the set since; 0: present */
    bool confirmed;      /* the sender has spoken of it since our start */
    bool present;        /* in the last set of its host */
    char *doc;           /* JSON object, as it came last */
    struct told told[OUTBOX_SLOTS];
};

/* What a receiver wants to hear. */
struct wish {
    char identity[33];
    int least_rank; /* of alerts of this severity and above */
    bool wants_end; /* also when one is over */
    int64_t
        repeat_ms; /* again of what still fires, after so long; 0: never. Not for Alertmanager */
};

/* The alert that is about the receivers themselves. */
#define OUTBOX_OF_RECEIVERS "receiver-failing"

struct slot {
    struct wish wish; /* identity "": free. Of what is not listed, the identity alone counts */
    bool listed;
    int64_t known_ms;  /* what ended before this is not for it */
    int64_t listed_ms; /* when it was last listed */
    int64_t ok_ms;     /* when it last took something; 0: never */
    int64_t well_ms; /* when it was last mended: of before then it needs no OUTBOX_OF_RECEIVERS. Not
                        kept on disk */
};

struct outbox {
    struct incident *incident[OUTBOX_INCIDENTS]; /* by since_ms, rising */
    int count;
    struct slot slot[OUTBOX_SLOTS];
    int64_t start_ms;
    uint64_t dropped; /* incidents that nobody could be told of */
};

/* One thing to tell one receiver. A value: it outlives the incident. */
struct notice {
    char host[128];
    char id[48];
    char diagnosis[64];
    int64_t since_ms;
    enum told_status status; /* TOLD_FIRING or TOLD_RESOLVED */
    int rank;
    unsigned nth;  /* 1: the first notice of this status */
    bool farewell; /* Alertmanager: ends the alert under the labels that it had before */
    bool covers;   /* Alertmanager: speaks for earlier incidents of the same alert, too */
};

struct outbox *outbox_new(int64_t now_ms);
void outbox_free(struct outbox **outbox);

/* Takes a set over. Returns whether something is different that is to be told or kept on disk (not
 * a mere count). */
bool outbox_take(struct outbox *outbox, const struct alertset *set, int64_t now_ms);

/* The receivers that there are now, and what they want. Returns as outbox_take. */
bool outbox_list(struct outbox *outbox, const struct wish *wishes, int count, int64_t now_ms);
/* The slot of a listed receiver, or -1. */
int outbox_slot(const struct outbox *outbox, const char *identity);

/* What is due by time alone: unexplained absence, forgetting. Call it each second. Returns as
 * outbox_take. */
bool outbox_tick(struct outbox *outbox, int64_t now_ms);

/* For all but Alertmanager: the one notice that is to be sent now, oldest news first. */
bool outbox_next(const struct outbox *outbox, int slot, int64_t now_ms, struct notice *out);

/* For Alertmanager: all that belongs into one POST now. Returns their number; *news_out: the
 * receiver does not know some of them, so send at once; else only every OUTBOX_RESEND_MS. out has
 * OUTBOX_BATCH places. */
int outbox_batch(const struct outbox *outbox, int slot, int64_t now_ms, struct notice *out,
                 bool *news_out);

/* The receiver has taken the notice. Returns as outbox_take. */
bool outbox_told(struct outbox *outbox, int slot, const struct notice *notice, int64_t now_ms);
/* It refused it: others first. A notice of NULL means all, as to try again at once. */
void outbox_put_off(struct outbox *outbox, int slot, const struct notice *notice, int64_t until_ms);

/* How many notices it has still to get. */
int outbox_waiting(const struct outbox *outbox, int slot, int64_t now_ms);

/* It has taken something; `mended`: for the first time after it had not. */
void outbox_note_ok(struct outbox *outbox, int slot, int64_t now_ms, bool mended);

/* The incident of a notice; NULL when it is forgotten. */
const struct incident *outbox_find(const struct outbox *outbox, const char *host, const char *id,
                                   int64_t since_ms);

/* For told.c: a new incident in its place, empty but for these; a free slot, or NULL. */
struct incident *outbox_insert(struct outbox *outbox, int64_t since_ms);
struct slot *outbox_free_slot(struct outbox *outbox);

#endif
