/* The query of a URL: a value fits, is terminated and has no control characters; encoded again it
 * comes back the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "httpquery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size > 0 ? size : 1); /* so that a byte too far is seen */
    char value[64], encoded[3 + 3 * 64 + 1] = "id=", again[64];

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    if (httpquery_get((struct span){copy, size}, "id", value, sizeof value) == HTTPQUERY_OK) {
        for (const char *p = value; *p != '\0'; p++)
            assert((unsigned char)*p >= ' ' && *p != 0x7f);
        assert(httpquery_encode(span_of(value), encoded + 3, sizeof encoded - 3));
        assert(httpquery_get(span_of(encoded), "id", again, sizeof again) == HTTPQUERY_OK);
        assert(strcmp(value, again) == 0);
    } else {
        assert(value[0] == '\0');
    }
    free(copy);
    return 0;
}
