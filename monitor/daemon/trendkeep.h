/* struct trend with the file that follows it: state_dir/trend. Saving writes what changed, a few
 * KiB; nothing is waited for. */
#ifndef DAEMON_TRENDKEEP_H
#define DAEMON_TRENDKEEP_H

#include <stdbool.h>

#include "conf.h"
#include "trend.h"

struct trendkeep {
    struct trend trend;
    int file; /* -1: not open; 0 before trendkeep_begin */
    bool told;
    char path[300];
};

/* Takes up what the file has. */
void trendkeep_begin(struct trendkeep *keep, const struct conf *conf);

/* Writes what changed. Right after the totals are saved, so that a crash between the two loses some
 * of the trend rather than noting lines twice. */
void trendkeep_save(struct trendkeep *keep);

/* Saves and closes; nothing if it was not begun. */
void trendkeep_end(struct trendkeep *keep);

#endif
