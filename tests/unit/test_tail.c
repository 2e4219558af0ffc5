/* Real files in a folder of their own, a real loop. A scenario is a text of one-letter steps; it is
 * run with the tail up all the time, and again with the tail down (as after kill -9: only the last
 * told position is kept) during each stretch of steps. Every line has a number; at the end each
 * must have come exactly once. */
#include "tail.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "position.h"

enum { LINES = 200000, QUIET_MS = 120, LIMIT_MS = 3000 };

static const struct hash_key key = {{0x0123456789abcdef, 0xfedcba9876543210}};

struct world {
    char folder[64];
    char path[96];
    struct loop *loop;
    struct tail *tail;
    struct loop_timer *limit;
    bool hints;
    bool stamps;
    int writer;
    int written; /* lines so far, their numbers are 0.. */
    int rotated;
    char position[POSITION_TEXT];
    unsigned char *seen;
    int lines; /* handed over */
    int odd;   /* lines without a number */
    int want;
    bool timed_out;
    char events[4096];
    char last[200];
};

static int64_t on_stamp(struct span line, void *arg) {
    const char *at = span_find(line, "#");

    (void)arg;
    return at == NULL ? -1 : 1700000000000 + 1000 * (int64_t)atoi(at + 1);
}

static void on_line(struct span line, void *arg) {
    struct world *w = arg;
    const char *at = span_find(line, "#");
    int number = at != NULL ? atoi(at + 1) : -1; /* a test: the line ends with '.' */

    text_copy_span(w->last, sizeof w->last, line);
    if (number < 0 || number >= LINES || line.p[line.n - 1] != '.') {
        w->odd++;
        return;
    }
    w->seen[number]++;
    w->lines++;
    if (w->stamps)
        tail_note_time(w->tail, on_stamp(line, w));
    if (w->want > 0 && w->lines >= w->want)
        loop_stop(w->loop);
}

static void on_batch(void *arg) {
    struct world *w = arg;

    tail_position(w->tail, w->position, sizeof w->position);
}

static void on_event(const char *what, const char *detail, void *arg) {
    struct world *w = arg;
    size_t n = strlen(w->events);

    (void)detail;
    text_format(w->events + n, sizeof w->events - n, "%s ", what);
}

static void on_limit(void *arg) {
    struct world *w = arg;

    w->timed_out = true;
    loop_stop(w->loop);
}

static void start(struct world *w, const char *position, bool from_beginning) {
    struct tail_calls calls = {
        .on_line = on_line, .on_batch = on_batch, .on_event = on_event, .arg = w};

    if (w->stamps)
        calls.on_stamp = on_stamp;
    w->tail = tail_new(w->loop, w->path, &key, &calls);
    tail_set_quiet_ms(w->tail, QUIET_MS);
    tail_set_hints(w->tail, w->hints);
    tail_start(w->tail, position, from_beginning);
}

/* As kill -9 does: what was not told by on_batch is forgotten, also that lines were seen. */
static void stop(struct world *w) {
    tail_free(&w->tail);
}

static void run_ms(struct world *w, int64_t ms) {
    w->timed_out = false;
    loop_timer_set(w->limit, ms);
    loop_run(w->loop);
    loop_timer_cancel(w->limit);
}

static void run_until(struct world *w, int lines) {
    w->want = lines;
    if (w->lines < lines)
        run_ms(w, LIMIT_MS);
    w->want = 0;
}

static void world_open(struct world *w) {
    struct fault why;

    *w = (struct world){.writer = -1, .hints = true};
    strcpy(w->folder, "/var/tmp/test_tail.XXXXXX");
    cr_assert_not_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/mail.log", w->folder);
    w->loop = loop_new(&why);
    w->limit = loop_timer_new(w->loop, on_limit, w);
    w->seen = calloc(LINES, 1);
}

static void empty_folder(const char *folder) {
    DIR *d = opendir(folder);
    struct dirent *entry;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        char path[400];

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(d);
}

static void world_close(struct world *w) {
    tail_free(&w->tail);
    loop_timer_free(&w->limit);
    loop_free(&w->loop);
    if (w->writer != -1)
        close(w->writer);
    empty_folder(w->folder);
    rmdir(w->folder);
    free(w->seen);
}

static void put(int fd, const char *text, size_t n) {
    cr_assert_eq(write(fd, text, n), (ssize_t)n);
}

static void write_lines(struct world *w, int fd, int count) {
    char line[200];

    for (int i = 0; i < count; i++) {
        int n = snprintf(line, sizeof line,
                         "Sep  3 10:00:00 mx postfix/smtp[77]: 4F3A: to=<u@example.com>, #%d.\n",
                         w->written++);

        put(fd, line, (size_t)n);
    }
}

static void open_writer(struct world *w) {
    if (w->writer != -1)
        close(w->writer);
    w->writer = open(w->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    cr_assert_neq(w->writer, -1);
}

static void name(const struct world *w, char *out, size_t size, int number, const char *end) {
    snprintf(out, size, "%s.%d%s", w->path, number, end);
}

/* mail.log.N -> mail.log.N+1, also .gz */
static void shift(const struct world *w) {
    for (int i = 9; i > 0; i--) {
        char from[128];
        char to[128];

        name(w, from, sizeof from, i, "");
        name(w, to, sizeof to, i + 1, "");
        rename(from, to);
        name(w, from, sizeof from, i, ".gz");
        name(w, to, sizeof to, i + 1, ".gz");
        rename(from, to);
    }
}

static void make(const char *path) {
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static void rotate(struct world *w) {
    char to[128];

    shift(w);
    name(w, to, sizeof to, 1, "");
    cr_assert_eq(rename(w->path, to), 0);
    make(w->path);
}

static void rotate_dated(struct world *w) {
    char to[128];

    snprintf(to, sizeof to, "%s-202609%02d", w->path, ++w->rotated);
    cr_assert_eq(rename(w->path, to), 0);
    make(w->path);
}

/* As somebody's own script does: to a name that logrotate does not make. Then the files' times tell
 * the order, which have steps of 10 ms at worst. */
static void rotate_as(struct world *w, const char *end) {
    char to[128];

    usleep(12000);
    snprintf(to, sizeof to, "%s%s%d", w->path, end, ++w->rotated);
    cr_assert_eq(rename(w->path, to), 0);
    make(w->path);
}

static void run_program(const char *program, const char *first, const char *second) {
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execlp(program, program, first, second, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    cr_assert_eq(status, 0, "%s %s", program, first);
}

static void copy_truncate(struct world *w) {
    char to[128];

    shift(w);
    name(w, to, sizeof to, 1, "");
    run_program("cp", w->path, to);
    cr_assert_eq(truncate(w->path, 0), 0);
}

static void zip(const struct world *w, int number) {
    char path[128];

    name(w, path, sizeof path, number, "");
    if (access(path, F_OK) == 0)
        run_program("gzip", path, NULL);
}

static void zip_dated(const struct world *w) {
    char path[128];

    snprintf(path, sizeof path, "%s-202609%02d", w->path, w->rotated);
    run_program("gzip", path, NULL);
}

static void zip_as(const struct world *w, const char *end) {
    char path[128];

    snprintf(path, sizeof path, "%s%s%d", w->path, end, w->rotated);
    run_program("gzip", path, NULL);
}

static void copy(struct world *w, const char *option) {
    char command[300];

    snprintf(command, sizeof command, "cp %s %s %s.save%s%d", option, w->path, w->path, option,
             ++w->rotated);
    run_program("sh", "-c", command);
}

static void put_beside(const struct world *w, const char *end, const char *text) {
    char path[128];
    int fd;

    snprintf(path, sizeof path, "%s%s", w->path, end);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    put(fd, text, strlen(text));
    close(fd);
}

static void half_line(struct world *w) {
    put(w->writer, "Sep  3 10:00:00 mx postfix", 26);
}

static void other_half(struct world *w) {
    char text[64];
    int n = snprintf(text, sizeof text, "/smtp[1]: #%d.\n", w->written++);

    put(w->writer, text, (size_t)n);
}

/* An unfinished last line that is a line all the same. */
static void last_line(struct world *w) {
    char text[64];
    int n = snprintf(text, sizeof text, "Sep  3 mx postfix/smtp[1]: #%d.", w->written++);

    put(w->writer, text, (size_t)n);
}

/* A line of 100,000 bytes: skipped. */
static void long_line(struct world *w) {
    char *text = malloc(100000);

    memset(text, 'a', 100000);
    text[99999] = '\n';
    put(w->writer, text, 100000);
    free(text);
}

static void new_writer_file(struct world *w) {
    unlink(w->path);
    open_writer(w);
}

static void step(struct world *w, char c) {
    switch (c) {
    case 'o': /* the writer opens the path, as after a HUP */
        open_writer(w);
        break;
    case 'w':
        write_lines(w, w->writer, 7);
        break;
    case 'W': /* more than the prefix of 4096 bytes */
        write_lines(w, w->writer, 150);
        break;
    case 'r':
        rotate(w);
        break;
    case 'd':
        rotate_dated(w);
        break;
    case 'x':
        rotate_as(w, ".r");
        break;
    case 'i': /* numbers that grow: only the files' times tell, which have steps of 10 ms at worst
               */
        usleep(12000);
        rotate_as(w, ".");
        break;
    case 'X':
        rotate_as(w, ".before-");
        zip_as(w, ".before-");
        break;
    case 'k':
        copy(w, "");
        break;
    case 'K': /* with its times */
        copy(w, "-p");
        break;
    case 'g': /* what another reader of the log keeps beside it */
        put_beside(w, ".offset", "4711\n");
        break;
    case 't':
        copy_truncate(w);
        break;
    case 'c': /* truncated, no copy */
        cr_assert_eq(truncate(w->path, 0), 0);
        break;
    case 'z':
        zip(w, 1);
        break;
    case 'Z':
        zip(w, 2);
        break;
    case 'y':
        zip_dated(w);
        break;
    case 'u':
        unlink(w->path);
        break;
    case 'n': /* deleted and made anew */
        new_writer_file(w);
        break;
    case 'h':
        half_line(w);
        break;
    case 'H':
        other_half(w);
        break;
    case 'l':
        last_line(w);
        break;
    case 'L':
        long_line(w);
        break;
    case 'p': /* a pause longer than the quiet time */
        if (w->tail != NULL)
            run_ms(w, QUIET_MS * 2);
        break;
    case 's': /* the tail has everything */
        if (w->tail != NULL)
            run_until(w, w->written);
        break;
    default:
        cr_assert_fail("step %c", c);
    }
}

static const struct scenario {
    const char *name;
    const char *steps;
    size_t down_from; /* the tail may be down only from this step on: what is lost before cannot be
                         known */
    bool stamps;      /* the times of lines are known */
} scenarios[] = {
    {"no rotation", "owswws", 0},
    {"rename and create", "owsrowws", 0},
    {"rename, writer reopens late", "owsrwswows", 0},
    {"late lines, then new ones", "oWrwowsws", 0},
    {"long file renamed", "oWWWsrowsWs", 0},
    {"three quick rotations", "owrowrowrows", 0},
    {"seven rotations", "oWrowrowrowrowrowrows", 0},
    {"dated names", "owdowdoWdows", 0},
    {"dated and compressed", "oWdowydowydows", 0},
    {"compressed at once", "oWsrwoswzws", 0},
    {"delayed compression", "oWrowrZowrZows", 0},
    {"compressed small", "owsrozwrozws", 0},
    {"copytruncate", "oWstwswtws", 0},
    {"copytruncate unread lines", "oWstWtws", 0},
    {"copytruncate small", "owstwtwtws", 0},
    {"copytruncate, and again in the first line", "owsthpHtws", 0},
    {"copytruncate compressed", "oWstwrozws", 0},
    {"copytruncate and zip", "oWstzwstzwws", 0},
    {"truncated, no copy", "oWscwws", 3},
    {"truncated and grown beyond the place", "owscWWs", 3},
    {"copytruncate in the first line, then renamed", "owsthpHwtwrows", 10},
    {"truncated, no copy, then renamed", "oWscwrowrows", 6},
    {"deleted and recreated", "oWsnwws", 3},
    {"deleted, gap, recreated", "oWsuows", 3},
    {"partial lines", "ohsHwhHsrohHs", 0},
    {"partial at rotation, finished late", "owhrHwows", 0},
    {"partial line finished in the old file", "owhrHows", 0},
    {"unfinished last line", "owslrowsws", 0},
    {"long line", "owLwsLrows", 0},
    {"quiet pauses", "owsrpowprpowps", 0},
    {"empty rotations", "owsrrowrrrows", 0},
    {"empty file rotated", "orowrows", 0},
    {"other names", "owxowxoWxows", 0, true},
    {"other names, six at once", "oWsxowxowxowxowxowxows", 0, true},
    {"numbers that grow", "oWiowiowiows", 0, true},
    {"other names, compressed", "oWsXowXowsXows", 0, true},
    {"copies beside it", "oWskrowsKrowskxowKrows", 0, true},
    {"copies of what is not read yet", "oWkrowKxows", 0, true},
    {"other files beside it", "ogwrowgxowgs", 0, true},
};

/* Once a run, with the first line that is wrong. */
static int failures; /* of this process: a bug must not take for ever */

static void check_exact(struct world *w, const char *what, const char *steps, int from, int to) {
    int wrong = -1;

    for (int i = w->written; i-- > 0;) {
        if (w->seen[i] != 1)
            wrong = i;
    }
    cr_expect(wrong == -1, "%s (%s, down %d-%d): line %d of %d came %d times; events: %s; at %s",
              what, steps, from, to, wrong, w->written, wrong == -1 ? 1 : w->seen[wrong], w->events,
              w->position);
    failures += wrong != -1 || w->odd != 0 ? 1 : 0;
    cr_assert(failures < 6);
    cr_expect(w->odd == 0, "%s (%s, down %d-%d): torn lines, last: %s", what, steps, from, to,
              w->last);
}

/* Down from step `from` up to before step `to`. Equal: stopped and started again at once. */
static void run_scenario(const struct scenario *s, int from, int to, bool hints) {
    struct world w;
    int n = (int)strlen(s->steps);

    world_open(&w);
    w.hints = hints;
    w.stamps = s->stamps;
    start(&w, "", true);
    for (int i = 0; i <= n; i++) {
        if (i == from) {
            run_ms(&w, 12); /* somewhere on its way; file times have steps of 4 ms */
            stop(&w);
        }
        if (i == to)
            start(&w, w.position, true);
        if (i < n)
            step(&w, s->steps[i]);
    }
    run_until(&w, w.written);
    run_ms(&w, QUIET_MS / 2);
    check_exact(&w, s->name, s->steps, from, to);
    world_close(&w);
}

static bool is_slow(void) {
    return getenv("RELAYWATCH_TEST_ALL") != NULL;
}

static void run_part(size_t part, size_t parts) {
    for (size_t i = part; i < sizeof scenarios / sizeof scenarios[0]; i += parts) {
        const struct scenario *s = &scenarios[i];
        int n = (int)strlen(s->steps);

        run_scenario(s, -1, -1, true);
        run_scenario(s, -1, -1, false);
        for (int from = (int)s->down_from; from <= n; from++) {
            for (int to = from; to <= n; to++) {
                if (is_slow() || from == 0 || to - from == (int)i % 3 || to == n)
                    run_scenario(s, from, to, true);
            }
        }
    }
}

Test(tail, scenarios_1) {
    run_part(0, 4);
}
Test(tail, scenarios_2) {
    run_part(1, 4);
}
Test(tail, scenarios_3) {
    run_part(2, 4);
}
Test(tail, scenarios_4) {
    run_part(3, 4);
}

Test(tail, starts_at_the_end_of_what_is_there) {
    struct world w;

    world_open(&w);
    open_writer(&w);
    write_lines(&w, w.writer, 5);
    put(w.writer, "begin of #", 10);
    start(&w, "", false);
    put(w.writer, "5.\n", 3);
    w.written = 6;
    write_lines(&w, w.writer, 3);
    run_until(&w, 4);
    for (int i = 0; i < 9; i++)
        cr_expect(w.seen[i] == (i < 5 ? 0 : 1), "line %d came %d times", i, w.seen[i]);
    world_close(&w);
}

Test(tail, line_comes_at_once) {
    struct world w;
    int64_t sum_ms = 0;

    world_open(&w);
    open_writer(&w);
    start(&w, "", true);
    run_ms(&w, 50);
    for (int i = 0; i < 50; i++) {
        int64_t before_ms = clock_mono_ms();

        write_lines(&w, w.writer, 1);
        run_until(&w, w.written);
        sum_ms += clock_mono_ms() - before_ms;
    }
    cr_expect(sum_ms < 50 * 5, "50 lines took %d ms", (int)sum_ms);
    check_exact(&w, "latency", "", -1, -1);
    world_close(&w);
}

/* The new file's lines do not wait for the old one's quiet time, and late lines of the old one
 * come, too. */
Test(tail, both_files_are_read_after_a_rotation) {
    struct world w;
    int64_t before_ms;
    int late;

    world_open(&w);
    open_writer(&w);
    start(&w, "", true);
    write_lines(&w, w.writer, 5);
    run_until(&w, 5);
    rotate(&w);
    late = dup(w.writer);
    open_writer(&w);
    before_ms = clock_mono_ms();
    write_lines(&w, w.writer, 5);
    run_until(&w, 10);
    cr_expect(clock_mono_ms() - before_ms < QUIET_MS / 2, "took %d ms",
              (int)(clock_mono_ms() - before_ms));
    for (int i = 0; i < 6; i++) {
        write_lines(&w, late, 1);
        run_ms(&w, QUIET_MS / 3);
        if (i == 3) { /* a restart keeps both places */
            cr_expect(strstr(w.position, ";old:") != NULL, "%s", w.position);
            stop(&w);
            start(&w, w.position, true);
        }
    }
    close(late);
    run_ms(&w, QUIET_MS * 3);
    cr_expect(strstr(w.position, ";old:") == NULL, "%s", w.position);
    check_exact(&w, "both", "", -1, -1);
    world_close(&w);
}

/* Power cut: the file lost its end, or has NULs there; then the next line follows. */
Test(tail, lost_end) {
    static const int lost[] = {1, 5, 67, 68, 300, 2000, 9000};

    for (int nul = 0; nul < 2; nul++) {
        for (int stamps = 0; stamps < 2; stamps++) {
            for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
                struct world w;
                struct stat st;
                int before;

                /* A line that was glued to a torn one has the time of that: it cannot be found. */
                if (stamps && lost[i] < 68)
                    continue;

                world_open(&w);
                w.stamps = stamps != 0;
                open_writer(&w);
                start(&w, "", true);
                write_lines(&w, w.writer, 200);
                run_until(&w, 200);
                stop(&w);
                fstat(w.writer, &st);
                cr_assert_eq(ftruncate(w.writer, st.st_size - lost[i]), 0);
                if (nul)
                    cr_assert_eq(ftruncate(w.writer, st.st_size + 100), 0);
                before = w.written;
                if (!w.stamps) {
                    start(&w, w.position, true);
                    run_ms(&w, 5);
                }
                write_lines(&w, w.writer, 3);
                if (w.stamps) { /* lines were added before we started: only their time tells */
                    char *last = strstr(w.position, ";head:");
                    char position[POSITION_TEXT];

                    while (last[-1] != ';')
                        last--;
                    snprintf(position, sizeof position, "%.*s1700000199%s",
                             (int)(last - w.position), w.position, strstr(w.position, ";head:"));
                    start(&w, position, true);
                }
                run_until(&w, before + 3);
                run_ms(&w, 5);
                check_exact(&w, nul ? "nul" : "cut", stamps ? "stamps" : "", lost[i], 0);
                cr_expect(strstr(w.events, "log_tail_lost") != NULL ||
                              strstr(w.events, "rewritten") != NULL,
                          "lost %d nul %d: %s", lost[i], nul, w.events);
                world_close(&w);
            }
        }
    }
}

/* A writer that does not append leaves a hole after a truncation. */
Test(tail, hole_after_truncation) {
    struct world w;
    int fd;

    world_open(&w);
    fd = open(w.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    start(&w, "", true);
    write_lines(&w, fd, 100);
    run_until(&w, 100);
    cr_assert_eq(truncate(w.path, 0), 0);
    write_lines(&w, fd, 100);
    run_until(&w, 200);
    cr_assert_eq(truncate(w.path, 0), 0);
    run_ms(&w, 20);
    write_lines(&w, fd, 100);
    run_until(&w, 300);
    check_exact(&w, "hole", "", -1, -1);
    close(fd);
    world_close(&w);
}

/* Kept by a child that is killed at any moment: each line with the position that includes it. */
struct record {
    int count;
    struct {
        int number;
        char position[POSITION_TEXT];
    } line[4096];
};

struct child {
    struct world *w;
    struct record *record;
};

static void on_child_line(struct span line, void *arg) {
    struct child *c = arg;
    struct record *r = c->record;
    const char *at = span_find(line, "#");

    r->line[r->count].number = at != NULL ? atoi(at + 1) : -1;
    tail_note_time(c->w->tail, on_stamp(line, NULL));
    tail_position(c->w->tail, r->line[r->count].position, POSITION_TEXT);
    __atomic_store_n(&r->count, r->count + 1, __ATOMIC_SEQ_CST);
}

static void on_child_batch(void *arg) {
    (void)arg;
}

static void on_child_event(const char *what, const char *detail, void *arg) {
    (void)what;
    (void)detail;
    (void)arg;
}

static pid_t start_child(struct world *w, struct record *record) {
    pid_t pid = fork();
    struct fault why;
    struct child child = {w, record};
    struct tail_calls calls = {.on_line = on_child_line,
                               .on_batch = on_child_batch,
                               .on_event = on_child_event,
                               .on_stamp = on_stamp};

    if (pid != 0)
        return pid;
    w->loop = loop_new(&why);
    calls.arg = &child;
    w->tail = tail_new(w->loop, w->path, &key, &calls);
    tail_set_quiet_ms(w->tail, QUIET_MS);
    tail_start(w->tail, record->count > 0 ? record->line[record->count - 1].position : "", true);
    loop_run(w->loop);
    _exit(0);
}

Test(tail, killed_at_any_moment) {
    struct world w;
    struct record *record =
        mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid;
    int wrong = 0;

    srand(getenv("RELAYWATCH_TEST_SEED") != NULL ? (unsigned)atoi(getenv("RELAYWATCH_TEST_SEED"))
                                                 : 7);
    world_open(&w);
    open_writer(&w);
    for (int round = 0; round < 200; round++) {
        pid = start_child(&w, record);
        for (int i = rand() % 5; i > 0; i--) {
            write_lines(&w, w.writer, rand() % 6);
            usleep((useconds_t)(rand() % 3000));
            if (rand() % 10 == 0) {
                switch (rand() % 4) {
                case 0:
                    copy_truncate(&w);
                    break;
                case 1: /* a copy made in the same tick as the last write could not be told */
                    usleep(12000);
                    write_lines(&w, w.writer, 1);
                    rotate_as(&w, ".r");
                    break;
                default:
                    rotate(&w);
                }
                if (rand() % 2)
                    write_lines(&w, w.writer, 2);
                open_writer(&w);
                if (rand() % 3 == 0)
                    zip(&w, 2);
            }
        }
        usleep((useconds_t)(rand() % 8000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    pid = start_child(&w, record);
    for (int i = 0; i < 100 && record->count < w.written; i++)
        usleep(50000);
    usleep(100000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < record->count; i++)
        w.seen[record->line[i].number]++;
    for (int i = 0; i < w.written; i++)
        wrong += w.seen[i] != 1 ? 1 : 0;
    cr_expect(wrong == 0 && record->count == w.written, "%d of %d wrong, %d recorded", wrong,
              w.written, record->count);
    cr_expect(w.written > 500);
    munmap(record, sizeof *record);
    world_close(&w);
}

static void drop_root(struct world *w) {
    if (geteuid() == 0)
        cr_assert(chown(w->folder, 65534, 65534) == 0 && seteuid(65534) == 0);
}

Test(tail, permission_lost) {
    struct world w;
    struct tail_figures figures;

    world_open(&w);
    drop_root(&w);
    open_writer(&w);
    start(&w, "", true);
    write_lines(&w, w.writer, 3);
    run_until(&w, 3);
    rotate(&w);
    open_writer(&w);
    chmod(w.path, 0);
    write_lines(&w, w.writer, 3);
    run_ms(&w, 300);
    tail_figures(w.tail, &figures);
    cr_expect(figures.state == TAIL_UNREADABLE, "state %d", figures.state);
    stop(&w);
    start(&w, w.position, true);
    run_ms(&w, 100);
    cr_expect(w.lines == 3);
    chmod(w.path, 0640);
    run_until(&w, 6);
    run_ms(&w, 1100);
    tail_figures(w.tail, &figures);
    cr_expect(figures.state == TAIL_OK && figures.lag_bytes == 0, "state %d lag %d", figures.state,
              (int)figures.lag_bytes);
    cr_expect(strstr(w.events, "source_unreadable") != NULL && strstr(w.events, "source_back"),
              "%s", w.events);
    check_exact(&w, "permission", "", -1, -1);
    world_close(&w);
    cr_expect(seteuid(getuid()) == 0);
    prctl(PR_SET_DUMPABLE, 1); /* else the leak checker cannot work */
}

Test(tail, missing_is_told) {
    struct world w;
    struct tail_figures figures;

    world_open(&w);
    open_writer(&w);
    start(&w, "", true);
    write_lines(&w, w.writer, 3);
    run_until(&w, 3);
    unlink(w.path);
    run_ms(&w, 1500);
    cr_expect(strstr(w.events, "source_missing") != NULL, "%s", w.events);
    tail_figures(w.tail, &figures);
    cr_expect(figures.state == TAIL_MISSING);
    open_writer(&w);
    write_lines(&w, w.writer, 3);
    run_until(&w, 6);
    cr_expect(strstr(w.events, "source_back") != NULL, "%s", w.events);
    check_exact(&w, "missing", "", -1, -1);
    world_close(&w);
}

Test(tail, links_and_pipes) {
    struct world w;
    char real[128];
    char other[160];

    world_open(&w);
    snprintf(real, sizeof real, "%s/real.log", w.folder);
    make(real);
    cr_assert_eq(symlink(real, w.path), 0);
    open_writer(&w);
    start(&w, "", true);
    write_lines(&w, w.writer, 9);
    run_until(&w, 9);
    stop(&w);
    /* Renamed behind the link, and a link that has the name of a brother. */
    snprintf(other, sizeof other, "%s.1", real);
    cr_assert_eq(rename(real, other), 0);
    snprintf(other, sizeof other, "%s.2", real);
    cr_assert_eq(symlink("/etc/passwd", other), 0);
    snprintf(other, sizeof other, "%s.3", real);
    cr_assert_eq(mkfifo(other, 0644), 0);
    write_lines(&w, w.writer, 2);
    make(real);
    open_writer(&w);
    write_lines(&w, w.writer, 2);
    start(&w, w.position, true);
    run_until(&w, 13);
    check_exact(&w, "links", "", -1, -1);
    stop(&w);
    unlink(w.path);
    cr_assert_eq(mkfifo(w.path, 0644), 0);
    w.events[0] = '\0';
    start(&w, "", true);
    run_ms(&w, 20);
    cr_expect(strstr(w.events, "source_unreadable") != NULL, "%s", w.events);
    world_close(&w);
}

/* Of this process: another one that has the machine does not count. */
static int64_t cpu_ms(void) {
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_tick(void *arg) {
    int64_t *times = arg;
    int64_t now_ms = cpu_ms();

    if (times[0] != 0 && now_ms - times[0] > times[1])
        times[1] = now_ms - times[0];
    times[0] = now_ms;
}

struct ticker {
    int64_t times[2];
    struct loop_timer *timer;
};

static void on_ticker(void *arg) {
    struct ticker *ticker = arg;

    on_tick(ticker->times);
    loop_timer_set(ticker->timer, 1);
}

/* A backlog, an endless line and a hole: the loop goes on turning meanwhile. */
Test(tail, backlog_does_not_block) {
    struct world w;
    struct ticker ticker = {0};
    struct tail_figures figures;
    char *block = malloc(1 << 20);

    world_open(&w);
    open_writer(&w);
    write_lines(&w, w.writer, 100000);
    memset(block, 'a', 1 << 20);
    for (int i = 0; i < 64; i++)
        put(w.writer, block, 1 << 20);
    put(w.writer, "\n", 1);
    write_lines(&w, w.writer, 10);
    cr_assert_eq(ftruncate(w.writer, (off_t)1 << 30), 0);
    write_lines(&w, w.writer, 10);
    ticker.timer = loop_timer_new(w.loop, on_ticker, &ticker);
    loop_timer_set(ticker.timer, 0);
    start(&w, "", true);
    w.want = w.written;
    run_ms(&w, 30000);
    check_exact(&w, "backlog", "", -1, -1);
    tail_figures(w.tail, &figures);
    cr_expect(figures.long_lines == 2, "%d", (int)figures.long_lines);
    cr_expect(ticker.times[1] < 100, "blocked for %d ms", (int)ticker.times[1]);
    loop_timer_free(&ticker.timer);
    world_close(&w);
    free(block);
}

/* What is missing between two files is told, and nothing is told where nothing is missing. */
Test(tail, hole_in_the_chain_is_told) {
    static const struct {
        const char *name;
        const char *end; /* of the rotated names: "" numbers as logrotate makes them */
        int gone;        /* which rotated file is deleted meanwhile, 1 is the first; 0: none */
        bool told;
    } rows[] = {
        {"numbers", "", 0, false},
        {"a number is gone", "", 2, true},
        {"other names", ".r", 0, false},
        {"another name is gone", ".r", 2, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        char path[128];

        world_open(&w);
        w.stamps = true;
        open_writer(&w);
        start(&w, "", true);
        write_lines(&w, w.writer, 7);
        run_until(&w, 7);
        stop(&w);
        for (int r = 1; r <= 3; r++) {
            if (rows[i].end[0] != '\0')
                rotate_as(&w, rows[i].end);
            else
                rotate(&w);
            open_writer(&w);
            write_lines(&w, w.writer, 7);
            usleep(1100000);
        }
        if (rows[i].gone != 0) {
            snprintf(path, sizeof path, "%s%s%d", w.path,
                     rows[i].end[0] != '\0' ? rows[i].end : ".", rows[i].gone);
            cr_assert_eq(unlink(path), 0);
        }
        start(&w, w.position, true);
        run_until(&w, rows[i].told ? 21 : 28);
        run_ms(&w, 50);
        cr_expect((strstr(w.events, "log_gap") != NULL) == rows[i].told, "%s: %s", rows[i].name,
                  w.events);
        cr_expect_eq(w.lines, rows[i].told ? 21 : 28, "%s: %d lines", rows[i].name, w.lines);
        world_close(&w);
    }
}
