/* TLS for the connection to Redis, where hiredis has it (1.0 and later, with its SSL part): the
 * server must prove its name. The headers of OpenSSL and of hiredis' SSL part are included by
 * rtls.c alone. Nothing blocks. */
#ifndef EDGE_RTLS_H
#define EDGE_RTLS_H

#include "fault.h"

struct rtls;

/* `ca_file`: whom to trust; "": the system's. NULL with the reason. */
struct rtls *rtls_new(const char *ca_file, struct fault *why);
void rtls_free(struct rtls **tls);

/* From now on this connection of hiredis, a redisContext, speaks TLS with a server of that name or
 * address. -1 with the reason. */
MUSTCHECK int rtls_begin(struct rtls *tls, void *context, const char *host, struct fault *why);

/* Why the certificate of the last one was not taken; "": it was, or none was looked at. */
const char *rtls_reason(const struct rtls *tls);

#endif
