/* One log file opened for reading, plain or gzip: bytes by their offset in the uncompressed text,
 * and its identity. Never opens what is not a regular file. Does not block beyond the disk's own
 * time. */
#ifndef EDGE_LOGFILE_H
#define EDGE_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"
#include "fault.h"

struct logfile;

struct logfile_id {
    uint64_t dev;
    uint64_t ino;
    int64_t btime_ns;   /* 0: not known */
    bool regular;       /* a regular file: else nothing of it is read */
    uint64_t size;      /* as it lies on the disk */
    int64_t mtime_ns;   /* last write */
    int64_t changed_ns; /* the later of last write and last change of the inode (a rename is one) */
};

/* As stat(2), following symbolic links if `follow`. -1 with errno. */
MUSTCHECK int logfile_identify(const char *path, bool follow, struct logfile_id *out);

/* NULL with errno and `why`. A symbolic link is followed only if `follow`; EINVAL: not a regular
 * file. A name that ends in
 * ".gz" is read through zlib. */
MUSTCHECK struct logfile *logfile_open(const char *path, bool follow, struct fault *why);
/* Takes over a descriptor that is open for reading, also when it fails; whether it is gzip tell its
 * first bytes. NULL with `why` for what is no regular file, or compressed otherwise. */
MUSTCHECK struct logfile *logfile_adopt(int fd, struct fault *why);
void logfile_close(struct logfile **file);

/* As fstat(2). -1 with errno. */
MUSTCHECK int logfile_id(const struct logfile *file, struct logfile_id *out);
bool logfile_compressed(const struct logfile *file);
int logfile_fd(const struct logfile *file);

/* As pread(2): fills `out` up to the end of the file. -1 with errno; EAGAIN: a compressed file is
 * being unpacked up to `offset`, some megabytes a call: call again. Going back in a compressed file
 * by more than LOGFILE_BACK bytes before the end of the last read starts it anew. */
enum { LOGFILE_BACK = 80 * 1024 };
MUSTCHECK ssize_t logfile_read(struct logfile *file, void *out, size_t size, uint64_t offset);

#endif
