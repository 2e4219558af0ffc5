/* The receivers of alerts in a line of `relaywatch status`, the bad ones first. Pure. */
#ifndef CLI_RECEIVERSLINE_H
#define CLI_RECEIVERSLINE_H

#include <stddef.h>
#include <stdint.h>

struct json_t;

/* "chat ok, on-call FAILING for 12 min (it answered 503); 2 notices wait". `doc` is the status
 * document. */
void receiversline_text(const struct json_t *doc, int64_t now_s, char *out, size_t size);

#endif
