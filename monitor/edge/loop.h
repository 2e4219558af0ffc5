/* The event loop of a program: one thread, timers, descriptors, signals. A thin skin over libevent,
 * whose event2/event.h is included by loop.c alone. Everything runs on the thread that called
 * loop_run; callbacks may do anything but block. Allocation failures end the process (xmem.h). */
#ifndef EDGE_LOOP_H
#define EDGE_LOOP_H

#include <stdint.h>

#include "fault.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_signal;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

MUSTCHECK struct loop *loop_new(struct fault *why); /* NULL on failure */
void loop_free(struct loop **loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* A one-shot timer, not yet set. Setting it again replaces the time; 0 ms: at the next turn. The
 * callback may set it again or free it. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*on_time)(void *arg), void *arg);
void loop_timer_set(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_cancel(struct loop_timer *timer);
void loop_timer_free(struct loop_timer **timer);

/* Watches a descriptor (not owned: the caller closes it after loop_watch_free). `what` is a set of
 * LOOP_READ and LOOP_WRITE; nothing is watched until loop_watch_want. Level-triggered, goes on
 * until changed. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*on_ready)(int what, void *arg),
                                  void *arg);
void loop_watch_want(struct loop_watch *watch, int what);
void loop_watch_free(struct loop_watch **watch);

/* Calls on_signal as an ordinary callback of the loop: it may do anything. */
struct loop_signal *loop_signal_new(struct loop *loop, int number,
                                    void (*on_signal)(int number, void *arg), void *arg);
void loop_signal_free(struct loop_signal **signal);

#endif
