/* See hold.h. */
#include "hold.h"

#include <time.h>

#include "clock.h"
#include "fault.h"
#include "activate.h"
#include "work.h"

enum { HOLD_WITHIN_MS = 15 * 60 * 1000, NOTE_WAIT_MS = 5000, NOTE_STEP_MS = 50 };

static void run_hold(struct work *w) {
    int64_t since_ms = clock_wall_ms() - w->recall.live_refused_ms;
    struct fault why = {""};

    if (w->recall.held)
        work_say(w, KEEPER_UNCHANGED, "mail is held already");
    else if (!w->keeper->person && (since_ms < 0 || since_ms > HOLD_WITHIN_MS))
        work_say(w, KEEPER_NOT_ALLOWED, "the live login was not refused lately");
    else if (activate_hold(w->keeper, &w->facts, &w->recall, &why) == -1)
        work_say(w, KEEPER_FAILED, why.text);
    else {
        (void)activate(w->keeper, &w->facts, &w->recall, true, w->reply);
        work_save(w);
    }
}

static void run_release(struct work *w) {
    struct fault why = {""};

    if (!w->recall.held)
        work_say(w, KEEPER_UNCHANGED, "mail is not held");
    else if (activate_release(w->keeper, &w->facts, &w->recall, &why) == -1)
        work_say(w, KEEPER_FAILED, why.text);
    else {
        (void)activate(w->keeper, &w->facts, &w->recall, true, w->reply);
        work_save(w);
    }
}

static void run_nudge(struct work *w) {
    if (activate_owed_ms(&w->facts, &w->recall, clock_wall_ms()) == 0) {
        work_say(w, KEEPER_UNCHANGED, "no reload is owed");
        return;
    }
    if (!w->recall.reload_owed)
        (void)activate_flush(w->keeper, &w->recall, w->reply);
    else if (!activate(w->keeper, &w->facts, &w->recall, false, w->reply))
        w->reply->outcome = KEEPER_FAILED;
    work_save(w);
}

static void run_flush(struct work *w) {
    (void)activate_flush(w->keeper, &w->recall, w->reply);
    work_save(w);
}

static void run_finish(struct work *w) {
    recall_drop_previous(w->keeper->hands);
}

static void run_short(const struct keeper *keeper, struct keeper_reply *reply,
                      void (*what)(struct work *w)) {
    struct work *w = work_begin(keeper, reply);

    if (reply->outcome == KEEPER_DONE)
        what(w);
    work_end(w);
}

void hold_start(const struct keeper *keeper, struct keeper_reply *reply) {
    run_short(keeper, reply, run_hold);
}

void hold_end(const struct keeper *keeper, struct keeper_reply *reply) {
    run_short(keeper, reply, run_release);
}

void hold_nudge(const struct keeper *keeper, struct keeper_reply *reply) {
    run_short(keeper, reply, run_nudge);
}

void hold_flush(const struct keeper *keeper, struct keeper_reply *reply) {
    run_short(keeper, reply, run_flush);
}

void hold_finish(const struct keeper *keeper, struct keeper_reply *reply) {
    run_short(keeper, reply, run_finish);
}

/* Another verb may hold the lock for a moment: at its start relaywatchd asks several at once. */
static struct work *begin_patiently(const struct keeper *keeper, struct keeper_reply *scratch) {
    const struct timespec step = {.tv_nsec = NOTE_STEP_MS * 1000000L};
    struct work *w = work_begin_short(keeper, scratch);

    for (int waited_ms = 0; scratch->outcome == KEEPER_BUSY && waited_ms < NOTE_WAIT_MS;
         waited_ms += NOTE_STEP_MS) {
        work_end(w);
        nanosleep(&step, NULL);
        scratch->outcome = KEEPER_DONE;
        w = work_begin_short(keeper, scratch);
    }
    return w;
}

void hold_note_verdict(const struct keeper *keeper, const char *host, struct span login,
                       struct keeper_reply *reply) {
    struct keeper_reply scratch = {.outcome = KEEPER_DONE};
    struct work *w = begin_patiently(keeper, &scratch);
    bool refused = reply->outcome == KEEPER_REFUSED;
    bool good = reply->outcome == KEEPER_DONE;
    int64_t now_ms = clock_wall_ms();

    if (scratch.outcome == KEEPER_DONE) {
        if (good && login.n > 0)
            recall_note(&w->recall, recall_login(&w->recall, host, login), 0, now_ms);
        if (refused || good)
            w->recall.live_refused_ms = refused ? now_ms : 0;
        if (refused || (good && login.n > 0))
            work_save(w);
        work_tell(w, &reply->credential);
    }
    work_end(w);
}
