/* See mapfile.h. */
#include "mapfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errand.h"
#include "xmem.h"

enum { ANSWER_SIZE = 2 * CRED_FILE_MAX + CRED_MAX };

int mapfile_open(struct mapfile *map, struct hands *hands, const struct facts *facts,
                 struct fault *why) {
    *map = (struct mapfile){.path = facts->map_path, .suffix = mapstore_suffix(facts->map_type)};
    if (hands->wire == -1) { /* else root has asked postconf itself */
        mapstore_close(&hands->map);
        text_format(hands->map_spec, sizeof hands->map_spec, "%s:%s", facts->map_type,
                    facts->map_path);
    }
    if (errand_for(hands, HAND_MAP_THERE, 0, NULL, why) == -1)
        return -1;
    map->hands = hands;
    map->text = xcalloc(1, CRED_FILE_MAX + 1);
    map->answer = xcalloc(1, ANSWER_SIZE);
    return 0;
}

static int read_source(struct mapfile *map, char *out, size_t *n_out, struct stat *st_out,
                       bool *linked_out, struct fault *why) {
    struct errand e = {
        .hand = HAND_READ, .which = FILE_MAP_TEXT, .out = out, .room = CRED_FILE_MAX + 1};
    int failed = errand_run(map->hands, &e);

    *n_out = e.got;
    *st_out = e.st;
    *linked_out = e.answer.linked != 0;
    if (failed == 0 && (e.st.st_mode & 077) != 0) {
        wipe(out, e.got);
        return fault_set(why, "%s: mode %04o lets others read it: chmod 600", map->path,
                         (unsigned)(e.st.st_mode & 07777));
    }
    return failed == 0 ? 0 : fault_set(why, "%s", e.answer.why.text);
}

int mapfile_read(struct mapfile *map, struct fault *why) {
    return read_source(map, map->text, &map->text_n, &map->st, &map->linked, why);
}

void mapfile_close(struct mapfile *map) {
    if (map->text != NULL)
        wipe(map->text, CRED_FILE_MAX + 1);
    if (map->answer != NULL)
        wipe(map->answer, ANSWER_SIZE);
    free(map->text);
    free(map->answer);
    *map = (struct mapfile){.hands = NULL};
}

bool mapfile_source_same(struct mapfile *map) {
    char *now = xcalloc(1, CRED_FILE_MAX + 1);
    struct stat st;
    size_t n = 0;
    bool linked, same = false;

    /* The content too: two changes within one tick of the kernel's clock look the same. */
    if (read_source(map, now, &n, &st, &linked, NULL) == 0)
        same = st.st_dev == map->st.st_dev && st.st_ino == map->st.st_ino &&
               st.st_ctim.tv_sec == map->st.st_ctim.tv_sec &&
               st.st_ctim.tv_nsec == map->st.st_ctim.tv_nsec && n == map->text_n &&
               memcmp(now, map->text, n) == 0;
    wipe(now, CRED_FILE_MAX + 1);
    free(now);
    return same;
}

/* Has postmap answer the keys (HAND_MAP_ASK) or list all (HAND_MAP_LIST), into map->answer. Returns
 * its exit status, or -1. */
static int run_postmap(struct mapfile *map, enum hand hand, bool staged, struct span keys,
                       struct fault *why) {
    struct errand e = {.hand = hand,
                       .which = staged,
                       .text = keys.p,
                       .n = keys.n,
                       .out = map->answer,
                       .room = ANSWER_SIZE};
    int status = errand_run(map->hands, &e);

    if (status == -1)
        return fault_set(why, "%s", e.answer.why.text);
    map->answer_n = e.got;
    map->answer[e.got] = '\0';
    text_copy(map->errors, sizeof map->errors, e.answer.errors);
    return status;
}

/* Asks the live map or the staged one for every key of the file. Sets how many answers differ, and
 * which (NULL: nobody asks); -1: no answer. */
static int ask_all(struct mapfile *map, bool staged, const struct cred_file *file, bool *differs,
                   uint32_t *changed_out, struct fault *why) {
    char *keys = xcalloc(1, CRED_FILE_MAX + 1);
    size_t keys_n = 0, at = 0;
    int status;

    for (uint32_t i = 0; i < file->count; i++) {
        memcpy(keys + keys_n, file->entries[i].key.p, file->entries[i].key.n);
        keys_n += file->entries[i].key.n;
        keys[keys_n++] = '\n';
    }
    status = run_postmap(map, HAND_MAP_ASK, staged, (struct span){keys, keys_n}, why);
    free(keys);
    *changed_out = 0;
    for (uint32_t i = 0; status != -1 && i < file->count; i++) {
        const struct cred *want = &file->entries[i];
        size_t n = want->key.n + want->value.n + 2;
        const char *p = map->answer + at;
        bool same = n <= map->answer_n - at && memcmp(p, want->key.p, want->key.n) == 0 &&
                    p[want->key.n] == '\t' && p[n - 1] == '\n' &&
                    memcmp(p + want->key.n + 1, want->value.p, want->value.n) == 0;
        bool other = !same && map->answer_n - at > want->key.n &&
                     memcmp(p, want->key.p, want->key.n) == 0 && p[want->key.n] == '\t';

        if (other) {
            const char *end = memchr(p, '\n', map->answer_n - at);

            n = end == NULL ? map->answer_n - at : (size_t)(end - p) + 1;
        }
        if (same || other)
            at += n;
        if (differs != NULL)
            differs[i] = !same;
        *changed_out += !same;
    }
    return status == -1 ? -1 : 0;
}

static bool has_index(struct mapfile *map) {
    return errand_for(map->hands, HAND_MAP_THERE, 0, NULL, NULL) > 0;
}

bool mapfile_is_old(struct mapfile *map) {
    return errand_for(map->hands, HAND_MAP_THERE, 0, NULL, NULL) == 2;
}

bool mapfile_live_value(struct mapfile *map, const char *key, char *out, size_t size) {
    char line[CRED_KEY_MAX + 2];
    size_t n, have;
    bool found;

    if (!has_index(map) || !text_format(line, sizeof line, "%s\n", key) ||
        run_postmap(map, HAND_MAP_ASK, false, span_of(line), NULL) != 0)
        return false;
    n = strlen(key);
    have = map->answer_n;
    found = have > n + 2 && memcmp(map->answer, key, n) == 0 && map->answer[n] == '\t' &&
            map->answer[have - 1] == '\n' &&
            text_copy_span(out, size, (struct span){map->answer + n + 1, have - n - 2});
    wipe(map->answer, ANSWER_SIZE);
    return found;
}

int mapfile_compare(struct mapfile *map, const struct cred_file *file, bool *differs,
                    uint32_t *changed_out, struct fault *why) {
    const struct span none = {NULL, 0};
    size_t lines = 0;

    *changed_out = file->count;
    for (uint32_t i = 0; i < file->count; i++)
        differs[i] = true;
    if (!has_index(map))
        return 0;
    if (ask_all(map, false, file, differs, changed_out, why) == -1)
        return -1;
    /* Says the map more than the file? cdb cannot be listed: then a removed line stays until the
     * next change. */
    if (*changed_out == 0 && run_postmap(map, HAND_MAP_LIST, false, none, why) == 0) {
        for (size_t i = 0; i < map->answer_n; i++)
            lines += map->answer[i] == '\n';
        if (lines > file->count)
            *changed_out = (uint32_t)(lines - file->count);
    }
    wipe(map->answer, ANSWER_SIZE);
    return 0;
}

bool mapfile_list(struct mapfile *map, const struct cred_file *file, char *out, size_t *n_out) {
    const struct span none = {NULL, 0};
    uint32_t changed;

    *n_out = 0;
    if (!has_index(map))
        return false;
    /* cdb cannot be listed: then what it says of the keys that we know. */
    if (run_postmap(map, HAND_MAP_LIST, false, none, NULL) != 0 &&
        ask_all(map, false, file, NULL, &changed, NULL) == -1)
        return false;
    *n_out = strlen(map->answer);
    if (*n_out > CRED_FILE_MAX)
        return false;
    memcpy(out, map->answer, *n_out + 1);
    wipe(map->answer, ANSWER_SIZE);
    return *n_out > 0;
}

/* Has postmap read what it has written? */
static int check_staged(struct mapfile *map, const struct cred_file *file, struct fault *why) {
    uint32_t wrong = 0;
    int failed = ask_all(map, true, file, NULL, &wrong, why);

    wipe(map->answer, ANSWER_SIZE);
    if (failed == -1)
        return -1;
    if (wrong != 0 || map->errors[0] != '\0')
        return fault_set(why, "the new map answers %u of %u keys wrongly: %.200s", wrong,
                         file->count, map->errors);
    return 0;
}

int mapfile_stage(struct mapfile *map, struct span text, const struct cred_file *file,
                  struct fault *why) {
    struct errand e = {.hand = HAND_MAP_STAGE, .text = text.p, .n = text.n};

    if (errand_run(map->hands, &e) == -1)
        return fault_set(why, "%s", e.answer.why.text);
    return map->suffix[0] == '\0' ? 0 : check_staged(map, file, why);
}

int mapfile_commit(struct mapfile *map, bool source_too, struct fault *why) {
    return errand_for(map->hands, HAND_MAP_COMMIT, source_too, NULL, why);
}

void mapfile_unstage(struct mapfile *map) {
    (void)errand_for(map->hands, HAND_MAP_UNSTAGE, 0, NULL, NULL);
}
