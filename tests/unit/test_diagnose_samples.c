/* tests/data/diagnose.tsv: for each diagnosis the lines that show it, in each wording of its
 * sources;
 * "-" for lines that show none. Columns: id, line. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "logline.h"

/* These no line shows: they need the configuration, a count, the queue or a probe. */
static const char without[] = "S03 S14 T11 N10 N13 Q03 Q06 Q08 Q10 M11 M17 R02 R03 "
                              "C01 C02 C03 C04 C05 C06 C07 C08 C09 W01 W02 W03 W04 W05 W06 "
                              "W10 W11 W12 W13 W14 W16 W20";

static void check(const struct diagnoser *d, const char *id, const char *line,
                  unsigned tried[DIAGNOSIS_COUNT]) {
    struct logline_clock clock;
    struct mailev ev;
    enum diagnosis got;

    logline_clock_init(&clock);
    clock.now_ms = INT64_C(1795834000000);
    logline_parse(span_of(line), &clock, &ev);
    got = diagnose_event(d, &ev);
    cr_expect_str_eq(diagnosis_entry(got)->id, strcmp(id, "-") == 0 ? "" : id,
                     "want %s, got %s: %s", id, diagnosis_entry(got)->id, line);
    tried[diagnosis_find(span_of(id))]++;
}

Test(diagnose_samples, every_diagnosis_that_a_line_shows) {
    static unsigned tried[DIAGNOSIS_COUNT];
    FILE *file = fopen(TEST_DATA "/diagnose.tsv", "r");
    struct diagnoser *d = diagnoser_new();
    char *record = NULL;
    size_t size = 0;
    ssize_t n;

    cr_assert_not_null(file);
    while ((n = getline(&record, &size, file)) > 0) {
        char *tab = memchr(record, '\t', (size_t)n);

        cr_assert_not_null(tab, "%s", record);
        record[n - 1] = *tab = '\0';
        check(d, record, tab + 1, tried);
    }
    for (int i = DIAGNOSIS_NONE + 1; i < DIAGNOSIS_COUNT; i++) {
        const char *id = diagnosis_entry((enum diagnosis)i)->id;

        cr_expect((tried[i] == 0) == (strstr(without, id) != NULL), "%s: %u samples", id, tried[i]);
    }
    free(record);
    fclose(file);
    diagnoser_free(&d);
}
