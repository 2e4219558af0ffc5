/* See maillog.h. Everything is done on the open file, so that nothing can be put in its place
 * meanwhile. */
#include "maillog.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int share_open(int fd, const char *path, gid_t group, struct fault *why) {
    struct stat st;

    if (fstat(fd, &st) == -1)
        return fault_errno(why, "%s", path);
    if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_nlink != 1)
        return fault_set(why, "%s: not a plain file of root with one name", path);
    if (st.st_gid != group && st.st_gid != 0)
        return fault_set(why, "%s: of a group of its own: add relaywatchd's user to that", path);
    if (st.st_gid != group && fchown(fd, (uid_t)-1, group) == -1)
        return fault_errno(why, "group of %s", path);
    if ((st.st_mode & S_IRGRP) == 0 && fchmod(fd, 0640) == -1)
        return fault_errno(why, "mode of %s", path);
    return 0;
}

int maillog_share(const char *path, gid_t group, struct fault *why) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int result;

    if (fd == -1)
        return fault_errno(why, "%s", path);
    result = share_open(fd, path, group, why);
    close(fd);
    return result;
}
