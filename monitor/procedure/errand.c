/* See errand.h. */
#include "errand.h"

#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "sock.h"

/* What goes along: in memory, never in a file. */
static int carry(const struct errand *e, struct fault *why) {
    int fd = memfd_create("relaywatch-errand", MFD_CLOEXEC);

    if (fd == -1)
        return fault_errno(why, "memfd");
    if (file_write_all(fd, e->text, e->n, why) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One call; *out_fd: what came back, or -1. */
static int pass(struct hands *h, struct errand *e, int *out_fd) {
    struct hand_call call = {.hand = e->hand, .which = e->which};
    struct fault why = {""};
    int in = -1, failed = 0;

    *out_fd = -1;
    e->answer = (struct hand_answer){.result = -1};
    if (!text_copy(call.name, sizeof call.name, e->name != NULL ? e->name : ""))
        return fault_set(&e->answer.why, "%.40s...: too long", e->name);
    if (e->text != NULL && (in = carry(e, &e->answer.why)) == -1)
        return -1;
    if (h->wire == -1)
        hands_do(h, &call, in, &e->answer, out_fd);
    else if (sock_send_fd(h->wire, &call, sizeof call, in, &why) == -1 ||
             sock_receive_fd(h->wire, &e->answer, sizeof e->answer, out_fd, -1, &why) !=
                 sizeof e->answer)
        failed = fault_set(&e->answer.why, "the keeper has gone: %.200s", why.text);
    if (in != -1)
        close(in);
    return failed;
}

int errand_run(struct hands *h, struct errand *e) {
    ssize_t n = 0;
    int fd;

    e->got = 0;
    if (pass(h, e, &fd) == -1)
        e->answer.result = -1;
    if (fd == -1)
        return e->answer.result;
    if (e->answer.result != -1 && e->out != NULL &&
        (fstat(fd, &e->st) == -1 || lseek(fd, 0, SEEK_SET) == -1 ||
         (n = file_read_fd(fd, e->name != NULL ? e->name : "answer", e->out, e->room - 1,
                           &e->answer.why)) == -1))
        e->answer.result = -1;
    close(fd);
    e->got = n > 0 ? (size_t)n : 0;
    return e->answer.result;
}

int errand_for(struct hands *h, enum hand hand, uint32_t which, const char *name,
               struct fault *why) {
    struct errand e = {.hand = hand, .which = which, .name = name};

    if (errand_run(h, &e) == -1 && why != NULL)
        *why = e.answer.why;
    return e.answer.result;
}

int errand_open(struct hands *h, enum hand_file file, const char *name, struct fault *why) {
    struct errand e = {.hand = HAND_READ, .which = file, .name = name};
    int fd;

    if (pass(h, &e, &fd) == -1 || e.answer.result == -1)
        return fault_set(why, "%s", e.answer.why.text);
    return fd;
}
