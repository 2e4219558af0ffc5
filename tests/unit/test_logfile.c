/* Plain and compressed bytes by offset; what is not opened. */
#include "logfile.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 6 << 20 };

static char folder[64];

static void open_folder(void) {
    strcpy(folder, "/var/tmp/test_logfile.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static const char *in_folder(const char *name) {
    static char path[4][200];
    static int next;

    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static void clear_folder(void) {
    static const char *const names[] = {"log", "log.gz", "pipe", "link"};

    for (size_t i = 0; i < 4; i++)
        unlink(in_folder(names[i]));
    rmdir(folder);
}

static char *make_text(void) {
    char *text = malloc(SIZE);

    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 19 * (i / 100) % 23);
    return text;
}

static void put(const char *path, const char *text, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    cr_assert_eq(write(fd, text, n), (ssize_t)n);
    close(fd);
}

static void gzip(const char *path) {
    pid_t pid = fork();

    if (pid == 0) {
        execlp("gzip", "gzip", path, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

/* Calls again while it unpacks. */
static ssize_t read_at(struct logfile *file, void *out, size_t n, uint64_t offset) {
    ssize_t got;

    do {
        got = logfile_read(file, out, n, offset);
    } while (got == -1 && errno == EAGAIN);
    return got;
}

Test(logfile, reads_plain_and_compressed_alike) {
    static const uint64_t offsets[] = {0,     1,         4096, 100000,   99000,
                                       30000, SIZE - 10, SIZE, SIZE + 5, 7};
    char *text = make_text();
    char *out = malloc(200000);

    open_folder();
    put(in_folder("log"), text, SIZE);
    for (int compressed = 0; compressed < 2; compressed++) {
        struct logfile *file;

        if (compressed)
            gzip(in_folder("log"));
        file = logfile_open(in_folder(compressed ? "log.gz" : "log"), false, NULL);
        cr_assert_not_null(file);
        cr_expect_eq(logfile_compressed(file), compressed);
        for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
            size_t left = offsets[i] < SIZE ? (size_t)(SIZE - offsets[i]) : 0;
            size_t want = left < 200000 ? left : 200000;
            ssize_t got = read_at(file, out, 200000, offsets[i]);

            cr_expect_eq(got, (ssize_t)want, "offset %zu: %zd", (size_t)offsets[i], got);
            cr_expect(got <= 0 || memcmp(out, text + offsets[i], (size_t)got) == 0, "offset %zu",
                      (size_t)offsets[i]);
        }
        logfile_close(&file);
        cr_expect_null(file);
    }
    clear_folder();
    free(text);
    free(out);
}

Test(logfile, cut_off_compressed_file_fails_at_its_end) {
    char *text = make_text();
    char *out = malloc(SIZE);
    struct logfile *file;
    ssize_t got;

    open_folder();
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)(rand() % 64 + 32);
    put(in_folder("log"), text, SIZE);
    gzip(in_folder("log"));
    cr_assert_eq(truncate(in_folder("log.gz"), 1 << 20), 0);
    file = logfile_open(in_folder("log.gz"), false, NULL);
    got = read_at(file, out, 1000, 500000);
    cr_expect(got == 1000 && memcmp(out, text + 500000, 1000) == 0, "%zd", got);
    got = read_at(file, out, 1000, SIZE - 1000);
    cr_expect(got == -1 && errno == EIO, "%zd", got);
    logfile_close(&file);
    clear_folder();
    free(text);
    free(out);
}

Test(logfile, opens_regular_files_only) {
    struct fault why;
    struct logfile *file;

    open_folder();
    put(in_folder("log"), "x\n", 2);
    cr_assert_eq(mkfifo(in_folder("pipe"), 0644), 0);
    cr_assert_eq(symlink("log", in_folder("link")), 0);
    file = logfile_open(in_folder("pipe"), true, &why);
    cr_expect(file == NULL && errno == EINVAL && strstr(why.text, "not a regular file"), "%s",
              why.text);
    file = logfile_open(folder, true, &why);
    cr_expect(file == NULL && errno == EINVAL);
    file = logfile_open(in_folder("link"), false, &why);
    cr_expect(file == NULL && errno == ELOOP);
    file = logfile_open(in_folder("link"), true, &why);
    cr_expect_not_null(file);
    logfile_close(&file);
    file = logfile_open(in_folder("nothing"), true, &why);
    cr_expect(file == NULL && errno == ENOENT);
    clear_folder();
}
