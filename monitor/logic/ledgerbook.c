/* See ledgerbook.h. */
#include "ledgerbook.h"

#include <assert.h>
#include <stddef.h>

static bool is_counted(uint16_t flags) {
    return (flags & (ENTRY_COUNTED | ENTRY_BOOKED)) == ENTRY_COUNTED;
}

static bool is_arriving(uint16_t flags) {
    return (flags & (ENTRY_LOGGED | ENTRY_MILTER)) != 0 &&
           (flags & (ENTRY_COUNTED | ENTRY_CUT | ENTRY_LOST)) == 0;
}

void ledgerbook_weigh(struct ledgerbook *book, uint16_t flags, int by) {
    book->counted += is_counted(flags) ? (uint64_t)by : 0;
    book->arriving += is_arriving(flags) ? (uint64_t)by : 0;
}

void ledgerbook_flag(struct ledgerbook *book, struct open_message *m, unsigned flags) {
    ledgerbook_weigh(book, m->flags, -1);
    m->flags = (uint16_t)flags;
    ledgerbook_weigh(book, m->flags, 1);
    openset_changed(book->open, m);
}

void ledgerbook_drop(struct ledgerbook *book, struct open_message *m) {
    ledgerbook_weigh(book, m->flags, -1);
    openset_remove(book->open, m);
}

void ledgerbook_tell(const struct ledgerbook *book, uint64_t id, enum ledger_end end,
                     int64_t time_ms) {
    if (book->on_end != NULL)
        book->on_end(id, end, time_ms, book->arg);
}

void ledgerbook_confirm(struct ledgerbook *book, struct open_message *m) {
    if ((m->flags & ENTRY_LOST) != 0) {
        ledgerbook_flag(book, m, (m->flags & ~(unsigned)ENTRY_LOST) | ENTRY_COUNTED | ENTRY_BOOKED);
    } else if ((m->flags & ENTRY_COUNTED) == 0) {
        book->totals.accepted++;
        m->recipients = m->finals = 0;
        ledgerbook_flag(book, m, (m->flags & ~(unsigned)ENTRY_CUT) | ENTRY_COUNTED);
    }
}

/* ---- ends ---- */

bool ledgerbook_is_complete(const struct open_message *m) {
    if ((m->flags & ENTRY_EXPIRED) != 0)
        return true;
    return (m->flags & (ENTRY_SENT | ENTRY_BOUNCED)) != 0 && m->finals >= m->recipients &&
           (m->recipients > 0 || (m->flags & ENTRY_ACTIVE) == 0);
}

enum ledger_end ledgerbook_outcome(const struct open_message *m) {
    if ((m->flags & ENTRY_EXPIRED) != 0)
        return LEDGER_EXPIRED;
    if ((m->flags & ENTRY_BOUNCED) != 0)
        return LEDGER_BOUNCED;
    return (m->flags & ENTRY_SENT) != 0 ? LEDGER_SENT : LEDGER_UNKNOWN;
}

void ledgerbook_count_unknown(struct ledgerbook *book, enum ledger_end end, int64_t time_ms) {
    book->totals.unknown++;
    book->totals.deleted += end == LEDGER_DELETED;
    book->totals.spilled += end == LEDGER_SPILLED;
    if (end != LEDGER_DELETED)
        book->totals.unknown_ms = (uint64_t)(time_ms > 0 ? time_ms : book->seen_ms);
}

void ledgerbook_end(struct ledgerbook *book, struct open_message *m, enum ledger_end end,
                    int64_t time_ms) {
    uint64_t id = m->id;
    bool booked = (m->flags & ENTRY_BOOKED) != 0;

    assert((m->flags & ENTRY_COUNTED) != 0);
    ledgerbook_drop(book, m);
    ledgerbook_tell(book, id, end, time_ms);
    if (booked)
        return;
    if (end == LEDGER_SENT)
        book->totals.sent++;
    else if (end == LEDGER_BOUNCED)
        book->totals.bounced++;
    else if (end == LEDGER_EXPIRED)
        book->totals.expired++;
    else
        ledgerbook_count_unknown(book, end, time_ms);
}

void ledgerbook_lose(struct ledgerbook *book, struct open_message *m, enum ledger_end end,
                     int64_t time_ms) {
    uint64_t id = m->id;

    if ((m->flags & ENTRY_LOST) != 0) {
        ledgerbook_drop(book, m);
    } else if ((m->flags & ENTRY_CUT) != 0 ||
               (m->flags & (ENTRY_COUNTED | ENTRY_MILTER | ENTRY_HELD)) == 0) {
        ledgerbook_drop(book, m);
        ledgerbook_tell(book, id, LEDGER_ABORTED, time_ms);
    } else {
        ledgerbook_confirm(book, m);
        ledgerbook_end(book, m, ledgerbook_is_complete(m) ? ledgerbook_outcome(m) : end, time_ms);
    }
}
