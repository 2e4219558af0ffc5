/* See runplace.h. */
#include "runplace.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beat.h"
#include "sock.h"
#include "text.h"

static int user_ids(const char *user, uid_t *uid_out, gid_t *gid_out, struct fault *why) {
    const struct passwd *who = getpwnam(user);

    *uid_out = (uid_t)-1;
    *gid_out = (gid_t)-1;
    if (who == NULL)
        return fault_set(why, "there is no user %s: make it with useradd --system --user-group %s",
                         user, user);
    *uid_out = who->pw_uid;
    *gid_out = who->pw_gid;
    return 0;
}

/* Makes the folder, or sets owner and mode of the one that is there. `group`: NULL for the user's
 * own. */
static int make_folder(const char *path, const char *user, const char *group, mode_t mode,
                       struct fault *why) {
    const struct group *g = group != NULL ? getgrnam(group) : NULL;
    struct stat now;
    uid_t uid;
    gid_t gid;

    if (user_ids(user, &uid, &gid, why) == -1)
        return -1;
    if (group != NULL && g == NULL)
        return fault_set(why, "there is no group %s", group);
    if (g != NULL)
        gid = g->gr_gid;
    if (mkdir(path, 0700) == -1 && errno != EEXIST)
        return fault_errno(why, "make folder %s", path);
    if (lstat(path, &now) == -1 || !S_ISDIR(now.st_mode))
        return fault_set(why, "%s: not a folder", path);
    if (lchown(path, uid, gid) == -1 || chmod(path, mode) == -1)
        return fault_errno(why, "owner and mode of %s", path);
    return 0;
}

/* The milter's socket stands in a folder of its own below Postfix's queue, so that a chrooted
 * smtpd(8) reaches it: setgid, so that the socket gets Postfix's group. */
static int make_milter_folder(const struct conf *conf, struct fault *why) {
    char path[sizeof conf->milter_socket];
    const char *colon = strchr(conf->milter_socket, ':');

    if (colon == NULL || colon[1] != '/')
        return 0; /* inet: */
    text_copy(path, sizeof path, colon + 1);
    return make_folder(dirname(path), conf->milter_user, "postfix", 02750, why);
}

int runplace_folders(const struct conf *conf, struct fault *why) {
    char path[300];

    if (make_folder(conf->run_dir, "root", NULL, 0755, why) == -1 ||
        make_folder(conf->state_dir, conf->user, NULL, 0700, why) == -1 ||
        make_folder(conf->notify_state_dir, conf->notify_user, NULL, 0700, why) == -1 ||
        make_folder(conf->keeper_state_dir, "root", NULL, 0700, why) == -1)
        return -1;
    text_format(path, sizeof path, "%s/milter", conf->run_dir);
    if (make_folder(path, conf->milter_user, NULL, 0755, why) == -1)
        return -1;
    return make_milter_folder(conf, why);
}

int runplace_socket(const struct conf *conf, const char *name, struct fault *why) {
    char path[300];
    uid_t uid;
    gid_t gid;

    if (user_ids(conf->user, &uid, &gid, why) == -1)
        return -1;
    text_format(path, sizeof path, "%s/%s.sock", conf->run_dir, name);
    return sock_listen(path, 0660, gid, why);
}

int runplace_beat(const struct conf *conf, const char *program, const char *user,
                  char path_out[RUNPLACE_PATH], struct fault *why) {
    uid_t uid;
    gid_t gid;

    if (user_ids(user, &uid, &gid, why) == -1)
        return -1;
    text_format(path_out, RUNPLACE_PATH, "%s/%s.beat", conf->run_dir, program);
    return beat_listen(path_out, uid, why);
}
