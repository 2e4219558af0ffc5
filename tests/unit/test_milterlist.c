/* milterlist.c */
#include <criterion/criterion.h>

#include "milterlist.h"

#define SOCKET "unix:relaywatch/milter.sock"
#define ENTRY "{ " SOCKET ", default_action=accept }"

Test(milterlist, adds_at_the_end_and_takes_out) {
    static const struct {
        const char *list, *added, *removed;
    } rows[] = {
        {"", ENTRY, ""},
        {"inet:localhost:8891", "inet:localhost:8891, " ENTRY, "inet:localhost:8891"},
        {"inet:a:1 inet:b:2", "inet:a:1, inet:b:2, " ENTRY, "inet:a:1, inet:b:2"},
        {"{ inet:a:1, default_action=tempfail } $mine",
         "{ inet:a:1, default_action=tempfail }, $mine, " ENTRY,
         "{ inet:a:1, default_action=tempfail }, $mine"},
        {ENTRY ", inet:a:1", "inet:a:1, " ENTRY, "inet:a:1"},
        {SOCKET, ENTRY, ""},
        {"{" SOCKET "}", ENTRY, ""},
        {"{ unix:relaywatch/milter.sock2 }", "{ unix:relaywatch/milter.sock2 }, " ENTRY,
         "{ unix:relaywatch/milter.sock2 }"},
        {"{ unclosed, ", "{ unclosed, , " ENTRY, "{ unclosed, "},
    };
    char out[300];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect(milterlist_add(rows[i].list, SOCKET, ENTRY, out, sizeof out));
        cr_expect_str_eq(out, rows[i].added, "add to %s", rows[i].list);
        cr_expect(milterlist_remove(rows[i].list, SOCKET, out, sizeof out));
        cr_expect_str_eq(out, rows[i].removed, "remove from %s", rows[i].list);
    }
    cr_expect_not(milterlist_add("inet:a:1", SOCKET, ENTRY, out, 30));
}

Test(milterlist, has_and_counts) {
    cr_expect(milterlist_has("inet:a:1, " ENTRY, SOCKET));
    cr_expect_not(milterlist_has("inet:a:1, unix:x", SOCKET));
    cr_expect_eq(milterlist_count(" , "), 0);
    cr_expect_eq(milterlist_count("inet:a:1, { b, c d } e"), 3);
}
