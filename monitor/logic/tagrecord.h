/* DKIM keys (RFC 6376, 3.6.1) and DMARC policies (RFC 7489, 6.3) as they stand in TXT records:
 * lists of "tag=value" between semicolons. Pure. */
#ifndef LOGIC_TAGRECORD_H
#define LOGIC_TAGRECORD_H

#include <stdbool.h>
#include <stddef.h>

/* The value of a tag without the blanks around it. False: not there, or it does not fit. */
bool tagrecord_get(const char *record, const char *tag, char *out, size_t size);

enum tag_verdict { TAG_GOOD, TAG_WEAK, TAG_WRONG };

struct tag_result {
    enum tag_verdict verdict;
    char what[200]; /* what it is, or what is wrong with it */
};

/* Is the record a key that receivers can use? */
void tagrecord_dkim(const char *record, struct tag_result *out);

/* Is it a policy that receivers apply? p=none is weak: it only watches. */
void tagrecord_dmarc(const char *record, struct tag_result *out);

/* Does it claim to be one ("v=DMARC1")? Others under the same name are left out. */
bool tagrecord_is_dmarc(const char *record);

#endif
