/* See fleetask.h. A loop of our own, for one reading. */
#include "fleetask.h"

#include <string.h>

#include "clock.h"
#include "fleetdoc.h"
#include "fleetlink.h"
#include "loop.h"
#include "text.h"

enum { LIMIT_MS = 4000 };

struct asking {
    struct loop *loop;
    struct fleetlink *link;
    const char *forget; /* NULL: only a reading */
    const struct conf *conf;
    struct json_t *doc;
    bool done;
    struct fault *why;
};

static void on_limit(void *arg) {
    struct asking *a = arg;
    const char *trouble = a->link != NULL ? fleetlink_trouble(a->link) : "";

    fault_set(a->why, "Redis at %s: %s", a->conf->redis,
              trouble[0] != '\0' ? trouble : "no answer within 4 s");
    loop_stop(a->loop);
}

static void on_forgotten(const char *why, void *arg) {
    struct asking *a = arg;

    a->done = why[0] == '\0';
    if (!a->done)
        fault_set(a->why, "Redis at %s: %s", a->conf->redis, why);
    loop_stop(a->loop);
}

/* A host that lives would be on the list again within seconds. */
static int check_silent(const struct fleet *fleet, const char *name, struct fault *why) {
    const struct fleet_host *host = fleet_find(fleet, name);
    char age[32];

    if (host == NULL)
        return fault_set(why, "there is no host %s in the fleet", name);
    text_age(age, sizeof age, host->silent_ms / 1000);
    if (host->sum.state == HOSTSUM_STOPPED || host->silent_ms >= fleet->gone_after_ms)
        return 0;
    return fault_set(why,
                     "%s gave a sign of life %s ago: it would be back at once. First, there: "
                     "systemctl stop relaywatchd",
                     name, age);
}

static void on_read(void *arg) {
    struct asking *a = arg;
    const struct fleet *fleet = fleetlink_fleet(a->link);
    const struct fleetdoc_about about = {
        .reader = a->conf->host, .now_ms = clock_wall_ms(), .trouble = ""};

    if (a->forget == NULL) {
        a->doc = fleetdoc_make(fleet, &about);
        a->done = true;
        loop_stop(a->loop);
    } else if (check_silent(fleet, a->forget, a->why) == -1 ||
               !fleetlink_forget(a->link, a->forget, on_forgotten, a)) {
        loop_stop(a->loop);
    }
}

static int ask(struct asking *a, const struct conf *conf, struct fault *why) {
    const struct fleetlink_calls calls = {.on_read = on_read, .arg = a};
    struct loop_timer *limit;

    a->conf = conf;
    a->why = why;
    a->loop = loop_new(why);
    if (a->loop == NULL)
        return -1;
    a->link = fleetlink_new(a->loop, conf, &calls);
    if (a->link != NULL) {
        limit = loop_timer_new(a->loop, on_limit, a);
        loop_timer_set(limit, LIMIT_MS);
        fleetlink_read(a->link);
        loop_run(a->loop);
        loop_timer_free(&limit);
    } else {
        fault_set(why, "no Redis is configured: hosts that share one are a fleet");
    }
    fleetlink_free(&a->link);
    loop_free(&a->loop);
    return a->done ? 0 : -1;
}

struct json_t *fleetask_read(const struct conf *conf, struct fault *why) {
    struct asking a = {.forget = NULL};

    return ask(&a, conf, why) == 0 ? a.doc : NULL;
}

int fleetask_forget(const struct conf *conf, const char *host, struct fault *why) {
    struct asking a = {.forget = host};

    return ask(&a, conf, why);
}
