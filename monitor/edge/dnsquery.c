/* See dnsquery.h. */
#include "dnsquery.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"

enum { REPLY_MOST = 65535, TRY_S = 2, TRIES = 2 };

struct dnsquery {
    struct __res_state state;
    int64_t end_ms;
    unsigned char reply[REPLY_MOST];
};

static const ns_type types[] = {[DNS_A] = ns_t_a,
                                [DNS_AAAA] = ns_t_aaaa,
                                [DNS_TXT] = ns_t_txt,
                                [DNS_PTR] = ns_t_ptr,
                                [DNS_MX] = ns_t_mx};

static int use_resolver(struct dnsquery *q, const char *resolver, struct fault *why) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[64], port[8];
    uint64_t number;

    if (!text_endpoint(resolver, host, sizeof host, port, sizeof port) ||
        inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        !text_u64(span_of(port), 1, 65535, &number))
        return fault_set(why, "%.100s: not an IPv4 address and a port, as 192.0.2.53:53", resolver);
    address.sin_port = htons((uint16_t)number);
    q->state.nscount = 1;
    q->state.nsaddr_list[0] = address;
    return 0;
}

struct dnsquery *dnsquery_new(const char *resolver, int deadline_ms, struct fault *why) {
    struct dnsquery *q = xcalloc(1, sizeof *q);

    if (res_ninit(&q->state) == -1) {
        fault_set(why, "/etc/resolv.conf cannot be used");
        free(q);
        return NULL;
    }
    q->state.retrans = TRY_S;
    q->state.retry = TRIES;
    q->state.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
    q->end_ms = clock_mono_ms() + deadline_ms;
    if (resolver != NULL && use_resolver(q, resolver, why) == -1)
        dnsquery_free(&q);
    return q;
}

void dnsquery_free(struct dnsquery **query) {
    if (*query == NULL)
        return;
    res_nclose(&(*query)->state);
    free(*query);
    *query = NULL;
}

/* ---- replies ---- */

static void add_item(struct dns_answer *out, const char *text) {
    if (out->count < DNS_ITEMS)
        text_copy(out->item[out->count++], DNS_ITEM, text);
}

static void add_address(struct dns_answer *out, int family, const ns_rr *rr, size_t want) {
    char text[INET6_ADDRSTRLEN];

    if (ns_rr_rdlen(*rr) == want && inet_ntop(family, ns_rr_rdata(*rr), text, sizeof text) != NULL)
        add_item(out, text);
}

/* Character strings, each behind its length. RFC 1035, 3.3.14. */
static void add_text(struct dns_answer *out, const ns_rr *rr) {
    const unsigned char *p = ns_rr_rdata(*rr), *end = p + ns_rr_rdlen(*rr);
    char text[DNS_ITEM];
    size_t n = 0;

    while (p < end) {
        size_t part = *p++;

        if (part > (size_t)(end - p))
            return;
        if (n + part < sizeof text)
            text_copy_printable(text + n, sizeof text - n, (struct span){(const char *)p, part});
        n = n + part < sizeof text ? strlen(text) : n;
        p += part;
    }
    text[n] = '\0';
    add_item(out, text);
}

static void add_name(struct dns_answer *out, ns_msg *msg, const ns_rr *rr, size_t skip) {
    char name[NS_MAXDNAME], clean[NS_MAXDNAME];

    if (ns_rr_rdlen(*rr) < skip ||
        ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), ns_rr_rdata(*rr) + skip, name,
                           sizeof name) == -1)
        return;
    text_copy_printable(clean, sizeof clean, span_of(name));
    add_item(out, clean);
}

static void add_record(struct dns_answer *out, enum dns_type type, ns_msg *msg, const ns_rr *rr) {
    switch (type) {
    case DNS_A:
        add_address(out, AF_INET, rr, 4);
        return;
    case DNS_AAAA:
        add_address(out, AF_INET6, rr, 16);
        return;
    case DNS_TXT:
        add_text(out, rr);
        return;
    case DNS_PTR:
        add_name(out, msg, rr, 0);
        return;
    case DNS_MX:
        add_name(out, msg, rr, 2);
        return;
    }
}

void dnsquery_parse(const unsigned char *reply, size_t size, enum dns_type type,
                    struct dns_answer *out) {
    ns_msg msg;
    ns_rr rr;

    out->count = 0;
    out->detail[0] = '\0';
    out->outcome = DNS_FAILED;
    if (size > REPLY_MOST || ns_initparse(reply, (int)size, &msg) == -1) {
        text_copy(out->detail, sizeof out->detail, "the reply is damaged");
        return;
    }
    for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
        if (ns_parserr(&msg, ns_s_an, i, &rr) == -1) {
            text_copy(out->detail, sizeof out->detail, "the reply is damaged");
            return;
        }
        if (ns_rr_type(rr) == types[type])
            add_record(out, type, &msg, &rr);
    }
    out->outcome = out->count > 0 ? DNS_FOUND : DNS_NO_DATA;
}

/* ---- questions ---- */

static void fail(struct dns_answer *out, enum dns_outcome outcome, const char *detail) {
    out->outcome = outcome;
    out->count = 0;
    text_copy(out->detail, sizeof out->detail, detail);
}

void dnsquery_ask(struct dnsquery *query, const char *name, enum dns_type type,
                  struct dns_answer *out) {
    int n;

    if (clock_mono_ms() >= query->end_ms) {
        fail(out, DNS_FAILED, "no time is left");
        return;
    }
    n = res_nquery(&query->state, name, ns_c_in, types[type], query->reply, sizeof query->reply);
    if (n >= 0) {
        dnsquery_parse(query->reply, (size_t)n, type, out);
        return;
    }
    switch (query->state.res_h_errno) {
    case HOST_NOT_FOUND:
        fail(out, DNS_NO_NAME, "");
        return;
    case NO_DATA:
        fail(out, DNS_NO_DATA, "");
        return;
    case TRY_AGAIN:
        fail(out, DNS_FAILED, "no name server answers");
        return;
    default:
        fail(out, DNS_FAILED, "the name server refuses to answer, or this is no name");
    }
}

bool dnsquery_reverse_name(const char *address, char *out, size_t size) {
    unsigned char raw[16];
    size_t n = 0;

    out[0] = '\0';
    if (inet_pton(AF_INET, address, raw) == 1)
        return text_format(out, size, "%u.%u.%u.%u.in-addr.arpa", raw[3], raw[2], raw[1], raw[0]);
    if (inet_pton(AF_INET6, address, raw) != 1 || size < 74)
        return false;
    for (int i = 15; i >= 0; i--) {
        text_format(out + n, size - n, "%x.%x.", raw[i] & 15u, raw[i] >> 4u);
        n += 4;
    }
    return text_format(out + n, size - n, "ip6.arpa");
}
