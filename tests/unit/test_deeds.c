/* deeds.c: what is written is read again; a torn end does not matter; what was kept comes back.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "deeds.h"

static char folder[] = "/tmp/test_journal.XXXXXX";

static void begin(void) {
    cr_assert_not_null(mkdtemp(folder));
}

static void end(void) {
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

Test(deeds, parses) {
    static const struct {
        const char *text;
        int good, files;
        bool unfinished;
    } rows[] = {
        {"", 1, 0, false},
        {"relaywatch-setup 1\nbegin\n", 1, 0, true},
        {"relaywatch-setup 1\nbegin\ndone\n", 1, 0, false},
        {"relaywatch-setup 1\nbegin\ndo", 1, 0, true},
        {"relaywatch-setup 1\nfile 0 644 0 0 1700000000 5 /etc/a b\nwrote 0 "
         "00112233445566778899aabbccddeeff\nbegin\n",
         1, 1, true},
        {"relaywatch-setup 2\n", 0, 0, false},
        {"relaywatch-setup 1\nfile 1 644 0 0 1 5 /etc/a\n", 0, 0, false},
        {"relaywatch-setup 1\nfile 0 644 0 0 1 5 etc/a\n", 0, 0, false},
        {"relaywatch-setup 1\nwrote 0 00112233445566778899aabbccddeeff\n", 0, 0, false},
        {"relaywatch-setup 1\nwhat\n", 0, 0, false},
    };
    static struct deeds j;
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&j, 0, sizeof j);
        cr_expect_eq(deeds_parse(rows[i].text, strlen(rows[i].text), &j, &why) == 0, rows[i].good,
                     "row %zu", i);
        if (rows[i].good) {
            cr_expect_eq(j.file_count, rows[i].files, "row %zu", i);
            cr_expect_eq(j.unfinished, rows[i].unfinished, "row %zu", i);
        }
    }
}

Test(deeds, remembers, .init = begin, .fini = end) {
    static struct deeds j, again;
    char path[100], absent[100];
    struct fault why = {""};
    struct stat st;
    size_t size;
    char *text;

    snprintf(path, sizeof path, "%s/main.cf", folder);
    snprintf(absent, sizeof absent, "%s/new", folder);
    cr_assert_eq(file_replace(path, "old\n", 4, 0640, &why), 0);
    cr_assert_eq(deeds_load(folder, &j, &why), 0);
    cr_expect_not(j.exists);
    cr_assert_eq(deeds_mark(&j, DEEDS_BEGIN, &why), 0);
    cr_assert_eq(deeds_keep(&j, path, &why), 0, "%s", why.text);
    cr_assert_eq(deeds_keep(&j, absent, &why), 1);
    cr_assert_eq(deeds_wrote(&j, 0, "ours\n", 5, &why), 0);
    cr_assert_eq(file_replace(path, "ours\n", 5, 0640, &why), 0);
    cr_assert_eq(deeds_keep(&j, path, &why), 0, "kept once only");

    cr_assert_eq(deeds_load(folder, &again, &why), 0, "%s", why.text);
    cr_expect(again.exists && again.unfinished && !again.started);
    cr_expect_eq(again.file_count, 2);
    cr_expect(again.file[0].existed && !again.file[1].existed);
    cr_expect_eq(again.file[0].mode, 0640);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(again.file[0].uid, st.st_uid);
    text = deeds_before(&again, 0, &size, &why);
    cr_assert_not_null(text);
    cr_expect_str_eq(text, "old\n");
    free(text);
    cr_expect(deeds_is_ours(&again, 0, "ours\n", 5));
    cr_expect_not(deeds_is_ours(&again, 0, "old\n", 4));
    cr_assert_eq(deeds_mark(&again, DEEDS_STARTED, &why), 0);
    cr_assert_eq(deeds_mark(&again, DEEDS_DONE, &why), 0);
    cr_assert_eq(deeds_load(folder, &j, &why), 0);
    cr_expect(j.started && !j.unfinished);
    cr_assert_eq(deeds_forget(&j, &why), 0);
    cr_assert_eq(deeds_load(folder, &j, &why), 0);
    cr_expect_not(j.exists);
}

Test(deeds, goes_on_behind_a_torn_record, .init = begin, .fini = end) {
    static struct deeds j;
    char path[100], text[300];
    struct fault why = {""};

    snprintf(path, sizeof path, "%s/journal", folder);
    cr_assert_eq(file_replace(path, "relaywatch-setup 1\nbegin\nsta", 28, 0600, &why), 0);
    cr_assert_eq(deeds_load(folder, &j, &why), 0);
    cr_assert_eq(deeds_mark(&j, DEEDS_DONE, &why), 0);
    cr_assert_gt(file_read(path, text, sizeof text, &why), 0);
    cr_expect_str_eq(text, "relaywatch-setup 1\nbegin\ndone\n");
}
