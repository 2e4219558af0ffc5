/* See fleet.h. */
#include "fleet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

static const char *const names[FLEET_STATES] = {"critical", "gone",    "warning",
                                                "unknown",  "stopped", "ok"};

const char *fleet_state_name(enum fleet_state state) {
    return names[state];
}

/* ---- the table ---- */

void fleet_clear(struct fleet *fleet) {
    for (size_t i = 0; i < fleet->count; i++)
        free(fleet->host[i]);
    memset(fleet, 0, sizeof *fleet);
}

void fleet_interrupt(struct fleet *fleet) {
    fleet->read_ms = 0;
}

void fleet_begin(struct fleet *fleet, int64_t mono_ms) {
    int64_t step_ms = fleet->read_ms != 0 ? mono_ms - fleet->read_ms : 0;

    fleet->step_ms = step_ms < FLEET_STEP_MOST_MS ? step_ms : FLEET_STEP_MOST_MS;
    fleet->read_ms = mono_ms;
    fleet->more = false;
    for (size_t i = 0; i < fleet->count; i++)
        fleet->host[i]->seen = false;
}

/* Where the host with this name is, or belongs. */
static size_t place_of(const struct fleet *fleet, const char *name, bool *found_out) {
    size_t low = 0;
    size_t high = fleet->count;

    *found_out = false;
    while (low < high && !*found_out) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, fleet->host[middle]->name);

        *found_out = order == 0;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

const struct fleet_host *fleet_find(const struct fleet *fleet, const char *name) {
    bool found;
    size_t place = place_of(fleet, name, &found);

    return found ? fleet->host[place] : NULL;
}

static struct fleet_host *insert(struct fleet *fleet, size_t place, const char *name) {
    struct fleet_host *host;

    if (fleet->count == FLEET_HOSTS) {
        fleet->more = true;
        return NULL;
    }
    host = xcalloc(1, sizeof *host);
    text_copy(host->name, sizeof host->name, name);
    memmove(&fleet->host[place + 1], &fleet->host[place],
            (fleet->count - place) * sizeof fleet->host[0]);
    fleet->host[place] = host;
    fleet->count++;
    return host;
}

/* By the two clocks, as nothing better is known: its next sign of life puts it right. */
static int64_t first_guess_ms(const char *score, int64_t wall_ms) {
    double seconds = strtod(score, NULL);
    double age_ms = (double)wall_ms - seconds * 1000;

    return isfinite(age_ms) && age_ms > 0 && age_ms < 1e15 ? (int64_t)age_ms : 0;
}

struct fleet_host *fleet_see(struct fleet *fleet, struct span name, struct span score,
                             int64_t wall_ms) {
    struct fleet_host *host;
    char text[sizeof host->name];
    char beat[sizeof host->beat];
    bool found;
    size_t place;

    if (name.n == 0 || name.n >= sizeof text || memchr(name.p, '\0', name.n) != NULL)
        return NULL; /* none of ours has such a name */
    text_copy_span(text, sizeof text, name);
    text_copy_printable(beat, sizeof beat, score);
    place = place_of(fleet, text, &found);
    host = found ? fleet->host[place] : insert(fleet, place, text);
    if (host == NULL)
        return NULL;
    host->seen = true;
    if (!found) {
        host->silent_ms = first_guess_ms(beat, wall_ms);
    } else if (strcmp(beat, host->beat) != 0) {
        host->silent_ms = host->watched_ms = 0;
    } else {
        host->silent_ms += fleet->step_ms;
        host->watched_ms += fleet->step_ms;
        return host;
    }
    host->wanted = true;
    text_copy(host->beat, sizeof host->beat, beat);
    return host;
}

void fleet_end(struct fleet *fleet) {
    size_t kept = 0;

    for (size_t i = 0; i < fleet->count; i++) {
        if (fleet->host[i]->seen)
            fleet->host[kept++] = fleet->host[i];
        else
            free(fleet->host[i]);
    }
    fleet->count = kept;
}

/* ---- what follows ---- */

enum fleet_state fleet_state(const struct fleet *fleet, const struct fleet_host *host) {
    static const enum fleet_state of[] = {
        [HOSTSUM_UNKNOWN] = FLEET_UNKNOWN, [HOSTSUM_OK] = FLEET_OK,
        [HOSTSUM_WARNING] = FLEET_WARNING, [HOSTSUM_CRITICAL] = FLEET_CRITICAL,
        [HOSTSUM_STOPPED] = FLEET_STOPPED,
    };

    if (host->sum.state != HOSTSUM_STOPPED && host->silent_ms >= fleet->gone_after_ms)
        return FLEET_GONE;
    return of[host->sum.state];
}

struct fleet_figures fleet_sum(const struct fleet *fleet) {
    struct fleet_figures f = {.worst = fleet->count > 0 ? FLEET_OK : FLEET_UNKNOWN};

    for (size_t i = 0; i < fleet->count; i++) {
        const struct fleet_host *host = fleet->host[i];
        enum fleet_state state = fleet_state(fleet, host);

        f.count[state]++;
        if (state == FLEET_STOPPED)
            state = host->silent_ms < fleet->stopped_after_ms ? FLEET_OK : FLEET_WARNING;
        if (state < f.worst)
            f.worst = state;
        for (int n = 0; n < HOSTSUM_FIGURES; n++)
            f.figure[n] += host->sum.figure[n];
        if (state == FLEET_GONE || host->sum.state == HOSTSUM_STOPPED)
            continue; /* what was is true, what is is not known */
        f.queue_messages += host->sum.queue_messages;
        for (int n = 0; n < HOSTSUM_FIGURES; n++)
            f.rate[n] += host->sum.rate[n];
    }
    return f;
}

void fleet_headline(const struct fleet *fleet, char *out, size_t size) {
    struct fleet_figures f = fleet_sum(fleet);
    const char *before = ": ";
    size_t n;

    if (fleet->count > 0 && f.count[FLEET_OK] == fleet->count) {
        text_format(out, size,
                    fleet->count == 1 ? "one host, and it is well" : "all %zu hosts are well",
                    fleet->count);
        return;
    }
    text_format(out, size, "%zu host%s", fleet->count, fleet->count == 1 ? "" : "s");
    for (int s = 0; s < FLEET_STATES; s++) {
        n = strlen(out);
        if (f.count[s] == 0)
            continue;
        text_format(out + n, size - n, "%s%zu %s", before, f.count[s], names[s]);
        before = ", ";
    }
}

/* qsort takes no argument: what is compared is worked out before. */
struct place {
    enum fleet_state state;
    const struct fleet_host *host;
};

static int compare(const void *left, const void *right) {
    const struct place *a = left;
    const struct place *b = right;

    if (a->state != b->state)
        return a->state < b->state ? -1 : 1;
    if (a->state != FLEET_OK && a->host->sum.since_ms != b->host->sum.since_ms)
        return a->host->sum.since_ms < b->host->sum.since_ms ? -1 : 1;
    return strcmp(a->host->name, b->host->name);
}

size_t fleet_sort(const struct fleet *fleet, const struct fleet_host *out[FLEET_HOSTS]) {
    struct place place[FLEET_HOSTS];

    for (size_t i = 0; i < fleet->count; i++)
        place[i] = (struct place){fleet_state(fleet, fleet->host[i]), fleet->host[i]};
    qsort(place, fleet->count, sizeof place[0], compare);
    for (size_t i = 0; i < fleet->count; i++)
        out[i] = place[i].host;
    return fleet->count;
}
