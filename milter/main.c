/* relaywatch-milter: counts the mail that enters the relay, and never stands in its way.
 *
 * Threads: this one (signals, heartbeat), one that runs smfi_main, and libmilter's own.
 *
 * Signals: libmilter waits for SIGHUP, SIGTERM and SIGINT in a thread of its own (sigwait), ends at
 * any of them, and takes about 5 s. Linux gives a signal for the process to the first thread when
 * that one does not block it (kernel/signal.c, complete_signal). So the first thread never blocks
 * them and has handlers, and libmilter's thread gets none: we stop at once, and stay at SIGHUP. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "beat.h"
#include "clock.h"
#include "log.h"
#include "text.h"

#include "mltpage.h"

#include "conf.h"

#include "filter.h"

enum {
    BEAT_MS = 1000,
    LEAVE_MS = 100,   /* for messages just being counted; they need microseconds */
    FILES = 4096,     /* sessions, most */
    FILES_SPARE = 16, /* fewer than that left: full */
#ifdef __SANITIZE_THREAD__
    STACK_BYTES = 8 << 20 /* ThreadSanitizer keeps much there */
#else
    STACK_BYTES = 512 << 10 /* a stalled session holds a thread */
#endif
};

static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t hangups;
static int
    wake[2]; /* a pipe: handlers and the end of the filter thread write, the main loop reads */
static struct fault filter_fault;
static atomic_int filter_state; /* 0 runs, 1 ended by a signal, 2 gave up: look at filter_fault */

static void wake_up(void) {
    if (write(wake[1], "", 1) == -1)
        return; /* full: it will wake up anyway */
}

static void on_signal(int number) {
    int saved = errno;

    if (number == SIGHUP)
        hangups = 1;
    else
        stop_signal = number;
    wake_up();
    errno = saved;
}

static void catch_signals(void) {
    static const int numbers[] = {SIGUSR1, SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) == -1)
        die(EX_OSERR, "pipe: %m");
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (sigaction(numbers[i], &action, NULL) == -1)
            die(EX_OSERR, "sigaction: %m");
    }
    signal(SIGPIPE, SIG_IGN);
}

/* libmilter gives each stalled session a thread and a descriptor, and spins when it is out of the
 * latter. */
static void set_limits(void) {
    struct rlimit files;
    pthread_attr_t attributes;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < FILES ? files.rlim_max : FILES;
        if (setrlimit(RLIMIT_NOFILE, &files) == -1)
            log_warn("main", "cannot raise the limit of open files: %m");
    }
    /* The C library reads RLIMIT_STACK before main, so that comes too late here. */
    if (pthread_attr_init(&attributes) == 0) {
        if (pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0 ||
            pthread_setattr_default_np(&attributes) != 0)
            log_warn("main", "cannot set the size of the threads' stacks");
        pthread_attr_destroy(&attributes);
    }
}

static void *run_filter(void *unused) {
    sigset_t all;

    (void)unused;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* libmilter's threads inherit it */
    atomic_store(&filter_state, filter_run(&filter_fault) == 0 ? 1 : 2);
    wake_up();
    return NULL;
}

/* Out of descriptors, but for a few? New ones are the lowest free number. */
static bool is_full(void) {
    struct rlimit files;
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

    if (fd == -1)
        return errno == EMFILE || errno == ENFILE;
    close(fd);
    return getrlimit(RLIMIT_NOFILE, &files) == 0 && (rlim_t)fd + FILES_SPARE >= files.rlim_cur;
}

/* Sleeps until something happens, timeout_ms at most. */
static void wait_ms(int timeout_ms) {
    struct pollfd readable = {.fd = wake[0], .events = POLLIN};
    char drain[64];

    if (poll(&readable, 1, timeout_ms) == 1) {
        while (read(wake[0], drain, sizeof drain) > 0)
            ;
    }
}

/* Shows a sign of life each second until there is a reason to end. Returns the exit status. */
static int watch(struct mltpage *page) {
    int full_beats = 0;

    for (;;) {
        mltpage_alive(page, clock_mono_ms(), clock_wall_ms());
        beat_send(BEAT_ALIVE);
        if (stop_signal != 0) {
            log_info("main", "stopping: signal %d", (int)stop_signal);
            return EX_OK;
        }
        if (atomic_load(&filter_state) == 2) {
            log_error("main", "%s", filter_fault.text);
            return EX_SOFTWARE;
        }
        if (atomic_load(&filter_state) == 1)
            return EX_OK;
        if (hangups) {
            hangups = 0;
            log_info("main", "SIGHUP changes nothing: the configuration is read at start");
        }
        full_beats = is_full() ? full_beats + 1 : 0;
        if (full_beats >= 2) {
            /* Mail passes while we are away, and nothing counted is lost: the way out of a
             * state in which libmilter only burns a core. */
            log_error("main", "out of file descriptors: ending, to be started anew");
            return EX_TEMPFAIL;
        }
        wait_ms(BEAT_MS);
    }
}

static void print_error(const char *text, void *unused) {
    (void)unused;
    log_error("conf", "%s", text);
}

/* Loads and checks; ends the process with 78 after every error has been printed. */
static void load(const char *path, struct conf *conf) {
    struct fault why;
    bool failed = false;

    conf_defaults(conf);
    if (conf_load(path, conf, print_error, NULL, &why) == -1) {
        log_error("conf", "%s", why.text);
        failed = true;
    }
    if (filter_check_socket(conf->milter_socket, &why) == -1) {
        log_error("conf", "milter_socket: %s", why.text);
        failed = true;
    }
    if (failed)
        exit(EX_CONFIG);
}

static void print_help(void) {
    puts("Usage: relaywatch-milter [-c FILE] [-t]\n"
         "Counts the mail that enters the relay; started by a supervisor, stays in the\n"
         "foreground.\n"
         "\n"
         "  -c FILE    configuration (" CONF_DEFAULT_PATH ")\n"
         "  -t         check the configuration and exit\n"
         "  --version  print the version and exit\n"
         "  --help     print this and exit");
}

/* Returns the path of the configuration; *check_out: only check it. */
static const char *read_options(int argc, char **argv, bool *check_out) {
    static const struct option words[] = {
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
    const char *path = CONF_DEFAULT_PATH;
    int option;

    *check_out = false;
    while ((option = getopt_long(argc, argv, "c:t", words, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 't':
            *check_out = true;
            break;
        case 'h':
            print_help();
            exit(EX_OK);
        case 'V':
            puts("relaywatch-milter " RELAYWATCH_VERSION);
            exit(EX_OK);
        default:
            exit(EX_USAGE);
        }
    }
    if (optind < argc)
        die(EX_USAGE, "%s: takes no such argument", argv[optind]);
    return path;
}

int main(int argc, char **argv) {
    struct mltpage *page;
    struct conf conf;
    struct fault why;
    char counters[sizeof conf.run_dir + sizeof "/milter/counters"];
    pthread_t thread;
    const char *path;
    bool check;
    int status;
    int error;

    log_open("relaywatch-milter", LOG_LEVEL_INFO);
    path = read_options(argc, argv, &check);
    load(path, &conf);
    if (check)
        return EX_OK;
    if (geteuid() == 0 || getuid() == 0)
        die(EX_NOPERM, "must not run as root: run it as the user %s", conf.milter_user);
    set_limits();
    catch_signals();
    text_format(counters, sizeof counters, "%s/milter/counters", conf.run_dir);
    if (mltpage_open(counters, &page, &why) == -1)
        die(EX_OSERR, "%s", why.text);
    if (filter_open(conf.milter_socket, page, &why) == -1)
        die(EX_OSERR, "%s", why.text);
    error = pthread_create(&thread, NULL, run_filter, NULL);
    if (error != 0) {
        errno = error;
        die(EX_OSERR, "cannot start a thread: %m");
    }
    log_info("main", "ready on %s", conf.milter_socket);
    beat_send(BEAT_READY);
    status = watch(page);
    filter_leave();
    poll(NULL, 0, LEAVE_MS);
    log_info("main", "stopped");
    _exit(status); /* libmilter never joins its threads: handlers of exit(3) would race with them */
}
