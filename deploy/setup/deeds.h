/* What install has done to this machine, written ahead: before a file is touched the first time,
 * its bytes, owner, mode and times are kept here; before each write, what will be written. Every
 * record is on the disk before the deed. So after an interruption at any point the next run knows
 * what was there before and what is ours, and uninstall brings it back. The folder is root's alone:
 * the kept files hold secrets. Blocks. */
#ifndef SETUP_DEEDS_H
#define SETUP_DEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "fault.h"

enum { DEEDS_FILES = 24, DEEDS_WRITES = 16 };

struct deeds_file {
    char path[512];
    bool existed;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct timespec mtime;
    uint64_t wrote[DEEDS_WRITES][2]; /* hashes of what we wrote, the latest ones */
    unsigned wrote_count;
};

struct deeds {
    char folder[512];
    struct deeds_file file[DEEDS_FILES];
    int file_count;
    bool started;    /* Postfix was not running before us */
    bool units;      /* we enabled relaywatch's units */
    bool unfinished; /* the last run was cut off */
    bool exists;
    size_t good_bytes; /* of the journal's text; behind it is a torn record */
};

/* Takes the text apart. A torn last record is passed over; a damaged one is an error. Pure. */
MUSTCHECK int deeds_parse(const char *text, size_t size, struct deeds *out, struct fault *why);

/* Reads the journal of the folder; none is an empty one. */
MUSTCHECK int deeds_load(const char *folder, struct deeds *out, struct fault *why);

/* Keeps the file at `path` as it is now, unless it was kept already. Returns its number. */
MUSTCHECK int deeds_keep(struct deeds *j, const char *path, struct fault *why);
/* Notes that this text is about to be written to file `number`, and keeps the text. */
MUSTCHECK int deeds_wrote(struct deeds *j, int number, const char *text, size_t size,
                          struct fault *why);
enum deeds_kind { DEEDS_BEGIN, DEEDS_STARTED, DEEDS_UNITS, DEEDS_DONE };
MUSTCHECK int deeds_mark(struct deeds *j, enum deeds_kind mark, struct fault *why);

/* Is this text one that we wrote to file `number`? */
bool deeds_is_ours(const struct deeds *j, int number, const char *text, size_t size);

/* The bytes kept: of before, of our last write. To be wiped and freed; NULL and `why`: cannot be
 * read. */
char *deeds_before(const struct deeds *j, int number, size_t *size_out, struct fault *why);
char *deeds_ours(const struct deeds *j, int number, size_t *size_out, struct fault *why);

/* Forgets all: after uninstall. */
MUSTCHECK int deeds_forget(struct deeds *j, struct fault *why);

#endif
