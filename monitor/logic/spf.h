/* A domain's SPF record (RFC 7208): does it allow Google's servers, and can it be evaluated within
 * the limits of section 4.6.4? Walks the records as a receiver would, all the terms, as the worst
 * case counts. Pure: what the DNS says is asked of the caller. */
#ifndef LOGIC_SPF_H
#define LOGIC_SPF_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

#define SPF_GOOGLE "_spf.google.com"
enum { SPF_LOOKUPS_MOST = 10, SPF_VOIDS_MOST = 2, SPF_RECORD = 2048, SPF_PROBLEMS = 8 };

enum spf_answer { SPF_FOUND, SPF_NOTHING, SPF_SEVERAL, SPF_UNKNOWN };

struct spf_dns {
    /* The SPF record of a name, terminated. NOTHING: there is none; SEVERAL: more than one;
     * UNKNOWN: the DNS does not answer. */
    enum spf_answer (*record)(const char *name, char out[SPF_RECORD], void *arg);
    /* Are there addresses (for `mx`: MX records) under the name? */
    enum spf_answer (*exists)(const char *name, bool mx, void *arg);
    void *arg;
};

struct spf_result {
    enum spf_answer found;
    char record[SPF_RECORD];
    bool google;      /* Google's servers are allowed */
    bool permits_all; /* ends with +all or ?all, or with nothing */
    unsigned lookups; /* terms that ask the DNS */
    unsigned voids;   /* of them those with no answer */
    bool error;       /* receivers stop with an error: as if there were no record */
    bool unknown;     /* some of it could not be asked */
    size_t problem_count;
    char problem[SPF_PROBLEMS][200];
};

void spf_check(const char *domain, const struct spf_dns *dns, struct spf_result *out);

/* The record to publish: with Google's servers, all else as it was. */
void spf_propose(const struct spf_result *result, char *out, size_t size);

/* Is this TXT record an SPF record? */
bool spf_is_record(const char *text);

#endif
