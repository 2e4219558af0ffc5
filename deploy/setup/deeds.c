/* See deeds.h. The text form, one record a line:
 *   relaywatch-setup 1
 *   file N MODE UID GID SECONDS NANOSECONDS PATH   (MODE 0: it was not there); its bytes are in
 * N.before wrote N HASH                                   its bytes are in N.ours begin | started |
 * units | done */
#include "deeds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "text.h"
#include "xmem.h"

enum { TEXT_MAX = 256 * 1024, FILE_MAX = 16 * 1024 * 1024 };

static const char HEAD[] = "relaywatch-setup 1";
static const char *const marks[] = {"begin", "started", "units", "done"};

/* ---- the text ---- */

static bool take_file(struct span line, struct deeds *out) {
    unsigned number, mode, uid, gid;
    long long seconds;
    long nanoseconds;
    int at = 0;
    char text[700];
    struct deeds_file *f;

    if (out->file_count == DEEDS_FILES || !text_copy_span(text, sizeof text, line) ||
        sscanf(text, "file %9u %9o %10u %10u %18lld %9ld %n", &number, &mode, &uid, &gid, &seconds,
               &nanoseconds, &at) != 6 ||
        at == 0 || text[at] != '/' || number != (unsigned)out->file_count || mode > 07777 ||
        nanoseconds < 0 || nanoseconds > 999999999)
        return false;
    f = &out->file[out->file_count++];
    *f = (struct deeds_file){.existed = mode != 0, .mode = mode, .uid = uid, .gid = gid};
    f->mtime = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = nanoseconds};
    return text_copy(f->path, sizeof f->path, text + at);
}

static void add_hash(struct deeds_file *f, const uint64_t hash[2]) {
    memcpy(f->wrote[f->wrote_count++ % DEEDS_WRITES], hash, 2 * sizeof *hash);
}

static bool take_wrote(struct span line, struct deeds *out) {
    uint64_t hash[2];
    unsigned number;
    char text[80], end;

    if (!text_copy_span(text, sizeof text, line) ||
        sscanf(text, "wrote %9u %16" SCNx64 "%16" SCNx64 "%c", &number, &hash[0], &hash[1], &end) !=
            3 ||
        number >= (unsigned)out->file_count)
        return false;
    add_hash(&out->file[number], hash);
    return true;
}

static bool take_record(struct span line, struct deeds *out) {
    if (span_starts(line, "file "))
        return take_file(line, out);
    if (span_starts(line, "wrote "))
        return take_wrote(line, out);
    if (span_is(line, marks[DEEDS_BEGIN]))
        out->unfinished = true;
    else if (span_is(line, marks[DEEDS_STARTED]))
        out->started = true;
    else if (span_is(line, marks[DEEDS_UNITS]))
        out->units = true;
    else if (span_is(line, marks[DEEDS_DONE]))
        out->unfinished = false;
    else
        return false;
    return true;
}

int deeds_parse(const char *text, size_t size, struct deeds *out, struct fault *why) {
    unsigned number = 0;
    size_t at = 0;

    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        struct span line;

        if (end == NULL)
            break; /* cut off in the middle: its deed was not begun */
        line = (struct span){text + at, (size_t)(end - text) - at};
        number++;
        if (number == 1 ? !span_is(line, HEAD) : !take_record(line, out))
            return fault_set(why, "line %u: damaged", number);
        at += line.n + 1;
    }
    out->good_bytes = at;
    out->exists = number > 0;
    return 0;
}

/* ---- the folder ---- */

static bool path_of(const struct deeds *j, char *out, size_t size, int number, const char *kind) {
    return number < 0 ? text_format(out, size, "%s/journal", j->folder)
                      : text_format(out, size, "%s/%d.%s", j->folder, number, kind);
}

int deeds_load(const char *folder, struct deeds *out, struct fault *why) {
    char *text = xcalloc(1, TEXT_MAX);
    char path[PATH_MAX];
    ssize_t n = 0;
    int failed = 0;

    memset(out, 0, sizeof *out);
    if (!text_copy(out->folder, sizeof out->folder, folder) ||
        !path_of(out, path, sizeof path, -1, "")) {
        free(text);
        return fault_set(why, "%s: path too long", folder);
    }
    if (access(path, F_OK) == 0)
        n = file_read(path, text, TEXT_MAX, why);
    if (n > 0)
        failed = deeds_parse(text, (size_t)n, out, why);
    free(text);
    if (n == -1 || failed == -1)
        return fault_wrap(why, "%s", path);
    return 0;
}

/* One record, whole and on the disk, behind the last whole one. */
static int append(struct deeds *j, const char *record, struct fault *why) {
    char path[PATH_MAX], text[800];
    bool first = j->good_bytes == 0;
    int fd, failed;

    if (!path_of(j, path, sizeof path, -1, "") ||
        !text_format(text, sizeof text, "%s%s%s\n", first ? HEAD : "", first ? "\n" : "", record))
        return fault_set(why, "journal: path too long");
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd == -1)
        return fault_errno(why, "open %s", path);
    if (ftruncate(fd, (off_t)j->good_bytes) == -1 || lseek(fd, 0, SEEK_END) == -1)
        failed = fault_errno(why, "%s", path);
    else
        failed = file_write_all(fd, text, strlen(text), why);
    if (failed == 0 && fsync(fd) == -1)
        failed = fault_errno(why, "fsync %s", path);
    close(fd);
    if (failed == 0 && first)
        failed = file_sync_folder(path, why);
    if (failed == 0)
        j->good_bytes += strlen(text);
    return failed == 0 ? 0 : fault_wrap(why, "%s", path);
}

static char *slurp(const char *path, size_t *size_out, struct fault *why) {
    struct stat st;
    char *text;
    ssize_t n;

    if (stat(path, &st) == -1) {
        fault_errno(why, "%s", path);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
        fault_set(why, "%s: not a regular file, or larger than %d bytes", path, (int)FILE_MAX);
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

static int keep_bytes(const struct deeds *j, int number, const char *path, struct fault *why) {
    char to[PATH_MAX];
    size_t size;
    char *text = slurp(path, &size, why);
    int failed = -1;

    if (text == NULL)
        return -1;
    if (path_of(j, to, sizeof to, number, "before"))
        failed = file_replace(to, text, size, 0600, why);
    wipe(text, size);
    free(text);
    return failed;
}

int deeds_keep(struct deeds *j, const char *path, struct fault *why) {
    struct deeds_file *f = &j->file[j->file_count];
    struct stat st = {.st_mode = 0};
    char record[700];

    for (int i = 0; i < j->file_count; i++) {
        if (strcmp(j->file[i].path, path) == 0)
            return i;
    }
    if (j->file_count == DEEDS_FILES)
        return fault_set(why, "journal: too many files");
    if (lstat(path, &st) == -1 && errno != ENOENT)
        return fault_errno(why, "%s", path);
    if (st.st_mode != 0 && !S_ISREG(st.st_mode))
        return fault_set(why, "%s: not a regular file", path);
    if (st.st_mode != 0 && (st.st_mode & 07777) == 0)
        return fault_set(why, "%s: mode 0000: chmod it first", path);
    if (st.st_mode != 0 && keep_bytes(j, j->file_count, path, why) == -1)
        return -1;
    *f = (struct deeds_file){.existed = st.st_mode != 0,
                             .mode = st.st_mode & 07777,
                             .uid = st.st_uid,
                             .gid = st.st_gid,
                             .mtime = st.st_mtim};
    if (!text_copy(f->path, sizeof f->path, path) ||
        !text_format(record, sizeof record, "file %d %o %u %u %lld %ld %s", j->file_count,
                     (unsigned)f->mode, (unsigned)f->uid, (unsigned)f->gid,
                     (long long)f->mtime.tv_sec, f->mtime.tv_nsec, path))
        return fault_set(why, "%s: path too long", path);
    if (append(j, record, why) == -1)
        return -1;
    return j->file_count++;
}

static void hash_of(const char *text, size_t size, uint64_t out[2]) {
    const struct hash_key key = {{0x72656c6179776174ULL, 0x63682d7365747570ULL}};
    struct hash128 h = hash_bytes(&key, text, size);

    out[0] = h.h[0];
    out[1] = h.h[1];
}

int deeds_wrote(struct deeds *j, int number, const char *text, size_t size, struct fault *why) {
    uint64_t hash[2];
    char path[PATH_MAX], record[80];

    hash_of(text, size, hash);
    if (!path_of(j, path, sizeof path, number, "ours") ||
        file_replace(path, text, size, 0600, why) == -1)
        return -1;
    text_format(record, sizeof record, "wrote %d %016" PRIx64 "%016" PRIx64, number, hash[0],
                hash[1]);
    if (append(j, record, why) == -1)
        return -1;
    add_hash(&j->file[number], hash);
    return 0;
}

int deeds_mark(struct deeds *j, enum deeds_kind mark, struct fault *why) {
    if (append(j, marks[mark], why) == -1)
        return -1;
    j->exists = true;
    j->unfinished = mark != DEEDS_DONE;
    j->started = j->started || mark == DEEDS_STARTED;
    j->units = j->units || mark == DEEDS_UNITS;
    return 0;
}

bool deeds_is_ours(const struct deeds *j, int number, const char *text, size_t size) {
    const struct deeds_file *f = &j->file[number];
    uint64_t hash[2];

    hash_of(text, size, hash);
    for (unsigned i = 0; i < f->wrote_count && i < DEEDS_WRITES; i++) {
        if (f->wrote[i][0] == hash[0] && f->wrote[i][1] == hash[1])
            return true;
    }
    return false;
}

static char *kept(const struct deeds *j, int number, const char *kind, size_t *size_out,
                  struct fault *why) {
    char path[PATH_MAX];

    if (path_of(j, path, sizeof path, number, kind))
        return slurp(path, size_out, why);
    fault_set(why, "journal: path too long");
    return NULL;
}

char *deeds_before(const struct deeds *j, int number, size_t *size_out, struct fault *why) {
    return kept(j, number, "before", size_out, why);
}

char *deeds_ours(const struct deeds *j, int number, size_t *size_out, struct fault *why) {
    return kept(j, number, "ours", size_out, why);
}

/* The journal goes first: without it the rest means nothing. */
int deeds_forget(struct deeds *j, struct fault *why) {
    static const char *const kinds[] = {"before", "ours", "before.new", "ours.new"};
    char path[PATH_MAX];

    if (!path_of(j, path, sizeof path, -1, "") || (unlink(path) == -1 && errno != ENOENT))
        return fault_errno(why, "remove %s", path);
    if (file_sync_folder(path, why) == -1)
        return -1;
    for (int i = 0; i < DEEDS_FILES; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            if (path_of(j, path, sizeof path, i, kinds[k]))
                unlink(path);
        }
    }
    return 0;
}
