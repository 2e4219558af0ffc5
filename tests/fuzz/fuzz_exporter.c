/* Lines of a log, whatever they are: no more series than there are places, labels that are plain
 * words, and a restart goes on with what was published. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exporter.h"
#include "logline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct exporter *a, const struct exporter *b) {
    for (int f = 0; f < EXPORTER_FAMILIES; f++) {
        const struct exporter_place *p;

        for (size_t i = 0; (p = exporter_series(a, (enum exporter_family)f, i)) != NULL; i++) {
            const struct exporter_place *q = exporter_series(b, (enum exporter_family)f, i);

            assert(q != NULL && q->value == p->value && strcmp(q->labels, p->labels) == 0);
            assert(strpbrk(p->labels, "\"\\{}\n ") == NULL);
        }
    }
    for (int h = 0; h < EXPORTER_HISTOGRAMS; h++)
        assert(a->histogram[h].sum == b->histogram[h].sum &&
               memcmp(a->histogram[h].bucket, b->histogram[h].bucket,
                      sizeof a->histogram[h].bucket) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct exporter e, again;
    static struct totals totals;
    struct span rest = {(const char *)data, size};
    struct logline_clock clock;

    logline_clock_init(&clock);
    clock.now_ms = INT64_C(1795856400000);
    totals_clear(&totals);
    exporter_restore(&e, &totals);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        struct span line = {rest.p, end == NULL ? rest.n : (size_t)(end - rest.p)};
        struct mailev ev;

        logline_parse(line, &clock, &ev);
        exporter_note(&e, &ev);
        rest = end == NULL ? (struct span){rest.p + rest.n, 0}
                           : (struct span){end + 1, rest.n - line.n - 1};
    }
    exporter_put(&e, &totals);
    exporter_restore(&again, &totals);
    check_same(&e, &again);
    return 0;
}
