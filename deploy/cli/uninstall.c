/* `relaywatch uninstall`: takes back what install did. Postfix forgets the milter before the milter
 * stops. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fleetask.h"
#include "text.h"
#include "xmem.h"
#include "perform.h"
#include "maincf.h"
#include "present.h"
#include "place.h"
#include "prompt.h"

static int failed(const struct fault *why) {
    return place_fail("uninstall", why->text);
}

/* Where there was no main.cf before, there is none for Postfix to run with. */
static bool postfix_goes(const struct deeds *j) {
    for (int i = 0; i < j->file_count; i++) {
        const struct deeds_file *f = &j->file[i];
        size_t n = strlen(f->path);

        if (n > 8 && strcmp(f->path + n - 8, "/main.cf") == 0 && !f->existed)
            return true;
    }
    return false;
}

/* Where Postfix listens: read at its start alone. */
static bool listens_alike(const char *a, const char *b) {
    static const char *const names[] = {"inet_interfaces", "inet_protocols"};
    char x[512], y[512];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        x[0] = y[0] = '\0';
        maincf_get(a, names[i], x, sizeof x);
        maincf_get(b, names[i], y, sizeof y);
        if (strcmp(x, y) != 0)
            return false;
    }
    return true;
}

static char *main_cf_now(const struct place *place) {
    char path[PATH_MAX];
    struct fault why;
    char *text;

    text_format(path, sizeof path, "%s/main.cf", place->conf.postfix_config_dir);
    text = present_file(path, &why);
    return text != NULL ? text : xstrdup("");
}

static int move_on(struct place *place, const char *before, const char *after) {
    bool alike = listens_alike(before, after);
    struct fault why;

    if (!host_is_running(&place->host)) {
        printf("postfix     does not run\n");
        return 0;
    }
    if (host_postfix(&place->host, alike ? POSTFIX_RELOAD : POSTFIX_RESTART, &why) == -1)
        return failed(&why);
    printf("postfix     %s\n",
           alike ? "reloaded" : "stopped and started: where it listens changed");
    return 0;
}

/* Else this host would be missed. */
static void leave_fleet(const struct conf *conf) {
    struct fault why;

    if (conf->redis[0] == '\0')
        return;
    if (fleetask_forget(conf, conf->host, &why) == 0)
        printf("fleet       %s is off the list of hosts in Redis\n", conf->host);
    else
        printf("fleet       %s may still be on the list of hosts (%s): on another host,\n"
               "            relaywatch fleet --forget %s\n",
               conf->host, why.text, conf->host);
}

static int take_back(struct place *place, struct deeds *j) {
    bool goes = postfix_goes(j) || j->started;
    char *before = main_cf_now(place), *after;
    struct fault why;
    int status = 0;

    if ((goes && host_stop(&place->host, &why) == -1) ||
        perform_undo(j, place->conf.postfix_config_dir, stdout, &why) == -1) {
        free(before);
        return failed(&why);
    }
    printf("files       as they were before the first install\n");
    after = main_cf_now(place);
    if (goes)
        printf("postfix     stopped, as before\n");
    else
        status = move_on(place, before, after);
    free(before);
    free(after);
    if (status != 0)
        return status;
    if (j->units && host_stop_units(&place->host, &why) == -1)
        return failed(&why);
    leave_fleet(&place->conf);
    return deeds_forget(j, &why) == -1 ? failed(&why) : 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    bool yes = false;
    const struct cli_option options[] = {{"--yes", NULL, &yes}};
    struct place *place = xcalloc(1, sizeof *place);
    struct deeds *j = xcalloc(1, sizeof *j);
    struct fault why;
    int status = EX_USAGE;

    if (cli_only_options(&command_uninstall, argc, argv, options, 1))
        status = place_need_root("uninstall");
    if (status == 0)
        status = place_find("uninstall", conf_path, place);
    if (status == 0)
        status = place_enter("uninstall", place);
    if (status == 0 && deeds_load(place->folder, j, &why) == -1)
        status = failed(&why);
    if (status == 0 && !j->exists) {
        printf("unchanged   nothing is installed here: nothing was done\n");
    } else if (status == 0) {
        if (!yes && prompt_can() && !prompt_yes("Take back what install did? [y/N] "))
            status = place_fail("uninstall", "nothing was changed");
        if (status == 0)
            status = place_backup("uninstall", place);
        if (status == 0)
            status = take_back(place, j);
        if (status == 0)
            printf("kept        packages, users, mail in the queue, backups in %s\n",
                   place->backups);
    }
    free(j);
    free(place);
    return status;
}

const struct command command_uninstall = {
    .name = "uninstall",
    .summary = "take back what install did",
    .help = "usage: relaywatch uninstall [--yes]\n"
            "Brings back every file as it was before the first install, byte for byte; one\n"
            "that was edited since keeps the edit, and loses only what install had set.\n"
            "Packages, users, mail in the queue and backups stay.\n"
            "  --yes   do not ask\n"
            "Example: sudo relaywatch uninstall\n",
    .run = run,
};
