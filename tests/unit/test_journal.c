/* Real journal files in a folder of their own, a real loop. Entries have numbers; at the end each
 * must have come exactly once, also when the reader is killed between any two batches: only the
 * last told position is kept, and what was handed over after it is forgotten. Left out where
 * systemd-journal-remote or libsystemd is not there. */
#include "journal.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "clock.h"
#include "journal_files.h"
#include "journalpos.h"
#include "sdjournal.h"

enum { LINES = 5000, LIMIT_MS = 5000 };

static const struct hash_key key = {{0x0123456789abcdef, 0xfedcba9876543210}};

struct world {
    char folder[64];
    char exported[96];
    FILE *out;
    struct loop *loop;
    struct loop_timer *limit;
    struct journal *journal;
    char position[JOURNALPOS_TEXT];
    unsigned char seen[LINES], told[LINES]; /* told: as it was with the position */
    int lines;
    int stop_at; /* lines */
    void (*at_100)(struct world *w);
    bool measures; /* at that line */
    long resident_kb;
    bool die; /* the batch is not told */
    bool timed_out;
    char events[2000];
    char detail[200];
};

/* Of the folder's files, as they are mapped. */
static long resident_kb(const struct world *w) {
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[4096];
    bool ours = false;
    long sum = 0, kb;

    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (line[0] < 'A' || line[0] > 'Z') /* the head of a mapping */
            ours = strstr(line, w->folder) != NULL;
        else if (ours && sscanf(line, "Rss: %ld kB", &kb) == 1)
            sum += kb;
    }
    fclose(maps);
    return sum;
}

static void on_line(struct span line, void *arg) {
    struct world *w = arg;
    const char *at = span_find(line, "#");
    int number = at != NULL ? atoi(at + 1) : LINES;

    cr_assert(number >= 0 && number < LINES && line.p[line.n - 1] == '.', "%.*s", (int)line.n,
              line.p);
    w->seen[number]++;
    w->lines++;
    if (w->at_100 != NULL && w->lines == 100)
        w->at_100(w);
    if (w->measures && w->lines == w->stop_at)
        w->resident_kb = resident_kb(w);
    if (w->stop_at > 0 && w->lines >= w->stop_at)
        loop_stop(w->loop);
}

static void on_batch(void *arg) {
    struct world *w = arg;

    if (w->die)
        return;
    journal_position(w->journal, w->position, sizeof w->position);
    memcpy(w->told, w->seen, sizeof w->told);
}

static void on_event(const char *what, const char *detail, void *arg) {
    struct world *w = arg;
    size_t n = strlen(w->events);

    text_format(w->events + n, sizeof w->events - n, "%s ", what);
    text_copy(w->detail, sizeof w->detail, detail);
}

static void on_limit(void *arg) {
    struct world *w = arg;

    w->timed_out = true;
    loop_stop(w->loop);
}

static void begin(struct world *w, bool from_beginning) {
    const struct tail_calls calls = {
        .on_line = on_line, .on_batch = on_batch, .on_event = on_event, .arg = w};

    w->journal = journal_new(w->loop, w->folder, "journal:test", &key, &calls);
    journal_start(w->journal, w->position, from_beginning);
    on_batch(w);
}

static void kill_it(struct world *w) {
    journal_free(&w->journal);
    memcpy(w->seen, w->told, sizeof w->seen);
    w->die = false;
}

static void run_ms(struct world *w, int64_t ms) {
    w->timed_out = false;
    loop_timer_set(w->limit, ms);
    loop_run(w->loop);
    loop_timer_cancel(w->limit);
}

static int seen_lines(const struct world *w) {
    int n = 0;

    for (int i = 0; i < LINES; i++)
        n += w->seen[i];
    return n;
}

/* Runs until so many lines were seen in all. */
static void run_until(struct world *w, int lines) {
    w->lines = seen_lines(w);
    w->stop_at = lines;
    if (w->lines < lines)
        run_ms(w, LIMIT_MS);
    w->stop_at = 0;
}

static bool can_run(void) {
    return sdjournal_supported() && journal_files_program() != NULL;
}

static struct world *world_open(void) {
    struct world *w;
    struct fault why;

    if (!can_run()) {
        cr_log_warn("left out: no libsystemd or no systemd-journal-remote");
        return NULL;
    }
    w = calloc(1, sizeof *w);
    strcpy(w->folder, "/var/tmp/test_journal.XXXXXX");
    cr_assert_not_null(mkdtemp(w->folder));
    text_format(w->exported, sizeof w->exported, "%s.export", w->folder);
    w->loop = loop_new(&why);
    w->limit = loop_timer_new(w->loop, on_limit, w);
    return w;
}

static void world_close(struct world *w) {
    DIR *d = opendir(w->folder);
    const struct dirent *entry;

    journal_free(&w->journal);
    loop_timer_free(&w->limit);
    loop_free(&w->loop);
    while (d != NULL && (entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(w->folder);
    unlink(w->exported);
    free(w);
}

/* Entries from..to-1 are to be added; between them what `more` writes. */
static FILE *entries(struct world *w) {
    w->out = fopen(w->exported, "w");
    cr_assert_not_null(w->out);
    return w->out;
}

static void add_to(struct world *w, const char *file) {
    char path[200];

    fclose(w->out);
    text_format(path, sizeof path, "%s/%s", w->folder, file);
    cr_assert_eq(journal_files_add(path, w->exported), 0);
}

static void add_lines(struct world *w, const char *file, int from, int to) {
    FILE *out = entries(w);

    for (int i = from; i < to; i++)
        journal_files_line(out, i);
    add_to(w, file);
}

static void rename_file(struct world *w, const char *from, const char *to) {
    char a[200], b[200];

    text_format(a, sizeof a, "%s/%s", w->folder, from);
    text_format(b, sizeof b, "%s/%s", w->folder, to);
    cr_assert_eq(rename(a, b), 0);
}

/* As journald does it: the file is emptied, too, for those who have it open. */
static void vacuum(struct world *w, const char *file) {
    char path[200];
    struct stat st;
    int fd;

    text_format(path, sizeof path, "%s/%s", w->folder, file);
    fd = open(path, O_WRONLY);
    cr_assert_neq(fd, -1);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(fstat(fd, &st), 0);
    (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, st.st_size);
    close(fd);
}

/* Each line from..to-1 came once, no other did. */
static void expect_once(const struct world *w, int from, int to) {
    for (int i = 0; i < LINES; i++)
        cr_assert_eq(w->seen[i], i >= from && i < to, "line %d came %d times", i, w->seen[i]);
}

Test(journal, from_the_beginning_and_what_is_added) {
    struct world *w = world_open();

    if (w == NULL)
        return;
    add_lines(w, "system.journal", 0, 700);
    begin(w, true);
    run_until(w, 700);
    add_lines(w, "system.journal", 700, 705);
    run_until(w, 705);
    run_ms(w, 60);
    expect_once(w, 0, 705);
    cr_expect_str_eq(w->events, "");
    world_close(w);
}

Test(journal, what_was_read_does_not_stay_in_memory) {
    struct world *w = world_open();

    if (w == NULL)
        return;
    add_lines(w, "system.journal", 0, 4990);
    begin(w, true);
    w->measures = true;
    run_until(w, 4990);
    cr_expect_leq(w->resident_kb, 1100, "%ld KB", w->resident_kb);
    sdjournal_forget_pages();
    cr_expect_eq(resident_kb(w), 0, "%ld KB", resident_kb(w));
    add_lines(w, "system.journal", 4990, 4995);
    run_until(w, 4995);
    expect_once(w, 0, 4995);
    world_close(w);
}

Test(journal, from_the_end) {
    struct world *w = world_open();

    if (w == NULL)
        return;
    add_lines(w, "system.journal", 0, 100);
    begin(w, false);
    run_ms(w, 50);
    expect_once(w, 0, 0);
    kill_it(w);
    add_lines(w, "system.journal", 100, 110);
    begin(w, false);
    run_until(w, 10);
    run_ms(w, 30);
    expect_once(w, 100, 110);
    world_close(w);
}

Test(journal, killed_at_any_place_nothing_is_lost_or_comes_twice) {
    struct world *w = world_open();
    int wanted = 0;

    if (w == NULL)
        return;
    add_lines(w, "system.journal", 0, 2000);
    for (int cycle = 0; cycle < 60; cycle++) {
        begin(w, true);
        wanted += 1 + cycle * 7 % 60;
        run_until(w, wanted < 2000 ? wanted : 2000);
        w->die = cycle % 3 == 0; /* what comes after this is not told any more */
        if (w->die)
            run_ms(w, 3);
        kill_it(w);
        wanted = seen_lines(w);
    }
    begin(w, true);
    run_until(w, 2000);
    run_ms(w, 30);
    expect_once(w, 0, 2000);
    cr_expect_str_eq(w->events, "");
    world_close(w);
}

Test(journal, the_entry_that_is_written_twice_counts_once) {
    struct world *w = world_open();
    FILE *out;

    if (w == NULL)
        return;
    out = entries(w);
    for (int i = 0; i < 200; i++) {
        journal_files_line(out, i);
        if (i % 50 == 49 || i == 0)
            journal_files_line(out, i); /* another number, so another cursor */
    }
    add_to(w, "system.journal");
    begin(w, true);
    run_until(w, 200);
    run_ms(w, 30);
    expect_once(w, 0, 200);
    kill_it(w);
    out = entries(w);
    journal_files_line(out, 199);
    journal_files_line(out, 200);
    add_to(w, "system.journal");
    begin(w, true);
    run_until(w, 201);
    run_ms(w, 30);
    expect_once(w, 0, 201);
    world_close(w);
}

Test(journal, rotation_while_running_and_while_down) {
    struct world *w = world_open();

    if (w == NULL)
        return;
    add_lines(w, "system.journal", 0, 100);
    begin(w, true);
    run_until(w, 50); /* a turn takes more than that, but not all the time */
    for (int cycle = 1; cycle < 12; cycle++) {
        char name[100];

        text_format(name, sizeof name, "system@%032d-%016x-%016x.journal", cycle, cycle, cycle);
        if (cycle % 3 == 0)
            kill_it(w);
        rename_file(w, "system.journal", name);
        add_lines(w, "system.journal", 100 * cycle, 100 * cycle + 100);
        if (cycle % 3 == 0)
            begin(w, true);
        if (cycle % 2 == 0)
            run_until(w, 100 * cycle + 100);
    }
    run_until(w, 1200);
    run_ms(w, 50);
    expect_once(w, 0, 1200);
    cr_expect_str_eq(w->events, "");
    world_close(w);
}

Test(journal, what_was_vacuumed_unread_is_told) {
    struct world *w = world_open();

    if (w == NULL)
        return;
    add_lines(w, "system@a.journal", 0, 100);
    add_lines(w, "system.journal", 100, 200);
    begin(w, true);
    run_until(w, 200);
    vacuum(w, "system@a.journal"); /* read, and our place is in the other one: nothing is lost */
    add_lines(w, "system.journal", 200, 210);
    run_until(w, 210);
    kill_it(w);
    begin(w, true);
    run_ms(w, 50);
    cr_expect_str_eq(w->events, "");
    kill_it(w);
    vacuum(w, "system.journal");
    add_lines(w, "system.journal", 300, 310);
    begin(w, true);
    run_until(w, 220);
    run_ms(w, 50);
    cr_expect_str_eq(w->events, "log_gap ");
    cr_expect_not_null(strstr(w->detail, "vacuumed before it was read: from second 1700000000 to"),
                       "%s", w->detail);
    for (int i = 0; i < 310; i++)
        cr_expect_eq(w->seen[i], i < 210 || i >= 300, "%d", i);
    kill_it(w);
    begin(w, true);
    run_ms(w, 50);
    cr_expect_str_eq(w->events, "log_gap ", "told once");
    world_close(w);
}

static void vacuum_seven(struct world *w) {
    for (int i = 0; i < 7; i++) {
        char name[64];

        text_format(name, sizeof name, "system@%d.journal", i);
        vacuum(w, name);
    }
}

Test(journal, vacuumed_while_it_is_read) {
    struct world *w = world_open();

    if (w == NULL)
        return;
    for (int i = 0; i < 8; i++) {
        char name[64];

        text_format(name, sizeof name, "system@%d.journal", i);
        add_lines(w, name, 600 * i, 600 * i + 600);
    }
    begin(w, true);
    w->at_100 = vacuum_seven;
    run_ms(w, 1000);
    for (int i = 0; i < 4800; i++)
        cr_assert(w->seen[i] == 1 || (w->seen[i] == 0 && i > 99 && i < 4200), "%d: %d", i,
                  w->seen[i]);
    cr_expect_lt(seen_lines(w), 4800);
    cr_expect_str_eq(w->events, "log_gap ");
    world_close(w);
}

Test(journal, a_damaged_file_does_not_hold_up_the_rest) {
    struct world *w = world_open();
    char path[200];
    int fd;

    if (w == NULL)
        return;
    add_lines(w, "system@a.journal", 0, 400);
    add_lines(w, "system@b.journal", 400, 800);
    add_lines(w, "system.journal", 800, 900);
    text_format(path, sizeof path, "%s/system@b.journal", w->folder);
    fd = open(path, O_WRONLY);
    for (off_t at = 200000; at < 300000; at += 512)
        cr_assert_eq(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, at), 8);
    close(fd);
    begin(w, true);
    run_ms(w, 1000);
    for (int i = 0; i < 900; i++)
        cr_assert(w->seen[i] == 1 || (w->seen[i] == 0 && i >= 400 && i < 800), "%d: %d", i,
                  w->seen[i]);
    add_lines(w, "system.journal", 900, 950);
    run_ms(w, 300);
    for (int i = 900; i < 950; i++)
        cr_assert_eq(w->seen[i], 1, "%d: %d", i, w->seen[i]);
    world_close(w);
}

Test(journal, what_is_not_there_yet_is_new_when_it_comes) {
    struct world *w = world_open();
    struct tail_figures figures;

    if (w == NULL)
        return;
    begin(w, false);
    cr_expect_str_eq(w->events, "source_missing ");
    journal_figures(w->journal, &figures);
    cr_expect_eq(figures.state, TAIL_MISSING);
    kill_it(w);
    w->events[0] = '\0';
    begin(w, false);
    run_ms(w, 20);
    add_lines(w, "system.journal", 0, 10);
    run_ms(w, 1200);
    /* The entries are of 2023, before the beginning: not wanted. */
    expect_once(w, 0, 0);
    cr_expect_str_eq(w->events, "source_missing source_back ");
    world_close(w);
}

Test(journal, others_entries_are_passed_over_and_suppressed_lines_told) {
    struct world *w = world_open();
    FILE *out;

    if (w == NULL)
        return;
    out = entries(w);
    for (int i = 0; i < 3000; i++) {
        if (i % 1000 == 0)
            journal_files_line(out, i);
        else
            journal_files_entry(out, i,
                                "SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=x\nMESSAGE=postfix/smtp "
                                "status=sent\n");
    }
    journal_files_entry(out, 3000,
                        "SYSLOG_IDENTIFIER=systemd-journald\n_TRANSPORT=driver\n"
                        "MESSAGE=Suppressed 17 messages from postfix@-.service\n");
    add_to(w, "system.journal");
    begin(w, true);
    run_until(w, 3);
    run_ms(w, 100);
    cr_expect_eq(seen_lines(w), 3);
    cr_expect_str_eq(w->events, "lines_suppressed ");
    cr_expect(span_starts(span_of(w->detail), "17 messages"), "%s", w->detail);
    kill_it(w);
    begin(w, true);
    run_ms(w, 50);
    cr_expect_eq(seen_lines(w), 3);
    world_close(w);
}

Test(journal, forbidden_files_are_told) {
    struct world *w = world_open();

    if (w == NULL)
        return;
    if (geteuid() == 0) {
        world_close(w);
        return; /* root reads everything; tests/process/journal.sh tries it as relaywatchd */
    }
    add_lines(w, "system.journal", 0, 10);
    cr_assert_eq(chmod(w->folder, 0), 0);
    begin(w, true);
    cr_expect_str_eq(w->events, "source_unreadable ");
    cr_assert_eq(chmod(w->folder, 0700), 0);
    run_until(w, 10);
    expect_once(w, 0, 10);
    world_close(w);
}
