/* See logfile.h. The only file that includes zlib.h. Of a compressed file the last LOGFILE_BACK
 * bytes that were unpacked are kept, because the reader goes back to the beginning of an unfinished
 * line. */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "xmem.h"

enum { UNPACK_CHUNK = 64 * 1024, UNPACK_CHUNKS_A_CALL = 32 };

struct unpacked {
    gzFile gz;
    uint64_t at; /* offset of the next byte that gzread gives */
    size_t kept; /* bytes in `keep`: those before `at` */
    unsigned char keep[LOGFILE_BACK + UNPACK_CHUNK];
};

struct logfile {
    int fd;
    struct unpacked *unpacked; /* NULL: plain */
};

static int64_t to_ns(struct statx_timestamp t) {
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static int identify(int folder, const char *path, int flags, struct logfile_id *out) {
    struct statx sx;

    if (statx(folder, path, flags | AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS | STATX_BTIME, &sx) ==
        -1)
        return -1;
    *out = (struct logfile_id){
        .dev = (uint64_t)sx.stx_dev_major << 32 | sx.stx_dev_minor,
        .ino = sx.stx_ino,
        .btime_ns =
            (sx.stx_mask & STATX_BTIME) != 0 && sx.stx_btime.tv_sec > 0 ? to_ns(sx.stx_btime) : 0,
        .regular = S_ISREG(sx.stx_mode),
        .size = sx.stx_size,
        .mtime_ns = to_ns(sx.stx_mtime),
        .changed_ns = to_ns(sx.stx_ctime),
    };
    if (out->changed_ns < out->mtime_ns)
        out->changed_ns = out->mtime_ns;
    return 0;
}

int logfile_identify(const char *path, bool follow, struct logfile_id *out) {
    return identify(AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, out);
}

int logfile_id(const struct logfile *file, struct logfile_id *out) {
    return identify(file->fd, "", AT_EMPTY_PATH, out);
}

static int open_unpacked(struct logfile *file) {
    int fd = dup(file->fd);

    if (fd == -1)
        return -1;
    file->unpacked = xcalloc(1, sizeof *file->unpacked);
    file->unpacked->gz = gzdopen(fd, "rb");
    if (file->unpacked->gz == NULL) {
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    gzbuffer(file->unpacked->gz, UNPACK_CHUNK);
    return 0;
}

static bool ends_in_gz(const char *path) {
    size_t n = strlen(path);

    return n > 3 && strcmp(path + n - 3, ".gz") == 0;
}

/* O_NONBLOCK: opening a FIFO that somebody put there must not wait for a writer. */
struct logfile *logfile_open(const char *path, bool follow, struct fault *why) {
    struct logfile *file = xcalloc(1, sizeof *file);
    struct stat st;
    int error;

    file->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
    if (file->fd != -1 && fstat(file->fd, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            errno = EINVAL;
        else if (!ends_in_gz(path) || open_unpacked(file) == 0)
            return file;
    }
    error = errno;
    if (file->fd != -1 && error == EINVAL)
        fault_set(why, "%s: not a regular file", path);
    else
        fault_errno(why, "%s", path);
    logfile_close(&file);
    errno = error;
    return NULL;
}

/* What compresses, by its first bytes. */
static const struct {
    const char *magic, *name;
} packers[] = {{"\x1f\x8b", "gzip"},
               {"\xfd"
                "7zXZ",
                "xz"},
               {"\x28\xb5\x2f\xfd", "zstd"},
               {"BZh", "bzip2"}};

static const char *packer_of(int fd) {
    char start[6] = "";
    ssize_t n = pread(fd, start, sizeof start, 0);

    for (size_t i = 0; i < sizeof packers / sizeof packers[0]; i++) {
        size_t length = strlen(packers[i].magic);

        if (n >= (ssize_t)length && memcmp(start, packers[i].magic, length) == 0)
            return packers[i].name;
    }
    return NULL;
}

struct logfile *logfile_adopt(int fd, struct fault *why) {
    struct logfile *file = xcalloc(1, sizeof *file);
    const char *packer = packer_of(fd);
    struct stat st;

    file->fd = fd;
    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
        fault_set(why, "not a regular file");
    else if (packer != NULL && strcmp(packer, "gzip") != 0)
        fault_set(why, "compressed by %s: unpack it and give its text", packer);
    else if (packer != NULL && open_unpacked(file) == -1)
        fault_errno(why, "unpack");
    else
        return file;
    logfile_close(&file);
    return NULL;
}

void logfile_close(struct logfile **file) {
    if (*file == NULL)
        return;
    if ((*file)->unpacked != NULL && (*file)->unpacked->gz != NULL)
        gzclose((*file)->unpacked->gz);
    if ((*file)->fd != -1)
        close((*file)->fd);
    free((*file)->unpacked);
    free(*file);
    *file = NULL;
}

bool logfile_compressed(const struct logfile *file) {
    return file->unpacked != NULL;
}

int logfile_fd(const struct logfile *file) {
    return file->fd;
}

/* Unpacks one more chunk into `keep`. Returns its size, 0 at the end, -1. */
static ssize_t unpack(struct unpacked *u) {
    int error = Z_OK;
    int n;

    if (u->kept > LOGFILE_BACK) {
        memmove(u->keep, u->keep + (u->kept - LOGFILE_BACK), LOGFILE_BACK);
        u->kept = LOGFILE_BACK;
    }
    n = gzread(u->gz, u->keep + u->kept, UNPACK_CHUNK);
    if (n == 0)
        gzerror(u->gz, &error);
    if (n < 0 || error != Z_OK) {
        errno = EIO; /* corrupt, or cut off: that is Z_BUF_ERROR at the end */
        return -1;
    }
    u->kept += (size_t)n;
    u->at += (uint64_t)n;
    return n;
}

static int rewind_unpacked(struct unpacked *u) {
    if (gzrewind(u->gz) == -1) {
        errno = EIO;
        return -1;
    }
    u->at = 0;
    u->kept = 0;
    return 0;
}

static ssize_t read_unpacked(struct unpacked *u, unsigned char *out, size_t size, uint64_t offset) {
    size_t done = 0;
    int chunks = 0;

    if (offset < u->at - u->kept && rewind_unpacked(u) == -1)
        return -1;
    while (done < size) {
        uint64_t next = offset + done;

        if (next < u->at) {
            size_t n = (size_t)(u->at - next);

            if (n > size - done)
                n = size - done;
            memcpy(out + done, u->keep + u->kept - (u->at - next), n);
            done += n;
        } else {
            ssize_t n;

            if (chunks++ == UNPACK_CHUNKS_A_CALL) {
                errno = EAGAIN;
                return -1;
            }
            n = unpack(u);
            if (n == -1 && done == 0)
                return -1;
            if (n <= 0)
                break; /* the error comes again with the next call */
        }
    }
    return (ssize_t)done;
}

static ssize_t read_plain(int fd, unsigned char *out, size_t size, uint64_t offset) {
    size_t done = 0;

    while (done < size) {
        ssize_t n = pread(fd, out + done, size - done, (off_t)(offset + done));

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t logfile_read(struct logfile *file, void *out, size_t size, uint64_t offset) {
    return file->unpacked != NULL ? read_unpacked(file->unpacked, out, size, offset)
                                  : read_plain(file->fd, out, size, offset);
}
