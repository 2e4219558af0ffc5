/* See apply.h. The way of a changed login stands in commit.c and in what calls it: offer()
 * reads, run_edit() and run_content() choose, prove() tries, commit_put() commits. */
#include "apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cred.h"
#include "credsource.h"
#include "fault.h"
#include "file.h"
#include "log.h"
#include "text.h"
#include "xmem.h"
#include "commit.h"
#include "facts.h"
#include "incoming.h"
#include "recall.h"
#include "mapfile.h"
#include "tryout.h"
#include "work.h"

enum { HOUR_MS = 3600 * 1000, AGAIN_MS = 5 * HOUR_MS, REFUSED_AN_HOUR = 10 };

/* The map can be changed at all. */
static bool is_usable(struct work *w) {
    if (!w->facts.sasl)
        work_say(w, KEEPER_UNCHANGED, "smtp_sasl_auth_enable is no: no login is used");
    else if (w->facts.host[0] == '\0')
        work_say(w, KEEPER_BAD_SOURCE, "relayhost is empty");
    else if (strcmp(w->facts.delimiter, ":") != 0)
        work_say(w, KEEPER_BAD_SOURCE, "smtp_sasl_password_result_delimiter: only : is known");
    else
        return true;
    return false;
}

/* ---- prove ---- */

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
    }
    return w->reply->outcome == KEEPER_DONE;
}

static bool prove(struct work *w, const struct cred_file *file) {
    const struct cred *relay = cred_lookup(file, w->facts.host, w->facts.nexthop);

    for (uint32_t i = 0; i < file->count; i++) {
        if (w->differs[i] && is_ours(w, file, &file->entries[i]) &&
            !prove_one(w, &file->entries[i]))
            return false;
    }
    text_copy_span(w->reply->credential.user, sizeof w->reply->credential.user, relay->user);
    return true;
}

/* ---- the operator's edit ---- */

static void tell_problems(struct work *w) {
    const struct cred_file *file = &w->file;
    size_t at = 0;

    w->reply->outcome = KEEPER_BAD_SOURCE;
    w->reply->credential.line = file->problems[0].line;
    for (uint32_t i = 0; i < file->problem_count && i < CRED_PROBLEMS_MAX; i++) {
        const struct cred_problem *one = &file->problems[i];
        char line[24] = "";

        if (one->line != 0)
            text_format(line, sizeof line, "line %u: ", one->line);
        if (!text_format(w->reply->detail + at, sizeof w->reply->detail - at, "%s%s%s",
                         i == 0 ? "" : "; ", line, one->what))
            break;
        at += strlen(w->reply->detail + at);
    }
}

/* Reads and checks sasl_passwd. */
static bool read_operators(struct work *w) {
    struct fault why = {""};

    w->map.text_n = 0;
    if (mapfile_read(&w->map, &why) == -1) {
        work_say(w, KEEPER_BAD_SOURCE, why.text);
        return false;
    }
    w->reply->credential.source_mtime_s = w->map.st.st_mtim.tv_sec;
    if (!cred_parse((struct span){w->map.text, w->map.text_n}, &w->file)) {
        tell_problems(w);
        return false;
    }
    w->reply->credential.entries = w->file.count;
    if (cred_lookup(&w->file, w->facts.host, w->facts.nexthop) == NULL) {
        snprintf(w->reply->detail, sizeof w->reply->detail,
                 "no entry for %.100s or %.100s: Postfix would not log in", w->facts.host,
                 w->facts.nexthop);
        w->reply->outcome = KEEPER_BAD_SOURCE;
        return false;
    }
    return true;
}

static bool compare(struct work *w, const struct cred_file *file) {
    struct fault why = {""};

    if (work_is_text(w)) {
        bool loaded = commit_text_is_loaded(w);

        w->reply->credential.changed = loaded ? 0 : file->count;
        for (uint32_t i = 0; i < file->count; i++)
            w->differs[i] = !loaded;
        return true;
    }
    if (mapfile_compare(&w->map, file, w->differs, &w->reply->credential.changed, &why) == 0)
        return true;
    work_say(w, KEEPER_FAILED, why.text);
    return false;
}

/* Does the operator's file hold nothing new but what was refused before? */
static bool only_refused_before(const struct work *w) {
    for (uint32_t i = 0; i < w->file.count; i++) {
        if (w->differs[i] && is_ours(w, &w->file, &w->file.entries[i]) &&
            known_refusal(w, &w->file.entries[i]) != NULL)
            return true;
    }
    return false;
}

static void run_edit(struct work *w) {
    const struct cred *relay = cred_lookup(&w->file, w->facts.host, w->facts.nexthop);

    text_copy_span(w->reply->credential.user, sizeof w->reply->credential.user, relay->user);
    if (w->reply->credential.changed == 0) {
        work_say(w, KEEPER_UNCHANGED, "");
        return;
    }
    if (prove(w, &w->file))
        commit_put(w, (struct span){w->map.text, w->map.text_n}, &w->file, false,
                   (struct span){NULL, 0}, KEEPER_ORIGIN_EDIT);
}

/* ---- a secret from elsewhere ---- */

static void say_bad_content(struct work *w, const char *name, const struct cred_problem *problem) {
    char line[24] = "";

    if (problem->line != 0)
        text_format(line, sizeof line, "line %u: ", problem->line);
    snprintf(w->reply->detail, sizeof w->reply->detail, "%.200s: %s%s", name, line, problem->what);
    w->reply->outcome = KEEPER_BAD_SOURCE;
    w->reply->credential.line = problem->line;
}

/* texthash: which entries of `merged` are not those of the operator's text. */
static void compare_text(struct work *w) {
    w->reply->credential.changed = 0;
    for (uint32_t i = 0; i < w->merged.count; i++) {
        const struct cred *before = cred_find(&w->file, w->merged.entries[i].key);

        w->differs[i] = before == NULL || !span_equal(before->value, w->merged.entries[i].value);
        w->reply->credential.changed += w->differs[i];
    }
}

/* Merges what stands in w->content into the operator's file and makes that live. */
static void run_content(struct work *w, const char *name, size_t n, enum keeper_origin origin) {
    struct span text = {w->map.text, w->map.text_n};
    const struct cred *relay = cred_lookup(&w->file, w->facts.host, w->facts.nexthop);
    struct cred_problem problem;
    size_t text_n;

    w->reply->credential.origin = origin;
    if (!credsource_merge(text, &w->file, relay, (struct span){w->content, n}, w->text, &text_n,
                          &problem)) {
        say_bad_content(w, name, &problem);
        return;
    }
    if (!cred_parse((struct span){w->text, text_n}, &w->merged)) {
        say_bad_content(w, name, &w->merged.problems[0]);
        return;
    }
    if (w->map.linked) {
        work_say(w, KEEPER_BAD_SOURCE,
                 "sasl_passwd is a symbolic link: change what it names, it is not replaced");
        return;
    }
    if (work_is_text(w))
        compare_text(w);
    else if (!compare(w, &w->merged))
        return;
    if (w->reply->credential.changed == 0)
        work_say(w, KEEPER_UNCHANGED, "");
    else if (prove(w, &w->merged))
        commit_put(w, (struct span){w->text, text_n}, &w->merged, true, text, origin);
}

/* ---- verbs ---- */

static void from_source(struct work *w) {
    struct fault why = {""};
    struct hash128 hash;
    size_t n;

    if (incoming_file(w->keeper->source, w->content, &n, &why) == -1) {
        work_say(w, KEEPER_BAD_SOURCE, why.text);
        w->reply->credential.origin = KEEPER_ORIGIN_SOURCE;
        return;
    }
    hash = hash_bytes(&w->recall.key, w->content, n);
    if (hash.h[0] == w->recall.taken.h[0] && hash.h[1] == w->recall.taken.h[1])
        return;
    run_content(w, w->keeper->source, n, KEEPER_ORIGIN_SOURCE);
    if (w->reply->outcome == KEEPER_DONE || w->reply->outcome == KEEPER_UNCHANGED) {
        w->recall.taken = hash;
        work_save(w);
    }
}

static void from_drop(struct work *w) {
    struct incoming_drop drop;
    struct fault why = {""};
    size_t n;
    int found = incoming_drop_next(w->keeper->drop, w->content, &n, &drop, &why);

    w->reply->credential.more |= drop.more;
    if (found == -1) {
        work_say(w, KEEPER_BAD_SOURCE, why.text);
        w->reply->credential.origin = KEEPER_ORIGIN_DROP;
    } else if (found == 1) {
        run_content(w, drop.path, n, KEEPER_ORIGIN_DROP);
        if (w->reply->outcome == KEEPER_DONE || w->reply->outcome == KEEPER_UNCHANGED)
            incoming_drop_done(&drop);
    }
}

/* The operator's file first; then, when that is live or was refused before, what comes from
 * elsewhere. */
static void run_all(struct work *w) {
    struct fault why = {""};
    bool refused_before;

    if (mapfile_open(&w->map, w->keeper->config_dir, &w->facts, &why) == -1) {
        work_say(w, KEEPER_BAD_SOURCE, why.text);
        return;
    }
    commit_recover(w);
    if (!read_operators(w) || !compare(w, &w->file))
        return;
    refused_before =
        !w->keeper->person && w->reply->credential.changed != 0 && only_refused_before(w);
    if (w->reply->credential.changed == 0 || refused_before) {
        work_say(w, KEEPER_UNCHANGED, "");
        if (w->keeper->source != NULL)
            from_source(w);
        if (w->keeper->drop != NULL && w->reply->outcome == KEEPER_UNCHANGED)
            from_drop(w);
        if (w->reply->outcome != KEEPER_UNCHANGED)
            return;
        w->reply->credential.origin = KEEPER_ORIGIN_EDIT;
        if (!compare(w, &w->file))
            return;
    } else {
        w->reply->credential.more = w->keeper->source != NULL || w->keeper->drop != NULL;
    }
    run_edit(w);
}

static void run_set(struct work *w) {
    struct fault why = {""};
    size_t n;

    if (!w->keeper->person || w->keeper->secret_fd == -1)
        work_say(w, KEEPER_NOT_ALLOWED, "only root may set a login");
    else if (incoming_sealed(w->keeper->secret_fd, w->content, &n, &why) == -1)
        work_say(w, KEEPER_BAD_SOURCE, why.text);
    else if (mapfile_open(&w->map, w->keeper->config_dir, &w->facts, &why) == -1)
        work_say(w, KEEPER_BAD_SOURCE, why.text);
    else {
        commit_recover(w);
        if (read_operators(w))
            run_content(w, "the new login", n, KEEPER_ORIGIN_SET);
    }
}

/* The login of before is dead. Is the live one, too? */
static void judge_both(struct work *w, struct span live_user, struct span live_secret) {
    tryout(w->keeper, &w->facts, live_user, live_secret, w->reply);
    if (w->reply->outcome == KEEPER_REFUSED) {
        w->recall.live_refused_ms = clock_wall_ms();
        work_save(w);
        work_say(w, KEEPER_REFUSED, "the relay refuses the live login and the one before it");
    } else if (w->reply->outcome == KEEPER_DONE) {
        work_say(w, KEEPER_UNCHANGED,
                 "the login of before no longer works, the live one does: it stays");
    }
}

/* `text` is the map of before, parsed in w->merged. */
static void run_back(struct work *w, struct span text) {
    const struct cred *before = cred_lookup(&w->merged, w->facts.host, w->facts.nexthop);
    struct span user, secret, live = {NULL, 0};
    struct fault why = {""};
    struct hash128 now_there;
    bool source_too;

    if ((mapfile_live_value(&w->map, w->facts.host, w->content, sizeof w->content) ||
         mapfile_live_value(&w->map, w->facts.nexthop, w->content, sizeof w->content)))
        live = span_of(w->content);
    if (before == NULL || !cred_split(live, &user, &secret)) {
        work_say(w, KEEPER_FAILED, "no login for the relay in the live map or in the one before");
        return;
    }
    if (span_equal(before->value, live)) {
        work_say(w, KEEPER_UNCHANGED, "the live login is the one of before");
        return;
    }
    tryout(w->keeper, &w->facts, before->user, before->secret, w->reply);
    if (w->reply->outcome == KEEPER_REFUSED)
        judge_both(w, user, secret);
    else if (w->reply->outcome == KEEPER_DONE) {
        w->map.text_n = 0;
        source_too = mapfile_read(&w->map, &why) == 0 && w->recall.wrote_source && !w->map.linked;
        now_there = hash_bytes(&w->recall.key, w->map.text, w->map.text_n);
        source_too = (source_too && now_there.h[0] == w->recall.written.h[0] &&
                      now_there.h[1] == w->recall.written.h[1]) ||
                     work_is_text(w);
        recall_refuse(&w->recall, recall_login(&w->recall, w->facts.host, live), true,
                      clock_wall_ms());
        commit_put(w, text, &w->merged, source_too, (struct span){NULL, 0}, KEEPER_ORIGIN_UNDO);
        if (w->reply->outcome == KEEPER_DONE)
            recall_drop_previous(w->keeper->state_dir);
    }
}

static void run_undo(struct work *w) {
    struct fault why = {""};
    ptrdiff_t n = recall_read_previous(w->keeper->state_dir, w->text, sizeof w->text);

    if (n <= 0)
        work_say(w, KEEPER_UNCHANGED, "no login of before is kept: there is nothing to put back");
    else if (mapfile_open(&w->map, w->keeper->config_dir, &w->facts, &why) == -1)
        work_say(w, KEEPER_FAILED, why.text);
    else if (!cred_parse((struct span){w->text, (size_t)n}, &w->merged))
        work_say(w, KEEPER_FAILED, "what is kept of the map of before is damaged");
    else {
        commit_recover(w);
        run_back(w, (struct span){w->text, (size_t)n});
    }
}

static void run(const struct keeper *keeper, struct keeper_reply *reply,
                void (*what)(struct work *w)) {
    struct work *w = work_begin(keeper, reply);

    if (reply->outcome == KEEPER_DONE && is_usable(w))
        what(w);
    work_end(w);
}

void apply_run(const struct keeper *keeper, struct keeper_reply *reply) {
    run(keeper, reply, run_all);
}

void apply_set(const struct keeper *keeper, struct keeper_reply *reply) {
    run(keeper, reply, run_set);
}

void apply_undo(const struct keeper *keeper, struct keeper_reply *reply) {
    run(keeper, reply, run_undo);
}
