/* rotation_parse: any text is refused, or read as what rotation_print writes again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rotation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct rotation r, again;
    static char out[ROTATION_TEXT_MAX], twice[ROTATION_TEXT_MAX];
    size_t n;

    if (!rotation_parse(&r, (struct span){(const char *)data, size}, 1))
        return 0;
    n = rotation_print(&r, out, sizeof out);
    if (!rotation_parse(&again, (struct span){out, n}, 1) ||
        rotation_print(&again, twice, sizeof twice) != n || memcmp(out, twice, n) != 0)
        abort();
    (void)rotation_due(&r, 1000, 1000);
    return 0;
}
