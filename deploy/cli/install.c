/* `relaywatch install`: from what is wanted to a relay that delivers. The way stands in `install`:
 * facts, plan, look, packages, backup, try, write, check, start, test. Each stage says one line. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "text.h"
#include "xmem.h"
#include "perform.h"
#include "lockedit.h"
#include "machine.h"
#include "plan.h"
#include "present.h"
#include "probing.h"
#include "sample.h"
#include "installopt.h"
#include "place.h"
#include "prompt.h"

enum { ROOM_BYTES = 8 * 1024 * 1024, ROOM_FILES = 100 };

struct job {
    struct install_options options;
    struct wants wants;
    struct place place;
    struct machine machine;
    struct present present;
    struct plan plan;
    struct deeds journal;
};

static int fail(const char *text) {
    return place_fail("install", text);
}

static void say(const char *what, const char *text) {
    printf("%-11s %s\n", what, text);
    fflush(stdout);
}

/* ---- facts and plan ---- */

static int look(struct job *job, struct fault *why) {
    struct place *p = &job->place;
    const char *config_dir = p->conf.postfix_config_dir;
    struct plan_input in = {.config_dir = config_dir,
                            .conf_path = p->conf_path,
                            .receivers_path = p->conf.receivers_file,
                            .conf_sample = sample_conf(),
                            .receivers_sample = sample_receivers(),
                            .milter_socket = p->has_conf ? p->conf.milter_socket : ""};

    plan_free(&job->plan);
    present_free(&job->present);
    if (machine_read(config_dir, job->wants.host, &job->machine, NULL, why) == -1)
        return -1;
    machine_expect(&job->machine);
    if (present_read(&job->machine, config_dir, p->conf_path, p->conf.receivers_file, &job->present,
                     why) == -1)
        return -1;
    for (int i = 0; i < PLAN_FILES; i++)
        in.text[i] = job->present.text[i];
    in.index_current = job->present.index_current;
    in.index_exists = job->present.index_exists;
    return plan_make(&job->machine, &job->wants, &in, &job->plan, why);
}

static int has_room(const char *path, struct fault *why) {
    char folder[PATH_MAX];
    struct statvfs fs;

    text_copy(folder, sizeof folder, path);
    while (statvfs(folder, &fs) == -1) {
        char *slash = strrchr(folder, '/');

        if (slash == NULL || slash == folder)
            return 0;
        *slash = '\0';
    }
    if ((fs.f_flag & ST_RDONLY) != 0)
        return fault_set(why, "%s is on a file system that cannot be written", path);
    if ((uint64_t)fs.f_bavail * fs.f_frsize < ROOM_BYTES ||
        (fs.f_files > 0 && fs.f_favail < ROOM_FILES))
        return fault_set(why, "the disk of %s is full: %d MiB and %d files are needed", path,
                         ROOM_BYTES >> 20, (int)ROOM_FILES);
    return 0;
}

static int check_room(const struct job *job, struct fault *why) {
    const char *const paths[] = {job->place.conf.postfix_config_dir,
                                 job->place.conf.keeper_state_dir, job->place.conf_path,
                                 job->machine.queue_directory};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (has_room(paths[i], why) == -1)
            return -1;
    }
    for (int i = 0; i < PLAN_FILES; i++) {
        if (plan_file_changes(&job->plan.file[i]) &&
            lockedit_may(job->plan.file[i].path, why) == -1)
            return -1;
    }
    return 0;
}

static int confirm(struct job *job) {
    if (job->plan.managed && !job->options.yes && !prompt_can())
        return fail(
            "main.cf is written by something else (see --dry-run): change it there, or give --yes");
    if (job->options.yes || !prompt_can())
        return 0;
    plan_print(&job->plan, &job->machine, stderr);
    return prompt_yes("Go ahead? [y/N] ") ? 0 : fail("nothing was changed");
}

/* ---- deeds ---- */

static int packages(struct job *job, struct fault *why) {
    char text[320];

    if (job->plan.packages[0] == '\0')
        return 0;
    if (job->options.no_packages)
        return fault_set(why, "missing: %s; install them, or leave out --no-packages",
                         job->plan.packages);
    text_format(text, sizeof text, "installing %s", job->plan.packages);
    say("packages", text);
    if (host_install_packages(&job->place.host, job->machine.family, job->plan.packages, why) == -1)
        return -1;
    if (look(job, why) == -1)
        return -1;
    return job->plan.packages[0] == '\0' ? 0
                                         : fault_set(why, "still missing: %s", job->plan.packages);
}

static int try_relay(struct job *job, struct fault *why) {
    const struct wants *w = &job->wants;
    struct probe_verdict v = {.version = 0};
    char text[300], egress[80] = "";

    if (probing_run(job->place.programs, w, job->plan.helo, job->plan.ca_file, &v, why) == -1)
        return -1;
    if (v.egress[0] != '\0')
        text_format(egress, sizeof egress, ", which sees this host as %.60s", v.egress);
    text_format(text, sizeof text, "%s:%u proved its name (%.15s)%s%.100s%s", w->host, w->port,
                v.tls_version, w->ip_allowlisted ? "" : " and took the login of ",
                w->ip_allowlisted ? "" : w->login, egress);
    say("relay", text);
    return 0;
}

/* The configuration is good, the relay takes us: now it may be switched. */
static int prepare(struct job *job, struct fault *why) {
    const struct plan *p = &job->plan;

    if (packages(job, why) == -1)
        return -1;
    if (p->users && host_make_users(&job->place.host, why) == -1)
        return -1;
    if (host_check_staged(&job->place.host, p->file[PLAN_MAIN].after, p->file[PLAN_MASTER].after,
                          why) == -1)
        return fault_wrap(why, "the new configuration does not pass");
    return try_relay(job, why);
}

static void tighten(const struct plan *plan) {
    char index[600];

    text_format(index, sizeof index, "%s%s", plan->map_path, present_suffix(plan->map_type));
    if (chmod(plan->map_path, 0600) == -1 || (access(index, F_OK) == 0 && chmod(index, 0600) == -1))
        fprintf(stderr, "relaywatch install: chmod 600 %s: %s\n", index, strerror(errno));
}

static int start_all(struct job *job, struct fault *why) {
    static const char *const words[] = {"runs on as it was", "started", "reloaded",
                                        "stopped and started"};
    struct host *host = &job->place.host;

    if (host_has_units(host)) {
        if (deeds_mark(&job->journal, DEEDS_UNITS, why) == -1 || host_start_units(host, why) == -1)
            return -1;
        say("relaywatch", "runs, and at each start of the machine");
    }
    if (job->plan.postfix == POSTFIX_START && deeds_mark(&job->journal, DEEDS_STARTED, why) == -1)
        return -1;
    if (host_postfix(host, job->plan.postfix, why) == -1)
        return -1;
    say("postfix", words[job->plan.postfix]);
    return 0;
}

static int switch_over(struct job *job, struct fault *why) {
    struct host *host = &job->place.host;

    if (perform_files(&job->journal, host, &job->plan, why) == -1)
        return -1;
    if (job->present.loose)
        tighten(&job->plan);
    if (host_check(host, why) == 0 && start_all(job, why) == 0)
        return 0;
    perform_take_back(host, &job->plan);
    if (job->machine.running && host_postfix(host, job->plan.postfix, NULL) == -1)
        fprintf(stderr, "relaywatch install: Postfix could not be brought back: postfix start\n");
    return -1;
}

static int test_message(struct job *job, const char *conf_path) {
    char from[300];
    char *argv[] = {"--recipient", (char *)job->options.recipient, "--from", from};

    if (job->options.recipient == NULL || job->options.skip_test)
        return 0;
    /* The relay takes mail of its own domains only. */
    text_copy(from, sizeof from, job->wants.address);
    printf("\n");
    return command_test.run(from[0] != '\0' ? 4 : 2, argv, conf_path);
}

static void finish(struct job *job, bool changed) {
    if (changed && !host_has_units(&job->place.host))
        say("next",
            "there is no systemd, or no unit of relaywatch, here: start it with `relaywatch run`");
    for (const char *line = job->plan.notes; line != NULL && *line != '\0';) {
        size_t n = strcspn(line, "\n");

        printf("%-11s %.*s\n", "note", (int)n, line);
        line += n + (line[n] != '\0');
    }
    if (changed && job->options.recipient == NULL && !job->options.skip_test)
        say("next", "relaywatch test --recipient you@example.com");
}

static int change(struct job *job) {
    struct fault why;
    int status;

    if (check_room(job, &why) == -1)
        return fail(why.text);
    status = confirm(job);
    if (status == 0)
        status = place_enter("install", &job->place);
    if (status == 0)
        status = place_backup("install", &job->place);
    if (status != 0)
        return status;
    if (deeds_load(job->place.folder, &job->journal, &why) == -1)
        return fail(why.text);
    if (prepare(job, &why) == 0) {
        if (job->journal.unfinished && job->plan.postfix == POSTFIX_LEAVE)
            job->plan.postfix = POSTFIX_RELOAD; /* the last run was cut off before it */
        status = switch_over(job, &why) == 0 ? 0 : 1;
    } else {
        status = 1;
    }
    host_unstage(&job->place.host);
    if (status == 0 && deeds_mark(&job->journal, DEEDS_DONE, &why) == -1)
        return place_fail("install: all is done, but the next run will do it again", why.text);
    place_leave(&job->place);
    if (status == 0)
        return 0;
    fprintf(stderr,
            "relaywatch install: %s\nrelaywatch install: Postfix's configuration is as it was\n",
            why.text);
    return 1;
}

static int install(struct job *job, const char *conf_path) {
    struct fault why;
    int status = place_find("install", conf_path, &job->place);
    bool changed;

    if (status != 0)
        return status;
    if (probing_resolve(job->wants.host, &why) == -1 || look(job, &why) == -1 ||
        deeds_load(job->place.folder, &job->journal, &why) == -1)
        return fail(why.text);
    if (job->options.dry_run) {
        plan_print(&job->plan, &job->machine, stdout);
        return 0;
    }
    changed = !plan_is_empty(&job->plan) || job->journal.unfinished || job->present.loose;
    if (changed)
        status = change(job);
    else
        say("unchanged", "everything is as it should be: nothing was done");
    if (status != 0)
        return status;
    finish(job, changed);
    return test_message(job, conf_path);
}

static int run(int argc, char **argv, const char *conf_path) {
    struct job *job = xcalloc(1, sizeof *job);
    int status;

    xmem_forbid_dump();
    status = installopt_take(argc, argv, &job->options, &job->wants);
    if (status == 0)
        status = install(job, conf_path);
    plan_free(&job->plan);
    present_free(&job->present);
    wants_wipe(&job->wants);
    free(job);
    return status;
}

const struct command command_install = {
    .name = "install",
    .summary = "make this host a relay: packages, Postfix, login, relaywatch",
    .help = "usage: relaywatch install --gmail-address ADDRESS --app-password-file FILE\n"
            "                          [OPTION ...]\n"
            "Makes this host's Postfix send through an authenticated relay, and has\n"
            "relaywatch watch it. What is there is kept, backed up and can be brought back:\n"
            "relaywatch uninstall. Nothing is switched before the relay proved its name and\n"
            "took the login. Run it again as often as you like.\n"
            "  --gmail-address ADDRESS    whom to log in as, and who sends the test message\n"
            "  --app-password-file FILE   its password; - is standard input\n"
            "  --app-password PASSWORD    the same, for others to see: better not\n"
            "  --ip-allowlisted           the relay knows this host by its address: no login\n"
            "  --relay-host HOST          default smtp-relay.gmail.com\n"
            "  --relay-port PORT          587 (STARTTLS, default) or 465 (TLS from the start)\n"
            "  --relay-user NAME          whom to log in as, at a relay that wants no address\n"
            "  --ca-file FILE             certificates to trust, default the system's\n"
            "  --helo-name NAME           how this host calls itself: a name in your domain\n"
            "  --listen ADDRESS:PORT      where to take mail, default the loopback, port 25\n"
            "  --trust-network CIDR       who else may send: 172.18.0.0/16; may be repeated\n"
            "  --test-recipient ADDRESS   send a message there and follow it to its end\n"
            "  --skip-test                send none, and do not speak of it\n"
            "  --no-packages              install no packages: stop when one is missing\n"
            "  --dry-run                  show what would be done, and do nothing\n"
            "  --yes                      do not ask\n"
            "Asks for address and password where there is a terminal.\n"
            "Exit status: 0 done; 1 failed, and as before; 64, 77, 78.\n"
            "Example: sudo relaywatch install --gmail-address relay@example.com \\\n"
            "             --app-password-file /root/pw \\\n"
            "             --test-recipient me@example.com\n",
    .run = run,
};
