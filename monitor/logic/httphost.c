/* See httphost.h. */
#include "httphost.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool is_parting(char c) {
    return c == ' ' || c == '\t' || c == ',';
}

static bool is_name(struct span a, struct span b) {
    return a.n == b.n && a.n > 0 && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool is_digits(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
    }
    return true;
}

/* Takes ":port" and the root's dot off. False: what stands there is no port. */
static bool take_port(struct span *host) {
    const char *end = host->p[0] == '[' ? memchr(host->p, ']', host->n) : host->p;
    const char *colon;
    size_t n;

    if (end == NULL)
        return false;
    colon = memchr(end, ':', host->n - (size_t)(end - host->p));
    n = colon == NULL ? host->n : (size_t)(colon - host->p);
    if (colon != NULL && !is_digits(colon + 1, host->n - n - 1))
        return false;
    if (n > 1 && host->p[n - 1] == '.')
        n--;
    *host = (struct span){host->p, n};
    return n > 0;
}

static bool is_address(struct span host) {
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];

    if (host.p[0] == '[') {
        if (host.n < 2 || host.p[host.n - 1] != ']' ||
            !text_copy_span(text, sizeof text, (struct span){host.p + 1, host.n - 2}))
            return false;
        return inet_pton(AF_INET6, text, address) == 1;
    }
    return text_copy_span(text, sizeof text, host) && inet_pton(AF_INET, text, address) == 1;
}

static bool is_local(struct span host) {
    static const struct span below = {".localhost", 10};

    return is_name(host, SPAN("localhost")) ||
           (host.n > below.n && is_name((struct span){host.p + host.n - below.n, below.n}, below));
}

static bool is_listed(struct span host, const char *names) {
    while (*names != '\0') {
        const char *begin = names;

        while (*names != '\0' && !is_parting(*names))
            names++;
        if (is_name(host, (struct span){begin, (size_t)(names - begin)}))
            return true;
        while (is_parting(*names))
            names++;
    }
    return false;
}

bool httphost_is_ours(struct span host, const char *names) {
    if (host.n == 0)
        return true;
    return memchr(host.p, '\0', host.n) == NULL && take_port(&host) &&
           (is_address(host) || is_local(host) || is_listed(host, names));
}
