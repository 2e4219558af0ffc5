/* Old logs that are counted afterwards: real files; each line has a number. A kill takes back what
 * was handed over after the last turn, and the table goes through the totals, as in a new life. */
#include "oldlog.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "journal_files.h"
#include "sdjournal.h"

enum { LINES = 60000 };

static const struct hash_key key = {{1, 2}};

static struct world {
    char folder[64];
    struct counted counted;
    struct totals totals;
    unsigned char seen[LINES], told[LINES];
    struct oldlog_result result;
    struct fault why;
} * w;

static void on_event(struct mailev *ev, void *arg) {
    const char *at = span_find(ev->message, "#");
    int number = at != NULL ? atoi(at + 1) : LINES;

    (void)arg;
    cr_assert(number >= 0 && number < LINES);
    w->seen[number]++;
}

static void world_open(void) {
    w = calloc(1, sizeof *w);
    strcpy(w->folder, "/var/tmp/test_oldlog.XXXXXX");
    cr_assert_not_null(mkdtemp(w->folder));
    counted_begin(&w->counted, 1893456000000); /* 2030 */
}

static void world_close(void) {
    DIR *d = opendir(w->folder);
    const struct dirent *entry;

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

/* One line is about 60 bytes. */
static void put_line(FILE *out, int number) {
    fprintf(out, "2025-11-14T22:%02d:%02d.%03dZ host postfix/smtp[7]: note #%d.\n",
            number / 60000 % 60, number / 1000 % 60, number % 1000, number);
}

static void write_lines(const char *name, int from, int to) {
    FILE *out = fopen(in_folder(name), "a");

    cr_assert_not_null(out);
    for (int i = from; i < to; i++)
        put_line(out, i);
    fclose(out);
}

static void compress_file(const char *from, const char *to) {
    FILE *in = fopen(in_folder(from), "r");
    gzFile out = gzopen(in_folder(to), "wb");
    static char buffer[65536];
    size_t n;

    while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
        cr_assert_eq(gzwrite(out, buffer, (unsigned)n), (int)n);
    fclose(in);
    gzclose(out);
}

static void commit(void) {
    counted_put(&w->counted, &w->totals);
    memcpy(w->told, w->seen, sizeof w->told);
}

static void die(void) {
    memcpy(w->seen, w->told, sizeof w->seen);
    counted_restore(&w->counted, &w->totals);
}

/* Runs so many turns (0: all) and says how it ended. */
static enum oldlog_step run(struct oldlog *old, int turns) {
    enum oldlog_step step = OLDLOG_FAILED;

    if (old == NULL)
        return step;
    do {
        step = oldlog_turn(old, &w->why);
        commit();
    } while (step == OLDLOG_MORE && --turns != 0);
    w->result = *oldlog_result(old);
    oldlog_free(&old);
    return step;
}

static enum oldlog_step run_file(const char *name, int turns) {
    const struct oldlog_calls calls = {.on_event = on_event};
    int fd = open(in_folder(name), O_RDONLY | O_CLOEXEC);

    cr_assert_neq(fd, -1, "%s", name);
    return run(oldlog_open_file(fd, &w->counted, &key, &calls, &w->why), turns);
}

static void expect_once(int from, int to) {
    for (int i = 0; i < LINES; i++)
        cr_assert_eq(w->seen[i], i >= from && i < to, "line %d came %d times", i, w->seen[i]);
}

Test(oldlog, a_file_counts_once_whatever_its_name, .init = world_open, .fini = world_close) {
    write_lines("mail.log.1", 0, 3000);
    cr_expect_eq(run_file("mail.log.1", 0), OLDLOG_END);
    cr_expect_eq(w->result.counted, 3000u);
    cr_expect_eq(run_file("mail.log.1", 0), OLDLOG_END);
    cr_expect_eq(w->result.counted, 0u);
    cr_expect_gt(w->result.before, 100000u);
    die();
    cr_assert_eq(rename(in_folder("mail.log.1"), in_folder("other")), 0);
    cr_expect_eq(run_file("other", 0), OLDLOG_END);
    compress_file("other", "other.gz");
    cr_expect_eq(run_file("other.gz", 0), OLDLOG_END);
    expect_once(0, 3000);
    die();
    write_lines("other", 3000, 3100);
    cr_expect_eq(run_file("other", 0), OLDLOG_END);
    cr_expect_eq(w->result.counted, 100u);
    compress_file("other", "other.gz");
    cr_expect_eq(run_file("other.gz", 0), OLDLOG_END);
    expect_once(0, 3100);
}

Test(oldlog, compressed_first_and_grown, .init = world_open, .fini = world_close) {
    write_lines("a", 0, 2000);
    compress_file("a", "packed"); /* also without .gz in its name */
    cr_expect_eq(run_file("packed", 0), OLDLOG_END);
    expect_once(0, 2000);
    write_lines("a", 2000, 2500);
    compress_file("a", "longer.gz");
    cr_expect_eq(run_file("longer.gz", 0), OLDLOG_END);
    cr_expect_eq(w->result.counted, 500u);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    expect_once(0, 2500);
}

Test(oldlog, a_shorter_copy_adds_nothing, .init = world_open, .fini = world_close) {
    write_lines("a", 0, 1000);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    write_lines("large", 0, 500);
    write_lines("small", 0, 10);
    cr_expect_eq(run_file("large", 0), OLDLOG_END);
    cr_expect_eq(run_file("small", 0), OLDLOG_END);
    cr_expect_gt(w->result.before, 0u);
    expect_once(0, 1000);
}

Test(oldlog, killed_after_any_turn, .init = world_open, .fini = world_close) {
    write_lines("a", 0, LINES);
    compress_file("a", "a.gz");
    for (int cycle = 0; cycle < 400; cycle++) {
        enum oldlog_step step = run_file(cycle % 2 == 0 ? "a" : "a.gz", 1 + cycle % 4);

        die();
        if (step == OLDLOG_END)
            break;
        cr_assert_eq(step, OLDLOG_MORE, "%s", w->why.text);
    }
    expect_once(0, LINES);
}

Test(oldlog, small_files_with_and_without_an_end, .init = world_open, .fini = world_close) {
    FILE *out;

    write_lines("a", 0, 2);
    out = fopen(in_folder("a"), "a");
    fputs("2025-11-14T22:00:00Z host postfix/smtp[7]: note #2. and", out);
    fclose(out);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    expect_once(0, 3);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    out = fopen(in_folder("a"), "a");
    fputs(" #9 its rest\n", out);
    put_line(out, 3);
    fclose(out);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    compress_file("a", "a.gz");
    cr_expect_eq(run_file("a.gz", 0), OLDLOG_END);
    expect_once(0, 4);
    fclose(fopen(in_folder("empty"), "w"));
    cr_expect_eq(run_file("empty", 0), OLDLOG_END);
}

Test(oldlog, ends_where_relaywatchd_began, .init = world_open, .fini = world_close) {
    static char bytes[400000];
    struct place at = {0};
    size_t size;
    FILE *in;

    write_lines("live", 0, 3000);
    in = fopen(in_folder("live"), "r");
    size = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    at.offset = size;
    place_hash(&at, &key, bytes, bytes + size - POSITION_TAIL);
    counted_follow(&w->counted, 77, size, &at);
    write_lines("live", 3000, 4000); /* counted as they came */
    compress_file("live", "live.1.gz");
    cr_expect_eq(run_file("live.1.gz", 0), OLDLOG_END);
    cr_expect(w->result.reached_live);
    expect_once(0, 3000);
    cr_expect_eq(run_file("live", 0), OLDLOG_END);
    cr_expect(w->result.reached_live);
    expect_once(0, 3000);
}

Test(oldlog, stamps_from_the_first_start_on_are_relaywatchds, .init = world_open,
     .fini = world_close) {
    FILE *out = fopen(in_folder("a"), "w");

    fputs("2029-12-31T23:59:59Z host postfix/smtp[7]: note #0.\n"
          "2030-01-01T00:00:00Z host postfix/smtp[7]: note #1.\n"
          "postfix/smtp[7]: without a time #2.\n"
          "2030-01-01T00:00:01Z host postfix/smtp[7]: note #3.\n"
          "postfix/smtp[7]: without a time #4.\n"
          "2029-12-31T23:59:58Z host postfix/smtp[7]: note #5.\n",
          out);
    fclose(out);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    for (int i = 0; i < 6; i++)
        cr_expect_eq(w->seen[i], i < 3 || i == 5, "%d", i);
    cr_expect_eq(w->result.live, 2u);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    cr_expect_eq(w->result.counted, 0u);
}

Test(oldlog, a_stamp_without_a_year_is_of_the_files_time, .init = world_open, .fini = world_close) {
    const struct timespec times[2] = {{.tv_sec = 1609459200}, {.tv_sec = 1609459200}}; /* 2021 */
    FILE *out = fopen(in_folder("a"), "w");

    w->counted.since_ms = 1640000000000;                            /* December 2021 */
    fputs("Dec 31 22:00:00 host postfix/smtp[7]: note #0.\n", out); /* of 2020 */
    fclose(out);
    cr_assert_eq(utimensat(AT_FDCWD, in_folder("a"), times, 0), 0);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    cr_expect_eq(w->result.counted, 1u);
}

Test(oldlog, what_was_changed_is_refused, .init = world_open, .fini = world_close) {
    int fd;

    write_lines("a", 0, 1000);
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    fd = open(in_folder("a"), O_WRONLY);
    cr_assert_eq(pwrite(fd, "X", 1, 59900), 1);
    close(fd);
    write_lines("a", 1000, 1100);
    (void)run_file("a", 0); /* before the last 1024 bytes: not seen, and harmless */
    expect_once(0, 1100);
    write_lines("b", 2000, 3000);
    cr_expect_eq(run_file("b", 0), OLDLOG_END);
    fd = open(in_folder("b"), O_WRONLY | O_APPEND);
    cr_assert_eq(ftruncate(fd, 30000), 0);
    close(fd);
    write_lines("b", 4000, 5000);
    cr_expect_eq(run_file("b", 0), OLDLOG_FAILED);
    cr_expect_not_null(strstr(w->why.text, "goes on differently"), "%s", w->why.text);
    cr_expect_eq(w->seen[4500], 0);
}

Test(oldlog, damaged_and_unknown_files_are_told, .init = world_open, .fini = world_close) {
    FILE *out;

    write_lines("a", 0, 40000);
    compress_file("a", "a.gz");
    cr_assert_eq(truncate(in_folder("a.gz"), 50000), 0);
    cr_expect_eq(run_file("a.gz", 0), OLDLOG_FAILED);
    cr_expect_not_null(strstr(w->why.text, "damaged or cut off"), "%s", w->why.text);
    cr_expect_gt(w->result.counted, 100u);
    cr_expect_eq(run_file("a.gz", 0), OLDLOG_FAILED);
    cr_expect_eq(w->result.counted, 0u, "what was counted stays counted");
    cr_expect_eq(run_file("a", 0), OLDLOG_END);
    expect_once(0, 40000);
    out = fopen(in_folder("a.xz"), "w");
    fputs("\xfd"
          "7zXZ and more",
          out);
    fclose(out);
    cr_expect_eq(run_file("a.xz", 0), OLDLOG_FAILED);
    cr_expect_not_null(strstr(w->why.text, "compressed by xz"), "%s", w->why.text);
    cr_expect_eq(run_file(".", 0), OLDLOG_FAILED);
    cr_expect_not_null(strstr(w->why.text, "not a regular file"), "%s", w->why.text);
}

static unsigned looks, looked, skipped;

static bool may_look(struct span line, uint64_t place, void *arg) {
    (void)place;
    (void)arg;
    looks++;
    return span_find(line, "#31.") == NULL;
}

static void on_looked(void *arg) {
    (void)arg;
    looked++;
}

static void on_skipped(struct span line, void *arg) {
    (void)arg;
    cr_expect(span_find(line, "#31.") != NULL);
    skipped++;
}

Test(oldlog, a_line_that_may_not_be_looked_at_counts, .init = world_open, .fini = world_close) {
    const struct oldlog_calls calls = {.on_event = on_event,
                                       .may_look = may_look,
                                       .on_looked = on_looked,
                                       .on_skipped = on_skipped};
    int fd;

    write_lines("log", 0, 100);
    for (int again = 0; again < 2; again++) {
        fd = open(in_folder("log"), O_RDONLY | O_CLOEXEC);
        cr_expect_eq(run(oldlog_open_file(fd, &w->counted, &key, &calls, &w->why), 0), OLDLOG_END);
        cr_expect_eq(w->result.counted, again == 0 ? 100u : 0u);
    }
    cr_expect_eq(looks, 100u);
    cr_expect_eq(looked, 99u);
    cr_expect_eq(skipped, 1u);
    for (int i = 0; i < 100; i++)
        cr_expect_eq(w->seen[i], i != 31, "line %d came %d times", i, w->seen[i]);
}

static enum oldlog_step run_journal(const char *folder, int turns) {
    const struct oldlog_calls calls = {.on_event = on_event};

    return run(oldlog_open_journal(folder, &w->counted, &key, &calls, &w->why), turns);
}

Test(oldlog, a_journal_counts_once_also_by_parts_and_in_a_copy, .init = world_open,
     .fini = world_close) {
    FILE *out;

    if (!sdjournal_supported() || journal_files_program() == NULL)
        return;
    for (int part = 0; part < 3; part++) {
        out = fopen(in_folder("export"), "w");
        for (int i = 0; i < 4000; i++) {
            journal_files_line(out, 4000 * part + i);
            if (i == 1000)
                journal_files_line(out, 4000 * part + i); /* as journald may write it twice */
        }
        fclose(out);
        cr_assert_eq(journal_files_add(in_folder("system.journal"), in_folder("export")), 0);
        for (int cycle = 0; cycle < 200; cycle++) {
            enum oldlog_step step = run_journal(w->folder, 1 + cycle);

            die();
            if (step == OLDLOG_END)
                break;
            cr_assert_eq(step, OLDLOG_MORE, "%s", w->why.text);
        }
        expect_once(0, 4000 * part + 4000);
    }
    cr_assert_eq(rename(in_folder("system.journal"), in_folder("copy.journal")), 0);
    cr_expect_eq(run_journal(w->folder, 0), OLDLOG_END);
    cr_expect_eq(w->result.counted, 0u);
    cr_expect_eq(w->result.before, 12000u);
    expect_once(0, 12000);
}
