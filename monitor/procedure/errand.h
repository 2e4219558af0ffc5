/* How what decides has root's hands do a deed (keeper/hands.h): through the wire of the part
 * without privileges, or in place where the program is root itself. Blocks until it is done. */
#ifndef PROCEDURE_ERRAND_H
#define PROCEDURE_ERRAND_H

#include <stddef.h>
#include <sys/stat.h>

#include "fault.h"
#include "hands.h"
#include "text.h"

struct errand {
    enum hand hand;
    uint32_t which;
    const char *name; /* NULL: none */
    const char *text; /* that goes with it, n bytes; NULL: none */
    size_t n;
    char *out; /* for what comes back, at most room - 1 bytes; NULL: nothing is wanted */
    size_t room;
    /* results */
    struct hand_answer answer;
    size_t got;     /* bytes in out */
    struct stat st; /* of the file, where one was read */
};

/* Returns the answer's result: 0, a program's exit status, or -1 with answer.why, also when more
 * came back than there is room for or nobody is there any more. */
int errand_run(struct hands *hands, struct errand *e);

/* The same for a deed with a name at most, from which nothing comes back. */
int errand_for(struct hands *hands, enum hand hand, uint32_t which, const char *name,
               struct fault *why);

/* A descriptor of the file, to be closed, or -1. */
int errand_open(struct hands *hands, enum hand_file file, const char *name, struct fault *why);

#endif
