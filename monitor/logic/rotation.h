/* A change of the login, from the moment when it is wished until the old one may be revoked. The
 * keeper does the first half in one step (APPLY: validate, try the new login, stage, index aside,
 * check every key, fsync, rename, reload); here is what takes longer and needs the log:
 *
 *     IDLE -> CONFIRMING   a new login is live: it must deliver, from an smtp process of after it
 *     CONFIRMING -> SETTLING -> IDLE   it did; after 15 minutes the old one may be revoked
 *     CONFIRMING -> UNDOING   it fails in production: the keeper puts the old one back if that
 * works JUDGING   the new one was refused when tried: does the live one still work? HOLDING -> HELD
 * neither works: mail is kept in the queue until a login does
 *
 * What a kill would lose is in rotation_print, for the caller to keep on disk whenever `changed` is
 * set; what was asked and not answered is asked again, and every verb bears that. Pure: times are
 * parameters, wall for what people see, mono for what is due. */
#ifndef LOGIC_ROTATION_H
#define LOGIC_ROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health.h"
#include "keeperq.h"
#include "mailev.h"

enum rotation_state {
    ROTATION_IDLE,
    ROTATION_CONFIRMING,
    ROTATION_SETTLING,
    ROTATION_UNDOING,
    ROTATION_JUDGING,
    ROTATION_HOLDING,
    ROTATION_HELD,
    ROTATION_STATE_COUNT
};

/* What stands in the way until the next good change. */
enum rotation_problem {
    ROTATION_FINE,
    ROTATION_ROLLED_BACK, /* it failed in production, the one of before is live again */
    ROTATION_BOTH_DEAD,   /* mail is held */
    ROTATION_STUCK,       /* the way back failed */
    ROTATION_PROBLEM_COUNT
};

enum rotation_what {
    ROTATION_PUT_IN_PLACE,
    ROTATION_CONFIRMED,
    ROTATION_REVOCABLE, /* the old one may be revoked now */
    ROTATION_REFUSED,   /* by the smarthost, when tried: nothing was changed */
    ROTATION_BAD,       /* the file is not acceptable: nothing was changed */
    ROTATION_PUT_BACK,
    ROTATION_HELD_BACK, /* mail is kept in the queue */
    ROTATION_RELEASED,
    ROTATION_WHAT_COUNT
};

enum { ROTATION_HISTORY = 32, ROTATION_PIDS = 64, ROTATION_TEXT_MAX = 16 * 1024 };

struct rotation_event {
    int64_t at_ms;
    uint32_t what;   /* enum rotation_what */
    uint32_t origin; /* enum keeper_origin */
    char user[96];
    char detail[160];
};

struct rotation {
    enum rotation_state state;
    enum rotation_problem problem;
    uint64_t serial; /* of the live map, as the keeper counts */
    uint32_t origin;
    int64_t applied_ms;   /* wall; 0: not in our time */
    int64_t confirmed_ms; /* wall; 0: not yet */
    bool has_previous;
    bool undo_tried; /* for this serial: it swings once */
    char user[96];
    char detail[160]; /* of the problem */

    struct rotation_event history[ROTATION_HISTORY]; /* a ring; `events` ever noted */
    uint64_t events;
    bool changed; /* since it was kept */

    /* not kept */
    bool source_differed; /* since the one of before was put back */
    int64_t reloaded_ms;  /* when Postfix's line about its last reload was read */
    int64_t stale_ms;     /* when a process of before the change was refused last, long after it */
    unsigned failures;    /* of new processes since one delivered */
    int64_t first_failure_ms;
    int64_t due_ms; /* of what this state asks; 0: asked, or nothing */
    int64_t nudge_ms;
    int64_t waits_ms; /* wall: mail was put off for a login that is not the present one; 0: none is
                         known to wait for it */
    bool hurried;     /* that was sent again before the present one was confirmed */
    struct {
        uint32_t pid;
        int64_t began_ms; /* its first delivery that we saw */
        int64_t seen_ms;
    } pids[ROTATION_PIDS];
    bool tell;                     /* a hook is to be told of: */
    struct rotation_event to_tell; /* others may have been noted since */
};

void rotation_init(struct rotation *r);

/* One line of the log, which `health` knows of: deliveries of smtp(8). `now_ms`: wall, when it was
 * read. What another smarthost than main.cf's relayhost refused before the change, too, is no
 * failure of the change. */
void rotation_note(struct rotation *r, const struct mailev *ev, const struct health *health,
                   int64_t now_ms);

/* An answer of the keeper (NULL: none came). */
void rotation_on_reply(struct rotation *r, enum keeper_verb verb, const struct keeper_reply *reply,
                       const struct health *health, int64_t wall_ms, int64_t mono_ms);

/* Looks at the time. Returns the verb that is to be asked now, or 0; the caller tells with
 * rotation_asked that it was. */
int rotation_due(struct rotation *r, int64_t wall_ms, int64_t mono_ms);
void rotation_asked(struct rotation *r, int verb);

/* When the old login may be revoked, wall; 0: not known yet, or there is none. */
int64_t rotation_revocable_ms(const struct rotation *r);

/* Number i of the history, the latest first; NULL behind the last. */
const struct rotation_event *rotation_event(const struct rotation *r, unsigned i);

/* Words for people and JSON. Static. */
const char *rotation_state_name(enum rotation_state state);
const char *rotation_what_name(enum rotation_what what);
const char *rotation_origin_name(uint32_t origin);

/* To and from what is kept. Returns the length (ROTATION_TEXT_MAX is enough); false when it is not
 * what rotation_print writes. */
size_t rotation_print(const struct rotation *r, char *out, size_t size);
bool rotation_parse(struct rotation *r, struct span text, int64_t mono_ms);

#endif
