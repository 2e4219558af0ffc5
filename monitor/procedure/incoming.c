/* See incoming.h. */
#include "incoming.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cred.h"
#include "log.h"
#include "text.h"
#include "safepath.h"
#include "wire.h"
#include "xmem.h"

enum { STILL_MS = 1000 };

static int read_by(struct hands *hands, struct hand_call *call, char *out, size_t *n_out,
                   struct fault *why) {
    struct hand_answer answer;

    *n_out = 0;
    if (wire_ask(hands, call, "", 0, &answer, out, CRED_FILE_MAX + 1) == -1)
        return fault_set(why, "%s", answer.why.text);
    *n_out = answer.n;
    return 0;
}

int incoming_source(struct hands *hands, char *out, size_t *n_out, struct fault *why) {
    struct hand_call call = {.hand = HAND_SOURCE};

    return read_by(hands, &call, out, n_out, why);
}

int incoming_dropped(struct hands *hands, const struct incoming_drop *drop, unsigned i, char *out,
                     size_t *n_out, struct fault *why) {
    struct hand_call call = {.hand = HAND_DROP_READ};

    text_copy(call.name, sizeof call.name, drop->file[i].name);
    return read_by(hands, &call, out, n_out, why);
}

int incoming_sealed(int fd, char *out, size_t *n_out, struct fault *why) {
    const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals == -1 || (seals & wanted) != wanted)
        return fault_set(why, "the new login did not come in a sealed memfd");
    if (lseek(fd, 0, SEEK_SET) == -1)
        return fault_errno(why, "the new login");
    return safepath_read(fd, "the new login", out, CRED_FILE_MAX, n_out, why);
}

static bool ends_in(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool is_wanted(const char *name) {
    return name[0] != '.' && !ends_in(name, "~") && !ends_in(name, ".tmp") &&
           !ends_in(name, ".new") && !ends_in(name, ".refused");
}

/* Perhaps still being written. */
static bool is_fresh(const struct hand_dropped *file) {
    int64_t age_ms = clock_wall_ms() - file->mtime_ms;

    return age_ms >= 0 && age_ms < STILL_MS;
}

static bool comes_before(const struct hand_dropped *a, const struct hand_dropped *b) {
    return a->ctime_ns != b->ctime_ns ? a->ctime_ns < b->ctime_ns : strcmp(a->name, b->name) < 0;
}

/* In its order; when the list is full the oldest goes. */
static void add(struct incoming_drop *drop, const struct hand_dropped *file) {
    unsigned at = drop->count;

    while (at > 0 && comes_before(file, &drop->file[at - 1]))
        at--;
    if (drop->count == INCOMING_DROP_MOST) {
        if (at == 0)
            return;
        at--;
        drop->count--;
        memmove(&drop->file[0], &drop->file[1], drop->count * sizeof drop->file[0]);
    }
    memmove(&drop->file[at + 1], &drop->file[at], (drop->count - at) * sizeof drop->file[0]);
    drop->file[at] = *file;
    drop->count++;
}

int incoming_drop_list(struct hands *hands, struct incoming_drop *drop, struct fault *why) {
    struct hand_call call = {.hand = HAND_DROP_LIST};
    struct hand_answer answer;
    char *list = xcalloc(1, HAND_BYTES);
    int failed = wire_ask(hands, &call, "", 0, &answer, list, HAND_BYTES);

    *drop = (struct incoming_drop){.count = 0};
    for (size_t at = 0; failed == 0 && at + sizeof(struct hand_dropped) <= answer.n;
         at += sizeof(struct hand_dropped)) {
        struct hand_dropped one;

        memcpy(&one, list + at, sizeof one);
        if (!is_wanted(one.name))
            continue;
        if (is_fresh(&one))
            drop->more = true;
        else
            add(drop, &one);
    }
    free(list);
    return failed == 0 ? 0 : fault_set(why, "%s", answer.why.text);
}

void incoming_drop_done(struct hands *hands, const struct incoming_drop *drop, unsigned i) {
    struct fault why = {""};

    if (wire_do(hands, HAND_DROP_DONE, 0, drop->file[i].name, &why) == -1)
        log_warn("drop", "%s", why.text);
}

void incoming_drop_aside(struct hands *hands, const struct incoming_drop *drop, unsigned i) {
    struct fault why = {""};

    if (wire_do(hands, HAND_DROP_ASIDE, 0, drop->file[i].name, &why) == -1)
        log_warn("drop", "%s", why.text);
}
