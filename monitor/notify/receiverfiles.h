/* The files of the receivers: receivers.conf, the templates and the secrets that it names. Blocks
 * on them. */
#ifndef NOTIFY_RECEIVERFILES_H
#define NOTIFY_RECEIVERFILES_H

#include "receivers.h"

/* Reads the file and the templates that it names. Returns 0; 1 when there is no such file (*out is
 * empty then); -1 with any error: each went to on_error, and *out has what was understood, without
 * a template, to be looked at and not to be used. */
MUSTCHECK int receiverfiles_load(const char *path, struct receivers *out,
                                 void (*on_error)(const char *text, void *arg), void *arg,
                                 struct fault *why);

/* Frees them (they are calloc'ed) and their templates, and wipes what is secret. */
void receiverfiles_free(struct receivers **receivers);

/* Its URL, out of its file where it stands in one. Wipe it after use. Blocks on the file. */
MUSTCHECK int receiverfiles_url(const struct receiver *receiver, char out[RECEIVER_URL_SIZE],
                                struct fault *why);

/* PagerDuty's routing key. Wipe it after use. Blocks on its file. */
MUSTCHECK int receiverfiles_key(const struct receiver *receiver, char *out, size_t size,
                                struct fault *why);

/* The one word in a file of a receiver's (its token), without the line end. Wipe it after use.
 * Blocks on the file. */
MUSTCHECK int receiverfiles_secret(const char *path, char *out, size_t size, struct fault *why);

#endif
