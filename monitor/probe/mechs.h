/* Which login mechanisms may be tried: those that the smarthost offers, through main.cf's
 * smtp_sasl_mechanism_filter, as smtp(8) does it (postconf(5); src/smtp/smtp_sasl_proto.c). The
 * choice among them is libsasl2's, here as there. Pure. */
#ifndef PROBE_MECHS_H
#define PROBE_MECHS_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum { MECHS_SIZE = 256 };

/* Adds a name to the list (blanks between), once, however it is written. What is no name of a
 * mechanism (RFC 4422 3.1: at most 20 letters, digits, - and _) or does not fit is left out. */
void mechs_add(char *list, size_t size, struct span name);

/* Is it in the list? */
bool mechs_has(const char *list, const char *name);

/* Of `offered`, those that `filter` lets pass, into out. A filter is a list of names, each perhaps
 * with ! before it; the first that is the mechanism's decides, and what none names is out. Files
 * and tables in it cannot be read here: they let everything pass. "" lets everything pass. */
void mechs_filter(const char *offered, const char *filter, char *out, size_t size);

#endif
