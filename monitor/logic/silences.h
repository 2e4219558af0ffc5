/* Who asked for quiet about which alert, until when, and why. An alert under it still fires, counts
 * and is shown; nobody is called for it. When the time is over and it still fires, people are
 * called as if it had just begun. Fixed memory. Pure: `now_ms` is the wall clock. */
#ifndef LOGIC_SILENCES_H
#define LOGIC_SILENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "keptline.h"

enum { SILENCES_MOST = 32 };
#define SILENCES_ALL "all"
#define SILENCES_LONGEST_MS (30 * 86400 * (int64_t)1000)

struct silence {
    char id[48]; /* of the alert, or "all"; "": a free place */
    int64_t from_ms, until_ms;
    char who[64];
    char why[160];
};

struct silences {
    struct silence silence[SILENCES_MOST];
    bool changed;
};

/* One for this id replaces the one that there is. False: all places are taken. */
bool silences_add(struct silences *s, const struct silence *silence);

/* Takes the one for this id back. False: there is none. */
bool silences_remove(struct silences *s, const char *id);

/* Forgets those whose time is over. */
void silences_expire(struct silences *s, int64_t now_ms);

/* The one that this alert is under now, the longest; NULL: none. */
const struct silence *silences_find(const struct silences *s, const char *id, int64_t now_ms);

void silences_shift(struct silences *s, int64_t by_ms);

/* As lines of a state file. */
void silences_print(const struct silences *s, struct keptout *out);
bool silences_take(struct silences *s, struct span line);

#endif
