/* hands.c: calls of a part that was taken over. None reaches a file outside the state and the drop
 * folder, none overruns its answer. Those that start a program are left out. */
#include <assert.h>
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool starts_a_program(uint32_t hand) {
    return hand == HAND_POSTCONF || hand == HAND_QUEUE || hand == HAND_RELOAD ||
           hand == HAND_FLUSH || hand == HAND_DEFER || hand == HAND_CANARY || hand == HAND_PROBE ||
           hand == HAND_MAP_STAGE || hand == HAND_MAP_ASK || hand == HAND_MAP_LIST ||
           hand == HAND_SHARE_LOG;
}

static char folder[] = "/tmp/fuzz_hands.XXXXXX";

static void clean(void) {
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    (void)rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool made;
    struct hands hands;
    struct hand_call call;
    struct hand_answer answer;
    static char out[HAND_BYTES + 16];

    if (!made)
        made = mkdtemp(folder) != NULL && atexit(clean) == 0;
    hands = hands_direct("/nonexistent", folder);
    hands.drop = folder;
    hands.served = true;
    memset(&call, 0, sizeof call);
    if (size < 4 || size > 4 + sizeof call.name - 1)
        return 0;
    call.hand = data[0];
    call.which = data[1];
    call.n = data[2] < size ? data[2] : (uint32_t)size; /* of `data` */
    memcpy(call.name, data + 4, size - 4);
    if (starts_a_program(call.hand))
        return 0;
    if (data[3] & 1) {
        struct hand_call lock = {.hand = HAND_LOCK};

        hands_do(&hands, &lock, "", &answer, out, HAND_BYTES);
        assert(answer.result == 0);
    }
    memset(out + HAND_BYTES, 0x5a, 16);
    hands_do(&hands, &call, data, &answer, out, HAND_BYTES);
    assert(answer.n <= HAND_BYTES);
    for (int i = 0; i < 16; i++)
        assert(out[HAND_BYTES + i] == 0x5a);
    if (call.hand >= HAND_DROP_READ && call.hand <= HAND_DROP_ASIDE &&
        (strchr(call.name, '/') != NULL || call.name[0] == '.' || call.name[0] == '\0'))
        assert(answer.result == -1);
    if (call.hand >= HAND_MAP_OPEN && call.hand <= HAND_MAP_UNSTAGE && call.name[0] != '\0')
        assert(answer.result == -1); /* postconf has named no map */
    hands_end(&hands);
    return 0;
}
