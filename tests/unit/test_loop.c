/* loop.c: timers, descriptors and signals, and that a callback may free what it belongs to. */
#include "loop.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "clock.h"

struct state {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_watch *watch;
    int fds[2];
    int calls;
    int writes;
    int64_t at_ms;
};

static struct state make(void) {
    struct fault why;
    struct state s = {.loop = loop_new(&why)};

    cr_assert(s.loop != NULL, "%s", why.text);
    return s;
}

static void on_stop(void *arg) {
    struct state *s = arg;

    s->at_ms = clock_mono_ms();
    s->calls++;
    loop_stop(s->loop);
}

Test(loop, timer_is_on_time) {
    struct state s = make();
    int64_t begin_ms = clock_mono_ms();

    s.timer = loop_timer_new(s.loop, on_stop, &s);
    loop_timer_set(s.timer, 60);
    loop_run(s.loop);
    cr_expect(s.at_ms - begin_ms >= 59 && s.at_ms - begin_ms < 2000, "after %lld ms",
              (long long)(s.at_ms - begin_ms));
    loop_timer_free(&s.timer);
    cr_expect(s.timer == NULL);
    loop_timer_free(&s.timer);
    loop_free(&s.loop);
    cr_expect(s.loop == NULL);
}

static void on_wrong(void *arg) {
    (void)arg;
    cr_assert(false, "a timer that was cancelled or set anew went off at its old time");
}

Test(loop, timer_set_anew_and_cancelled) {
    struct state s = make();
    struct loop_timer *cancelled = loop_timer_new(s.loop, on_wrong, &s);
    int64_t begin_ms = clock_mono_ms();

    loop_timer_set(cancelled, 1);
    loop_timer_cancel(cancelled);
    s.timer = loop_timer_new(s.loop, on_stop, &s);
    loop_timer_set(s.timer, 5000);
    loop_timer_set(s.timer, 30);
    loop_run(s.loop);
    cr_expect_eq(s.calls, 1);
    cr_expect(s.at_ms - begin_ms >= 29 && s.at_ms - begin_ms < 4000);
    loop_timer_free(&cancelled);
    loop_timer_free(&s.timer);
    loop_free(&s.loop);
}

static void on_again(void *arg) {
    struct state *s = arg;

    if (++s->calls < 3) {
        loop_timer_set(s->timer, 0);
        return;
    }
    loop_timer_free(&s->timer);
    loop_stop(s->loop);
}

Test(loop, timer_is_one_shot_and_its_callback_may_set_or_free_it) {
    struct state s = make();

    s.timer = loop_timer_new(s.loop, on_again, &s);
    loop_timer_set(s.timer, 0);
    loop_run(s.loop);
    cr_expect_eq(s.calls, 3);
    cr_expect(s.timer == NULL);
    loop_free(&s.loop);
}

static void on_readable(int what, void *arg) {
    struct state *s = arg;
    char c;

    cr_expect_eq(what, LOOP_READ);
    if (++s->calls < 3)
        return; /* level-triggered: not read, so it comes again */
    cr_expect_eq(read(s->fds[0], &c, 1), 1);
    loop_watch_free(&s->watch);
    loop_stop(s->loop);
}

Test(loop, watch_goes_on_until_read_and_may_be_freed_inside) {
    struct state s = make();

    cr_assert_eq(pipe(s.fds), 0);
    s.watch = loop_watch_new(s.loop, s.fds[0], on_readable, &s);
    loop_watch_want(s.watch, LOOP_READ);
    cr_assert_eq(write(s.fds[1], "x", 1), 1);
    loop_run(s.loop);
    cr_expect_eq(s.calls, 3);
    cr_expect(s.watch == NULL);
    close(s.fds[0]);
    close(s.fds[1]);
    loop_free(&s.loop);
}

static void on_writable(int what, void *arg) {
    struct state *s = arg;

    cr_expect_eq(what, LOOP_WRITE);
    s->writes++;
    loop_watch_want(s->watch, 0); /* nothing more */
    loop_timer_set(s->timer, 30);
}

Test(loop, watch_wants_what_it_was_told) {
    struct state s = make();

    cr_assert_eq(pipe(s.fds), 0);
    s.timer = loop_timer_new(s.loop, on_stop, &s);
    s.watch = loop_watch_new(s.loop, s.fds[1], on_writable, &s);
    loop_timer_set(s.timer, 30); /* nothing is watched yet */
    loop_run(s.loop);
    cr_expect_eq(s.writes, 0);
    loop_watch_want(s.watch, LOOP_WRITE);
    loop_run(s.loop);
    cr_expect_eq(s.writes, 1);
    loop_watch_free(&s.watch);
    loop_timer_free(&s.timer);
    close(s.fds[0]);
    close(s.fds[1]);
    loop_free(&s.loop);
}

static void on_signal(int number, void *arg) {
    struct state *s = arg;

    cr_expect_eq(number, SIGUSR1);
    if (++s->calls < 2)
        kill(getpid(), SIGUSR1);
    else
        loop_stop(s->loop);
}

Test(loop, signal_is_a_callback) {
    struct state s = make();
    struct loop_signal *signal = loop_signal_new(s.loop, SIGUSR1, on_signal, &s);

    kill(getpid(), SIGUSR1);
    loop_run(s.loop);
    cr_expect_eq(s.calls, 2);
    loop_signal_free(&signal);
    cr_expect(signal == NULL);
    loop_free(&s.loop);
}

Test(loop, runs_on_without_anything_to_wait_for) {
    struct state s = make();

    s.timer = loop_timer_new(s.loop, on_stop, &s);
    loop_timer_set(s.timer, 1);
    loop_run(s.loop);
    loop_timer_set(s.timer, 1); /* and it can be run again */
    loop_run(s.loop);
    cr_expect_eq(s.calls, 2);
    loop_timer_free(&s.timer);
    loop_free(&s.loop);
    loop_free(&s.loop);
}
