/* What decodes encodes to the same text; no text breaks the comparison with a file. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct hash_key key = {{1, 2}};
    struct span text = {(const char *)data, size};
    struct position position = {0};
    char again[POSITION_TEXT];

    if (!position_decode(text, &position))
        return 0;
    assert(position_encode(&position, again, sizeof again));
    assert(span_is(text, again));
    for (size_t n = 0; n <= size; n += 97) {
        size_t want =
            position.at.offset < POSITION_TAIL ? (size_t)position.at.offset : POSITION_TAIL;
        struct place_file file = {.size = n,
                                  .head = {(const char *)data, n},
                                  .tail = {(const char *)data, n < want ? n : want}};
        struct place_facts facts = place_compare(&position.at, &key, &file);

        assert(place_decide(&facts) <= PLACE_OTHER);
    }
    return 0;
}
