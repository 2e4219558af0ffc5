/* `relaywatch restore`: puts a backup in place. What is there is backed up first, and comes back
 * where Postfix does not take the old configuration. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "text.h"
#include "xmem.h"
#include "cred.h"
#include "facts.h"
#include "backup.h"
#include "place.h"

/* While not all of it is in place, Postfix may start a process that reads what is there. It must
 * find a login for its relay: so main.cf goes first where the password file of the backup has none
 * for the relay of now. */
static bool main_cf_first(const struct place *place, const char *name) {
    struct facts *facts = xcalloc(1, sizeof *facts);
    struct cred_file *file = xcalloc(1, sizeof *file);
    struct fault ignored;
    size_t size = 0;
    char *text = NULL;
    bool first = false;

    if (facts_read(place->conf.postfix_config_dir, facts, &ignored) == 0 && facts->sasl &&
        facts->map_path[0] != '\0') {
        text = backup_text(place->backups, name, facts->map_path, &size);
        if (text != NULL)
            cred_parse((struct span){text, size}, file);
        first = cred_lookup(file, facts->host, facts->nexthop) == NULL;
    }
    if (text != NULL)
        wipe(text, size);
    wipe(file, sizeof *file);
    free(text);
    free(file);
    free(facts);
    return first;
}

static int put_back(struct place *place, const char *name, const char *reason) {
    struct fault why;

    fprintf(stderr, "relaywatch restore: %s: %s\n", name, reason);
    if (backup_restore(place->backups, place->backup, main_cf_first(place, place->backup), &why) ==
        -1) {
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
    if (place_backup("restore", place) != 0)
        return 1;
    if (backup_restore(place->backups, name, main_cf_first(place, name), &why) == -1 ||
        host_check(&place->host, &why) == -1)
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
