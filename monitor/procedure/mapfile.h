/* The password map as a whole: what the operator's text says, what the live map answers, and a new
 * one that is built and asked before it goes live. Its files are in root's hands (mapstore.h).
 * Blocks (postmap). Every buffer with secrets in it belongs to struct mapfile and is wiped by
 * mapfile_close. */
#ifndef PROCEDURE_MAPFILE_H
#define PROCEDURE_MAPFILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "cred.h"
#include "facts.h"
#include "fault.h"
#include "hands.h"

struct mapfile {
    struct hands *hands; /* NULL: not open */
    const char *path;    /* of the source */
    const char *suffix;  /* of the index; "": there is none (texthash) */
    struct stat st;      /* of the source as it was read */
    bool linked;         /* the source is reached by a symbolic link */
    char *text;          /* the source, text_n bytes; CRED_FILE_MAX + 1 of room */
    size_t text_n;
    char *answer; /* of postmap */
    size_t answer_n;
    char errors[512]; /* likewise */
};

/* Opens what facts name (mapstore_open). On -1 (`why` says what the operator should mend)
 * mapfile_close is still due; so is hands_end of hands that work in place. */
MUSTCHECK int mapfile_open(struct mapfile *map, struct hands *hands, const struct facts *facts,
                           struct fault *why);
/* Reads the source, which must be a regular file, root's, with one name, readable for nobody else
 * and at most CRED_FILE_MAX bytes; a symbolic link to it must be root's, too. */
MUSTCHECK int mapfile_read(struct mapfile *map, struct fault *why);
void mapfile_close(struct mapfile *map);

/* The live map's value of key, into `out` (wiped by the caller). False: no such key, or no map. */
MUSTCHECK bool mapfile_live_value(struct mapfile *map, const char *key, char *out, size_t size);

/* How many entries of `file` the live map answers otherwise, and which (`differs` has room for
 * CRED_MAX). An entry that is only in the map counts too. No map, or one that cannot be read: all
 * differ. */
MUSTCHECK int mapfile_compare(struct mapfile *map, const struct cred_file *file, bool *differs,
                              uint32_t *changed_out, struct fault *why);

/* What the live map says, as lines of a sasl_passwd, into out (CRED_FILE_MAX + 1 bytes; wiped by
 * the caller). False: there is no map, or nothing in it. */
MUSTCHECK bool mapfile_list(struct mapfile *map, const struct cred_file *file, char *out,
                            size_t *n_out);

/* Is the index older than the source? */
bool mapfile_is_old(struct mapfile *map);
/* Is the source still the file that was read? */
bool mapfile_source_same(struct mapfile *map);

/* Builds the map of this text, which was parsed as `file`, beside the live one and lets postmap
 * answer every key from it. Nothing live changes. */
MUSTCHECK int mapfile_stage(struct mapfile *map, struct span text, const struct cred_file *file,
                            struct fault *why);
/* Makes the staged map the live one: a single rename, made durable. `source_too`: the text becomes
 * the source before that. */
MUSTCHECK int mapfile_commit(struct mapfile *map, bool source_too, struct fault *why);
/* Removes what a stage left, of this run or of one that was killed. */
void mapfile_unstage(struct mapfile *map);

#endif
