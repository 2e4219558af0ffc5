/* Text of the world in HTML: whatever it is, no markup, no control, nothing unseen comes out, and
 * it is UTF-8. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size + 1); /* so that a byte too far is seen */
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    struct span rest;

    if (copy == NULL || out == NULL)
        abort();
    memcpy(copy, data, size);
    copy[size] = '\0';
    html_text(out, copy);
    fclose(out);
    assert(strpbrk(text, "<>\"'") == NULL);
    for (rest = span_of(text); rest.n > 0;) {
        uint32_t c;
        size_t n = text_utf8(rest, &c);

        assert(n > 0 && c >= ' ' && c != 0x7f && !(c >= 0x80 && c < 0xa0));
        assert(!(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069));
        rest = (struct span){rest.p + n, rest.n - n};
    }
    free(text);
    free(copy);
    return 0;
}
