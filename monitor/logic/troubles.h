/* Lines of trouble, folded: one entry for each diagnosis, and for each kind of other warning, error
 * or failed delivery, with how often and when. Bounded; pure; nothing is allocated. */
#ifndef LOGIC_TROUBLES_H
#define LOGIC_TROUBLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailev.h"

enum {
    TROUBLES_OTHERS = 128,
    TROUBLES_MOST = DIAGNOSIS_COUNT + TROUBLES_OTHERS,
    TROUBLE_TEXT = 400
};

struct trouble {
    enum diagnosis diagnosis;
    uint64_t count;
    int64_t first_ms, last_ms; /* of the log's stamps; 0: not known */
    char outline[160];         /* of one without a diagnosis */
    char text[TROUBLE_TEXT];   /* the last line's message, printable, with its daemon */
};

struct troubles {
    size_t count;
    uint64_t left_out; /* lines of kinds for which there was no room */
    struct trouble item[TROUBLES_MOST];
};

/* Zero it before the first. Is this diagnosed line trouble? */
bool troubles_is_one(const struct mailev *ev);

/* Its entry, with the line counted; NULL when there is no room for another kind. */
struct trouble *troubles_note(struct troubles *all, const struct mailev *ev);

/* By the last time, oldest first. */
void troubles_sort(struct troubles *all);

#endif
