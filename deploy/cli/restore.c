/* `relaywatch restore`: puts a backup in place. What is there is backed up first, and comes back
 * where Postfix does not take the old configuration. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "xmem.h"
#include "backup.h"
#include "handover.h"
#include "place.h"

static int put_in_place(const struct place *place, const char *name, struct fault *why) {
    bool main_cf_first =
        handover_main_cf_first(place->conf.postfix_config_dir, place->backups, name);

    return backup_restore(place->backups, name, main_cf_first, why);
}

static int put_back(struct place *place, const char *name, const char *reason) {
    struct fault why;

    fprintf(stderr, "relaywatch restore: %s: %s\n", name, reason);
    if (put_in_place(place, place->backup, &why) == -1) {
        fprintf(stderr, "relaywatch restore: %s; what was there is in the backup %s\n", why.text,
                place->backup);
        return 1;
    }
    fputs("relaywatch restore: what was there is back\n", stderr);
    return 1;
}

static int restore(struct place *place, const char *name) {
    struct fault why;

    if (!backup_exists(place->backups, name)) {
        fprintf(
            stderr,
            "relaywatch restore: %.40s: no such backup; `relaywatch backup --list` names them\n",
            name);
        return 1;
    }
    if (backup_check(place->backups, name, &why) == -1) {
        fprintf(stderr, "relaywatch restore: %s: nothing was changed; try another backup\n",
                why.text);
        return 1;
    }
    if (place_backup("restore", place) != 0)
        return 1;
    if (put_in_place(place, name, &why) == -1 || host_check(&place->host, &why) == -1)
        return put_back(place, name, why.text);
    printf("restored    %s\n", name);
    if (!host_is_running(&place->host))
        return 0;
    if (host_postfix(&place->host, POSTFIX_RELOAD, &why) == -1)
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
            "Every file of the backup NAME is put in place as it was, then Postfix is checked\n"
            "and reloaded. What is there is backed up first, and comes back where Postfix\n"
            "does not take the old configuration. Files that came after the backup stay.\n"
            "Example: sudo relaywatch restore 20261128-031540\n",
    .run = run,
};
