/* credsource_merge: on any content the result is a good sasl_passwd with the same keys, or a
 * problem. */
#include <stdint.h>
#include <stdlib.h>

#include "credsource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "# head\nh u:p\n\n[h]:587 v:q\na@b.c w:r";
    static struct cred_file before, after;
    static char out[CRED_FILE_MAX + 1];
    struct cred_problem problem = {0, NULL};
    size_t n = 0;

    if (!cred_parse(span_of(text), &before))
        abort();
    if (!credsource_merge(span_of(text), &before, cred_lookup(&before, "h", "[h]:587"),
                          (struct span){(const char *)data, size}, out, &n, &problem)) {
        if (problem.what == NULL)
            abort();
        return 0;
    }
    if (!cred_parse((struct span){out, n}, &after) || after.count != before.count)
        abort();
    for (uint32_t i = 0; i < after.count; i++) {
        if (!span_equal(after.entries[i].key, before.entries[i].key))
            abort();
    }
    return 0;
}
