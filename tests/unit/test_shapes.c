/* shapes.c: what makes two lines one shape, what is told as new and for how long, what totals carry
 * over a restart, and that strangers cannot make the table grow or forget on purpose. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "shapes.h"
#include "text.h"

#define HOUR INT64_C(3600000)
#define NOW (INT64_C(490000) * HOUR)

static struct mailev line(enum mailev_kind kind, const char *severity, const char *daemon,
                          const char *text) {
    struct mailev ev = {0};

    ev.kind = kind;
    ev.severity = span_of(severity);
    ev.daemon = span_of(daemon);
    ev.text = span_of(text);
    return ev;
}

static struct shapes *make(void) {
    struct shapes *shapes = calloc(1, sizeof *shapes);
    struct totals *from = calloc(1, sizeof *from);

    text_copy(from->lineage, sizeof from->lineage, "00112233445566778899aabbccddeeff");
    shapes_restore(shapes, from);
    free(from);
    return shapes;
}

static void note(struct shapes *shapes, const char *text, int64_t time_ms) {
    struct mailev ev = line(MAILEV_WARNING, "warning", "smtpd", text);

    shapes_note(shapes, &ev, time_ms);
}

static size_t fresh(const struct shapes *shapes, int64_t now_ms) {
    const struct shape *out[SHAPES_ROOM];

    return shapes_fresh(shapes, now_ms, out, SHAPES_ROOM);
}

Test(shapes, the_outline_keeps_words_alone) {
    static const struct {
        const char *text, *outline;
    } rows[] = {
        {"", ""},
        {"   ", ""},
        {"premature end-of-input on private/defer while reading input attribute name",
         "premature end-of-input on * while reading input attribute name"},
        {"close file 4BcD1234: No space left on device", "close file * No space left on device"},
        {"hostname mail.example.com does not resolve to address 192.0.2.1: Name not known",
         "hostname * does not resolve to address * Name not known"},
        {"open database /etc/postfix/generic.db: No such file or directory",
         "open database /etc/postfix/generic.db: No such file or directory"},
        {"open /home/bob/Maildir: Permission denied", "open * Permission denied"},
        {"bad command startup -- throttling", "bad command startup -- throttling"},
        {"unix_connect (a) smtpd_client_port_logging: \"a b 7 c\" <x y> <never ends",
         "unix_connect (a) smtpd_client_port_logging: *"},
        /* what a client or a server says is not the shape */
        {"Illegal address syntax from x[192.0.2.1] in MAIL command: rm -rf me",
         "Illegal address syntax from * in MAIL command:"},
        {"non-SMTP command from unknown[192.0.2.1]: GET me HTTP", "non-SMTP command from *"},
        {"unknown[2001:db8::1]: request longer than 2048: words of hers",
         "* request longer than *"},
        {"host mx.example.net[192.0.2.7]:25 said: anything at all", "host * said:"},
        {"table hash:\x01\xff is \xc3\xa4 thing", "table * is * thing"},
    };
    const struct span nul = {"wa\0\0 \0", 6};
    char out[256];

    shapes_outline(nul, out, sizeof out);
    cr_expect_str_eq(out, "*");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = shapes_outline(span_of(rows[i].text), out, sizeof out);

        cr_expect_str_eq(out, rows[i].outline, "%s: %s", rows[i].text, out);
        cr_expect_eq(n, strlen(out));
    }
}

Test(shapes, the_outline_never_passes_its_room) {
    const char *text = "many words and 1 number of which some do not fit";
    char whole[64];

    shapes_outline(span_of(text), whole, sizeof whole);
    for (size_t size = 2; size < sizeof whole; size++) {
        char *out = malloc(size); /* of the exact size, so that a byte beyond is found */
        size_t n = shapes_outline(span_of(text), out, size);

        cr_expect_lt(n, size);
        cr_expect_eq(strncmp(out, whole, n), 0, "%s", out);
        free(out);
    }
}

Test(shapes, only_trouble_without_a_diagnosis_counts) {
    struct shapes *shapes = make();
    struct mailev ev = line(MAILEV_WARNING, "warning", "smtp", "known");

    ev.diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS;
    shapes_note(shapes, &ev, NOW);
    ev = line(MAILEV_AUTH_FAILURE, "warning", "smtpd", "x[1.2.3.4]: SASL LOGIN failed");
    shapes_note(shapes, &ev, NOW);
    ev = line(MAILEV_NOTE, "", "smtpd", "statistics");
    shapes_note(shapes, &ev, NOW);
    cr_expect_eq(fresh(shapes, NOW), 0);
    ev = line(MAILEV_ERROR, "error", "smtp", "odd");
    shapes_note(shapes, &ev, NOW);
    ev = line(MAILEV_FATAL, "fatal", "smtp", "odd");
    shapes_note(shapes, &ev, NOW);
    ev = line(MAILEV_FATAL, "panic", "smtp", "odd");
    shapes_note(shapes, &ev, NOW);
    shapes_note(shapes, &ev, NOW);
    ev.daemon = SPAN("lmtp");
    shapes_note(shapes, &ev, NOW);
    cr_expect_eq(shapes->of_class[SHAPE_WARNING], 0);
    cr_expect_eq(shapes->of_class[SHAPE_ERROR], 1);
    cr_expect_eq(shapes->of_class[SHAPE_FATAL], 1);
    cr_expect_eq(shapes->of_class[SHAPE_PANIC], 3);
    cr_expect_eq(fresh(shapes, NOW), 4, "class and daemon are of the shape");
    free(shapes);
}

Test(shapes, new_for_a_day_and_newest_first) {
    struct shapes *shapes = make();
    const struct shape *out[2];

    note(shapes, "one", NOW);
    note(shapes, "two 1 bell \a", NOW + HOUR);
    note(shapes, "two 2", NOW + 2 * HOUR);
    note(shapes, "two 3", NOW + HOUR);
    cr_assert_eq(shapes_fresh(shapes, NOW + 2 * HOUR, out, 2), 2);
    cr_expect_str_eq(out[0]->text, "two 2");
    cr_expect_str_eq(out[1]->text, "two 1 bell ?");
    note(shapes, "one", NOW + 3 * HOUR);
    cr_assert_eq(shapes_fresh(shapes, NOW + 3 * HOUR, out, 1), 1, "room for the newest alone");
    cr_expect_str_eq(out[0]->text, "two 2");
    cr_expect_eq(out[0]->count, 2);
    cr_expect_eq(out[0]->last_ms, NOW + 2 * HOUR);
    cr_expect_eq(fresh(shapes, NOW + 24 * HOUR - 1), 3);
    cr_expect_eq(fresh(shapes, NOW + 24 * HOUR), 2);
    cr_expect_eq(fresh(shapes, NOW + 48 * HOUR), 0);
    note(shapes, "one", NOW + 48 * HOUR);
    cr_expect_eq(fresh(shapes, NOW + 48 * HOUR), 0, "seen before");
    free(shapes);
}

Test(shapes, a_restart_remembers_what_was_seen) {
    struct shapes *first = make();
    struct shapes *second = calloc(1, sizeof *second);
    struct totals *totals = calloc(1, sizeof *totals);
    const struct shape *out[4];

    text_copy(totals->lineage, sizeof totals->lineage, "00112233445566778899aabbccddeeff");
    note(first, "old", NOW);
    note(first, "young", NOW + 20 * HOUR + 5);
    shapes_put(first, totals);
    cr_expect_eq(totals->count, 3, "two places, one class");
    shapes_restore(second, totals);
    cr_expect_eq(second->of_class[SHAPE_WARNING], 2);
    cr_expect_eq(fresh(second, NOW + 30 * HOUR), 0, "nothing to show yet");
    note(second, "old", NOW + 30 * HOUR);
    note(second, "young", NOW + 30 * HOUR);
    note(second, "new", NOW + 31 * HOUR);
    cr_assert_eq(shapes_fresh(second, NOW + 31 * HOUR, out, 4), 2);
    cr_expect_str_eq(out[0]->text, "new");
    cr_expect_str_eq(out[1]->text, "young");
    cr_expect_eq(out[1]->first_ms, NOW + 20 * HOUR, "to the hour");
    shapes_put(second, totals);
    cr_expect_eq(totals->count, 4, "the fields are the same ones");
    cr_expect_eq(totals_get(totals, "u.warning"), 5);
    free(first);
    free(second);
    free(totals);
}

/* Whatever strangers send: the totals stay in their room, and what is seen all the time stays
 * known. */
Test(shapes, a_flood_stays_in_its_room) {
    struct shapes *shapes = make();
    struct totals *totals = calloc(1, sizeof *totals);
    char text[64];

    note(shapes, "ours", NOW);
    for (int i = 0; i < 100000; i++) {
        int n = i;

        text_format(text, sizeof text, "flood ");
        for (size_t at = strlen(text); n > 0 && at + 1 < sizeof text; n /= 26) {
            text[at++] = (char)('a' + n % 26);
            text[at] = '\0';
        }
        note(shapes, text, NOW + 1 + i);
        if (i % 16 == 0)
            note(shapes, "ours", NOW + 1 + i);
    }
    for (size_t i = 0; i < SHAPES_ROOM; i++) {
        if (strcmp(shapes->shape[i].text, "ours") == 0)
            cr_expect_eq(shapes->shape[i].first_ms, NOW, "it was never forgotten");
    }
    cr_expect_eq(fresh(shapes, NOW), SHAPES_ROOM);
    shapes_put(shapes, totals);
    cr_expect_eq(totals->count, SHAPES_ROOM + 1);
    free(totals);
    free(shapes);
}

/* Foreign fields that leave no room, and places that no life of ours has written. */
Test(shapes, totals_of_others) {
    struct shapes *shapes = make();
    struct totals *totals = calloc(1, sizeof *totals);
    char name[TOTALS_NAME_SIZE];

    for (int i = 0; i < SHAPES_ROOM; i++) {
        text_format(name, sizeof name, "w.%d", i);
        totals_set(totals, name, i % 2 == 0 ? UINT64_MAX - (uint64_t)i : (uint64_t)i);
    }
    for (int i = SHAPES_ROOM; i < TOTALS_FIELDS; i++) {
        text_format(name, sizeof name, "x.%d", i);
        totals_set(totals, name, 7);
    }
    shapes_restore(shapes, totals);
    note(shapes, "one", NOW);
    shapes_put(shapes, totals);
    cr_expect_eq(fresh(shapes, NOW), 1);
    for (int i = SHAPES_ROOM; i < TOTALS_FIELDS; i++)
        cr_assert_eq(totals->value[i], 7);
    totals_clear(totals);
    for (int i = 0; i < TOTALS_FIELDS; i++) {
        text_format(name, sizeof name, "x.%d", i);
        totals_set(totals, name, 7);
    }
    shapes_restore(shapes, totals);
    note(shapes, "one", NOW);
    shapes_put(shapes, totals);
    for (int i = 0; i < TOTALS_FIELDS; i++)
        cr_assert_eq(totals->value[i], 7);
    free(totals);
    free(shapes);
}
