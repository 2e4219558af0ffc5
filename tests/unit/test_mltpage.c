/* mltpage.h: the page survives its writer, is replaced when it is none of ours, and its ring loses
 * nothing unsaid. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mltpage.h"
#include "text.h"

static char folder[64];
static char path[96];

static void set_up(void) {
    text_copy(folder, sizeof folder, "/tmp/test_mltpage.XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    text_format(path, sizeof path, "%s/counters", folder);
}

static void tear_down(void) {
    unlink(path);
    rmdir(folder); /* fails, and leaves it for us to see, when path.new was left behind */
    cr_expect_eq(access(folder, F_OK), -1, "something is left in %s", folder);
}

TestSuite(mltpage, .init = set_up, .fini = tear_down);

static struct mltpage *must_open(void) {
    struct mltpage *page = NULL;
    struct fault why;

    cr_assert_eq(mltpage_open(path, &page, &why), 0, "%s", why.text);
    return page;
}

struct seen {
    unsigned count;
    struct mltpage_message last;
    char ids[16][24];
};

static void remember(const struct mltpage_message *m, void *arg) {
    struct seen *seen = arg;

    if (seen->count < 16)
        text_copy(seen->ids[seen->count], sizeof seen->ids[0], m->queue_id);
    seen->count++;
    memcpy(&seen->last, m, sizeof *m);
}

Test(mltpage, made_and_adopted) {
    struct mltpage *page;
    const struct mltpage *reader;
    struct fault why;
    struct stat st;
    uint64_t lineage;

    umask(0077);
    page = must_open();
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0644, "relaywatchd is another user");
    cr_expect_eq(st.st_size, sizeof *page);
    cr_expect_eq(page->magic, MLTPAGE_MAGIC);
    cr_expect_eq(page->generation, 1);
    lineage = page->lineage;
    cr_expect_neq(lineage, 0);
    mltpage_accept(page, 5, "ABC", 2, 10, 0);
    mltpage_close((const struct mltpage **)&page);

    page = must_open();
    cr_expect_eq(page->generation, 2);
    cr_expect_eq(page->lineage, lineage);
    cr_expect_eq(page->counter[MLTPAGE_ACCEPTED], 1, "totals go on");
    cr_assert_eq(mltpage_attach(path, &reader, &why), 0, "%s", why.text);
    mltpage_accept(page, 6, "DEF", 1, 1, 0);
    cr_expect_eq(reader->counter[MLTPAGE_RECIPIENTS], 3, "the reader sees the writer's page");
    mltpage_close(&reader);
    cr_expect_null(reader);
    mltpage_close((const struct mltpage **)&page);
}

static void overwrite(off_t at, const void *data, size_t size) {
    int fd = open(path, O_WRONLY);

    cr_assert_neq(fd, -1);
    cr_assert_eq(pwrite(fd, data, size, at), (ssize_t)size);
    close(fd);
}

Test(mltpage, damage_begins_a_new_lineage) {
    static const uint64_t zero;
    static const uint32_t other_version = MLTPAGE_VERSION + 1;
    static const struct {
        const char *name;
        off_t at; /* -1: change the size */
        off_t size;
        const void *data;
        size_t data_size;
    } rows[] = {
        {"magic", 0, 0, &zero, 4},
        {"version", offsetof(struct mltpage, version), 0, &other_version, sizeof other_version},
        {"lineage", offsetof(struct mltpage, lineage), 0, &zero, sizeof zero},
        {"empty", -1, 0, NULL, 0},
        {"cut", -1, 4096, NULL, 0},
        {"longer", -1, sizeof(struct mltpage) + 1, NULL, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mltpage *page = must_open();
        const struct mltpage *reader;
        uint64_t lineage = page->lineage;
        struct fault why;

        mltpage_accept(page, 5, "ABC", 2, 10, 0);
        mltpage_close((const struct mltpage **)&page);
        if (rows[i].at == -1)
            cr_assert_eq(truncate(path, rows[i].size), 0);
        else
            overwrite(rows[i].at, rows[i].data, rows[i].data_size);
        cr_expect_eq(mltpage_attach(path, &reader, &why), -1, "%s: reader", rows[i].name);
        page = must_open();
        cr_expect_neq(page->lineage, lineage, "%s: lineage", rows[i].name);
        cr_expect_eq(page->generation, 1, "%s: generation", rows[i].name);
        cr_expect_eq(page->counter[MLTPAGE_ACCEPTED], 0, "%s: totals", rows[i].name);
        mltpage_close((const struct mltpage **)&page);
    }
}

Test(mltpage, odd_files) {
    struct mltpage *page = NULL;
    const struct mltpage *reader;
    char other[96];
    struct stat st;
    struct fault why;

    cr_expect_eq(mltpage_attach(path, &reader, &why), -1, "none there");
    cr_assert_eq(mkdir(path, 0755), 0);
    cr_expect_eq(mltpage_open(path, &page, &why), -1, "a folder");
    cr_expect_eq(mltpage_attach(path, &reader, &why), -1, "a folder, reader");
    rmdir(path);

    /* a link is replaced, what it points to is not touched */
    text_format(other, sizeof other, "%s/other", folder);
    cr_assert_eq(close(open(other, O_WRONLY | O_CREAT, 0600)), 0);
    cr_assert_eq(symlink(other, path), 0);
    cr_expect_eq(mltpage_attach(path, &reader, &why), -1, "a link, reader");
    page = must_open();
    cr_expect_eq(lstat(path, &st), 0);
    cr_expect(S_ISREG(st.st_mode));
    cr_expect_eq(stat(other, &st), 0);
    cr_expect_eq(st.st_size, 0);
    unlink(other);
    mltpage_close((const struct mltpage **)&page);

    cr_expect_eq(mltpage_open("/nowhere/at/all", &page, &why), -1);
    cr_expect(why.text[0] != '\0');
}

Test(mltpage, one_writer_at_a_time) {
    struct mltpage *page = must_open();
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct mltpage *mine;
        struct fault why;

        _exit(mltpage_open(path, &mine, &why) == -1 && strstr(why.text, "another") != NULL ? 7 : 8);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a second milter got the page");
    cr_expect_eq(page->generation, 1, "the second one left no trace");
    mltpage_close((const struct mltpage **)&page);
}

Test(mltpage, counts) {
    struct mltpage *page = must_open();
    struct seen seen = {0};
    uint64_t next = 0;

    mltpage_accept(page, 1000, "4bXyZ12345z", 3, 500, MLTPAGE_FLAG_TLS | MLTPAGE_FLAG_LOGIN);
    mltpage_accept(page, 2000, "123456789012345678901234567890", 1, 0, 0);
    mltpage_accept(page, 3000, "", 1, 0, 0);
    cr_expect_eq(page->counter[MLTPAGE_ACCEPTED], 3);
    cr_expect_eq(page->counter[MLTPAGE_RECIPIENTS], 5);
    cr_expect_eq(page->counter[MLTPAGE_BYTES], 500);
    cr_expect_eq(page->counter[MLTPAGE_LOGINS], 1);
    cr_expect_eq(page->counter[MLTPAGE_TLS], 0, "sessions, counted by the caller");

    cr_expect_eq(mltpage_read(page, &next, remember, &seen), 0);
    cr_expect_eq(seen.count, 2, "without an id it is only counted");
    cr_expect_eq(next, 2);
    cr_expect_str_eq(seen.ids[0], "4bXyZ12345z");
    cr_expect_str_eq(seen.ids[1], "12345678901234567890123", "cut to fit");
    cr_expect_eq(seen.last.time_ms, 2000);
    cr_expect_eq(mltpage_read(page, &next, remember, &seen), 0);
    cr_expect_eq(seen.count, 2, "nothing twice");
    mltpage_close((const struct mltpage **)&page);
}

Test(mltpage, ring_goes_round) {
    struct mltpage *page = must_open();
    struct seen seen = {0};
    uint64_t next = 0;
    char id[24];

    for (unsigned i = 0; i < MLTPAGE_RING + 10; i++) {
        text_format(id, sizeof id, "%X", i);
        mltpage_accept(page, i, id, 1, i, 0);
    }
    cr_expect_eq(mltpage_read(page, &next, remember, &seen), 10, "the oldest ten are gone");
    cr_expect_eq(seen.count, MLTPAGE_RING);
    cr_expect_str_eq(seen.ids[0], "A");
    cr_expect_eq(seen.last.bytes, MLTPAGE_RING + 9);
    next = UINT64_MAX; /* as remembered from another page */
    cr_expect_eq(mltpage_read(page, &next, remember, &seen), 0);
    cr_expect_eq(next, MLTPAGE_RING + 10);
    mltpage_close((const struct mltpage **)&page);
}

Test(mltpage, hole_of_a_killed_writer) {
    struct mltpage *page = must_open();
    struct seen seen = {0};
    uint64_t next = 0;

    mltpage_accept(page, 1, "A", 1, 0, 0);
    page->head++;               /* claimed, and killed */
    page->ring[1].sequence = 3; /* being written */
    page->head++;               /* claimed, killed before it wrote anything */
    mltpage_accept(page, 4, "D", 1, 0, 0);
    cr_expect_eq(mltpage_read(page, &next, remember, &seen), 0);
    cr_expect_eq(seen.count, 1, "waits for the slot that is being written");
    mltpage_close((const struct mltpage **)&page);

    page = must_open();
    cr_expect_eq(mltpage_read(page, &next, remember, &seen), 2, "the new milter closed the holes");
    cr_expect_eq(seen.count, 2);
    cr_expect_str_eq(seen.ids[1], "D");
    mltpage_close((const struct mltpage **)&page);
}

Test(mltpage, names) {
    for (int a = 0; a < MLTPAGE_COUNTER_COUNT; a++) {
        const char *name = mltpage_counter_name((enum mltpage_counter)a);

        cr_assert(name != NULL && name[0] != '\0', "%d", a);
        for (int b = 0; b < a; b++)
            cr_expect_str_neq(name, mltpage_counter_name((enum mltpage_counter)b));
    }
}

Test(mltpage, a_gap_is_remembered) {
    struct mltpage *page = must_open();

    mltpage_alive(page, 5000, 1000000);
    cr_expect_eq(page->whole_since_ms, 1000000, "the first sign of life");
    mltpage_alive(page, 6000, 1001000);
    mltpage_alive(page, 6000 + MLTPAGE_GAP_MS, 1061000); /* a restart that took its time */
    cr_expect_eq(page->whole_since_ms, 1000000);
    mltpage_alive(page, 6001 + 2 * MLTPAGE_GAP_MS, 1122000);
    cr_expect_eq(page->whole_since_ms, 1122000);
    cr_expect_eq(page->alive_ms, 6001 + 2 * MLTPAGE_GAP_MS);
    mltpage_close((const struct mltpage **)&page);
}

Test(mltpage, senders_outlive_the_writer) {
    struct mltpage *page = must_open();
    struct mltsenders_look look;

    mltsenders_add(&page->senders, page->lineage, "app@example.com", 7, 5000);
    mltpage_close((const struct mltpage **)&page);
    page = must_open();
    mltsenders_add(&page->senders, page->lineage, "app@example.com", 1, 6000);
    mltsenders_read(&page->senders, page->lineage, 0, 6000, &look);
    cr_expect_eq(look.recipients, 8u);
    cr_expect_str_eq(look.sender, "app@example.com");
    mltpage_close((const struct mltpage **)&page);
}
