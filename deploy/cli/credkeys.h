/* Every key of smtp_sasl_password_maps for `relaywatch credentials show`: whose login it is, since
 * when it is live, when it was last proved, and which of main.cf's parameters lead to it. Never a
 * secret. Root alone can read what it needs. Blocks for runs of postconf and postmap. */
#ifndef CLI_CREDKEYS_H
#define CLI_CREDKEYS_H

#include "conf.h"
#include "fault.h"

struct json_t;

/* An array with an object a key: key, user, live, changed_at, verified_at, refused_at, used_by[].
 * -1: it cannot be read (`why`). */
MUSTCHECK int credkeys_read(const struct conf *conf, struct json_t **out, struct fault *why);

/* For people. */
void credkeys_print(const struct json_t *keys);

#endif
