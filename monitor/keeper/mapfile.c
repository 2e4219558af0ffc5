/* See mapfile.h. */
#include "mapfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "safepath.h"
#include "spawn.h"
#include "xmem.h"

static const char POSTMAP[] = "/usr/sbin/postmap";
const char mapfile_stage_name[] = ".relaywatch-stage"; /* fixed: a killed run leaves one */
static const char STAGED[] = "map";
enum { POSTMAP_LIMIT_MS = 20000, ANSWER_SIZE = 2 * CRED_FILE_MAX + CRED_MAX };

int mapfile_open(struct mapfile *map, const char *config_dir, const struct facts *facts,
                 struct fault *why) {
    static const struct {
        const char *type;
        const char *suffix;
    } types[] = {
        {"hash", ".db"}, {"btree", ".db"}, {"lmdb", ".lmdb"}, {"cdb", ".cdb"}, {"texthash", ""}};

    *map = (struct mapfile){
        .config_dir = config_dir, .type = facts->map_type, .path = facts->map_path, .folder = -1};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].type, map->type) == 0)
            map->suffix = types[i].suffix;
    }
    if (map->type[0] == '\0')
        return fault_set(why, "smtp_sasl_password_maps: not one type:/path");
    if (map->suffix == NULL)
        return fault_set(why,
                         "smtp_sasl_password_maps: type %s: only hash, btree, lmdb, cdb and "
                         "texthash are known",
                         map->type);
    map->folder = safepath_folder(map->path, why);
    if (map->folder == -1)
        return -1;
    map->name = strrchr(map->path, '/') + 1;
    map->text = xcalloc(1, CRED_FILE_MAX + 1);
    map->answer = xcalloc(1, ANSWER_SIZE);
    return 0;
}

static int read_all(int fd, const char *path, char *out, size_t *n_out, struct fault *why) {
    ssize_t n = -1;

    *n_out = 0;
    while (*n_out <= CRED_FILE_MAX && (n = read(fd, out + *n_out, CRED_FILE_MAX + 1 - *n_out)) > 0)
        *n_out += (size_t)n;
    if (n == -1)
        return fault_errno(why, "read %s", path);
    if (*n_out > CRED_FILE_MAX)
        return fault_set(why, "%s: larger than %d bytes", path, (int)CRED_FILE_MAX);
    return 0;
}

int mapfile_read(struct mapfile *map, struct fault *why) {
    int fd = safepath_open(map->path, &map->st, &map->linked, why);
    int failed;

    if (fd == -1)
        return -1;
    if ((map->st.st_mode & 077) != 0)
        failed = fault_set(why, "%s: mode %04o lets others read it: chmod 600", map->path,
                           (unsigned)(map->st.st_mode & 07777));
    else
        failed = read_all(fd, map->path, map->text, &map->text_n, why);
    close(fd);
    return failed;
}

void mapfile_close(struct mapfile *map) {
    if (map->text != NULL)
        wipe(map->text, CRED_FILE_MAX + 1);
    if (map->answer != NULL)
        wipe(map->answer, ANSWER_SIZE);
    free(map->text);
    free(map->answer);
    map->text = map->answer = NULL;
    if (map->folder != -1)
        close(map->folder);
    map->folder = -1;
}

bool mapfile_source_same(const struct mapfile *map) {
    char *now = xcalloc(1, CRED_FILE_MAX + 1);
    struct stat st;
    size_t n = 0;
    bool linked, same = false;
    int fd = safepath_open(map->path, &st, &linked, NULL);

    if (fd != -1) {
        /* The content too: two changes within one tick of the kernel's clock look the same. */
        same = st.st_dev == map->st.st_dev && st.st_ino == map->st.st_ino &&
               st.st_ctim.tv_sec == map->st.st_ctim.tv_sec &&
               st.st_ctim.tv_nsec == map->st.st_ctim.tv_nsec &&
               read_all(fd, map->path, now, &n, NULL) == 0 && n == map->text_n &&
               memcmp(now, map->text, n) == 0;
        close(fd);
    }
    wipe(now, CRED_FILE_MAX + 1);
    free(now);
    return same;
}

/* Runs postmap: option "" to build, "-s" to list, "-q" to answer the keys in `keys`. The answer is
 * in map->answer. Returns its exit status, or -1. */
static int run_postmap(struct mapfile *map, const char *option, const char *path, struct span keys,
                       size_t *answer_n_out, char *errors, size_t errors_size, struct fault *why) {
    char table[PATH_MAX];
    const char *argv[8] = {POSTMAP, "-c", map->config_dir};
    struct spawn job = {.argv = argv,
                        .input = keys.p,
                        .input_size = keys.n,
                        .output = map->answer,
                        .output_size = ANSWER_SIZE,
                        .errors = errors,
                        .errors_size = errors_size,
                        .timeout_ms = POSTMAP_LIMIT_MS};
    size_t at = 3;

    if (!text_format(table, sizeof table, "%s:%s", map->type, path))
        return fault_set(why, "%s: path too long", path);
    if (option[0] != '\0')
        argv[at++] = option;
    if (keys.p != NULL)
        argv[at++] = "-";
    argv[at] = table;
    if (spawn_run(&job, why) == -1)
        return -1;
    *answer_n_out = job.output_length;
    return job.status;
}

/* Asks the map at path for every key of the file. Sets how many answers differ, and which (NULL:
 * nobody asks); -1: no answer. */
static int ask_all(struct mapfile *map, const char *path, const struct cred_file *file,
                   bool *differs, uint32_t *changed_out, char *errors, size_t errors_size,
                   struct fault *why) {
    char *keys = xcalloc(1, CRED_FILE_MAX + 1);
    size_t keys_n = 0, answer_n = 0, at = 0;
    int status;

    for (uint32_t i = 0; i < file->count; i++) {
        memcpy(keys + keys_n, file->entries[i].key.p, file->entries[i].key.n);
        keys_n += file->entries[i].key.n;
        keys[keys_n++] = '\n';
    }
    status = run_postmap(map, "-q", path, (struct span){keys, keys_n}, &answer_n, errors,
                         errors_size, why);
    free(keys);
    *changed_out = 0;
    for (uint32_t i = 0; status != -1 && i < file->count; i++) {
        const struct cred *want = &file->entries[i];
        size_t n = want->key.n + want->value.n + 2;
        const char *p = map->answer + at;
        bool same = n <= answer_n - at && memcmp(p, want->key.p, want->key.n) == 0 &&
                    p[want->key.n] == '\t' && p[n - 1] == '\n' &&
                    memcmp(p + want->key.n + 1, want->value.p, want->value.n) == 0;
        bool other = !same && answer_n - at > want->key.n &&
                     memcmp(p, want->key.p, want->key.n) == 0 && p[want->key.n] == '\t';

        if (other) {
            const char *end = memchr(p, '\n', answer_n - at);

            n = end == NULL ? answer_n - at : (size_t)(end - p) + 1;
        }
        if (same || other)
            at += n;
        if (differs != NULL)
            differs[i] = !same;
        *changed_out += !same;
    }
    return status == -1 ? -1 : 0;
}

static bool has_index(const struct mapfile *map) {
    char name[NAME_MAX + 1];

    return text_format(name, sizeof name, "%s%s", map->name, map->suffix) &&
           faccessat(map->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool mapfile_live_value(struct mapfile *map, const char *key, char *out, size_t size) {
    size_t n, have = 0;
    char errors[512], line[CRED_KEY_MAX + 2];
    bool found;

    if (!has_index(map) || !text_format(line, sizeof line, "%s\n", key) ||
        run_postmap(map, "-q", map->path, span_of(line), &have, errors, sizeof errors, NULL) != 0)
        return false;
    n = strlen(key);
    found = have > n + 2 && memcmp(map->answer, key, n) == 0 && map->answer[n] == '\t' &&
            map->answer[have - 1] == '\n' &&
            text_copy_span(out, size, (struct span){map->answer + n + 1, have - n - 2});
    wipe(map->answer, ANSWER_SIZE);
    return found;
}

int mapfile_compare(struct mapfile *map, const struct cred_file *file, bool *differs,
                    uint32_t *changed_out, struct fault *why) {
    char errors[512];
    size_t n = 0, lines = 0;

    *changed_out = file->count;
    for (uint32_t i = 0; i < file->count; i++)
        differs[i] = true;
    if (!has_index(map))
        return 0;
    if (ask_all(map, map->path, file, differs, changed_out, errors, sizeof errors, why) == -1)
        return -1;
    /* Says the map more than the file? cdb cannot be listed: then a removed line stays until the
     * next change. */
    if (*changed_out == 0 && run_postmap(map, "-s", map->path, (struct span){NULL, 0}, &n, errors,
                                         sizeof errors, why) == 0) {
        for (size_t i = 0; i < n; i++)
            lines += map->answer[i] == '\n';
        if (lines > file->count)
            *changed_out = (uint32_t)(lines - file->count);
    }
    wipe(map->answer, ANSWER_SIZE);
    return 0;
}

bool mapfile_list(struct mapfile *map, const struct cred_file *file, char *out, size_t *n_out) {
    char errors[512];
    uint32_t changed;

    *n_out = 0;
    if (!has_index(map))
        return false;
    /* cdb cannot be listed: then what it says of the keys that we know. */
    if (run_postmap(map, "-s", map->path, (struct span){NULL, 0}, n_out, errors, sizeof errors,
                    NULL) != 0 &&
        ask_all(map, map->path, file, NULL, &changed, errors, sizeof errors, NULL) == -1)
        return false;
    *n_out = strlen(map->answer);
    if (*n_out > CRED_FILE_MAX)
        return false;
    memcpy(out, map->answer, *n_out + 1);
    wipe(map->answer, ANSWER_SIZE);
    return *n_out > 0;
}

static int open_stage(const struct mapfile *map) {
    return openat(map->folder, mapfile_stage_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool staged_path(const struct mapfile *map, const char *name, char *out, size_t size) {
    return text_format(out, size, "%.*s%s/%s", (int)(map->name - map->path), map->path,
                       mapfile_stage_name, name);
}

void mapfile_unstage(struct mapfile *map) {
    int stage = open_stage(map);
    DIR *dir = stage == -1 ? NULL : fdopendir(stage);
    const struct dirent *entry;

    if (dir == NULL) {
        if (stage != -1)
            close(stage);
        return;
    }
    /* Whatever a postmap that was killed left: Berkeley DB and cdb(3) have names of their own. */
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(stage, entry->d_name, 0);
    }
    closedir(dir);
    unlinkat(map->folder, mapfile_stage_name, AT_REMOVEDIR);
}

/* The text as it was checked, not as the file is now, goes to postmap. */
static int write_copy(struct span text, int stage, struct fault *why) {
    int fd = openat(stage, STAGED, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int failed;

    if (fd == -1)
        return fault_errno(why, "create the staged file");
    failed = file_write_all(fd, text.p, text.n, why);
    if (failed == 0 && fsync(fd) == -1)
        failed = fault_errno(why, "staged file: fsync");
    if (close(fd) == -1 && failed == 0)
        failed = fault_errno(why, "close the staged file");
    return failed;
}

/* To the disk, root's alone, and not older than the source: else smtp(8) warns of a stale map. With
 * a new source, that one is older than the index anyway. */
static int settle_index(struct mapfile *map, int stage, struct fault *why) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, map->st.st_mtim};
    char name[NAME_MAX + 1];
    struct stat st;
    int failed = -1;
    int fd;

    if (!text_format(name, sizeof name, "%s%s", STAGED, map->suffix))
        return fault_set(why, "name too long");
    fd = openat(stage, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1)
        return fault_errno(why, "staged map");
    if (fstat(fd, &st) == -1 || st.st_uid != 0 || (st.st_mode & 077) != 0)
        fault_set(why, "staged map: not root's alone");
    else if (st.st_mtim.tv_sec < times[1].tv_sec && futimens(fd, times) == -1)
        fault_errno(why, "staged map: time");
    else if (fsync(fd) == -1)
        fault_errno(why, "staged map: fsync");
    else
        failed = 0;
    close(fd);
    return failed;
}

static int build_and_check(struct mapfile *map, const struct cred_file *file, struct fault *why) {
    char path[PATH_MAX], errors[512] = "";
    uint32_t wrong = 0;
    size_t n;
    int status;

    if (!staged_path(map, STAGED, path, sizeof path))
        return fault_set(why, "path too long");
    /* Not by its exit status alone: postmap ends with 0 after lines that it has left out. */
    status = run_postmap(map, "", path, (struct span){NULL, 0}, &n, errors, sizeof errors, why);
    if (status == -1)
        return -1;
    if (status != 0 || errors[0] != '\0')
        return fault_set(why, "postmap: status %d: %.250s", status, errors);
    if (ask_all(map, path, file, NULL, &wrong, errors, sizeof errors, why) == -1)
        return -1;
    wipe(map->answer, ANSWER_SIZE);
    if (wrong != 0 || errors[0] != '\0')
        return fault_set(why, "the new map answers %u of %u keys wrongly: %.200s", wrong,
                         file->count, errors);
    return 0;
}

int mapfile_stage(struct mapfile *map, struct span text, const struct cred_file *file,
                  struct fault *why) {
    int stage;
    int failed;

    mapfile_unstage(map);
    if (mkdirat(map->folder, mapfile_stage_name, 0700) == -1)
        return fault_errno(why, "create %s beside %s", mapfile_stage_name, map->path);
    stage = open_stage(map);
    if (stage == -1)
        return fault_errno(why, "open %s beside %s", mapfile_stage_name, map->path);
    failed = write_copy(text, stage, why);
    if (failed == 0 && map->suffix[0] != '\0')
        failed = build_and_check(map, file, why);
    if (failed == 0 && map->suffix[0] != '\0')
        failed = settle_index(map, stage, why);
    close(stage);
    return failed;
}

int mapfile_commit(struct mapfile *map, bool source_too, struct fault *why) {
    char from[NAME_MAX + 1], to[NAME_MAX + 1];
    int stage = open_stage(map);
    int failed = 0;

    if (stage == -1)
        return fault_errno(why, "open %s", mapfile_stage_name);
    /* The source first: an index that is older than its source makes smtp(8) warn. */
    if (source_too && renameat(stage, STAGED, map->folder, map->name) == -1)
        failed = fault_errno(why, "rename over %s", map->path);
    else if (!text_format(from, sizeof from, "%s%s", STAGED, map->suffix) ||
             !text_format(to, sizeof to, "%s%s", map->name, map->suffix))
        failed = fault_set(why, "%s: name too long", map->path);
    else if (map->suffix[0] != '\0' && renameat(stage, from, map->folder, to) == -1)
        failed = fault_errno(why, "rename over %s%s", map->path, map->suffix);
    close(stage);
    /* Live from here on. Without the fsync a power cut may bring the old one back, complete: no
     * failure. */
    if (failed == 0 && fsync(map->folder) == -1)
        log_warn("mapfile", "fsync the folder of %s: not done", map->path);
    return failed;
}
