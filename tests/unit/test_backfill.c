/* The conversation with `relaywatch logs --backfill`: a socket, real files, a loop. */
#include "backfill.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backfillq.h"
#include "sock.h"
#include "text.h"

static const struct hash_key key = {{1, 2}};

static struct world {
    char folder[64];
    char socket[100];
    char path[100];
    struct loop *loop;
    struct loop_timer *limit;
    struct backfill *backfill;
    struct counted counted;
    int events, turns, kept, over;
    bool settled;
    bool cannot_keep;
} w;

static void on_event(struct mailev *ev, void *arg) {
    (void)ev;
    (void)arg;
    w.events++;
}

static void on_turn(void *arg) {
    (void)arg;
    w.turns++;
}

static bool keep(struct fault *why, void *arg) {
    (void)arg;
    w.kept++;
    fault_set(why, "disk full");
    return !w.cannot_keep;
}

static bool is_settled(void *arg) {
    (void)arg;
    return w.settled;
}

static void on_over(void *arg) {
    (void)arg;
    w.over++;
}

static void on_limit(void *arg) {
    (void)arg;
    loop_stop(w.loop);
}

static void run_ms(int64_t ms) {
    loop_timer_set(w.limit, ms);
    loop_run(w.loop);
}

static void world_open(void) {
    const struct backfill_calls calls = {.lines = {.on_event = on_event},
                                         .on_turn = on_turn,
                                         .keep = keep,
                                         .is_settled = is_settled,
                                         .on_over = on_over};
    struct fault why;
    FILE *out;

    memset(&w, 0, sizeof w);
    strcpy(w.folder, "/var/tmp/test_backfill.XXXXXX");
    cr_assert_not_null(mkdtemp(w.folder));
    text_format(w.socket, sizeof w.socket, "%s/socket", w.folder);
    text_format(w.path, sizeof w.path, "%s/log", w.folder);
    out = fopen(w.path, "w");
    for (int i = 0; i < 100; i++)
        fprintf(out, "2020-01-01T00:00:00Z h postfix/smtp[1]: line %d\n", i);
    fclose(out);
    counted_begin(&w.counted, 1700000000000);
    w.settled = true;
    w.loop = loop_new(&why);
    w.limit = loop_timer_new(w.loop, on_limit, NULL);
    w.backfill = backfill_new(w.loop, w.socket, &w.counted, &key, false, &calls, &why);
    cr_assert_not_null(w.backfill, "%s", why.text);
}

static void world_close(void) {
    backfill_free(&w.backfill);
    loop_timer_free(&w.limit);
    loop_free(&w.loop);
    unlink(w.path);
    unlink(w.socket);
    rmdir(w.folder);
}

static int connect_now(void) {
    struct fault why;
    int fd = sock_connect(w.socket, &why);

    cr_assert_neq(fd, -1, "%s", why.text);
    return fd;
}

/* Sends a request with so many descriptors of the file. */
static void ask(int to, uint32_t version, const char *journal, int descriptors) {
    struct backfill_request request = {.version = version, .is_journal = journal != NULL};
    struct iovec part = {&request, sizeof request};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fds[4] = {-1, -1, -1, -1};

    text_copy(request.name, sizeof request.name, journal != NULL ? journal : "log");
    for (int i = 0; i < descriptors; i++)
        fds[i] = open(w.path, O_RDONLY | O_CLOEXEC);
    if (descriptors > 0) {
        struct cmsghdr *first;

        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE((size_t)descriptors * sizeof(int));
        first = CMSG_FIRSTHDR(&message);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN((size_t)descriptors * sizeof(int));
        memcpy(CMSG_DATA(first), fds, (size_t)descriptors * sizeof(int));
    }
    cr_assert_eq(sendmsg(to, &message, MSG_NOSIGNAL), (ssize_t)sizeof request);
    for (int i = 0; i < descriptors; i++)
        close(fds[i]);
}

static struct backfill_reply answer(int from) {
    struct backfill_reply reply = {.outcome = 99};

    (void)recv(from, &reply, sizeof reply, MSG_DONTWAIT);
    return reply;
}

static int open_descriptors(void) {
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

Test(backfill, logs_one_after_the_other, .init = world_open, .fini = world_close) {
    int fd = connect_now();
    struct backfill_reply reply;
    int before;

    run_ms(10);
    before = open_descriptors();
    ask(fd, BACKFILLQ_VERSION, NULL, 1);
    run_ms(30);
    reply = answer(fd);
    cr_expect_eq(reply.outcome, (uint32_t)BACKFILL_DONE, "%s", reply.detail);
    cr_expect_eq(reply.counted, 100u);
    cr_expect_eq(w.events, 100);
    cr_expect_gt(w.turns, 0);
    cr_expect_eq(w.kept, 1);
    ask(fd, BACKFILLQ_VERSION, NULL, 2);
    run_ms(30);
    cr_expect_not_null(strstr(answer(fd).detail, "not a request"));
    ask(fd, BACKFILLQ_VERSION, NULL, 1);
    run_ms(30);
    reply = answer(fd);
    cr_expect_eq(reply.outcome, (uint32_t)BACKFILL_DONE);
    cr_expect_eq(reply.counted, 0u);
    cr_expect_gt(reply.before, 4000u);
    cr_expect_eq(open_descriptors(), before);
    close(fd);
    run_ms(10);
    cr_expect_eq(w.over, 1);
}

Test(backfill, what_is_no_request_is_answered, .init = world_open, .fini = world_close) {
    int fd = connect_now();
    struct backfill_reply reply;

    run_ms(10);
    ask(fd, BACKFILLQ_VERSION + 1, NULL, 1);
    run_ms(10);
    reply = answer(fd);
    cr_expect_eq(reply.outcome, (uint32_t)BACKFILL_FAILED);
    cr_expect_not_null(strstr(reply.detail, "different versions"));
    ask(fd, BACKFILLQ_VERSION, NULL, 0);
    run_ms(10);
    cr_expect_not_null(strstr(answer(fd).detail, "not a request"));
    ask(fd, BACKFILLQ_VERSION, "journal:/nowhere/at/all", 0);
    run_ms(10);
    reply = answer(fd);
    cr_expect_eq(reply.outcome, (uint32_t)BACKFILL_FAILED);
    cr_expect_gt(strlen(reply.detail), 10u);
    cr_assert_eq(send(fd, "x", 1, MSG_NOSIGNAL), 1);
    run_ms(10);
    cr_expect_eq(answer(fd).outcome, (uint32_t)BACKFILL_FAILED);
    cr_expect_eq(w.events, 0);
    close(fd);
}

Test(backfill, a_second_client_is_told_to_wait, .init = world_open, .fini = world_close) {
    int fd = connect_now(), other;

    run_ms(10);
    other = connect_now();
    run_ms(10);
    cr_expect_eq(answer(other).outcome, (uint32_t)BACKFILL_BUSY);
    close(fd);
    close(other);
    run_ms(10);
    fd = connect_now();
    ask(fd, BACKFILLQ_VERSION, NULL, 1);
    run_ms(30);
    cr_expect_eq(answer(fd).outcome, (uint32_t)BACKFILL_DONE);
    close(fd);
}

Test(backfill, who_runs_again_at_once_is_not_held_up_by_its_first_life, .init = world_open,
     .fini = world_close) {
    for (int life = 0; life < 20; life++) {
        int fd = connect_now();

        ask(fd, BACKFILLQ_VERSION, NULL, 1);
        run_ms(life % 3 == 0 ? 0 : 5);
        close(fd);
        fd = connect_now();
        ask(fd, BACKFILLQ_VERSION, NULL, 1);
        run_ms(40);
        cr_assert_eq(answer(fd).outcome, (uint32_t)BACKFILL_DONE, "life %d", life);
        close(fd);
    }
    cr_expect_eq(w.events, 100);
}

Test(backfill, waits_until_what_came_is_read, .init = world_open, .fini = world_close) {
    int fd = connect_now();

    w.settled = false;
    ask(fd, BACKFILLQ_VERSION, NULL, 1);
    run_ms(200);
    cr_expect_eq(answer(fd).outcome, (uint32_t)BACKFILL_WAITING);
    cr_expect_eq(w.events, 0);
    w.settled = true;
    run_ms(200);
    cr_expect_eq(answer(fd).outcome, (uint32_t)BACKFILL_DONE);
    cr_expect_eq(w.events, 100);
    close(fd);
}

Test(backfill, journals_and_files_are_not_mixed, .init = world_open, .fini = world_close) {
    int fd = connect_now();

    cr_assert(counted_note_entry(&w.counted, 1, 1));
    ask(fd, BACKFILLQ_VERSION, NULL, 1);
    run_ms(30);
    cr_expect_not_null(strstr(answer(fd).detail, "journals were counted before"));
    memset(&w.counted.old, 0, sizeof w.counted.old);
    ask(fd, BACKFILLQ_VERSION, NULL, 1);
    run_ms(30);
    cr_expect_eq(answer(fd).outcome, (uint32_t)BACKFILL_DONE);
    ask(fd, BACKFILLQ_VERSION, "journal", 0);
    run_ms(30);
    cr_expect_not_null(strstr(answer(fd).detail, "old files were counted before"));
    close(fd);
}

Test(backfill, what_cannot_be_kept_is_a_failure, .init = world_open, .fini = world_close) {
    int fd = connect_now();
    struct backfill_reply reply;

    w.cannot_keep = true;
    ask(fd, BACKFILLQ_VERSION, NULL, 1);
    run_ms(50);
    reply = answer(fd);
    cr_expect_eq(reply.outcome, (uint32_t)BACKFILL_FAILED);
    cr_expect_eq(reply.counted, 100u);
    cr_expect_str_eq(reply.detail, "disk full");
    close(fd);
}
