/* See perform.h. */
#include "perform.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"
#include "xmem.h"
#include "cred.h"
#include "lockedit.h"
#include "maincf.h"
#include "mapfile.h"
#include "present.h"

static size_t length(const char *text) {
    return text != NULL ? strlen(text) : 0;
}

/* ---- the index ---- */

static int index_path(const struct plan *plan, char *out, size_t size, struct fault *why) {
    return text_format(out, size, "%s%s", plan->map_path, present_suffix(plan->map_type))
               ? 0
               : fault_set(why, "%s: path too long", plan->map_path);
}

/* Built aside, asked for each key, renamed in: never a moment without a good one. */
static int build_index(const struct host *host, const struct plan *plan, struct fault *why) {
    struct facts facts = {.nexthop = ""};
    struct mapfile map = {.hands = NULL};
    struct cred_file *file = xcalloc(1, sizeof *file);
    char stage[PATH_MAX];
    struct hands hands = hands_direct(stage, "");
    int failed = -1;

    host_stage_path(host, stage, sizeof stage);
    text_copy(facts.map_type, sizeof facts.map_type, plan->map_type);
    if (!text_copy(facts.map_path, sizeof facts.map_path, plan->map_path))
        fault_set(why, "%s: path too long", plan->map_path);
    else if (mapfile_open(&map, &hands, &facts, why) == 0 && mapfile_read(&map, why) == 0) {
        if (!cred_parse((struct span){map.text, map.text_n}, file))
            fault_set(why, "%s, line %u: %s", plan->map_path, file->problems[0].line,
                      file->problems[0].what);
        else if (mapfile_stage(&map, (struct span){map.text, map.text_n}, file, why) == 0)
            failed = mapfile_commit(&map, false, why);
    }
    mapfile_close(&map);
    hands_end(&hands);
    free(file);
    return failed;
}

/* ---- forward ---- */

static int make_parent(const char *path, struct fault *why) {
    char folder[PATH_MAX];
    char *slash;

    text_copy(folder, sizeof folder, path);
    slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return 0;
    *slash = '\0';
    if (mkdir(folder, 0755) == -1 && errno != EEXIST)
        return fault_errno(why, "make folder %s", folder);
    return 0;
}

static int write_file(const struct plan_file *f, struct fault *why) {
    struct lockedit how = {.mode = f->mode, .force = f->secret};
    const struct group *notify = f->mode == 0640 ? getgrnam("relaywatch-notify") : NULL;

    if (notify != NULL)
        how.gid = notify->gr_gid;
    return lockedit_replace(f->path, f->before, length(f->before), f->after, length(f->after), &how,
                            why);
}

/* All of it is in the journal before the first is written. */
static int note_all(struct deeds *j, const struct plan *plan, struct fault *why) {
    char path[PATH_MAX];

    if (deeds_mark(j, DEEDS_BEGIN, why) == -1)
        return -1;
    for (int i = 0; i < PLAN_FILES; i++) {
        const struct plan_file *f = &plan->file[i];
        int number;

        if (!plan_file_changes(f))
            continue;
        if (make_parent(f->path, why) == -1 ||
            lockedit_resolve(f->path, path, sizeof path, why) == -1)
            return -1;
        number = deeds_keep(j, path, why);
        if (number == -1 || deeds_wrote(j, number, f->after, strlen(f->after), why) == -1)
            return -1;
    }
    if (!plan->index)
        return 0;
    return index_path(plan, path, sizeof path, why) == -1 || deeds_keep(j, path, why) == -1 ? -1
                                                                                            : 0;
}

void perform_take_back(const struct host *host, const struct plan *plan) {
    char index[PATH_MAX];
    struct fault why;

    for (int i = PLAN_FILES - 1; i >= 0; i--) {
        const struct plan_file *f = &plan->file[i];
        struct lockedit how = {.mode = f->mode};

        /* One that was not written yet is not as expected, and stays. */
        if (plan_file_changes(f) && lockedit_replace(f->path, f->after, length(f->after), f->before,
                                                     length(f->before), &how, &why) == -1)
            lockedit_clean(f->path);
    }
    if (!plan->index || index_path(plan, index, sizeof index, &why) == -1)
        return;
    if (!plan->index_exists)
        unlink(index);
    else if (build_index(host, plan, &why) == -1)
        fprintf(stderr, "relaywatch: %s: run postmap %s:%s\n", why.text, plan->map_type,
                plan->map_path);
}

int perform_files(struct deeds *j, const struct host *host, const struct plan *plan,
                  struct fault *why) {
    int failed = note_all(j, plan, why);

    for (int i = 0; failed == 0 && i < PLAN_FILES; i++) {
        if (plan_file_changes(&plan->file[i]))
            failed = write_file(&plan->file[i], why);
        if (failed == 0 && i == PLAN_SASL && plan->index)
            failed = build_index(host, plan, why);
    }
    if (failed == -1)
        perform_take_back(host, plan);
    return failed;
}

/* ---- back ---- */

static int put_back(const struct deeds_file *f, const char *now, size_t now_size,
                    const char *before, size_t before_size, struct fault *why) {
    struct lockedit how = {
        .mode = f->mode, .uid = f->uid, .gid = f->gid, .mtime = &f->mtime, .force = 1};

    return lockedit_replace(f->path, now, now_size, before, before_size, &how, why);
}

static bool has_end(const char *path, const char *end) {
    size_t n = strlen(path), m = strlen(end);

    return n >= m && strcmp(path + n - m, end) == 0;
}

/* Others changed it since: of main.cf only our parameters go back, any other file stays. */
static int undo_edited(struct deeds *j, int number, const char *now, const char *before, FILE *told,
                       struct fault *why) {
    const struct deeds_file *f = &j->file[number];
    struct lockedit how = {.mode = f->mode};
    size_t size;
    char *ours, *text;
    int failed;

    if (!has_end(f->path, "/main.cf")) {
        fprintf(told, "%s was changed since: it stays as it is\n", f->path);
        return 0;
    }
    ours = deeds_ours(j, number, &size, why);
    if (ours == NULL)
        return -1;
    text = maincf_undo(before != NULL ? before : "", ours, now);
    failed = lockedit_replace(f->path, now, strlen(now), text, strlen(text), &how, why);
    fprintf(told, "%s was changed since: only what install had set was taken back\n", f->path);
    free(text);
    free(ours);
    return failed;
}

/* An old index goes back only together with the text that it was made from. */
static bool source_goes_back(const struct deeds *j, const struct deeds_file *index) {
    for (int i = 0; i < j->file_count; i++) {
        const struct deeds_file *f = &j->file[i];
        size_t n = strlen(f->path);
        struct fault why;
        char *now;
        bool back;

        if (f == index || strncmp(index->path, f->path, n) != 0 || index->path[n] != '.')
            continue;
        now = present_file(f->path, &why);
        back = now == NULL || deeds_is_ours(j, i, now, strlen(now));
        if (now != NULL)
            wipe(now, strlen(now));
        free(now);
        return back;
    }
    return true; /* its text was never changed by us */
}

static char *slurp_now(const char *path, size_t *size_out) {
    struct stat st;
    FILE *in = fopen(path, "re");
    char *now = NULL;

    if (in == NULL)
        return NULL;
    if (fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode)) {
        now = xcalloc(1, (size_t)st.st_size + 2);
        *size_out = fread(now, 1, (size_t)st.st_size + 1, in);
    }
    fclose(in);
    return now;
}

/* The folder that install made for it; one with anything in it stays. */
static void remove_folder_of(const char *path) {
    char folder[PATH_MAX];

    text_copy_span(folder, sizeof folder, (struct span){path, (size_t)(strrchr(path, '/') - path)});
    rmdir(folder);
}

static int undo_one(struct deeds *j, int number, FILE *told, struct fault *why) {
    const struct deeds_file *f = &j->file[number];
    size_t before_size = 0, now_size = 0;
    char *before = NULL, *now = NULL;
    bool is_index = f->wrote_count == 0;
    int failed = -1;

    lockedit_clean(f->path);
    if (is_index && f->existed && !source_goes_back(j, f))
        return 0;
    if (f->existed && (before = deeds_before(j, number, &before_size, why)) == NULL)
        return -1;
    now = slurp_now(f->path, &now_size);
    if (now == NULL && !f->existed)
        failed = 0;
    else if (now == NULL || !f->existed || is_index || deeds_is_ours(j, number, now, now_size) ||
             (now_size == before_size && memcmp(now, before, now_size) == 0))
        failed = put_back(f, now, now_size, before, before_size, why);
    else
        failed = undo_edited(j, number, now, before, told, why);
    if (failed == 0 && !f->existed && has_end(f->path, "/relaywatch/relaywatch.conf"))
        remove_folder_of(f->path);
    if (before != NULL)
        wipe(before, before_size);
    if (now != NULL)
        wipe(now, now_size);
    free(before);
    free(now);
    return failed;
}

/* What a run that was killed while it built this index left beside it. */
static void clean_stage(const char *config_dir, const struct deeds_file *index) {
    static const char *const types[] = {"hash", "lmdb", "cdb"};
    struct hands hands = hands_direct(config_dir, "");
    struct mapfile map = {.hands = NULL};
    struct facts facts = {.nexthop = ""};
    size_t n = strlen(index->path);

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *suffix = present_suffix(types[i]);

        if (has_end(index->path, suffix) &&
            text_copy_span(facts.map_path, sizeof facts.map_path,
                           (struct span){index->path, n - strlen(suffix)}))
            text_copy(facts.map_type, sizeof facts.map_type, types[i]);
    }
    if (facts.map_type[0] != '\0' && mapfile_open(&map, &hands, &facts, NULL) == 0)
        mapfile_unstage(&map);
    mapfile_close(&map);
    hands_end(&hands);
}

/* main.cf, written last, goes back first. */
int perform_undo(struct deeds *j, const char *config_dir, FILE *told, struct fault *why) {
    for (int i = 0; i < j->file_count; i++) {
        if (j->file[i].wrote_count == 0)
            clean_stage(config_dir, &j->file[i]);
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int i = j->file_count - 1; i >= 0; i--) {
            bool main_cf = has_end(j->file[i].path, "/main.cf");

            if (main_cf == (pass == 0) && undo_one(j, i, told, why) == -1)
                return -1;
        }
    }
    return 0;
}
