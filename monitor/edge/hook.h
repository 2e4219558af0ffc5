/* A command of the operator's that is started when something happened (runner.h): words of one
 * configured line, facts in its environment, nothing on its stdin, killed with its group after 30 s
 * and when the hook is freed, one at a time (the next waits, four at most). How it ends is logged
 * where it is not well. Never blocks. One hook a process: it owns SIGCHLD. */
#ifndef EDGE_HOOK_H
#define EDGE_HOOK_H

#include "loop.h"

struct hook;

struct hook *hook_new(struct loop *loop);
void hook_free(struct hook **hook);

/* Starts `command` ("": nothing happens). `environment` holds "NAME=value" lines, NULL at the end;
 * all of it is copied. */
void hook_run(struct hook *hook, const char *command, const char *const *environment);

#endif
