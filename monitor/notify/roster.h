/* The receivers that are in force: reads receivers.conf and the templates that it names, follows
 * their edits, and hands the receivers on. An edit with a mistake is logged and changes nothing.
 * Blocks on these files alone. */
#ifndef NOTIFY_ROSTER_H
#define NOTIFY_ROSTER_H

#include "receivers.h"

struct roster;

/* `path` must live as long. on_receivers gets the new ones; the ones before are gone when it has
 * returned. on_refused is told of an edit that changes nothing. */
struct roster *roster_new(const char *path,
                          void (*on_receivers)(const struct receivers *receivers, void *arg),
                          void (*on_refused)(void *arg), void *arg);
void roster_free(struct roster **roster);

/* Reads all anew. */
void roster_load(struct roster *roster);

/* Has any of it changed? Call it each second: a change is live within two. */
void roster_look(struct roster *roster);

/* The first mistake of what was read last, with its file and line; "": none. */
const char *roster_mistake(const struct roster *roster);

/* Those in force. */
const struct receivers *roster_receivers(const struct roster *roster);

#endif
