/* mail_traffic FILE MESSAGES SEED LINES_A_SECOND: appends to a log what Postfix would write of so
 * many messages, many at once, each with a fate of its own; opens the file anew now and then, so it
 * may be renamed. At the end prints what the ledger must say of them, one "name=value" a line, and
 * the queue id of one message of each fate as "id_FATE=ID". */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 60, LINES_EACH = 14, LINE_MOST = 300 };

enum fate {
    SENT,
    DEFERRED,
    BOUNCED,
    EXPIRED,
    DELETED,
    REFUSED,
    CUT,
    RENAMED,
    NO_OUTCOME,
    QUEUED,
    STRAY,
    FATES
};

static const char *const fate_names[FATES] = {"sent",    "deferred", "bounced", "expired",
                                              "deleted", "refused",  "cut",     "renamed",
                                              "unknown", "queued",   "stray"};

struct message {
    char line[LINES_EACH][LINE_MOST];
    int lines, told;
};

static uint64_t seed;
static unsigned long accepted, ended[FATES], lines;
static char sample[FATES][32];

static uint32_t next(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33);
}

__attribute__((format(printf, 2, 3))) static void say(struct message *m, const char *format, ...) {
    va_list args;

    va_start(args, format);
    vsnprintf(m->line[m->lines++], LINE_MOST, format, args);
    va_end(args);
}

static void say_queued(struct message *m, const char *id, int recipients) {
    say(m, "qmgr[9]: %s: from=<a@app.example>, size=999, nrcpt=%d (queue active)", id, recipients);
}

static void say_delivery(struct message *m, const char *id, const char *to, const char *status) {
    say(m,
        "smtp[%u]: %s: to=<%s@y.example>, relay=mx.y.example[192.0.2.9]:25, delay=1.2, "
        "delays=0.1/0/0.3/0.8, dsn=%c.0.0, status=%s (host mx.y.example said so)",
        100 + next() % 50, id, to,
        status[0] == 's'   ? '2'
        : status[0] == 'd' ? '4'
                           : '5',
        status);
}

static void say_arrival(struct message *m, const char *id, unsigned pid) {
    say(m, "smtpd[%u]: %s: client=app.example[192.0.2.1]", pid, id);
    say(m, "cleanup[8]: %s: message-id=<%s@app.example>", id, id);
}

/* What comes of one that was in the queue. */
static void say_fate(struct message *m, enum fate fate, const char *id, const char *other) {
    if (fate == NO_OUTCOME) {
        say_queued(m, id, 1);
    } else if (fate == SENT || fate == BOUNCED || fate == STRAY) {
        say_queued(m, id, 2);
        say_delivery(m, id, "one", "sent");
        say_delivery(m, id, "two", fate == BOUNCED ? "bounced" : "sent");
    } else {
        say_queued(m, id, 1);
        say_delivery(m, id, "one", "deferred");
    }
    if (fate == RENAMED) {
        say(m, "pickup[7]: %s: uid=0 from=<a@app.example> orig_id=%s", other, id);
        say(m, "cleanup[8]: %s: message-id=<%s@app.example>", other, id);
        id = other;
    }
    if (fate == DEFERRED || fate == RENAMED || fate == EXPIRED || fate == QUEUED)
        say_queued(m, id, 1);
    if (fate == DEFERRED || fate == RENAMED)
        say_delivery(m, id, "one", "sent");
    if (fate == QUEUED)
        say_delivery(m, id, "one", "deferred");
    if (fate == EXPIRED)
        say(m, "qmgr[9]: %s: from=<a@app.example>, status=expired, returned to sender", id);
    if (fate != QUEUED)
        say(m, "%s: %s: removed", fate == DELETED ? "postsuper[6]" : "qmgr[9]", id);
}

static void begin(struct message *m, int number) {
    enum fate fate = (enum fate)(next() % FATES);
    unsigned pid = 20000 + (unsigned)number % 10000;
    char id[32], other[32];

    snprintf(id, sizeof id, "%05X%05X", (unsigned)next() & 0xfffff, (unsigned)number);
    snprintf(other, sizeof other, "F%05X%05X", (unsigned)next() & 0xfffff, (unsigned)number);
    memset(m, 0, sizeof *m);
    ended[fate]++;
    strcpy(sample[fate], fate == RENAMED ? other : id);
    if (fate != STRAY)
        say_arrival(m, id, pid);
    if (fate == REFUSED)
        say(m,
            "cleanup[8]: %s: milter-reject: END-OF-MESSAGE from app.example[192.0.2.1]: 5.7.1 no; "
            "from=<a@app.example> to=<x@y.example> proto=ESMTP helo=<app>",
            id);
    else if (fate == CUT)
        say(m, "smtpd[%u]: lost connection after DATA (10 bytes) from app.example[192.0.2.1]", pid);
    else
        say_fate(m, fate, id, other);
    accepted += fate != REFUSED && fate != CUT && fate != STRAY;
}

static void append(const char *path, const char *text) {
    static int fd = -1;
    static int since;
    struct timespec now;
    char stamp[40], line[LINE_MOST + 80];
    struct tm tm;
    int n;

    if (fd == -1 || ++since > 20) {
        if (fd != -1)
            close(fd);
        since = 0;
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    n = snprintf(line, sizeof line, "%s.%06ld+00:00 mx postfix/%s\n", stamp, now.tv_nsec / 1000,
                 text);
    if (write(fd, line, (size_t)n) != n) {
        perror(path);
        exit(1);
    }
    lines++;
}

static void pace(unsigned long a_second) {
    static struct timespec begun;
    struct timespec now;
    double due, is;

    if (begun.tv_sec == 0)
        clock_gettime(CLOCK_MONOTONIC, &begun);
    clock_gettime(CLOCK_MONOTONIC, &now);
    due = (double)lines / (double)a_second;
    is = (double)(now.tv_sec - begun.tv_sec) + (double)(now.tv_nsec - begun.tv_nsec) / 1e9;
    if (due > is)
        usleep((useconds_t)((due - is) * 1e6));
}

int main(int argc, char **argv) {
    static struct message open[AT_ONCE];
    int messages, begun = 0, count = 0;

    if (argc != 5) {
        fprintf(stderr, "usage: mail_traffic file messages seed lines-a-second\n");
        return 64;
    }
    messages = atoi(argv[2]);
    seed = strtoull(argv[3], NULL, 10);
    while (begun < messages || count > 0) {
        struct message *m;

        if (begun < messages && count < AT_ONCE)
            begin(&open[count++], begun++);
        m = &open[next() % (unsigned)count];
        append(argv[1], m->line[m->told++]);
        if (m->told == m->lines)
            *m = open[--count];
        pace(strtoul(argv[4], NULL, 10));
    }
    printf("lines=%lu\naccepted=%lu\nsent=%lu\nbounced=%lu\nexpired=%lu\nunknown=%lu\nqueued=%lu\n"
           "deleted=%lu\nstray=%lu\n",
           lines, accepted, ended[SENT] + ended[DEFERRED] + ended[RENAMED], ended[BOUNCED],
           ended[EXPIRED], ended[DELETED] + ended[NO_OUTCOME], ended[QUEUED], ended[DELETED],
           ended[STRAY]);
    for (int i = 0; i < FATES; i++)
        printf("id_%s=%s\n", fate_names[i], sample[i]);
    return 0;
}
