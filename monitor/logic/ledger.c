/* See ledger.h. What each kind of line does, the look at the queue, the steps. How an entry stands
 * in the sum and ends is ledgerbook.c's. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"
#include "health.h"
#include "shortfall.h"

enum {
    WALK_MOST = 4096,           /* entries looked at in one reconciliation */
    UNTOUCHED_S = 2 * 60 * 60,  /* Postfix tries each message more often: maximal_backoff_time */
    CLOCKS_APART_S = 60,        /* the log's stamps and the queue's */
    LOST_KEPT_S = 24 * 60 * 60, /* how long a late line still finds one that was given up */
    BACKOFF_US = 300 * 1000 * 1000, /* minimal_backoff_time: older ones were tried before */
    CLIENTS = 1024,                 /* sessions of smtpd(8) that are remembered */
};

static const uint16_t outcome_of_status[] = {
    [MAILEV_STATUS_SENT] = ENTRY_SENT,
    [MAILEV_STATUS_BOUNCED] = ENTRY_BOUNCED,
    [MAILEV_STATUS_EXPIRED] = ENTRY_EXPIRED,
    [MAILEV_STATUS_OTHER] = ENTRY_SENT, /* a probe of verify(8) */
};

struct ledger {
    struct hash_key key;
    struct ledgerbook book;
    struct shortfall shortfall; /* of the queue, beside the open entries */
    struct client {
        uint32_t pid;
        uint64_t id; /* of the last message that this smtpd process opened */
    } client[CLIENTS];
};

struct ledger *ledger_new(const struct hash_key *key, ledger_end_fn *on_end, void *arg) {
    struct ledger *l = xcalloc(1, sizeof *l);

    l->key = *key;
    l->book.open = openset_new();
    l->book.on_end = on_end;
    l->book.arg = arg;
    return l;
}

void ledger_free(struct ledger **ledger) {
    if (*ledger == NULL)
        return;
    openset_free(&(*ledger)->book.open);
    free(*ledger);
    *ledger = NULL;
}

/* ---- lines ---- */

/* While it comes in, an entry has the process of its smtpd(8) where its recipients will be. */
static uint32_t pid_of(const struct open_message *m) {
    return (m->flags & ENTRY_COUNTED) == 0 ? (uint32_t)m->recipients << 16 | m->finals : 0;
}

static void set_pid(struct ledger *l, struct open_message *m, uint32_t pid) {
    m->recipients = (uint16_t)(pid >> 16);
    m->finals = (uint16_t)pid;
    l->client[pid % CLIENTS] = (struct client){pid, m->id};
    openset_changed(l->book.open, m);
}

uint64_t ledger_id(const struct hash_key *key, struct span queue_id) {
    if (queue_id.n == 0 || (queue_id.p[0] == 'N' && span_is(queue_id, "NOQUEUE")))
        return 0;
    return hash_quick(key, queue_id.p, queue_id.n) | UINT64_C(1) << 63; /* never 0 */
}

static uint32_t seconds(int64_t time_ms) {
    return time_ms > 0 ? (uint32_t)(time_ms / 1000) : 0;
}

static struct open_message *open_entry(struct ledger *l, uint64_t id, unsigned flags,
                                       int64_t time_ms) {
    struct open_message *m;

    if (openset_count(l->book.open) >= LEDGER_OPEN_MOST)
        ledgerbook_lose(&l->book, openset_first(l->book.open), LEDGER_SPILLED, time_ms);
    m = openset_add(l->book.open, id);
    m->arrived_s = m->touched_s = seconds(time_ms);
    ledgerbook_weigh(&l->book, m->flags = (uint16_t)flags, 1);
    return m;
}

/* An open entry with the same queue id is that of an earlier message, whose end we missed, unless
 * its message-id line is still to come. */
static void note_message_id(struct ledger *l, struct open_message *m, uint64_t id,
                            int64_t time_ms) {
    if (m != NULL && ((m->flags & ENTRY_LOGGED) == 0 || (m->flags & ENTRY_EXPECTED) != 0)) {
        if ((m->flags & ENTRY_LOST) != 0)
            ledgerbook_confirm(&l->book, m);
        ledgerbook_flag(&l->book, m, (m->flags | ENTRY_LOGGED) & ~(unsigned)ENTRY_EXPECTED);
        return;
    }
    if (m != NULL)
        ledgerbook_lose(&l->book, m, LEDGER_UNKNOWN, time_ms);
    open_entry(l, id, ENTRY_LOGGED, time_ms);
}

static void note_queued(struct ledger *l, struct open_message *m, const struct mailev *ev,
                        int64_t time_ms) {
    unsigned flags;

    ledgerbook_confirm(&l->book, m);
    flags =
        (unsigned)(m->flags | ENTRY_ACTIVE | ((m->flags & ENTRY_ACTIVE) != 0 ? ENTRY_RETRIED : 0));
    ledgerbook_flag(&l->book, m, flags & ~(unsigned)ENTRY_HELD);
    if (m->recipients == 0)
        m->recipients = (uint16_t)(ev->recipients < UINT16_MAX ? ev->recipients : UINT16_MAX);
    openset_touch(l->book.open, m, seconds(time_ms));
}

/* `outcome`: of one recipient, or ENTRY_EXPIRED for all that are left; 0: there is none yet. */
static void note_outcome(struct ledger *l, struct open_message *m, unsigned outcome,
                         int64_t time_ms) {
    ledgerbook_confirm(&l->book, m);
    if (outcome != 0) {
        ledgerbook_flag(&l->book, m, m->flags | outcome);
        if (m->finals < UINT16_MAX)
            m->finals++;
    }
    openset_touch(l->book.open, m, seconds(time_ms));
}

static void note_removed(struct ledger *l, struct open_message *m, uint64_t id, bool by_hand,
                         int64_t time_ms) {
    if (m == NULL) {
        l->book.totals.stray++;
        ledgerbook_tell(&l->book, id, LEDGER_STRAY, time_ms);
        return;
    }
    ledgerbook_confirm(&l->book, m);
    ledgerbook_end(&l->book, m,
                   by_hand && !ledgerbook_is_complete(m) ? LEDGER_DELETED : ledgerbook_outcome(m),
                   time_ms);
}

/* Refused or dropped while it came in. What is counted already came in otherwise, by postsuper -r:
 * its sender gets it back. */
static void note_turned_away(struct ledger *l, struct open_message *m, enum ledger_end end,
                             enum ledger_end counted_end, int64_t time_ms) {
    uint64_t id = m->id;

    if ((m->flags & (ENTRY_LOGGED | ENTRY_MILTER)) == 0 && (m->flags & ENTRY_COUNTED) == 0) {
        if (end == LEDGER_DISCARDED) /* it comes in, to be thrown away */
            ledgerbook_flag(&l->book, m, m->flags | ENTRY_CUT);
        else if (end == LEDGER_ABORTED) /* else it is one of its recipients */
            ledgerbook_lose(&l->book, m, end, time_ms);
    } else if ((m->flags & (ENTRY_COUNTED | ENTRY_LOST)) == 0) {
        ledgerbook_drop(&l->book, m);
        ledgerbook_tell(&l->book, id, end, time_ms);
    } else if ((m->flags & (ENTRY_COUNTED | ENTRY_ACTIVE)) == ENTRY_COUNTED) {
        ledgerbook_end(&l->book, m, counted_end, time_ms);
    }
}

/* postsuper -r: the same message goes on with this line's queue id. */
static void note_renamed(struct ledger *l, uint64_t id, const struct mailev *ev, int64_t time_ms) {
    struct open_message *old = openset_find(l->book.open, ledger_id(&l->key, ev->other_id));
    unsigned flags;

    if (old == NULL || old->flags == 0 || (old->flags & ENTRY_LOST) != 0 ||
        openset_find(l->book.open, id) != NULL)
        return;
    flags = (unsigned)((old->flags & (ENTRY_COUNTED | ENTRY_BOOKED | ENTRY_SENT | ENTRY_BOUNCED)) |
                       ENTRY_LOGGED | ENTRY_EXPECTED);
    ledgerbook_drop(&l->book, old);
    ledgerbook_tell(&l->book, ledger_id(&l->key, ev->other_id), LEDGER_RENAMED, time_ms);
    open_entry(l, id, flags, time_ms);
}

static void note_act(struct ledger *l, struct open_message *m, enum mailev_act act,
                     int64_t time_ms) {
    if (act == MAILEV_ACT_HELD)
        ledgerbook_flag(&l->book, m, m->flags | ENTRY_HELD);
    else if (act == MAILEV_ACT_RELEASED)
        ledgerbook_flag(&l->book, m, m->flags & ~(unsigned)ENTRY_HELD);
    else if (act == MAILEV_ACT_DISCARDED)
        note_turned_away(l, m, LEDGER_DISCARDED, LEDGER_DELETED, time_ms);
    else if (act == MAILEV_ACT_CANCELED)
        note_turned_away(l, m, LEDGER_ABORTED, LEDGER_UNKNOWN, time_ms);
}

/* The message that this smtpd process has in hand, if it is still coming in. */
static struct open_message *in_hand(struct ledger *l, uint32_t pid) {
    const struct client *client = &l->client[pid % CLIENTS];
    struct open_message *m = client->pid == pid ? openset_find(l->book.open, client->id) : NULL;

    return m != NULL && pid_of(m) == pid ? m : NULL;
}

/* smtpd(8) gave it a queue id, with its first recipient. The one before that never went further. */
static void note_client(struct ledger *l, struct open_message *m, uint64_t id,
                        const struct mailev *ev, int64_t time_ms) {
    struct open_message *before = in_hand(l, ev->pid);

    if (before != NULL && before != m && before->flags == 0)
        ledgerbook_lose(&l->book, before, LEDGER_ABORTED, time_ms);
    if (m == NULL)
        m = open_entry(l, id, 0, time_ms);
    if ((m->flags & (ENTRY_LOGGED | ENTRY_COUNTED | ENTRY_LOST)) == 0)
        set_pid(l, m, ev->pid);
}

/* The session of this smtpd process ended within a message: that one never came in. Should it have
 * after all, its next line says so. */
static void note_cut(struct ledger *l, uint32_t pid) {
    struct open_message *m = in_hand(l, pid);

    if (m != NULL && (m->flags & ENTRY_MILTER) == 0)
        ledgerbook_flag(&l->book, m, m->flags | ENTRY_CUT);
}

/* The kinds of lines that are about a message's way. */
static bool is_of_way(const struct mailev *ev) {
    static const uint32_t kinds = 1u << MAILEV_CLIENT | 1u << MAILEV_ACCEPTED |
                                  1u << MAILEV_QUEUED | 1u << MAILEV_DELIVERY |
                                  1u << MAILEV_EXPIRED | 1u << MAILEV_REMOVED |
                                  1u << MAILEV_REJECTED | 1u << MAILEV_BOUNCE_NOTICE;

    return (kinds >> ev->kind & 1) != 0 || ev->act != MAILEV_ACT_NONE;
}

bool ledger_may_end(const struct mailev *ev) {
    return ev->kind == MAILEV_REMOVED || ev->kind == MAILEV_REJECTED ||
           ev->kind == MAILEV_ACCEPTED /* of another one with the same queue id */ ||
           ev->act != MAILEV_ACT_NONE;
}

/* Why it waits, by the last recipient that was put off. */
static void note_reason(struct ledger *l, struct open_message *m, const struct mailev *ev) {
    unsigned ours;

    if (ev->status != MAILEV_STATUS_DEFERRED)
        return;
    ours = health_is_relays_fault(ev->diagnosis) ? ENTRY_OURS : 0;
    if ((m->flags & ENTRY_OURS) != ours)
        ledgerbook_flag(&l->book, m, (m->flags & ~(unsigned)ENTRY_OURS) | ours);
}

/* A line about a message that is open. */
static void note_open(struct ledger *l, struct open_message *m, const struct mailev *ev,
                      int64_t time_ms) {
    if (ev->kind == MAILEV_DELIVERY)
        note_reason(l, m, ev);
    if (ev->kind == MAILEV_QUEUED)
        note_queued(l, m, ev, time_ms);
    else if (ev->kind == MAILEV_DELIVERY)
        note_outcome(l, m, outcome_of_status[ev->status], time_ms);
    else if (ev->kind == MAILEV_EXPIRED)
        note_outcome(l, m, ENTRY_EXPIRED, time_ms);
    else if (ev->kind == MAILEV_REJECTED)
        note_turned_away(l, m, LEDGER_REFUSED, LEDGER_BOUNCED, time_ms);
    else
        note_act(l, m, ev->act, time_ms);
}

struct ledger_noted ledger_note(struct ledger *l, const struct mailev *ev) {
    int64_t time_ms = ev->time_ms != 0 ? ev->time_ms : l->book.seen_ms;
    struct ledger_noted noted = {0, false, false, false};
    struct open_message *m;

    if (time_ms > l->book.seen_ms)
        l->book.seen_ms = time_ms;
    if (!is_of_way(ev))
        return noted;
    if (ev->act == MAILEV_ACT_CUT)
        note_cut(l, ev->pid);
    noted.id = ledger_id(&l->key, ev->queue_id);
    if (noted.id == 0)
        return noted;
    m = openset_find(l->book.open, noted.id);
    noted.retried = m != NULL ? (m->flags & ENTRY_RETRIED) != 0 : ev->delays_us[0] >= BACKOFF_US;
    noted.first = ev->kind == MAILEV_QUEUED && m != NULL && (m->flags & ENTRY_ACTIVE) == 0;
    noted.ours = m != NULL && (m->flags & ENTRY_OURS) != 0;
    if (ev->kind == MAILEV_CLIENT)
        note_client(l, m, noted.id, ev, time_ms);
    else if (ev->kind == MAILEV_ACCEPTED)
        note_message_id(l, m, noted.id, time_ms);
    else if (ev->kind == MAILEV_REMOVED && ev->act == MAILEV_ACT_NONE)
        note_removed(l, m, noted.id, span_is(ev->daemon, "postsuper"), time_ms);
    else if (ev->act == MAILEV_ACT_RENAMED)
        note_renamed(l, noted.id, ev, time_ms);
    else if (m != NULL)
        note_open(l, m, ev, time_ms);
    return noted;
}

void ledger_note_milter(struct ledger *l, struct span queue_id, int64_t time_ms) {
    uint64_t id = ledger_id(&l->key, queue_id);
    struct open_message *m = id != 0 ? openset_find(l->book.open, id) : NULL;

    if (id == 0)
        return;
    if (m == NULL)
        open_entry(l, id, ENTRY_MILTER, time_ms);
    else if ((m->flags & ENTRY_MILTER) == 0)
        ledgerbook_flag(&l->book, m, (m->flags | ENTRY_MILTER) & ~(unsigned)ENTRY_CUT);
}

void ledger_set_ring(struct ledger *l, uint64_t next, uint64_t lineage) {
    l->book.totals.ring = next;
    l->book.totals.ring_lineage = lineage;
}

/* ---- the queue ---- */

/* The milter's alone: the log went on without a word of it. It was accepted, and that is all. */
static void give_up(struct ledger *l, struct open_message *m, int64_t now_ms) {
    l->book.totals.accepted++;
    l->book.totals.unlogged++;
    ledgerbook_count_unknown(&l->book, LEDGER_UNKNOWN, now_ms);
    ledgerbook_flag(&l->book, m, m->flags | ENTRY_LOST);
    ledgerbook_tell(&l->book, m->id, LEDGER_UNKNOWN, now_ms);
}

/* Is it one of those that are missing? Certainly if it came in before the oldest that there is;
 * otherwise if the log is silent about it for longer than any that waits. */
static bool is_missing(const struct open_message *m, const struct ledger_queue *queue,
                       uint32_t silent_s) {
    if (queue->messages == 0)
        return true;
    if (queue->oldest_s > 0 && (int64_t)m->arrived_s + CLOCKS_APART_S < queue->oldest_s)
        return true;
    return silent_s >= UNTOUCHED_S && (m->flags & ENTRY_HELD) == 0;
}

void ledger_reconcile(struct ledger *l, const struct ledger_queue *queue, int64_t now_ms) {
    uint64_t open = l->book.counted + l->book.arriving;
    uint64_t missing = shortfall_note(&l->shortfall, open, queue->known ? queue->messages : open,
                                      queue->limit_ms, now_ms);
    uint32_t now_s = seconds(now_ms);
    int64_t limit_s = queue->limit_ms / 1000;
    struct open_message *m = openset_first(l->book.open);
    struct open_message *next;

    for (int i = 0; queue->log_read && m != NULL && i < WALK_MOST; i++, m = next) {
        uint32_t silent_s = now_s - m->touched_s;

        next = openset_next(l->book.open, m);
        if (m->touched_s > now_s) /* a stamp of the future */
            continue;
        if (silent_s < limit_s)
            break;
        if ((m->flags & (ENTRY_LOST | ENTRY_BOOKED)) != 0) {
            if (silent_s >= LOST_KEPT_S)
                ledgerbook_lose(&l->book, m, LEDGER_UNKNOWN, now_ms);
        } else if ((m->flags & ENTRY_CUT) != 0 || m->flags == 0) {
            ledgerbook_lose(&l->book, m, LEDGER_ABORTED, now_ms);
        } else if ((m->flags & (ENTRY_LOGGED | ENTRY_COUNTED)) == 0) {
            if (seconds(l->book.seen_ms) >= m->arrived_s + limit_s)
                give_up(l, m, now_ms);
        } else if (missing > 0 && is_missing(m, queue, silent_s)) {
            ledgerbook_lose(&l->book, m, LEDGER_UNKNOWN, now_ms);
            missing--;
            shortfall_settle_one(&l->shortfall);
        }
    }
}

/* ---- steps ---- */

bool ledger_commit(struct ledger *l, openset_change_fn *on_change, void *arg) {
    if (!openset_has_changes(l->book.open))
        return false;
    l->book.totals.step += LEDGER_STEP;
    openset_drain(l->book.open, on_change, arg);
    return true;
}

void ledger_each(struct ledger *l, openset_change_fn *on_change, void *arg) {
    openset_each(l->book.open, on_change, arg);
}

void ledger_restore(struct ledger *l, const struct ledger_totals *totals) {
    l->book.totals = *totals;
}

void ledger_restore_entry(struct ledger *l, const struct open_change *entry) {
    struct open_message *m = openset_find(l->book.open, entry->id);

    if (m != NULL)
        ledgerbook_weigh(&l->book, m->flags, -1);
    openset_apply(l->book.open, entry);
    if (entry->gone)
        return;
    ledgerbook_weigh(&l->book, entry->flags, 1);
    m = openset_find(l->book.open, entry->id);
    if (pid_of(m) != 0)
        l->client[pid_of(m) % CLIENTS] = (struct client){pid_of(m), m->id};
}

void ledger_settle(struct ledger *l, uint64_t last_step, uint16_t life, int64_t now_ms) {
    struct ledger_totals *t = &l->book.totals;
    uint64_t ended = t->sent + t->bounced + t->expired + t->unknown;
    uint64_t open = t->accepted > ended ? t->accepted - ended : 0;

    while (l->book.counted > open)
        ledgerbook_drop(&l->book, openset_last(l->book.open));
    if (open > l->book.counted) {
        t->unknown += open - l->book.counted;
        t->spilled += open - l->book.counted;
        t->unknown_ms = (uint64_t)now_ms;
    }
    t->step = ((last_step > t->step ? last_step : t->step) / LEDGER_STEP + 1) * LEDGER_STEP + life;
}

void ledger_add_ended(struct ledger *l, const struct ledger_totals *now,
                      const struct ledger_totals *before) {
    struct ledger_totals *t = &l->book.totals;

    t->sent += now->sent - before->sent;
    t->bounced += now->bounced - before->bounced;
    t->expired += now->expired - before->expired;
    t->unknown += now->unknown - before->unknown;
    t->deleted += now->deleted - before->deleted;
    t->spilled += now->spilled - before->spilled;
    t->stray += now->stray - before->stray;
    t->accepted += now->sent + now->bounced + now->expired + now->unknown - before->sent -
                   before->bounced - before->expired - before->unknown;
}

const struct ledger_totals *ledger_totals(const struct ledger *l) {
    return &l->book.totals;
}

struct ledger_sum ledger_sum(const struct ledger *l) {
    const struct ledger_totals *t = &l->book.totals;

    return (struct ledger_sum){.accepted = t->accepted + l->book.arriving,
                               .sent = t->sent,
                               .bounced = t->bounced,
                               .expired = t->expired,
                               .queued = l->book.counted + l->book.arriving,
                               .unknown = t->unknown,
                               .arriving = l->book.arriving};
}

enum ledger_place ledger_place(struct ledger *l, uint64_t id) {
    const struct open_message *m = openset_find(l->book.open, id);

    if (m == NULL || (m->flags & (ENTRY_LOST | ENTRY_BOOKED | ENTRY_CUT)) != 0)
        return LEDGER_NOWHERE;
    return (m->flags & (ENTRY_COUNTED | ENTRY_HELD)) != 0 ? LEDGER_QUEUED : LEDGER_COMING;
}
