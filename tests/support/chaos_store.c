/* Chaos for the counting protocol: chaos_store [CYCLES [SEED]]. A writer process counts an endless
 * log whose line i is known by its number, through store.c and slot.c into a real redis-server.
 * Each cycle kills the writer or Redis, cuts the end off Redis' file, empties it, lets it hang or
 * starts a second writer. All the time the totals in Redis must be those of the position beside
 * them, and at the end those of the whole log. Exit status 0: not a line lost or counted twice. */
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
#include "text.h"

#include "slot.h"
#include "store.h"

enum { KINDS = 8, WRITERS = 2, LINES_PER_MS = 20 };

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
    uint64_t position;
    int64_t saved_ms;
    bool started;
    int status;
};

static struct world *world;
static struct redis_server server;
static char slot_path[128];

/* Which counter line i is about. */
static unsigned kind_of(uint64_t i) {
    i *= UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(i >> 32) % KINDS;
}

static void kind_name(unsigned kind, char out[16]) {
    text_format(out, 16, "c.kind%u", kind);
}

static void fail(const char *what, uint64_t position) {
    fprintf(stderr, "chaos_store: %s at position %" PRIu64 "\n", what, position);
    exit(1);
}

static void count_upto(uint64_t position, uint64_t count[KINDS]) {
    memset(count, 0, KINDS * sizeof count[0]);
    for (uint64_t i = 0; i < position; i++)
        count[kind_of(i)]++;
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
    uint64_t want[KINDS];
    char name[16];

    w->now = *from;
    w->started = true;
    if (from->position[0] != '\0' &&
        !text_u64(span_of(from->position), 0, UINT64_MAX, &w->position))
        fail("bad position", 0);
    count_upto(w->position, want);
    for (unsigned k = 0; k < KINDS; k++) {
        kind_name(k, name);
        if (totals_get(from, name) != want[k])
            fail("a writer starts from wrong totals", w->position);
    }
    save(w);
}

static void on_fenced(void *arg) {
    struct writer *w = arg;

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
    char name[16];

    loop_timer_set(w->timer, 1);
    if (!w->started || w->position >= world->end)
        return;
    for (; w->position < stop && w->position < world->end; w->position++) {
        kind_name(kind_of(w->position), name);
        totals_set(&w->now, name, totals_get(&w->now, name) + 1);
        world->read++;
    }
    text_format(w->now.position, sizeof w->now.position, "%" PRIu64, w->position);
    store_publish(w->stream, &w->now);
    if (clock_mono_ms() - w->saved_ms > 100)
        save(w);
}

static int writer_run(void) {
    struct conf conf = {.host = "chaos"};
    struct writer w = {0};
    struct store_stream_calls calls = {on_start, on_fenced, on_lineage, &w};
    struct totals local;
    struct fault why;
    char owner[96];
    int none = slot_load(slot_path, &local, &why);

    if (none == -1)
        fail(why.text, 0);
    text_format(conf.redis, sizeof conf.redis, "unix:%s", server.socket);
    store_make_owner(owner, sizeof owner);
    w.loop = loop_new(&why);
    if (w.loop == NULL)
        fail(why.text, 0);
    w.timer = loop_timer_new(w.loop, on_time, &w);
    w.store = store_new(w.loop, &conf, owner);
    w.stream = store_stream_new(w.store, "log", none == 0 ? &local : NULL, &calls);
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

/* The totals in Redis are those of the position there. Returns the position; 0 also when Redis does
 * not answer. */
static uint64_t check_redis(void) {
    char command[256];
    char answer[2048];
    uint64_t have[KINDS + 1] = {0};
    uint64_t want[KINDS];
    char *line = answer;
    size_t n;

    n = (size_t)snprintf(command, sizeof command, "HMGET rw:{chaos}:log _pos");
    for (unsigned k = 0; k < KINDS; k++)
        n += (size_t)snprintf(command + n, sizeof command - n, " c.kind%u", k);
    snprintf(command + n, sizeof command - n, "\r\n");
    if (redis_server_talk(&server, command, answer, sizeof answer) <= 0 || answer[0] != '*')
        return 0;
    for (unsigned i = 0; i <= KINDS; i++) { /* "$3\r\n123\r\n", or "$-1\r\n" where there is none */
        line = strchr(line, '\n') + 1;
        if (strncmp(line, "$-1", 3) == 0)
            continue;
        if (strncmp(line, "$0", 2) != 0)
            sscanf(strchr(line, '\n') + 1, "%" SCNu64, &have[i]);
        line = strchr(line, '\n') + 1;
    }
    count_upto(have[0], want);
    if (memcmp(want, have + 1, sizeof want) != 0)
        fail("Redis has wrong totals", have[0]);
    return have[0];
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
