/* The query of the history: what is taken is within bounds, and so are the points made of it. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "historyq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int64_t now_ms = INT64_C(1790000000000);
    char *copy = malloc(size > 0 ? size : 1); /* so that a byte too far is seen */
    struct timeline line;
    struct historyq q;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    if (historyq_parse((struct span){copy, size}, &q) == NULL) {
        assert(q.since_s >= 60 && q.since_s <= 172800);
        timeline_make(&line, q.step, NULL, NULL, now_ms - (int64_t)q.since_s * 1000, now_ms);
        assert(line.count >= 1 && line.count <= TIMELINE_MOST);
    }
    free(copy);
    return 0;
}
