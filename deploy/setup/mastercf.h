/* Reads and edits the text of master.cf: which service takes mail, what stands in the way. Lines
 * are as in master(5): white space at the start continues. Pure. Texts that are returned are the
 * caller's. */
#ifndef SETUP_MASTERCF_H
#define SETUP_MASTERCF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Does an inet service of this name ("smtp", "127.0.0.1:2525") run smtpd? "smtp" and "25" are one.
 */
bool mastercf_listens(const char *text, const char *service);

/* Is the service of this name and type ("smtp", "unix") chrooted? Absent: false. Since Postfix 3.0
 * "-" means no. */
bool mastercf_is_chrooted(const char *text, const char *service, const char *type);

/* The text with the service that takes mail on the standard port listening at `service` instead;
 * where there is none, a new line at the end. */
char *mastercf_listen(const char *text, const char *service);

/* One line of `out` for each -o of an active service that overrides what we set in main.cf, as
 * "service: -o name=value". Returns how many. */
int mastercf_overrides(const char *text, FILE *out);

#endif
