/* See imagefile.h. */
#include "imagefile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, unsigned char *block, size_t size) {
    size_t have = 0;
    ssize_t n;

    do {
        n = pread(fd, block + have, size - have, (off_t)have);
        if (n > 0)
            have += (size_t)n;
    } while ((n > 0 && have < size) || (n == -1 && errno == EINTR));
    return have == size;
}

bool imagefile_read(const char *path, unsigned char *block, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    bool whole = false;

    if (fd == -1)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size == size) {
        whole = read_all(fd, block, size);
        if (!whole)
            memset(block, 0, size);
    }
    close(fd);
    return whole;
}

int imagefile_open(const char *path, size_t size, struct fault *why) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat status;

    if (fd == -1)
        return fault_errno(why, "open %s", path);
    if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode))
        fault_set(why, "%s: not a regular file", path);
    else if ((size_t)status.st_size != size && ftruncate(fd, (off_t)size) == -1)
        fault_errno(why, "truncate %s", path);
    else
        return fd;
    close(fd);
    return -1;
}

int imagefile_write(int fd, const unsigned char *block, size_t offset, size_t size,
                    struct fault *why) {
    size_t done = 0;

    while (done < size) {
        ssize_t n = pwrite(fd, block + offset + done, size - done, (off_t)(offset + done));

        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault_errno(why, "write");
        done += (size_t)n;
    }
    return 0;
}
