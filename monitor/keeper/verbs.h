/* What relaywatch-keeper does for each verb. Each fills one reply; all block. What is fixed on the
 * command line comes in struct keeper; nothing comes from the peer but the verb. */
#ifndef KEEPER_VERBS_H
#define KEEPER_VERBS_H

#include "keeperq.h"

struct keeper {
    const char *config_dir; /* of Postfix */
    const char *state_dir;  /* root's, 0700: lock, cache */
    const char *allow;      /* relaywatchd's user */
    const char *probe;      /* absolute path of relaywatch-probe */
    const char *probe_user; /* who runs it */
};

/* Returns what follows from the byte `verb`; an unknown one gets KEEPER_NOT_ALLOWED. */
void verbs_run(const struct keeper *keeper, unsigned char verb, struct keeper_reply *reply);

#endif
