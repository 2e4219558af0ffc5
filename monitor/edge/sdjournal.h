/* The systemd journal, entry by entry: what libsystemd's sd_journal gives (whose header
 * sdjournal.c alone includes), as lines of the mail log. Entries that do not belong there are
 * passed over. Never waits; a call takes the disk's own time. Built without libsystemd, opening
 * fails and says so. */
#ifndef EDGE_SDJOURNAL_H
#define EDGE_SDJOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "attr.h"
#include "fault.h"
#include "hash.h"
#include "text.h"

/* Whether this program can read a journal. */
bool sdjournal_supported(void);
#define SDJOURNAL_UNSUPPORTED                                                                      \
    "this relaywatch was built without libsystemd: install libsystemd-dev and build it again, or " \
    "name a file"

struct sdjournal;

/* `folder`: "" for this machine's journal. The key is for the hashes of entries. NULL with `why`.
 */
MUSTCHECK struct sdjournal *sdjournal_open(const char *folder, const struct hash_key *key,
                                           struct fault *why);
void sdjournal_close(struct sdjournal **journal);

/* libsystemd maps the files that it reads, and what was read stays resident: lets go of it. */
void sdjournal_forget_pages(void);

enum sdjournal_access { SDJOURNAL_READABLE, SDJOURNAL_NO_FILES, SDJOURNAL_FORBIDDEN };

/* libsystemd passes over files that it may not read as if they were not there: looks for itself.
 * `detail` says what is wrong. */
enum sdjournal_access sdjournal_look(const char *folder, char *detail, size_t size);

/* Becomes readable when entries or files were added; then call sdjournal_process. -1: cannot be
 * watched. */
int sdjournal_fd(struct sdjournal *journal);

enum sdjournal_change { SDJOURNAL_SAME, SDJOURNAL_ADDED, SDJOURNAL_FILES, SDJOURNAL_LOST };

/* Takes notice of files that came and went: only then are their entries seen. FILES: some did.
 * LOST: it failed, open it again. */
enum sdjournal_change sdjournal_process(struct sdjournal *journal);

/* The time of the oldest entry that is left, 0: there is none. */
uint64_t sdjournal_begins(struct sdjournal *journal);

/* Behind these places the next entry is looked for: at the cursor, or where it would be; at the
 * first entry not older than a time. -1: that is no cursor. */
MUSTCHECK int sdjournal_seek(struct sdjournal *journal, const char *cursor);
void sdjournal_seek_time(struct sdjournal *journal, uint64_t realtime_us);
/* The last entry of all becomes the current one. False: there is none. */
MUSTCHECK bool sdjournal_seek_last(struct sdjournal *journal);

enum sdjournal_step {
    SDJOURNAL_END,
    SDJOURNAL_LINE,       /* `line` of *out */
    SDJOURNAL_OTHER,      /* an entry that does not belong into the mail log */
    SDJOURNAL_SUPPRESSED, /* journald threw lines of Postfix away: `suppressed` of *out */
    SDJOURNAL_LONG,       /* a line that is too long */
    SDJOURNAL_DAMAGED,    /* an entry that cannot be read; the next call goes on behind it */
    SDJOURNAL_FAILED,     /* cannot go on; again the same until something is done about it */
};

struct sdjournal_entry {
    struct span line; /* lives until the next call */
    uint64_t suppressed;
    uint64_t realtime_us; /* when journald took it; known for each entry that can be read */
    uint64_t hash;        /* of its times and message: the same for the same entry written twice */
    int error;
};

/* Goes to the next entry. */
enum sdjournal_step sdjournal_next(struct sdjournal *journal, struct sdjournal_entry *out);

/* The cursor of the current entry; false if there is none. */
MUSTCHECK bool sdjournal_cursor(struct sdjournal *journal, char *out, size_t size,
                                uint64_t *realtime_us_out);
/* Is the current entry that of the cursor? */
bool sdjournal_is_at(struct sdjournal *journal, const char *cursor);

#endif
