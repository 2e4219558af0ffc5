/* The real messages of ours that show that the relay delivers (canary_recipient): sends them
 * through the local Postfix (edge/submission.h), follows them in the log (logic/mailcanary.h), and
 * says to whom it matters how it stands: rules, heartbeat, view.
 *
 * What is counted: they are messages like others in counters, ledger, delays and the milter's
 * figures, which must agree with Postfix's log. They are left out where they would pass for
 * customers' mail: where the mail goes (destinations), and the shares of failed deliveries. Their
 * sender is the null sender, so they are nobody's in the count of recipients of a sender. Never
 * blocks. */
#ifndef DAEMON_MAILWAY_H
#define DAEMON_MAILWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "mailcanary.h"
#include "mailproof.h"
#include "submission.h"

struct daemon;
struct signals;

struct mailway {
    struct mailcanary canary;
    struct submission *submission;    /* NULL: canary_recipient is empty */
    char under_way[MAILCANARY_TOKEN]; /* that Postfix is being given */
};

void mailway_open(struct daemon *d);
void mailway_close(struct daemon *d);

/* Once a second, when the log is being read. */
void mailway_tick(struct daemon *d, int64_t mono_ms);

/* An event of the log; true: it is about one of them. */
bool mailway_note(struct daemon *d, const struct mailev *ev, int64_t time_ms);

void mailway_fill(const struct daemon *d, struct signals *s);
struct mailproof mailway_proof(const struct daemon *d, int64_t wall_ms);

#endif
