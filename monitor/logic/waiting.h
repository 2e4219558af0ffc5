/* What waits in Postfix's queue, and why: messages that come one after the other are added up to
 * groups, one for each diagnosis of the reasons for their delay, and the oldest are kept. Bounded
 * memory whatever the number of messages; pure, and nothing is allocated. */
#ifndef LOGIC_WAITING_H
#define LOGIC_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnose.h"
#include "text.h"

enum {
    WAITING_OTHERS = 24, /* reasons without a diagnosis that are told apart */
    WAITING_GROUPS = DIAGNOSIS_COUNT + WAITING_OTHERS + 3,
    WAITING_OLDEST = 16,
    WAITING_TEXT = 200,
};

enum waiting_kind {
    WAITING_DIAGNOSED,
    WAITING_OTHER,  /* a reason that no diagnosis knows: `text` is the first one */
    WAITING_NEW,    /* no attempt has failed yet, for none of its recipients */
    WAITING_HELD,   /* on hold */
    WAITING_VARIOUS /* of more kinds than are told apart */
};

struct waiting_group {
    enum waiting_kind kind;
    enum diagnosis diagnosis;
    uint64_t messages; /* a message with two reasons stands in two groups */
    uint64_t recipients;
    int64_t oldest_s;        /* arrival; 0: not known */
    char text[WAITING_TEXT]; /* the first reason, printable */
    char outline[WAITING_TEXT];
    uint64_t last; /* the last message that was counted here */
};

/* Facts of one message; the spans are lent. */
struct waiting_message {
    struct span id, queue, sender;
    int64_t arrived_s;
    uint64_t size;
};

struct waiting_item {
    char id[64], queue[16], sender[128];
    char recipient[128]; /* the first */
    char reason[WAITING_TEXT];
    enum diagnosis diagnosis;
    int64_t arrived_s;
    uint64_t size;
    uint32_t recipients;
};

struct waiting {
    const struct diagnoser *diagnoser;
    uint64_t messages, bytes, recipients;
    uint64_t active, deferred, incoming, hold, other; /* by queue */
    int64_t oldest_s;                                 /* of those that are not on hold; 0: none */
    size_t group_count;
    struct waiting_group group[WAITING_GROUPS];
    size_t oldest_count;
    struct waiting_item oldest[WAITING_OLDEST];
    /* the message that is being added */
    struct waiting_item now;
    bool held;
};

/* As a line of the log would be diagnosed, where the reason stands in parentheses. */
enum diagnosis waiting_diagnose(const struct diagnoser *d, struct span reason);

void waiting_init(struct waiting *w, const struct diagnoser *diagnoser);

/* A message: begin, each recipient, end. `reason` absent: there was no failure yet. */
void waiting_begin(struct waiting *w, const struct waiting_message *message);
enum diagnosis waiting_recipient(struct waiting *w, struct span address, struct span reason);
void waiting_end(struct waiting *w);

/* The groups by their messages, most first; the oldest by age. */
void waiting_sort(struct waiting *w);

#endif
