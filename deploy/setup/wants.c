/* See wants.h. */
#include "wants.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "text.h"
#include "xmem.h"

void wants_init(struct wants *wants) {
    memset(wants, 0, sizeof *wants);
    text_copy(wants->host, sizeof wants->host, "smtp-relay.gmail.com");
    wants->port = 587;
    wants->listen_port = 25;
}

void wants_wipe(struct wants *wants) {
    wipe(wants->secret, sizeof wants->secret);
}

/* Labels of letters, digits and '-', between dots. */
static bool is_name(struct span text) {
    size_t label = 0;

    if (text.n == 0 || text.n > 253)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c == '.') {
            if (label == 0 || text.p[i - 1] == '-')
                return false;
            label = 0;
        } else if ((!isalnum(c) && c != '-') || (c == '-' && label == 0) || ++label > 63) {
            return false;
        }
    }
    return label > 0 && text.p[text.n - 1] != '-';
}

bool wants_is_fqdn(const char *name) {
    const char *dot = strchr(name, '.');

    return dot != NULL && is_name(span_of(name)) && strncasecmp(name, "localhost", 9) != 0 &&
           strcasecmp(dot, ".localdomain") != 0 && strspn(name, "0123456789.") != strlen(name);
}

int wants_address(const char *text, char *out, size_t size, struct fault *why) {
    static const char allowed[] = "!#$%&'*+-/=?^_`{|}~.";
    const char *at = strrchr(text, '@');

    if (at == NULL || at == text || at - text > 64 || strlen(text) > 254 || !wants_is_fqdn(at + 1))
        return fault_set(why, "%.100s: not an address; right would be relay@example.com", text);
    for (const char *p = text; p < at; p++) {
        if (!isalnum((unsigned char)*p) && strchr(allowed, *p) == NULL)
            return fault_set(
                why, "%.100s: not an address: no spaces, colons or quotes before the @", text);
    }
    return text_copy(out, size, text) ? 0 : fault_set(why, "address too long");
}

int wants_host(const char *text, char *out, size_t size, struct fault *why) {
    if (!is_name(span_of(text)) || !text_copy(out, size, text))
        return fault_set(why,
                         "%.100s: not a host name; right would be smtp-relay.gmail.com, without "
                         "brackets and port",
                         text);
    return 0;
}

int wants_port(const char *text, uint32_t *out, struct fault *why) {
    if (strcmp(text, "25") == 0)
        return fault_set(why, "25: most networks block it, and it takes no login that is safe: "
                              "give 587 (STARTTLS) or 465 (TLS from the first byte)");
    if (strcmp(text, "587") != 0 && strcmp(text, "465") != 0)
        return fault_set(why, "%.20s: 587 (STARTTLS) or 465 (TLS from the first byte)", text);
    *out = text[0] == '5' ? 587 : 465;
    return 0;
}

/* "abcd efgh ijkl mnop" */
static bool is_app_password(struct span s) {
    if (s.n != 19)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (i % 5 == 4 ? s.p[i] != ' ' : !isalpha((unsigned char)s.p[i]))
            return false;
    }
    return true;
}

int wants_secret(const char *text, size_t n, struct wants *wants, bool *stripped_out,
                 struct fault *why) {
    size_t have = 0;

    if (n > 0 && text[n - 1] == '\n')
        n--;
    *stripped_out = is_app_password((struct span){text, n});
    if (n == 0)
        return fault_set(why, "the password is empty");
    if (n > WANTS_SECRET_MAX)
        return fault_set(why, "the password is longer than %d bytes", (int)WANTS_SECRET_MAX);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n' || text[i] == '\r')
            return fault_set(why, "the password has a line break in it: give one line");
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return fault_set(why, "the password has a control character in it");
        if ((unsigned char)text[i] > '~')
            return fault_set(why, "the password has a character that is not ASCII");
    }
    if (text[0] == ' ' || text[n - 1] == ' ')
        return fault_set(why, "the password begins or ends with a space: Postfix would lose it");
    for (size_t i = 0; i < n; i++) {
        if (!*stripped_out || text[i] != ' ')
            wants->secret[have++] = text[i];
    }
    wants->secret[have] = '\0';
    wants->secret_given = true;
    return 0;
}

int wants_helo(const char *text, struct wants *wants, struct fault *why) {
    if (!wants_is_fqdn(text) || !text_copy(wants->helo, sizeof wants->helo, text))
        return fault_set(why,
                         "%.100s: not a full host name; right would be relay1.example.com, in a "
                         "domain of yours",
                         text);
    return 0;
}

static bool is_address(const char *text) {
    struct in6_addr a;

    return inet_pton(AF_INET, text, &a) == 1 || inet_pton(AF_INET6, text, &a) == 1;
}

int wants_listen(const char *text, struct wants *wants, struct fault *why) {
    char host[64] = "", port[8] = "25";
    uint64_t number = 0;
    bool good;

    if (text[0] == ':')
        good = text_copy(port, sizeof port, text + 1);
    else if (is_address(text))
        good = text_copy(host, sizeof host, text);
    else
        good = text_endpoint(text, host, sizeof host, port, sizeof port) && is_address(host);
    if (!good || !text_u64(span_of(port), 1, 65535, &number))
        return fault_set(why,
                         "%.100s: not an address and port; right would be 127.0.0.1:2525, :2525 or "
                         "192.0.2.7",
                         text);
    text_copy(wants->listen_address, sizeof wants->listen_address, host);
    wants->listen_port = (uint32_t)number;
    return 0;
}

static int one_network(struct span text, struct wants *wants, struct fault *why) {
    unsigned char bits[sizeof(struct in6_addr)] = {0};
    char whole[64], address[64];
    uint64_t length = 0;
    char *slash;
    int family;

    if (!text_copy_span(whole, sizeof whole, text))
        return fault_set(why, "network too long");
    text_copy(address, sizeof address, whole);
    slash = strchr(address, '/');
    if (slash != NULL)
        *slash++ = '\0';
    family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(family, address, bits) != 1 || slash == NULL ||
        !text_u64(span_of(slash), 0, family == AF_INET ? 32 : 128, &length))
        return fault_set(why, "%s: not a network; right would be 172.18.0.0/16 or fd00:1::/64",
                         whole);
    if (length < (family == AF_INET ? 8 : 32))
        return fault_set(
            why, "%s: that is a large part of the world: the relay would be open to it", whole);
    for (uint64_t i = length; i < (family == AF_INET ? 32U : 128U); i++) {
        if ((bits[i / 8] & (0x80U >> (i % 8))) != 0)
            return fault_set(why, "%s: bits beyond /%llu are set: Postfix refuses that", whole,
                             (unsigned long long)length);
    }
    if (wants->network_count == WANTS_NETWORKS)
        return fault_set(why, "more than %d networks", (int)WANTS_NETWORKS);
    if (family == AF_INET6)
        return text_format(wants->networks[wants->network_count++], sizeof wants->networks[0],
                           "[%.45s]/%llu", address, (unsigned long long)length)
                   ? 0
                   : fault_set(why, "network too long");
    text_copy(wants->networks[wants->network_count++], sizeof wants->networks[0], whole);
    return 0;
}

int wants_network(const char *text, struct wants *wants, struct fault *why) {
    for (;;) {
        size_t n = strcspn(text, ",");

        if (one_network(span_trim((struct span){text, n}), wants, why) == -1)
            return -1;
        if (text[n] == '\0')
            return 0;
        text += n + 1;
    }
}
