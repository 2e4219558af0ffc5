/* All that runs as root of what relaywatch-keeper does: a fixed set of small deeds, each about a
 * file or a program that the keeper's own options and main.cf name. None reads the texts that it
 * carries, but for three values of postconf's. Who decides which deed comes next
 * (monitor/procedure) has no privileges and asks through wire.h; the command-line tool, which is
 * the operator, asks directly. Blocks: each deed has a time limit of its own. */
#ifndef KEEPER_HANDS_H
#define KEEPER_HANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fault.h"
#include "mapstore.h"
#include "queue.h"

enum hand {
    HAND_ANSWER = 1, /* wire.h's: the bytes are the keeper's reply */
    HAND_LOCK,       /* one change at a time, until the end; result 1: another one has it */
    HAND_POSTCONF,   /* what postconf says of the relay */
    /* A file of the state folder (`which`: enum hand_state). */
    HAND_STATE_THERE,
    HAND_STATE_READ,
    HAND_STATE_SAVE,
    HAND_STATE_DROP,
    /* The credential source; a file `name` of the drop folder. */
    HAND_SOURCE,
    HAND_DROP_LIST, /* struct hand_dropped, one after the other */
    HAND_DROP_READ,
    HAND_DROP_DONE,  /* removes it */
    HAND_DROP_ASIDE, /* renames it to NAME.refused */
    /* The password map; `name` is "type:/path" as main.cf has it. */
    HAND_MAP_OPEN,
    HAND_MAP_READ,  /* the source, with its stat; which: 1 if by a symbolic link */
    HAND_MAP_THERE, /* is there an index? */
    HAND_MAP_ASK,   /* the keys, a line each; which 0: the live map, 1: the staged one */
    HAND_MAP_LIST,
    HAND_MAP_STAGE,
    HAND_MAP_COMMIT, /* which 1: the source, too */
    HAND_MAP_UNSTAGE,
    /* Postfix. */
    HAND_RELOAD,
    HAND_FLUSH,
    HAND_DEFER, /* defer_transports becomes `name`, or is removed */
    HAND_QUEUE, /* struct keeper_queue; which 1: a glance */
    HAND_SHARE_LOG,
    HAND_CANARY, /* a line with the number `name` into the log */
    HAND_PROBE,  /* a struct probe_request; answers what the probe wrote */
    HAND_COUNT
};

enum hand_state { STATE_RECALL, STATE_PREVIOUS, STATE_LOADED, STATE_COUNT };

enum { HAND_BYTES = 160 * 1024 };

/* What is asked for; n bytes follow. At most `room` come back. */
struct hand_call {
    uint32_t hand;
    uint32_t which;
    uint32_t n;
    uint32_t room;
    char name[544];
};

/* result: 0 and -1 (`why`), of programs their exit status, of THERE 1 and 0. n bytes follow. */
struct hand_answer {
    int32_t result;
    uint32_t which;
    uint32_t missing; /* -1: because there is no such file */
    uint32_t n;
    struct stat st;
    struct fault why;
    char errors[512]; /* of a program */
};

struct hand_dropped {
    int64_t mtime_ms;
    int64_t ctime_ns;
    char name[NAME_MAX + 1];
};

struct hands {
    const char *config_dir; /* of Postfix */
    const char *state_dir;  /* root's, 0700 */
    const char *source;     /* a secret manager's file; NULL: none */
    const char *drop;       /* folder where somebody puts new secrets; NULL: none */
    const char *probe;      /* absolute path of relaywatch-probe */
    const char *probe_user; /* who runs it */
    const char *reader;     /* relaywatchd's user: who shares the log */
    int probe_limit_ms;     /* for one try; 0: 30 s */
    int silence_ms;         /* how long wire_serve waits for the next call; 0: 20 s */
    queue_count_fn *count;  /* counts the queue; runs with the queue owner's rights */
    int wire;               /* in the part without privileges: to this one; -1: done here */
    bool served;            /* for such a part: what it names must be main.cf's */
    int lock;               /* -1: not taken */
    char map_spec[288];     /* main.cf's, as postconf told */
    char maillog[256];
    char queue[256]; /* "": not known yet */
    struct mapstore map;
    bool staged, built, checked; /* in this run */
};

/* For a program that is root itself, or needs no more than it has: all is done in place. */
struct hands hands_direct(const char *config_dir, const char *state_dir);

/* Does one deed; `bytes` (call->n) go in, up to `size` come out. Never looks into them. */
void hands_do(struct hands *hands, const struct hand_call *call, const void *bytes,
              struct hand_answer *answer, char *out, size_t size);

/* Lets go of everything, removes what was staged. */
void hands_end(struct hands *hands);

#endif
