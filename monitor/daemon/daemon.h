/* relaywatchd itself: log -> events -> counters -> Redis, rules, page. One thread, one loop;
 * nothing here blocks but reads and small writes of local files. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "conf.h"

/* Runs until SIGTERM or SIGINT. `conf_path` is read again when the file changes. Returns the exit
 * status: 0; 3: another relaywatchd writes for this host; 75: to be started again; 78: the
 * configuration cannot work. */
int daemon_run(const struct conf *conf, const char *conf_path);

#endif
