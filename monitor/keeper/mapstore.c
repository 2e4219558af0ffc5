/* See mapstore.h. */
#include "mapstore.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "safepath.h"
#include "spawn.h"
#include "text.h"

const char mapstore_stage_name[] = ".relaywatch-stage"; /* fixed: a killed run leaves one */
static const char STAGED[] = "map";
enum { POSTMAP_LIMIT_MS = 20000 };

const char *mapstore_suffix(const char *type) {
    static const struct {
        const char *type;
        const char *suffix;
    } types[] = {
        {"hash", ".db"}, {"btree", ".db"}, {"lmdb", ".lmdb"}, {"cdb", ".cdb"}, {"texthash", ""}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].type, type) == 0)
            return types[i].suffix;
    }
    return NULL;
}

int mapstore_open(struct mapstore *map, const char *config_dir, const char *spec,
                  struct fault *why) {
    const char *colon = strchr(spec, ':');

    *map = (struct mapstore){.config_dir = config_dir, .folder = -1};
    if (colon == NULL || colon == spec ||
        !text_copy_span(map->type, sizeof map->type, (struct span){spec, (size_t)(colon - spec)}) ||
        !text_copy(map->path, sizeof map->path, colon + 1))
        return fault_set(why, "smtp_sasl_password_maps: not one type:/path");
    map->suffix = mapstore_suffix(map->type);
    if (map->suffix == NULL)
        return fault_set(why,
                         "smtp_sasl_password_maps: type %s: only hash, btree, lmdb, cdb and "
                         "texthash are known",
                         map->type);
    map->folder = safepath_folder(map->path, why);
    if (map->folder == -1)
        return -1;
    map->name = strrchr(map->path, '/') + 1;
    return 0;
}

void mapstore_close(struct mapstore *map) {
    if (map->folder != -1)
        close(map->folder);
    map->folder = -1;
}

int mapstore_index(const struct mapstore *map) {
    char name[NAME_MAX + 1];
    struct stat index, source;

    if (!text_format(name, sizeof name, "%s%s", map->name, map->suffix) ||
        fstatat(map->folder, name, &index, AT_SYMLINK_NOFOLLOW) == -1)
        return 0;
    if (fstatat(map->folder, map->name, &source, 0) == -1)
        source = index;
    return index.st_mtim.tv_sec < source.st_mtim.tv_sec ? 2 : 1;
}

int mapstore_table(const struct mapstore *map, bool staged, char *out, size_t size,
                   struct fault *why) {
    if (staged ? text_format(out, size, "%s:%.*s%s/%s", map->type, (int)(map->name - map->path),
                             map->path, mapstore_stage_name, STAGED)
               : text_format(out, size, "%s:%s", map->type, map->path))
        return 0;
    return fault_set(why, "%s: path too long", map->path);
}

static int open_stage(const struct mapstore *map) {
    return openat(map->folder, mapstore_stage_name,
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void mapstore_unstage(const struct mapstore *map) {
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
    unlinkat(map->folder, mapstore_stage_name, AT_REMOVEDIR);
}

/* The text as it was checked, not as the file is now, goes to postmap. */
static int write_copy(const void *text, size_t n, int stage, struct fault *why) {
    int fd = openat(stage, STAGED, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int failed = fd == -1 ? fault_errno(why, "create") : file_write_all(fd, text, n, why);

    if (failed == 0 && fsync(fd) == -1)
        failed = fault_errno(why, "fsync");
    if (fd != -1 && close(fd) == -1 && failed == 0)
        failed = fault_errno(why, "close");
    return failed == 0 ? 0 : fault_wrap(why, "the staged file");
}

/* To the disk, and not older than the source: else smtp(8) warns of a stale map. With a new source,
 * that one is older than the index anyway. */
static int settle_index(const struct mapstore *map, int stage, struct fault *why) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    char name[NAME_MAX + 1];
    struct stat source, index;
    int failed = -1;
    int fd;

    text_format(name, sizeof name, "%s%s", STAGED, map->suffix);
    fd = openat(stage, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd != -1 && fstat(fd, &index) == 0) {
        if (fstatat(map->folder, map->name, &source, 0) == -1)
            source = index;
        times[1] = source.st_mtim;
        failed = (index.st_mtim.tv_sec < source.st_mtim.tv_sec && futimens(fd, times) == -1) ||
                         fsync(fd) == -1
                     ? -1
                     : 0;
    }
    if (failed == -1)
        fault_errno(why, "the staged map");
    if (fd != -1)
        close(fd);
    return failed;
}

/* Not by its exit status alone: postmap ends with 0 after lines that it has left out. */
static int build(const struct mapstore *map, struct fault *why) {
    char table[PATH_MAX], errors[512] = "";
    const char *const argv[] = {MAPSTORE_POSTMAP, "-c", map->config_dir, table, NULL};
    struct spawn job = {.argv = argv,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = POSTMAP_LIMIT_MS};

    if (mapstore_table(map, true, table, sizeof table, why) == -1 || spawn_run(&job, why) == -1)
        return -1;
    if (job.status != 0 || errors[0] != '\0')
        return fault_set(why, "postmap: status %d: %.250s", job.status, errors);
    return 0;
}

int mapstore_stage(const struct mapstore *map, const void *text, size_t n, struct fault *why) {
    int stage;
    int failed;

    mapstore_unstage(map);
    stage = mkdirat(map->folder, mapstore_stage_name, 0700) == -1 ? -1 : open_stage(map);
    if (stage == -1)
        return fault_errno(why, "create %s beside %s", mapstore_stage_name, map->path);
    failed = write_copy(text, n, stage, why);
    if (failed == 0 && map->suffix[0] != '\0')
        failed = build(map, why) == -1 ? -1 : settle_index(map, stage, why);
    close(stage);
    return failed;
}

int mapstore_commit(const struct mapstore *map, bool source_too, struct fault *why) {
    char from[NAME_MAX + 1], to[NAME_MAX + 1];
    int stage = open_stage(map);
    int failed = 0;

    if (stage == -1 || !text_format(from, sizeof from, "%s%s", STAGED, map->suffix) ||
        !text_format(to, sizeof to, "%s%s", map->name, map->suffix))
        failed = fault_errno(why, "open %s beside %s", mapstore_stage_name, map->path);
    /* The source first: an index that is older than its source makes smtp(8) warn. */
    else if ((source_too && renameat(stage, STAGED, map->folder, map->name) == -1) ||
             (map->suffix[0] != '\0' && renameat(stage, from, map->folder, to) == -1))
        failed = fault_errno(why, "rename over %s", map->path);
    if (stage != -1)
        close(stage);
    /* Live from here on. Without the fsync a power cut may bring the old one back, complete: no
     * failure. */
    if (failed == 0 && fsync(map->folder) == -1)
        log_warn("mapfile", "fsync the folder of %s: not done", map->path);
    return failed;
}
