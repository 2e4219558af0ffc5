/* Text there and back, what is refused, and the table of verdicts. */
#include "position.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct hash_key key = {{1, 2}};

static struct position largest(void) {
    return (struct position){
        .gen = UINT32_MAX,
        .at = {.offset = INT64_MAX,
               .dev = UINT64_MAX,
               .ino = UINT64_MAX,
               .btime_ns = INT64_MAX,
               .prefix = {{UINT64_MAX, UINT64_MAX}},
               .tail = {{UINT64_MAX, UINT64_MAX}},
               .head = {UINT64_MAX, UINT64_MAX}},
        .last_s = INT64_MAX,
        .has_old = true,
        .old_offset = INT64_MAX,
        .old_ino = UINT64_MAX,
        .old_mark = {{UINT64_MAX, UINT64_MAX}},
    };
}

Test(position, text_there_and_back) {
    struct position all[3] = {{0}, largest(), largest()};

    all[2].has_old = false;
    all[2].at.offset = 4095;
    for (size_t i = 0; i < 3; i++) {
        char text[POSITION_TEXT];
        char again[POSITION_TEXT];
        struct position read;

        cr_expect(position_encode(&all[i], text, sizeof text), "%zu does not fit", i);
        cr_assert(position_decode(span_of(text), &read), "%s", text);
        position_encode(&read, again, sizeof again);
        cr_expect_str_eq(again, text);
    }
}

#define H "0123456789abcdef0123456789abcdef"
#define HEAD ";head:0123456789abcdef:0123456789abcdef"
#define GOOD "v1;f;3;5000;1:2;7;4096:" H ";1024:" H ";1700000000" HEAD

Test(position, what_is_a_position) {
    static const struct {
        const char *name;
        const char *in;
        bool want;
    } rows[] = {
        {"good", GOOD, true},
        {"with old", GOOD ";old:9:8:" H, true},
        {"empty", "", false},
        {"other version", "v2;f;3;5000;1:2;7;4096:" H ";1024:" H ";1" HEAD, false},
        {"other kind", "v1;j;3;5000;1:2;7;4096:" H ";1024:" H ";1" HEAD, false},
        {"cut", "v1;f;3;5000;1:2;7;4096:" H ";1024:" H, false},
        {"prefix length", "v1;f;3;5000;1:2;7;4095:" H ";1024:" H ";1" HEAD, false},
        {"tail length", "v1;f;3;500;1:2;7;500:" H ";1024:" H ";1" HEAD, false},
        {"short hash", "v1;f;3;5000;1:2;7;4096:0123;1024:" H ";1" HEAD, false},
        {"upper case", "v1;f;3;0;1:2;7;0:0123456789ABCDEF0123456789abcdef;0:" H ";1" HEAD, false},
        {"leading zero", "v1;f;03;5000;1:2;7;4096:" H ";1024:" H ";1" HEAD, false},
        {"negative", "v1;f;3;-5;1:2;7;0:" H ";0:" H ";1" HEAD, false},
        {"large", "v1;f;3;9223372036854775808;1:2;7;4096:" H ";1024:" H ";1" HEAD, false},
        {"blank", " " GOOD, false},
        {"separator at the end", GOOD ";", false},
        {"old without mark", GOOD ";old:9:8", false},
        {"old twice", GOOD ";old:9:8:" H ";old:9:8:" H, false},
        {"other part", GOOD ";new:9:8:" H, false},
        {"newline", GOOD "\n", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct position p = {.gen = 77};

        cr_expect(position_decode(span_of(rows[i].in), &p) == rows[i].want, "%s", rows[i].name);
        cr_expect((p.gen == 3) == rows[i].want, "%s", rows[i].name);
    }
}

Test(position, table_of_verdicts) {
    static const struct {
        const char *name;
        struct place_facts in;
        enum place_verdict want;
    } rows[] = {
        {"nothing yet", {.at_start = true, .prefix = PLACE_SAME}, PLACE_FRESH},
        {"ours", {.prefix = PLACE_SAME, .tail = PLACE_SAME}, PLACE_RESUME},
        {"compressed", {.prefix = PLACE_SAME, .tail = PLACE_UNKNOWN}, PLACE_RESUME},
        {"lost its end",
         {.shorter = true, .prefix = PLACE_SAME, .tail = PLACE_UNKNOWN},
         PLACE_SHORTER},
        {"truncated", {.shorter = true, .prefix = PLACE_UNKNOWN, .same_inode = true}, PLACE_OTHER},
        {"begun again",
         {.shorter = true, .prefix = PLACE_DIFFERS, .same_inode = true},
         PLACE_OTHER},
        {"inode reused",
         {.prefix = PLACE_DIFFERS, .tail = PLACE_DIFFERS, .same_inode = true},
         PLACE_OTHER},
        {"rewritten", {.prefix = PLACE_SAME, .tail = PLACE_DIFFERS}, PLACE_REWRITTEN},
        {"power cut", {.prefix = PLACE_SAME, .tail = PLACE_DIFFERS, .nul = true}, PLACE_NUL},
        {"power cut, small",
         {.prefix = PLACE_DIFFERS, .tail = PLACE_DIFFERS, .nul = true, .same_inode = true},
         PLACE_NUL},
        {"NULs elsewhere",
         {.prefix = PLACE_DIFFERS, .tail = PLACE_DIFFERS, .nul = true},
         PLACE_OTHER},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect(place_decide(&rows[i].in) == rows[i].want, "%s", rows[i].name);
}

/* A file of 6000 bytes, the place at 5000 (or less), and what became of it. */
Test(position, compared_with_a_file) {
    char was[6000];
    struct place place = {.dev = 1, .ino = 2, .btime_ns = 3};
    static const struct {
        const char *name;
        size_t offset;
        size_t size;      /* now */
        size_t change_at; /* this byte is another; SIZE_MAX: none */
        char change_to;
        bool other_inode;
        enum place_verdict want;
    } rows[] = {
        {"same", 5000, 6000, SIZE_MAX, 0, false, PLACE_RESUME},
        {"exactly the end", 5000, 5000, SIZE_MAX, 0, false, PLACE_RESUME},
        {"renamed and restored", 5000, 6000, SIZE_MAX, 0, true, PLACE_RESUME},
        {"after the place", 5000, 6000, 5000, 'x', false, PLACE_RESUME},
        {"first byte", 5000, 6000, 0, 'x', false, PLACE_OTHER},
        {"last byte of the prefix", 5000, 6000, 4095, 'x', false, PLACE_OTHER},
        {"last byte before the place", 5000, 6000, 4999, 'x', false, PLACE_REWRITTEN},
        {"NUL before the place", 5000, 6000, 4999, '\0', false, PLACE_NUL},
        {"one byte lost", 5000, 4999, SIZE_MAX, 0, false, PLACE_SHORTER},
        {"shorter than the prefix", 5000, 2000, SIZE_MAX, 0, false, PLACE_SHORTER},
        {"shorter than 1024", 5000, 600, SIZE_MAX, 0, false, PLACE_SHORTER},
        {"too short to tell", 5000, 255, SIZE_MAX, 0, false, PLACE_OTHER},
        {"empty", 5000, 0, SIZE_MAX, 0, false, PLACE_OTHER},
        {"other and shorter", 5000, 2000, 100, 'x', false, PLACE_OTHER},
        {"one byte", 1, 6000, SIZE_MAX, 0, false, PLACE_RESUME},
        {"one other byte", 1, 6000, 0, 'x', false, PLACE_OTHER},
        {"small place", 100, 99, SIZE_MAX, 0, false, PLACE_OTHER},
    };

    for (size_t i = 0; i < sizeof was; i++)
        was[i] = (char)('a' + i * i % 23);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char now[6000];
        size_t tail = rows[i].offset < POSITION_TAIL ? rows[i].offset : POSITION_TAIL;
        struct place_file file = {.dev = 1, .ino = rows[i].other_inode ? 9 : 2, .btime_ns = 3};
        struct place_facts facts;

        place.offset = rows[i].offset;
        place_hash(&place, &key, was, was + rows[i].offset - tail);
        memcpy(now, was, sizeof now);
        if (rows[i].change_at != SIZE_MAX)
            now[rows[i].change_at] = rows[i].change_to;
        file.size = rows[i].size;
        file.head = (struct span){now, rows[i].size < 4096 ? rows[i].size : 4096};
        if (rows[i].size >= rows[i].offset)
            file.tail = (struct span){now + rows[i].offset - tail, tail};
        facts = place_compare(&place, &key, &file);
        cr_expect(place_decide(&facts) == rows[i].want, "%s: %d", rows[i].name,
                  (int)place_decide(&facts));
    }
}

Test(position, mark_is_of_prefix_and_offset) {
    struct place a = {.offset = 5, .prefix = {{1, 2}}};
    struct place b = a;

    cr_expect(position_mark(&a, &key).h[0] == position_mark(&b, &key).h[0]);
    b.offset = 6;
    cr_expect(position_mark(&a, &key).h[0] != position_mark(&b, &key).h[0]);
    b = a;
    b.prefix.h[1] = 3;
    cr_expect(position_mark(&a, &key).h[0] != position_mark(&b, &key).h[0]);
}

Test(position, place_of_nothing_has_a_time) {
    struct place place = {.offset = 9};

    place_begin(&place, &key, 1234567890123);
    cr_expect(place.offset == 0 && place_since(&place) == 1234567890123);
    place_begin(&place, &key, -5);
    cr_expect(place_since(&place) == 0);
}
