/* See work.h. */
#include "work.h"

#include <stdlib.h>

#include "clock.h"
#include "fault.h"
#include "log.h"
#include "text.h"
#include "xmem.h"
#include "activate.h"
#include "errand.h"

void work_say(struct work *w, enum keeper_outcome outcome, const char *detail) {
    w->reply->outcome = outcome;
    text_copy(w->reply->detail, sizeof w->reply->detail, detail);
}

void work_save(struct work *w) {
    struct fault why;

    if (recall_save(w->keeper->hands, &w->recall, &why) == -1)
        log_error("keeper", "%s", why.text);
}

static bool take_lock(struct work *w) {
    struct fault why = {""};
    int taken = errand_for(w->keeper->hands, HAND_LOCK, 0, NULL, &why);

    if (taken == -1)
        work_say(w, KEEPER_FAILED, why.text);
    else if (taken != 0)
        work_say(w, KEEPER_BUSY, "another change is under way");
    return taken == 0;
}

struct work *work_begin_short(const struct keeper *keeper, struct keeper_reply *reply) {
    struct work *w = xcalloc(1, sizeof *w);
    struct fault why = {""};

    w->keeper = keeper;
    w->reply = reply;
    if (take_lock(w) && recall_load(keeper->hands, &w->recall, &why) == -1)
        work_say(w, KEEPER_FAILED, why.text);
    return w;
}

struct work *work_begin(const struct keeper *keeper, struct keeper_reply *reply) {
    struct work *w = work_begin_short(keeper, reply);
    struct fault why = {""};

    if (reply->outcome == KEEPER_DONE && facts_ask(keeper->hands, &w->facts, &why) == -1)
        work_say(w, KEEPER_FAILED, why.text);
    return w;
}

void work_tell(const struct work *w, struct keeper_credential *c) {
    c->serial = w->recall.serial;
    c->applied_ms = w->recall.applied_ms;
    c->held = w->recall.held;
    c->reload_due_ms = (uint32_t)activate_owed_ms(&w->facts, &w->recall, clock_wall_ms());
    c->has_previous = recall_has_previous(w->keeper->hands);
    if (w->reply->outcome == KEEPER_UNCHANGED || &w->reply->credential != c)
        c->origin = (uint32_t)w->recall.origin;
}

void work_end(struct work *w) {
    if (w->reply->outcome != KEEPER_BUSY)
        work_tell(w, &w->reply->credential);
    mapfile_close(&w->map);
    wipe(w, sizeof *w);
    free(w);
}

bool work_is_text(const struct work *w) {
    return w->map.suffix != NULL && w->map.suffix[0] == '\0';
}
