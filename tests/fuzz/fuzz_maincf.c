/* maincf.c and mastercf.c: whatever the text, an edit changes what it should and nothing else. The
 * input is a main.cf; its first two bytes choose what is set. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "maincf.h"
#include "mastercf.h"
#include "milterlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const uint8_t *data, size_t size) {
    char *text = calloc(1, size + 1);

    assert(text != NULL);
    for (size_t i = 0; i < size; i++)
        text[i] = data[i] != 0 ? (char)data[i] : ' ';
    return text;
}

static void try_main(const char *text) {
    char value[4096], other[4096], again[4096];
    bool had = maincf_get(text, "b", other, sizeof other);
    char *set = maincf_set(text, "a", "1"), *twice = maincf_set(set, "a", "1");
    char *unset = maincf_unset(set, "a"), *back = maincf_undo(text, set, set);

    assert(maincf_get(set, "a", value, sizeof value) && strcmp(value, "1") == 0);
    assert(strcmp(set, twice) == 0);
    assert(!maincf_has(unset, "a"));
    assert(maincf_has(back, "a") == maincf_has(text, "a"));
    assert(maincf_get(set, "b", again, sizeof again) == had && (!had || strcmp(again, other) == 0));
    free(set);
    free(twice);
    free(unset);
    free(back);
}

static void try_master(const char *text) {
    char *listen = mastercf_listen(text, "127.0.0.1:2525"),
         *again = mastercf_listen(listen, "127.0.0.1:2525");
    FILE *none = fopen("/dev/null", "w");

    assert(mastercf_listens(listen, "127.0.0.1:2525"));
    assert(strcmp(listen, again) == 0);
    mastercf_overrides(text, none);
    fclose(none);
    free(listen);
    free(again);
}

static void try_list(const char *text) {
    char out[8192], less[8192];

    if (milterlist_add(text, "unix:x", "{ unix:x }", out, sizeof out) &&
        milterlist_remove(out, "unix:x", less, sizeof less))
        assert(!milterlist_has(less, "unix:x"));
    milterlist_count(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = text_of(data, size);

    try_main(text);
    try_master(text);
    try_list(text);
    free(text);
    return 0;
}
