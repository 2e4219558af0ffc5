/* Names that are brothers, their order, and the search for a place. */
#include "siblings.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct hash_key key = {{3, 4}};

static char folder[64];

static void open_folder(void) {
    strcpy(folder, "/var/tmp/test_siblings.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void in_folder(char *out, size_t size, const char *name) {
    snprintf(out, size, "%s/%s", folder, name);
}

static void put(const char *name, const char *text, int64_t mtime_s) {
    char path[200];
    struct timespec times[2] = {{.tv_sec = mtime_s}, {.tv_sec = mtime_s}};
    int fd;

    in_folder(path, sizeof path, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    futimens(fd, times);
    close(fd);
}

static void drop(const char *name) {
    char path[200];

    in_folder(path, sizeof path, name);
    cr_expect_eq(unlink(path), 0, "%s", name);
}

Test(siblings, names_and_order) {
    static const struct {
        const char *name;
        const char *base;
        const char *there[8];
        const char *want; /* oldest first */
        size_t unknown;
    } rows[] = {
        {"numbers",
         "mail.log",
         {"mail.log.10", "mail.log.2", "mail.log.1"},
         "mail.log.10 mail.log.2 mail.log.1 ",
         0},
        {"compressed",
         "mail.log",
         {"mail.log.3.gz", "mail.log.2.gz", "mail.log.1"},
         "mail.log.3.gz mail.log.2.gz mail.log.1 ",
         0},
        {"gzip at work", "mail.log", {"mail.log.1", "mail.log.1.gz"}, "mail.log.1 ", 0},
        {"dates",
         "mail.log",
         {"mail.log-20251231", "mail.log-20260902.gz", "mail.log-20260903"},
         "mail.log-20251231 mail.log-20260902.gz mail.log-20260903 ",
         0},
        {"date and hour",
         "mail.log",
         {"mail.log-20260903-09", "mail.log-20260903-11"},
         "mail.log-20260903-09 mail.log-20260903-11 ",
         0},
        {"number inside",
         "mail.log",
         {"mail.3.log.gz", "mail.2.log", "mail.1.log"},
         "mail.3.log.gz mail.2.log mail.1.log ",
         0},
        {"no end", "maillog", {"maillog-20260901", "maillogs.1"}, "maillog-20260901 ", 0},
        {"mixed: by time",
         "mail.log",
         {"mail.log-20260903", "mail.log.1"},
         "mail.log-20260903 mail.log.1 ",
         0},
        {"others among numbers: by time",
         "mail.log",
         {"mail.log.2", "mail.log.r1", "mail.log.1", "mail.log.z.gz", "mail.log.a"},
         "mail.log.2 mail.log.r1 mail.log.1 mail.log.z.gz mail.log.a ",
         0},
        {"numbers that grow with time",
         "mail.log",
         {"mail.log.1", "mail.log.2", "mail.log.3"},
         "mail.log.1 mail.log.2 mail.log.3 ",
         0},
        {"other names",
         "mail.log",
         {"mail.log.monday", "mail.log.april", "mail.log.x"},
         "mail.log.monday mail.log.april mail.log.x ",
         0},
        {"other compressors",
         "mail.log",
         {"mail.log.1.xz", "mail.log.2.zst", "mail.err.1.xz"},
         "",
         2},
        {"others",
         "mail.log",
         {"mail.old.log", "mail.err.1", "mail.log.", "mail.log-", "xmail.log.1", "mail.logs"},
         "",
         0},
    };

    open_folder();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct siblings all;
        char path[200];
        char got[400] = "";

        for (size_t k = 0; k < 8 && rows[i].there[k] != NULL; k++) {
            put(rows[i].there[k], "x y", 1000 + (int64_t)k);
            usleep(5000); /* births have steps of 4 ms */
        }
        in_folder(path, sizeof path, rows[i].base);
        cr_assert_eq(siblings_list(path, &all, NULL), 0);
        for (size_t k = 0; k < all.count; k++) {
            strcat(got, all.item[k].name);
            strcat(got, " ");
        }
        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
        cr_expect_eq(all.unknown, rows[i].unknown, "%s", rows[i].name);
        siblings_clear(&all);
        for (size_t k = 0; k < 8 && rows[i].there[k] != NULL; k++)
            drop(rows[i].there[k]);
    }
    rmdir(folder);
}

/* What has a name without order and is a copy is no brother. */
Test(siblings, copies) {
    static const char *const words[] = {"a line of the log\n", "another line of it\n"};
    char text[2][600] = {"", ""};
    struct siblings all;
    char path[200];

    for (size_t i = 0; i < 2; i++) {
        while (strlen(text[i]) < 500)
            snprintf(text[i] + strlen(text[i]), 100, "%d %s", (int)strlen(text[i]), words[i]);
    }
    open_folder();
    in_folder(path, sizeof path, "mail.log");
    put("mail.log", text[0], 1000);
    put("mail.log.copy", text[0], 1000);
    put("mail.log.1", text[1], 900);
    text[1][400] = '\0';
    put("mail.log.save", text[1], 1100);
    cr_assert_eq(siblings_list(path, &all, NULL), 0);
    cr_expect(all.count == 1 && strcmp(all.item[0].name, "mail.log.1") == 0, "%d", (int)all.count);
    siblings_clear(&all);
    drop("mail.log");
    drop("mail.log.copy");
    drop("mail.log.1");
    drop("mail.log.save");
    rmdir(folder);
}

Test(siblings, folder_that_is_not_there) {
    struct siblings all;
    struct fault why;

    cr_expect_eq(siblings_list("/nonexistent/mail.log", &all, &why), -1);
    cr_expect(all.count == 0 && strstr(why.text, "/nonexistent") != NULL);
}

Test(siblings, finds_the_place) {
    static const char text[] = "line one\nline two\nline three\n";
    struct place place = {.offset = 18};
    struct siblings all;
    struct sibling_found found;
    char path[200];

    open_folder();
    place_hash(&place, &key, text, text);
    put("mail.log.1", "something else that is longer\n", 3000);
    put("mail.log.2", text, 2000);
    put("mail.log.3", "line one\nline ", 1000);
    in_folder(path, sizeof path, "mail.log");
    cr_assert_eq(siblings_list(path, &all, NULL), 0);
    found = siblings_find(&all, &key, &place);
    cr_expect(found.file != NULL && found.i == 1 && found.verdict == PLACE_RESUME);
    logfile_close(&found.file);
    cr_expect_eq(siblings_after(&all, 0, 1500000000000, 0), 1);
    cr_expect_eq(siblings_index(&all, &all.item[2].id), 2);
    drop("mail.log.2"); /* after it was listed */
    found = siblings_find(&all, &key, &place);
    cr_expect(found.file == NULL && found.again);
    siblings_clear(&all);
    drop("mail.log.1");
    drop("mail.log.3");
    rmdir(folder);
}
