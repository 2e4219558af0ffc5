/* `relaywatch restore`: puts a backup in place. What is there is backed up first, so that it can be
 * restored where Postfix does not take the old configuration. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "xmem.h"
#include "backup.h"
#include "place.h"

static int restore(struct place *place, const char *name) {
    struct fault why;

    if (!backup_exists(place->backups, name)) {
        fprintf(
            stderr,
            "relaywatch restore: %.40s: no such backup; `relaywatch backup --list` names them\n",
            name);
        return 1;
    }
    if (place_backup("restore", place) != 0)
        return 1;
    if (backup_restore(place->backups, name, &why) == -1)
        return place_fail("restore", why.text);
    printf("restored    %s\n", name);
    if (!host_is_running(&place->host))
        return 0;
    if (host_check(&place->host, &why) == -1 ||
        host_postfix(&place->host, POSTFIX_RELOAD, &why) == -1)
        return place_fail("restore", why.text);
    printf("postfix     reloaded\n");
    return 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct place *place = xcalloc(1, sizeof *place);
    int at = cli_options(&command_restore, argc, argv, NULL, 0);
    int status = EX_USAGE;

    if (at != -1 && at != argc - 1)
        fputs(command_restore.help, stderr);
    else if (at != -1)
        status = place_need_root("restore");
    if (status == 0)
        status = place_find("restore", conf_path, place);
    if (status == 0)
        status = place_enter("restore", place);
    if (status == 0)
        status = restore(place, argv[at]);
    free(place);
    return status;
}

const struct command command_restore = {
    .name = "restore",
    .summary = "put a backup of the configuration in place",
    .help = "usage: relaywatch restore NAME\n"
            "Every file of the backup NAME is put in place as it was, then Postfix is checked and "
            "reloaded. What is there\n"
            "is backed up first. Files that came after the backup stay.\n"
            "Example: sudo relaywatch restore 20261128-031540\n",
    .run = run,
};
