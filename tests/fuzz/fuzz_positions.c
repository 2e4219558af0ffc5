/* Positions of several sources: what is found in a text is written to the same text again, and a
 * journal's position that decodes encodes to the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "journalpos.h"
#include "positions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_journal(struct span text) {
    struct journalpos position;
    char again[JOURNALPOS_TEXT];
    struct span id;
    uint64_t number;

    if (!journalpos_decode(text, &position))
        return;
    journalpos_encode(&position, again);
    assert(span_is(text, again));
    (void)journalpos_sequence(position.cursor, &id, &number);
    journalpos_note(&position, text.n);
    assert(journalpos_knows(&position, text.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span rest = {(const char *)data, size}, position;
    char name[POSITIONS_NAME], text[8192] = "";

    try_journal(rest);
    while (positions_next(&rest, &position, name)) {
        char copy[4096];

        try_journal(position);
        if (memchr(position.p, '\0', position.n) != NULL ||
            !text_copy_span(copy, sizeof copy, position) || name[0] == '\0')
            continue;
        text[0] = '\0';
        if (!positions_add(text, sizeof text, copy, name))
            continue;
        assert(span_equal(positions_find(span_of(text), name), position));
    }
    return 0;
}
