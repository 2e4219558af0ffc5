/* hands.c: calls of a part that was taken over. None reaches a file outside the state and the drop
 * folder, none overruns its answer. Those that start a program are left out. */
#include <assert.h>
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* What comes with the call, or -1. */
static int text_of(const uint8_t *data, size_t size) {
    int fd = memfd_create("fuzz_hands", MFD_CLOEXEC);

    assert(fd != -1 && write(fd, data, size) == (ssize_t)size);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool made;
    struct hands hands;
    struct hand_call call;
    struct hand_answer answer;
    int in, out;

    if (!made)
        made = mkdtemp(folder) != NULL && atexit(clean) == 0;
    hands = hands_direct("/nonexistent", folder);
    hands.drop = folder;
    hands.served = true;
    memset(&call, 0, sizeof call);
    if (size < 3 || size > 3 + sizeof call.name - 1)
        return 0;
    call.hand = data[0];
    call.which = data[1];
    memcpy(call.name, data + 3, size - 3);
    if (starts_a_program(call.hand))
        return 0;
    if (data[2] & 1) {
        struct hand_call lock = {.hand = HAND_LOCK};

        hands_do(&hands, &lock, -1, &answer, &out);
        assert(answer.result == 0 && out == -1);
    }
    in = data[2] & 2 ? text_of(data, size) : -1;
    hands_do(&hands, &call, in, &answer, &out);
    if (in != -1)
        close(in);
    assert(out == -1 || (call.hand == HAND_READ && answer.result == 0));
    if (out != -1)
        close(out);
    if ((call.hand == HAND_READ || call.hand == HAND_REMOVE || call.hand == HAND_ASIDE) &&
        call.which == FILE_DROPPED &&
        (strchr(call.name, '/') != NULL || call.name[0] == '.' || call.name[0] == '\0'))
        assert(answer.result == -1);
    if (call.hand >= HAND_MAP_THERE && call.hand <= HAND_MAP_UNSTAGE)
        assert(answer.result == -1); /* postconf has named no map */
    hands_end(&hands);
    return 0;
}
