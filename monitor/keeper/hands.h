/* All that runs as root of what relaywatch-keeper does: a fixed set of small deeds, each about a
 * file or a program that the keeper's own options and main.cf name. None reads the texts that it
 * carries, but for three values of postconf's; they come and go as descriptors. Who decides which
 * deed comes next (monitor/procedure) has no privileges and asks through wire.h; the command-line
 * tool, which is the operator, asks directly. Blocks: each deed has a time limit of its own. */
#ifndef KEEPER_HANDS_H
#define KEEPER_HANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "mapstore.h"
#include "queue.h"

/* In brackets: what comes with the call; what comes back, to be read from its beginning. */
enum hand {
    HAND_ANSWER = 1, /* wire.h's [the keeper's reply] */
    HAND_LOCK,       /* one change at a time, until the end; result 1: another one has it */
    HAND_POSTCONF,   /* [; what postconf says of the relay] */
    /* The file `which` (enum hand_file), by its `name` in the drop folder. */
    HAND_READ,   /* [; the file] */
    HAND_SAVE,   /* [text] of the state folder alone */
    HAND_REMOVE, /* of the state and the drop folder */
    HAND_ASIDE,  /* a dropped one becomes NAME.refused */
    /* The password map that main.cf names. */
    HAND_MAP_THERE,  /* result: mapstore_index */
    HAND_MAP_ASK,    /* [keys, a line each; answers]; which 0: the live map, 1: the staged one */
    HAND_MAP_LIST,   /* [; answers] */
    HAND_MAP_STAGE,  /* [text] */
    HAND_MAP_COMMIT, /* which 1: the source, too */
    HAND_MAP_UNSTAGE,
    /* Postfix. */
    HAND_RELOAD,
    HAND_FLUSH,
    HAND_DEFER, /* defer_transports becomes `name`, or is removed */
    HAND_QUEUE, /* [; struct keeper_queue]; which 1: a glance */
    HAND_SHARE_LOG,
    HAND_CANARY, /* a line with the number `name` into the log */
    HAND_PROBE,  /* [a struct probe_request; what the probe wrote] */
    HAND_COUNT
};

enum hand_file {
    FILE_RECALL, /* the state folder's */
    FILE_PREVIOUS,
    FILE_LOADED,
    FILE_STATES,
    FILE_SOURCE = FILE_STATES, /* of credentials */
    FILE_DROP,                 /* the folder itself */
    FILE_DROPPED,
    FILE_MAP_TEXT
};

enum { HAND_BYTES = 160 * 1024 }; /* the most that comes back */

struct hand_call {
    uint32_t hand;
    uint32_t which;
    char name[544];
};

/* result: 0 and -1 (`why`), of programs their exit status. */
struct hand_answer {
    int32_t result;
    uint32_t missing; /* -1: because there is no such file */
    uint32_t linked;  /* a symbolic link led to the file */
    struct fault why;
    char errors[512]; /* of a program */
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
    bool served;            /* for such a part: what changes something needs the lock */
    int lock;               /* -1: not taken */
    char map_spec[288];     /* main.cf's "type:/path", as postconf told */
    char maillog[256];
    char queue[256]; /* "": not known yet */
    struct mapstore map;
    enum { STAGE_NONE, STAGE_BEGUN, STAGE_BUILT, STAGE_CHECKED } stage; /* in this run */
};

/* For a program that is root itself, or needs no more than it has: all is done in place. */
struct hands hands_direct(const char *config_dir, const char *state_dir);

/* Does one deed. `in`: what comes with it, -1: nothing; stays the caller's. *out: what comes back,
 * to be closed by the caller, or -1. */
void hands_do(struct hands *hands, const struct hand_call *call, int in, struct hand_answer *answer,
              int *out);

/* Lets go of everything, removes what was staged. */
void hands_end(struct hands *hands);

#endif
