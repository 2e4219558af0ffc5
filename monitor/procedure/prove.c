/* See prove.h. */
#include "prove.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "text.h"
#include "cred.h"
#include "facts.h"
#include "recall.h"
#include "tryout.h"

enum { HOUR_MS = 3600 * 1000, AGAIN_MS = 5 * HOUR_MS, REFUSED_AN_HOUR = 10 };

/* Is this key's login used at our relay: the relay's own, or a sender's with sender-dependent
 * authentication. That of another host is not ours to try. */
static bool is_ours(const struct work *w, const struct cred_file *file, const struct cred *entry) {
    return entry == cred_lookup(file, w->facts.host, w->facts.nexthop) ||
           (w->facts.sender_dependent && memchr(entry->key.p, '@', entry->key.n) != NULL);
}

static unsigned refused_lately(const struct recall *recall, int64_t now_ms) {
    unsigned count = 0;

    for (unsigned i = 0; i < recall->refused_count; i++)
        count += !recall->refused[i].in_production && now_ms >= recall->refused[i].at_ms &&
                 now_ms - recall->refused[i].at_ms < HOUR_MS;
    return count;
}

static const struct recall_refused *known_refusal(const struct work *w, const struct cred *entry) {
    return recall_find(&w->recall, recall_login(&w->recall, w->facts.host, entry->value));
}

static void say_known(struct work *w, const struct cred *entry,
                      const struct recall_refused *known) {
    char age[32];

    text_age(age, sizeof age, (clock_wall_ms() - known->at_ms) / 1000);
    snprintf(w->reply->detail, sizeof w->reply->detail,
             "%s %s ago and is not tried again by itself: correct it, or `relaywatch credentials "
             "rotate`",
             known->in_production ? "this login failed in production"
                                  : "the relay refused this login",
             age);
    w->reply->outcome = KEEPER_REFUSED;
    w->reply->credential.from_memory = 1;
    w->reply->credential.line = entry->line;
    text_copy_span(w->reply->credential.user, sizeof w->reply->credential.user, entry->user);
}

/* APPLY of root's is `credentials rotate`: somebody means it. SET may be a script that runs each
 * hour: at most five times a day. */
static bool may_try_again(const struct work *w, const struct recall_refused *known,
                          int64_t now_ms) {
    return w->keeper->person &&
           (w->reply->verb == KEEPER_APPLY || now_ms - known->at_ms >= AGAIN_MS);
}

/* Tries one login, unless the smarthost has refused it before: the same secret is never sent twice
 * by itself (lock-out), and only failed logins count against the limit. */
static bool prove_one(struct work *w, const struct cred *entry) {
    struct hash128 login = recall_login(&w->recall, w->facts.host, entry->value);
    const struct recall_refused *known = recall_find(&w->recall, login);
    int64_t now_ms = clock_wall_ms();

    if (known != NULL && !may_try_again(w, known, now_ms)) {
        say_known(w, entry, known);
        return false;
    }
    if (!w->keeper->person && refused_lately(&w->recall, now_ms) >= REFUSED_AN_HOUR) {
        work_say(w, KEEPER_INCONCLUSIVE,
                 "10 logins were refused within the hour: no more is tried for now (lock-out)");
        return false;
    }
    tryout(w->keeper, &w->facts, entry->user, entry->secret, w->reply);
    if (w->reply->outcome == KEEPER_REFUSED) {
        w->reply->credential.line = entry->line;
        recall_refuse(&w->recall, login, false, now_ms);
        work_save(w);
    } else if (w->reply->outcome == KEEPER_DONE) {
        recall_forgive(&w->recall, login);
        recall_note(&w->recall, login, 0, now_ms);
    }
    return w->reply->outcome == KEEPER_DONE;
}

bool prove_all(struct work *w, const struct cred_file *file) {
    const struct cred *relay = cred_lookup(file, w->facts.host, w->facts.nexthop);

    for (uint32_t i = 0; i < file->count; i++) {
        if (w->differs[i] && is_ours(w, file, &file->entries[i]) &&
            !prove_one(w, &file->entries[i]))
            return false;
    }
    text_copy_span(w->reply->credential.user, sizeof w->reply->credential.user, relay->user);
    return true;
}

bool prove_only_refused(const struct work *w) {
    for (uint32_t i = 0; i < w->file.count; i++) {
        if (w->differs[i] && is_ours(w, &w->file, &w->file.entries[i]) &&
            known_refusal(w, &w->file.entries[i]) != NULL)
            return true;
    }
    return false;
}
