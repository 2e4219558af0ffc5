/* `relaywatch run`: what systemd does elsewhere. Makes the folders and sockets, starts each program
 * as its user, starts one again that ends, starts relaywatch-keeper for each connection, ends all
 * on SIGTERM. Root, but reads nothing that strangers write. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
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

#include "clock.h"
#include "log.h"
#include "sock.h"
#include "text.h"
#include "mltpage.h"
#include "loop.h"

enum {
    RESTART_FIRST_MS = 100,
    RESTART_LAST_MS = 5000,
    STEADY_MS = 10 * 1000,
    STOP_MS = 3000,
    MILTER_HUNG_MS = 20 * 1000,
    KEEPERS_MOST = 8,
    STATUS_FENCED = 3,
};

struct program {
    const char *name;
    const char *user;
    bool reads_log;
    const int *listen_fd; /* handed over as descriptor 3; NULL: none */
    pid_t pid;            /* 0: not running */
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
    char milter_page[300];
    bool ending;
    int64_t end_by_ms;
    int exit_status;
};

/* ---- folders and sockets ---- */

static int user_ids(const char *user, uid_t *uid_out, gid_t *gid_out, struct fault *why) {
    const struct passwd *who = getpwnam(user);

    *uid_out = (uid_t)-1;
    *gid_out = (gid_t)-1;
    if (who == NULL)
        return fault_set(why, "there is no user %s: make it with useradd --system --user-group %s",
                         user, user);
    *uid_out = who->pw_uid;
    *gid_out = who->pw_gid;
    return 0;
}

/* Makes the folder, or sets owner and mode of the one that is there. `group`: NULL for the user's
 * own. */
static int make_folder(const char *path, const char *user, const char *group, mode_t mode,
                       struct fault *why) {
    const struct group *g = group != NULL ? getgrnam(group) : NULL;
    struct stat now;
    uid_t uid;
    gid_t gid;

    if (user_ids(user, &uid, &gid, why) == -1)
        return -1;
    if (group != NULL && g == NULL)
        return fault_set(why, "there is no group %s", group);
    if (g != NULL)
        gid = g->gr_gid;
    if (mkdir(path, 0700) == -1 && errno != EEXIST)
        return fault_errno(why, "make folder %s", path);
    if (lstat(path, &now) == -1 || !S_ISDIR(now.st_mode))
        return fault_set(why, "%s: not a folder", path);
    if (lchown(path, uid, gid) == -1 || chmod(path, mode) == -1)
        return fault_errno(why, "owner and mode of %s", path);
    return 0;
}

/* The milter's socket stands in a folder of its own below Postfix's queue, so that a chrooted
 * smtpd(8) reaches it: setgid, so that the socket gets Postfix's group. */
static int make_milter_folder(const struct conf *conf, struct fault *why) {
    char path[sizeof conf->milter_socket];
    const char *colon = strchr(conf->milter_socket, ':');

    if (colon == NULL || colon[1] != '/')
        return 0; /* inet: */
    text_copy(path, sizeof path, colon + 1);
    return make_folder(dirname(path), conf->milter_user, "postfix", 02750, why);
}

static int make_folders(const struct conf *conf, struct fault *why) {
    char path[300];

    if (make_folder(conf->run_dir, "root", NULL, 0755, why) == -1 ||
        make_folder(conf->state_dir, conf->user, NULL, 0700, why) == -1 ||
        make_folder(conf->notify_state_dir, conf->notify_user, NULL, 0700, why) == -1 ||
        make_folder(conf->keeper_state_dir, "root", NULL, 0700, why) == -1)
        return -1;
    text_format(path, sizeof path, "%s/milter", conf->run_dir);
    if (make_folder(path, conf->milter_user, NULL, 0755, why) == -1)
        return -1;
    return make_milter_folder(conf, why);
}

static int open_sockets(struct supervisor *s, struct fault *why) {
    char path[300];
    uid_t uid;
    gid_t gid;

    if (user_ids(s->conf.user, &uid, &gid, why) == -1)
        return -1;
    text_format(path, sizeof path, "%s/keeper.sock", s->conf.run_dir);
    s->keeper_fd = sock_listen(path, 0660, gid, why);
    if (s->keeper_fd == -1)
        return -1;
    text_format(path, sizeof path, "%s/notify.sock", s->conf.run_dir);
    s->notify_fd = sock_listen(path, 0660, gid, why);
    return s->notify_fd == -1 ? -1 : 0;
}

/* ---- programs ---- */

/* The user's own group and, for relaywatchd, the one that may read logs on Debian: as the units
 * have it. */
static int become(const char *user, bool reads_log) {
    const struct passwd *who = getpwnam(user);
    const struct group *readers = reads_log ? getgrnam("adm") : NULL;
    gid_t groups[2];
    size_t count = 0;

    if (who == NULL)
        return -1;
    groups[count++] = who->pw_gid;
    if (readers != NULL)
        groups[count++] = readers->gr_gid;
    if (setgroups(count, groups) == -1 || setresgid(who->pw_gid, who->pw_gid, who->pw_gid) == -1 ||
        setresuid(who->pw_uid, who->pw_uid, who->pw_uid) == -1)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* In the child: descriptor 3, a small environment, the user, the program. Never returns. */
static void become_program(char *const *argv, const char *user, bool reads_log, int handed_fd) {
    char pid[40];
    char *environment[] = {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL, NULL, NULL, NULL};
    const char *tz = getenv("TZ");
    char zone[128];
    int at = 2;
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    umask(077);
    if (handed_fd != -1) {
        if (handed_fd == 3 ? fcntl(3, F_SETFD, 0) == -1 : dup2(handed_fd, 3) == -1)
            _exit(71);
        text_format(pid, sizeof pid, "LISTEN_PID=%ld", (long)getpid());
        environment[at++] = "LISTEN_FDS=1";
        environment[at++] = pid;
    }
    if (tz != NULL && text_format(zone, sizeof zone, "TZ=%s", tz))
        environment[at++] = zone;
    /* After the change of user, which clears it: without us nobody would start them again. A keeper
     * finishes. */
    if (user != NULL && (become(user, reads_log) == -1 || prctl(PR_SET_PDEATHSIG, SIGTERM) == -1))
        _exit(77);
    execve(argv[0], argv, environment);
    _exit(127);
}

static void start_program(struct supervisor *s, struct program *p) {
    char path[PATH_MAX + 64];
    char *argv[] = {path, "-c", (char *)(size_t)s->conf_path, NULL};
    pid_t pid;

    text_format(path, sizeof path, "%s/%s", s->folder, p->name);
    pid = fork();
    if (pid == 0)
        become_program(argv, p->user, p->reads_log, p->listen_fd != NULL ? *p->listen_fd : -1);
    p->started_ms = clock_mono_ms();
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
        log_error("run", "%s gave way to another one for the same host; not started again",
                  p->name);
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
                    NULL};

    (void)what;
    if (fd == -1)
        return;
    text_format(path, sizeof path, "%s/relaywatch-keeper", s->folder);
    text_format(probe, sizeof probe, "%s/relaywatch-probe", s->folder);
    for (int i = 0; i < KEEPERS_MOST; i++) {
        if (s->keeper[i] != 0)
            continue;
        s->keeper[i] = fork();
        if (s->keeper[i] == 0)
            become_program(argv, NULL, false, fd);
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

/* A milter that gives no sign of life for so long hangs: Postfix passes mail without it, but nobody
 * counts. */
static void look_at_milter(struct supervisor *s, int64_t now_ms) {
    struct program *p = &s->program[PROGRAM_MILTER];
    const struct mltpage *page;
    int64_t alive_ms;

    if (p->pid == 0 || now_ms - p->started_ms < MILTER_HUNG_MS ||
        mltpage_attach(s->milter_page, &page, NULL) == -1)
        return;
    alive_ms = atomic_load(&page->alive_ms);
    mltpage_close(&page);
    if (now_ms - alive_ms < MILTER_HUNG_MS)
        return;
    log_warn("run", "%s hangs: killed, to be started again", p->name);
    kill(p->pid, SIGKILL);
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
    }
    look_at_milter(s, now_ms);
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

static int supervise(struct supervisor *s, struct fault *why) {
    static const int ends[] = {SIGTERM, SIGINT};

    s->program[PROGRAM_DAEMON] =
        (struct program){.name = "relaywatchd", .user = s->conf.user, .reads_log = true};
    s->program[PROGRAM_MILTER] =
        (struct program){.name = "relaywatch-milter", .user = s->conf.milter_user};
    s->program[PROGRAM_NOTIFY] = (struct program){
        .name = "relaywatch-notify", .user = s->conf.notify_user, .listen_fd = &s->notify_fd};
    text_format(s->milter_page, sizeof s->milter_page, "%s/milter/counters", s->conf.run_dir);
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
    for (int i = 0; i < PROGRAMS; i++) {
        s->program[i].delay_ms = RESTART_FIRST_MS;
        start_program(s, &s->program[i]);
    }
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

    if (cli_options(&command_run, argc, argv, NULL, 0) != argc)
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
    if (chdir("/") == -1 || find_folder(&s, &why) == -1 || make_folders(&s.conf, &why) == -1 ||
        open_sockets(&s, &why) == -1 || supervise(&s, &why) == -1) {
        fprintf(stderr, "relaywatch run: %s\n", why.text);
        return 1;
    }
    return 0;
}

const struct command command_run = {
    .name = "run",
    .summary = "start all programs under their users, where there is no systemd",
    .help =
        "usage: relaywatch [-c FILE] run\n"
        "Makes folders and sockets, starts relaywatchd, relaywatch-milter and relaywatch-notify\n"
        "as their users, starts one again that ends, and relaywatch-keeper when it is asked.\n"
        "Stays in the foreground; ends all on SIGTERM or Ctrl-C; SIGHUP: read the configuration "
        "again.\n"
        "Example: relaywatch -c /etc/relaywatch/relaywatch.conf run\n",
    .run = run,
};
