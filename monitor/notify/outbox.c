/* See outbox.h. Two rules keep a receiver from being told twice of one thing: an alert that the
 * sender reports with a new beginning, while we know it as firing, is the same incident (the sender
 * was restarted); and after our own start nothing is said to fire before the sender has said so,
 * too, or has stayed silent for a while. */
#include "outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

struct outbox *outbox_new(int64_t now_ms) {
    struct outbox *o = xcalloc(1, sizeof *o);

    o->start_ms = now_ms;
    return o;
}

static void remove_incident(struct outbox *o, int i) {
    free(o->incident[i]->doc);
    free(o->incident[i]);
    o->count--;
    memmove(&o->incident[i], &o->incident[i + 1], (size_t)(o->count - i) * sizeof o->incident[0]);
}

void outbox_free(struct outbox **outbox) {
    if (*outbox == NULL)
        return;
    while ((*outbox)->count > 0)
        remove_incident(*outbox, (*outbox)->count - 1);
    free(*outbox);
    *outbox = NULL;
}

static bool is_same(const struct incident *i, const char *host, const char *id) {
    return strcmp(i->id, id) == 0 && strcmp(i->host, host) == 0;
}

const struct incident *outbox_find(const struct outbox *o, const char *host, const char *id,
                                   int64_t since_ms) {
    for (int i = 0; i < o->count; i++) {
        if (o->incident[i]->since_ms == since_ms && is_same(o->incident[i], host, id))
            return o->incident[i];
    }
    return NULL;
}

/* Room for one more: the oldest that has ended goes, or else the oldest. */
static void make_room(struct outbox *o) {
    int victim = 0;

    for (int i = 0; i < o->count; i++) {
        if (o->incident[i]->ended_ms != 0) {
            victim = i;
            break;
        }
    }
    remove_incident(o, victim);
    o->dropped++;
}

struct incident *outbox_insert(struct outbox *o, int64_t since_ms) {
    struct incident *incident = xcalloc(1, sizeof *incident);
    int at;

    if (o->count == OUTBOX_INCIDENTS)
        make_room(o);
    for (at = o->count; at > 0 && o->incident[at - 1]->since_ms > since_ms; at--)
        o->incident[at] = o->incident[at - 1];
    o->incident[at] = incident;
    o->count++;
    incident->since_ms = since_ms;
    return incident;
}

/* The incident that an entry of the set speaks of, or NULL. */
static struct incident *match(struct outbox *o, const char *host, const struct alertset_entry *e) {
    for (int i = 0; i < o->count; i++) {
        struct incident *known = o->incident[i];

        if (is_same(known, host, e->id) &&
            (known->since_ms == e->since_ms || known->sender_since_ms == e->since_ms))
            return known;
    }
    for (int i = o->count - 1; i >= 0 && e->ended_ms == 0; i--) {
        if (is_same(o->incident[i], host, e->id) && o->incident[i]->ended_ms == 0)
            return o->incident[i];
    }
    return NULL;
}

/* An incident that ended and fires again under the same beginning: the sender took its end back. */
static bool update(struct incident *i, const struct alertset *set, const struct alertset_entry *e) {
    bool changed = i->rank != e->rank || (i->ended_ms == 0) != (e->ended_ms == 0) ||
                   strcmp(i->diagnosis, e->diagnosis) != 0 || i->missing_ms != 0;

    i->rank = e->rank;
    if (e->ended_ms == 0)
        i->ended_ms = 0;
    else if (i->ended_ms == 0)
        i->ended_ms = e->ended_ms > i->since_ms ? e->ended_ms : i->since_ms + 1;
    i->sender_since_ms = e->since_ms;
    i->missing_ms = 0;
    i->confirmed = true;
    text_copy(i->diagnosis, sizeof i->diagnosis, e->diagnosis);
    text_copy(i->url, sizeof i->url, set->url);
    free(i->doc);
    i->doc = xstrdup(e->doc);
    return changed;
}

static bool is_in_set(const struct incident *i, const struct alertset *set) {
    for (int k = 0; k < set->count; k++) {
        if (strcmp(set->entry[k].id, i->id) == 0 && set->entry[k].since_ms == i->sender_since_ms)
            return true;
    }
    return false;
}

/* Another host goes on with it: nobody is told of an end that is none. */
static bool hand_over(struct incident *i, const struct alertset_entry *e) {
    bool changed = i->ended_ms == 0;

    i->ended_ms = changed ? e->ended_ms : i->ended_ms;
    for (int slot = 0; slot < OUTBOX_SLOTS; slot++)
        i->told[slot].status = TOLD_RESOLVED;
    i->sender_since_ms = e->since_ms;
    return changed;
}

static bool take_entry(struct outbox *o, const struct alertset *set,
                       const struct alertset_entry *e) {
    const char *host = e->host[0] != '\0' ? e->host : set->host;
    struct incident *known = match(o, host, e);

    if (e->elsewhere)
        return known != NULL && hand_over(known, e);
    if (known != NULL)
        return update(known, set, e);
    known = outbox_insert(o, e->since_ms);
    text_copy(known->host, sizeof known->host, host);
    text_copy(known->id, sizeof known->id, e->id);
    update(known, set, e);
    return true;
}

/* Ended ones first, so that an alert which ended and fires anew is not taken for one that goes on.
 */
bool outbox_take(struct outbox *o, const struct alertset *set, int64_t now_ms) {
    bool changed = false;

    for (int firing = 0; firing < 2; firing++) {
        for (int i = 0; i < set->count; i++) {
            if ((set->entry[i].ended_ms == 0) == (firing == 1))
                changed |= take_entry(o, set, &set->entry[i]);
        }
    }
    for (int i = 0; i < o->count; i++) {
        struct incident *known = o->incident[i];

        if (strcmp(known->host, set->host) != 0)
            continue; /* also of the fleet's: only its sender knows its end */
        known->present = is_in_set(known, set);
        if (!known->present && known->ended_ms == 0 && known->missing_ms == 0)
            known->missing_ms = now_ms;
    }
    return outbox_tick(o, now_ms) || changed;
}

int outbox_slot(const struct outbox *o, const char *identity) {
    for (int i = 0; i < OUTBOX_SLOTS; i++) {
        if (o->slot[i].listed && strcmp(o->slot[i].wish.identity, identity) == 0)
            return i;
    }
    return -1;
}

static void clear_slot(struct outbox *o, int slot) {
    memset(&o->slot[slot], 0, sizeof o->slot[slot]);
    for (int i = 0; i < o->count; i++)
        memset(&o->incident[i]->told[slot], 0, sizeof o->incident[i]->told[slot]);
}

struct slot *outbox_free_slot(struct outbox *o) {
    int victim = -1;

    for (int i = 0; i < OUTBOX_SLOTS; i++) {
        if (o->slot[i].wish.identity[0] == '\0')
            return &o->slot[i];
        if (!o->slot[i].listed &&
            (victim == -1 || o->slot[i].listed_ms < o->slot[victim].listed_ms))
            victim = i;
    }
    if (victim == -1)
        return NULL;
    clear_slot(o, victim);
    return &o->slot[victim];
}

static struct slot *known_slot(struct outbox *o, const char *identity) {
    for (int i = 0; i < OUTBOX_SLOTS; i++) {
        if (strcmp(o->slot[i].wish.identity, identity) == 0)
            return &o->slot[i];
    }
    return NULL;
}

bool outbox_list(struct outbox *o, const struct wish *wishes, int count, int64_t now_ms) {
    bool changed = false;
    bool was[OUTBOX_SLOTS];

    for (int i = 0; i < OUTBOX_SLOTS; i++) {
        was[i] = o->slot[i].listed;
        o->slot[i].listed = false;
        if (was[i])
            o->slot[i].listed_ms = now_ms;
    }
    for (int i = 0; i < count; i++) {
        struct slot *slot = known_slot(o, wishes[i].identity);

        if (slot == NULL)
            continue;
        slot->listed = true;
        slot->wish = wishes[i];
    }
    for (int i = 0; i < count; i++) {
        struct slot *slot = known_slot(o, wishes[i].identity);

        if (slot != NULL)
            continue;
        slot = outbox_free_slot(o);
        assert(slot != NULL); /* there are fewer receivers than slots */
        slot->wish = wishes[i];
        slot->listed = true;
        slot->known_ms = now_ms;
    }
    for (int i = 0; i < OUTBOX_SLOTS; i++) {
        changed |= was[i] != o->slot[i].listed;
        if (o->slot[i].listed)
            o->slot[i].listed_ms = now_ms;
    }
    return changed;
}

/* Nothing to tell this receiver about it, now or later. */
static bool is_settled(const struct incident *i, const struct slot *slot, const struct told *told) {
    const struct wish *wish = &slot->wish;

    if (!slot->listed)
        return true;
    if (told->status == TOLD_NOTHING && strcmp(i->id, OUTBOX_OF_RECEIVERS) == 0 &&
        i->since_ms < slot->well_ms)
        return true; /* it was about this very one, or as good as */
    if (i->ended_ms == 0)
        return false;
    if (told->status == TOLD_NOTHING &&
        (i->ended_ms < slot->known_ms || i->rank < wish->least_rank))
        return true;
    return told->status == TOLD_RESOLVED || !wish->wants_end;
}

/* What is in the set, or may be, is not forgotten: it would be news again. */
static bool is_done_with(const struct outbox *o, const struct incident *i, int64_t now_ms) {
    if (i->present || (!i->confirmed && now_ms - o->start_ms < OUTBOX_CONFIRM_MS))
        return false;
    if (i->ended_ms == 0 || now_ms - i->ended_ms < 2 * OUTBOX_RESOLVED_MS)
        return false;
    for (int slot = 0; slot < OUTBOX_SLOTS; slot++) {
        if (!is_settled(i, &o->slot[slot], &i->told[slot]))
            return now_ms - i->ended_ms > OUTBOX_KEEP_MS;
    }
    return true;
}

/* The clock was set back: no time that we remember lies ahead. */
static void forget_future(struct incident *i, int64_t now_ms) {
    if (i->missing_ms > now_ms)
        i->missing_ms = now_ms;
    for (int slot = 0; slot < OUTBOX_SLOTS; slot++) {
        if (i->told[slot].at_ms > now_ms) {
            i->told[slot].at_ms = now_ms;
            i->told[slot].not_before_ms = 0;
        }
    }
}

bool outbox_tick(struct outbox *o, int64_t now_ms) {
    bool changed = false;

    for (int i = o->count - 1; i >= 0; i--) {
        struct incident *known = o->incident[i];

        forget_future(known, now_ms);
        if (known->missing_ms != 0 && known->ended_ms == 0 &&
            now_ms - known->missing_ms >= OUTBOX_MISSING_MS) {
            known->ended_ms =
                known->missing_ms > known->since_ms ? known->missing_ms : known->since_ms + 1;
            changed = true;
        }
        if (is_done_with(o, known, now_ms)) {
            remove_incident(o, i);
            changed = true;
        }
    }
    for (int i = 0; i < OUTBOX_SLOTS; i++) {
        if (o->slot[i].wish.identity[0] != '\0' && !o->slot[i].listed &&
            now_ms - o->slot[i].listed_ms > OUTBOX_FORGET_MS) {
            clear_slot(o, i);
            changed = true;
        }
    }
    return changed;
}

static void fill(struct notice *out, const struct incident *i, const struct told *told) {
    memset(out, 0, sizeof *out);
    text_copy(out->host, sizeof out->host, i->host);
    text_copy(out->id, sizeof out->id, i->id);
    text_copy(out->diagnosis, sizeof out->diagnosis, i->diagnosis);
    out->since_ms = i->since_ms;
    out->status = i->ended_ms == 0 ? TOLD_FIRING : TOLD_RESOLVED;
    out->rank = i->rank;
    out->nth = told->times[out->status == TOLD_RESOLVED] + 1;
}

/* It may be said to fire. */
static bool is_certain(const struct outbox *o, const struct incident *i, int64_t now_ms) {
    if (i->missing_ms != 0)
        return false;
    return i->confirmed || now_ms - o->start_ms >= OUTBOX_CONFIRM_MS || now_ms < o->start_ms;
}

/* The receiver does not know how it stands. */
static bool is_news(const struct outbox *o, int slot, const struct incident *i, int64_t now_ms) {
    const struct told *told = &i->told[slot];

    if (is_settled(i, &o->slot[slot], told))
        return false;
    if (i->ended_ms != 0)
        return true;
    return i->rank >= o->slot[slot].wish.least_rank && is_certain(o, i, now_ms) &&
           (told->status != TOLD_FIRING || i->rank > told->rank);
}

/* It still fires, and the receiver wants to be reminded. */
static bool is_due_again(const struct outbox *o, int slot, const struct incident *i,
                         int64_t now_ms) {
    const struct wish *wish = &o->slot[slot].wish;
    const struct told *told = &i->told[slot];

    return i->ended_ms == 0 && told->status == TOLD_FIRING && wish->repeat_ms > 0 &&
           now_ms - told->at_ms >= wish->repeat_ms && i->rank >= wish->least_rank &&
           o->slot[slot].listed && is_certain(o, i, now_ms);
}

bool outbox_next(const struct outbox *o, int slot, int64_t now_ms, struct notice *out) {
    const struct incident *best = NULL;
    int64_t best_ms = 0;

    for (int k = 0; k < o->count; k++) {
        const struct incident *i = o->incident[k];
        const struct told *told = &i->told[slot];
        int64_t happened_ms = i->ended_ms != 0 ? i->ended_ms : i->since_ms;

        if ((!is_due_again(o, slot, i, now_ms) && !is_news(o, slot, i, now_ms)) ||
            now_ms < told->not_before_ms)
            continue;
        if (best == NULL || happened_ms < best_ms) {
            best = i;
            best_ms = happened_ms;
        }
    }
    if (best == NULL)
        return false;
    fill(out, best, &best->told[slot]);
    return true;
}

/* A later incident of the same alert: to Alertmanager, whose labels have no beginning, only the
 * latest counts. */
static bool has_successor(const struct outbox *o, int k) {
    for (int later = k + 1; later < o->count; later++) {
        if (is_same(o->incident[later], o->incident[k]->host, o->incident[k]->id))
            return true;
    }
    return false;
}

int outbox_batch(const struct outbox *o, int slot, int64_t now_ms, struct notice *out,
                 bool *news_out) {
    int n = 0;

    *news_out = false;
    for (int k = 0; k < o->count; k++) {
        const struct incident *i = o->incident[k];
        const struct told *told = &i->told[slot];
        bool relabelled = told->status == TOLD_FIRING &&
                          (told->rank != i->rank || strcmp(told->diagnosis, i->diagnosis) != 0);
        bool news = is_news(o, slot, i, now_ms) ||
                    (relabelled && i->ended_ms == 0 && is_certain(o, i, now_ms));
        bool lasting = told->status != TOLD_NOTHING &&
                       (i->ended_ms == 0 ? is_certain(o, i, now_ms)
                                         : now_ms - i->ended_ms < OUTBOX_RESOLVED_MS);

        if (!o->slot[slot].listed || (!news && !lasting) || has_successor(o, k))
            continue;
        *news_out |= news;
        fill(&out[n], i, told);
        out[n++].covers = true;
        if (relabelled) {
            out[n] = out[n - 1];
            out[n].farewell = true;
            out[n].status = TOLD_RESOLVED;
            out[n].rank = told->rank;
            text_copy(out[n].diagnosis, sizeof out[n].diagnosis, told->diagnosis);
            n++;
        }
    }
    return n;
}

int outbox_waiting(const struct outbox *o, int slot, int64_t now_ms) {
    int count = 0;

    for (int k = 0; k < o->count; k++)
        count += is_news(o, slot, o->incident[k], now_ms);
    return count;
}

void outbox_note_ok(struct outbox *o, int slot, int64_t now_ms, bool mended) {
    o->slot[slot].ok_ms = now_ms;
    if (mended)
        o->slot[slot].well_ms = now_ms;
}

static bool record(struct told *told, const struct notice *notice, int64_t now_ms) {
    unsigned *times = &told->times[notice->status == TOLD_RESOLVED];
    bool changed = told->status != notice->status || told->rank != notice->rank ||
                   strcmp(told->diagnosis, notice->diagnosis) != 0 ||
                   (!notice->covers && *times != notice->nth);

    told->status = notice->status;
    told->rank = notice->rank;
    text_copy(told->diagnosis, sizeof told->diagnosis, notice->diagnosis);
    told->at_ms = now_ms;
    told->not_before_ms = 0;
    *times = notice->nth;
    return changed;
}

bool outbox_told(struct outbox *o, int slot, const struct notice *notice, int64_t now_ms) {
    bool changed = false;

    for (int k = 0; k < o->count && !notice->farewell; k++) {
        struct incident *i = o->incident[k];
        struct told *told = &i->told[slot];

        if (!is_same(i, notice->host, notice->id))
            continue;
        if (i->since_ms == notice->since_ms) {
            changed |= record(told, notice, now_ms);
        } else if (notice->covers && i->since_ms < notice->since_ms && i->ended_ms != 0) {
            changed |= told->status != TOLD_RESOLVED;
            told->status = TOLD_RESOLVED;
        }
    }
    return changed;
}

void outbox_put_off(struct outbox *o, int slot, const struct notice *notice, int64_t until_ms) {
    for (int k = 0; k < o->count; k++) {
        struct incident *i = o->incident[k];

        if (notice == NULL ||
            (i->since_ms == notice->since_ms && is_same(i, notice->host, notice->id)))
            i->told[slot].not_before_ms = until_ms;
    }
}
