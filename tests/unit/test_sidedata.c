/* sidedata.c: the newest of each field is sent, once; removals too; everything again after a
 * reconnect. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sidedata.h"
#include "text.h"

static size_t taken(struct sidedata *side, bool removals, char *names, size_t size) {
    const struct sidedata_field *out[SIDEDATA_FIELDS];
    size_t count = sidedata_take(side, removals, out);

    names[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(names);

        text_format(names + n, size - n, "%s=%s ", out[i]->name,
                    out[i]->text != NULL ? out[i]->text : "-");
    }
    return count;
}

Test(sidedata, newest_once) {
    struct sidedata side = {0};
    char names[200];

    cr_assert(sidedata_set(&side, "a", "1"));
    cr_assert(sidedata_set(&side, "b", "1"));
    cr_assert(sidedata_set(&side, "a", "2"));
    cr_expect_eq(taken(&side, false, names, sizeof names), 2);
    cr_expect_str_eq(names, "a=2 b=1 ");
    cr_expect_eq(taken(&side, false, names, sizeof names), 0, "in flight");
    cr_assert(sidedata_set(&side, "a", "3"));
    sidedata_arrived(&side);
    cr_expect_eq(taken(&side, false, names, sizeof names), 1);
    cr_expect_str_eq(names, "a=3 ", "set while in flight: once more");
    sidedata_again(&side);
    cr_expect_eq(taken(&side, false, names, sizeof names), 2, "again after a reconnect");
    sidedata_clear(&side);
}

Test(sidedata, removal_once) {
    struct sidedata side = {0};
    char names[200];

    cr_assert(sidedata_set(&side, "a", "1"));
    cr_assert(sidedata_set(&side, "a", NULL));
    cr_expect_eq(taken(&side, false, names, sizeof names), 0);
    cr_expect_eq(taken(&side, true, names, sizeof names), 1);
    sidedata_again(&side);
    cr_expect_eq(taken(&side, true, names, sizeof names), 1, "lost on the way: again");
    sidedata_arrived(&side);
    cr_expect_eq(side.count, 0, "done and forgotten");
    cr_assert(sidedata_set(&side, "a", NULL));
    cr_expect_eq(taken(&side, true, names, sizeof names), 1);
    cr_assert(sidedata_set(&side, "a", "back"));
    sidedata_arrived(&side);
    cr_expect_eq(taken(&side, false, names, sizeof names), 1,
                 "set while its removal was in flight");
    sidedata_clear(&side);
}

Test(sidedata, bounds) {
    struct sidedata side = {0};
    char *text = calloc(1, SIDEDATA_TEXT_BYTES + 2);
    char name[20];

    memset(text, 'x', SIDEDATA_TEXT_BYTES + 1);
    cr_expect_not(sidedata_set(&side, "a", text), "too long");
    text[SIDEDATA_TEXT_BYTES] = '\0';
    cr_expect(sidedata_set(&side, "a", text));
    for (int i = 0; i < SIDEDATA_FIELDS - 1; i++) {
        text_format(name, sizeof name, "f%d", i);
        cr_expect(sidedata_set(&side, name, "x"));
    }
    cr_expect_not(sidedata_set(&side, "one more", "x"), "full");
    cr_expect(sidedata_set(&side, "a", "x"), "a full table still takes changes");
    free(text);
    sidedata_clear(&side);
}

Test(sidedata, settled_when_all_has_arrived) {
    const struct sidedata_field *field[SIDEDATA_FIELDS];
    struct sidedata side = {0};

    cr_expect(sidedata_settled(&side));
    sidedata_set(&side, "a", "x");
    cr_expect_not(sidedata_settled(&side), "waits");
    sidedata_take(&side, false, field);
    cr_expect_not(sidedata_settled(&side), "in flight");
    sidedata_arrived(&side);
    cr_expect(sidedata_settled(&side));
    sidedata_clear(&side);
}
