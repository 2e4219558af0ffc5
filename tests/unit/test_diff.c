/* diff.c: the same as diff -u says, on texts that differ in all ways. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diff.h"
#include "file.h"

static char *print(const char *before, const char *after) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    diff_print(out, "f", before, after);
    fclose(out);
    return text;
}

Test(diff, shows_what_changed) {
    static const struct {
        const char *before, *after, *want;
    } rows[] = {
        {"a\nb\n", "a\nb\n", ""},
        {NULL, NULL, ""},
        {NULL, "a\n", "--- /dev/null\n+++ f\n@@ -0,0 +1,1 @@\n+a\n"},
        {"a\n", NULL, "--- f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n"},
        {"a\nb\nc\n", "a\nx\nc\n", "--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
        {"a", "a\n", "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
         "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got = print(rows[i].before, rows[i].after);

        cr_expect_str_eq(got, rows[i].want, "row %zu: %s", i, got);
        free(got);
    }
}

static char *random_text(unsigned lines) {
    char *text = calloc(lines + 1, 2);

    for (unsigned i = 0; i < lines; i++)
        memcpy(text + 2 * i, (char[]){(char)('a' + rand() % 4), '\n'}, 2);
    return text;
}

static void run(const char *command) {
    cr_assert_eq(system(command), 0, "%s", command);
}

/* patch(1) is the judge: what it makes of `before` must be `after`. */
Test(diff, patch_makes_the_new_one_of_the_old) {
    char folder[] = "/tmp/test_diff.XXXXXX", path[64], got[4096], command[160];

    cr_assert_not_null(mkdtemp(folder));
    if (access("/usr/bin/patch", X_OK) == -1)
        cr_skip_test("no patch(1) here");
    srand(4);
    for (int i = 0; i < 60; i++) {
        char *before = random_text((unsigned)rand() % 40 + 1),
             *after = random_text((unsigned)rand() % 40 + 1);
        char *diff = print(before, after);

        snprintf(path, sizeof path, "%s/f", folder);
        cr_assert_eq(file_replace(path, before, strlen(before), 0600, NULL), 0);
        snprintf(path, sizeof path, "%s/d", folder);
        cr_assert_eq(file_replace(path, diff, strlen(diff), 0600, NULL), 0);
        snprintf(command, sizeof command, "cd %s && { test ! -s d || patch -s -F0 f d; }", folder);
        run(command);
        snprintf(path, sizeof path, "%s/f", folder);
        cr_assert_geq(file_read(path, got, sizeof got, NULL), 0);
        cr_expect_str_eq(got, after);
        free(before);
        free(after);
        free(diff);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    run(command);
}
