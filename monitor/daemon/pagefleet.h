/* The fleet on the page: a table of hosts, the worst first. A host's name and what fires there are
 * another host's words: all of it goes through html_text. */
#ifndef DAEMON_PAGEFLEET_H
#define DAEMON_PAGEFLEET_H

#include <stdio.h>

#include "view.h"

/* Of the page of one host: the worst of the others, in short. Nothing where there are none. */
void pagefleet_section(FILE *out, const struct view *view);

/* Of /fleet: the state in words, and all hosts. */
void pagefleet_body(FILE *out, const struct view *view);

/* "ok", "warning", "critical", "unknown": of the fleet, as far as it is known now. Static. */
const char *pagefleet_state(const struct view *view);

#endif
