#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recall.h"

static struct recall sample(void) {
    struct recall j = {.serial = 12,
                       .applied_ms = 1700000000123,
                       .origin = 3,
                       .committing = true,
                       .reload_owed = true,
                       .held = true,
                       .reloaded_ms = 1700000000456,
                       .live_refused_ms = 5,
                       .defer_transports = "uucp, local",
                       .written = {{1, 2}},
                       .taken = {{3, UINT64_MAX}},
                       .key = {{0xfedcba9876543210, 7}}};

    for (unsigned i = 0; i < 5; i++)
        recall_refuse(&j, (struct hash128){{i, i}}, i == 3, 1000 + i);
    recall_note(&j, (struct hash128){{9, 1}}, 500, 0);
    recall_note(&j, (struct hash128){{9, 2}}, 0, 600);
    recall_note(&j, (struct hash128){{9, 1}}, 0, 700);
    return j;
}

Test(recall, round_trip_and_every_cut) {
    static char text[32768];
    static struct recall j, back;
    size_t n;

    j = sample();
    n = recall_print(&j, text, sizeof text);
    cr_assert(recall_parse((struct span){text, n}, &back));
    cr_expect_eq(back.serial, 12);
    cr_expect_eq(back.applied_ms, 1700000000123);
    cr_expect_eq(back.origin, 3);
    cr_expect(back.committing && back.reload_owed && back.held && !back.wrote_source);
    cr_expect_str_eq(back.defer_transports, "uucp, local");
    cr_expect_eq(back.taken.h[1], UINT64_MAX);
    cr_expect_eq(back.key.k[0], j.key.k[0]);
    cr_expect_eq(back.refused_count, 5);
    cr_expect(back.refused[3].in_production);
    cr_expect_eq(back.refused[4].at_ms, 1004);
    cr_assert_eq(back.known_count, 2);
    cr_expect_eq(recall_known(&back, (struct hash128){{9, 1}})->since_ms, 500);
    cr_expect_eq(recall_known(&back, (struct hash128){{9, 1}})->verified_ms, 700);
    cr_expect_eq(recall_known(&back, (struct hash128){{9, 2}})->since_ms, 0);
    cr_expect_null(recall_known(&back, (struct hash128){{9, 3}}));
    for (size_t cut = 0; cut < n; cut++)
        cr_assert_not(recall_parse((struct span){text, cut}, &back), "cut at %zu", cut);
    text[n / 2] = '?';
    cr_expect_not(recall_parse((struct span){text, n}, &back));
}

Test(recall, a_full_list_fits_and_forgets_the_oldest) {
    static char text[32768];
    static struct recall j, back;
    size_t n;

    j = sample();
    for (unsigned i = 0; i < RECALL_REFUSED_MOST + 9; i++)
        recall_refuse(&j, (struct hash128){{100 + i, i}}, false, i);
    for (unsigned i = 0; i < RECALL_KNOWN_MOST + 3; i++)
        recall_note(&j, (struct hash128){{200 + i, i}}, i + 1, i + 1);
    cr_expect_eq(j.known_count, RECALL_KNOWN_MOST);
    cr_expect_null(recall_known(&j, (struct hash128){{202, 2}}));
    cr_expect_eq(recall_known(&j, (struct hash128){{203, 3}})->since_ms, 4);
    cr_expect_eq(j.refused_count, RECALL_REFUSED_MOST);
    cr_expect_null(recall_find(&j, (struct hash128){{0, 0}}));
    cr_expect_not_null(recall_find(
        &j, (struct hash128){{100 + RECALL_REFUSED_MOST + 8, RECALL_REFUSED_MOST + 8}}));
    memset(j.defer_transports, 'x', sizeof j.defer_transports - 1);
    n = recall_print(&j, text, sizeof text);
    cr_assert(recall_parse((struct span){text, n}, &back));
    cr_expect_eq(back.refused_count, RECALL_REFUSED_MOST);
    recall_forgive(&j, j.refused[10].login);
    cr_expect_eq(j.refused_count, RECALL_REFUSED_MOST - 1);
}

Test(recall, logins_are_hashes_of_host_and_text) {
    struct recall j = sample();
    struct hash128 a = recall_login(&j, "h", SPAN("u:p"));
    struct hash128 b = recall_login(&j, "hu", SPAN(":p"));

    cr_expect(a.h[0] != b.h[0], "the border counts");
    j.key.k[0]++;
    b = recall_login(&j, "h", SPAN("u:p"));
    cr_expect(a.h[0] != b.h[0], "the key counts");
}

Test(recall, files) {
    char folder[] = "/tmp/relaywatch-recall.XXXXXX";
    char path[128], text[64];
    struct hands hands = hands_direct("", folder);
    struct recall j, back;
    struct fault why = {""};
    struct stat st;

    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(recall_load(&hands, &back, &why), 0);
    cr_expect(back.key.k[0] != 0 || back.key.k[1] != 0, "a new one has a key");
    j = sample();
    cr_assert_eq(recall_save(&hands, &j, &why), 0, "%s", why.text);
    cr_assert_eq(recall_load(&hands, &back, &why), 0);
    cr_expect_eq(back.serial, 12);
    cr_expect_not(recall_has_previous(&hands));
    cr_assert_eq(recall_keep_previous(&hands, SPAN("h u:p\n"), &why), 0, "%s", why.text);
    cr_expect(recall_has_previous(&hands));
    cr_expect_eq(recall_read_previous(&hands, text, sizeof text), 6);
    snprintf(path, sizeof path, "%s/previous", folder);
    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/previous.new", folder); /* as a power cut leaves it */
    fclose(fopen(path, "w"));
    recall_drop_previous(&hands);
    cr_expect_not(recall_has_previous(&hands));
    cr_expect_eq(access(path, F_OK), -1);
    snprintf(path, sizeof path, "%s/recall", folder);
    unlink(path);
    rmdir(folder);
}
