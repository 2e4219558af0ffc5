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

static bool in_network(struct span network, uint32_t address) {
    const char *slash = span_find(network, "/");
    struct span digits = {NULL, 0};
    uint64_t bits = 32;
    char base[64];
    struct in_addr at;

    if (slash != NULL) {
        digits = (struct span){slash + 1, (size_t)(network.p + network.n - slash) - 1};
        if (!text_u64(digits, 0, 32, &bits))
            return false;
        network.n = (size_t)(slash - network.p);
    }
    if (!text_copy_span(base, sizeof base, network) || inet_pton(AF_INET, base, &at) != 1)
        return false;
    return bits == 0 || (ntohl(at.s_addr) ^ address) >> (32 - bits) == 0;
}

bool checks_in_networks(const char *list, const char *address) {
    struct in_addr at;

    if (inet_pton(AF_INET, address, &at) != 1)
        return false;
    while (*(list += strspn(list, ", \t\n")) != '\0') {
        size_t n = strcspn(list, ", \t\n");

        if (in_network((struct span){list, n}, ntohl(at.s_addr)))
            return true;
        list += n;
    }
    return false;
}
