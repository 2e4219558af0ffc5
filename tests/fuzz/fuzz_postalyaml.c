/* Any text as postal.yml: a relay that was added is there, once, and can be removed again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "postalyaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct postal_config before, after;
    char *text = calloc(1, size + 1), *with, *again, *without;
    struct fault why = {.text = ""};

    memcpy(text, data, size);
    with = postalyaml_add(text, "relay.example.com", 2525, &why);
    if (with == NULL) {
        assert(why.text[0] != '\0');
        free(text);
        return 0;
    }
    assert(postalyaml_read(text, &before, &why) == 0);
    assert(postalyaml_read(with, &after, &why) == 0);
    assert(after.count == before.count || after.count == before.count + 1);
    again = postalyaml_add(with, "relay.example.com", 2525, &why);
    assert(again != NULL && strcmp(again, with) == 0);
    without = postalyaml_remove(with, "relay.example.com", 2525, &why);
    if (without != NULL) {
        assert(postalyaml_read(without, &after, &why) == 0);
        assert(strcmp(without, with) != 0);
    }
    free(without);
    free(again);
    free(with);
    free(text);
    return 0;
}
