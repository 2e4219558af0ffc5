/* The ledger: every message that came in must end. In messages, not recipients, at any time
 *     accepted = sent + bounced + expired + unknown + queued
 *
 * What counts as accepted: a message that the queue manager or a delivery agent had in hand.
 * smtpd(8)'s "client=" opens an entry. cleanup(8)'s "message-id=" comes before the end of the
 * message is there, and the milter's word may come before a later milter's refusal: with one of
 * them the entry is shown as accepted and queued (ledger_sum), but it is not in the totals.
 * Refused, discarded or cut off, it leaves without a trace in them; so the totals never go down.
 *
 * How it ends: qmgr(8)'s "removed" books what the deliveries came to, one message once: expired
 * before bounced before sent. `unknown` are those whose end nobody told: deleted by hand, known to
 * the milter and never to the log, gone from the queue without a line (postsuper -d ALL, lost
 * lines), or more at once than the ledger follows. A message that was in the queue before we first
 * looked is in no part of the sum, neither when it is tried nor when it ends (`stray`). A probe of
 * verify(8) ends as sent. postsuper -r gives a message another queue id: it stays one message.
 *
 * How the sum holds through a crash: the totals are published together with the position in the log
 * (logic/stream.h), and carry a step. Whatever changes them or the open entries makes a new step
 * (ledger_commit), and what changed is written to a local file before the totals of that step are
 * published. So whichever totals a new life begins with, the open entries of exactly their step are
 * in the file. Where they are not (a power cut, a lost disk), ledger_settle makes the sum right:
 * what the totals have open and the file has not becomes unknown. Lines are read again from the
 * position then, and the milter's ring from the number in the totals.
 *
 * Bounded: LEDGER_OPEN_MOST open entries, then the one that was spoken of longest ago becomes
 * unknown. Pure. */
#ifndef LOGIC_LEDGER_H
#define LOGIC_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "hash.h"
#include "ledgerbook.h"
#include "mailev.h"
#include "openset.h"

enum { LEDGER_OPEN_MOST = 1 << 20, LEDGER_STEP = 1 << 16 };

struct ledger;

/* The sum as it is shown: with the messages that are coming in just now. */
struct ledger_sum {
    uint64_t accepted, sent, bounced, expired, queued, unknown;
    uint64_t arriving; /* of accepted and queued: not in the totals yet */
};

/* `key` guards the table against chosen queue ids. on_end may be NULL. */
struct ledger *ledger_new(const struct hash_key *key, ledger_end_fn *on_end, void *arg);
void ledger_free(struct ledger **ledger);

/* At the beginning: takes over the totals of an earlier life, then each open entry that was written
 * down, in that order, then makes them agree and begins a step of its own: above that of the totals
 * and `last_step`, the highest that was ever written down, with the number of this `life` below
 * LEDGER_STEP. That is drawn at random, so that of two that write under one name neither takes the
 * other's step for its own. */
void ledger_restore(struct ledger *ledger, const struct ledger_totals *totals);
void ledger_restore_entry(struct ledger *ledger, const struct open_change *entry);
void ledger_settle(struct ledger *ledger, uint64_t last_step, uint16_t life, int64_t now_ms);

/* The id of a queue id, with the key of the ledger; 0 for an absent one and NOQUEUE. */
uint64_t ledger_id(const struct hash_key *key, struct span queue_id);

struct ledger_noted {
    uint64_t id;  /* of the line's queue id; 0: it is not about a message's way */
    bool retried; /* the message was tried before, as far as one can tell: its delays are no measure
                   */
    bool first;   /* the queue manager has it in hand for the first time */
    bool ours;    /* it waited for a fault of the relay's own */
};

/* Notes what one line says. */
struct ledger_noted ledger_note(struct ledger *ledger, const struct mailev *ev);

/* May this line end a message? Then what the milter saw up to now is to be told first. The milter's
 * word is there before the line is written, so no message's end is noted before it. */
bool ledger_may_end(const struct mailev *ev);

/* The milter saw this message whole; then how far its ring was read. */
void ledger_note_milter(struct ledger *ledger, struct span queue_id, int64_t time_ms);
void ledger_set_ring(struct ledger *ledger, uint64_t next, uint64_t lineage);

/* What is in the queue, as it was counted. */
struct ledger_queue {
    bool known;        /* counted lately */
    bool log_read;     /* all of the log that there is has been noted */
    uint64_t messages; /* of all queues but maildrop, whose messages did not come in yet */
    int64_t oldest_s;  /* when its oldest came in; 0: not known */
    int64_t limit_ms;  /* a message that the queue does not have may be open so long */
};

/* Looks for open entries that the queue does not have. To be called once a second or so. */
void ledger_reconcile(struct ledger *ledger, const struct ledger_queue *queue, int64_t now_ms);

/* If anything changed since the last time: begins a new step and tells what changed. Returns
 * whether it did. */
bool ledger_commit(struct ledger *ledger, openset_change_fn *on_change, void *arg);

/* Tells all open entries, as they are at the last step. */
void ledger_each(struct ledger *ledger, openset_change_fn *on_change, void *arg);

/* Adds the messages that came in and ended in another ledger, of old logs, since it was at
 * `before`. None of them is open here, so neither a step nor what `unknown_ms` tells changes. */
void ledger_add_ended(struct ledger *ledger, const struct ledger_totals *now,
                      const struct ledger_totals *before);

const struct ledger_totals *ledger_totals(const struct ledger *ledger);
struct ledger_sum ledger_sum(const struct ledger *ledger);

/* Where the message with this id is, as far as the ledger follows it. */
enum ledger_place { LEDGER_NOWHERE, LEDGER_COMING, LEDGER_QUEUED };
enum ledger_place ledger_place(struct ledger *ledger, uint64_t id);

#endif
