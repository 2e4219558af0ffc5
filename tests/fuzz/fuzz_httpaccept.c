/* The Accept field: whatever is sent, no byte too far, and one of the forms. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "httpaccept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size > 0 ? size : 1); /* so that a byte too far is seen */
    enum httpaccept form;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    form = httpaccept_metrics((struct span){copy, size});
    assert(form <= HTTPACCEPT_OPENMETRICS_OLD);
    assert(strstr(httpaccept_type(form), "charset=utf-8") != NULL);
    free(copy);
    return 0;
}
