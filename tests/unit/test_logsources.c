/* The list of sources, and two names for one file. */
#include "logsources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

Test(logsources, a_list_is_read) {
    struct logsources sources;
    struct fault why;

    cr_assert_eq(logsources_parse(" /var/log/a.log,journal:/x/y/ \t/var/log/b,,", &sources, &why),
                 0, "%s", why.text);
    cr_assert_eq(sources.count, 3);
    cr_expect_str_eq(sources.item[0].name, "/var/log/a.log");
    cr_expect_str_eq(sources.item[1].name, "journal:/x/y");
    cr_expect_str_eq(logsource_path(&sources.item[1]), "/x/y");
    cr_expect(sources.item[1].is_journal && !sources.item[2].is_journal);
    cr_expect(logsources_mixed(&sources));
    cr_expect_str_eq(logsources_first(&sources), "/var/log/a.log");

    cr_assert_eq(logsources_parse("journal", &sources, &why), 0);
    cr_expect_str_eq(logsource_path(&sources.item[0]), "");
    cr_expect_not(logsources_mixed(&sources));
    cr_expect_str_eq(logsources_first(&sources), "journal");
    cr_assert_eq(logsources_parse("/a /b", &sources, &why), 0);
    cr_expect_not(logsources_mixed(&sources));
}

Test(logsources, what_is_refused_and_why) {
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "nothing is named"},
        {" , ", "nothing is named"},
        {"mail.log", "mail.log is no absolute path"},
        {"journal:", "journal: is no absolute path"},
        {"journal:x", "journal:x is no absolute path"},
        {"journals", "journals is no absolute path"},
        {"/a /b /a", "/a is named twice"},
        {"journal journal", "journal is named twice"},
        {"journal journal:/x", "journal and journal:/x: at most one journal"},
        {"/var/log/x /var/../var/log/x", "are the same file"},
        {"/1 /2 /3 /4 /5 /6 /7 /8 /9", "more than 8"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct logsources sources;
        struct fault why = {.text = ""};

        cr_expect_eq(logsources_parse(rows[i].text, &sources, &why), -1, "%s", rows[i].text);
        cr_expect_not_null(strstr(why.text, rows[i].want), "%s: %s", rows[i].text, why.text);
    }
}

static char folder[] = "/var/tmp/test_logsources.XXXXXX";

/* With the folder in place of each %. */
static int parse(const char *list) {
    struct logsources sources;
    struct fault why;
    char text[400];

    text[0] = '\0';
    for (const char *at = list; *at != '\0'; at++) {
        size_t n = strlen(text);

        if (*at == '%')
            text_format(text + n, sizeof text - n, "%s", folder);
        else
            text_format(text + n, sizeof text - n, "%c", *at);
    }
    return logsources_parse(text, &sources, &why);
}

static void link_to(const char *target, const char *name) {
    char path[200];

    text_format(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(symlink(target, path), 0);
}

Test(logsources, one_file_by_two_names_is_refused) {
    char path[200], other[200];
    FILE *f;

    cr_assert_not_null(mkdtemp(folder));
    text_format(path, sizeof path, "%s/log", folder);
    f = fopen(path, "w");
    cr_assert_not_null(f);
    fclose(f);
    text_format(other, sizeof other, "%s/hard", folder);
    cr_assert_eq(link(path, other), 0);
    link_to("log", "soft");
    link_to("nothing", "dangling");
    link_to(".", "folder");

    cr_expect_eq(parse("%/log %/soft"), -1, "a symbolic link");
    cr_expect_eq(parse("%/log %/folder/log"), -1, "a link in the path");
    cr_expect_eq(parse("%/log %/hard"), -1, "a hard link");
    cr_expect_eq(parse("%/nothing %/dangling"), -1, "a link to what is not there yet");
    cr_expect_eq(parse("%/folder/nothing %/dangling"), -1, "the same through a folder");
    cr_expect_eq(parse("%/log %/dangling"), 0, "two files");
    cr_expect_eq(parse("%/log journal:%/log"), 0, "a folder is no file");

    for (size_t i = 0; i < 5; i++) {
        static const char *const names[] = {"log", "hard", "soft", "dangling", "folder"};

        text_format(path, sizeof path, "%s/%s", folder, names[i]);
        cr_assert_eq(unlink(path), 0);
    }
    rmdir(folder);
}
