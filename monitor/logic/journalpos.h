/* The position of a reader in the systemd journal: the cursor of an entry, its time, and hashes of
 * the last entries of Postfix up to it. The hashes are what tells an entry that comes again:
 * journald may write the last entry of a file also as the first of the next one, with another
 * number, so with another cursor (systemd#29016), and after an error the reader goes back a little.
 * Pure: the journal is read by edge/journal.c.
 *
 * Text:  v1;j;MICROSECONDS;COUNT:HASHES;CURSOR  with 12 hexadecimal digits a hash, oldest first. */
#ifndef LOGIC_JOURNALPOS_H
#define LOGIC_JOURNALPOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "text.h"

enum {
    JOURNALPOS_RING = 64,
    JOURNALPOS_CURSOR = 256, /* with its NUL; libsystemd's have up to 150 bytes */
    JOURNALPOS_TEXT = 40 + 12 * JOURNALPOS_RING + JOURNALPOS_CURSOR, /* fits every position */
};

/* All zero: before everything. */
struct journalpos {
    uint64_t realtime_us;           /* of the entry at the cursor; without a cursor: what is before
                                       this time is not wanted */
    char cursor[JOURNALPOS_CURSOR]; /* as libsystemd gave it; "": none yet */
    uint32_t count;
    uint32_t oldest;
    uint64_t hash[JOURNALPOS_RING]; /* 48 bits each; [oldest] is the oldest once all are in use */
};

/* Is the entry with this hash one of the last? */
bool journalpos_knows(const struct journalpos *position, uint64_t hash);
/* This entry was handed over. */
void journalpos_note(struct journalpos *position, uint64_t hash);

/* False, with the cursor as it was, for a cursor that cannot stand in a position. */
MUSTCHECK bool journalpos_set_cursor(struct journalpos *position, const char *cursor,
                                     uint64_t realtime_us);

void journalpos_encode(const struct journalpos *position, char out[JOURNALPOS_TEXT]);
/* False, and *out untouched, if the text is no position: strict, what it accepts encodes to the
 * same text. */
MUSTCHECK bool journalpos_decode(struct span text, struct journalpos *out);

/* The sequence that a cursor belongs to and the number of its entry there: numbers of one sequence
 * only grow, through all files of one journald and in all copies of them. False: the cursor does
 * not tell. *id_out points into the cursor. */
bool journalpos_sequence(const char *cursor, struct span *id_out, uint64_t *number_out);

#endif
