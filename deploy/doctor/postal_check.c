/* See postal_check.h. */
#include "postal_check.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"
#include "xmem.h"
#include "dnsquery.h"

static void problem(struct postal_check *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void problem(struct postal_check *out, const char *fmt, ...) {
    va_list args;

    if (out->count == POSTAL_PROBLEMS)
        return;
    va_start(args, fmt);
    vsnprintf(out->problem[out->count++], sizeof out->problem[0], fmt, args);
    va_end(args);
}

static bool is_address(const char *host) {
    unsigned char raw[16];

    return host[0] == '[' || inet_pton(AF_INET, host, raw) == 1 ||
           inet_pton(AF_INET6, host, raw) == 1;
}

static void keep_addresses(const struct dns_answer *answer, struct postal_check *out) {
    for (size_t i = 0; i < answer->count; i++) {
        size_t n = strlen(out->addresses);

        text_format(out->addresses + n, sizeof out->addresses - n, "%s%s", n > 0 ? " " : "",
                    answer->item[i]);
    }
}

static void check_name(const char *host, const char *address, const char *resolver, int deadline_ms,
                       struct postal_check *out) {
    struct dns_answer *answer = xcalloc(1, sizeof *answer);
    struct fault why;
    struct dnsquery *dns = dnsquery_new(resolver, deadline_ms, &why);
    bool six;

    if (dns == NULL) {
        problem(out, "%s", why.text);
        free(answer);
        return;
    }
    dnsquery_ask(dns, host, DNS_AAAA, answer);
    keep_addresses(answer, out);
    six = answer->count > 0;
    dnsquery_ask(dns, host, DNS_A, answer);
    keep_addresses(answer, out);
    if (answer->outcome == DNS_FAILED && !six)
        problem(out, "%s: %s", host, answer->detail);
    else if (out->addresses[0] == '\0')
        problem(out,
                "%s is not in the DNS, and Postal asks nothing else, not /etc/hosts either: "
                "publish %s. A %s",
                host, host, address);
    else if (strstr(out->addresses, address) == NULL)
        problem(out, "%s leads to %s, but Postfix takes mail at %s", host, out->addresses, address);
    else if (six && strchr(address, ':') == NULL)
        problem(out,
                "%s has an IPv6 address, too, where Postfix does not listen: Postal tries "
                "that first",
                host);
    dnsquery_free(&dns);
    free(answer);
}

void postal_check(const struct postal_relay *relay, const struct postal_config *config,
                  const char *listener, const char *resolver, int deadline_ms,
                  struct postal_check *out) {
    const char *ssl = postalrelay_ssl_problem(relay->ssl_mode);
    char address[256] = "127.0.0.1", port[8] = "25";
    uint64_t number = 25;

    memset(out, 0, sizeof *out);
    text_endpoint(listener, address, sizeof address, port, sizeof port);
    text_u64(span_of(port), 1, 65535, &number);
    if (is_address(relay->host))
        problem(out,
                "%s is an address: Postal looks it up as a name and finds nothing; give a "
                "name whose A record is that address",
                relay->host);
    else if (strcasecmp(relay->host, "localhost") == 0)
        problem(out,
                "localhost is in few name servers: Postal finds nothing; give a name of "
                "yours whose A record is %s",
                address);
    else
        check_name(relay->host, address, resolver, deadline_ms, out);
    if (ssl != NULL)
        problem(out, "ssl_mode=%s: %s", relay->ssl_mode, ssl);
    if (relay->login)
        problem(out, "Postal leaves the user and password out: it cannot log in to a relay");
    if (relay->port == config->smtp_port)
        problem(out,
                "port %u is taken by Postal's own SMTP server (with host networking): have "
                "Postfix take mail at another one: relaywatch install --listen %s:2525",
                relay->port, address);
    else if (relay->port != number)
        problem(out, "Postfix takes mail at port %s, not %u", port, relay->port);
}
