/* What install, uninstall, backup and restore share: where things stand, root, one at a time. */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include <stdbool.h>

#include "conf.h"
#include "host.h"

struct place {
    struct conf conf; /* defaults when there is no file yet */
    bool has_conf;
    const char *conf_path;
    char folder[300];  /* the keeper's own, "setup" in it: journal, backups */
    char backups[320]; /* in it */
    char programs[512];
    struct host host;
    int lock;        /* -1: not held */
    char backup[32]; /* the name of place_backup's last one */
};

/* Loads the configuration, if there is one. Returns 0 or an exit status after a complaint. */
int place_find(const char *command, const char *conf_path, struct place *out);

/* Root only; makes the folder and takes the lock, for which it may wait 45 s. Returns 0 or an exit
 * status after a complaint. */
int place_enter(const char *command, struct place *place);

/* Gives the lock back. */
void place_leave(struct place *place);

/* Is this root? Else complains: 0 or EX_NOPERM. */
int place_need_root(const char *command);

/* One line on stderr. Always returns 1. */
int place_fail(const char *command, const char *text);

/* Backs up Postfix's and relaywatch's configuration. Says the name. */
int place_backup(const char *command, struct place *place);

#endif
