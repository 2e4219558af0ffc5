/* The login by libsasl2, the library that Postfix itself uses, with the mechanism that it would
 * take there. Lines come out ready to send, but for their end. Pure computing, but for what a
 * plugin does. Names begin with auth_, since sasl_ is the library's. */
#ifndef PROBE_SASL_H
#define PROBE_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "fault.h"
#include "probeq.h"

struct auth;

/* `mechanisms`: those to choose from, a blank between. `request` must live as long as the result.
 * NULL: `why`. */
MUSTCHECK struct auth *auth_new(const struct probe_request *request, const char *mechanisms,
                                struct fault *why);
/* Wipes the secret. */
void auth_free(struct auth **auth);

/* What libsasl2 itself can log in with, whatever a server offers: its names, a blank between. */
MUSTCHECK int auth_list(char *out, size_t size, struct fault *why);

/* "AUTH PLAIN ..." into out. -1: no mechanism can be used here. */
MUSTCHECK int auth_start(struct auth *auth, char *out, size_t size, size_t *n_out,
                         struct fault *why);
/* The response to a challenge, both in base64. -1: not a challenge of this mechanism. */
MUSTCHECK int auth_step(struct auth *auth, const char *challenge, char *out, size_t size,
                        size_t *n_out, struct fault *why);
/* All that this mechanism sends has been given out. */
bool auth_complete(const struct auth *auth);
/* The one that was taken, "" before auth_start. */
const char *auth_mechanism(const struct auth *auth);

#endif
