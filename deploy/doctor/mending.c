/* See mending.h. */
#include "mending.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xmem.h"
#include "text.h"
#include "queuedir.h"
#include "verbs.h"
#include "wire.h"

static int close_to_others(const char *path, struct fault *why) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int failed = 0;

    if (fd == -1)
        return fault_errno(why, "%s", path);
    if (fchown(fd, 0, (gid_t)-1) == -1 || fchmod(fd, 0600) == -1)
        failed = fault_errno(why, "%s", path);
    close(fd);
    return failed;
}

static int close_index(const struct condition *seen, struct fault *why) {
    static const char *const endings[] = {"db", "lmdb", "cdb", "dir"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        text_format(path, sizeof path, "%s.%s", seen->relay.map_path, endings[i]);
        if (access(path, F_OK) == 0 && close_to_others(path, why) == -1)
            return -1;
    }
    return 0;
}

/* What relaywatch-keeper would do, by its own code: the login is tried at the relay first. */
static int build_index(const struct condition *seen, const char *programs, struct fault *why) {
    struct keeper_reply *reply = xcalloc(1, sizeof *reply);
    char probe[PATH_MAX];
    struct hands hands = hands_direct(seen->conf.postfix_config_dir, seen->conf.keeper_state_dir);
    struct keeper keeper = {.verb = KEEPER_APPLY, .person = true, .secret_fd = -1};
    bool done;

    text_format(probe, sizeof probe, "%s/relaywatch-probe", programs);
    hands.probe = probe;
    hands.probe_user = seen->conf.probe_user;
    hands.reader = seen->conf.user;
    hands.count = queuedir_count;
    xmem_forbid_dump();
    if (wire_serve(&hands, verbs_answer, &keeper, -1, reply, sizeof *reply, why) == -1) {
        free(reply);
        return -1;
    }
    done = reply->outcome == KEEPER_DONE || reply->outcome == KEEPER_UNCHANGED;
    if (!done)
        fault_set(why, "the map stays as it was: %.200s", reply->detail);
    free(reply);
    return done ? 0 : -1;
}

static int mend_now(enum mend mend, const struct condition *seen, const char *programs,
                    const struct host *host, struct fault *why) {
    switch (mend) {
    case MEND_NOTHING:
        break;
    case MEND_MODE:
        return close_to_others(seen->relay.map_path, why);
    case MEND_INDEX_MODE:
        return close_index(seen, why);
    case MEND_INDEX:
        return build_index(seen, programs, why);
    case MEND_START:
        return host_postfix(host, POSTFIX_START, why);
    }
    return 0;
}

static bool agrees(void) {
    char answer[16] = "";

    if (!isatty(STDIN_FILENO)) {
        fputs("not done: nobody to ask here; --yes does it\n", stderr);
        return false;
    }
    fputs("do it? [y/N] ", stderr);
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

unsigned mending_offer(enum mend mend, const char *shown, bool yes, const struct condition *seen,
                       const char *programs, const struct host *host) {
    struct fault why = {""};

    fprintf(stderr, "mend           %s\n", shown);
    if (!yes && !agrees())
        return 0;
    if (mend_now(mend, seen, programs, host, &why) == 0)
        return 1;
    fprintf(stderr, "relaywatch doctor: %s\n", why.text);
    return 0;
}
