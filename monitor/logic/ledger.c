/* See ledger.h. From below: the entry and its place in the sum, how an entry ends, what each kind
 * of line does, the look at the queue. */
#include "ledger.h"

#include <assert.h>
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

/* open_message.flags. None: smtpd(8) gave it a queue id, and that is all. Which of them make an
 * entry count: is_counted(), is_arriving(). */
enum {
    LOGGED = 1,   /* cleanup(8) told its message-id */
    MILTER = 2,   /* the milter saw the end of it */
    COUNTED = 4,  /* is in totals.accepted */
    SENT = 8,     /* some recipient's delivery */
    BOUNCED = 16, /* likewise */
    EXPIRED = 32,
    HELD = 64,
    ACTIVE = 128,   /* qmgr(8) had it */
    RETRIED = 256,  /* more than once */
    EXPECTED = 512, /* its message-id line comes yet: renamed by postsuper(1) */
    CUT = 1024,     /* its sender was lost before the end */
    LOST = 2048,    /* the milter's alone, given up: is in totals.unknown, kept for a late line */
    BOOKED = 4096,  /* is in the totals with its end already */
    OURS = 8192,    /* it waits for a fault of the relay's own */
};

static const uint16_t outcome_of_status[] = {
    [MAILEV_STATUS_SENT] = SENT,
    [MAILEV_STATUS_BOUNCED] = BOUNCED,
    [MAILEV_STATUS_EXPIRED] = EXPIRED,
    [MAILEV_STATUS_OTHER] = SENT, /* a probe of verify(8) */
};

struct ledger {
    struct hash_key key;
    struct ledger_totals totals;
    struct openset *open;
    ledger_end_fn *on_end;
    void *arg;
    uint64_t counted;           /* entries that are open in the totals */
    uint64_t arriving;          /* entries that are open and not in the totals yet */
    int64_t seen_ms;            /* the latest time in the log */
    struct shortfall shortfall; /* of the queue, beside the open entries */
    struct client {
        uint32_t pid;
        uint64_t id; /* of the last message that this smtpd process opened */
    } client[CLIENTS];
};

struct ledger *ledger_new(const struct hash_key *key, ledger_end_fn *on_end, void *arg) {
    struct ledger *l = xcalloc(1, sizeof *l);

    l->key = *key;
    l->open = openset_new();
    l->on_end = on_end;
    l->arg = arg;
    return l;
}

void ledger_free(struct ledger **ledger) {
    if (*ledger == NULL)
        return;
    openset_free(&(*ledger)->open);
    free(*ledger);
    *ledger = NULL;
}

/* ---- an entry and the sum ---- */

static bool is_counted(uint16_t flags) {
    return (flags & (COUNTED | BOOKED)) == COUNTED;
}

static bool is_arriving(uint16_t flags) {
    return (flags & (LOGGED | MILTER)) != 0 && (flags & (COUNTED | CUT | LOST)) == 0;
}

/* An entry with these flags comes (1) or goes (-1). */
static void weigh(struct ledger *l, uint16_t flags, int by) {
    l->counted += is_counted(flags) ? (uint64_t)by : 0;
    l->arriving += is_arriving(flags) ? (uint64_t)by : 0;
}

static void set_flags(struct ledger *l, struct open_message *m, unsigned flags) {
    weigh(l, m->flags, -1);
    m->flags = (uint16_t)flags;
    weigh(l, m->flags, 1);
    openset_changed(l->open, m);
}

static void drop(struct ledger *l, struct open_message *m) {
    weigh(l, m->flags, -1);
    openset_remove(l->open, m);
}

static void tell(const struct ledger *l, uint64_t id, enum ledger_end end, int64_t time_ms) {
    if (l->on_end != NULL)
        l->on_end(id, end, time_ms, l->arg);
}

/* While it comes in, an entry has the process of its smtpd(8) where its recipients will be. */
static uint32_t pid_of(const struct open_message *m) {
    return (m->flags & COUNTED) == 0 ? (uint32_t)m->recipients << 16 | m->finals : 0;
}

static void set_pid(struct ledger *l, struct open_message *m, uint32_t pid) {
    m->recipients = (uint16_t)(pid >> 16);
    m->finals = (uint16_t)pid;
    l->client[pid % CLIENTS] = (struct client){pid, m->id};
    openset_changed(l->open, m);
}

/* It is accepted: into the totals with it, where it is not yet. */
static void confirm(struct ledger *l, struct open_message *m) {
    if ((m->flags & LOST) != 0) {
        set_flags(l, m, (m->flags & ~(unsigned)LOST) | COUNTED | BOOKED);
    } else if ((m->flags & COUNTED) == 0) {
        l->totals.accepted++;
        m->recipients = m->finals = 0;
        set_flags(l, m, (m->flags & ~(unsigned)CUT) | COUNTED);
    }
}

/* ---- ends ---- */

/* Every recipient has its outcome: one that only cleanup(8) had has it bounced. */
static bool is_complete(const struct open_message *m) {
    if ((m->flags & EXPIRED) != 0)
        return true;
    return (m->flags & (SENT | BOUNCED)) != 0 && m->finals >= m->recipients &&
           (m->recipients > 0 || (m->flags & ACTIVE) == 0);
}

static enum ledger_end outcome_of(const struct open_message *m) {
    if ((m->flags & EXPIRED) != 0)
        return LEDGER_EXPIRED;
    if ((m->flags & BOUNCED) != 0)
        return LEDGER_BOUNCED;
    return (m->flags & SENT) != 0 ? LEDGER_SENT : LEDGER_UNKNOWN;
}

static void count_unknown(struct ledger *l, enum ledger_end end, int64_t time_ms) {
    l->totals.unknown++;
    l->totals.deleted += end == LEDGER_DELETED;
    l->totals.spilled += end == LEDGER_SPILLED;
    if (end != LEDGER_DELETED)
        l->totals.unknown_ms = (uint64_t)(time_ms > 0 ? time_ms : l->seen_ms);
}

/* Books an accepted message and forgets it. */
static void book(struct ledger *l, struct open_message *m, enum ledger_end end, int64_t time_ms) {
    uint64_t id = m->id;
    bool booked = (m->flags & BOOKED) != 0;

    assert((m->flags & COUNTED) != 0);
    drop(l, m);
    tell(l, id, end, time_ms);
    if (booked)
        return;
    if (end == LEDGER_SENT)
        l->totals.sent++;
    else if (end == LEDGER_BOUNCED)
        l->totals.bounced++;
    else if (end == LEDGER_EXPIRED)
        l->totals.expired++;
    else
        count_unknown(l, end, time_ms);
}

/* It is not followed any more, `end` says why. What never was in the queue for all we know leaves
 * no trace; of what was delivered to all its recipients only the last line is missing. */
static void lose(struct ledger *l, struct open_message *m, enum ledger_end end, int64_t time_ms) {
    uint64_t id = m->id;

    if ((m->flags & LOST) != 0) {
        drop(l, m);
    } else if ((m->flags & CUT) != 0 || (m->flags & (COUNTED | MILTER | HELD)) == 0) {
        drop(l, m);
        tell(l, id, LEDGER_ABORTED, time_ms);
    } else {
        confirm(l, m);
        book(l, m, is_complete(m) ? outcome_of(m) : end, time_ms);
    }
}

/* ---- lines ---- */

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

    if (openset_count(l->open) >= LEDGER_OPEN_MOST)
        lose(l, openset_first(l->open), LEDGER_SPILLED, time_ms);
    m = openset_add(l->open, id);
    m->arrived_s = m->touched_s = seconds(time_ms);
    weigh(l, m->flags = (uint16_t)flags, 1);
    return m;
}

/* An open entry with the same queue id is that of an earlier message, whose end we missed, unless
 * its message-id line is still to come. */
static void note_message_id(struct ledger *l, struct open_message *m, uint64_t id,
                            int64_t time_ms) {
    if (m != NULL && ((m->flags & LOGGED) == 0 || (m->flags & EXPECTED) != 0)) {
        if ((m->flags & LOST) != 0)
            confirm(l, m);
        set_flags(l, m, (m->flags | LOGGED) & ~(unsigned)EXPECTED);
        return;
    }
    if (m != NULL)
        lose(l, m, LEDGER_UNKNOWN, time_ms);
    open_entry(l, id, LOGGED, time_ms);
}

static void note_queued(struct ledger *l, struct open_message *m, const struct mailev *ev,
                        int64_t time_ms) {
    unsigned flags;

    confirm(l, m);
    flags = (unsigned)(m->flags | ACTIVE | ((m->flags & ACTIVE) != 0 ? RETRIED : 0));
    set_flags(l, m, flags & ~(unsigned)HELD);
    if (m->recipients == 0)
        m->recipients = (uint16_t)(ev->recipients < UINT16_MAX ? ev->recipients : UINT16_MAX);
    openset_touch(l->open, m, seconds(time_ms));
}

/* `outcome`: of one recipient, or EXPIRED for all that are left; 0: there is none yet. */
static void note_outcome(struct ledger *l, struct open_message *m, unsigned outcome,
                         int64_t time_ms) {
    confirm(l, m);
    if (outcome != 0) {
        set_flags(l, m, m->flags | outcome);
        if (m->finals < UINT16_MAX)
            m->finals++;
    }
    openset_touch(l->open, m, seconds(time_ms));
}

static void note_removed(struct ledger *l, struct open_message *m, uint64_t id, bool by_hand,
                         int64_t time_ms) {
    if (m == NULL) {
        l->totals.stray++;
        tell(l, id, LEDGER_STRAY, time_ms);
        return;
    }
    confirm(l, m);
    book(l, m, by_hand && !is_complete(m) ? LEDGER_DELETED : outcome_of(m), time_ms);
}

/* Refused or dropped while it came in. What is counted already came in otherwise, by postsuper -r:
 * its sender gets it back. */
static void note_turned_away(struct ledger *l, struct open_message *m, enum ledger_end end,
                             enum ledger_end counted_end, int64_t time_ms) {
    uint64_t id = m->id;

    if ((m->flags & (LOGGED | MILTER)) == 0 && (m->flags & COUNTED) == 0) {
        if (end == LEDGER_DISCARDED) /* it comes in, to be thrown away */
            set_flags(l, m, m->flags | CUT);
        else if (end == LEDGER_ABORTED) /* else it is one of its recipients */
            lose(l, m, end, time_ms);
    } else if ((m->flags & (COUNTED | LOST)) == 0) {
        drop(l, m);
        tell(l, id, end, time_ms);
    } else if ((m->flags & (COUNTED | ACTIVE)) == COUNTED) {
        book(l, m, counted_end, time_ms);
    }
}

/* postsuper -r: the same message goes on with this line's queue id. */
static void note_renamed(struct ledger *l, uint64_t id, const struct mailev *ev, int64_t time_ms) {
    struct open_message *old = openset_find(l->open, ledger_id(&l->key, ev->other_id));
    unsigned flags;

    if (old == NULL || old->flags == 0 || (old->flags & LOST) != 0 ||
        openset_find(l->open, id) != NULL)
        return;
    flags = (unsigned)((old->flags & (COUNTED | BOOKED | SENT | BOUNCED)) | LOGGED | EXPECTED);
    drop(l, old);
    tell(l, ledger_id(&l->key, ev->other_id), LEDGER_RENAMED, time_ms);
    open_entry(l, id, flags, time_ms);
}

static void note_act(struct ledger *l, struct open_message *m, enum mailev_act act,
                     int64_t time_ms) {
    if (act == MAILEV_ACT_HELD)
        set_flags(l, m, m->flags | HELD);
    else if (act == MAILEV_ACT_RELEASED)
        set_flags(l, m, m->flags & ~(unsigned)HELD);
    else if (act == MAILEV_ACT_DISCARDED)
        note_turned_away(l, m, LEDGER_DISCARDED, LEDGER_DELETED, time_ms);
    else if (act == MAILEV_ACT_CANCELED)
        note_turned_away(l, m, LEDGER_ABORTED, LEDGER_UNKNOWN, time_ms);
}

/* The message that this smtpd process has in hand, if it is still coming in. */
static struct open_message *in_hand(struct ledger *l, uint32_t pid) {
    const struct client *client = &l->client[pid % CLIENTS];
    struct open_message *m = client->pid == pid ? openset_find(l->open, client->id) : NULL;

    return m != NULL && pid_of(m) == pid ? m : NULL;
}

/* smtpd(8) gave it a queue id, with its first recipient. The one before that never went further. */
static void note_client(struct ledger *l, struct open_message *m, uint64_t id,
                        const struct mailev *ev, int64_t time_ms) {
    struct open_message *before = in_hand(l, ev->pid);

    if (before != NULL && before != m && before->flags == 0)
        lose(l, before, LEDGER_ABORTED, time_ms);
    if (m == NULL)
        m = open_entry(l, id, 0, time_ms);
    if ((m->flags & (LOGGED | COUNTED | LOST)) == 0)
        set_pid(l, m, ev->pid);
}

/* The session of this smtpd process ended within a message: that one never came in. Should it have
 * after all, its next line says so. */
static void note_cut(struct ledger *l, uint32_t pid) {
    struct open_message *m = in_hand(l, pid);

    if (m != NULL && (m->flags & MILTER) == 0)
        set_flags(l, m, m->flags | CUT);
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
    ours = health_is_relays_fault(ev->diagnosis) ? OURS : 0;
    if ((m->flags & OURS) != ours)
        set_flags(l, m, (m->flags & ~(unsigned)OURS) | ours);
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
        note_outcome(l, m, EXPIRED, time_ms);
    else if (ev->kind == MAILEV_REJECTED)
        note_turned_away(l, m, LEDGER_REFUSED, LEDGER_BOUNCED, time_ms);
    else
        note_act(l, m, ev->act, time_ms);
}

struct ledger_noted ledger_note(struct ledger *l, const struct mailev *ev) {
    int64_t time_ms = ev->time_ms != 0 ? ev->time_ms : l->seen_ms;
    struct ledger_noted noted = {0, false, false, false};
    struct open_message *m;

    if (time_ms > l->seen_ms)
        l->seen_ms = time_ms;
    if (!is_of_way(ev))
        return noted;
    if (ev->act == MAILEV_ACT_CUT)
        note_cut(l, ev->pid);
    noted.id = ledger_id(&l->key, ev->queue_id);
    if (noted.id == 0)
        return noted;
    m = openset_find(l->open, noted.id);
    noted.retried = m != NULL ? (m->flags & RETRIED) != 0 : ev->delays_us[0] >= BACKOFF_US;
    noted.first = ev->kind == MAILEV_QUEUED && m != NULL && (m->flags & ACTIVE) == 0;
    noted.ours = m != NULL && (m->flags & OURS) != 0;
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
    struct open_message *m = id != 0 ? openset_find(l->open, id) : NULL;

    if (id == 0)
        return;
    if (m == NULL)
        open_entry(l, id, MILTER, time_ms);
    else if ((m->flags & MILTER) == 0)
        set_flags(l, m, (m->flags | MILTER) & ~(unsigned)CUT);
}

void ledger_set_ring(struct ledger *l, uint64_t next, uint64_t lineage) {
    l->totals.ring = next;
    l->totals.ring_lineage = lineage;
}

/* ---- the queue ---- */

/* The milter's alone: the log went on without a word of it. It was accepted, and that is all. */
static void give_up(struct ledger *l, struct open_message *m, int64_t now_ms) {
    l->totals.accepted++;
    l->totals.unlogged++;
    count_unknown(l, LEDGER_UNKNOWN, now_ms);
    set_flags(l, m, m->flags | LOST);
    tell(l, m->id, LEDGER_UNKNOWN, now_ms);
}

/* Is it one of those that are missing? Certainly if it came in before the oldest that there is;
 * otherwise if the log is silent about it for longer than any that waits. */
static bool is_missing(const struct open_message *m, const struct ledger_queue *queue,
                       uint32_t silent_s) {
    if (queue->messages == 0)
        return true;
    if (queue->oldest_s > 0 && (int64_t)m->arrived_s + CLOCKS_APART_S < queue->oldest_s)
        return true;
    return silent_s >= UNTOUCHED_S && (m->flags & HELD) == 0;
}

void ledger_reconcile(struct ledger *l, const struct ledger_queue *queue, int64_t now_ms) {
    uint64_t open = l->counted + l->arriving;
    uint64_t missing = shortfall_note(&l->shortfall, open, queue->known ? queue->messages : open,
                                      queue->limit_ms, now_ms);
    uint32_t now_s = seconds(now_ms);
    int64_t limit_s = queue->limit_ms / 1000;
    struct open_message *m = openset_first(l->open);
    struct open_message *next;

    for (int i = 0; queue->log_read && m != NULL && i < WALK_MOST; i++, m = next) {
        uint32_t silent_s = now_s - m->touched_s;

        next = openset_next(l->open, m);
        if (m->touched_s > now_s) /* a stamp of the future */
            continue;
        if (silent_s < limit_s)
            break;
        if ((m->flags & (LOST | BOOKED)) != 0) {
            if (silent_s >= LOST_KEPT_S)
                lose(l, m, LEDGER_UNKNOWN, now_ms);
        } else if ((m->flags & CUT) != 0 || m->flags == 0) {
            lose(l, m, LEDGER_ABORTED, now_ms);
        } else if ((m->flags & (LOGGED | COUNTED)) == 0) {
            if (seconds(l->seen_ms) >= m->arrived_s + limit_s)
                give_up(l, m, now_ms);
        } else if (missing > 0 && is_missing(m, queue, silent_s)) {
            lose(l, m, LEDGER_UNKNOWN, now_ms);
            missing--;
            shortfall_settle_one(&l->shortfall);
        }
    }
}

/* ---- steps ---- */

bool ledger_commit(struct ledger *l, openset_change_fn *on_change, void *arg) {
    if (!openset_has_changes(l->open))
        return false;
    l->totals.step += LEDGER_STEP;
    openset_drain(l->open, on_change, arg);
    return true;
}

void ledger_each(struct ledger *l, openset_change_fn *on_change, void *arg) {
    openset_each(l->open, on_change, arg);
}

void ledger_restore(struct ledger *l, const struct ledger_totals *totals) {
    l->totals = *totals;
}

void ledger_restore_entry(struct ledger *l, const struct open_change *entry) {
    struct open_message *m = openset_find(l->open, entry->id);

    if (m != NULL)
        weigh(l, m->flags, -1);
    openset_apply(l->open, entry);
    if (entry->gone)
        return;
    weigh(l, entry->flags, 1);
    m = openset_find(l->open, entry->id);
    if (pid_of(m) != 0)
        l->client[pid_of(m) % CLIENTS] = (struct client){pid_of(m), m->id};
}

void ledger_settle(struct ledger *l, uint64_t last_step, uint16_t life, int64_t now_ms) {
    struct ledger_totals *t = &l->totals;
    uint64_t ended = t->sent + t->bounced + t->expired + t->unknown;
    uint64_t open = t->accepted > ended ? t->accepted - ended : 0;

    while (l->counted > open)
        drop(l, openset_last(l->open));
    if (open > l->counted) {
        t->unknown += open - l->counted;
        t->spilled += open - l->counted;
        t->unknown_ms = (uint64_t)now_ms;
    }
    t->step = ((last_step > t->step ? last_step : t->step) / LEDGER_STEP + 1) * LEDGER_STEP + life;
}

void ledger_add_ended(struct ledger *l, const struct ledger_totals *now,
                      const struct ledger_totals *before) {
    struct ledger_totals *t = &l->totals;

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
    return &l->totals;
}

struct ledger_sum ledger_sum(const struct ledger *l) {
    const struct ledger_totals *t = &l->totals;

    return (struct ledger_sum){.accepted = t->accepted + l->arriving,
                               .sent = t->sent,
                               .bounced = t->bounced,
                               .expired = t->expired,
                               .queued = l->counted + l->arriving,
                               .unknown = t->unknown,
                               .arriving = l->arriving};
}

enum ledger_place ledger_place(struct ledger *l, uint64_t id) {
    const struct open_message *m = openset_find(l->open, id);

    if (m == NULL || (m->flags & (LOST | BOOKED | CUT)) != 0)
        return LEDGER_NOWHERE;
    return (m->flags & (COUNTED | HELD)) != 0 ? LEDGER_QUEUED : LEDGER_COMING;
}
