/* Chaos for the counting protocol: chaos_store [CYCLES [SEED]]. A writer process counts an endless
 * log whose line i is known by its number, with its time, through rings.c, store.c and slot.c into
 * a real redis-server. Each cycle kills the writer or Redis, cuts the end off Redis' file, empties
 * it, lets it hang or starts a second writer. All the time the totals in Redis, and each minute and
 * hour of the rings, must be those of the position beside them, and at the end those of the whole
 * log. Exit status 0: not a line lost or counted twice. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "redis_server.h"

#include "clock.h"
#include "log.h"
#include "owner.h"
#include "text.h"

#include "rings.h"
#include "slot.h"
#include "store.h"

enum { KINDS = 8, WRITERS = 2, LINES_PER_MS = 20, LINE_MS = 4000, MINUTE_MS = 60000 };

#define LOG_BEGAN_MS (INT64_C(29800000) * MINUTE_MS)

struct world {
    volatile uint64_t end;  /* lines that were written so far */
    volatile uint64_t read; /* by all writers together: to see that they work */
};

struct writer {
    struct loop *loop;
    struct loop_timer *timer;
    struct store *store;
    struct store_stream *stream;
    struct totals now;
    struct rings rings;
    uint64_t position;
    int64_t late_ms; /* how long after a line was written this process reads it */
    int64_t saved_ms;
    bool started;
    int status;
};

static struct world *world;
static struct redis_server server;
static char slot_path[128];

static uint64_t mixed(uint64_t i) {
    i *= UINT64_C(0x9e3779b97f4a7c15);
    return i ^ i >> 32;
}

/* Which counter line i is about: the first of enum counter. */
static unsigned kind_of(uint64_t i) {
    return (unsigned)mixed(i) % KINDS;
}

/* When line i is written, and what stands in it: mostly the same, some are late, some have no time
 * or one of next year. */
static int64_t written_ms(uint64_t i) {
    return LOG_BEGAN_MS + (int64_t)i * LINE_MS;
}

static int64_t event_ms(uint64_t i) {
    uint64_t random = mixed(i + 1000000007);

    if (random % 97 == 0)
        return 0;
    if (random % 89 == 0)
        return written_ms(i) + INT64_C(365) * 24 * 60 * MINUTE_MS;
    if (random % 16 == 0)
        return written_ms(i) - (int64_t)(random / 16 % (90 * MINUTE_MS));
    return written_ms(i);
}

static void kind_name(unsigned kind, char out[TOTALS_NAME_SIZE]) {
    text_format(out, TOTALS_NAME_SIZE, "c.kind%u", kind);
}

static void fail(const char *what, uint64_t position) {
    fprintf(stderr, "chaos_store: %s at position %" PRIu64 "\n", what, position);
    exit(1);
}

/* ---- what must be ---- */

struct bucket {
    uint64_t t;
    uint64_t count[KINDS];
};

struct truth {
    uint64_t position;
    uint64_t count[KINDS];
    uint64_t skewed;
    struct bucket minute[RINGS_MINUTES], hour[RINGS_HOURS];
};

static void bucket_add(struct bucket *bucket, uint64_t t, unsigned kind) {
    if (t > bucket->t)
        *bucket = (struct bucket){.t = t};
    if (t == bucket->t)
        bucket->count[kind]++;
}

/* Of the first `position` lines. */
static const struct truth *truth_of(uint64_t position) {
    static struct truth truth;

    if (position < truth.position)
        memset(&truth, 0, sizeof truth);
    for (; truth.position < position; truth.position++) {
        uint64_t i = truth.position;
        uint64_t minute = (uint64_t)event_ms(i) / MINUTE_MS;
        unsigned kind = kind_of(i);

        truth.count[kind]++;
        if (minute == 0 || event_ms(i) > written_ms(i)) {
            truth.skewed++;
            continue;
        }
        bucket_add(&truth.minute[minute % RINGS_MINUTES], minute, kind);
        bucket_add(&truth.hour[minute / 60 % RINGS_HOURS], minute / 60, kind);
    }
    return &truth;
}

static bool has_bucket(const struct totals *t, char ring, size_t slot, const struct bucket *want) {
    char name[TOTALS_NAME_SIZE];

    text_format(name, sizeof name, "%c.%zu.t", ring, slot);
    if (totals_get(t, name) != want->t)
        return false;
    for (unsigned k = 0; k < COUNTER_COUNT; k++) {
        text_format(name, sizeof name, "%c.%zu.%s", ring, slot, counter_name((enum counter)k));
        if (totals_get(t, name) != (k < KINDS ? want->count[k] : 0))
            return false;
    }
    return true;
}

static void check(const struct totals *t, uint64_t position, const char *whose) {
    const struct truth *want = truth_of(position);
    char name[TOTALS_NAME_SIZE];
    bool fits = totals_get(t, "r.skewed") == want->skewed;

    for (unsigned k = 0; k < KINDS; k++) {
        kind_name(k, name);
        fits = fits && totals_get(t, name) == want->count[k];
    }
    if (!fits)
        fail(whose, position);
    for (size_t i = 0; i < RINGS_MINUTES; i++)
        fits = fits && has_bucket(t, 'm', i, &want->minute[i]);
    for (size_t i = 0; i < RINGS_HOURS; i++)
        fits = fits && has_bucket(t, 'h', i, &want->hour[i]);
    if (!fits) {
        fprintf(stderr, "chaos_store: the rings:\n");
        fail(whose, position);
    }
}

/* ---- the writer process ---- */

static void save(struct writer *w) {
    struct totals saved;
    struct fault why;

    store_stream_snapshot(w->stream, &saved);
    if (slot_save(slot_path, &saved, &why) == -1)
        fail(why.text, w->position);
    w->saved_ms = clock_mono_ms();
}

static void on_start(const struct totals *from, void *arg) {
    struct writer *w = arg;

    w->now = *from;
    w->started = true;
    if (from->position[0] != '\0' &&
        !text_u64(span_of(from->position), 0, UINT64_MAX, &w->position))
        fail("bad position", 0);
    check(from, w->position, "a writer starts from wrong totals");
    rings_restore(&w->rings, &w->now);
    save(w);
}

static void on_fenced(const char *rival, void *arg) {
    struct writer *w = arg;

    (void)rival;
    w->status = 3;
    loop_stop(w->loop);
}

static void on_lineage(bool newborn, void *arg) {
    struct writer *w = arg;

    w->status = newborn ? 75 : 4;
    loop_stop(w->loop);
}

static void on_time(void *arg) {
    struct writer *w = arg;
    uint64_t stop = w->position + LINES_PER_MS;
    char name[TOTALS_NAME_SIZE];

    loop_timer_set(w->timer, 1);
    if (!w->started || w->position >= world->end)
        return;
    for (; w->position < stop && w->position < world->end; w->position++) {
        kind_name(kind_of(w->position), name);
        totals_set(&w->now, name, totals_get(&w->now, name) + 1);
        rings_add(&w->rings, COUNTER_BIT(kind_of(w->position)), event_ms(w->position),
                  written_ms(w->position) + w->late_ms);
        world->read++;
    }
    rings_put(&w->rings, &w->now);
    text_format(w->now.position, sizeof w->now.position, "%" PRIu64, w->position);
    store_publish(w->stream, &w->now);
    if (clock_mono_ms() - w->saved_ms > 100)
        save(w);
}

static int writer_run(void) {
    static struct writer w;
    struct conf conf = {.host = "chaos"};
    struct store_stream_calls calls = {on_start, on_fenced, on_lineage, &w};
    struct totals local;
    struct fault why;
    char owner[OWNER_SIZE];
    int none = slot_load(slot_path, &local, &why);

    if (none == -1)
        fail(why.text, 0);
    w.late_ms = clock_mono_ms() % 97 * MINUTE_MS;
    text_format(conf.redis, sizeof conf.redis, "unix:%s", server.socket);
    owner_make(owner, sizeof owner);
    w.loop = loop_new(&why);
    if (w.loop == NULL)
        fail(why.text, 0);
    w.timer = loop_timer_new(w.loop, on_time, &w);
    w.store = store_new(w.loop, &conf, owner);
    w.stream = store_stream_new(w.store, "log", none == 0 ? &local : NULL, false, &calls);
    loop_timer_set(w.timer, 0);
    loop_run(w.loop);
    store_free(&w.store);
    loop_timer_free(&w.timer);
    loop_free(&w.loop);
    return w.status;
}

static pid_t writer_start(void) {
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(writer_run());
    }
    return pid;
}

/* ---- the parent ---- */

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

/* The totals in Redis are those of the position there. Returns the position; 0 also when Redis does
 * not answer. */
static uint64_t check_redis(void) {
    static char answer[256 * 1024];
    static struct totals have;
    uint64_t position = 0, value, count;
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
        if (strcmp(name, "_pos") == 0 && text[0] != '\0')
            sscanf(text, "%" SCNu64, &position);
        else if (name[0] != '_' && text_u64(span_of(text), 0, UINT64_MAX, &value))
            totals_set(&have, name, value);
    }
    check(&have, position, "Redis has wrong totals");
    return position;
}

static void reap(pid_t writer[WRITERS], uint64_t fenced_out[2]) {
    int status;

    for (int i = 0; i < WRITERS; i++) {
        if (writer[i] == 0 || waitpid(writer[i], &status, WNOHANG) != writer[i])
            continue;
        writer[i] = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
            fenced_out[0]++;
        else if (WIFEXITED(status) && WEXITSTATUS(status) == 75)
            fenced_out[1]++;
        else
            fail("a writer ended by itself", (uint64_t)status);
    }
    if (writer[0] == 0) {
        writer[0] = writer[1];
        writer[1] = 0;
    }
    if (writer[0] == 0)
        writer[0] = writer_start();
}

static void writer_kill(pid_t *writer) {
    if (*writer == 0)
        return;
    kill(*writer, SIGKILL);
    waitpid(*writer, NULL, 0);
    *writer = 0;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text);

    return n >= strlen(end) && strcmp(text + n - strlen(end), end) == 0;
}

/* The file that Redis appends to: before version 7 "appendonly.aof". Not its base, which may not be
 * cut. */
static int cut_file(const char *path, const struct stat *status, int type, struct FTW *at) {
    off_t cut = rand() % 600;

    (void)type, (void)at;
    if ((ends_with(path, ".incr.aof") || ends_with(path, "/appendonly.aof")) &&
        S_ISREG(status->st_mode) &&
        truncate(path, status->st_size > cut ? status->st_size - cut : 0) == -1)
        fail("truncate", (uint64_t)cut);
    return 0;
}

static const char *cycle(pid_t writer[WRITERS]) {
    int cut = rand() % 2;

    switch (rand() % 12) {
    case 0:
    case 1:
    case 2:
        writer_kill(&writer[0]);
        return "writer killed";
    case 3:
    case 4:
    case 5:
        redis_server_stop(&server);
        if (cut)
            nftw(server.folder, cut_file, 8, FTW_PHYS);
        if (rand() % 3 == 0)
            writer_kill(&writer[0]);
        redis_server_pause(rand() % 300);
        redis_server_start(&server, NULL);
        return cut ? "redis killed and cut" : "redis killed";
    case 6:
        redis_server_ask(&server, "FLUSHALL");
        return "emptied";
    case 7:
        redis_server_stop(&server);
        redis_server_wipe(&server);
        redis_server_start(&server, NULL);
        return "redis wiped";
    case 8:
        kill(server.pid, SIGSTOP);
        redis_server_pause(rand() % 4 == 0 ? 2200 : 200);
        if (cut)
            writer_kill(&writer[0]);
        kill(server.pid, SIGCONT);
        return "redis hung";
    default:
        if (writer[1] == 0)
            writer[1] = writer_start();
        return "second writer";
    }
}

static bool settle(pid_t writer[WRITERS], uint64_t fenced_out[2]) {
    for (int i = 0; i < 400; i++) {
        reap(writer, fenced_out);
        if (check_redis() == world->end)
            return true;
        redis_server_pause(50);
    }
    return false;
}

int main(int argc, char **argv) {
    uint64_t cycles = 60;
    uint64_t seed = 1;
    uint64_t ended[2] = {0};
    pid_t writer[WRITERS] = {0};

    if ((argc > 1 && !text_u64(span_of(argv[1]), 1, 1000000, &cycles)) ||
        (argc > 2 && !text_u64(span_of(argv[2]), 0, UINT32_MAX, &seed))) {
        fprintf(stderr, "usage: chaos_store [CYCLES [SEED]]\n");
        return 64;
    }
    log_open("chaos_store", LOG_LEVEL_ERROR);
    setvbuf(stdout, NULL, _IOLBF, 0);
    srand((unsigned)seed);
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (world == MAP_FAILED)
        return 71;
    redis_server_init(&server);
    text_format(slot_path, sizeof slot_path, "%s.slot", server.folder);
    redis_server_start(&server, NULL);
    for (uint64_t i = 0; i < cycles; i++) {
        uint64_t before = world->end;
        const char *what;

        reap(writer, ended);
        for (int k = rand() % 60; k >= 0; k--) {
            world->end += (uint64_t)(rand() % 60);
            redis_server_pause(5);
        }
        what = cycle(writer);
        printf("cycle %" PRIu64 ": %s, lines %" PRIu64 " to %" PRIu64 ", redis at %" PRIu64 "\n",
               i + 1, what, before, world->end, check_redis());
    }
    if (!settle(writer, ended))
        fail("it does not settle", check_redis());
    printf("chaos_store: %" PRIu64 " cycles, %" PRIu64 " lines (%" PRIu64 " read), %" PRIu64
           " writers fenced, %" PRIu64 " born twice: 0 lost, 0 double\n",
           cycles, world->end, world->read, ended[0], ended[1]);
    writer_kill(&writer[0]);
    writer_kill(&writer[1]);
    redis_server_clear(&server);
    unlink(slot_path);
    return 0;
}
