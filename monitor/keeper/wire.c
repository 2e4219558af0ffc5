/* See wire.h. A message is a struct hand_call or hand_answer, and the bytes that it tells of. */
#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "aside.h"
#include "clock.h"
#include "log.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { SILENCE_MS = 20 * 1000, ALL_MS = 4 * 60 * 1000, DESCRIPTORS = 1024, CPU_S = 20 };

/* ---- messages ---- */

static bool send_all(int fd, const void *data, size_t size) {
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(fd, (const char *)data + sent, size - sent, MSG_NOSIGNAL);

        if (n == -1 && errno != EINTR)
            return false;
        sent += n > 0 ? (size_t)n : 0;
    }
    return true;
}

int wire_ask(struct hands *h, struct hand_call *call, const void *bytes, size_t n,
             struct hand_answer *answer, char *out, size_t size) {
    call->n = (uint32_t)n;
    call->room = (uint32_t)size;
    if (h->wire == -1) {
        hands_do(h, call, bytes, answer, out, size);
        return answer->result;
    }
    memset(answer, 0, sizeof *answer);
    if (!send_all(h->wire, call, sizeof *call) || !send_all(h->wire, bytes, n) ||
        !aside_read(h->wire, answer, sizeof *answer, INT64_MAX) || answer->n > size ||
        !aside_read(h->wire, out, answer->n, INT64_MAX)) {
        answer->n = 0;
        return answer->result = fault_set(&answer->why, "the keeper has gone");
    }
    return answer->result;
}

int wire_do(struct hands *h, enum hand hand, uint32_t which, const char *name, struct fault *why) {
    struct hand_call call = {.hand = hand, .which = which};
    struct hand_answer answer;

    if (!text_copy(call.name, sizeof call.name, name))
        return fault_set(why, "%.40s...: too long", name);
    if (wire_ask(h, &call, "", 0, &answer, NULL, 0) == -1 && why != NULL)
        *why = answer.why;
    return answer.result;
}

/* ---- the child ---- */

/* Its own user, no way back, and nothing that could be taken along. */
static bool give_up(const struct hands *h, pid_t parent, int wire, int keep) {
    const struct rlimit none = {0, 0}, cpu = {CPU_S, CPU_S};

    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        if (fd != wire && fd != keep && fd != STDERR_FILENO)
            close(fd);
    }
    if (spawn_become(h->probe_user) == -1 || getuid() == 0 || setuid(0) == 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 || getppid() != parent)
        return false;
    /* A belt beside the braces: a system call filter may not let us. */
    if (setrlimit(RLIMIT_NPROC, &none) == -1 || setrlimit(RLIMIT_CPU, &cpu) == -1)
        log_warn("wire", "no limit of processes and time: %s", strerror(errno));
    xmem_forbid_dump();
    return true;
}

static _Noreturn void run_child(const struct hands *h, pid_t parent, wire_head_fn *head, void *arg,
                                int wire, int keep, size_t size) {
    struct hands far = *h;
    struct hand_call call = {.hand = HAND_ANSWER, .n = (uint32_t)size};
    void *answer = xcalloc(1, size);

    far.wire = wire;
    if (!give_up(h, parent, wire, keep)) {
        log_error("wire", "becoming %s: %s", h->probe_user, strerror(errno));
        _exit(1);
    }
    head(&far, arg, answer);
    _exit(send_all(wire, &call, sizeof call) && send_all(wire, answer, size) ? 0 : 1);
}

/* ---- root's side ---- */

/* Until the answer. What comes is believed in nothing but its length. */
static int serve(struct hands *h, int wire, int silence_ms, void *bytes, char *out, void *answer,
                 size_t size, struct fault *why) {
    int64_t end_ms = clock_mono_ms() + ALL_MS;
    struct hand_call call;
    struct hand_answer one;

    for (;;) {
        int64_t until_ms = clock_mono_ms() + silence_ms;

        if (until_ms > end_ms || !aside_read(wire, &call, sizeof call, until_ms) ||
            call.n > HAND_BYTES || (call.hand == HAND_ANSWER && call.n != size) ||
            !aside_read(wire, call.hand == HAND_ANSWER ? answer : bytes, call.n, until_ms))
            return fault_set(why, "the part without privileges ended without an answer");
        if (call.hand == HAND_ANSWER)
            return 0;
        call.name[sizeof call.name - 1] = '\0';
        hands_do(h, &call, bytes, &one, out, call.room < HAND_BYTES ? call.room : HAND_BYTES);
        if (!send_all(wire, &one, sizeof one) || !send_all(wire, out, one.n))
            return fault_set(why, "the part without privileges has gone");
    }
}

int wire_serve(struct hands *h, wire_head_fn *head, void *arg, int keep, void *answer, size_t size,
               struct fault *why) {
    int silence_ms = h->silence_ms > 0 ? h->silence_ms : SILENCE_MS;
    const struct timeval patience = {silence_ms / 1000, silence_ms % 1000 * 1000};
    pid_t parent = getpid();
    char *bytes, *out;
    int ends[2];
    int failed;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
        return fault_errno(why, "socketpair");
    if (setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == -1)
        log_warn("wire", "no time limit for a part that does not read");
    pid = fork();
    if (pid == 0)
        run_child(h, parent, head, arg, ends[1], keep, size);
    close(ends[1]);
    if (pid == -1) {
        close(ends[0]);
        return fault_errno(why, "fork");
    }
    h->served = true;
    bytes = xcalloc(1, HAND_BYTES);
    out = xcalloc(1, HAND_BYTES);
    failed = serve(h, ends[0], silence_ms, bytes, out, answer, size, why);
    close(ends[0]);
    aside_end(pid);
    hands_end(h);
    wipe(bytes, HAND_BYTES);
    wipe(out, HAND_BYTES);
    free(bytes);
    free(out);
    return failed;
}
