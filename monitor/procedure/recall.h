/* What the keeper must remember from one start to the next, in one small file of its state folder,
 * replaced whole and made durable: how far a change got, which logins the smarthost has refused (as
 * keyed hashes, never themselves), what of a credential source was taken. And beside it, while it
 * may be wanted again, the login of before the last change. Blocks on the disk only. */
#ifndef PROCEDURE_RECALL_H
#define PROCEDURE_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "hands.h"
#include "hash.h"
#include "text.h"

enum { RECALL_REFUSED_MOST = 64, RECALL_KNOWN_MOST = 128 };

struct recall_refused {
    struct hash128 login; /* of host and user:password */
    int64_t at_ms;        /* the last time */
    bool in_production;   /* logged in when probed, and was refused later */
};

/* For `credentials show`. */
struct recall_known {
    struct hash128 login;
    int64_t since_ms;    /* in the live map; 0: from before our time */
    int64_t verified_ms; /* it logged in; 0: not yet */
};

struct recall {
    uint64_t serial;     /* changes that were put in place */
    int64_t applied_ms;  /* the last of them, wall clock */
    uint64_t origin;     /* enum keeper_origin of it */
    bool committing;     /* the renames of the next one have perhaps begun */
    bool wrote_source;   /* it replaced sasl_passwd, too, by what hashes to `written` */
    int64_t reloaded_ms; /* of the last reload */
    bool reload_owed;
    bool flush_owed;         /* a flush just after a reload may be lost on the old qmgr(8) */
    int64_t live_refused_ms; /* the smarthost refused the live login; 0: not since it last worked */
    bool held;               /* defer_transports is ours */
    char defer_transports[256]; /* what it was before */
    struct hash128 written;
    struct hash128 taken; /* of the credential source */
    struct hash_key key;
    unsigned refused_count;
    struct recall_refused refused[RECALL_REFUSED_MOST]; /* the oldest first */
    unsigned known_count;
    struct recall_known known[RECALL_KNOWN_MOST]; /* likewise */
};

/* Reads it; one that is not there, or damaged, is a new one with a key of its own. */
MUSTCHECK int recall_load(struct hands *hands, struct recall *out, struct fault *why);
MUSTCHECK int recall_save(struct hands *hands, const struct recall *recall, struct fault *why);

/* recall_load's and recall_save's text. Pure. */
size_t recall_print(const struct recall *recall, char *out, size_t size);
bool recall_parse(struct span text, struct recall *out);

struct hash128 recall_login(const struct recall *recall, const char *host, struct span login);
const struct recall_refused *recall_find(const struct recall *recall, struct hash128 login);
void recall_refuse(struct recall *recall, struct hash128 login, bool in_production, int64_t now_ms);
void recall_forgive(struct recall *recall, struct hash128 login);

/* Notes of a login when it was put in place, or logged in; 0: leaves that as it is. */
void recall_note(struct recall *recall, struct hash128 login, int64_t since_ms,
                 int64_t verified_ms);
/* NULL: nothing is known of it. */
const struct recall_known *recall_known(const struct recall *recall, struct hash128 login);

/* The text that the map had before the last change: kept, read (size + 1 bytes of room), forgotten.
 */
MUSTCHECK int recall_keep_previous(struct hands *hands, struct span text, struct fault *why);
ptrdiff_t recall_read_previous(struct hands *hands, char *out, size_t size);
bool recall_has_previous(struct hands *hands);
void recall_drop_previous(struct hands *hands);

#endif
