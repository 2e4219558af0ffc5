/* notifyc.c and intake.c against each other: the sender's and the receiver's end of the socket. */
#include "notifyc.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "intake.h"
#include "loop.h"
#include "sock.h"
#include "text.h"

struct bench {
    struct loop *loop;
    struct loop_timer *timer;
    char path[64];
    int listen_fd;
    struct intake *intake;
    int sets;
    int last_count;
    char last_id[48];
};

static void on_set(const struct alertset *set, void *arg) {
    struct bench *b = arg;

    b->sets++;
    b->last_count = set->count;
    text_copy(b->last_id, sizeof b->last_id, set->count > 0 ? set->entry[0].id : "");
}

static void on_stop(void *arg) {
    loop_stop(arg);
}

static void run_ms(struct bench *b, int64_t ms) {
    loop_timer_set(b->timer, ms);
    loop_run(b->loop);
}

static void listen_now(struct bench *b) {
    struct fault why;

    b->listen_fd = sock_listen(b->path, 0600, (gid_t)-1, &why);
    cr_assert_neq(b->listen_fd, -1, "%s", why.text);
    b->intake = intake_new(b->loop, b->listen_fd, on_set, b);
}

static void make(struct bench *b) {
    struct fault why;

    memset(b, 0, sizeof *b);
    signal(SIGPIPE, SIG_IGN);
    b->loop = loop_new(&why);
    b->timer = loop_timer_new(b->loop, on_stop, b->loop);
    text_format(b->path, sizeof b->path, "/tmp/test_notifyc.%ld", (long)getpid());
    unlink(b->path);
}

static void drop(struct bench *b) {
    intake_free(&b->intake);
    loop_timer_free(&b->timer);
    loop_free(&b->loop);
    unlink(b->path);
}

static void fill(struct alert_set *set, int count) {
    memset(set, 0, sizeof *set);
    set->count = count;
    for (int i = 0; i < count; i++) {
        text_format(set->alert[i].id, sizeof set->alert[i].id, "alert-%d", i);
        set->alert[i].since_ms = 1732340000123;
        memset(set->alert[i].evidence, 'e', sizeof set->alert[i].evidence - 1);
    }
}

Test(notifyc, sends_at_change_only) {
    static struct alert_set set;
    struct bench b;
    struct notifyc *n;

    make(&b);
    listen_now(&b);
    n = notifyc_new(b.loop, b.path);
    cr_expect(!notifyc_connected(n));
    fill(&set, 1);
    notifyc_set(n, &set, "h", "http://x/");
    notifyc_set(n, &set, "h", "http://x/");
    run_ms(&b, 50);
    cr_expect_eq(b.sets, 1, "%d", b.sets);
    cr_expect_str_eq(b.last_id, "alert-0");
    cr_expect(notifyc_connected(n));
    set.alert[0].count++;
    notifyc_set(n, &set, "h", "http://x/");
    run_ms(&b, 50);
    cr_expect_eq(b.sets, 2, "%d", b.sets);
    fill(&set, 0);
    notifyc_set(n, &set, "h", "http://x/");
    run_ms(&b, 50);
    cr_expect_eq(b.last_count, 0);
    notifyc_free(&n);
    run_ms(&b, 20);
    drop(&b);
}

Test(notifyc, the_largest_set_passes) {
    static struct alert_set set;
    struct bench b;
    struct notifyc *n;

    make(&b);
    listen_now(&b);
    n = notifyc_new(b.loop, b.path);
    fill(&set, ALERTS_MOST);
    for (int i = 0; i < ALERTS_MOST; i++) {
        memset(set.alert[i].evidence, '"', sizeof set.alert[i].evidence - 1);
        memset(set.alert[i].summary, '"', sizeof set.alert[i].summary - 1);
    }
    notifyc_set(n, &set, "h", "");
    run_ms(&b, 50);
    cr_expect_eq(b.sets, 1);
    cr_expect_eq(b.last_count, ALERTS_MOST);
    notifyc_free(&n);
    drop(&b);
}

Test(notifyc, finds_a_late_and_a_restarted_peer) {
    static struct alert_set set;
    struct bench b;
    struct notifyc *n;

    make(&b);
    n = notifyc_new(b.loop, b.path);
    fill(&set, 2);
    notifyc_set(n, &set, "h", "");
    run_ms(&b, 20);
    cr_expect(!notifyc_connected(n));
    listen_now(&b);
    run_ms(&b, 1200);
    cr_expect_eq(b.sets, 1, "sent once it was there: %d", b.sets);

    intake_free(&b.intake);
    run_ms(&b, 20);
    cr_expect(!notifyc_connected(n));
    listen_now(&b);
    run_ms(&b, 1200);
    cr_expect_eq(b.sets, 2, "and to its successor, unasked: %d", b.sets);
    cr_expect(notifyc_connected(n));
    notifyc_free(&n);
    drop(&b);
}

Test(notifyc, a_peer_that_does_not_read_is_no_harm) {
    static struct alert_set set;
    struct bench b;
    struct notifyc *n;
    struct fault why;

    make(&b);
    b.listen_fd =
        sock_listen(b.path, 0600, (gid_t)-1, &why); /* held, as by a supervisor; nobody accepts */
    n = notifyc_new(b.loop, b.path);
    fill(&set, ALERTS_MOST);
    for (int i = 0; i < 200; i++) {
        set.alert[0].count++;
        notifyc_set(n, &set, "h", "");
    }
    cr_expect(!notifyc_connected(n), "connected is not acknowledged");
    b.intake = intake_new(b.loop, b.listen_fd, on_set, &b);
    run_ms(&b, 100);
    cr_expect(b.sets > 0 && b.sets < 200, "%d", b.sets);
    cr_expect(notifyc_connected(n));
    notifyc_free(&n);
    drop(&b);
}

Test(intake, bad_packets_end_nothing) {
    static const char *const bad[] = {"", "x", "{}",
                                      "{\"version\":1,\"host\":\"h\",\"alerts\":[{}]}"};
    static char huge[250 * 1024];
    int size = sizeof huge;
    struct bench b;
    struct fault why;
    char ack[8];
    int fd;

    make(&b);
    listen_now(&b);
    fd = sock_connect(b.path, &why);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    for (size_t i = 1; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_neq(send(fd, bad[i], strlen(bad[i]), 0), -1);
        run_ms(&b, 10);
        cr_expect_eq(recv(fd, ack, sizeof ack, MSG_DONTWAIT), 2, "row %zu", i);
        cr_expect_eq(memcmp(ack, "no", 2), 0, "row %zu", i);
    }
    memset(huge, ' ', sizeof huge);
    if (send(fd, huge, sizeof huge, 0) != -1) {
        run_ms(&b, 10);
        cr_expect_eq(recv(fd, ack, sizeof ack, MSG_DONTWAIT), 2);
        cr_expect_eq(memcmp(ack, "no", 2), 0);
    }
    cr_expect_neq(send(fd, "{\"version\":1,\"host\":\"h\",\"alerts\":[]}", 36, 0), -1);
    run_ms(&b, 10);
    cr_expect_eq(b.sets, 1);
    close(fd);
    run_ms(&b, 10);
    drop(&b);
}

Test(intake, one_sender_too_many_is_turned_away) {
    struct bench b;
    struct fault why;
    int fd[20];
    char c;

    make(&b);
    listen_now(&b);
    for (int i = 0; i < 20; i++)
        fd[i] = sock_connect(b.path, &why);
    run_ms(&b, 50);
    for (int i = 0; i < 20; i++)
        cr_expect_eq(recv(fd[i], &c, 1, MSG_DONTWAIT), i < 16 ? -1 : 0, "connection %d", i);
    close(fd[0]);
    run_ms(&b, 20);
    fd[0] = sock_connect(b.path, &why);
    run_ms(&b, 20);
    cr_expect_eq(recv(fd[0], &c, 1, MSG_DONTWAIT), -1, "a place is free again");
    for (int i = 0; i < 20; i++)
        close(fd[i]);
    drop(&b);
}
