/* See host.h. */
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { ARGS = 24, SOON_MS = 60 * 1000, LONG_MS = 20 * 60 * 1000, TAIL = 220, SAID = 4000 };

static const char POSTFIX[] = "/usr/sbin/postfix";
static const char POSTCONF[] = "/usr/sbin/postconf";
static const char SYSTEMCTL[] = "/usr/bin/systemctl";

/* What was fatal, with a warning just before it, which says why ("macro processing error" alone
 * says nothing). NULL: nothing was. */
static char *fatal_part(char *text) {
    char *fatal = NULL, *line, *warning;

    for (char *p = text; (p = strstr(p, "fatal: ")) != NULL; p++)
        fatal = p;
    if (fatal == NULL)
        return NULL;
    fatal[strcspn(fatal, "\n")] = '\0';
    line = memrchr(text, '\n', (size_t)(fatal - text));
    if (line != NULL)
        line = memrchr(text, '\n', (size_t)(line - text));
    warning = strstr(line != NULL ? line : text, "warning: ");
    return warning != NULL ? warning : fatal;
}

/* The part that was fatal, else the end of what the program said, on one line. */
static void tail_of(const char *log, char *out, size_t size) {
    FILE *in = fopen(log, "re");
    char text[SAID + 1] = "", *from, *fatal;
    size_t n = 0;

    if (in != NULL) {
        if (fseek(in, -SAID, SEEK_END) == -1)
            rewind(in);
        n = fread(text, 1, SAID, in);
        fclose(in);
    }
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    text[n] = '\0';
    fatal = fatal_part(text);
    from = fatal != NULL ? fatal : n > TAIL ? text + n - TAIL : text;
    for (char *p = from; *p != '\0'; p++)
        *p = *p == '\n' ? ' ' : *p;
    text_copy_printable(out, size, span_of(from));
}

/* Runs argv with its output in the log, so that a daemon which it leaves behind holds no stream of
 * ours. */
static int run(const struct host *host, const char *const *argv, int timeout_ms,
               struct fault *why) {
    char log[PATH_MAX], said[TAIL + 1];
    const char *args[ARGS + 5] = {"/bin/sh", "-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", log};
    struct spawn job = {.argv = args, .timeout_ms = timeout_ms};
    int n = 4;

    text_format(log, sizeof log, "%s/output", host->folder);
    for (; *argv != NULL && n < ARGS + 4; argv++)
        args[n++] = *argv;
    args[n] = NULL;
    if (spawn_run(&job, why) == -1)
        return -1;
    if (job.status == 0)
        return 0;
    tail_of(log, said, sizeof said);
    return fault_set(why, "%s %s: status %d: %s", args[4], args[5] != NULL ? args[5] : "",
                     job.status, said);
}

/* ---- packages and users ---- */

static const char APT[] =
    "export DEBIAN_FRONTEND=noninteractive\n"
    "options='-y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold'\n"
    "install() { apt-get $options install --no-install-recommends \"$@\"; }\n"
    "apt-get $options update || exit 1\n"
    "case \" $* \" in *' postfix '*)\n"
    "    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections "
    ";;\n"
    "esac\n"
    "install \"$@\" || { dpkg --configure -a && install \"$@\"; }\n"; /* one that was cut off before
                                                                       */

int host_install_packages(const struct host *host, enum machine_family family, const char *packages,
                          struct fault *why) {
    const char *argv[ARGS + 1] = {"/bin/sh", "-c", APT, "apt"};
    char *list = xstrdup(packages), *save = NULL;
    int n = 4, failed;

    if (family == FAMILY_ROCKY) {
        argv[0] = "/usr/bin/dnf";
        argv[1] = "-y";
        argv[2] = "--setopt=install_weak_deps=False";
        argv[3] = "install";
    }
    for (char *p = strtok_r(list, " ", &save); p != NULL && n < ARGS;
         p = strtok_r(NULL, " ", &save))
        argv[n++] = p;
    failed = run(host, argv, LONG_MS, why);
    free(list);
    if (failed == 0)
        return 0;
    return fault_wrap(why, "%s: is the network up? See %s/output", packages, host->folder);
}

int host_make_users(const struct host *host, struct fault *why) {
    static const char *const users[] = {"relaywatch", "relaywatch-milter", "relaywatch-notify",
                                        "relaywatch-probe"};
    const char *shell =
        access("/usr/sbin/nologin", X_OK) == 0 ? "/usr/sbin/nologin" : "/sbin/nologin";

    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        const char *const argv[] = {
            "/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--home-dir",
            "/nonexistent",      "--shell",  shell,          users[i],           NULL};

        if (getpwnam(users[i]) == NULL && run(host, argv, SOON_MS, why) == -1)
            return -1;
    }
    return 0;
}

/* ---- Postfix ---- */

void host_stage_path(const struct host *host, char *out, size_t size) {
    text_format(out, size, "%s/stage", host->folder);
}

void host_unstage(const struct host *host) {
    static const char *const names[] = {"/main.cf", "/master.cf", "/main.cf.new", "/master.cf.new",
                                        ""};
    char stage[PATH_MAX], path[PATH_MAX];

    host_stage_path(host, stage, sizeof stage);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_format(path, sizeof path, "%s%s", stage, names[i]))
            remove(path);
    }
}

/* postfix(1) says what is wrong to a terminal or to the log, to nobody else; postconf(1) finds most
 * of it, too. `name`: how the folder is to be called. */
static int check(const struct host *host, const char *dir, const char *name, struct fault *why) {
    const char *const argv[] = {POSTFIX, "-c", dir, "check", NULL};
    const char *const asking[] = {POSTCONF, "-c", dir, "-x", NULL};
    char log[PATH_MAX], said[TAIL + 1] = "", *at;

    if (run(host, argv, SOON_MS, why) == 0)
        return 0;
    text_format(log, sizeof log, "%s/output", host->folder);
    tail_of(log, said, sizeof said);
    if (said[0] == '\0' && run(host, asking, SOON_MS, NULL) == -1)
        tail_of(log, said, sizeof said);
    at = strstr(said, dir);
    if (at != NULL)
        return fault_set(why, "postfix check: %.*s%s%s", (int)(at - said), said, name,
                         at + strlen(dir));
    return fault_set(why, "postfix check: %s", said[0] != '\0' ? said : "see the mail log");
}

int host_check_staged(const struct host *host, const char *main_cf, const char *master_cf,
                      struct fault *why) {
    char stage[PATH_MAX], path[PATH_MAX + 16];

    host_unstage(host);
    host_stage_path(host, stage, sizeof stage);
    if (mkdir(stage, 0755) == -1)
        return fault_errno(why, "make folder %s", stage);
    text_format(path, sizeof path, "%s/main.cf", stage);
    if (file_replace(path, main_cf, strlen(main_cf), 0644, why) == -1)
        return -1;
    text_format(path, sizeof path, "%s/master.cf", stage);
    if (file_replace(path, master_cf, strlen(master_cf), 0644, why) == -1)
        return -1;
    return check(host, stage, host->config_dir, why);
}

int host_check(const struct host *host, struct fault *why) {
    return check(host, host->config_dir, host->config_dir, why);
}

bool host_is_running(const struct host *host) {
    const char *const argv[] = {POSTFIX, "-c", host->config_dir, "status", NULL};

    return run(host, argv, SOON_MS, NULL) == 0;
}

/* Debian's own ways fill the chroot first; `postfix start` alone does not before Debian 13. */
static int start(const struct host *host, struct fault *why) {
    static const char *const by_systemd[] = {SYSTEMCTL, "restart", "postfix", NULL};
    static const char *const by_script[] = {"/etc/init.d/postfix", "start", NULL};
    const char *const by_itself[] = {POSTFIX, "-c", host->config_dir, "start", NULL};
    bool ours = strcmp(host->config_dir, "/etc/postfix") != 0;
    const char *const *argv = host->systemd                                       ? by_systemd
                              : !ours && access("/etc/init.d/postfix", X_OK) == 0 ? by_script
                                                                                  : by_itself;
    int failed = run(host, argv, SOON_MS, why);

    for (int i = 0; i < 100; i++) {
        if (host_is_running(host))
            return 0;
        poll(NULL, 0, 50);
    }
    return failed == -1 ? -1
                        : fault_set(why, "Postfix was started and does not run: see the mail log");
}

int host_stop(const struct host *host, struct fault *why) {
    static const char *const by_systemd[] = {SYSTEMCTL, "stop", "postfix", NULL};
    const char *const by_itself[] = {POSTFIX, "-c", host->config_dir, "stop", NULL};

    return host_is_running(host) ? run(host, host->systemd ? by_systemd : by_itself, SOON_MS, why)
                                 : 0;
}

int host_postfix(const struct host *host, enum plan_postfix action, struct fault *why) {
    const char *const reload[] = {POSTFIX, "-c", host->config_dir, "reload", NULL};

    switch (action) {
    case POSTFIX_START:
        return start(host, why);
    case POSTFIX_RELOAD:
        return run(host, reload, SOON_MS, why);
    case POSTFIX_RESTART:
        return host_stop(host, why) == -1 ? -1 : start(host, why);
    case POSTFIX_LEAVE:
        break;
    }
    return 0;
}

/* ---- relaywatch's own units ---- */

static const char *const units[] = {"relaywatch-keeper.socket", "relaywatch-notify.socket",
                                    "relaywatchd.service", "relaywatch-milter.service",
                                    "relaywatch-notify.service"};
enum { UNITS = sizeof units / sizeof units[0] };

bool host_has_units(const struct host *host) {
    static const char *const folders[] = {"/etc", "/usr/local/lib", "/usr/lib", "/lib"};
    char path[256];

    for (size_t i = 0; host->systemd && i < sizeof folders / sizeof folders[0]; i++) {
        text_format(path, sizeof path, "%s/systemd/system/relaywatchd.service", folders[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static int with_units(const struct host *host, const char *verb, struct fault *why) {
    const char *argv[UNITS + 4] = {SYSTEMCTL, verb, "--now"};

    memcpy(argv + 3, units, sizeof units);
    return run(host, argv, SOON_MS, why);
}

int host_start_units(const struct host *host, struct fault *why) {
    static const char *const folders[] = {"/usr/bin/systemd-tmpfiles", "--create",
                                          "relaywatch.conf", NULL};
    static const char *const reload[] = {SYSTEMCTL, "daemon-reload", NULL};

    if (run(host, folders, SOON_MS, why) == -1 || run(host, reload, SOON_MS, why) == -1)
        return -1;
    return with_units(host, "enable", why);
}

int host_stop_units(const struct host *host, struct fault *why) {
    return with_units(host, "disable", why);
}
