/* What a question of the doctor is about: handed to each of jobs.h's processes. It holds a secret:
 * the caller wipes it. */
#ifndef DOCTOR_QUESTION_H
#define DOCTOR_QUESTION_H

#include "condition.h"

struct question {
    struct condition *seen;
    const char *programs; /* the folder of ours */
    const char *secret;   /* what the live map says for the relay; NULL: no login is to be sent */
};

#endif
