/* See loop.h. */
#include "loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "log.h"
#include "xmem.h"

struct loop {
    struct event_base *base;
};

struct loop_timer {
    struct event *event;
    void (*on_time)(void *arg);
    void *arg;
};

struct loop_watch {
    struct event *read;
    struct event *write;
    int want;
    void (*on_ready)(int what, void *arg);
    void *arg;
};

struct loop_signal {
    struct event *event;
    void (*on_signal)(int number, void *arg);
    void *arg;
};

static void on_libevent_log(int severity, const char *text) {
    if (severity >= EVENT_LOG_WARN)
        log_warn("loop", "%s", text);
}

struct loop *loop_new(struct fault *why) {
    struct loop *loop = xcalloc(1, sizeof *loop);

    event_set_log_callback(on_libevent_log);
    loop->base = event_base_new();
    if (loop->base == NULL) {
        fault_set(why, "libevent: no event base");
        free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(struct loop **loop) {
    if (*loop == NULL)
        return;
    event_base_free((*loop)->base);
    free(*loop);
    *loop = NULL;
}

void loop_run(struct loop *loop) {
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void loop_stop(struct loop *loop) {
    event_base_loopbreak(loop->base);
}

static struct event *make_event(struct loop *loop, evutil_socket_t fd, short what,
                                event_callback_fn callback, void *arg) {
    struct event *event = event_new(loop->base, fd, what, callback, arg);

    if (event == NULL)
        die(71, "libevent: no event for descriptor %d", (int)fd);
    return event;
}

static void on_timer_event(evutil_socket_t fd, short what, void *arg) {
    struct loop_timer *timer = arg;

    (void)fd;
    (void)what;
    timer->on_time(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*on_time)(void *arg), void *arg) {
    struct loop_timer *timer = xcalloc(1, sizeof *timer);

    timer->on_time = on_time;
    timer->arg = arg;
    timer->event = make_event(loop, -1, 0, on_timer_event, timer);
    return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms) {
    struct timeval tv = {.tv_sec = (time_t)(delay_ms / 1000),
                         .tv_usec = (suseconds_t)(delay_ms % 1000 * 1000)};

    event_add(timer->event, &tv);
}

void loop_timer_cancel(struct loop_timer *timer) {
    event_del(timer->event);
}

void loop_timer_free(struct loop_timer **timer) {
    if (*timer == NULL)
        return;
    event_free((*timer)->event);
    free(*timer);
    *timer = NULL;
}

static void on_watch_event(evutil_socket_t fd, short what, void *arg) {
    struct loop_watch *watch = arg;

    (void)fd;
    watch->on_ready((what & EV_WRITE) != 0 ? LOOP_WRITE : LOOP_READ, watch->arg);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*on_ready)(int what, void *arg),
                                  void *arg) {
    struct loop_watch *watch = xcalloc(1, sizeof *watch);

    watch->on_ready = on_ready;
    watch->arg = arg;
    watch->read = make_event(loop, fd, EV_READ | EV_PERSIST, on_watch_event, watch);
    watch->write = make_event(loop, fd, EV_WRITE | EV_PERSIST, on_watch_event, watch);
    return watch;
}

static void switch_event(struct event *event, int before, int now) {
    if (!before && now)
        event_add(event, NULL);
    else if (before && !now)
        event_del(event);
}

void loop_watch_want(struct loop_watch *watch, int what) {
    switch_event(watch->read, watch->want & LOOP_READ, what & LOOP_READ);
    switch_event(watch->write, watch->want & LOOP_WRITE, what & LOOP_WRITE);
    watch->want = what;
}

void loop_watch_free(struct loop_watch **watch) {
    if (*watch == NULL)
        return;
    event_free((*watch)->read);
    event_free((*watch)->write);
    free(*watch);
    *watch = NULL;
}

static void on_signal_event(evutil_socket_t number, short what, void *arg) {
    struct loop_signal *signal = arg;

    (void)what;
    signal->on_signal((int)number, signal->arg);
}

struct loop_signal *loop_signal_new(struct loop *loop, int number,
                                    void (*on_signal)(int number, void *arg), void *arg) {
    struct loop_signal *signal = xcalloc(1, sizeof *signal);

    signal->on_signal = on_signal;
    signal->arg = arg;
    signal->event = make_event(loop, number, EV_SIGNAL | EV_PERSIST, on_signal_event, signal);
    event_add(signal->event, NULL);
    return signal;
}

void loop_signal_free(struct loop_signal **signal) {
    if (*signal == NULL)
        return;
    event_free((*signal)->event);
    free(*signal);
    *signal = NULL;
}
