/* Real messages of our own that go the whole way: handed to the local Postfix, through the
 * smarthost, and known to be delivered when the log says `status=sent` of them. Each has a number
 * that nobody can guess in its Message-ID; by that cleanup's line tells its queue id. A message
 * that a filter hands in again is followed under its new id.
 *
 * Here is what is known of those under way, and whether the proof is overdue. Bounded: while
 * MAILCANARY_LETTERS wait in the queue no new one is sent, but one each hour. Pure. Times are of
 * the wall clock but where it says mono. */
#ifndef LOGIC_MAILCANARY_H
#define LOGIC_MAILCANARY_H

#include <stdbool.h>
#include <stdint.h>

#include "mailev.h"

enum { MAILCANARY_LETTERS = 8, MAILCANARY_TOKEN = 17 };

struct mailcanary_letter {
    char token[MAILCANARY_TOKEN]; /* 16 hexadecimal digits; "": the place is free */
    char queue_id[24];            /* "": not seen in the log yet */
    int64_t sent_ms;
};

/* All zero: nothing was sent yet. */
struct mailcanary {
    struct mailcanary_letter letter[MAILCANARY_LETTERS];
    int64_t due_mono_ms;
    int64_t unproved_ms;  /* when the first of those without a proof was due; 0: all are proved */
    int64_t delivered_ms; /* the last that was delivered; 0: none */
    int64_t delay_ms;     /* and how long that took */
    char trouble[256];    /* what the last one met; "": nothing */
};

/* Is it time for a message, and may there be one more? Then the next is in interval_ms. */
bool mailcanary_is_due(struct mailcanary *c, int64_t interval_ms, int64_t now_ms, int64_t mono_ms);

/* One with this number is on its way to Postfix. */
void mailcanary_begin(struct mailcanary *c, const char *token, int64_t now_ms);
/* Postfix did not take it. */
void mailcanary_refused(struct mailcanary *c, const char *token, const char *trouble);

/* Header and body of a message, from the recipient to itself. False: it does not fit. */
bool mailcanary_write(char *out, size_t size, const char *token, const char *host,
                      const char *recipient, const char *date);

/* An event of the log. True: it is about one of these messages. */
bool mailcanary_note(struct mailcanary *c, const struct mailev *ev, int64_t now_ms);

/* The clock was set. */
void mailcanary_shift(struct mailcanary *c, int64_t by_ms);

#endif
