/* Any text as a point in the past: never one in the future. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "since.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int64_t now_ms = INT64_C(1793505600000);
    char *text = calloc(1, size + 1);
    int64_t out = 0;

    memcpy(text, data, size);
    if (since_parse(text, now_ms, &out))
        assert(out >= 0 && out <= now_ms);
    free(text);
    return 0;
}
