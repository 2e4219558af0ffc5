/* See checks.h. */
#include "checks.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "maincf.h"

size_t checks_count(void) {
    return login_check_count + config_check_count + host_check_count;
}

const struct check *checks_at(size_t i) {
    if (i < login_check_count)
        return &login_checks[i];
    i -= login_check_count;
    return i < config_check_count ? &config_checks[i] : &host_checks[i - config_check_count];
}

const struct check *checks_find(const char *id) {
    for (size_t i = 0; i < checks_count(); i++) {
        if (strcmp(checks_at(i)->id, id) == 0)
            return checks_at(i);
    }
    return NULL;
}

bool checks_wanted(const char *only, const char *id) {
    size_t n = strlen(id);

    if (only == NULL)
        return true;
    for (const char *p = only; p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, id, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    }
    return false;
}

const char *checks_word(enum result result) {
    static const char *const words[] = {"ok", "not applicable", "unknown", "warning", "critical"};

    return words[result];
}

void finding_say(struct finding *out, enum result result, const char *fmt, ...) {
    va_list args;

    out->result = result;
    va_start(args, fmt);
    vsnprintf(out->found, sizeof out->found, fmt, args);
    va_end(args);
}

void finding_fix(struct finding *out, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    vsnprintf(out->fix, sizeof out->fix, fmt, args);
    va_end(args);
}

const char *condition_parameter(const struct condition *seen, const char *name, char *out,
                                size_t size) {
    if (seen->parameters == NULL || !maincf_get(seen->parameters, name, out, size))
        out[0] = '\0';
    return out;
}

/* The bytes of an address; how many, 0: it is none. */
static size_t address_bytes(const char *text, unsigned char *out) {
    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

static bool starts_alike(const unsigned char *a, const unsigned char *b, unsigned bits) {
    unsigned rest = bits % 8;

    return memcmp(a, b, bits / 8) == 0 &&
           (rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0);
}

/* "10.1.0.0/16", "192.0.2.9", "[2001:db8::]/32", "[::1]". */
static bool in_network(struct span network, const unsigned char *address, size_t size) {
    const char *slash = span_find(network, "/");
    uint64_t bits = size * 8;
    unsigned char base[16];
    char text[64];

    if (slash != NULL) {
        struct span digits = {slash + 1, (size_t)(network.p + network.n - slash) - 1};

        if (!text_u64(digits, 0, bits, &bits))
            return false;
        network.n = (size_t)(slash - network.p);
    }
    if (network.n > 2 && network.p[0] == '[' && network.p[network.n - 1] == ']')
        network = (struct span){network.p + 1, network.n - 2};
    return text_copy_span(text, sizeof text, network) && address_bytes(text, base) == size &&
           starts_alike(base, address, (unsigned)bits);
}

bool checks_in_networks(const char *list, const char *address) {
    unsigned char at[16];
    size_t size = address_bytes(address, at);

    if (size == 0)
        return false;
    while (*(list += strspn(list, ", \t\n")) != '\0') {
        size_t n = strcspn(list, ", \t\n");

        if (in_network((struct span){list, n}, at, size))
            return true;
        list += n;
    }
    return false;
}
