#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

static struct memory sample(void) {
    struct memory j = {.serial = 12,
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
        memory_refuse(&j, (struct hash128){{i, i}}, i == 3, 1000 + i);
    return j;
}

Test(memory, round_trip_and_every_cut) {
    static char text[16384];
    static struct memory j, back;
    size_t n;

    j = sample();
    n = memory_print(&j, text, sizeof text);
    cr_assert(memory_parse((struct span){text, n}, &back));
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
    for (size_t cut = 0; cut < n; cut++)
        cr_assert_not(memory_parse((struct span){text, cut}, &back), "cut at %zu", cut);
    text[n / 2] = '?';
    cr_expect_not(memory_parse((struct span){text, n}, &back));
}

Test(memory, a_full_list_fits_and_forgets_the_oldest) {
    static char text[16384];
    static struct memory j, back;
    size_t n;

    j = sample();
    for (unsigned i = 0; i < MEMORY_REFUSED_MOST + 9; i++)
        memory_refuse(&j, (struct hash128){{100 + i, i}}, false, i);
    cr_expect_eq(j.refused_count, MEMORY_REFUSED_MOST);
    cr_expect_null(memory_find(&j, (struct hash128){{0, 0}}));
    cr_expect_not_null(memory_find(
        &j, (struct hash128){{100 + MEMORY_REFUSED_MOST + 8, MEMORY_REFUSED_MOST + 8}}));
    memset(j.defer_transports, 'x', sizeof j.defer_transports - 1);
    n = memory_print(&j, text, sizeof text);
    cr_assert(memory_parse((struct span){text, n}, &back));
    cr_expect_eq(back.refused_count, MEMORY_REFUSED_MOST);
    memory_forgive(&j, j.refused[10].login);
    cr_expect_eq(j.refused_count, MEMORY_REFUSED_MOST - 1);
}

Test(memory, logins_are_hashes_of_host_and_text) {
    struct memory j = sample();
    struct hash128 a = memory_login(&j, "h", SPAN("u:p"));
    struct hash128 b = memory_login(&j, "hu", SPAN(":p"));

    cr_expect(a.h[0] != b.h[0], "the border counts");
    j.key.k[0]++;
    b = memory_login(&j, "h", SPAN("u:p"));
    cr_expect(a.h[0] != b.h[0], "the key counts");
}

Test(memory, files) {
    char folder[] = "/tmp/relaywatch-memory.XXXXXX";
    char path[128], text[64];
    struct memory j, back;
    struct fault why = {""};
    struct stat st;

    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(memory_load(folder, &back, &why), 0);
    cr_expect(back.key.k[0] != 0 || back.key.k[1] != 0, "a new one has a key");
    j = sample();
    cr_assert_eq(memory_save(folder, &j, &why), 0, "%s", why.text);
    cr_assert_eq(memory_load(folder, &back, &why), 0);
    cr_expect_eq(back.serial, 12);
    cr_expect_not(memory_has_previous(folder));
    cr_assert_eq(memory_keep_previous(folder, SPAN("h u:p\n"), &why), 0, "%s", why.text);
    cr_expect(memory_has_previous(folder));
    cr_expect_eq(memory_read_previous(folder, text, sizeof text), 6);
    snprintf(path, sizeof path, "%s/previous", folder);
    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    memory_drop_previous(folder);
    cr_expect_not(memory_has_previous(folder));
    snprintf(path, sizeof path, "%s/memory", folder);
    unlink(path);
    rmdir(folder);
}
