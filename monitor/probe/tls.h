/* TLS to the smarthost by OpenSSL: 1.2 or newer, the server's name sent, the chain and the name
 * verified, or no connection at all. Blocks up to the deadline (clock_mono_ms). The descriptor is
 * the caller's and non-blocking. */
#ifndef PROBE_TLS_H
#define PROBE_TLS_H

#include <stdint.h>
#include <sys/types.h>

#include "attr.h"
#include "fault.h"

struct tls;

struct tls_seen {
    char version[16];
    char cipher[64];
    int64_t expires_s; /* of the server's certificate, even of one that was not accepted */
};

/* `name` is not empty: a host name or an address, which the certificate must have. ca_file "": the
 * system's. */
MUSTCHECK struct tls *tls_new(int fd, const char *name, const char *ca_file, struct fault *why);
void tls_free(struct tls **tls);

/* 0, or TALK_ERROR (`why` has the reason and what the certificate says of itself) or TALK_TIMEOUT.
 */
MUSTCHECK int tls_handshake(struct tls *tls, int64_t deadline_ms, struct fault *why);
/* As struct talk_way's. */
MUSTCHECK ssize_t tls_receive(struct tls *tls, void *out, size_t size, int64_t deadline_ms,
                              struct fault *why);
MUSTCHECK int tls_send(struct tls *tls, const void *data, size_t size, int64_t deadline_ms,
                       struct fault *why);

void tls_look(const struct tls *tls, struct tls_seen *out);

#endif
