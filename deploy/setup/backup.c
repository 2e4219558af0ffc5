/* See backup.h. A manifest's line is: KIND MODE UID GID SECONDS NANOSECONDS NUMBER HASH PATH; its
 * last one: end HASH, of all before. */
#include "backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "mapstore.h"
#include "text.h"
#include "xmem.h"
#include "lockedit.h"

enum { DEPTH_MOST = 8, FILES_MOST = 5000, LARGEST = 64 * 1024 * 1024 };

static const char HEAD[] = "relaywatch-backup 2\n", END[] = "end ";

struct making {
    const char *folder; /* of the backup */
    FILE *manifest;
    unsigned count;
};

/* In hexadecimal digits. */
static void hash_of(const char *text, size_t size, char out[BACKUP_HASH]) {
    const struct hash_key key = {{0x72656c6179776174ULL, 0x63682d6261636b75ULL}};
    struct hash128 h = hash_bytes(&key, text, size);

    text_format(out, BACKUP_HASH, "%016" PRIx64 "%016" PRIx64, h.h[0], h.h[1]);
}

bool backup_parse(const char *line, struct backup_entry *out) {
    int at = 0;

    if (sscanf(line, "%c %9o %10u %10u %18lld %9ld %9u %32[0-9a-f] %n", &out->kind, &out->mode,
               &out->uid, &out->gid, &out->seconds, &out->nanoseconds, &out->number, out->hash,
               &at) != 8 ||
        strlen(out->hash) != BACKUP_HASH - 1 || at == 0 || line[at] != '/' ||
        strchr("fld", out->kind) == NULL || out->mode > 07777 || out->nanoseconds < 0 ||
        out->nanoseconds > 999999999 || strstr(line + at, "/../") != NULL)
        return false;
    return text_copy(out->path, sizeof out->path, line + at);
}

/* ---- making ---- */

static char *slurp(const char *path, size_t *size_out, struct fault *why) {
    struct stat st;
    char *text;
    ssize_t n;

    if (stat(path, &st) == -1 || st.st_size > LARGEST) {
        fault_set(why, "%s: cannot be read, or larger than %d bytes", path, (int)LARGEST);
        return NULL;
    }
    text = xcalloc(1, (size_t)st.st_size + 2);
    n = file_read(path, text, (size_t)st.st_size + 2, why);
    if (n == -1) {
        free(text);
        return NULL;
    }
    *size_out = (size_t)n;
    return text;
}

static int keep_file(struct making *m, const char *path, char kind, char hash[BACKUP_HASH],
                     struct fault *why) {
    char to[PATH_MAX], target[PATH_MAX];
    size_t size = 0;
    ssize_t n;
    char *text;
    int failed = -1;

    if (kind == 'l') {
        n = readlink(path, target, sizeof target - 1);
        if (n == -1)
            return fault_errno(why, "%s", path);
        text = xstrdup("");
        text = xrealloc(text, (size_t)n + 1);
        memcpy(text, target, (size_t)n);
        size = (size_t)n;
    } else {
        text = slurp(path, &size, why);
        if (text == NULL)
            return -1;
    }
    if (text_format(to, sizeof to, "%s/%u", m->folder, m->count))
        failed = file_replace(to, text, size, 0600, why);
    hash_of(text, size, hash);
    wipe(text, size);
    free(text);
    return failed;
}

static int keep_tree(struct making *m, const char *path, int depth, struct fault *why);

static int keep_below(struct making *m, const char *path, int depth, struct fault *why) {
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort), failed = 0;

    if (n == -1)
        return fault_errno(why, "%s", path);
    for (int i = 0; i < n; i++) {
        char below[PATH_MAX];

        if (failed == 0 && strcmp(names[i]->d_name, ".") != 0 &&
            strcmp(names[i]->d_name, "..") != 0 &&
            strcmp(names[i]->d_name, mapstore_stage_name) != 0 &&
            text_format(below, sizeof below, "%s/%s", path, names[i]->d_name))
            failed = keep_tree(m, below, depth + 1, why);
        free(names[i]);
    }
    free(names);
    return failed;
}

static int keep_tree(struct making *m, const char *path, int depth, struct fault *why) {
    char kind, hash[BACKUP_HASH];
    struct stat st;

    if (lstat(path, &st) == -1)
        return fault_errno(why, "%s", path);
    kind = S_ISREG(st.st_mode) ? 'f' : S_ISLNK(st.st_mode) ? 'l' : S_ISDIR(st.st_mode) ? 'd' : '?';
    if (kind == '?' || strchr(path, '\n') != NULL)
        return 0; /* a socket or device is no configuration */
    if (m->count == FILES_MOST || depth > DEPTH_MOST)
        return fault_set(why, "%s: more than %d files, or %d folders deep", path, (int)FILES_MOST,
                         (int)DEPTH_MOST);
    hash_of("", 0, hash);
    if (kind != 'd' && keep_file(m, path, kind, hash, why) == -1)
        return -1;
    fprintf(m->manifest, "%c %o %u %u %lld %ld %u %s %s\n", kind, (unsigned)(st.st_mode & 07777),
            (unsigned)st.st_uid, (unsigned)st.st_gid, (long long)st.st_mtim.tv_sec,
            st.st_mtim.tv_nsec, m->count++, hash, path);
    return kind == 'd' ? keep_below(m, path, depth, why) : 0;
}

/* Removes a backup, whole or half. The manifest goes first. */
static int discard(const char *folder, struct fault *why) {
    DIR *dir;
    struct dirent *entry;
    char path[PATH_MAX];

    if (text_format(path, sizeof path, "%s/manifest", folder))
        unlink(path);
    dir = opendir(folder);
    if (dir == NULL)
        return errno == ENOENT ? 0 : fault_errno(why, "%s", folder);
    while ((entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(folder) == -1 ? fault_errno(why, "remove %s", folder) : 0;
}

static int fill(const char *folder, const char *const *folders, struct fault *why) {
    char *text = NULL, path[PATH_MAX], hash[BACKUP_HASH];
    size_t size;
    struct making m = {.folder = folder, .manifest = open_memstream(&text, &size)};
    int failed = 0;

    if (m.manifest == NULL)
        abort();
    fputs(HEAD, m.manifest);
    for (; failed == 0 && *folders != NULL; folders++) {
        if (access(*folders, F_OK) == 0)
            failed = keep_tree(&m, *folders, 0, why);
    }
    fflush(m.manifest);
    hash_of(text, size, hash);
    fprintf(m.manifest, "%s%s\n", END, hash);
    if (fclose(m.manifest) != 0)
        abort();
    if (failed == 0)
        failed = text_format(path, sizeof path, "%s/manifest", folder)
                     ? file_replace(path, text, size, 0600, why)
                     : -1;
    free(text);
    return failed;
}

int backup_make(const char *store, const char *const *folders, char *name_out, struct fault *why) {
    char partial[PATH_MAX], final[PATH_MAX];
    time_t now = time(NULL);
    struct tm tm;

    strftime(name_out, BACKUP_NAME - 4, "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
    text_format(partial, sizeof partial, "%s/.partial", store);
    if ((mkdir(store, 0700) == -1 && errno != EEXIST) || chmod(store, 0700) == -1)
        return fault_errno(why, "make folder %s", store);
    for (int i = 2; backup_exists(store, name_out) && i < 100; i++)
        text_format(name_out + 15, BACKUP_NAME - 15, "-%d", i);
    text_format(final, sizeof final, "%s/%s", store, name_out);
    if (discard(partial, why) == -1)
        return -1;
    if (mkdir(partial, 0700) == -1)
        return fault_errno(why, "make folder %s", partial);
    if (fill(partial, folders, why) == -1) {
        discard(partial, NULL);
        return -1;
    }
    if (rename(partial, final) == -1)
        return fault_errno(why, "rename to %s", final);
    return file_sync_folder(final, why);
}

/* ---- the others ---- */

static bool is_name(const char *name) {
    return strlen(name) >= 15 && strlen(name) < BACKUP_NAME &&
           strspn(name, "0123456789-") == strlen(name);
}

bool backup_exists(const char *store, const char *name) {
    char path[PATH_MAX];

    return is_name(name) && text_format(path, sizeof path, "%s/%s", store, name) &&
           access(path, F_OK) == 0;
}

static int only_names(const struct dirent *entry) {
    return is_name(entry->d_name);
}

/* "-2" to "-99" after one second's name: by number. */
static int by_time(const struct dirent **a, const struct dirent **b) {
    int first = strncmp((*a)->d_name, (*b)->d_name, 15);
    size_t la = strlen((*a)->d_name), lb = strlen((*b)->d_name);

    if (first != 0)
        return first;
    return la != lb ? (la < lb ? -1 : 1) : strcmp((*a)->d_name, (*b)->d_name);
}

int backup_list(const char *store, FILE *out) {
    struct dirent **names = NULL;
    int n = scandir(store, &names, only_names, by_time);

    for (int i = 0; i < n; i++) {
        fprintf(out, "%s\n", names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return n == -1 ? 0 : n;
}

int backup_prune(const char *store, unsigned keep, struct fault *why) {
    struct dirent **names = NULL;
    int n = scandir(store, &names, only_names, by_time), removed = 0;
    char path[PATH_MAX];

    for (int i = 0; i < n; i++) {
        if (removed != -1 && (unsigned)(n - i) > keep &&
            text_format(path, sizeof path, "%s/%s", store, names[i]->d_name))
            removed = discard(path, why) == -1 ? -1 : removed + 1;
        free(names[i]);
    }
    free(names);
    return removed;
}

static int restore_one(const char *folder, const struct backup_entry *e, struct fault *why) {
    const struct timespec mtime = {.tv_sec = (time_t)e->seconds, .tv_nsec = e->nanoseconds};
    struct lockedit how = {
        .mode = e->mode, .uid = e->uid, .gid = e->gid, .mtime = &mtime, .force = 1};
    char from[PATH_MAX], *text, *now = NULL;
    size_t size = 0, now_size = 0;
    struct stat st;
    int failed = 0;

    text_format(from, sizeof from, "%s/%u", folder, e->number);
    if (e->kind == 'd') {
        if (mkdir(e->path, e->mode) == -1 && errno != EEXIST)
            return fault_errno(why, "make folder %s", e->path);
        return chown(e->path, e->uid, e->gid) == -1 || chmod(e->path, e->mode) == -1
                   ? fault_errno(why, "%s", e->path)
                   : 0;
    }
    text = slurp(from, &size, why);
    if (text == NULL)
        return -1;
    if (e->kind == 'l') {
        if (lstat(e->path, &st) == -1 && symlink(text, e->path) == -1)
            failed = fault_errno(why, "link %s", e->path);
    } else {
        now = access(e->path, F_OK) == 0 ? slurp(e->path, &now_size, why) : NULL;
        if (now == NULL || now_size != size || memcmp(now, text, size) != 0)
            failed = lockedit_replace(e->path, now, now_size, text, size, &how, why);
    }
    wipe(text, size);
    if (now != NULL)
        wipe(now, now_size);
    free(now);
    free(text);
    return failed;
}

static bool is_main_cf(const char *path) {
    size_t n = strlen(path);

    return n > 8 && strcmp(path + n - 8, "/main.cf") == 0;
}

enum which { ABSENT, MAIN_CF, PRESENT };

/* What a file is in the restore: one that is not there now harms nobody. */
static enum which which_of(const struct backup_entry *e) {
    struct stat st;

    if (lstat(e->path, &st) == -1)
        return ABSENT;
    return is_main_cf(e->path) ? MAIN_CF : PRESENT;
}

/* The manifest's next line; 1, 0 at its end, -1: damaged. */
static int next_entry(const char **line, struct backup_entry *out) {
    size_t n = strcspn(*line, "\n");
    char one[700];

    if (strncmp(*line, END, strlen(END)) == 0)
        return 0; /* read_manifest saw that it is there */
    if (!text_copy_span(one, sizeof one, (struct span){*line, n}) || !backup_parse(one, out))
        return -1;
    *line += n + ((*line)[n] != '\0');
    return 1;
}

static int restore_pass(const char *folder, const char *manifest, enum which which,
                        struct fault *why) {
    const char *line = manifest + strlen(HEAD);
    struct backup_entry e;
    int got;

    while ((got = next_entry(&line, &e)) == 1) {
        if (which_of(&e) == which && restore_one(folder, &e, why) == -1)
            return -1;
    }
    return got == -1 ? fault_set(why, "%s/manifest: damaged", folder) : 0;
}

/* Is it whole, to its last line, which says so? */
static bool is_manifest(const char *text, size_t size) {
    size_t n = strlen(END) + BACKUP_HASH; /* with the newline */
    char hash[BACKUP_HASH];

    if (strncmp(text, HEAD, strlen(HEAD)) != 0 || size < strlen(HEAD) + n || strlen(text) != size ||
        strncmp(text + size - n, END, strlen(END)) != 0)
        return false;
    hash_of(text, size - n, hash);
    return memcmp(text + size - BACKUP_HASH, hash, BACKUP_HASH - 1) == 0 && text[size - 1] == '\n';
}

static char *read_manifest(const char *store, const char *name, char *folder, size_t size,
                           struct fault *why) {
    char path[PATH_MAX], *manifest = NULL;
    size_t n;

    if (!backup_exists(store, name)) {
        fault_set(why, "%s: no such backup; `relaywatch backup --list` names them", name);
        return NULL;
    }
    text_format(folder, size, "%s/%s", store, name);
    if (text_format(path, sizeof path, "%s/manifest", folder))
        manifest = slurp(path, &n, why);
    if (manifest == NULL || is_manifest(manifest, n))
        return manifest;
    fault_set(why, "%s is damaged", path);
    free(manifest);
    return NULL;
}

/* Is what it kept of this file still that? */
static int check_one(const char *folder, const struct backup_entry *e, struct fault *why) {
    char from[PATH_MAX], hash[BACKUP_HASH], *text;
    size_t size;

    if (e->kind == 'd')
        return 0;
    text_format(from, sizeof from, "%s/%u", folder, e->number);
    text = slurp(from, &size, why);
    if (text == NULL)
        return -1;
    hash_of(text, size, hash);
    wipe(text, size);
    free(text);
    return strcmp(hash, e->hash) == 0 ? 0 : fault_set(why, "%s, of %s, is damaged", from, e->path);
}

int backup_check(const char *store, const char *name, struct fault *why) {
    char folder[PATH_MAX];
    char *manifest = read_manifest(store, name, folder, sizeof folder, why);
    const char *line = manifest != NULL ? manifest + strlen(HEAD) : NULL;
    struct backup_entry e;
    int got = -1, failed = manifest != NULL ? 0 : -1;

    while (failed == 0 && (got = next_entry(&line, &e)) == 1)
        failed = check_one(folder, &e, why);
    free(manifest);
    return failed == 0 && got == -1 ? fault_set(why, "%s/manifest is damaged", folder) : failed;
}

char *backup_text(const char *store, const char *name, const char *path, size_t *size_out) {
    char folder[PATH_MAX], from[PATH_MAX], *text = NULL;
    struct fault ignored;
    char *manifest = read_manifest(store, name, folder, sizeof folder, &ignored);
    const char *line = manifest != NULL ? manifest + strlen(HEAD) : NULL;
    struct backup_entry e;

    while (text == NULL && line != NULL && next_entry(&line, &e) == 1) {
        if (e.kind == 'f' && strcmp(e.path, path) == 0 &&
            text_format(from, sizeof from, "%s/%u", folder, e.number))
            text = slurp(from, size_out, &ignored);
    }
    free(manifest);
    return text;
}

int backup_restore(const char *store, const char *name, bool main_cf_first, struct fault *why) {
    const enum which order[] = {ABSENT, main_cf_first ? MAIN_CF : PRESENT, PRESENT, MAIN_CF};
    char folder[PATH_MAX];
    char *manifest;
    int failed = backup_check(store, name, why);

    manifest = failed == 0 ? read_manifest(store, name, folder, sizeof folder, why) : NULL;
    if (manifest == NULL)
        return -1;
    /* A file that is as it should be is not written again. */
    for (size_t i = 0; failed == 0 && i < sizeof order / sizeof order[0]; i++)
        failed = restore_pass(folder, manifest, order[i], why);
    free(manifest);
    return failed;
}
