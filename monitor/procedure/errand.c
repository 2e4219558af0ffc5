/* See errand.h. */
#include "errand.h"

#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "sock.h"

/* What goes along: in memory, never in a file. */
static int carry(const struct errand *a, struct fault *why) {
    int fd = memfd_create("relaywatch-errand", MFD_CLOEXEC);

    if (fd == -1)
        return fault_errno(why, "memfd");
    if (file_write_all(fd, a->text, a->n, why) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One call; *out_fd: what came back, or -1. */
static int pass(struct hands *h, struct errand *a, int *out_fd) {
    struct hand_call call = {.hand = a->hand, .which = a->which};
    struct fault why = {""};
    int in = -1, failed = 0;

    *out_fd = -1;
    a->answer = (struct hand_answer){.result = -1};
    if (!text_copy(call.name, sizeof call.name, a->name != NULL ? a->name : ""))
        return fault_set(&a->answer.why, "%.40s...: too long", a->name);
    if (a->text != NULL && (in = carry(a, &a->answer.why)) == -1)
        return -1;
    if (h->wire == -1)
        hands_do(h, &call, in, &a->answer, out_fd);
    else if (sock_send_fd(h->wire, &call, sizeof call, in, &why) == -1 ||
             sock_receive_fd(h->wire, &a->answer, sizeof a->answer, out_fd, -1, &why) !=
                 sizeof a->answer)
        failed = fault_set(&a->answer.why, "the keeper has gone: %.200s", why.text);
    if (in != -1)
        close(in);
    return failed;
}

int errand_run(struct hands *h, struct errand *a) {
    ssize_t n = 0;
    int fd;

    a->got = 0;
    if (pass(h, a, &fd) == -1)
        a->answer.result = -1;
    if (fd == -1)
        return a->answer.result;
    if (a->answer.result != -1 && a->out != NULL &&
        (fstat(fd, &a->st) == -1 || lseek(fd, 0, SEEK_SET) == -1 ||
         (n = file_read_fd(fd, a->name != NULL ? a->name : "answer", a->out, a->room - 1,
                           &a->answer.why)) == -1))
        a->answer.result = -1;
    close(fd);
    a->got = n > 0 ? (size_t)n : 0;
    return a->answer.result;
}

int errand_for(struct hands *h, enum hand hand, uint32_t which, const char *name,
               struct fault *why) {
    struct errand a = {.hand = hand, .which = which, .name = name};

    if (errand_run(h, &a) == -1 && why != NULL)
        *why = a.answer.why;
    return a.answer.result;
}

int errand_open(struct hands *h, enum hand_file file, const char *name, struct fault *why) {
    struct errand a = {.hand = HAND_READ, .which = file, .name = name};
    int fd;

    if (pass(h, &a, &fd) == -1 || a.answer.result == -1)
        return fault_set(why, "%s", a.answer.why.text);
    return fd;
}
