/* sasl_passwd, the text file from which Postfix takes its login at the relay, read strictly: what
 * postmap would skip, join or take as part of the password is a problem with a line number here.
 * What is accepted, postmap reads as exactly the same keys and values (Postfix util/readlline.c,
 * postmap/postmap.c). Pure; spans point into the caller's text, which holds secrets: the caller
 * wipes it. */
#ifndef MODEL_CRED_H
#define MODEL_CRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum {
    CRED_FILE_MAX = 65536, /* bytes */
    CRED_MAX = 1024,       /* entries */
    CRED_KEY_MAX = 255,
    CRED_USER_MAX = 255,
    CRED_SECRET_MAX = 511,
    CRED_PROBLEMS_MAX = 8, /* told; all are counted */
};

struct cred {
    struct span key;    /* host, [host]:port or sender address */
    struct span value;  /* user:secret */
    struct span user;   /* before the first colon */
    struct span secret; /* after it; may hold colons */
    uint32_t line;      /* from 1 */
};

struct cred_problem {
    uint32_t line;    /* 0: of the file as a whole */
    const char *what; /* constant text: never a part of the file */
};

struct cred_file {
    uint32_t count;
    uint32_t problem_count; /* may be more than are in problems[] */
    struct cred entries[CRED_MAX];
    struct cred_problem problems[CRED_PROBLEMS_MAX];
};

/* Reads the whole text. Returns true when there is no problem. No entry at all is a problem. */
bool cred_parse(struct span text, struct cred_file *out);

/* The entry with this key, or NULL. Without regard to case, as Postfix's maps. */
const struct cred *cred_find(const struct cred_file *file, struct span key);

/* The entry that smtp(8) would use: the bare host name, then the nexthop as it stands in relayhost
 * (Postfix smtp/smtp_sasl_glue.c, smtp_sasl_passwd_lookup). NULL: it would not log in. */
const struct cred *cred_lookup(const struct cred_file *file, const char *host, const char *nexthop);

/* Splits a map's value at the first colon. False without colon, user or secret. */
bool cred_split(struct span value, struct span *user_out, struct span *secret_out);

#endif
