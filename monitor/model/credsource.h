/* A secret that comes from a secret manager, a dropped file or `relaywatch credentials set`, put
 * into the operator's sasl_passwd: it may change the login of relays that stand there already and
 * nothing else; all other lines stay as they are, byte for byte. Three forms are understood:
 *
 *     PASSWORD              for the relay's present user
 *     USER:PASSWORD         for the relay
 *     KEY USER:PASSWORD     or KEY PASSWORD; one line or several, keys as in sasl_passwd
 *
 * A Google app password may have its blanks (abcd efgh ijkl mnop): they are taken out. A password
 * with a colon in it wants its user before it. Pure; the texts hold secrets: the caller wipes them.
 */
#ifndef MODEL_CREDSOURCE_H
#define MODEL_CREDSOURCE_H

#include "cred.h"

/* Merges `content` into `text`, which cred_parse has accepted as `file`; `relay` is the entry that
 * the first two forms mean. Returns true with the new text in out (CRED_FILE_MAX + 1 bytes of
 * room); false with the problem, whose line is one of `content`. */
bool credsource_merge(struct span text, const struct cred_file *file, const struct cred *relay,
                      struct span content, char *out, size_t *n_out,
                      struct cred_problem *problem_out);

#endif
