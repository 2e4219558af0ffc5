/* slot.c: whatever happens to the slot that is being written, the other one is loaded. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "slot.h"
#include "text.h"

static char folder[] = "/tmp/rw-slot-XXXXXX";
static char path[64];
static struct fault why;

static void make_folder(void) {
    cr_assert(mkdtemp(folder) != NULL);
    text_format(path, sizeof path, "%s/slot", folder);
}

static void remove_folder(void) {
    unlink(path);
    rmdir(folder);
}

TestSuite(slot, .init = make_folder, .fini = remove_folder);

static struct totals sample(uint64_t n, size_t fields) {
    struct totals t = {.epoch = n, .seq = n * 10, .time_ms = -5};
    char name[40];

    memset(t.lineage, 'a', 32);
    memset(t.position, 'p', n < sizeof t.position ? n : sizeof t.position - 1);
    for (size_t i = 0; i < fields; i++) {
        text_format(name, sizeof name, "c.%029zu", i);
        totals_set(&t, name, UINT64_MAX - n - i);
    }
    for (size_t i = 0; i < TOTALS_TEXTS && i < fields / 2; i++) {
        char text[TOTALS_TEXT_SIZE] = {0};

        text_format(name, sizeof name, "k.%020zu.name", i);
        memset(text, '~', fields < TOTALS_FIELDS ? n % 8 : sizeof text - 1);
        cr_assert(totals_set_text(&t, name, span_of(text)));
    }
    return t;
}

static void expect_seq(uint64_t seq, const char *row) {
    struct totals t;

    cr_assert_eq(slot_load(path, &t, &why), 0, "%s: %s", row, why.text);
    cr_assert_eq(t.seq, seq, "%s: %llu", row, (unsigned long long)t.seq);
}

static unsigned char before[SLOT_FILE_BYTES];
static unsigned char after[SLOT_FILE_BYTES];

static size_t read_file(unsigned char *data) {
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, data, SLOT_FILE_BYTES);

    close(fd);
    cr_assert(n >= 0);
    return (size_t)n;
}

static void write_file(const unsigned char *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    cr_assert_eq(file_write_all(fd, data, size, &why), 0);
    close(fd);
}

/* What is beyond the counts is nobody's. */
static bool same(const struct totals *a, const struct totals *b) {
    return strcmp(a->lineage, b->lineage) == 0 && a->epoch == b->epoch && a->seq == b->seq &&
           a->time_ms == b->time_ms && strcmp(a->position, b->position) == 0 &&
           a->count == b->count && a->layout == b->layout && a->texts == b->texts &&
           memcmp(a->value, b->value, a->count * sizeof a->value[0]) == 0 &&
           memcmp(a->table, b->table, sizeof a->table) == 0;
}

Test(slot, round_trip) {
    static const size_t counts[] = {0, 1, 21, 2403, TOTALS_FIELDS};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct totals t = sample(319, counts[i]);
        struct totals back;

        cr_assert_eq(slot_save(path, &t, &why), 0, "%s", why.text);
        cr_assert_eq(slot_load(path, &back, &why), 0, "%s", why.text);
        cr_expect(same(&t, &back), "%zu fields", counts[i]);
        for (size_t f = 0; f < t.count; f++)
            cr_assert_str_eq(back.name[f], t.name[f]);
    }
}

Test(slot, none_yet) {
    struct totals t;
    struct stat status;

    cr_expect_eq(slot_load(path, &t, &why), 1, "no file");
    write_file((const unsigned char *)"", 0);
    cr_expect_eq(slot_load(path, &t, &why), 1, "empty file");
    cr_assert_eq(unlink(path), 0);
    t = sample(1, 2);
    cr_assert_eq(slot_save(path, &t, &why), 0, "%s", why.text);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);
}

Test(slot, folder_or_link_instead) {
    struct totals t = sample(1, 1);

    cr_expect_eq(slot_load(folder, &t, &why), -1);
    cr_expect_eq(slot_save(folder, &t, &why), -1);
    cr_assert_eq(symlink("/dev/null", path), 0);
    cr_expect_eq(slot_load(path, &t, &why), -1);
    cr_expect_eq(slot_save(path, &t, &why), -1);
}

/* Each save replaces the older slot only, and each is the newest at once. */
Test(slot, alternates) {
    for (uint64_t n = 1; n < 20; n++) {
        struct totals t = sample(n, 3);
        size_t kept = n % 2 == 1 ? SLOT_BYTES : 0;

        cr_assert_eq(slot_save(path, &t, &why), 0, "%s", why.text);
        expect_seq(n * 10, "newest");
        read_file(after);
        cr_expect_eq(memcmp(before + kept, after + kept, SLOT_BYTES), 0, "save %llu",
                     (unsigned long long)n);
        memcpy(before, after, sizeof before);
    }
}

/* Loads the file while it is `after` with one slot as `mixed` up to byte k. */
static void expect_old_or_new(size_t size, size_t k, bool whole, const char *row) {
    static struct totals got;

    write_file(after, size);
    cr_assert_eq(slot_load(path, &got, &why), 0, "%s, cut at %zu", row, k);
    cr_assert(got.seq == 30 || (got.seq == 40 && whole), "%s, cut at %zu: %llu", row, k,
              (unsigned long long)got.seq);
}

/* A write that stopped at byte k of the older slot: old bytes, NULs or the end of the file after
 * it. Every byte of small slots; of the largest those at the ends and some between. */
static void cut_writes(size_t fields, size_t newer_fields, uint64_t last, size_t stride) {
    static unsigned char new[SLOT_BYTES];
    struct totals t;
    uint64_t generation;
    size_t where, used, size;

    for (uint64_t n = 3 - last; n <= 3; n++) {
        t = sample(n, fields);
        cr_assert_eq(slot_save(path, &t, &why), 0, "%s", why.text);
    }
    size = read_file(before);
    t = sample(4, newer_fields);
    where = last == 1 ? 0 : SLOT_BYTES; /* the newest is in B, then in A */
    used = slot_encode(&t, 4 - (2 - last), new);
    cr_assert_eq(slot_save(path, &t, &why), 0, "%s", why.text);
    cr_assert(read_file(after) >= size);
    cr_assert_eq(memcmp(after + where, new, used), 0, "the other slot is written");
    cr_assert_eq(slot_decode(new, used, &t, &generation), 0);
    for (size_t k = 0; k <= used; k += k < 100 || k + 100 > used ? 1 : stride) {
        bool whole = memcmp(new + k, before + where + k, used - k) == 0;

        memcpy(after, before, sizeof after);
        memcpy(after + where, new, k);
        expect_old_or_new(size > where + k ? size : where + k, k, whole, "old bytes");
        memset(after + where + k, 0, SLOT_BYTES - k);
        expect_old_or_new(where == 0 ? size : where + used, k, whole || new[k] == 0, "NULs");
        if (where != 0)
            expect_old_or_new(where + k, k, k == used, "end of file");
    }
    cr_assert_eq(unlink(path), 0);
}

Test(slot, cut_write_at_every_byte) {
    for (uint64_t last = 1; last <= 2; last++) {
        cut_writes(3, 5, last, 1);
        cut_writes(5, 3, last, 1);
        cut_writes(TOTALS_FIELDS, TOTALS_FIELDS - 1, last, 2999);
        cut_writes(100, TOTALS_FIELDS, last, 2999);
    }
}

/* What is written is what is used. */
Test(slot, writes_little) {
    struct totals t = sample(1, 21);
    struct stat status;

    cr_assert_eq(slot_save(path, &t, &why), 0, "%s", why.text);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect(status.st_size < 2000, "%lld", (long long)status.st_size);
    cr_assert_eq(slot_save(path, &t, &why), 0, "%s", why.text);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect(status.st_blocks * 512 <= 8192, "%lld", (long long)status.st_blocks);
    t = sample(2, TOTALS_FIELDS);
    cr_expect(slot_encode(&t, UINT64_MAX, before) <= SLOT_BYTES);
}

Test(slot, any_changed_byte_is_noticed) {
    unsigned char *data = before;
    struct totals t = sample(7, 3);
    struct totals got;
    uint64_t generation;
    size_t used = slot_encode(&t, 9, data);

    cr_assert_eq(slot_decode(data, SLOT_BYTES, &got, &generation), 0);
    cr_assert_eq(generation, 9);
    for (size_t n = 0; n < used; n++)
        cr_assert_eq(slot_decode(data, n, &got, &generation), -1, "%zu bytes", n);
    for (size_t i = 0; i < used; i++) {
        for (int bit = 0; bit < 8; bit++) {
            data[i] ^= (unsigned char)(1 << bit);
            cr_assert_eq(slot_decode(data, SLOT_BYTES, &got, &generation), -1, "byte %zu", i);
            data[i] ^= (unsigned char)(1 << bit);
        }
    }
}

Test(slot, both_bad) {
    struct totals t = sample(5, 3);

    for (int fill = 0; fill < 3; fill++) {
        memset(before, fill == 0 ? 0 : fill == 1 ? 0xff : 'R', sizeof before);
        write_file(before, sizeof before);
        cr_expect_eq(slot_load(path, &t, &why), 1, "fill %d", fill);
        t = sample(5, 3);
        cr_expect_eq(slot_save(path, &t, &why), 0, "goes on");
        expect_seq(50, "after both were bad");
    }
}
