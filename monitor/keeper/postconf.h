/* What main.cf says of the relay, as postconf(1) prints it: $name, defaults and includes are as
 * Postfix sees them. Blocks for one run of it, at most 10 s. */
#ifndef KEEPER_POSTCONF_H
#define KEEPER_POSTCONF_H

#include <stddef.h>

#include "fault.h"

#define POSTCONF "/usr/sbin/postconf"

/* Lines "name = value" of the parameters that monitor/procedure/facts.h tells of, terminated. */
MUSTCHECK int postconf_relay(const char *config_dir, char *out, size_t size, struct fault *why);

/* The value of one of them, as it stands; "" when it is not there or does not fit. */
void postconf_value(const char *lines, const char *name, char *out, size_t size);

#endif
