/* Bytes as a history of a log: written to, rotated, copied and truncated, while the reader lives,
 * is down, or is killed within a batch and goes on from the last position that it told. In the end
 * every line was handed over once and none twice.
 *
 * Real files and a real loop: a history takes some milliseconds. What a history may not do is what
 * loses lines for every reader: to truncate what was neither read nor copied. */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "position.h"
#include "tail.h"

enum { LINES = 4096, STEPS = 64, ROTATIONS = 20, TURN_MS = 5, LIMIT_MS = 8000, QUIET_MS = 60 };

static const struct hash_key key = {{0x0123456789abcdef, 0xfedcba9876543210}};

struct world {
    char folder[64];
    char path[96];
    struct loop *loop;
    struct loop_timer *limit;
    struct tail *tail; /* NULL: the reader is down */
    int writer;
    bool copies; /* logs are copied and truncated, not renamed */
    bool dated;  /* names of rotated files: with a date, or numbers that shift */
    bool half;   /* a line is begun */
    int written; /* lines; their numbers are 0.. */
    int rotated;
    bool cut;       /* truncated without a copy, which the reader did not see yet */
    int kill_after; /* lines; 0: no kill is due */
    bool dead;      /* killed: what it still does has no effect */
    int want;       /* stop the loop when so many are kept */
    char position[POSITION_TEXT];
    int kept;           /* lines that the told position includes */
    bool seen[LINES];   /* which */
    int pending[LINES]; /* handed over since it was told */
    int pending_count;
};

static struct world w;

/* ---- the reader ---- */

static void on_line(struct span line, void *arg) {
    uint64_t number;
    const char *end = memchr(line.p, ' ', line.n);

    (void)arg;
    if (w.dead)
        return;
    assert(line.n > 2 && line.p[0] == '#' && line.p[line.n - 1] == '.' && end != NULL);
    assert(text_u64((struct span){line.p + 1, (size_t)(end - line.p) - 1}, 0, LINES - 1, &number));
    assert((int)number < w.written && !w.seen[number]);
    for (int i = 0; i < w.pending_count; i++)
        assert(w.pending[i] != (int)number);
    w.pending[w.pending_count++] = (int)number;
    if (w.kill_after > 0 && --w.kill_after == 0) {
        w.dead = true;
        loop_stop(w.loop);
    }
}

static void on_batch(void *arg) {
    (void)arg;
    if (w.dead)
        return;
    tail_position(w.tail, w.position, sizeof w.position);
    for (int i = 0; i < w.pending_count; i++)
        w.seen[w.pending[i]] = true;
    w.kept += w.pending_count;
    w.pending_count = 0;
    if (w.kept >= w.want)
        loop_stop(w.loop);
}

static void on_event(const char *what, const char *detail, void *arg) {
    (void)what;
    (void)detail;
    (void)arg;
}

static void on_limit(void *arg) {
    (void)arg;
    loop_stop(w.loop);
}

static void start(void) {
    const struct tail_calls calls = {
        .on_line = on_line, .on_batch = on_batch, .on_event = on_event};

    w.tail = tail_new(w.loop, w.path, &key, &calls);
    tail_set_quiet_ms(w.tail, QUIET_MS);
    tail_start(w.tail, w.position, true);
}

static void stop(void) {
    tail_free(&w.tail);
    w.pending_count = 0;
    w.kill_after = 0;
    w.dead = false;
}

/* Lets the reader run until it has `want` lines, or for a while. */
static void run(int want, int64_t most_ms) {
    w.want = want;
    loop_timer_set(w.limit, most_ms);
    if (w.tail != NULL && !w.dead && w.kept < want)
        loop_run(w.loop);
    loop_timer_cancel(w.limit);
    if (w.dead)
        stop();
}

/* ---- the log ---- */

static void put(const char *text, size_t n) {
    assert(write(w.writer, text, n) == (ssize_t)n);
}

/* The line has `length` bytes between its number and its end; half of it may come later. */
static void put_line(size_t length, bool half) {
    char text[6000];
    size_t n;

    if (!w.half && w.written == LINES)
        return;
    memset(text, 'x', sizeof text);
    if (!w.half) {
        n = (size_t)snprintf(text, sizeof text, "#%d ", w.written++);
        text[n] = 'x';
        put(text, n);
    }
    w.half = half;
    if (half)
        return;
    text[length] = '.';
    text[length + 1] = '\n';
    put(text, length + 2);
}

static void finish_line(void) {
    if (w.half)
        put_line(3, false);
}

static void open_writer(void) {
    if (w.writer != -1)
        close(w.writer);
    w.writer = open(w.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    assert(w.writer != -1);
}

static void new_name(char *out, size_t size) {
    w.rotated++;
    if (w.dated) {
        snprintf(out, size, "%s-202609%02d", w.path, w.rotated);
        return;
    }
    for (int i = w.rotated; i > 0; i--) {
        char from[128], to[128];

        snprintf(from, sizeof from, "%s.%d", w.path, i);
        snprintf(to, sizeof to, "%s.%d", w.path, i + 1);
        rename(from, to);
    }
    snprintf(out, size, "%s.1", w.path);
}

/* `late` lines more go to the old file, whose writer is told only then. */
static void rotate(int late) {
    char to[128];

    new_name(to, sizeof to);
    assert(rename(w.path, to) == 0);
    if (late % 2 == 1)
        close(open(w.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    for (int i = 0; i < late; i++)
        put_line(20, false);
    open_writer();
}

static bool reader_has_all(void) {
    finish_line();
    run(w.written, LIMIT_MS);
    w.cut &= w.kept != w.written;
    return w.kept == w.written;
}

/* Until the reader is at the new beginning, a rotation takes the only trace away. */
static bool may_rotate(void) {
    finish_line();
    if (w.cut)
        put_line(5, false);
    return w.rotated < ROTATIONS && (!w.cut || reader_has_all());
}

static void copy_and_truncate(void) {
    char to[128], block[4096];
    int from = open(w.path, O_RDONLY | O_CLOEXEC);
    int copy;
    ssize_t n;

    new_name(to, sizeof to);
    copy = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    while ((n = read(from, block, sizeof block)) > 0)
        assert(write(copy, block, (size_t)n) == n);
    close(copy);
    close(from);
    assert(truncate(w.path, 0) == 0);
}

/* ---- the history ---- */

static void step(uint8_t what, int much) {
    switch (what % 10) {
    case 0:
    case 1:
        for (int i = 0; i < much % 40 + 1; i++)
            put_line((size_t)much, false);
        break;
    case 2: /* more than what a place has hashes of */
        put_line(4096 + (size_t)much, false);
        break;
    case 3:
        put_line((size_t)much, true);
        break;
    case 4:
    case 5:
        if (!may_rotate())
            break;
        if (w.copies)
            copy_and_truncate();
        else
            rotate(much % 4);
        break;
    case 6: /* nothing of it is lost: all was read, and the position is told */
        if (reader_has_all()) {
            assert(truncate(w.path, 0) == 0);
            w.cut = true;
        }
        break;
    case 7:
        run(w.written, TURN_MS);
        break;
    case 8:
        w.kill_after = much % 60 + 1;
        run(w.written, TURN_MS);
        stop();
        break;
    case 9:
        if (w.tail == NULL)
            start();
        break;
    }
}

static void open_world(void) {
    struct fault why;

    memset(&w, 0, sizeof w);
    w.writer = -1;
    strcpy(w.folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz_reader.XXXXXX"
                                                   : "/var/tmp/fuzz_reader.XXXXXX");
    assert(mkdtemp(w.folder) != NULL);
    snprintf(w.path, sizeof w.path, "%s/mail.log", w.folder);
    w.loop = loop_new(&why);
    assert(w.loop != NULL);
    w.limit = loop_timer_new(w.loop, on_limit, NULL);
    open_writer();
}

static void close_world(void) {
    DIR *d = opendir(w.folder);
    struct dirent *entry;

    stop();
    loop_timer_free(&w.limit);
    loop_free(&w.loop);
    close(w.writer);
    while (d != NULL && (entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(w.folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3)
        return 0;
    open_world();
    w.dated = data[0] % 2 == 1;
    w.copies = data[0] / 2 % 2 == 1;
    put_line(data[0], false);
    start();
    run(1, LIMIT_MS); /* until a position is told there is none to go on from */
    assert(w.kept == 1);
    for (size_t i = 1; i + 1 < size && i < 2 * STEPS; i += 2)
        step(data[i], data[i + 1]);
    finish_line();
    if (w.tail == NULL)
        start();
    run(w.written, LIMIT_MS);
    if (w.tail == NULL) { /* a kill was still due */
        start();
        run(w.written, LIMIT_MS);
    }
    if (w.kept != w.written)
        fprintf(stderr, "%d of %d lines\n", w.kept, w.written);
    assert(w.kept == w.written);
    close_world();
    return 0;
}
