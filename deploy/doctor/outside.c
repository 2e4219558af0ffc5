/* See outside.h. */
#include "outside.h"

#include "askhost.h"
#include "askours.h"
#include "askrelay.h"
#include "checks.h"
#include "jobs.h"
#include "question.h"

enum { LIMIT_MS = 10000, IDS = 5 };

/* Is one of the checks wanted that this question is for? */
static bool is_for(const char *const *ids, const char *only) {
    for (size_t i = 0; i < IDS && ids[i] != NULL; i++) {
        if (checks_wanted(only, ids[i]))
            return true;
    }
    return false;
}

void outside_ask(struct condition *seen, const char *programs, const char *secret, const char *only,
                 void (*on_wait)(const char *waiting)) {
    static const char *const ways[IDS] = {"dns", "tcp-587", "tcp-465", "clock"};
    static const char *const login[IDS] = {"login", "tls", "tls-version", "tls-expiry",
                                           "egress-address"};
    static const char *const door[IDS] = {"outside", "open-relay", "firewall"};
    static const char *const sockets[IDS] = {"keeper", "notify"};
    const struct question question = {.seen = seen, .programs = programs, .secret = secret};
    bool relay = seen->relay.host[0] != '\0', queue = seen->relay.queue_directory[0] != '\0';
    bool root = seen->root;
    const struct job jobs[] = {
        {"DNS and ports", relay && is_for(ways, only), askrelay_ways},
        {"the login", relay && root && (is_for(login, only) || checks_wanted(only, "clock")),
         askrelay_login},
        {"the HELO name", seen->relay.helo[0] != '\0' && checks_wanted(only, "helo-name"),
         askrelay_helo},
        {"this host's name", queue && checks_wanted(only, "own-name"), askhost_own_name},
        {"the way in", is_for(door, only), askhost_door4},
        {"the way in (IPv6)", is_for(door, only), askhost_door6},
        {"the milter", root && queue && checks_wanted(only, "milter-socket"), askhost_milter},
        {"the log", root && seen->running == SEEN_YES && checks_wanted(only, "log-flowing"),
         askhost_log},
        {"relaywatchd", checks_wanted(only, "relaywatchd"), askours_daemon},
        {"its sockets", is_for(sockets, only), askours_sockets},
        {"Redis", seen->conf.redis[0] != '\0' && checks_wanted(only, "redis"), askours_redis},
        {"Postal", checks_wanted(only, "postal"), askours_postal},
    };

    jobs_run(jobs, sizeof jobs / sizeof jobs[0], &question, LIMIT_MS, on_wait);
}
