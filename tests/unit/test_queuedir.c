/* queuedir.c: ids and heads of queue files, and a queue built by hand. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "queuedir.h"
#include "spawn.h"
#include "text.h"

Test(queuedir, id_time) {
    static const struct {
        const char *id;
        int64_t want; /* 0: none */
    } rows[] = {
        {"4BTcV50zrXz1dK", INT64_C(1597535373)}, /* 4BTcV5 in base 52 */
        {"0000010000z1", 1},
        {"0000100000z1", 52},
        {"00000y0000zb", 50},
        {"D3A1B16224F", 0},
        {"4BTcV50zr1dK", 0},
        {"4ATcV50zrXz1dK", 0}, /* a vowel */
        {"", 0},
        {"z", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = 0;
        bool is = queuedir_id_time(rows[i].id, &got);

        cr_expect_eq(is, rows[i].want != 0, "%s", rows[i].id);
        cr_expect_eq(got, rows[i].want, "%s: %lld", rows[i].id, (long long)got);
    }
}

Test(queuedir, names) {
    cr_expect(queuedir_is_id("D3A1B16224F"));
    cr_expect(queuedir_is_id("4BTcV50zrXz1dK"));
    cr_expect_not(queuedir_is_id("abcd"));
    cr_expect_not(queuedir_is_id("D3A1B.tmp"));
    cr_expect_not(queuedir_is_id("../../etc"));
    cr_expect_not(queuedir_is_id(""));
}

Test(queuedir, head) {
    static const struct {
        const char *name, *head;
        size_t n;
        int64_t want;
    } rows[] = {
        {"size first",
         "C\x05"
         "12345T\x11"
         "1596987293 123456",
         26, 1596987293},
        {"time first",
         "T\x0a"
         "1596987293",
         12, 1596987293},
        {"cut in the record",
         "T\x0a"
         "159698",
         8, 0},
        {"cut in the length", "T\x8a", 2, 0},
        {"length without end", "C\xff\xff\xff\xff\xff\xff", 7, 0},
        {"no time",
         "C\x05"
         "12345A\x01x",
         10, 0},
        {"not a number",
         "T\x03"
         "abc",
         5, 0},
        {"empty record", "T\x00", 2, 0},
        {"nothing", "", 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char *copy = malloc(rows[i].n + 1); /* so that the sanitizer sees an overrun */
        int64_t got = 0;

        cr_assert_not_null(copy);
        copy = realloc(copy, rows[i].n > 0 ? rows[i].n : 1);
        memcpy(copy, rows[i].head, rows[i].n);
        cr_expect_eq(queuedir_head_time(copy, rows[i].n, &got), rows[i].want != 0, "%s",
                     rows[i].name);
        cr_expect_eq(got, rows[i].want, "%s: %lld", rows[i].name, (long long)got);
        free(copy);
    }
}

static void put(const char *root, const char *name, const char *text) {
    char path[300];
    int fd;

    text_format(path, sizeof path, "%s/%s", root, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
    cr_assert_neq(fd, -1, "%s", path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void folder(const char *root, const char *name) {
    char path[300];

    text_format(path, sizeof path, "%s/%s", root, name);
    cr_assert_eq(mkdir(path, 0700), 0, "%s", path);
}

static void make_queue(char *root) {
    static const char *const folders[] = {"deferred", "deferred/A", "deferred/A/B", "active",
                                          "incoming", "hold",       "pid"};

    cr_assert_not_null(mkdtemp(root));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        folder(root, folders[i]);
}

static void remove_tree(const char *root) {
    const char *const argv[] = {"/bin/rm", "-rf", root, NULL};
    struct spawn job = {.argv = argv, .timeout_ms = 20000};

    cr_expect_eq(spawn_run(&job, NULL), 0);
}

Test(queuedir, counts) {
    char root[] = "/tmp/test_queuedir.XXXXXX";
    char link[300];
    struct keeper_queue queue;
    struct fault why;

    make_queue(root);
    put(root, "deferred/A/AAAAAAAAA",
        "C\x05"
        "12345T\x0b"
        "1500000000 ");
    put(root, "deferred/A/B/4BTcV50zrXz1dK", "");
    put(root, "deferred/A/.hidden", "");
    put(root, "active/BBBBBBBBB",
        "T\x0a"
        "1400000000");
    put(root, "hold/CCCCCCCCC",
        "T\x0a"
        "1300000000");
    text_format(link, sizeof link, "%s/incoming/DDDDDDDDD", root);
    cr_assert_eq(symlink("/etc/passwd", link), 0);
    cr_assert_eq(queuedir_read(root, &queue, &why), 0, "%s", why.text);
    cr_expect_eq(queue.deferred, 2);
    cr_expect_eq(queue.active, 1);
    cr_expect_eq(queue.incoming, 0, "a symbolic link");
    cr_expect_eq(queue.hold, 1);
    cr_expect_eq(queue.maildrop, 0, "no such folder");
    cr_expect_eq(queue.oldest_s, 1400000000);
    cr_expect_eq(queue.oldest_deferred_s, 1500000000);
    cr_expect_eq(queue.ages_partial, 0);
    cr_expect_eq(queue.shape[KEEPER_DEFERRED].size[2], 1, "12345 bytes");
    cr_expect_eq(queue.shape[KEEPER_DEFERRED].size[0], 1, "an empty file");
    cr_expect_eq(queue.shape[KEEPER_DEFERRED].bytes, 12345);
    cr_expect_eq(queue.shape[KEEPER_DEFERRED].age[8], 2, "both are years old");
    cr_expect_eq(queue.shape[KEEPER_ON_HOLD].age[8], 1);
    cr_expect_gt(queue.shape[KEEPER_ON_HOLD].seconds, 300000000);
    cr_expect_eq(queue.shape[KEEPER_INCOMING].size[0], 0);
    cr_expect_gt(queue.bytes_free, 0);
    cr_expect_eq(queue.postfix_running, 0);
    remove_tree(root);
    cr_expect_eq(queuedir_read("/nonexistent", &queue, &why), -1);
}

/* More than are looked into: the rest is like those. */
Test(queuedir, many) {
    char root[] = "/tmp/test_queuedir.XXXXXX";
    struct keeper_queue queue;
    struct fault why;

    make_queue(root);
    for (int i = 0; i < QUEUEDIR_SIZE_MAX + 100; i++) {
        char name[64];

        text_format(name, sizeof name, "active/4BTcV50zrXz%d", 1000 + i);
        put(root, name,
            "C\x04"
            "2000");
    }
    put(root, "deferred/4BTcV50zrXz1dK",
        "C\x04"
        "2000");
    cr_assert_eq(queuedir_read(root, &queue, &why), 0, "%s", why.text);
    cr_expect_eq(queue.active, QUEUEDIR_SIZE_MAX + 100);
    cr_expect_eq(queue.shape[KEEPER_ACTIVE].size[1], QUEUEDIR_SIZE_MAX + 100);
    cr_expect_eq(queue.shape[KEEPER_ACTIVE].bytes, 2000 * (QUEUEDIR_SIZE_MAX + 100));
    cr_expect_eq(queue.shape[KEEPER_ACTIVE].age[8], QUEUEDIR_SIZE_MAX + 100);
    cr_expect_eq(queue.shape[KEEPER_DEFERRED].size[1], 1, "read first");
    remove_tree(root);
}

Test(queuedir, head_size) {
    static const struct {
        const char *name, *head;
        size_t n;
        uint64_t want; /* 0: none */
    } rows[] = {
        {"as Postfix writes it", "C\x0a      1234T\x01x", 15, 1234},
        {"more words", "C\x08   12 34", 10, 12},
        {"not written yet", "C\x04    ", 6, 0},
        {"behind others",
         "T\x01xC\x01"
         "7",
         6, 7},
        {"cut",
         "C\x09"
         "12",
         4, 0},
        {"none", "T\x01x", 3, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t got = 0;

        cr_expect_eq(queuedir_head_size((const unsigned char *)rows[i].head, rows[i].n, &got),
                     rows[i].want != 0, "%s", rows[i].name);
        cr_expect_eq(got, rows[i].want, "%s", rows[i].name);
    }
}

Test(queuedir, master_lock) {
    char root[] = "/tmp/test_queuedir.XXXXXX";
    char text[40], path[300];
    struct keeper_queue queue;
    struct fault why;
    int fd;

    make_queue(root);
    text_format(text, sizeof text, "%*ld\n", 16, (long)getpid());
    put(root, "pid/master.pid", text);
    cr_assert_eq(queuedir_read(root, &queue, &why), 0);
    cr_expect_eq(queue.postfix_running, 0, "nobody holds the lock");
    text_format(path, sizeof path, "%s/pid/master.pid", root);
    fd = open(path, O_RDWR);
    cr_assert_eq(flock(fd, LOCK_EX), 0);
    cr_assert_eq(queuedir_read(root, &queue, &why), 0);
    cr_expect_eq(queue.postfix_running, 1, "held");
    close(fd);
    remove_tree(root);
}

Test(queuedir, glance) {
    char root[] = "/tmp/test_queuedir.XXXXXX";
    struct keeper_queue queue;
    struct fault why;

    make_queue(root);
    cr_assert_eq(queue_read(root, true, queuedir_count, &queue, &why), 0, "%s", why.text);
    cr_expect(queue.postfix_running == 0 && queue.deferred == 0, "an empty queue");
    put(root, "active/4BTcV50zrXz1dL", "");
    cr_assert_eq(queue_read(root, true, queuedir_count, &queue, &why), 0, "%s", why.text);
    cr_expect(queue.deferred == 0 && queue.active == 1);
    put(root, "deferred/A/AAAAAAAAA", "C\x05");
    put(root, "deferred/A/4BTcV50zrXz1dK", "");
    cr_assert_eq(queue_read(root, true, queuedir_count, &queue, &why), 0, "%s", why.text);
    cr_expect(queue.deferred > 0);
    remove_tree(root);
}

/* 10,000 short ids: 2,000 are opened, the rest only counted, within 50 ms. */
Test(queuedir, bounded) {
    char root[] = "/tmp/test_queuedir.XXXXXX";
    struct keeper_queue queue;
    struct fault why;
    int64_t begun_ms, took_ms;

    make_queue(root);
    for (int i = 0; i < 10000; i++) {
        char name[40];

        text_format(name, sizeof name, "deferred/A/%09X", (unsigned)i);
        put(root, name,
            "T\x0a"
            "1400000000");
    }
    begun_ms = clock_mono_ms();
    cr_assert_eq(queuedir_read(root, &queue, &why), 0);
    took_ms = clock_mono_ms() - begun_ms;
    fprintf(stderr, "queuedir: 10,000 short ids in %lld ms\n", (long long)took_ms);
    cr_expect_eq(queue.deferred, 10000);
    cr_expect_eq(queue.ages_partial, 1);
    cr_expect_eq(queue.oldest_s, 1400000000);
    cr_expect_lt(took_ms, 500, "%lld ms",
                 (long long)took_ms); /* 50 is the goal; a busy test machine */
    remove_tree(root);
}
