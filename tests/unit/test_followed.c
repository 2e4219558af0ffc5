/* Which stretch of which file relaywatchd counts itself, as counted.h knows it: real files are
 * followed through a start at their end, rotation, truncation and restarts. */
#include "followed.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct hash_key key = {{1, 2}};

static struct world {
    char folder[64];
    struct loop *loop;
    struct loop_timer *limit;
    struct sources *sources;
    struct followed followed;
    struct counted counted;
    char positions[SOURCES_TEXT];
    int lines;
} * w;

static void on_line(struct span line, void *arg) {
    (void)line;
    (void)arg;
    w->lines++;
}

static void on_batch(void *arg) {
    (void)arg;
    sources_position(w->sources, w->positions, sizeof w->positions);
    followed_note(&w->followed, &w->counted, w->sources, w->positions);
}

static void on_event(const char *source, const char *what, const char *detail, void *arg) {
    (void)source;
    (void)what;
    (void)detail;
    (void)arg;
}

static void on_limit(void *arg) {
    (void)arg;
    loop_stop(w->loop);
}

static void world_open(void) {
    struct fault why;

    w = calloc(1, sizeof *w);
    strcpy(w->folder, "/var/tmp/test_followed.XXXXXX");
    cr_assert_not_null(mkdtemp(w->folder));
    w->loop = loop_new(&why);
    w->limit = loop_timer_new(w->loop, on_limit, NULL);
}

static void world_close(void) {
    DIR *d = opendir(w->folder);
    const struct dirent *entry;

    sources_free(&w->sources);
    loop_timer_free(&w->limit);
    loop_free(&w->loop);
    while ((entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(w->folder);
    free(w);
}

static const char *in_folder(const char *name) {
    static char path[4][200];
    static int next;

    next = (next + 1) % 4;
    text_format(path[next], sizeof path[next], "%s/%s", w->folder, name);
    return path[next];
}

static void write_lines(const char *name, const char *word, int count) {
    FILE *out = fopen(in_folder(name), "a");

    cr_assert_not_null(out);
    for (int i = 0; i < count; i++)
        fprintf(out, "a line of %s number %d\n", word, i);
    fclose(out);
}

static void run_ms(int64_t ms) {
    loop_timer_set(w->limit, ms);
    loop_run(w->loop);
}

static void run(void) {
    run_ms(60);
}

static void begin(bool from_beginning) {
    const struct sources_calls calls = {
        .on_line = on_line, .on_batch = on_batch, .on_event = on_event};
    char before[SOURCES_TEXT];
    struct logsources logs;
    struct fault why;

    cr_assert_eq(logsources_parse(in_folder("log"), &logs, &why), 0);
    strcpy(before, w->positions);
    w->sources = sources_new(w->loop, &logs, &key, &calls);
    sources_start(w->sources, before, from_beginning);
    sources_position(w->sources, w->positions, sizeof w->positions);
    followed_begin(&w->followed, &w->counted, w->sources, before, w->positions, before[0] == '\0',
                   from_beginning, 1700000000000);
    run();
}

static void restart(void) {
    struct totals *totals = calloc(1, sizeof *totals);

    counted_put(&w->counted, totals);
    counted_restore(&w->counted, totals);
    w->counted.changed = true; /* the next totals are empty again */
    free(totals);
    sources_free(&w->sources);
    begin(false);
}

/* Where relaywatchd's own lines begin in this file; -1: not one that it followed. */
static int64_t begins_at(const char *name) {
    static char head[POSITION_PREFIX];
    struct counted_plan plan;
    FILE *in = fopen(in_folder(name), "r");
    size_t n;

    cr_assert_not_null(in);
    n = fread(head, 1, sizeof head, in);
    fclose(in);
    counted_plan(&w->counted, &key, (struct span){head, n}, &plan);
    return plan.until == UINT64_MAX ? -1 : (int64_t)plan.until;
}

static int64_t size_of(const char *name) {
    FILE *in = fopen(in_folder(name), "r");
    long size;

    fseek(in, 0, SEEK_END);
    size = ftell(in);
    fclose(in);
    return size;
}

static void copy_and_truncate(const char *name, const char *copy) {
    static char bytes[100000];
    FILE *in = fopen(in_folder(name), "r");
    FILE *out = fopen(in_folder(copy), "w");
    size_t n = fread(bytes, 1, sizeof bytes, in);

    fwrite(bytes, 1, n, out);
    fclose(in);
    fclose(out);
    cr_assert_eq(truncate(in_folder(name), 0), 0);
}

Test(followed, rotation_after_a_start_at_the_end, .init = world_open, .fini = world_close) {
    int64_t size;

    write_lines("log", "the past", 300);
    size = size_of("log");
    begin(false);
    cr_expect_eq(begins_at("log"), size);
    write_lines("log", "now", 10);
    run();
    for (int i = 1; i < 4; i++) {
        char old[20], word[20];

        text_format(old, sizeof old, "log.%d", i);
        cr_assert_eq(rename(in_folder("log"), in_folder(old)), 0);
        text_format(word, sizeof word, "day %d", i);
        write_lines("log", word, i == 2 ? 1 : 400);
        run();
        if (i == 2)
            restart();
        write_lines("log", "more", 5);
        run_ms(5200); /* the file before is read so long, too, and a third one waits */
        cr_expect_eq(begins_at("log.1"), size, "cycle %d: %d", i, (int)begins_at("log.1"));
        cr_expect_eq(begins_at("log"), 0, "cycle %d", i);
        cr_expect(i == 1 || begins_at("log.2") == 0, "cycle %d", i);
    }
    cr_expect_eq(w->counted.since_ms, 1700000000000u);
    write_lines("strange", "never seen", 400);
    cr_expect_eq(begins_at("strange"), -1);
}

Test(followed, copies_of_a_truncated_file, .init = world_open, .fini = world_close) {
    int64_t size;

    write_lines("log", "the past", 20); /* less than a prefix */
    size = size_of("log");
    begin(false);
    write_lines("log", "now", 10);
    run();
    cr_expect_eq(begins_at("log"), size);
    copy_and_truncate("log", "log.1");
    run();
    write_lines("log", "the second", 30);
    run();
    copy_and_truncate("log", "log.2");
    run();
    write_lines("log", "the third", 400);
    run();
    restart();
    cr_expect_eq(begins_at("log.1"), size, "%d", (int)begins_at("log.1"));
    cr_expect_eq(begins_at("log.2"), 0);
    cr_expect_eq(begins_at("log"), 0);
}

Test(followed, late_lines_while_the_new_file_is_empty, .init = world_open, .fini = world_close) {
    int64_t size;

    write_lines("log", "the past", 20);
    size = size_of("log");
    begin(false);
    write_lines("log", "now", 10);
    run();
    cr_assert_eq(rename(in_folder("log"), in_folder("log.1")), 0);
    fclose(fopen(in_folder("log"), "w"));
    run();
    write_lines("log.1", "late", 3);
    run_ms(300);
    cr_expect_eq(begins_at("log.1"), size, "%d", (int)begins_at("log.1"));
    write_lines("log", "new", 3);
    run();
    cr_expect_eq(begins_at("log.1"), size, "%d", (int)begins_at("log.1"));
    cr_expect_eq(begins_at("log"), 0);
}

Test(followed, from_the_beginning_the_first_line_tells_since_when, .init = world_open,
     .fini = world_close) {
    write_lines("log", "all", 30);
    begin(true);
    cr_expect_eq(w->counted.since_ms, 0u);
    followed_line(&w->followed, &w->counted, 1600000000000);
    followed_line(&w->followed, &w->counted, 1500000000000);
    cr_expect_eq(w->counted.since_ms, 1600000000000u);
    cr_expect_eq(w->counted.journal_us, 0u);
    cr_expect_eq(begins_at("log"), 0);
}

Test(followed, what_was_counted_before_this_was_kept_is_since_ever, .init = world_open,
     .fini = world_close) {
    write_lines("log", "all", 30);
    begin(true);
    sources_free(&w->sources);
    memset(&w->counted, 0, sizeof w->counted);
    begin(false);
    cr_expect_eq(w->counted.since_ms, 1u);
    cr_expect(counted_is_live(&w->counted, 1000000));
    cr_expect_eq(begins_at("log"), 0);
}
