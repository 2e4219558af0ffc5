/* What `relaywatch alerts test` and relaywatch-notify say to each other, as JSON in SEQPACKET
 * packets: the question {"version":1,"test":NAME}, and one answer for each step, or {"error"}.
 * Reports for relaywatchd may come between. Builds and reads only. */
#ifndef EDGE_TESTDOC_H
#define EDGE_TESTDOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TESTDOC_NAME = 48, TESTDOC_QUESTION_MOST = 256 };

struct testdoc_step {
    const char *name, *kind, *place; /* of the receiver */
    bool is_end;                     /* the end was told, not the beginning */
    bool taken, refused;             /* neither: it could not be reached, or not now */
    const char *text;                /* what it answered; no secret in it */
    int64_t took_ms;
    bool last; /* no other step follows */
};

/* free() them. */
char *testdoc_print_question(const char *name);
char *testdoc_print_step(const struct testdoc_step *step);
char *testdoc_print_error(const char *why);

/* false: it is no question. */
bool testdoc_read_question(const char *packet, size_t size, char name[TESTDOC_NAME]);

#endif
