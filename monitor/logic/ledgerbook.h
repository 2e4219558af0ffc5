/* The book that a ledger keeps: its open entries, and the sum in which each of them stands as long
 * as it is open and with its end afterwards. Whatever changes an entry's flags or ends it goes
 * through here, so that
 *     accepted = sent + bounced + expired + unknown + open entries
 * holds. What makes an entry change is told by logic/ledger.h, which owns the book. Pure. */
#ifndef LOGIC_LEDGERBOOK_H
#define LOGIC_LEDGERBOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "openset.h"

/* What is published. Never goes down, but for what ledger_restore brings. */
struct ledger_totals {
    uint64_t accepted, sent, bounced, expired, unknown;
    uint64_t deleted;  /* of unknown: by hand, postsuper -d ID */
    uint64_t spilled;  /* of unknown: not followed any more, as too many were open or a crash took
                          what was known of them */
    uint64_t unlogged; /* of unknown: the milter's, never seen in the log */
    uint64_t stray;    /* not in the sum: ended, but came in before we looked */
    uint64_t
        unknown_ms; /* when the last one became unknown that was not deleted by hand; 0: never */
    uint64_t step;  /* of the open entries that belong to these totals */
    uint64_t ring;  /* the next message of the milter's ring ... */
    uint64_t ring_lineage; /* ... of the page with this lineage */
};

enum ledger_end {
    LEDGER_SENT,
    LEDGER_BOUNCED,
    LEDGER_EXPIRED,
    LEDGER_DELETED,   /* by hand */
    LEDGER_UNKNOWN,   /* gone, nobody said how */
    LEDGER_SPILLED,   /* not followed any more */
    LEDGER_STRAY,     /* ended, but came in before we looked: how is not known here */
    LEDGER_REFUSED,   /* before it was in the queue */
    LEDGER_DISCARDED, /* likewise */
    LEDGER_ABORTED,   /* likewise: its sender broke off */
    LEDGER_RENAMED,   /* goes on under another queue id */
};

/* The message with this id ended. Called from inside any function that changes the ledger; must not
 * change it. */
typedef void ledger_end_fn(uint64_t id, enum ledger_end end, int64_t time_ms, void *arg);

/* open_message.flags. None: smtpd(8) gave it a queue id, and that is all. Which of them make an
 * entry count: is_counted(), is_arriving() in ledgerbook.c. */
enum {
    ENTRY_LOGGED = 1,   /* cleanup(8) told its message-id */
    ENTRY_MILTER = 2,   /* the milter saw the end of it */
    ENTRY_COUNTED = 4,  /* is in totals.accepted */
    ENTRY_SENT = 8,     /* some recipient's delivery */
    ENTRY_BOUNCED = 16, /* likewise */
    ENTRY_EXPIRED = 32,
    ENTRY_HELD = 64,
    ENTRY_ACTIVE = 128,   /* qmgr(8) had it */
    ENTRY_RETRIED = 256,  /* more than once */
    ENTRY_EXPECTED = 512, /* its message-id line comes yet: renamed by postsuper(1) */
    ENTRY_CUT = 1024,     /* its sender was lost before the end */
    ENTRY_LOST =
        2048, /* the milter's alone, given up: is in totals.unknown, kept for a late line */
    ENTRY_BOOKED = 4096, /* is in the totals with its end already */
    ENTRY_OURS = 8192,   /* it waits for a fault of the relay's own */
};

struct ledgerbook {
    struct ledger_totals totals;
    struct openset *open;  /* its messages' flags are ENTRY_ ones */
    ledger_end_fn *on_end; /* NULL: nobody wants to know */
    void *arg;
    uint64_t counted;  /* entries that are open in the totals */
    uint64_t arriving; /* entries that are open and not in the totals yet */
    int64_t seen_ms;   /* the latest time in the log */
};

/* An entry with these flags comes (1) or goes (-1). */
void ledgerbook_weigh(struct ledgerbook *book, uint16_t flags, int by);

/* An entry has these flags from now on. */
void ledgerbook_flag(struct ledgerbook *book, struct open_message *m, unsigned flags);

/* It is accepted: into the totals with it, where it is not yet. */
void ledgerbook_confirm(struct ledgerbook *book, struct open_message *m);

/* Has every recipient its outcome? One that only cleanup(8) had has it bounced. */
bool ledgerbook_is_complete(const struct open_message *m);

/* What its deliveries came to: expired before bounced before sent; unknown: none was told. */
enum ledger_end ledgerbook_outcome(const struct open_message *m);

/* Forgets an entry without an end; tells an end; one more is unknown. */
void ledgerbook_drop(struct ledgerbook *book, struct open_message *m);
void ledgerbook_tell(const struct ledgerbook *book, uint64_t id, enum ledger_end end,
                     int64_t time_ms);
void ledgerbook_count_unknown(struct ledgerbook *book, enum ledger_end end, int64_t time_ms);

/* Books an accepted message and forgets it. */
void ledgerbook_end(struct ledgerbook *book, struct open_message *m, enum ledger_end end,
                    int64_t time_ms);

/* It is not followed any more, `end` says why. What never was in the queue for all we know leaves
 * no trace; of what was delivered to all its recipients only the last line is missing. */
void ledgerbook_lose(struct ledgerbook *book, struct open_message *m, enum ledger_end end,
                     int64_t time_ms);

#endif
