/* See apply.h. The way of a changed login stands in commit.c and in what calls it: offer()
 * reads, run_edit() and run_content() choose, prove_all() tries, commit_put() commits. */
#include "apply.h"

#include <limits.h>
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
#include "prove.h"
#include "tryout.h"
#include "work.h"

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

/* A file that was written anew with the same in it: Postfix goes by the times alone, and warns as
 * long as the index is older. */
static void renew_index(struct work *w) {
    struct fault why = {"sasl_passwd changed meanwhile"};

    if (!mapfile_is_old(&w->map))
        return;
    if (mapfile_stage(&w->map, (struct span){w->map.text, w->map.text_n}, &w->file, &why) == -1 ||
        !mapfile_source_same(&w->map) || mapfile_commit(&w->map, false, &why) == -1)
        log_warn("apply", "the index stays older than sasl_passwd: %s", why.text);
    mapfile_unstage(&w->map);
}

static void run_edit(struct work *w) {
    const struct cred *relay = cred_lookup(&w->file, w->facts.host, w->facts.nexthop);

    text_copy_span(w->reply->credential.user, sizeof w->reply->credential.user, relay->user);
    if (w->reply->credential.changed == 0) {
        renew_index(w);
        work_say(w, KEEPER_UNCHANGED, "");
        return;
    }
    if (prove_all(w, &w->file))
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

/* Which file holds the login that was not taken. */
static void name_it(struct work *w, const char *name) {
    char detail[sizeof w->reply->detail];

    text_copy(detail, sizeof detail, w->reply->detail);
    text_format(w->reply->detail, sizeof w->reply->detail, "%.180s: %s", name, detail);
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
    else if (prove_all(w, &w->merged))
        commit_put(w, (struct span){w->text, text_n}, &w->merged, true, text, origin);
    else
        name_it(w, name);
}

/* ---- verbs ---- */

static void from_source(struct work *w) {
    struct fault why = {""};
    struct hash128 hash;
    size_t n;

    if (incoming_source(w->keeper->hands, w->content, &n, &why) == -1) {
        work_say(w, KEEPER_BAD_SOURCE, why.text);
        w->reply->credential.origin = KEEPER_ORIGIN_SOURCE;
        return;
    }
    hash = hash_bytes(&w->recall.key, w->content, n);
    if (hash.h[0] == w->recall.taken.h[0] && hash.h[1] == w->recall.taken.h[1])
        return;
    run_content(w, w->keeper->hands->source, n, KEEPER_ORIGIN_SOURCE);
    if (w->reply->outcome == KEEPER_DONE || w->reply->outcome == KEEPER_UNCHANGED) {
        w->recall.taken = hash;
        work_save(w);
    }
}

/* One dropped file. A name that is not a plain file's, or not root's, is told like bad content. */
static void take_dropped(struct work *w, const struct incoming_drop *drop, unsigned i) {
    struct fault why = {""};
    char path[PATH_MAX];
    size_t n;

    text_format(path, sizeof path, "%s/%s", w->keeper->hands->drop, drop->file[i].name);
    if (incoming_dropped(w->keeper->hands, drop, i, w->content, &n, &why) == 0) {
        run_content(w, path, n, KEEPER_ORIGIN_DROP);
        return;
    }
    work_say(w, KEEPER_BAD_SOURCE, why.text);
    w->reply->credential.origin = KEEPER_ORIGIN_DROP;
}

/* In the order in which they came, up to one that changes something. One that is not acceptable is
 * told as long as it lies there; it holds up no later one, and when a later one is taken it is put
 * aside. */
static void take_all_dropped(struct work *w, const struct incoming_drop *drop) {
    const struct keeper_reply clean = *w->reply;
    struct keeper_reply told = clean;
    bool bad[INCOMING_DROP_MOST] = {false};
    bool go_on = true;

    for (unsigned i = 0; i < drop->count && go_on; i++) {
        *w->reply = clean;
        take_dropped(w, drop, i);
        bad[i] = w->reply->outcome == KEEPER_BAD_SOURCE || w->reply->outcome == KEEPER_REFUSED;
        go_on = bad[i] || w->reply->outcome == KEEPER_UNCHANGED;
        if (bad[i])
            told = *w->reply;
        if (w->reply->outcome != KEEPER_DONE && w->reply->outcome != KEEPER_UNCHANGED)
            continue;
        incoming_drop_done(w->keeper->hands, drop, i);
        for (unsigned before = 0; before < i; before++) {
            if (bad[before])
                incoming_drop_aside(w->keeper->hands, drop, before);
        }
        told = clean;
        w->reply->credential.more |= i + 1 < drop->count;
    }
    if (go_on && told.outcome != KEEPER_UNCHANGED)
        *w->reply = told;
}

static void from_drop(struct work *w) {
    struct incoming_drop *drop = xcalloc(1, sizeof *drop);
    struct fault why = {""};

    if (incoming_drop_list(w->keeper->hands, drop, &why) == -1) {
        work_say(w, KEEPER_BAD_SOURCE, why.text);
        w->reply->credential.origin = KEEPER_ORIGIN_DROP;
    } else {
        take_all_dropped(w, drop);
    }
    w->reply->credential.more |= drop->more;
    free(drop);
}

/* Source and drop folder. What is wrong with the one does not hold up the other. */
static void from_elsewhere(struct work *w) {
    const struct keeper_reply clean = *w->reply;
    struct keeper_reply told = clean;

    if (w->keeper->hands->source != NULL)
        from_source(w);
    if (w->keeper->hands->drop == NULL)
        return;
    if (w->reply->outcome == KEEPER_BAD_SOURCE || w->reply->outcome == KEEPER_REFUSED) {
        told = *w->reply;
        *w->reply = clean;
    }
    if (w->reply->outcome == KEEPER_UNCHANGED)
        from_drop(w);
    if (w->reply->outcome == KEEPER_UNCHANGED && told.outcome != KEEPER_UNCHANGED) {
        told.credential.more = w->reply->credential.more;
        *w->reply = told;
    } else if (told.outcome != KEEPER_UNCHANGED) {
        w->reply->credential.more = 1;
    }
}

/* The operator's file first; then, when that is live or was refused before, what comes from
 * elsewhere. */
static void run_all(struct work *w) {
    struct fault why = {""};
    bool refused_before;

    if (mapfile_open(&w->map, w->keeper->hands, &w->facts, &why) == -1) {
        work_say(w, KEEPER_BAD_SOURCE, why.text);
        return;
    }
    commit_recover(w);
    if (!read_operators(w) || !compare(w, &w->file))
        return;
    refused_before =
        !w->keeper->person && w->reply->credential.changed != 0 && prove_only_refused(w);
    if (w->reply->credential.changed == 0 || refused_before) {
        work_say(w, KEEPER_UNCHANGED, "");
        from_elsewhere(w);
        if (w->reply->outcome != KEEPER_UNCHANGED)
            return;
        w->reply->credential.origin = KEEPER_ORIGIN_EDIT;
        if (!compare(w, &w->file))
            return;
    } else {
        w->reply->credential.more =
            w->keeper->hands->source != NULL || w->keeper->hands->drop != NULL;
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
    else if (mapfile_open(&w->map, w->keeper->hands, &w->facts, &why) == -1)
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
            recall_drop_previous(w->keeper->hands);
    }
}

static void run_undo(struct work *w) {
    struct fault why = {""};
    ptrdiff_t n = recall_read_previous(w->keeper->hands, w->text, sizeof w->text);

    if (n <= 0)
        work_say(w, KEEPER_UNCHANGED, "no login of before is kept: there is nothing to put back");
    else if (mapfile_open(&w->map, w->keeper->hands, &w->facts, &why) == -1)
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
