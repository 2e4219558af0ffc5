/* See commit.h. */
#include "commit.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fault.h"
#include "log.h"
#include "text.h"
#include "xmem.h"
#include "activate.h"
#include "errand.h"

/* A run that was killed between the renames and the reload: the reload is due, whichever map it
 * left. */
void commit_recover(struct work *w) {
    mapfile_unstage(&w->map);
    if (!w->recall.committing)
        return;
    w->recall.committing = false;
    w->recall.serial++;
    w->recall.applied_ms = clock_wall_ms();
    (void)activate(w->keeper, &w->facts, &w->recall, false, w->reply);
    work_save(w);
}

/* ---- texthash: the source is the map, so what running processes have read cannot be compared. We
 * note which file it was that was last proved and loaded. ---- */

static bool text_stamp(const struct mapfile *map, char *out, size_t size) {
    return text_format(out, size, "%llu %llu %lld %lld.%09ld %lld.%09ld\n",
                       (unsigned long long)map->st.st_dev, (unsigned long long)map->st.st_ino,
                       (long long)map->st.st_size, (long long)map->st.st_mtim.tv_sec,
                       map->st.st_mtim.tv_nsec, (long long)map->st.st_ctim.tv_sec,
                       map->st.st_ctim.tv_nsec);
}

bool commit_text_is_loaded(const struct work *w) {
    char now[160], kept[160];
    struct errand e = {.hand = HAND_READ, .which = FILE_LOADED, .out = kept, .room = sizeof kept};

    return text_stamp(&w->map, now, sizeof now) && errand_run(w->keeper->hands, &e) == 0 &&
           span_is((struct span){kept, e.got}, now);
}

static void note_loaded(struct work *w) {
    char now[160];
    struct errand e = {.hand = HAND_SAVE, .which = FILE_LOADED, .text = now};
    struct fault why = {""};

    w->map.text_n = 0;
    if (mapfile_read(&w->map, &why) == -1 || !text_stamp(&w->map, now, sizeof now))
        text_copy(w->reply->detail, sizeof w->reply->detail, why.text);
    else if (e.n = strlen(now), errand_run(w->keeper->hands, &e) == -1)
        text_copy(w->reply->detail, sizeof w->reply->detail, e.answer.why.text);
}

/* The map's text of now, for UNDO. `old`: the operator's file, when that is it. */
static int keep_previous(struct work *w, struct span old, struct fault *why) {
    char *text;
    size_t n = 0;
    int failed = 0;

    if (old.n > 0)
        return recall_keep_previous(w->keeper->hands, old, why);
    text = xcalloc(1, CRED_FILE_MAX + 1);
    if (!work_is_text(w) && mapfile_list(&w->map, &w->file, text, &n))
        failed = recall_keep_previous(w->keeper->hands, (struct span){text, n}, why);
    else
        recall_drop_previous(w->keeper->hands); /* not known */
    wipe(text, CRED_FILE_MAX + 1);
    free(text);
    return failed;
}

/* Of the logins in `file`, those that were not live before. */
static void note_new(struct work *w, const struct cred_file *file) {
    for (uint32_t i = 0; i < file->count; i++) {
        if (w->differs[i])
            recall_note(&w->recall, recall_login(&w->recall, w->facts.host, file->entries[i].value),
                        w->recall.applied_ms, 0);
    }
}

/* Live from here on. */
static void go_live(struct work *w, const struct cred_file *file, enum keeper_origin origin) {
    struct fault why = {""};
    bool release = w->recall.held;

    w->recall.committing = false;
    w->recall.serial++;
    w->recall.applied_ms = clock_wall_ms();
    w->recall.origin = origin;
    w->recall.live_refused_ms = 0;
    note_new(w, file);
    w->reply->credential.origin = origin;
    work_say(w, KEEPER_DONE, "");
    if (release && activate_release(w->keeper, &w->facts, &w->recall, &why) == -1)
        log_error("apply", "release the queue: %s", why.text);
    if (!activate(w->keeper, &w->facts, &w->recall, release, w->reply) && work_is_text(w))
        w->reply->outcome = KEEPER_FAILED; /* without a reload nothing has changed */
    else if (work_is_text(w))
        note_loaded(w);
    work_save(w);
}

/* Stages the text, keeps the old one, renames. `source_too`: sasl_passwd becomes this text, too;
 * `old` is what it was (absent: ask the map). */
void commit_put(struct work *w, struct span text, const struct cred_file *file, bool source_too,
                struct span old, enum keeper_origin origin) {
    bool undo = origin == KEEPER_ORIGIN_UNDO;
    bool rename_any = source_too || !work_is_text(w);
    struct fault why = {""};

    if (rename_any && mapfile_stage(&w->map, text, file, &why) == -1)
        work_say(w, KEEPER_FAILED, why.text);
    else if (!undo && !mapfile_source_same(&w->map))
        work_say(w, KEEPER_INCONCLUSIVE, "the file changed while it was being checked");
    else if (!undo && keep_previous(w, old, &why) == -1)
        work_say(w, KEEPER_FAILED, why.text);
    else {
        w->recall.committing = true;
        w->recall.wrote_source = source_too;
        w->recall.written = hash_bytes(&w->recall.key, text.p, text.n);
        if (recall_save(w->keeper->hands, &w->recall, &why) == -1 ||
            (rename_any && mapfile_commit(&w->map, source_too, &why) == -1)) {
            work_say(w, KEEPER_FAILED, why.text);
            w->recall.committing = false;
            work_save(w);
        } else {
            go_live(w, file, origin);
        }
    }
    mapfile_unstage(&w->map);
}
