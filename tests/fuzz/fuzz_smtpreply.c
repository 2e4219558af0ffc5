/* A reply of an SMTP server: what is told of it lies within it. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpreply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size > 0 ? size : 1); /* so that a byte too far is seen */
    struct span text = {NULL, 0};
    size_t used = 0;
    int code;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    code = smtpreply_take((struct span){copy, size}, &used, &text);
    assert(code == -1 || code == 0 || (code >= 200 && code <= 599));
    if (code > 0)
        assert(used <= size && text.p >= copy && text.p + text.n <= copy + used);
    free(copy);
    return 0;
}
