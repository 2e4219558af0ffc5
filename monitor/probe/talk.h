/* The conversation with the smarthost, in the order in which it happens: greeting, EHLO, STARTTLS,
 * verified TLS, EHLO again, login, QUIT. The bytes go through a struct talk_way, so that tests can
 * be the server. No secret byte is sent before `secure` has said that TLS stands and the
 * certificate is the right one. */
#ifndef PROBE_TALK_H
#define PROBE_TALK_H

#include <stddef.h>
#include <sys/types.h>

#include "fault.h"
#include "probeq.h"

enum { TALK_ERROR = -1, TALK_TIMEOUT = -2 };

struct talk_way {
    void *ctx;
    /* More than 0: bytes; 0: the peer has closed; TALK_ERROR, TALK_TIMEOUT. */
    ssize_t (*receive)(void *ctx, void *out, size_t size, struct fault *why);
    /* 0: all of it is out; TALK_ERROR, TALK_TIMEOUT. */
    int (*send)(void *ctx, const void *data, size_t size, struct fault *why);
    /* 0: TLS with a verified certificate from here on; TALK_ERROR, TALK_TIMEOUT. */
    int (*secure)(void *ctx, struct fault *why);
};

/* Fills result, smtp_code, enhanced, egress, size_limit and text of the verdict. */
void talk_run(const struct talk_way *way, const struct probe_request *request,
              struct probe_verdict *verdict);

#endif
