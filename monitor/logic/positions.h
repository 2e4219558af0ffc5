/* The positions of all sources of one stream in one text, because one write publishes them with the
 * totals that include them all. Text: parts parted by a blank, each
 *     POSITION@NAME
 * POSITION as the source's own module writes it (position.h, journalpos.h), NAME as configured,
 * with %XX for what is not printable. A text without any '@' was written when there was one source
 * only: it is that one's position. Pure. */
#ifndef LOGIC_POSITIONS_H
#define LOGIC_POSITIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum { POSITIONS_NAME = 3 * 256 };

/* Takes the next part off the front of *rest. False at the end. `name_out` has POSITIONS_NAME bytes
 * and gets "" where the part has no name. */
bool positions_next(struct span *rest, struct span *position_out, char *name_out);

/* The position of this source, absent if there is none. */
struct span positions_find(struct span text, const char *name);

/* Adds a part behind those that `text` has. An empty position adds nothing. Returns false, with
 * `text` as it was, when it does not fit. */
bool positions_add(char *text, size_t size, const char *position, const char *name);

#endif
