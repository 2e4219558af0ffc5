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
#include "cred.h"
#include "mapfile.h"

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

/* As relaywatch-keeper does it: built beside the live one, proved, renamed in. */
static int build_index(const struct condition *seen, struct fault *why) {
    struct mapfile map = {0};
    struct cred_file *file = xcalloc(1, sizeof *file);
    int failed = mapfile_open(&map, seen->conf.postfix_config_dir, &seen->relay, why);

    if (failed == 0)
        failed = mapfile_read(&map, why);
    if (failed == 0 && !cred_parse((struct span){map.text, map.text_n}, file))
        failed = fault_set(why, "line %u: %s", file->problems[0].line, file->problems[0].what);
    if (failed == 0)
        failed = mapfile_stage(&map, (struct span){map.text, map.text_n}, file, why);
    if (failed == 0)
        failed = mapfile_commit(&map, false, why);
    mapfile_close(&map);
    wipe(file, sizeof *file);
    free(file);
    return failed;
}

static int mend_now(enum mend mend, const struct condition *seen, const struct host *host,
                    struct fault *why) {
    switch (mend) {
    case MEND_NOTHING:
        break;
    case MEND_MODE:
        return close_to_others(seen->relay.map_path, why);
    case MEND_INDEX_MODE:
        return close_index(seen, why);
    case MEND_INDEX:
        return build_index(seen, why);
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
                       const struct host *host) {
    struct fault why = {""};

    fprintf(stderr, "mend           %s\n", shown);
    if (!yes && !agrees())
        return 0;
    if (mend_now(mend, seen, host, &why) == 0)
        return 1;
    fprintf(stderr, "relaywatch doctor: %s\n", why.text);
    return 0;
}
