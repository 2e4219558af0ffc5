/* The page's cards: messages, causes, destinations, login and certificate, sources, the parts of
 * relaywatch. */
#ifndef DAEMON_PAGECARDS_H
#define DAEMON_PAGECARDS_H

#include <stdio.h>

#include "view.h"

void pagecards_print(FILE *out, const struct view *view);

#endif
