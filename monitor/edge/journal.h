/* Follows the systemd journal and hands over each entry of the mail log exactly once, as a line,
 * also across restarts from any position that journal_position gave. Runs on the loop and never
 * blocks it: one turn reads for about 10 ms. The same calls as tail.h has for files.
 *
 * journald tells its readers of new entries up to 250 ms late: while entries come the journal is
 * looked at every 5 ms all the same, else once a second.
 *
 * The place in the journal is kept as a cursor and hashes of the last entries (logic/journalpos.h).
 * It is noted every few entries; after an error, or when files were added that may hold entries
 * from before the last one, reading goes on from the last noted one, and what is known by its hash
 * is passed over: that also finds the entry that journald writes twice at a rotation. When entries
 * behind the place are gone (vacuumed) that is told as a gap. */
#ifndef EDGE_JOURNAL_H
#define EDGE_JOURNAL_H

#include "tail.h"

struct journal;

/* `folder`: "" for this machine's journal. `key` and `name` (for messages) are copied. on_stamp is
 * not needed. Events are those of tail.h but for those of files, and "lines_suppressed": journald
 * threw lines of Postfix away, as they came too fast; `detail` begins with their number. */
struct journal *journal_new(struct loop *loop, const char *folder, const char *name,
                            const struct hash_key *key, const struct tail_calls *calls);
void journal_free(struct journal **journal);

/* Begins, once: at `position` (of journal_position in an earlier life), or, where that is none, at
 * the beginning or end of the journal. What a journal holds that is not there yet is new. */
void journal_start(struct journal *journal, const char *position, bool from_beginning);

/* The position after the last line handed over; JOURNALPOS_TEXT bytes suffice. */
void journal_position(struct journal *journal, char *out, size_t size);

/* `offset` is the time of the last entry in microseconds since 1970, `size` and `lag_bytes` are
 * what is left: 0 at the end of the journal, else 1. */
void journal_figures(const struct journal *journal, struct tail_figures *out);

#endif
