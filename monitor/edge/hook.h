/* A command of the operator's that is started when something happened: argv of one configured line
 * split at blanks, no shell, facts in its environment, nothing on its stdin, killed with its group
 * after 30 s, one at a time (the next waits, four at most). Never blocks. */
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
