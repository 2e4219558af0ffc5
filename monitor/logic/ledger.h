/* The ledger: every message that came in must end. In messages, not recipients:
 *     accepted = sent + bounced + expired + unknown + still in the queue
 * `unknown` are messages that left the queue without an outcome that we saw: deleted by hand, or
 * their outcome fell out of the bounded table. The table is 8-way associative and of fixed size;
 * only what a message came to so far is kept there, the totals are never forgotten. Pure; allocates
 * once. */
#ifndef LOGIC_LEDGER_H
#define LOGIC_LEDGER_H

#include <stdint.h>

#include "hash.h"
#include "mailev.h"

struct ledger;

struct ledger_totals {
    uint64_t accepted, sent, bounced, expired, unknown;
};

/* `key` guards the table against chosen queue ids. */
struct ledger *ledger_new(const struct hash_key *key);
void ledger_free(struct ledger **ledger);

/* Takes over the totals of an earlier life. */
void ledger_restore(struct ledger *ledger, const struct ledger_totals *totals);

/* Notes what one line says. */
void ledger_note(struct ledger *ledger, const struct mailev *ev);

const struct ledger_totals *ledger_totals(const struct ledger *ledger);

/* Messages that came in and did not end yet. */
uint64_t ledger_queued(const struct ledger *ledger);

#endif
