/* One reply of an SMTP server (RFC 5321 section 4.2), as its bytes come in. Pure. */
#ifndef LOGIC_SMTPREPLY_H
#define LOGIC_SMTPREPLY_H

#include <stddef.h>

#include "text.h"

/* The reply at the beginning of `bytes`: its code, with the bytes it takes and its last line
 * without the code; 0: not whole yet; -1: no SMTP. */
int smtpreply_take(struct span bytes, size_t *used_out, struct span *text_out);

#endif
