/* See wire.h. */
#include "wire.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "part.h"
#include "sock.h"
#include "xmem.h"

enum { SILENCE_MS = 20 * 1000, ALL_MS = 4 * 60 * 1000, DESCRIPTORS = 1024, CPU_S = 20 };

static _Noreturn void run_child(const struct hands *h, wire_head_fn *head, void *arg, int wire,
                                int keep, size_t size) {
    const struct rlimit none = {0, 0}, cpu = {CPU_S, CPU_S};
    struct hand_call call = {.hand = HAND_ANSWER};
    struct hands far = *h;
    void *answer = xcalloc(1, size);
    int fd;

    for (fd = 0; fd < DESCRIPTORS; fd++) {
        if (fd != wire && fd != keep && fd != STDERR_FILENO)
            close(fd);
    }
    /* A belt beside the braces: a system call filter may not let us. */
    if (setrlimit(RLIMIT_NPROC, &none) == -1 || setrlimit(RLIMIT_CPU, &cpu) == -1)
        log_warn("wire", "no limit of processes and time: %s", strerror(errno));
    far.wire = wire;
    head(&far, arg, answer);
    fd = memfd_create("answer", MFD_CLOEXEC);
    _exit(fd != -1 && file_write_all(fd, answer, size, NULL) == 0 &&
                  sock_send_fd(wire, &call, sizeof call, fd, NULL) == 0
              ? 0
              : 1);
}

/* Until the answer. What comes is believed in nothing. */
static int serve(struct hands *h, int wire, int silence_ms, void *answer, size_t size,
                 struct fault *why) {
    int64_t end_ms = clock_mono_ms() + ALL_MS;

    for (;;) {
        struct hand_call call;
        struct hand_answer one;
        int in, out = -1, failed = 0;
        ssize_t n = sock_receive_fd(wire, &call, sizeof call, &in, silence_ms, why);
        bool last = n == sizeof call && call.hand == HAND_ANSWER;

        if (n != sizeof call || clock_mono_ms() > end_ms ||
            (last && (in == -1 || pread(in, answer, size, 0) != (ssize_t)size))) {
            failed = fault_set(why, "the part without privileges ended without an answer");
        } else if (!last) {
            call.name[sizeof call.name - 1] = '\0';
            hands_do(h, &call, in, &one, &out);
            failed = sock_send_fd(wire, &one, sizeof one, out, why);
        }
        if (in != -1)
            close(in);
        if (out != -1)
            close(out);
        if (failed == -1 || last)
            return failed;
    }
}

int wire_serve(struct hands *h, wire_head_fn *head, void *arg, int keep, void *answer, size_t size,
               struct fault *why) {
    int silence_ms = h->silence_ms > 0 ? h->silence_ms : SILENCE_MS;
    const struct timeval patience = {silence_ms / 1000, silence_ms % 1000 * 1000};
    const struct passwd *who = getpwnam(h->probe_user);
    int ends[2];
    int failed;
    pid_t part;

    if (who == NULL || who->pw_uid == 0)
        return fault_set(why, "%s: not a user without privileges", h->probe_user);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
        return fault_errno(why, "socketpair");
    if (setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == -1)
        log_warn("wire", "no time limit for a part that does not read");
    part = part_fork(who->pw_uid, who->pw_gid, why);
    if (part == 0)
        run_child(h, head, arg, ends[1], keep, size);
    close(ends[1]);
    h->served = true;
    failed = part == -1 ? -1 : serve(h, ends[0], silence_ms, answer, size, why);
    close(ends[0]);
    if (part != -1)
        (void)part_end(part, 0);
    hands_end(h);
    return failed;
}
