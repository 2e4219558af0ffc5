/* What relaywatch-keeper does for each verb. Each fills one reply; all block. What is fixed on the
 * command line comes in struct keeper; nothing comes from the peer but the verb and, with SET from
 * root, a secret. */
#ifndef KEEPER_VERBS_H
#define KEEPER_VERBS_H

#include <stdbool.h>

#include "keeperq.h"

struct keeper {
    const char *config_dir; /* of Postfix */
    const char *state_dir;  /* root's, 0700: lock, cache */
    const char *allow;      /* relaywatchd's user */
    const char *probe;      /* absolute path of relaywatch-probe */
    const char *probe_user; /* who runs it */
    const char *source;     /* a secret manager's file; NULL: none */
    const char *drop;       /* folder where somebody puts new secrets; NULL: none */
    bool person;            /* the peer is root: a person or a script of theirs, not relaywatchd */
    int secret_fd;          /* the memfd of SET; -1: none */
    int probe_limit_ms;     /* for one try; 0: 30 s */
};

/* Returns what follows from the byte `verb`; an unknown one gets KEEPER_NOT_ALLOWED. */
void verbs_run(const struct keeper *keeper, unsigned char verb, struct keeper_reply *reply);

#endif
