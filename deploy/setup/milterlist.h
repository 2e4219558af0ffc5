/* The value of smtpd_milters: entries between commas or white space, one with options in braces
 * (MILTER_README). Ours is told by the end of its socket's name. Pure. */
#ifndef SETUP_MILTERLIST_H
#define SETUP_MILTERLIST_H

#include <stdbool.h>
#include <stddef.h>

/* Is an entry for this socket in the list? */
bool milterlist_has(const char *list, const char *socket);

/* The list with `entry` at its end, in place of an entry for the same socket. False: does not fit.
 */
bool milterlist_add(const char *list, const char *socket, const char *entry, char *out,
                    size_t size);

/* The list without the entry for this socket. False: does not fit. */
bool milterlist_remove(const char *list, const char *socket, char *out, size_t size);

/* How many entries there are. */
unsigned milterlist_count(const char *list);

#endif
