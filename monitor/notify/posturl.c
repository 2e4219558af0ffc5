/* See posturl.h. */
#include "posturl.h"

#include <string.h>

bool posturl_is_plain(struct span s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
            return false;
    }
    return s.n > 0;
}

/* The host of "scheme://user@host:port/path", with its port. */
static struct span find_authority(struct span url) {
    const char *start = span_find(url, "://");
    struct span rest;
    size_t n;

    if (start == NULL)
        return (struct span){NULL, 0};
    start += 3;
    rest = (struct span){start, url.n - (size_t)(start - url.p)};
    for (n = 0; n < rest.n && strchr("/?#", rest.p[n]) == NULL; n++)
        ;
    rest.n = n;
    for (size_t i = 0; i < n; i++) {
        if (start[i] == '@')
            rest = (struct span){start + i + 1, n - i - 1};
    }
    return rest;
}

static bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._[]:", c) != NULL);
}

static bool is_authority(struct span authority) {
    struct span host = authority;
    uint64_t number;
    size_t i = 0;

    if (host.n > 0 && host.p[0] == '[') {
        while (i < host.n && host.p[i] != ']')
            i++;
        if (i < 3 || i == host.n)
            return false;
        i++;
    } else {
        while (i < host.n && host.p[i] != ':')
            i++;
    }
    if (i == 0 || i > 128)
        return false;
    if (i < host.n && (host.p[i] != ':' ||
                       !text_u64((struct span){host.p + i + 1, host.n - i - 1}, 1, 65535, &number)))
        return false;
    for (size_t k = 0; k < i; k++) {
        if (!is_host_character(host.p[k]))
            return false;
    }
    return true;
}

/* By an address that cannot be another host's: 127.example.com is a name. */
static bool is_loopback(struct span authority) {
    const char *colon = authority.n > 0 ? memrchr(authority.p, ':', authority.n) : NULL;
    struct span host = authority;

    if (colon != NULL && (authority.p[0] != '[' || colon[-1] == ']'))
        host.n = (size_t)(colon - host.p);
    if (span_is(host, "localhost") || span_is(host, "[::1]"))
        return true;
    for (size_t i = 0; i < host.n; i++) {
        if (strchr("0123456789.", host.p[i]) == NULL)
            return false;
    }
    return span_starts(host, "127.");
}

bool posturl_is_good(struct span url) {
    return (span_starts(url, "https://") || span_starts(url, "http://")) && posturl_is_plain(url) &&
           is_authority(find_authority(url));
}

bool posturl_is_safe(struct span url) {
    return span_starts(url, "https://") || is_loopback(find_authority(url));
}

void posturl_place(struct span url, char *out, size_t size) {
    struct span authority = find_authority(url);

    text_format(out, size, "%s://%.*s", span_starts(url, "https://") ? "https" : "http",
                (int)authority.n, authority.p);
}
