/* What `relaywatch dns` found, and how it is shown. */
#ifndef CLI_DNS_SHOW_H
#define CLI_DNS_SHOW_H

#include <stddef.h>

enum { DNS_TEXT_SIZE = 2400, DNS_NOTES = 12 };

enum dns_verdict { DNS_GOOD, DNS_WEAK, DNS_WRONG, DNS_UNKNOWN };

struct dns_finding {
    const char *what; /* "SPF" */
    enum dns_verdict verdict;
    char name[300];              /* where it stands in the DNS */
    char found[DNS_TEXT_SIZE];   /* "": nothing */
    char expected[300];          /* in words */
    char publish[DNS_TEXT_SIZE]; /* the record, as NAME TYPE "VALUE"; "": nothing to publish */
    size_t note_count;
    char note[DNS_NOTES][220];
};

void dns_show(const struct dns_finding *finding, size_t count);
void dns_show_json(const char *domain, const struct dns_finding *finding, size_t count);

#endif
