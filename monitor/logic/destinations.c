/* See destinations.h. */
#include "destinations.h"

#include <string.h>

enum { ENDS = 3 };

static const enum counter ends[ENDS] = {COUNTER_SENT, COUNTER_DEFERRED, COUNTER_BOUNCED};
static const char *const words[ENDS] = {"sent", "deferred", "bounced"};

const struct busiest_kind destinations_kind = {
    .letter = 'k', .places = BUSIEST_PLACES, .figures = ENDS, .words = words};

static void add(struct busiest *d, struct span to, size_t end) {
    const char *at = to.n > 0 ? memrchr(to.p, '@', to.n) : NULL;

    if (at != NULL && at + 1 < to.p + to.n)
        busiest_add(d, &destinations_kind, (struct span){at + 1, (size_t)(to.p + to.n - at - 1)},
                    end);
}

void destinations_note(struct busiest *d, const struct mailev *ev) {
    if (ev->kind != MAILEV_DELIVERY)
        return;
    for (size_t end = 0; end < ENDS; end++) {
        if ((ev->counters & COUNTER_BIT(ends[end])) != 0)
            add(d, ev->to, end);
    }
}
