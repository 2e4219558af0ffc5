/* Edits the text of main.cf (and of relaywatch.conf, which has the same form) as `postconf -e`
 * does: one parameter's value changes, every comment, blank line and other parameter stays as it
 * is. Reads lines as Postfix does (util/readlline.c): white space at the start continues the line
 * before, also across comments. Pure. Texts that are returned are the caller's to free. */
#ifndef SETUP_MAINCF_H
#define SETUP_MAINCF_H

#include <stdbool.h>
#include <stddef.h>

/* The value in force: of the last definition, its lines joined by one space. False: not set, or it
 * does not fit. An empty value is set. */
bool maincf_get(const char *text, const char *name, char *out, size_t size);

/* Is there a definition of it? */
bool maincf_has(const char *text, const char *name);

/* The text with name = value: in the place of the last definition, others of it are taken out; a
 * new one comes at the end. */
char *maincf_set(const char *text, const char *name, const char *value);

/* The text without any definition of name. */
char *maincf_unset(const char *text, const char *name);

/* Takes back what was changed from `before` to `ours` in a `now` that others have edited since: a
 * parameter that still has our value gets the one of `before`, or goes. Others stay. */
char *maincf_undo(const char *before, const char *ours, const char *now);

#endif
