/* See place.h. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "text.h"
#include "backup.h"
#include "cli.h"

enum { LOCK_TRIES = 450, LOCK_WAIT_MS = 100 };

int place_fail(const char *command, const char *text) {
    fprintf(stderr, "relaywatch %s: %s\n", command, text);
    return 1;
}

int place_need_root(const char *command) {
    if (geteuid() == 0)
        return 0;
    fprintf(stderr, "relaywatch %s: must be run by root: sudo relaywatch %s ...\n", command,
            command);
    return EX_NOPERM;
}

int place_find(const char *command, const char *conf_path, struct place *out) {
    ssize_t n;
    int status;

    memset(out, 0, sizeof *out);
    out->conf_path = conf_path;
    out->lock = -1;
    out->has_conf = access(conf_path, F_OK) == 0;
    if (out->has_conf) {
        status = cli_load_conf(conf_path, &out->conf);
        if (status != 0)
            return status;
    } else {
        conf_defaults(&out->conf);
    }
    if (conf_path[0] != '/')
        return fprintf(stderr, "relaywatch %s: -c %s: give an absolute path\n", command,
                       conf_path) < 0
                   ? 1
                   : EX_USAGE;
    n = readlink("/proc/self/exe", out->programs, sizeof out->programs - 1);
    if (n == -1)
        return place_fail(command, "/proc is not mounted: mount -t proc proc /proc");
    out->programs[n] = '\0';
    *strrchr(out->programs, '/') = '\0';
    text_format(out->folder, sizeof out->folder, "%s/setup", out->conf.keeper_state_dir);
    text_format(out->backups, sizeof out->backups, "%s/backups", out->folder);
    out->host = (struct host){.folder = out->folder,
                              .config_dir = out->conf.postfix_config_dir,
                              .systemd = access("/run/systemd/system", F_OK) == 0 &&
                                         strcmp(out->conf.postfix_config_dir, "/etc/postfix") == 0};
    return 0;
}

static int make(const char *path, struct fault *why) {
    return mkdir(path, 0700) == -1 && errno != EEXIST ? fault_errno(why, "make folder %s", path)
                                                      : 0;
}

/* relaywatch-keeper's own lock: it must not put a login in place meanwhile. Its longest work is a
 * try of the login. */
static int take_lock(const char *path, struct fault *why) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd == -1)
        return fault_errno(why, "%s", path);
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        if (i == 0)
            fputs("waiting for another install, uninstall, restore or change of the login to end\n",
                  stderr);
        poll(NULL, 0, LOCK_WAIT_MS);
    }
    close(fd);
    return fault_set(
        why,
        "another install, uninstall, restore or change of the login does not end: try again later");
}

int place_enter(const char *command, struct place *place) {
    char path[PATH_MAX];
    struct fault why;
    int status = place_need_root(command);

    if (status != 0)
        return status;
    if (make(place->conf.keeper_state_dir, &why) == -1 || make(place->folder, &why) == -1)
        return place_fail(command, why.text);
    text_format(path, sizeof path, "%s/lock", place->conf.keeper_state_dir);
    place->lock = take_lock(path, &why);
    return place->lock == -1 ? place_fail(command, why.text) : 0;
}

void place_leave(struct place *place) {
    if (place->lock != -1)
        close(place->lock);
    place->lock = -1;
}

int place_backup(const char *command, struct place *place) {
    char conf_folder[PATH_MAX], name[BACKUP_NAME];
    const char *const folders[] = {place->conf.postfix_config_dir, conf_folder, NULL};
    struct fault why;

    text_copy(conf_folder, sizeof conf_folder, place->conf_path);
    dirname(conf_folder);
    if (backup_make(place->backups, folders, name, &why) == -1) {
        fprintf(stderr, "relaywatch %s: backup: %s: nothing was changed\n", command, why.text);
        return 1;
    }
    text_copy(place->backup, sizeof place->backup, name);
    printf("backup      %s (relaywatch restore %s)\n", name, name);
    fflush(stdout);
    return 0;
}
