/* Several sources at once: real files, and a journal where systemd-journal-remote is there. Every
 * line has a number; only what was told with the last position survives a kill. */
#include "sources.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_files.h"
#include "positions.h"
#include "sdjournal.h"

enum { LINES = 4000, LIMIT_MS = 4000 };

static const struct hash_key key = {{1, 2}};

struct world {
    char folder[64];
    struct loop *loop;
    struct loop_timer *limit;
    struct sources *sources;
    char positions[SOURCES_TEXT];
    unsigned char seen[LINES], told[LINES];
    int lines, want;
    char events[1000];
};

static void on_line(struct span line, void *arg) {
    struct world *w = arg;
    const char *at = span_find(line, "#");
    int number = at != NULL ? atoi(at + 1) : LINES;

    cr_assert(number >= 0 && number < LINES && line.p[line.n - 1] == '.', "%.*s", (int)line.n,
              line.p);
    w->seen[number]++;
    w->lines++;
    sources_note_time(w->sources, 1700000000000 + number);
    if (w->want > 0 && w->lines >= w->want)
        loop_stop(w->loop);
}

static void on_batch(void *arg) {
    struct world *w = arg;

    sources_position(w->sources, w->positions, sizeof w->positions);
    memcpy(w->told, w->seen, sizeof w->told);
}

static void on_event(const char *source, const char *what, const char *detail, void *arg) {
    struct world *w = arg;
    size_t n = strlen(w->events);

    (void)detail;
    text_format(w->events + n, sizeof w->events - n, "%s:%s ", strrchr(source, '/'), what);
}

static void on_limit(void *arg) {
    loop_stop(((struct world *)arg)->loop);
}

static void world_open(struct world *w) {
    struct fault why;

    memset(w, 0, sizeof *w);
    strcpy(w->folder, "/var/tmp/test_sources.XXXXXX");
    cr_assert_not_null(mkdtemp(w->folder));
    w->loop = loop_new(&why);
    w->limit = loop_timer_new(w->loop, on_limit, w);
}

static void empty_folder(const char *folder) {
    DIR *d = opendir(folder);
    const struct dirent *entry;

    while (d != NULL && (entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(folder);
}

static void world_close(struct world *w) {
    char journal[100];

    sources_free(&w->sources);
    loop_timer_free(&w->limit);
    loop_free(&w->loop);
    text_format(journal, sizeof journal, "%s/journal", w->folder);
    empty_folder(journal);
    empty_folder(w->folder);
}

/* `list` with the folder in place of each %. */
static void begin(struct world *w, const char *list, bool from_beginning) {
    const struct sources_calls calls = {
        .on_line = on_line, .on_batch = on_batch, .on_event = on_event, .arg = w};
    struct logsources logs;
    char text[800] = "";
    struct fault why;

    for (; *list != '\0'; list++) {
        size_t n = strlen(text);

        text_format(text + n, sizeof text - n, "%s", *list == '%' ? w->folder : "");
        if (*list != '%')
            text_format(text + n, sizeof text - n, "%c", *list);
    }
    cr_assert_eq(logsources_parse(text, &logs, &why), 0, "%s", why.text);
    w->sources = sources_new(w->loop, &logs, &key, &calls);
    sources_start(w->sources, w->positions, from_beginning);
    on_batch(w);
}

static void kill_it(struct world *w) {
    sources_free(&w->sources);
    memcpy(w->seen, w->told, sizeof w->seen);
}

static int seen_lines(const struct world *w) {
    int n = 0;

    for (int i = 0; i < LINES; i++)
        n += w->seen[i];
    return n;
}

static void run_until(struct world *w, int lines) {
    w->lines = seen_lines(w);
    w->want = lines;
    loop_timer_set(w->limit, LIMIT_MS);
    if (w->lines < lines)
        loop_run(w->loop);
    loop_timer_set(w->limit, 30); /* and nothing comes twice */
    w->want = 0;
    loop_run(w->loop);
}

static void write_lines(struct world *w, const char *name, int from, int to) {
    char path[200];
    FILE *out;

    text_format(path, sizeof path, "%s/%s", w->folder, name);
    out = fopen(path, "a");
    cr_assert_not_null(out);
    for (int i = from; i < to; i++)
        fprintf(out, "line #%d.\n", i);
    fclose(out);
}

static void rename_file(struct world *w, const char *from, const char *to) {
    char a[200], b[200];

    text_format(a, sizeof a, "%s/%s", w->folder, from);
    text_format(b, sizeof b, "%s/%s", w->folder, to);
    cr_assert_eq(rename(a, b), 0);
}

static void expect_once(const struct world *w, int from, int to) {
    for (int i = 0; i < LINES; i++)
        cr_assert_eq(w->seen[i], i >= from && i < to, "line %d came %d times", i, w->seen[i]);
}

Test(sources, several_files_through_rotations_and_kills) {
    static struct world w;
    int written = 0;

    world_open(&w);
    for (int cycle = 0; cycle < 24; cycle++) {
        static const char *const names[] = {"a", "b", "c"};
        const char *name = names[cycle % 3];
        char rotated[20];

        if (cycle % 4 == 3) {
            text_format(rotated, sizeof rotated, "%s.1", name);
            rename_file(&w, name, rotated);
        }
        write_lines(&w, "a", written, written + 40);
        write_lines(&w, "b", written + 40, written + 70);
        write_lines(&w, name, written + 70, written + 100);
        written += 100;
        if (w.sources == NULL)
            begin(&w, "%/a, %/b %/c", true);
        if (cycle % 3 == 1)
            run_until(&w, written - 37);
        if (cycle % 2 == 1)
            kill_it(&w);
    }
    if (w.sources == NULL)
        begin(&w, "%/a, %/b %/c", true);
    run_until(&w, written);
    expect_once(&w, 0, written);
    world_close(&w);
}

Test(sources, who_is_taken_out_or_added_leaves_the_others_where_they_are) {
    static struct world w;

    world_open(&w);
    write_lines(&w, "a", 0, 10);
    write_lines(&w, "b", 10, 20);
    begin(&w, "%/a %/b", false);
    write_lines(&w, "a", 20, 30);
    write_lines(&w, "b", 30, 40);
    run_until(&w, 20);
    kill_it(&w);
    write_lines(&w, "a", 40, 50);
    write_lines(&w, "b", 50, 60); /* while it is not in the list: not wanted */
    begin(&w, "%/a", false);
    run_until(&w, 30);
    kill_it(&w);
    cr_expect_null(strstr(w.positions, "/b"), "%s", w.positions);
    write_lines(&w, "a", 60, 70);
    begin(&w, "%/b %/a", false); /* it begins anew, by log_start */
    run_until(&w, 40);
    write_lines(&w, "b", 70, 80);
    run_until(&w, 50);
    for (int i = 0; i < 80; i++)
        cr_expect_eq(w.seen[i], i >= 20 && (i < 50 || i >= 60), "%d: %d", i, w.seen[i]);
    world_close(&w);
}

Test(sources, a_position_of_one_source_without_a_name_goes_on) {
    static struct world w;
    struct span position, rest;
    char name[POSITIONS_NAME], old[400];

    world_open(&w);
    write_lines(&w, "a", 0, 10);
    begin(&w, "%/a", true);
    run_until(&w, 10);
    kill_it(&w);
    rest = span_of(w.positions);
    cr_assert(positions_next(&rest, &position, name));
    text_copy_span(old, sizeof old, position);
    cr_expect(span_starts(span_of(w.positions), "v1;f;"), "the text begins as ever: %s",
              w.positions);
    strcpy(w.positions, old);
    write_lines(&w, "a", 10, 20);
    write_lines(&w, "b", 20, 30);
    begin(&w, "%/a %/b", false);
    run_until(&w, 20);
    expect_once(&w, 0, 20);
    world_close(&w);
}

Test(sources, a_missing_one_is_told_by_name_and_holds_up_no_other) {
    static struct world w;
    struct tail_figures figures;

    world_open(&w);
    write_lines(&w, "b", 0, 10);
    begin(&w, "%/a %/b", true);
    run_until(&w, 10);
    cr_expect_str_eq(w.events, "/a:source_missing ");
    cr_assert_eq(sources_count(w.sources), 2);
    sources_figures(w.sources, 0, &figures);
    cr_expect_str_eq(sources_state_word(figures.state), "missing");
    sources_figures(w.sources, 1, &figures);
    cr_expect_str_eq(sources_state_word(figures.state), "ok");
    write_lines(&w, "a", 10, 20);
    run_until(&w, 20);
    expect_once(&w, 0, 20);
    world_close(&w);
}

Test(sources, a_journal_beside_a_file) {
    static struct world w;
    char exported[120], journal[120];

    if (!sdjournal_supported() || journal_files_program() == NULL)
        return;
    world_open(&w);
    text_format(exported, sizeof exported, "%s/export", w.folder);
    text_format(journal, sizeof journal, "%s/journal", w.folder);
    cr_assert_eq(mkdir(journal, 0755), 0);
    text_format(journal, sizeof journal, "%s/journal/system.journal", w.folder);
    for (int cycle = 0; cycle < 10; cycle++) {
        FILE *out = fopen(exported, "w");

        for (int i = 0; i < 60; i++)
            journal_files_line(out, cycle * 100 + i);
        fclose(out);
        cr_assert_eq(journal_files_add(journal, exported), 0);
        write_lines(&w, "a", cycle * 100 + 60, cycle * 100 + 100);
        begin(&w, "journal:%/journal %/a", true);
        run_until(&w, cycle * 100 + 83);
        kill_it(&w);
    }
    begin(&w, "%/a journal:%/journal", true);
    run_until(&w, 1000);
    expect_once(&w, 0, 1000);
    cr_expect_str_eq(w.events, "");
    world_close(&w);
}
