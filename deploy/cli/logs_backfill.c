/* See logs_backfill.h. A file goes over as an open descriptor: relaywatchd may read what root
 * opened for it, and looks at no path. What comes through a pipe is put into a file without a name
 * first, because it may have to be read in parts. */
#include "logs_backfill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "backfillq.h"
#include "file.h"
#include "sock.h"
#include "text.h"
#include "cli.h"

enum { ANSWER_MS = 60 * 1000, COPY_BYTES = 256 * 1024 };

static void complain(const char *name, const char *what) {
    fprintf(stderr, "relaywatch logs: %s: %s\n", name, what);
}

/* ---- what is handed over ---- */

static int copy_all(int from, int to, struct fault *why) {
    static char buffer[COPY_BYTES];
    ssize_t n;

    while ((n = read(from, buffer, sizeof buffer)) != 0) {
        if (n == -1 && errno != EINTR)
            return fault_errno(why, "read");
        if (n > 0 && file_write_all(to, buffer, (size_t)n, why) == -1)
            return -1;
    }
    return 0;
}

/* Standard input as a regular file. */
static int open_stdin(const char *state_dir, struct fault *why) {
    char path[300];
    struct stat st;
    int fd;

    if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        return fd == -1 ? fault_errno(why, "standard input") : fd;
    }
    text_format(path, sizeof path, "%s/backfill.XXXXXX", state_dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd == -1)
        return fault_errno(why, "%s", path);
    unlink(path);
    if (copy_all(STDIN_FILENO, fd, why) == 0)
        return fd;
    close(fd);
    return fault_wrap(why, "a copy in %s", state_dir);
}

static int open_named(const char *name, const char *state_dir, struct fault *why) {
    int fd;

    if (strcmp(name, "-") == 0)
        return open_stdin(state_dir, why);
    fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd == -1 ? fault_set(why, "%s", strerror(errno)) : fd;
}

static int send_request(int to, const char *name, int fd, struct fault *why) {
    struct backfill_request request = {.version = BACKFILLQ_VERSION,
                                       .is_journal = logsource_is_journal(name)};

    if (!text_copy(request.name, sizeof request.name, name) && request.is_journal)
        return fault_set(why, "%s", strerror(ENAMETOOLONG));
    if (sock_send_fd(to, &request, sizeof request, fd, why) == -1 && errno != EPIPE)
        return -1;
    return 0; /* when it has closed its last words may tell why */
}

/* ---- what is answered ---- */

/* Why nothing was added. */
static const char *reason(const struct backfill_reply *reply) {
    if (reply->reached_live)
        return reply->before > 0 ? "it was counted before, and the rest relaywatchd counts itself"
                                 : "relaywatchd counts it itself";
    if (reply->live > 0)
        return "its lines are of the time since relaywatchd counts itself";
    return reply->before > 0 ? "it was counted before" : "there is no line in it";
}

static void report(const char *name, const struct backfill_reply *reply) {
    if (reply->counted == 0) {
        printf("%s: nothing added: %s\n", name, reason(reply));
        return;
    }
    printf("%s: %" PRIu64 " line%s counted", name, reply->counted, reply->counted == 1 ? "" : "s");
    if (reply->before > 0)
        printf(", what stands before was counted already");
    if (reply->live > 0)
        printf(", %" PRIu64 " left out that relaywatchd counts itself", reply->live);
    if (reply->reached_live)
        printf(", the rest relaywatchd counts itself");
    putchar('\n');
}

/* What became of one log; LEFT: nobody serves us, so the others would fare no better. */
enum result { ADDED, NOT_ADDED, LEFT };

static enum result follow(int fd, const char *name, struct fault *why) {
    struct backfill_reply reply;

    for (;;) {
        ssize_t n = sock_receive(fd, &reply, sizeof reply, ANSWER_MS, why);

        if (n == 0)
            fault_set(why, "relaywatchd has ended; run this again, nothing counts twice");
        else if (n > 0 && (n != sizeof reply || reply.version != BACKFILLQ_VERSION))
            fault_set(why, "relaywatch and relaywatchd are of different versions");
        if (n != sizeof reply || reply.version != BACKFILLQ_VERSION)
            return LEFT;
        reply.detail[sizeof reply.detail - 1] = '\0';
        if (reply.outcome == BACKFILL_WAITING)
            fprintf(stderr, "relaywatch logs: relaywatchd first reads what came meanwhile\n");
        else if (reply.outcome == BACKFILL_WORKING && isatty(STDERR_FILENO))
            fprintf(stderr, "%s: %" PRIu64 " lines so far\n", name, reply.counted);
        if (reply.outcome == BACKFILL_DONE)
            break;
        if (reply.outcome == BACKFILL_FAILED && reply.counted > 0)
            fault_set(why, "%s; %" PRIu64 " lines before that are counted", reply.detail,
                      reply.counted);
        else
            fault_set(why, "%s", reply.detail);
        if (reply.outcome == BACKFILL_FAILED)
            return NOT_ADDED;
        if (reply.outcome == BACKFILL_BUSY)
            return LEFT;
    }
    report(name, &reply);
    return ADDED;
}

static enum result hand_over(int to, const char *name, const char *state_dir) {
    enum result result = NOT_ADDED;
    struct fault why;
    int fd = -1;

    if (!logsource_is_journal(name))
        fd = open_named(name, state_dir, &why);
    if (fd != -1 || logsource_is_journal(name))
        result = send_request(to, name, fd, &why) == -1 ? LEFT : follow(to, name, &why);
    if (fd != -1)
        close(fd);
    if (result != ADDED)
        complain(name, why.text);
    return result;
}

/* Where the one before is LEFT, the rest is not tried. */
static int hand_over_all(int to, int count, char **names, const char *state_dir) {
    int status = 0;

    for (int i = 0; i < count; i++) {
        enum result result = hand_over(to, names[i], state_dir);

        if (result != ADDED)
            status = EXIT_FAILURE;
        if (result != LEFT || i + 1 == count)
            continue;
        fprintf(stderr, "relaywatch logs: not tried: %d more, from %s on; run this again later\n",
                count - i - 1, names[i + 1]);
        break;
    }
    return status;
}

/* The same lines stand in both: see conf.c. */
static bool is_mixed(int count, char **names) {
    int journals = 0;

    for (int i = 0; i < count; i++)
        journals += logsource_is_journal(names[i]);
    return journals > 0 && journals < count;
}

static int connect_to(const char *state_dir, int *status_out) {
    struct fault why;
    char path[300];
    int fd;

    text_format(path, sizeof path, "%s/%s", state_dir, BACKFILLQ_SOCKET);
    fd = sock_connect(path, &why);
    if (fd != -1)
        return fd;
    *status_out = errno == EACCES ? EX_NOPERM : EXIT_FAILURE;
    if (errno == EACCES)
        fputs("relaywatch logs: only root and relaywatchd's user can add to what it counts\n",
              stderr);
    else
        fprintf(stderr,
                "relaywatch logs: relaywatchd does not run, or has not begun to count yet (%s)\n",
                why.text);
    return -1;
}

int logs_backfill(int count, char **names, const char *conf_path) {
    struct conf conf;
    int status = cli_load_conf(conf_path, &conf);
    int fd;

    if (status != 0)
        return status;
    if (is_mixed(count, names) && strcmp(conf.mail_log_distinct, "yes") != 0) {
        fputs("relaywatch logs: the journal holds what stands in the files, too: give one of them, "
              "or, where they hold different lines, set mail_log_distinct = yes\n",
              stderr);
        return EX_USAGE;
    }
    fd = connect_to(conf.state_dir, &status);
    if (fd == -1)
        return status;
    status = hand_over_all(fd, count, names, conf.state_dir);
    close(fd);
    return status;
}
