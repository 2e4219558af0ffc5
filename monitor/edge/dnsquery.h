/* Questions to the DNS, as postal and other servers ask it: no /etc/hosts, no search list. The only
 * user of libresolv, whose headers dnsquery.c alone includes. Blocks, at most for the deadline: for
 * the command-line tool, never for a program with a loop. */
#ifndef EDGE_DNSQUERY_H
#define EDGE_DNSQUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

enum dns_type { DNS_A, DNS_AAAA, DNS_TXT, DNS_PTR, DNS_MX };

enum dns_outcome {
    DNS_FOUND,
    DNS_NO_NAME, /* there is no such name */
    DNS_NO_DATA, /* the name is there, not of this type */
    DNS_FAILED,  /* no answer, or none that says anything: `detail` */
};

enum { DNS_ITEMS = 32, DNS_ITEM = 2048 };

struct dns_answer {
    enum dns_outcome outcome;
    char detail[160];
    size_t count;
    char item[DNS_ITEMS][DNS_ITEM]; /* address, text (its strings joined), or name */
};

struct dnsquery;

/* `resolver`: "address:port", NULL for those of /etc/resolv.conf. All questions together take at
 * most `deadline_ms`. NULL with `why`. */
MUSTCHECK struct dnsquery *dnsquery_new(const char *resolver, int deadline_ms, struct fault *why);
void dnsquery_free(struct dnsquery **query);

void dnsquery_ask(struct dnsquery *query, const char *name, enum dns_type type,
                  struct dns_answer *out);

/* What a reply says. Pure. */
void dnsquery_parse(const unsigned char *reply, size_t size, enum dns_type type,
                    struct dns_answer *out);

/* "192.0.2.1" to "1.2.0.192.in-addr.arpa", the same for IPv6. False: no address. Pure. */
bool dnsquery_reverse_name(const char *address, char *out, size_t size);

#endif
