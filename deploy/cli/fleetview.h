/* The fleet's document (/api/v1/fleet) as a sheet for a terminal: the worst first. Pure. */
#ifndef CLI_FLEETVIEW_H
#define CLI_FLEETVIEW_H

#include <stddef.h>

#include "json.h"
#include "sheet.h"

/* Of hosts that are not well so many are shown, without `full`. */
enum { FLEETVIEW_HOSTS = 40 };

/* `note`: how this came to be known, "": from relaywatchd. */
void fleetview_fill(struct sheet *sheet, const struct json_t *doc, const char *note);

/* "FLEET CRITICAL - 2 critical ..." */
void fleetview_headline(const struct json_t *doc, char *out, size_t size);
/* What makes it a change: the state and who is in which. */
void fleetview_key(const struct json_t *doc, char *out, size_t size);

#endif
