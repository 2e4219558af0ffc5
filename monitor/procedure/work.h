/* One run of a verb that changes something: the lock, the recall, what main.cf says, and all texts
 * with secrets in them, wiped at its end. Private to apply.c, commit.c,
 * hold.c and prove.c. */
#ifndef PROCEDURE_WORK_H
#define PROCEDURE_WORK_H

#include <stdbool.h>

#include "cred.h"
#include "facts.h"
#include "recall.h"
#include "keeperq.h"
#include "mapfile.h"
#include "verbs.h"

struct work {
    const struct keeper *keeper;
    struct keeper_reply *reply;
    struct facts facts;
    struct mapfile map;
    struct recall recall;
    struct cred_file file;   /* of the operator's text */
    struct cred_file merged; /* of `text` */
    char text[CRED_FILE_MAX + 1];
    char content[CRED_FILE_MAX + 1];
    bool differs[CRED_MAX];
};

/* Takes the lock (one change at a time) and reads recall and main.cf. Goes on when the reply's
 * outcome is DONE; work_end is due either way. */
struct work *work_begin(const struct keeper *keeper, struct keeper_reply *reply);
/* The same without main.cf. */
struct work *work_begin_short(const struct keeper *keeper, struct keeper_reply *reply);
/* Puts what the recall knows into the reply, wipes, frees. The lock stays until the answer. */
void work_end(struct work *w);

/* What the recall knows of the live login. */
void work_tell(const struct work *w, struct keeper_credential *c);
void work_say(struct work *w, enum keeper_outcome outcome, const char *detail);
void work_save(struct work *w);

/* texthash: sasl_passwd is the map itself. */
bool work_is_text(const struct work *w);

#endif
