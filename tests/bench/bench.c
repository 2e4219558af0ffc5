/* bench [-r ROUNDS] FILE: what a line of the log costs, as ratios to a bare tokeniser.
 *
 * The file is mapped and read once beforehand. In each round all stages run in turn over the whole
 * of it, so that whatever else the machine does meets them all; CPU time is taken, not time, and
 * the median of the rounds is printed. README.md tells the stages. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "clock.h"
#include "diagnose.h"
#include "delays.h"
#include "destinations.h"
#include "health.h"
#include "history.h"
#include "ledger.h"
#include "logline.h"
#include "relayhosts.h"
#include "rings.h"

enum { ROUNDS_MOST = 99, LINES_A_BATCH = 800, TOKENS_MOST = 64, STAGES = 6, TOKENS = 1 };

struct bench {
    struct span text;
    struct diagnoser *diagnoser;
    struct ledger *ledger;
    struct history *history;
    struct delays delays;
    struct logline_clock clock;
    struct health health;
    struct rings rings;
    struct busiest destinations;
    struct relayhosts relayhosts;
    struct counters counters;
    struct mailev ev; /* here, as the compiler's flags would zero one on the stack for each line */
    struct span token[TOKENS_MOST];
    uint64_t events;
    uint64_t sum; /* of what a stage found: it has to look */
};

struct tokens {
    const char *begin; /* of the one that is read */
    size_t count;      /* in this line */
    uint64_t lines;
};

static double cpu_s(void) {
    struct timespec t;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == -1)
        abort();
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_newline(struct bench *b, struct span line) {
    b->sum += line.n;
}

static void parse(struct bench *b, struct span line) {
    logline_parse(line, &b->clock, &b->ev);
    b->sum += b->ev.counters;
}

static void parse_and_diagnose(struct bench *b, struct span line) {
    parse(b, line);
    b->ev.diagnosis = diagnose_event(b->diagnoser, &b->ev);
    b->sum += b->ev.diagnosis;
}

static void parse_and_count(struct bench *b, struct span line) {
    parse_and_diagnose(b, line);
    counters_add(&b->counters, b->ev.counters);
}

static void on_change(const struct open_change *change, void *arg) {
    struct bench *b = arg;

    b->sum += change->id;
}

/* on_line() and on_event() of monitor/daemon/daemon.c. */
static void on_event(struct bench *b, struct span line) {
    struct ledger_noted noted;

    parse_and_count(b, line);
    rings_add(&b->rings, b->ev.counters, b->ev.time_ms, b->clock.now_ms);
    destinations_note(&b->destinations, &b->ev);
    relayhosts_note(&b->relayhosts, &b->ev);
    noted = ledger_note(b->ledger, &b->ev);
    if (noted.id != 0) {
        history_note(b->history, &b->ev, noted.id);
        delays_note(&b->delays, &b->ev, noted.retried, b->clock.now_ms);
    }
    if (++b->events % LINES_A_BATCH == 0)
        (void)ledger_commit(b->ledger, on_change, b);
    health_note(&b->health, &b->ev, b->ev.time_ms);
}

static const struct stage {
    const char *name;
    void (*on_line)(struct bench *b, struct span line);
} stages[STAGES] = {
    {"lines", on_newline},      [TOKENS] = {"tokens", NULL},
    {"parse", parse},           {"diagnose", parse_and_diagnose},
    {"count", parse_and_count}, {"event", on_event},
};

/* Ends the token, or with `ends_line` also the line, that ends at p. */
static inline void end_token(struct bench *b, struct tokens *t, const char *p, bool ends_line) {
    if (t->count < TOKENS_MOST)
        b->token[t->count++] = (struct span){t->begin, (size_t)(p - t->begin)};
    t->begin = p + 1;
    if (!ends_line)
        return;
    b->sum += t->count;
    t->count = 0;
    t->lines++;
}

/* The bound: one pass that knows of spaces and line feeds only. */
static uint64_t run_tokens(struct bench *b) {
    const char *p = b->text.p;
    const char *end = b->text.p + b->text.n;
    struct tokens t = {.begin = p};

#ifdef __SSE2__
    for (; p + 16 <= end; p += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned feeds = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\n')));
        unsigned ends =
            feeds | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(' ')));

        for (; ends != 0; ends &= ends - 1) {
            int i = __builtin_ctz(ends);

            end_token(b, &t, p + i, (feeds >> i & 1) != 0);
        }
    }
#endif
    for (; p < end; p++) {
        if (*p == ' ' || *p == '\n')
            end_token(b, &t, p, *p == '\n');
    }
    if (t.begin < end)
        end_token(b, &t, end, true);
    return t.lines;
}

/* Runs one stage over the text; returns the lines. */
static uint64_t run(struct bench *b, void (*on_line)(struct bench *b, struct span line)) {
    const char *p = b->text.p;
    const char *end = b->text.p + b->text.n;
    uint64_t lines = 0;

    while (p < end) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        const char *stop = feed != NULL ? feed : end;

        on_line(b, (struct span){p, (size_t)(stop - p)});
        p = stop + 1;
        lines++;
    }
    return lines;
}

static int compare(const void *a, const void *b) {
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

static struct span map_file(const char *path) {
    struct stat st;
    void *p;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1 || fstat(fd, &st) == -1 || st.st_size == 0) {
        perror(path);
        exit(1);
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(fd);
    return (struct span){p, (size_t)st.st_size};
}

static void print(const struct bench *b, uint64_t lines, double cost_s[STAGES]) {
    printf("%llu lines, %.1f bytes a line\n", (unsigned long long)lines,
           (double)b->text.n / (double)lines);
    printf("%-10s %14s %10s %16s\n", "stage", "lines/s", "ns/line", "ratio to tokens");
    for (int i = 0; i < STAGES; i++)
        printf("%-10s %14.0f %10.1f %16.3f\n", stages[i].name, (double)lines / cost_s[i],
               cost_s[i] * 1e9 / (double)lines, cost_s[TOKENS] / cost_s[i]);
}

/* What was allocated, without the mapped file. */
static void print_memory(void) {
    char line[128];
    FILE *file = fopen("/proc/self/status", "re");

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0)
            printf("memory of the counting: %s", line + 8);
    }
    if (file != NULL)
        fclose(file);
}

int main(int argc, char **argv) {
    static struct bench b;
    static double cost_s[STAGES][ROUNDS_MOST];
    const struct hash_key key = {{1, 2}};
    double medians[STAGES];
    uint64_t lines = 0;
    int rounds = 7;
    int option;

    while ((option = getopt(argc, argv, "r:")) != -1)
        rounds = option == 'r' ? (int)strtol(optarg, NULL, 10) : 0;
    if (optind + 1 != argc || rounds < 1 || rounds > ROUNDS_MOST) {
        fprintf(stderr, "usage: bench [-r rounds] file\n");
        return 64;
    }
    b.text = map_file(argv[optind]);
    b.diagnoser = diagnoser_new();
    b.ledger = ledger_new(&key, NULL, NULL);
    b.history = history_new(16000, &key);
    logline_clock_init(&b.clock);
    b.clock.now_ms = clock_wall_ms();
    (void)run(&b, on_newline); /* pages and caches */
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < STAGES; i++) {
            double start_s = cpu_s();

            lines = i == TOKENS ? run_tokens(&b) : run(&b, stages[i].on_line);
            cost_s[i][round] = cpu_s() - start_s;
        }
    }
    for (int i = 0; i < STAGES; i++)
        medians[i] = median(cost_s[i], rounds);
    print(&b, lines, medians);
    print_memory();
    printf("(checked: %llu lines counted, sum %llx)\n",
           (unsigned long long)b.counters.value[COUNTER_LINES], (unsigned long long)b.sum);
    history_free(&b.history);
    ledger_free(&b.ledger);
    diagnoser_free(&b.diagnoser);
    return 0;
}
