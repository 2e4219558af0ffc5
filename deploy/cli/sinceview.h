/* The history document of relaywatchd as a screen for people: what happened since then. Pure. */
#ifndef CLI_SINCEVIEW_H
#define CLI_SINCEVIEW_H

#include "json.h"
#include "sheet.h"

void sinceview_fill(struct sheet *sheet, const struct json_t *doc);

#endif
