/* What relaywatch-keeper does for each verb. Each fills one reply; all block. Runs without
 * privileges: what needs root is asked of keeper->hands. Nothing comes from the peer but the verb
 * and, with SET from root, a secret. */
#ifndef PROCEDURE_VERBS_H
#define PROCEDURE_VERBS_H

#include <stdbool.h>

#include "hands.h"
#include "keeperq.h"

struct keeper {
    struct hands *hands; /* what root does for us, and what the command line says */
    unsigned char verb;  /* what was asked; 0: by nobody who may */
    bool person;         /* the peer is root: a person or a script of theirs, not relaywatchd */
    int secret_fd;       /* the memfd of SET; -1: none */
};

/* Returns what follows from the verb; an unknown one gets KEEPER_NOT_ALLOWED. */
void verbs_run(const struct keeper *keeper, struct keeper_reply *reply);

/* The same for wire_serve: keeper is a struct keeper, reply a struct keeper_reply. */
void verbs_answer(struct hands *hands, void *keeper, void *reply);

#endif
