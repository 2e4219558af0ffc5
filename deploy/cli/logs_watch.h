/* `relaywatch logs --since`, `--follow`, `--errors`: lines of the log as they stand, or only those
 * that tell of trouble, folded, each with what it means and what to do. */
#ifndef CLI_LOGS_WATCH_H
#define CLI_LOGS_WATCH_H

#include <stdbool.h>

#include "conf.h"

struct logs_watch {
    const char *since; /* NULL: of --errors one day, of --follow now, else all */
    bool follow, errors, as_json;
};

/* The exit status. With follow it ends when it is told to. */
int logs_watch(const struct conf *conf, const char *conf_path, const struct logs_watch *how);

#endif
