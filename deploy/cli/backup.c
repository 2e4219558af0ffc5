/* `relaywatch backup`: copies of the configuration, passwords and all, for root alone. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "text.h"
#include "xmem.h"
#include "backup.h"
#include "place.h"

static int run(int argc, char **argv, const char *conf_path) {
    bool list = false;
    const char *keep = NULL;
    const struct cli_option options[] = {{"--list", NULL, &list}, {"--prune", &keep, NULL}};
    struct place *place = xcalloc(1, sizeof *place);
    uint64_t number = 0;
    struct fault why;
    int status = EX_USAGE;

    if (cli_only_options(&command_backup, argc, argv, options, 2)) {
        if (keep != NULL && !text_u64(span_of(keep), 0, 100000, &number))
            fprintf(stderr, "relaywatch backup: --prune %.20s: how many of the newest to keep\n",
                    keep);
        else
            status = place_need_root("backup");
    }
    if (status == 0)
        status = place_find("backup", conf_path, place);
    if (status == 0)
        status = place_enter("backup", place);
    if (status == 0 && list) {
        if (backup_list(place->backups, stdout) == 0)
            fprintf(stderr, "there is no backup yet\n");
    } else if (status == 0 && keep != NULL) {
        int removed = backup_prune(place->backups, (unsigned)number, &why);

        if (removed == -1)
            status = place_fail("backup", why.text);
        else
            printf("removed     %d\n", removed);
    } else if (status == 0) {
        status = place_backup("backup", place);
    }
    free(place);
    return status;
}

const struct command command_backup = {
    .name = "backup",
    .summary = "copy the configuration; list and prune the copies",
    .help = "usage: relaywatch backup [--list | --prune N]\n"
            "Copies Postfix's and relaywatch's configuration, maps and passwords, for root\n"
            "alone.\n"
            "  --list      name the backups, oldest first\n"
            "  --prune N   remove all but the newest N\n"
            "Example: sudo relaywatch backup\n",
    .run = run,
};
