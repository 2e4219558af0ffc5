/* Chaos for the whole of relaywatchd: chaos_daemon BIN [CYCLES [SEED]], as root. It reads a log
 * that grows all the time, whose every line is known, and publishes to a real redis-server. Each
 * cycle kills relaywatchd or Redis, stops one of them for a while, cuts the end off Redis' file,
 * empties Redis, starts a second relaywatchd of the same name, or throws the local copy away. All
 * the time everything in Redis - totals, minutes, hours, ledger, destinations - must be that of the
 * lines up to the position beside it, and at the end that of the whole log. With an odd seed there
 * is no second relaywatchd, which has not the first one's file of open messages: then each end of a
 * message must be known, too. Exit status 0: not a line lost or counted twice. */
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <grp.h>

#include "redis_server.h"

#include "clock.h"
#include "counter.h"
#include "destinations.h"
#include "rings.h"
#include "text.h"
#include "totals.h"

enum { DAEMONS = 2, GROUP = 5, DOMAINS = 50, MINUTE_MS = 60000, LINE_MS = 10, LIMIT_MS = 30000 };
enum { ENDS = 3, FIGURES = ENDS + 1 }; /* of a destination: sent, deferred, bounced, missed */

/* What line i of the log is. */
struct line {
    int64_t event_ms;
    counter_set counters;
    enum { END_NONE, END_SENT, END_BOUNCED } end; /* of the message that is removed */
    int domain;                                   /* of a delivery; -1: none */
    char text[400];
};

struct daemon {
    char name; /* 'a' or 'b' */
    pid_t pid; /* 0: not running */
    bool stopped;
};

struct bucket {
    uint64_t t;
    struct counters counters;
};

struct truth {
    uint64_t lines;
    struct counters counters;
    uint64_t skewed, accepted, sent, bounced;
    struct bucket minute[RINGS_MINUTES], hour[RINGS_HOURS];
    struct {
        int domain;
        uint64_t figure[FIGURES];
    } place[BUSIEST_PLACES];
};

static struct redis_server server;
static struct daemon daemons[DAEMONS] = {{.name = 'a'}, {.name = 'b'}};
static const char *program;
static char folder[64] = "/var/tmp/rw-chaos-XXXXXX";
static int log_fd;
static int port;
static int64_t began_ms;
static uint64_t *ends; /* of each line, in bytes */
static uint64_t lines, room;
static uint64_t fenced, newborn;
static bool alone; /* there is never a second one */

static void fail(const char *what, uint64_t number) {
    fprintf(stderr, "chaos_daemon: %s (%" PRIu64 "); %s is kept\n", what, number, folder);
    for (int i = 0; i < DAEMONS; i++) {
        if (daemons[i].pid != 0)
            kill(daemons[i].pid, SIGKILL);
    }
    redis_server_stop(&server);
    exit(1);
}

/* ---- the log ---- */

static uint64_t mixed(uint64_t i) {
    i *= UINT64_C(0x9e3779b97f4a7c15);
    return i ^ i >> 32;
}

/* Mostly in order, some late, some of next year. */
static int64_t event_ms(uint64_t i) {
    uint64_t random = mixed(i + 1000000007);
    int64_t written_ms = began_ms + (int64_t)i * LINE_MS;

    if (random % 89 == 0)
        return written_ms + INT64_C(365) * 24 * 60 * MINUTE_MS;
    if (random % 16 == 0)
        return written_ms - (int64_t)(random / 16 % (90 * MINUTE_MS));
    return written_ms;
}

static void delivery(struct line *line, uint64_t group, const char *result, counter_set counters) {
    uint64_t random = mixed(group + 77);

    line->domain = (int)(random % (1 + random / 64 % DOMAINS));
    line->counters = counters;
    text_format(line->text, sizeof line->text,
                "smtp[79]: %07" PRIX64 ": to=<u@d%d.example>, relay=%s", group + 0x1000000,
                line->domain, result);
}

#define AT "smtp.example.net[192.0.2.1]:587, delay=0.5, delays=0.1/0.1/0.1/0.2, "

static void deliver_or_not(struct line *line, uint64_t group, bool again) {
    unsigned kind = (unsigned)(mixed(group) % 4); /* deferred first, bounced, sent, sent */

    if (kind == 0 && !again)
        delivery(line, group,
                 "none, delay=0.5, delays=0.1/0.1/0.3/0, dsn=4.4.1, status=deferred (connect to "
                 "smtp.example.net[192.0.2.1]:587: Connection timed out)",
                 COUNTER_BIT(COUNTER_DEFERRED) | COUNTER_BIT(COUNTER_TIMEOUTS));
    else if (kind == 1 && !again)
        delivery(line, group,
                 AT "dsn=5.1.1, status=bounced (host smtp.example.net[192.0.2.1] said: 550 5.1.1 "
                    "no such user (in reply to RCPT TO command))",
                 COUNTER_BIT(COUNTER_BOUNCED));
    else if (!again || kind == 0)
        delivery(line, group, AT "dsn=2.0.0, status=sent (250 2.0.0 OK)",
                 COUNTER_BIT(COUNTER_SENT));
    else
        text_copy(line->text, sizeof line->text,
                  "smtpd[80]: connect from client.example[192.0.2.7]");
    if (again && kind != 0)
        line->counters = COUNTER_BIT(COUNTER_CONNECTS);
}

static void make_line(uint64_t i, struct line *line) {
    uint64_t group = i / GROUP;

    *line = (struct line){.event_ms = event_ms(i), .domain = -1};
    switch (i % GROUP) {
    case 0:
        line->counters = COUNTER_BIT(COUNTER_ACCEPTED);
        text_format(line->text, sizeof line->text,
                    "cleanup[77]: %07" PRIX64 ": message-id=<%" PRIu64 "@x>", group + 0x1000000,
                    group);
        break;
    case 1:
        line->counters = COUNTER_BIT(COUNTER_QUEUED);
        text_format(line->text, sizeof line->text,
                    "qmgr[78]: %07" PRIX64 ": from=<a@b.example>, size=500, nrcpt=1 (queue active)",
                    group + 0x1000000);
        break;
    case GROUP - 1:
        line->counters = COUNTER_BIT(COUNTER_REMOVED);
        line->end = mixed(group) % 4 == 1 ? END_BOUNCED : END_SENT;
        text_format(line->text, sizeof line->text, "qmgr[78]: %07" PRIX64 ": removed",
                    group + 0x1000000);
        break;
    default:
        deliver_or_not(line, group, i % GROUP == 3);
    }
    line->counters |= COUNTER_BIT(COUNTER_LINES);
}

/* One write(2) for all of them, cut anywhere: as syslog's do, and a reader may see part of a line.
 */
static void log_grow(uint64_t count) {
    static char out[64 * 1024];
    size_t n = 0;

    for (; count > 0 && n + 500 < sizeof out; count--, lines++) {
        struct line line;
        time_t seconds;
        struct tm tm;
        char stamp[40];

        make_line(lines, &line);
        seconds = (time_t)(line.event_ms / 1000);
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
        text_format(out + n, sizeof out - n, "%s.%03d+00:00 mx postfix/%s\n", stamp,
                    (int)(line.event_ms % 1000), line.text);
        n += strlen(out + n);
        if (lines == room) {
            room = room * 2 + 100000;
            ends = realloc(ends, room * sizeof *ends);
            if (ends == NULL)
                fail("out of memory", room);
        }
        ends[lines] = (lines > 0 ? ends[lines - 1] : 0);
        ends[lines] += strlen(stamp) + strlen(".000+00:00 mx postfix/\n") + strlen(line.text);
    }
    if (write(log_fd, out, n) != (ssize_t)n)
        fail("write to the log", n);
}

/* How many lines end at or before this byte; a position never stands inside a line. */
static uint64_t lines_before(uint64_t offset) {
    uint64_t low = 0, high = lines;

    while (low < high) {
        uint64_t middle = (low + high) / 2;

        if (ends[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (offset != 0 && (low == 0 || ends[low - 1] != offset))
        fail("a position inside a line", offset);
    return low;
}

/* ---- what must be ---- */

static void bucket_add(struct bucket *bucket, uint64_t t, counter_set counters) {
    if (t > bucket->t)
        *bucket = (struct bucket){.t = t};
    if (t == bucket->t)
        counters_add(&bucket->counters, counters);
}

/* By the definition: the place of the name, else the first of those with the least. */
static void place_add(struct truth *truth, int domain, size_t figure) {
    size_t least = 0;
    uint64_t weight[BUSIEST_PLACES] = {0};

    for (size_t i = 0; i < BUSIEST_PLACES; i++) {
        for (size_t f = 0; f < FIGURES; f++)
            weight[i] += truth->place[i].figure[f];
        if (weight[i] < weight[least])
            least = i;
    }
    for (size_t i = 0; i < BUSIEST_PLACES; i++) {
        if (weight[i] != 0 && truth->place[i].domain == domain) {
            truth->place[i].figure[figure]++;
            return;
        }
    }
    memset(&truth->place[least], 0, sizeof truth->place[least]);
    truth->place[least].domain = domain;
    truth->place[least].figure[ENDS] = weight[least];
    truth->place[least].figure[figure]++;
}

static void truth_add(struct truth *truth, const struct line *line) {
    uint64_t minute = (uint64_t)line->event_ms / MINUTE_MS;

    counters_add(&truth->counters, line->counters);
    truth->accepted += (line->counters & COUNTER_BIT(COUNTER_QUEUED)) != 0;
    truth->sent += line->end == END_SENT;
    truth->bounced += line->end == END_BOUNCED;
    if (line->domain != -1)
        place_add(truth, line->domain,
                  (line->counters & COUNTER_BIT(COUNTER_SENT)) != 0       ? 0
                  : (line->counters & COUNTER_BIT(COUNTER_DEFERRED)) != 0 ? 1
                                                                          : 2);
    if (line->event_ms > clock_wall_ms() + RINGS_AHEAD_MS) {
        truth->skewed++;
        return;
    }
    bucket_add(&truth->minute[minute % RINGS_MINUTES], minute, line->counters);
    bucket_add(&truth->hour[minute / 60 % RINGS_HOURS], minute / 60, line->counters);
}

/* Of the first `count` lines. */
static const struct truth *truth_of(uint64_t count) {
    static struct truth truth;

    if (count < truth.lines)
        memset(&truth, 0, sizeof truth);
    for (; truth.lines < count; truth.lines++) {
        struct line line;

        make_line(truth.lines, &line);
        truth_add(&truth, &line);
    }
    return &truth;
}

/* ---- what is ---- */

static void expect(const struct totals *t, const char *name, uint64_t want, uint64_t count) {
    if (totals_get(t, name) == want)
        return;
    fprintf(stderr, "chaos_daemon: %s is %" PRIu64 ", should be %" PRIu64 "\n", name,
            totals_get(t, name), want);
    fail("wrong after so many lines", count);
}

static void check_bucket(const struct totals *t, char ring, size_t slot, const struct bucket *want,
                         uint64_t count) {
    char name[TOTALS_NAME_SIZE];

    text_format(name, sizeof name, "%c.%zu.t", ring, slot);
    expect(t, name, want->t, count);
    for (int c = 0; c < COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "%c.%zu.%s", ring, slot, counter_name((enum counter)c));
        expect(t, name, want->counters.value[c], count);
    }
}

static void check_places(const struct totals *t, const struct truth *want, uint64_t count) {
    char name[TOTALS_NAME_SIZE];
    char domain[32];

    for (size_t i = 0; i < BUSIEST_PLACES; i++) {
        for (size_t f = 0; f < FIGURES; f++) {
            text_format(name, sizeof name, "k.%zu.%s", i, busiest_word(&destinations_kind, f));
            expect(t, name, want->place[i].figure[f], count);
        }
        text_format(name, sizeof name, "k.%zu.name", i);
        text_format(domain, sizeof domain, "d%d.example", want->place[i].domain);
        if (totals_text(t, name)[0] != '\0' && strcmp(totals_text(t, name), domain) != 0)
            fail("another name of a destination", count);
    }
}

/* A message comes in when the queue manager has it. One that was under way when somebody without
 * the file of open messages took over is unknown from then on, or was in the queue before he
 * looked. */
static void check_ledger(const struct totals *t, const struct truth *want, uint64_t count) {
    uint64_t ended = totals_get(t, "l.sent") + totals_get(t, "l.bounced") +
                     totals_get(t, "l.expired") + totals_get(t, "l.unknown");

    if (ended > totals_get(t, "l.accepted") || totals_get(t, "l.accepted") > want->accepted)
        fail("the ledger's sum is wrong", count);
    if (!alone)
        return;
    expect(t, "l.accepted", want->accepted, count);
    expect(t, "l.sent", want->sent, count);
    expect(t, "l.bounced", want->bounced, count);
    expect(t, "l.unknown", 0, count);
}

static void check(const struct totals *t, uint64_t count) {
    const struct truth *want = truth_of(count);
    char name[TOTALS_NAME_SIZE];

    for (int c = 0; c < COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "c.%s", counter_name((enum counter)c));
        expect(t, name, want->counters.value[c], count);
    }
    expect(t, "r.skewed", want->skewed, count);
    for (size_t i = 0; i < RINGS_MINUTES; i++)
        check_bucket(t, 'm', i, &want->minute[i], count);
    for (size_t i = 0; i < RINGS_HOURS; i++)
        check_bucket(t, 'h', i, &want->hour[i], count);
    check_places(t, want, count);
    check_ledger(t, want, count);
}

/* The next line of an answer, without "$LENGTH" before it; NULL at the end. */
static char *next_text(char **at) {
    char *text, *end;

    do {
        text = *at;
        end = strstr(text, "\r\n");
        if (end == NULL)
            return NULL;
        *end = '\0';
        *at = end + 2;
    } while (text[0] == '$');
    return text;
}

/* Checks what Redis has. Returns its position in lines; 0 also when it does not answer. */
static uint64_t check_redis(void) {
    static char answer[512 * 1024];
    static struct totals have;
    uint64_t offset = 0, value, count;
    char *at = answer;

    totals_clear(&have);
    if (redis_server_talk(&server, "HGETALL rw:{chaos}:log\r\n", answer, sizeof answer) <= 0 ||
        answer[0] != '*' || !text_u64(span_of(next_text(&at) + 1), 2, 10000, &count))
        return 0;
    for (; count > 0; count -= 2) {
        const char *name = next_text(&at);
        const char *text = name != NULL ? next_text(&at) : NULL;

        if (text == NULL)
            return 0; /* it was killed meanwhile */
        if (strcmp(name, "_pos") == 0 && text[0] != '\0' &&
            sscanf(text, "v1;f;%*[^;];%" SCNu64 ";", &offset) != 1)
            fail(text, 0);
        else if (totals_is_text(span_of(name)))
            totals_set_text(&have, name, span_of(text));
        else if (name[0] != '_' && text_u64(span_of(text), 0, UINT64_MAX, &value))
            totals_set(&have, name, value);
    }
    count = lines_before(offset);
    check(&have, count);
    return count;
}

/* ---- relaywatchd ---- */

static void become_user(void) {
    const struct passwd *who = getpwnam("relaywatch");

    if (who == NULL || setgroups(0, NULL) == -1 || setgid(who->pw_gid) == -1 ||
        setuid(who->pw_uid) == -1)
        _exit(77);
}

static void path_of(char name, const char *what, char out[128]) {
    text_format(out, 128, "%s/%c/%s", folder, name, what);
}

static void daemon_make(char name) {
    const struct passwd *who = getpwnam("relaywatch");
    char path[128];
    FILE *out;

    if (who == NULL)
        fail("there is no user relaywatch", 0);
    path_of(name, "", path);
    if (mkdir(path, 0755) == -1 || chown(path, who->pw_uid, who->pw_gid) == -1)
        fail(path, 0);
    path_of(name, "conf", path);
    out = fopen(path, "w");
    if (out == NULL)
        fail(path, 0);
    fprintf(out,
            "host = chaos\nmail_log = %s/mail.log\nlog_start = beginning\nredis = unix:%s\n"
            "http_listen = 127.0.0.1:%d\nstate_dir = %s/%c\nrun_dir = %s/%c\nsasl_passwd =\n",
            folder, server.socket, port + name - 'a', folder, name, folder, name);
    fclose(out);
}

static void daemon_start(struct daemon *d) {
    char conf[128], errors[128];
    int fd;

    path_of(d->name, "conf", conf);
    path_of(d->name, "errors", errors);
    d->stopped = false;
    d->pid = fork();
    if (d->pid != 0)
        return;
    fd = open(errors, O_WRONLY | O_CREAT | O_APPEND, 0666);
    dup2(fd, STDERR_FILENO);
    become_user();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(program, program, "-c", conf, (char *)NULL);
    _exit(127);
}

static void daemon_kill(struct daemon *d) {
    if (d->pid == 0)
        return;
    kill(d->pid, SIGKILL);
    waitpid(d->pid, NULL, 0);
    d->pid = 0;
}

/* As a supervisor: starts the first again when it ended. A fenced one stays away, and the one that
 * took over is the first now; or it is started again and gives way. */
static void reap(void) {
    int status;

    for (int i = 0; i < DAEMONS; i++) {
        struct daemon *d = &daemons[i];

        if (d->pid == 0 || waitpid(d->pid, &status, WNOHANG) != d->pid)
            continue;
        d->pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
            fenced++;
        else if (WIFEXITED(status) && WEXITSTATUS(status) == 75)
            newborn++;
        else if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            fail("a relaywatchd ended by itself", (uint64_t)status);
    }
    if (daemons[0].pid == 0 && daemons[1].pid != 0) {
        struct daemon first = daemons[0];

        daemons[0] = daemons[1];
        daemons[1] = first;
    }
    if (daemons[0].pid == 0)
        daemon_start(&daemons[0]);
}

static void forget(char name, const char *what) {
    char path[128];

    path_of(name, what, path);
    unlink(path);
}

/* ---- cycles ---- */

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text);

    return n >= strlen(end) && strcmp(text + n - strlen(end), end) == 0;
}

/* The file that Redis appends to: before version 7 "appendonly.aof". Not its base, which may not be
 * cut. */
static int cut_file(const char *path, const struct stat *status, int type, struct FTW *at) {
    off_t cut = rand() % (rand() % 3 == 0 ? 100000 : 1000);

    (void)type, (void)at;
    if ((ends_with(path, ".incr.aof") || ends_with(path, "/appendonly.aof")) &&
        S_ISREG(status->st_mode) &&
        truncate(path, status->st_size > cut ? status->st_size - cut : 0) == -1)
        fail("truncate", (uint64_t)cut);
    return 0;
}

static void redis_start(void) {
    static const char *const more[] = {"--unixsocketperm", "777", NULL};

    redis_server_start(&server, more);
}

static const char *redis_trouble(void) {
    switch (rand() % 5) {
    case 0:
        redis_server_ask(&server, "FLUSHALL");
        return "redis emptied";
    case 1:
        redis_server_stop(&server);
        redis_server_wipe(&server);
        redis_start();
        return "redis wiped";
    case 2:
        kill(server.pid, SIGSTOP);
        redis_server_pause(rand() % 8 == 0 ? 2300 : rand() % 300);
        if (rand() % 3 == 0)
            daemon_kill(&daemons[0]);
        kill(server.pid, SIGCONT);
        return "redis stopped for a while";
    default:
        redis_server_stop(&server);
        if (rand() % 2)
            nftw(server.folder, cut_file, 8, FTW_PHYS);
        if (rand() % 3 == 0)
            daemon_kill(&daemons[0]);
        redis_server_pause(rand() % 300);
        redis_start();
        return "redis killed, perhaps cut";
    }
}

/* Where this machine was cloned, or paused and comes back. */
static const char *second_daemon(void) {
    bool pause = rand() % 2;

    if (daemons[1].pid != 0)
        return "none: there are two";
    if (rand() % 8 != 0)
        forget(daemons[1].name, "fenced"); /* else it gives way */
    if (rand() % 2)
        forget(daemons[1].name, "log.slot");
    if (pause)
        kill(daemons[0].pid, SIGSTOP);
    daemon_start(&daemons[1]);
    redis_server_pause(100 + rand() % 300);
    if (pause)
        kill(daemons[0].pid, SIGCONT);
    return pause ? "second relaywatchd, the first was paused" : "second relaywatchd";
}

static const char *cycle(void) {
    unsigned kind = (unsigned)rand() % 32;

    reap();

    if (daemons[1].pid != 0 && rand() % 4 == 0) {
        daemon_kill(&daemons[rand() % 2]);
        reap();
    }
    if (kind < 12) {
        daemon_kill(&daemons[0]);
        if (rand() % 8 == 0)
            forget(daemons[0].name, "log.slot");
        return "relaywatchd killed";
    }
    if (kind < 15) {
        kill(daemons[0].pid, SIGSTOP);
        redis_server_pause(rand() % 8 == 0 ? 2300 : rand() % 300);
        kill(daemons[0].pid, rand() % 2 ? SIGKILL : SIGCONT);
        return "relaywatchd stopped for a while";
    }
    if (kind == 15) {
        redis_server_stop(&server);
        redis_server_wipe(&server);
        daemon_kill(&daemons[0]);
        forget(daemons[0].name, "log.slot");
        redis_start();
        return "all is gone but the log";
    }
    return kind < 20 && !alone ? second_daemon() : redis_trouble();
}

static bool settle(void) {
    int64_t end_ms = clock_mono_ms() + LIMIT_MS;

    while (clock_mono_ms() < end_ms) {
        reap();
        if (check_redis() == lines)
            return true;
        redis_server_pause(20);
    }
    return false;
}

static void begin(void) {
    char path[128];

    began_ms = clock_wall_ms() - INT64_C(12) * 60 * MINUTE_MS;
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) == -1)
        fail("mkdtemp", 0);
    text_format(path, sizeof path, "%s/mail.log", folder);
    log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    redis_server_init(&server);
    if (log_fd == -1 || chmod(path, 0644) == -1 || chmod(server.folder, 0755) == -1)
        fail(path, 0);
    redis_start();
    port = 20000 + rand() % 20000;
    for (int i = 0; i < DAEMONS; i++)
        daemon_make(daemons[i].name);
}

static int remove_any(const char *path, const struct stat *status, int type, struct FTW *at) {
    (void)status, (void)type, (void)at;
    return remove(path);
}

static void end(void) {
    for (int i = 0; i < DAEMONS; i++)
        daemon_kill(&daemons[i]);
    redis_server_clear(&server);
    nftw(folder, remove_any, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
    uint64_t cycles = 60, seed = 1, checks = 0;

    if (argc < 2 || (argc > 2 && !text_u64(span_of(argv[2]), 1, 1000000, &cycles)) ||
        (argc > 3 && !text_u64(span_of(argv[3]), 0, UINT32_MAX, &seed))) {
        fprintf(stderr, "usage: chaos_daemon RELAYWATCHD [CYCLES [SEED]]\n");
        return 64;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    program = argv[1];
    srand((unsigned)seed);
    alone = seed % 2 != 0;
    begin();
    for (uint64_t i = 0; i < cycles; i++) {
        uint64_t before = lines, at;
        const char *what;

        reap();
        for (int k = 2 + rand() % 50; k >= 0; k--) {
            log_grow((uint64_t)(rand() % 40));
            redis_server_pause(5);
            if (k % 8 == 0)
                checks += check_redis() != 0;
        }
        what = cycle();
        at = check_redis();
        printf("cycle %" PRIu64 ": %s, lines %" PRIu64 " to %" PRIu64 ", redis at %" PRIu64 "\n",
               i + 1, what, before, lines, at);
    }
    if (!settle())
        fail("it does not settle", check_redis());
    printf("chaos_daemon: %" PRIu64 " cycles, %" PRIu64 " lines, %" PRIu64 " checks, %" PRIu64
           " fenced, %" PRIu64 " born again: 0 lost, 0 double\n",
           cycles, lines, checks, fenced, newborn);
    end();
    return 0;
}
