/* URLs that can be posted to, taken apart. What a URL has behind its host may be a secret: only its
 * place is for people. Pure. */
#ifndef NOTIFY_POSTURL_H
#define NOTIFY_POSTURL_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* ASCII without blanks and controls, and not empty. */
bool posturl_is_plain(struct span s);

/* http:// or https://, a host, if need be a port, a path and a query. */
bool posturl_is_good(struct span url);

/* A secret may travel: https://, or to this very host. */
bool posturl_is_safe(struct span url);

/* "https://hooks.example.com:8443": all that may be shown of a good URL. */
void posturl_place(struct span url, char *out, size_t size);

#endif
