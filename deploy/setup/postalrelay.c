/* See postalrelay.h. */
#include "postalrelay.h"

#include <string.h>

bool postalrelay_parse(struct span uri, struct postal_relay *out) {
    const char *scheme = span_find(uri, "://");
    struct span rest, query = {NULL, 0};
    const char *at, *colon;
    uint64_t port = 25;

    if (scheme == NULL)
        return false;
    rest = (struct span){scheme + 3, uri.n - (size_t)(scheme + 3 - uri.p)};
    at = rest.n > 0 ? memchr(rest.p, '?', rest.n) : NULL;
    if (at != NULL) {
        query = (struct span){at + 1, rest.n - (size_t)(at + 1 - rest.p)};
        rest.n = (size_t)(at - rest.p);
    }
    at = rest.n > 0 ? memrchr(rest.p, '@', rest.n) : NULL;
    out->login = at != NULL;
    if (at != NULL)
        rest = (struct span){at + 1, rest.n - (size_t)(at + 1 - rest.p)};
    while (rest.n > 0 && rest.p[rest.n - 1] == '/')
        rest.n--;
    colon = rest.n > 0 ? memrchr(rest.p, ':', rest.n) : NULL;
    if (colon != NULL && rest.p[rest.n - 1] != ']') {
        if (!text_u64((struct span){colon + 1, rest.n - (size_t)(colon + 1 - rest.p)}, 1, 65535,
                      &port))
            return false;
        rest.n = (size_t)(colon - rest.p);
    }
    text_copy(out->ssl_mode, sizeof out->ssl_mode, "Auto");
    at = query.n > 0 ? span_find(query, "ssl_mode=") : NULL;
    if (at != NULL) {
        struct span word = {at + 9, query.n - (size_t)(at + 9 - query.p)};
        const char *amp = word.n > 0 ? memchr(word.p, '&', word.n) : NULL;

        word.n = amp != NULL ? (size_t)(amp - word.p) : word.n;
        text_copy_printable(out->ssl_mode, sizeof out->ssl_mode, word);
    }
    out->port = (uint32_t)port;
    text_copy_printable(out->host, sizeof out->host, rest);
    return rest.n > 0;
}

const char *postalrelay_ssl_problem(const char *ssl_mode) {
    if (strcmp(ssl_mode, "None") == 0 || strcmp(ssl_mode, "Auto") == 0 ||
        strcmp(ssl_mode, "TLS") == 0)
        return NULL;
    if (strcmp(ssl_mode, "STARTTLS") == 0)
        return "Postal 3.0 to 3.3 do not know STARTTLS, a misspelling there: no TLS at all";
    return "not a word that Postal knows (Auto, TLS, None; capitals count): no TLS at all";
}
