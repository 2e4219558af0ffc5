/* The history document of relaywatchd as a screen for people: what happened since then. Pure. */
#ifndef CLI_SINCEVIEW_H
#define CLI_SINCEVIEW_H

#include "json.h"
#include "screen.h"

void sinceview_fill(struct screen *screen, const struct json_t *doc);

#endif
