/* Replaceable side data of the store: named texts, absolute, of which only the newest counts. Knows
 * which of them still have to be sent. Not a queue: memory is bounded by the number of names. Owned
 * by one store. */
#ifndef LOGIC_SIDEDATA_H
#define LOGIC_SIDEDATA_H

#include <stdbool.h>
#include <stddef.h>

enum { SIDEDATA_FIELDS = 256, SIDEDATA_TEXT_BYTES = 16384 };

struct sidedata_field {
    char *name;
    char *text;     /* NULL: to be removed */
    bool waits;     /* not yet sent as it is now */
    bool in_flight; /* sent, not yet answered */
};

struct sidedata {
    size_t count;
    struct sidedata_field field[SIDEDATA_FIELDS];
};

void sidedata_clear(struct sidedata *side);

/* Sets a field, or with NULL has it removed once. Returns false when the table is full or a text is
 * longer than SIDEDATA_TEXT_BYTES: nothing changes then. */
bool sidedata_set(struct sidedata *side, const char *name, const char *text);

/* Fills `out` with up to SIDEDATA_FIELDS fields that wait, either those to set or those to remove,
 * and takes them as in flight. Returns their number. The pointers hold until the next call. */
size_t sidedata_take(struct sidedata *side, bool removals, const struct sidedata_field **out);

/* What was in flight has arrived: done removals are forgotten. */
void sidedata_arrived(struct sidedata *side);

/* Has all of it arrived? */
bool sidedata_settled(const struct sidedata *side);

/* The connection or the whole store is new: everything that is set waits again, and what was in
 * flight. */
void sidedata_again(struct sidedata *side);

#endif
