/* The value of a label: whatever it is, it ends where we end it and the sample stays one line of
 * UTF-8. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exposition.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size + 1); /* so that a byte too far is seen */
    char plain[EXPOSITION_TEXT];
    char back[EXPOSITION_TEXT];
    char out[EXPOSITION_ESCAPED];
    size_t n = 0;

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    copy[size] = '\0';
    exposition_escape(out, copy);
    for (const char *p = out; *p != '\0'; p++) {
        assert(*p != '"' && (unsigned char)*p >= ' ' && *p != 0x7f);
        if (*p == '\\') {
            p++;
            assert(*p == '\\' || *p == '"');
        }
        back[n++] = *p;
    }
    back[n] = '\0';
    text_copy_printable(plain, sizeof plain, span_of(copy));
    assert(strcmp(plain, back) == 0);
    for (struct span rest = span_of(back); rest.n > 0;) {
        uint32_t c;
        size_t length = text_utf8(rest, &c);

        assert(length > 0);
        rest = (struct span){rest.p + length, rest.n - length};
    }
    free(copy);
    return 0;
}
