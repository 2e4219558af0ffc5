/* See rotation.h. */
#include "rotation.h"

#include <inttypes.h>
#include <string.h>

#include "keptline.h"
#include "healthlook.h"

enum {
    SLACK_MS = 500,          /* between the end of a delivery and our reading of its line */
    PID_LIFE_MS = 600000,    /* an idle smtp(8) ends after max_idle, 100 s */
    FAILURES_MANY = 3,       /* of new processes in a row: no accident */
    FAILURE_WAIT_MS = 10000, /* or one, and no success within this */
    WATCH_MS = 300000,       /* after the change; longer while it is not confirmed */
    STALE_AFTER_MS = 60000,  /* a process that took the change up had the time to */
    GRACE_MS = 900000,     /* the longest old session: 300 s in the cache, one delivery of 600 s */
    LIVE_WORKS_MS = 60000, /* a delivery this long ago proves the live login */
    RETRY_MS = 5000,
    QUIET_MS = 3000, /* after the last failure: what waits is worth another try */
    LOOK_MS = 10000, /* has somebody ended the hold? */
};

void rotation_init(struct rotation *r) {
    memset(r, 0, sizeof *r);
}

static void note_event(struct rotation *r, enum rotation_what what, uint32_t origin,
                       const char *user, const char *detail, int64_t wall_ms) {
    struct rotation_event *e = &r->history[r->events++ % ROTATION_HISTORY];

    *e = (struct rotation_event){.at_ms = wall_ms, .what = what, .origin = origin};
    text_copy_printable(e->user, sizeof e->user, span_of(user));
    text_copy_printable(e->detail, sizeof e->detail, span_of(detail));
    r->changed = true;
}

static void tell_last(struct rotation *r) {
    r->to_tell = *rotation_event(r, 0);
    r->tell = true;
}

static void tell(struct rotation *r, enum rotation_what what, const char *detail, int64_t wall_ms) {
    note_event(r, what, r->origin, r->user, detail, wall_ms);
    tell_last(r);
}

static void go(struct rotation *r, enum rotation_state state, int64_t due_ms) {
    r->changed |= r->state != state;
    r->state = state;
    r->due_ms = due_ms;
}

static void set_problem(struct rotation *r, enum rotation_problem problem, const char *detail) {
    r->problem = problem;
    text_copy_printable(r->detail, sizeof r->detail, span_of(detail));
    r->changed = true;
}

/* ---- the log ---- */

/* When the first delivery of this process began, as far as we saw. */
static int64_t began(struct rotation *r, uint32_t pid, int64_t start_ms, int64_t now_ms) {
    int oldest = 0;

    for (int i = 0; i < ROTATION_PIDS; i++) {
        if (r->pids[i].pid == pid && now_ms - r->pids[i].seen_ms < PID_LIFE_MS) {
            r->pids[i].seen_ms = now_ms;
            /* After a reload no process of before takes another message. */
            if (r->reloaded_ms > r->applied_ms && start_ms > r->reloaded_ms + SLACK_MS)
                r->pids[i].began_ms = start_ms;
            return r->pids[i].began_ms;
        }
        if (r->pids[i].seen_ms < r->pids[oldest].seen_ms)
            oldest = i;
    }
    r->pids[oldest].pid = pid;
    r->pids[oldest].began_ms = start_ms;
    r->pids[oldest].seen_ms = now_ms;
    return start_ms;
}

static void on_success(struct rotation *r, int64_t now_ms) {
    r->failures = 0;
    if (r->problem == ROTATION_STUCK)
        set_problem(r, ROTATION_FINE, "");
    if (r->state != ROTATION_CONFIRMING || r->confirmed_ms != 0)
        return;
    r->confirmed_ms = now_ms;
    go(r, ROTATION_SETTLING, 0);
    tell(r, ROTATION_CONFIRMED, "a message was delivered with it", now_ms);
}

static void on_failure(struct rotation *r, const struct mailev *ev, int64_t now_ms) {
    if (r->failures++ == 0)
        r->first_failure_ms = now_ms;
    text_copy_printable(r->detail, sizeof r->detail, ev->text);
}

/* Its processes end by themselves when the map changes, and at a reload. One that does not goes on
 * with the old login. */
static void note_stale(struct rotation *r, const struct mailev *ev, int64_t start_ms,
                       int64_t now_ms) {
    if (r->state == ROTATION_CONFIRMING && start_ms <= r->applied_ms &&
        now_ms - r->applied_ms > STALE_AFTER_MS && health_area(ev->diagnosis) == AREA_LOGIN)
        r->stale_ms = now_ms;
}

static bool is_old_trouble(const struct rotation *r, const struct mailev *ev,
                           const struct health *health, enum health_area area) {
    const struct health_way *way = health_way(health, ev->relayhost);

    return way != NULL && way != health_way(health, span_of(health->configured)) &&
           way->cause[area].since_ms < r->applied_ms;
}

void rotation_note(struct rotation *r, const struct mailev *ev, const struct health *health,
                   int64_t now_ms) {
    int64_t start_ms = now_ms;
    enum health_area area;

    if (ev->kind == MAILEV_LIFECYCLE && span_starts(ev->message, "reload "))
        r->reloaded_ms = now_ms;
    if (ev->kind != MAILEV_DELIVERY || ev->daemon.n != 4 || memcmp(ev->daemon.p, "smtp", 4) != 0)
        return;
    for (int stage = STAGE_SETUP; stage <= STAGE_TRANSMISSION; stage++)
        start_ms -= ev->delays_us[stage] > 0 ? ev->delays_us[stage] / 1000 : 0;
    start_ms = began(r, ev->pid, start_ms, now_ms);
    area = health_area(ev->diagnosis);
    if (area == AREA_LOGIN && ev->status != MAILEV_STATUS_SENT)
        r->waits_ms = now_ms; /* also where an old process says so, late */
    note_stale(r, ev, start_ms, now_ms);
    if ((r->state != ROTATION_CONFIRMING && r->state != ROTATION_SETTLING) ||
        start_ms <= r->applied_ms + SLACK_MS)
        return;
    if (ev->status == MAILEV_STATUS_SENT) {
        on_success(r, now_ms);
        return;
    }
    if ((area == AREA_LOGIN || area == AREA_POLICY) && !is_old_trouble(r, ev, health, area))
        on_failure(r, ev, now_ms);
}

/* ---- the keeper's answers ---- */

/* Another map is live than the one that we know of, whoever asked for it. */
static void on_serial(struct rotation *r, const struct keeper_credential *c, int64_t wall_ms) {
    bool back = c->origin == KEEPER_ORIGIN_UNDO;
    char failed[sizeof r->detail];

    text_copy(failed, sizeof failed, r->detail);
    r->serial = c->serial;
    r->origin = c->origin;
    r->applied_ms = c->applied_ms;
    r->confirmed_ms = 0;
    r->failures = 0;
    r->undo_tried = back;
    r->hurried = false;
    r->source_differed = false;
    text_copy_printable(r->user, sizeof r->user,
                        (struct span){c->user, strnlen(c->user, sizeof c->user)});
    if (r->state == ROTATION_HELD || r->state == ROTATION_HOLDING) {
        note_event(r, ROTATION_RELEASED, r->origin, r->user, "", wall_ms);
        r->waits_ms = wall_ms;
    }
    set_problem(r, back ? ROTATION_ROLLED_BACK : ROTATION_FINE, back ? failed : "");
    go(r, ROTATION_CONFIRMING, 0);
    if (back)
        tell(r, ROTATION_PUT_BACK, failed, wall_ms);
    else
        note_event(r, ROTATION_PUT_IN_PLACE, r->origin, r->user, "", wall_ms);
}

/* The smarthost refused the new login, or the file is bad: told once. */
static void on_rejected(struct rotation *r, enum rotation_what what,
                        const struct keeper_reply *reply, int64_t wall_ms) {
    const struct keeper_credential *c = &reply->credential;
    const struct rotation_event *last = rotation_event(r, 0);
    char user[sizeof r->user], detail[sizeof r->detail];

    text_copy_printable(detail, sizeof detail, span_of(reply->detail));
    text_copy_printable(user, sizeof user,
                        (struct span){c->user, strnlen(c->user, sizeof c->user)});
    if (last != NULL && last->what == what && strcmp(last->detail, detail) == 0 &&
        strcmp(last->user, user) == 0)
        return;
    note_event(r, what, c->origin, user, detail, wall_ms);
    tell_last(r);
}

static void on_apply(struct rotation *r, const struct keeper_reply *reply,
                     const struct health *health, int64_t wall_ms, int64_t mono_ms) {
    bool works = !health_is_broken(health, AREA_LOGIN, wall_ms) &&
                 wall_ms - health->last_success_ms < LIVE_WORKS_MS;

    if (reply->outcome == KEEPER_BAD_SOURCE)
        on_rejected(r, ROTATION_BAD, reply, wall_ms);
    if (reply->outcome != KEEPER_UNCHANGED)
        r->source_differed = true;
    else if (r->problem == ROTATION_ROLLED_BACK &&
             (r->source_differed || wall_ms - r->applied_ms > GRACE_MS))
        set_problem(r, ROTATION_FINE, ""); /* somebody has put it right */
    if (reply->outcome != KEEPER_REFUSED || reply->credential.from_memory)
        return;
    on_rejected(r, ROTATION_REFUSED, reply, wall_ms);
    if (!works && (r->state == ROTATION_IDLE || r->state == ROTATION_CONFIRMING ||
                   r->state == ROTATION_SETTLING))
        go(r, ROTATION_JUDGING, mono_ms + RETRY_MS);
}

static void hold(struct rotation *r, const char *detail, int64_t mono_ms) {
    set_problem(r, ROTATION_BOTH_DEAD, detail);
    go(r, ROTATION_HOLDING, mono_ms);
}

static void on_undo(struct rotation *r, const struct keeper_reply *reply, int64_t mono_ms) {
    switch ((enum keeper_outcome)reply->outcome) {
    case KEEPER_DONE: /* on_serial has seen it */
        break;
    case KEEPER_REFUSED:
        hold(r, reply->detail, mono_ms);
        break;
    case KEEPER_UNCHANGED:
        r->undo_tried = true;
        go(r, ROTATION_CONFIRMING, 0);
        break;
    case KEEPER_FAILED:
    case KEEPER_BAD_SOURCE:
    case KEEPER_NOT_ALLOWED:
        r->undo_tried = true;
        set_problem(r, ROTATION_STUCK, reply->detail);
        go(r, ROTATION_CONFIRMING, 0);
        break;
    case KEEPER_INCONCLUSIVE:
    case KEEPER_BUSY:
        r->due_ms = mono_ms + RETRY_MS;
        break;
    }
}

static void on_verify(struct rotation *r, const struct keeper_reply *reply, int64_t mono_ms) {
    if (r->state != ROTATION_JUDGING)
        return;
    if (reply->outcome == KEEPER_REFUSED)
        hold(r, "the relay refuses the live login and the new one", mono_ms);
    else if (reply->outcome == KEEPER_DONE)
        go(r, r->confirmed_ms == 0 && r->applied_ms != 0 ? ROTATION_CONFIRMING : ROTATION_IDLE, 0);
    else
        r->due_ms = mono_ms + RETRY_MS * 4;
}

static void on_hold(struct rotation *r, const struct keeper_reply *reply, int64_t wall_ms,
                    int64_t mono_ms) {
    if (reply->outcome == KEEPER_BUSY || reply->outcome == KEEPER_FAILED) {
        r->due_ms = mono_ms + RETRY_MS;
        return;
    }
    if (reply->outcome == KEEPER_NOT_ALLOWED) {
        go(r, ROTATION_JUDGING, mono_ms); /* the proof is too old: once more */
        return;
    }
    go(r, ROTATION_HELD, mono_ms + LOOK_MS);
    tell(r, ROTATION_HELD_BACK, r->detail, wall_ms);
}

/* Somebody has ended the hold by hand. */
static void on_release(struct rotation *r, int64_t wall_ms) {
    set_problem(r, ROTATION_FINE, "");
    note_event(r, ROTATION_RELEASED, r->origin, r->user, "", wall_ms);
    go(r, ROTATION_IDLE, 0);
}

void rotation_on_reply(struct rotation *r, enum keeper_verb verb, const struct keeper_reply *reply,
                       const struct health *health, int64_t wall_ms, int64_t mono_ms) {
    const struct keeper_credential *c;

    if (reply == NULL || reply->outcome == KEEPER_BUSY) {
        if (r->state != ROTATION_IDLE && r->due_ms == 0 &&
            (verb == KEEPER_UNDO || verb == KEEPER_HOLD || verb == KEEPER_VERIFY ||
             verb == KEEPER_NUDGE))
            r->due_ms = mono_ms + RETRY_MS;
        return;
    }
    c = &reply->credential;
    if (c->serial != 0)
        r->has_previous = c->has_previous != 0;
    if (c->reload_due_ms != 0)
        r->nudge_ms = mono_ms + (int64_t)c->reload_due_ms + 1;
    if (c->serial != 0 && c->serial != r->serial) {
        if (r->serial == 0 && reply->outcome != KEEPER_DONE && wall_ms - c->applied_ms > WATCH_MS) {
            r->serial = c->serial; /* of before our time */
            r->changed = true;
        } else {
            on_serial(r, c, wall_ms);
        }
    } else if (r->state == ROTATION_HELD && c->serial != 0 && !c->held) {
        on_release(r, wall_ms);
    }
    if (verb == KEEPER_APPLY)
        on_apply(r, reply, health, wall_ms, mono_ms);
    else if (verb == KEEPER_UNDO && r->state == ROTATION_UNDOING)
        on_undo(r, reply, mono_ms);
    else if (verb == KEEPER_VERIFY)
        on_verify(r, reply, mono_ms);
    else if (verb == KEEPER_HOLD && r->state == ROTATION_HOLDING)
        on_hold(r, reply, wall_ms, mono_ms);
    if (verb == KEEPER_NUDGE && r->state == ROTATION_HELD)
        r->due_ms = mono_ms + LOOK_MS;
}

/* ---- the time ---- */

static bool fails_in_production(const struct rotation *r, int64_t wall_ms) {
    bool watched = r->confirmed_ms == 0 || wall_ms - r->applied_ms < WATCH_MS;

    return watched && !r->undo_tried && r->failures > 0 &&
           (r->failures >= FAILURES_MANY || wall_ms - r->first_failure_ms >= FAILURE_WAIT_MS);
}

/* What a process of before put off late may be all the mail there is, and what confirms the new
 * login: it is sent again once before that. More often would have the old one refused again where a
 * process goes on with it. */
static bool may_hurry(const struct rotation *r) {
    return r->state == ROTATION_CONFIRMING && r->failures == 0 && !r->hurried &&
           r->waits_ms > r->applied_ms;
}

int64_t rotation_revocable_ms(const struct rotation *r) {
    return r->confirmed_ms != 0 && r->problem == ROTATION_FINE ? r->confirmed_ms + GRACE_MS : 0;
}

int rotation_due(struct rotation *r, int64_t wall_ms, int64_t mono_ms) {
    static const int asks[ROTATION_STATE_COUNT] = {
        [ROTATION_UNDOING] = KEEPER_UNDO,
        [ROTATION_JUDGING] = KEEPER_VERIFY,
        [ROTATION_HOLDING] = KEEPER_HOLD,
        [ROTATION_HELD] = KEEPER_NUDGE,
    };

    if ((r->state == ROTATION_CONFIRMING || r->state == ROTATION_SETTLING) &&
        fails_in_production(r, wall_ms)) {
        /* Without a login of before, it is to be found out whether this one is dead. */
        r->undo_tried = true;
        go(r, r->has_previous ? ROTATION_UNDOING : ROTATION_JUDGING, mono_ms);
    }
    if (r->state == ROTATION_SETTLING && wall_ms - r->confirmed_ms >= GRACE_MS) {
        if (r->problem == ROTATION_FINE)
            tell(r, ROTATION_REVOCABLE, "", wall_ms);
        go(r, ROTATION_IDLE, 0);
        return KEEPER_FINISH;
    }
    if (r->due_ms != 0 && mono_ms >= r->due_ms)
        return asks[r->state];
    if (r->nudge_ms != 0 && mono_ms >= r->nudge_ms)
        return KEEPER_NUDGE;
    return r->waits_ms != 0 && wall_ms - r->waits_ms >= QUIET_MS &&
                   (r->state == ROTATION_SETTLING || may_hurry(r))
               ? KEEPER_FLUSH
               : 0;
}

void rotation_asked(struct rotation *r, int verb) {
    if (verb == KEEPER_NUDGE)
        r->nudge_ms = 0;
    if (verb == KEEPER_FLUSH) {
        r->hurried |= r->state == ROTATION_CONFIRMING;
        r->waits_ms = 0;
    } else if (verb != KEEPER_NUDGE || r->state == ROTATION_HELD)
        r->due_ms = 0;
}

/* ---- words and the kept form ---- */

const struct rotation_event *rotation_event(const struct rotation *r, unsigned i) {
    if (i >= ROTATION_HISTORY || i >= r->events)
        return NULL;
    return &r->history[(r->events - 1 - i) % ROTATION_HISTORY];
}

const char *rotation_state_name(enum rotation_state state) {
    static const char *const names[ROTATION_STATE_COUNT] = {
        "idle", "confirming", "settling", "undoing", "judging", "holding", "held"};

    return names[state];
}

const char *rotation_what_name(enum rotation_what what) {
    static const char *const names[ROTATION_WHAT_COUNT] = {
        "put_in_place", "confirmed",   "old_revocable", "refused",
        "bad_source",   "rolled_back", "held",          "released"};

    return names[what];
}

const char *rotation_origin_name(uint32_t origin) {
    static const char *const names[] = {"edit", "set", "source", "drop", "undo"};

    return origin < sizeof names / sizeof names[0] ? names[origin] : "unknown";
}

static const char HEAD[] = "relaywatch-rotation 1\n";

size_t rotation_print(const struct rotation *r, char *out, size_t size) {
    uint64_t first = r->events > ROTATION_HISTORY ? r->events - ROTATION_HISTORY : 0;
    size_t n;

    text_format(out, size,
                "%s%d %d %" PRIu64 " %" PRIu32 " %" PRId64 " %" PRId64 " %d %d\n%s\n%s\n", HEAD,
                (int)r->state, (int)r->problem, r->serial, r->origin, r->applied_ms,
                r->confirmed_ms, r->has_previous, r->undo_tried, r->user, r->detail);
    n = strlen(out);
    for (uint64_t i = first; i < r->events; i++) {
        const struct rotation_event *e = &r->history[i % ROTATION_HISTORY];

        text_format(out + n, size - n, "%" PRId64 " %" PRIu32 " %" PRIu32 "\n%s\n%s\n", e->at_ms,
                    e->what, e->origin, e->user, e->detail);
        n += strlen(out + n);
    }
    text_format(out + n, size - n, "end\n");
    return n + strlen(out + n);
}

static bool take_text(struct span *rest, char *out, size_t size) {
    struct span line;

    return keptline_next(rest, &line) && text_copy_span(out, size, line);
}

static bool parse_head(struct rotation *r, struct span line) {
    struct keptline l = {line, false};

    r->state = (enum rotation_state)keptline_i64(&l, 0, ROTATION_STATE_COUNT - 1);
    r->problem = (enum rotation_problem)keptline_i64(&l, 0, ROTATION_PROBLEM_COUNT - 1);
    r->serial = (uint64_t)keptline_i64(&l, 0, INT64_MAX);
    r->origin = (uint32_t)keptline_i64(&l, 0, KEEPER_ORIGIN_UNDO);
    r->applied_ms = keptline_i64(&l, 0, INT64_MAX);
    r->confirmed_ms = keptline_i64(&l, 0, INT64_MAX);
    r->has_previous = keptline_i64(&l, 0, 1) != 0;
    r->undo_tried = keptline_i64(&l, 0, 1) != 0;
    return !l.bad && l.rest.n == 0;
}

static bool parse_event(struct rotation *r, struct span line, struct span *rest) {
    struct rotation_event *e = &r->history[r->events % ROTATION_HISTORY];
    struct keptline l = {line, false};

    e->at_ms = keptline_i64(&l, 0, INT64_MAX);
    e->what = (uint32_t)keptline_i64(&l, 0, ROTATION_WHAT_COUNT - 1);
    e->origin = (uint32_t)keptline_i64(&l, 0, UINT32_MAX);
    r->events++;
    return !l.bad && l.rest.n == 0 && take_text(rest, e->user, sizeof e->user) &&
           take_text(rest, e->detail, sizeof e->detail);
}

static bool parse_all(struct rotation *r, struct span text) {
    struct span line;

    if (!span_starts(text, HEAD))
        return false;
    text = (struct span){text.p + sizeof HEAD - 1, text.n - (sizeof HEAD - 1)};
    if (!keptline_next(&text, &line) || !parse_head(r, line) ||
        !take_text(&text, r->user, sizeof r->user) ||
        !take_text(&text, r->detail, sizeof r->detail))
        return false;
    while (keptline_next(&text, &line)) {
        if (span_is(line, "end"))
            return text.n == 0;
        if (!parse_event(r, line, &text))
            return false;
    }
    return false;
}

bool rotation_parse(struct rotation *r, struct span text, int64_t mono_ms) {
    rotation_init(r);
    if (!parse_all(r, text)) {
        rotation_init(r);
        return false;
    }
    /* What was asked and not answered is asked again. */
    if (r->state == ROTATION_UNDOING || r->state == ROTATION_JUDGING ||
        r->state == ROTATION_HOLDING || r->state == ROTATION_HELD)
        r->due_ms = mono_ms;
    /* Perhaps mail waits; wall clocks are past 1. */
    r->waits_ms = r->state == ROTATION_CONFIRMING || r->state == ROTATION_SETTLING ? 1 : 0;
    return true;
}
