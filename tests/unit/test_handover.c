/* handover.c: which goes first, and the map that knows both. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "handover.h"

static struct cred_file live, next;

static void given(const char *now, const char *to_come) {
    cred_parse(span_of(now), &live);
    cred_parse(span_of(to_come), &next);
}

Test(handover, way) {
    static const struct {
        const char *live, *next;
        enum handover want;
    } rows[] = {
        {"a u:p\n", "a u:p\n", HANDOVER_MAP_FIRST},
        {"a u:p\n", "a v:q\nb w:r\n", HANDOVER_MAP_FIRST},
        {"", "b w:r\n", HANDOVER_MAP_FIRST},
        {"a u:p\nb w:r\n", "b x:s\n", HANDOVER_MAIN_CF_FIRST},
        {"a u:p\n", "b w:r\n", HANDOVER_BOTH},
        {"a u:p\nc u:p\n", "b w:r\nc u:p\n", HANDOVER_BOTH},
        {"Relay.Example u:p\n", "relay.example u:p\n", HANDOVER_MAP_FIRST},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        given(rows[i].live, rows[i].next);
        cr_expect_eq(handover_way(&live, &next), rows[i].want, "row %zu", i);
    }
}

Test(handover, both) {
    static const struct {
        const char *live, *next, *want;
    } rows[] = {
        {"a\tu:p q\n", "# theirs\n[b]:25 w:r\n", "# theirs\n[b]:25 w:r\na u:p q\n"},
        {"a u:p\nc u:old\n", "c u:new", "c u:new\na u:p\n"},
        {"a u:p\n", "a u:q\n", "a u:q\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got;

        given(rows[i].live, rows[i].next);
        got = handover_both(span_of(rows[i].next), &live, &next);
        cr_expect_str_eq(got, rows[i].want);
        free(got);
    }
}
