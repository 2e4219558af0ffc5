/* backup.c: all comes back as it was; a manifest that somebody damaged does not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "file.h"

#define HASH "0123456789abcdef0123456789abcdef"

static char folder[] = "/tmp/test_backup.XXXXXX";

static void shell(const char *command) {
    char text[400];

    snprintf(text, sizeof text, "cd %s && %s", folder, command);
    cr_assert_eq(system(text), 0, "%s", text);
}

static void begin(void) {
    cr_assert_not_null(mkdtemp(folder));
    shell("mkdir etc etc/sub && echo a >etc/main.cf && echo secret >etc/sub/pw && chmod 600 "
          "etc/sub/pw && "
          "ln -s main.cf etc/link && touch -d 2020-01-01 etc/main.cf");
}

static void end(void) {
    shell("rm -r etc store");
    cr_assert_eq(rmdir(folder), 0);
}

Test(backup, lines) {
    struct backup_entry e;

    cr_expect(backup_parse("f 600 0 0 1700000000 5 3 " HASH " /etc/postfix/main.cf", &e));
    cr_expect_eq(e.mode, 0600);
    cr_expect_eq(e.number, 3);
    cr_expect_str_eq(e.path, "/etc/postfix/main.cf");
    cr_expect(backup_parse("l 777 0 0 1 0 0 " HASH " /a b", &e));
    cr_expect_not(backup_parse("f 600 0 0 1 0 3 " HASH " etc", &e));
    cr_expect_not(backup_parse("f 600 0 0 1 0 3 " HASH " /etc/../x", &e));
    cr_expect_not(backup_parse("x 600 0 0 1 0 3 " HASH " /etc", &e));
    cr_expect_not(backup_parse("f 98 0 0 1 0 3 " HASH " /etc", &e));
    cr_expect_not(backup_parse("f 600 0 0 1 0 3 0123 /etc", &e));
    cr_expect_not(backup_parse("f 600", &e));
    cr_expect_not(backup_parse("", &e));
}

Test(backup, brings_back, .init = begin, .fini = end) {
    char store[64], etc[64], name[BACKUP_NAME], second[BACKUP_NAME];
    const char *const folders[] = {etc, NULL};
    struct fault why = {""};
    FILE *none = fopen("/dev/null", "w");

    snprintf(store, sizeof store, "%s/store", folder);
    snprintf(etc, sizeof etc, "%s/etc", folder);
    cr_assert_eq(backup_make(store, folders, name, &why), 0, "%s", why.text);
    cr_assert_eq(backup_make(store, folders, second, &why), 0, "%s", why.text);
    cr_expect_str_neq(name, second);
    cr_expect(backup_exists(store, name));
    cr_expect_not(backup_exists(store, "../etc"));
    shell("test $(find store -type f -perm /077 | wc -l) = 0 && test $(stat -c %a store) = 700");
    shell("cp -a etc want && echo b >etc/main.cf && chmod 644 etc/sub/pw && echo x >etc/sub/pw && "
          "rm etc/link && "
          "echo new >etc/later");
    cr_assert_eq(backup_restore(store, name, false, &why), 0, "%s", why.text);
    shell("test $(cat etc/later) = new && rm etc/later && diff -r want etc && "
          "test $(stat -c %a etc/sub/pw) = 600 && test $(stat -c %Y etc/main.cf) = $(stat -c %Y "
          "want/main.cf) && "
          "rm -r want");
    cr_expect_eq(backup_list(store, none), 2);
    cr_expect_eq(backup_prune(store, 1, &why), 1);
    cr_expect_not(backup_exists(store, name));
    cr_expect(backup_exists(store, second));
    cr_expect_eq(backup_restore(store, name, false, &why), -1);
    fclose(none);
}

/* Whatever was done to it: nothing is restored. */
Test(backup, a_damaged_one_restores_nothing, .init = begin, .fini = end) {
    static const char *const damage[] = {
        "sed -i 3d store/$(ls store)/manifest",
        "sed -i '$d' store/$(ls store)/manifest",
        "truncate -s -5 store/$(ls store)/manifest",
        "sed -i 's#/main.cf#/x.cf#' store/$(ls store)/manifest",
        ": >store/$(ls store)/manifest",
        "rm store/$(ls store)/manifest",
        "rm $(grep -l secret store/*/[0-9]*)",
        "truncate -s 3 $(grep -l secret store/*/[0-9]*)",
        ": >$(grep -l secret store/*/[0-9]*)",
        "echo x >>$(grep -l secret store/*/[0-9]*)",
    };
    char store[64], etc[64], name[BACKUP_NAME];
    const char *const folders[] = {etc, NULL};
    struct fault why = {""};

    snprintf(store, sizeof store, "%s/store", folder);
    snprintf(etc, sizeof etc, "%s/etc", folder);
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        shell("rm -rf store && echo a >etc/main.cf && echo secret >etc/sub/pw");
        cr_assert_eq(backup_make(store, folders, name, &why), 0, "%s", why.text);
        cr_expect_eq(backup_check(store, name, &why), 0, "%s", why.text);
        shell("echo b >etc/main.cf && echo other >etc/sub/pw");
        shell(damage[i]);
        cr_expect_eq(backup_check(store, name, &why), -1, "%s", damage[i]);
        cr_expect_eq(backup_restore(store, name, false, &why), -1, "%s", damage[i]);
        shell("test $(cat etc/main.cf) = b && test $(cat etc/sub/pw) = other");
    }
}
