/* redis_sentinel: the sentinels that know where the master is, "host:port" parted by blanks or
 * commas. Pure. */
#ifndef CONFIG_SENTINELS_H
#define CONFIG_SENTINELS_H

#include "fault.h"

enum { SENTINELS_MOST = 9, SENTINELS_ADDRESS = 128 };

struct sentinels {
    int count;
    char address[SENTINELS_MOST][SENTINELS_ADDRESS]; /* "host:port" or "[v6]:port" */
};

/* "" is none of them. */
MUSTCHECK int sentinels_parse(const char *text, struct sentinels *out, struct fault *why);

#endif
