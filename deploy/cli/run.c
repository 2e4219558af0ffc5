/* `relaywatch run`: what systemd does elsewhere. Makes the folders and sockets, starts each program
 * as its user, starts one again that ends, starts relaywatch-keeper for each connection, ends all
 * on SIGTERM. Root, but reads nothing that strangers write. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "beat.h"
#include "clock.h"
#include "log.h"
#include "text.h"
#include "loop.h"
#include "runplace.h"

enum {
    RESTART_FIRST_MS = 100,
    RESTART_LAST_MS = 5000,
    STEADY_MS = 10 * 1000,
    STOP_MS = 3000,
    HUNG_MS = 20 * 1000,        /* without a sign of life; they show one each second */
    HUNG_MILTER_MS = 10 * 1000, /* Postfix waits for it with each session */
    FENCED_MS = 5 * 1000,
    KEEPERS_MOST = 8,
    STATUS_FENCED = 3,
};

struct program {
    const char *name;
    const char *user;
    bool reads_log;
    const int *listen_fd; /* handed over as descriptor 3; NULL: none */
    pid_t pid;            /* 0: not running */
    int beat_fd;
    char beat_path[RUNPLACE_PATH];
    int64_t hung_ms;  /* so long without a sign of life means that it hangs */
    int64_t alive_ms; /* the last one, or the start */
    int64_t started_ms;
    int64_t due_ms; /* when to start it again; 0: not at all */
    int64_t delay_ms;
};

enum { PROGRAM_DAEMON, PROGRAM_MILTER, PROGRAM_NOTIFY, PROGRAMS };

struct supervisor {
    struct conf conf;
    const char *conf_path;
    char folder[PATH_MAX]; /* of our own program, with the others beside it */
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_signal *signals[4];
    struct loop_watch *keeper_watch;
    int keeper_fd;
    int notify_fd;
    struct program program[PROGRAMS];
    pid_t keeper[KEEPERS_MOST];
    bool ending;
    int64_t end_by_ms;
    int exit_status;
};

/* ---- programs ---- */

/* The user's own group and, for relaywatchd, the one that may read logs on Debian: as the units
 * have it. */
static int become(const char *user, bool reads_log) {
    static const char *const readers[] = {"adm", "systemd-journal"};
    const struct passwd *who = getpwnam(user);
    gid_t groups[3];
    size_t count = 0;

    if (who == NULL)
        return -1;
    groups[count++] = who->pw_gid;
    for (size_t i = 0; reads_log && i < 2; i++) {
        const struct group *g = getgrnam(readers[i]);

        if (g != NULL)
            groups[count++] = g->gr_gid;
    }
    if (setgroups(count, groups) == -1 || setresgid(who->pw_gid, who->pw_gid, who->pw_gid) == -1 ||
        setresuid(who->pw_uid, who->pw_uid, who->pw_uid) == -1)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* What a child gets. */
struct child {
    char *const *argv;
    const char *user; /* NULL: stays root */
    bool reads_log;
    int handed_fd;         /* becomes descriptor 3; -1: none */
    const char *beat_path; /* NULL: shows no signs of life */
};

/* In the child: descriptor 3, a small environment, the user, the program. Never returns. */
static void become_program(const struct child *child) {
    char pid[40], zone[128], beat[RUNPLACE_PATH + 16];
    char *environment[8] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};
    const char *tz = getenv("TZ");
    int at = 2;
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    umask(077);
    if (child->handed_fd != -1) {
        if (child->handed_fd == 3 ? fcntl(3, F_SETFD, 0) == -1 : dup2(child->handed_fd, 3) == -1)
            _exit(71);
        text_format(pid, sizeof pid, "LISTEN_PID=%ld", (long)getpid());
        environment[at++] = "LISTEN_FDS=1";
        environment[at++] = pid;
    }
    if (child->beat_path != NULL &&
        text_format(beat, sizeof beat, "NOTIFY_SOCKET=%s", child->beat_path))
        environment[at++] = beat;
    if (tz != NULL && text_format(zone, sizeof zone, "TZ=%s", tz))
        environment[at++] = zone;
    /* After the change of user, which clears it: without us nobody would start them again. A keeper
     * finishes. */
    if (child->user != NULL &&
        (become(child->user, child->reads_log) == -1 || prctl(PR_SET_PDEATHSIG, SIGTERM) == -1))
        _exit(77);
    execve(child->argv[0], child->argv, environment);
    _exit(127);
}

static void start_program(struct supervisor *s, struct program *p) {
    char path[PATH_MAX + 64];
    char *argv[] = {path, "-c", (char *)(size_t)s->conf_path, NULL};
    struct child child = {.argv = argv,
                          .user = p->user,
                          .reads_log = p->reads_log,
                          .handed_fd = p->listen_fd != NULL ? *p->listen_fd : -1,
                          .beat_path = p->beat_path};
    pid_t pid;

    text_format(path, sizeof path, "%s/%s", s->folder, p->name);
    pid = fork();
    if (pid == 0)
        become_program(&child);
    p->started_ms = p->alive_ms = clock_mono_ms();
    p->due_ms = 0;
    if (pid == -1) {
        log_error("run", "start %s: %s", p->name, strerror(errno));
        p->due_ms = p->started_ms + RESTART_LAST_MS;
        return;
    }
    p->pid = pid;
    log_info("run", "%s is process %ld, user %s", p->name, (long)pid, p->user);
}

static void note_end(struct supervisor *s, struct program *p, int status) {
    int64_t now_ms = clock_mono_ms();

    p->pid = 0;
    if (s->ending)
        return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_FENCED) {
        log_error(
            "run",
            "%s: another one took over for the same host; started again, it waits for the end "
            "of that one",
            p->name);
        p->due_ms = now_ms + FENCED_MS;
        return;
    }
    if (now_ms - p->started_ms > STEADY_MS)
        p->delay_ms = RESTART_FIRST_MS;
    p->due_ms = now_ms + p->delay_ms;
    log_warn("run", "%s ended (%s %d), again in %lld ms", p->name,
             WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (long long)p->delay_ms);
    p->delay_ms = p->delay_ms * 2 < RESTART_LAST_MS ? p->delay_ms * 2 : RESTART_LAST_MS;
}

static void watch_keepers(struct supervisor *s) {
    int running = 0;

    for (int i = 0; i < KEEPERS_MOST; i++)
        running += s->keeper[i] != 0;
    loop_watch_want(s->keeper_watch, running < KEEPERS_MOST && !s->ending ? LOOP_READ : 0);
}

static void on_conf_error(const char *text, void *arg) {
    (void)text;
    (void)arg;
}

/* Where a keeper finds new logins, by the configuration of now, as systemd's unit reads it for each
 * one. relaywatchd tells what is wrong with a configuration; meanwhile the one before holds. */
static void take_sources(struct supervisor *s) {
    static struct conf now;

    if (conf_load(s->conf_path, &now, on_conf_error, NULL, NULL) == -1)
        return;
    text_copy(s->conf.credential_source, sizeof s->conf.credential_source, now.credential_source);
    text_copy(s->conf.credential_drop, sizeof s->conf.credential_drop, now.credential_drop);
}

/* One connection, one keeper. */
static void on_keeper_asked(int what, void *arg) {
    struct supervisor *s = arg;
    int fd = accept4(s->keeper_fd, NULL, NULL, SOCK_CLOEXEC);
    char path[PATH_MAX + 64];
    char probe[PATH_MAX + 64];
    char *argv[] = {path,
                    "--postfix",
                    s->conf.postfix_config_dir,
                    "--allow",
                    s->conf.user,
                    "--probe",
                    probe,
                    "--probe-user",
                    s->conf.probe_user,
                    "--state",
                    s->conf.keeper_state_dir,
                    "--source",
                    s->conf.credential_source,
                    "--drop",
                    s->conf.credential_drop,
                    NULL};
    struct child child = {.argv = argv, .handed_fd = fd};

    (void)what;
    if (fd == -1)
        return;
    take_sources(s);
    text_format(path, sizeof path, "%s/relaywatch-keeper", s->folder);
    text_format(probe, sizeof probe, "%s/relaywatch-probe", s->folder);
    for (int i = 0; i < KEEPERS_MOST; i++) {
        if (s->keeper[i] != 0)
            continue;
        s->keeper[i] = fork();
        if (s->keeper[i] == 0)
            become_program(&child);
        if (s->keeper[i] == -1) {
            log_error("run", "start relaywatch-keeper: %s", strerror(errno));
            s->keeper[i] = 0;
        }
        break;
    }
    close(fd);
    watch_keepers(s);
}

static bool all_ended(const struct supervisor *s) {
    for (int i = 0; i < PROGRAMS; i++) {
        if (s->program[i].pid != 0)
            return false;
    }
    for (int i = 0; i < KEEPERS_MOST; i++) {
        if (s->keeper[i] != 0)
            return false; /* a change of the login is finished, not cut */
    }
    return true;
}

static void on_timer(void *arg);

static void on_child(int number, void *arg) {
    struct supervisor *s = arg;
    int status;
    pid_t pid;

    (void)number;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < PROGRAMS; i++) {
            if (s->program[i].pid == pid)
                note_end(s, &s->program[i], status);
        }
        for (int i = 0; i < KEEPERS_MOST; i++) {
            if (s->keeper[i] == pid)
                s->keeper[i] = 0;
        }
    }
    watch_keepers(s);
    on_timer(s);
}

/* A program that shows no sign of life hangs: mail passes without it, but nobody counts or is told.
 */
static void look_at_program(struct program *p, int64_t now_ms) {
    if (beat_take(p->beat_fd))
        p->alive_ms = now_ms;
    if (p->pid == 0 || now_ms - p->alive_ms < p->hung_ms)
        return;
    log_error("run", "%s hangs, no sign of life for %lld s: killed, to be started again", p->name,
              (long long)(p->hung_ms / 1000));
    kill(p->pid, SIGKILL);
    p->alive_ms = now_ms;
}

static void on_timer(void *arg) {
    struct supervisor *s = arg;
    int64_t now_ms = clock_mono_ms();
    int64_t next_ms = 1000;

    if (s->ending) {
        if (all_ended(s)) {
            loop_stop(s->loop);
            return;
        }
        for (int i = 0; i < PROGRAMS && now_ms >= s->end_by_ms; i++) {
            if (s->program[i].pid != 0)
                kill(s->program[i].pid, SIGKILL);
        }
        loop_timer_set(s->timer, 100);
        return;
    }
    for (int i = 0; i < PROGRAMS; i++) {
        struct program *p = &s->program[i];

        if (p->pid == 0 && p->due_ms != 0 && now_ms >= p->due_ms)
            start_program(s, p);
        if (p->pid == 0 && p->due_ms != 0 && p->due_ms - now_ms < next_ms)
            next_ms = p->due_ms - now_ms;
        look_at_program(p, now_ms);
    }
    loop_timer_set(s->timer, next_ms);
}

static void on_end(int number, void *arg) {
    struct supervisor *s = arg;

    (void)number;
    if (s->ending)
        return;
    log_info("run", "ending");
    s->ending = true;
    s->end_by_ms = clock_mono_ms() + STOP_MS;
    for (int i = 0; i < PROGRAMS; i++) {
        if (s->program[i].pid != 0)
            kill(s->program[i].pid, SIGTERM);
    }
    watch_keepers(s);
    on_timer(s);
}

/* Passed on to those that read their configuration again; the milter has nothing to reload. */
static void on_hup(int number, void *arg) {
    struct supervisor *s = arg;

    if (s->program[PROGRAM_DAEMON].pid != 0)
        kill(s->program[PROGRAM_DAEMON].pid, number);
    if (s->program[PROGRAM_NOTIFY].pid != 0)
        kill(s->program[PROGRAM_NOTIFY].pid, number);
}

static int find_folder(struct supervisor *s, struct fault *why) {
    ssize_t n = readlink("/proc/self/exe", s->folder, sizeof s->folder - 1);
    char *slash;

    if (n == -1) { /* no /proc: as we were called */
        const char *called = program_invocation_name;

        if (strchr(called, '/') == NULL || realpath(called, s->folder) == NULL)
            return fault_set(why, "cannot tell where relaywatch stands: call it by its full path");
    } else {
        s->folder[n] = '\0';
    }
    slash = strrchr(s->folder, '/');
    if (slash != NULL)
        *slash = '\0';
    return 0;
}

static int open_programs(struct supervisor *s, struct fault *why) {
    s->program[PROGRAM_DAEMON] = (struct program){
        .name = "relaywatchd", .user = s->conf.user, .reads_log = true, .hung_ms = HUNG_MS};
    s->program[PROGRAM_MILTER] = (struct program){
        .name = "relaywatch-milter", .user = s->conf.milter_user, .hung_ms = HUNG_MILTER_MS};
    s->program[PROGRAM_NOTIFY] = (struct program){.name = "relaywatch-notify",
                                                  .user = s->conf.notify_user,
                                                  .listen_fd = &s->notify_fd,
                                                  .hung_ms = HUNG_MS};
    for (int i = 0; i < PROGRAMS; i++) {
        struct program *p = &s->program[i];

        p->delay_ms = RESTART_FIRST_MS;
        p->beat_fd = runplace_beat(&s->conf, p->name, p->user, p->beat_path, why);
        if (p->beat_fd == -1)
            return -1;
    }
    s->keeper_fd = runplace_socket(&s->conf, "keeper", why);
    s->notify_fd = s->keeper_fd != -1 ? runplace_socket(&s->conf, "notify", why) : -1;
    return s->notify_fd != -1 ? 0 : -1;
}

static int supervise(struct supervisor *s, struct fault *why) {
    static const int ends[] = {SIGTERM, SIGINT};

    s->loop = loop_new(why);
    if (s->loop == NULL)
        return -1;
    s->timer = loop_timer_new(s->loop, on_timer, s);
    for (int i = 0; i < 2; i++)
        s->signals[i] = loop_signal_new(s->loop, ends[i], on_end, s);
    s->signals[2] = loop_signal_new(s->loop, SIGCHLD, on_child, s);
    s->signals[3] = loop_signal_new(s->loop, SIGHUP, on_hup, s);
    s->keeper_watch = loop_watch_new(s->loop, s->keeper_fd, on_keeper_asked, s);
    watch_keepers(s);
    for (int i = 0; i < PROGRAMS; i++)
        start_program(s, &s->program[i]);
    loop_timer_set(s->timer, 1000);
    loop_run(s->loop);
    loop_watch_free(&s->keeper_watch);
    for (int i = 0; i < 4; i++)
        loop_signal_free(&s->signals[i]);
    loop_timer_free(&s->timer);
    loop_free(&s->loop);
    return 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    static struct supervisor s;
    char full[PATH_MAX];
    struct fault why;
    int status;

    if (!cli_only_options(&command_run, argc, argv, NULL, 0))
        return EX_USAGE;
    if (geteuid() != 0) {
        fputs("relaywatch run: only root can give each program its own user\n", stderr);
        return EX_NOPERM;
    }
    status = cli_load_conf(conf_path, &s.conf);
    if (status != 0)
        return status;
    s.conf_path = realpath(conf_path, full) != NULL ? full : conf_path;
    umask(022);
    if (chdir("/") == -1 || find_folder(&s, &why) == -1 || runplace_folders(&s.conf, &why) == -1 ||
        open_programs(&s, &why) == -1 || supervise(&s, &why) == -1) {
        fprintf(stderr, "relaywatch run: %s\n", why.text);
        return 1;
    }
    return 0;
}

const struct command command_run = {
    .name = "run",
    .summary = "start all programs under their users, where there is no systemd",
    .help = "usage: relaywatch [-c FILE] run\n"
            "Makes folders and sockets, starts relaywatchd, relaywatch-milter and\n"
            "relaywatch-notify as their users, starts one again that ends or hangs, and\n"
            "relaywatch-keeper when it is asked. Stays in the foreground; ends all on SIGTERM\n"
            "or Ctrl-C; SIGHUP: read the configuration again.\n"
            "Example: relaywatch -c /etc/relaywatch/relaywatch.conf run\n",
    .run = run,
};
