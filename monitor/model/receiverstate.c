/* See receiverstate.h. */
#include "receiverstate.h"

#include <string.h>

static const char *const names[RECEIVER_CONDITIONS] = {"idle", "ok", "failing", "refused"};

const char *receiverstate_name(enum receiver_condition condition) {
    return names[condition];
}

enum receiver_condition receiverstate_find(const char *name) {
    int i = 0;

    while (i < RECEIVER_CONDITIONS && strcmp(names[i], name) != 0)
        i++;
    return (enum receiver_condition)i;
}

bool receiverstate_is_bad(const struct receiver_state *state) {
    return state->condition == RECEIVER_FAILING || state->condition == RECEIVER_REFUSED;
}

struct receiver_sum receiverstate_sum(const struct receiver_report *report, int64_t now_ms) {
    struct receiver_sum sum = {.worst = NULL};
    int bad_tellers = 0;
    int64_t least_ms = INT64_MAX;

    for (int i = 0; i < report->count; i++) {
        const struct receiver_state *state = &report->receiver[i];
        int64_t bad_ms = now_ms > state->since_ms ? now_ms - state->since_ms : 0;

        sum.tellers += state->tells;
        if (!receiverstate_is_bad(state))
            continue;
        sum.bad++;
        if (sum.worst == NULL || bad_ms > sum.worst_ms) {
            sum.worst = state;
            sum.worst_ms = bad_ms;
        }
        if (!state->tells)
            continue;
        bad_tellers++;
        if (bad_ms < least_ms)
            least_ms = bad_ms;
    }
    if (sum.tellers > 0 && bad_tellers == sum.tellers)
        sum.all_bad_ms = least_ms > 0 ? least_ms : 1;
    return sum;
}
