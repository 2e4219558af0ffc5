/* The two files behind smtp_sasl_password_maps: the text that the operator edits (the source) and
 * the index that smtp(8) reads (the map). The map is never written in place: it is built in a
 * private folder beside it and renamed over, so that at each moment a complete old or a complete
 * new one is live. Blocks (postmap). */
#ifndef KEEPER_MAPSTORE_H
#define KEEPER_MAPSTORE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

enum { MAPSTORE_TEXT_MAX = 65536 };

/* The folder beside a map in which its next one is built; there only while that lasts. */
extern const char mapstore_stage_name[];

struct mapstore {
    const char *config_dir;
    char type[16];
    char path[256];     /* of the source */
    const char *name;   /* its last part */
    const char *suffix; /* of the index; "": there is none (texthash) */
    int folder;         /* that holds both; -1: not open */
};

/* ".db", ".lmdb", ".cdb", "" for texthash; NULL for a type that is not known. */
const char *mapstore_suffix(const char *type);

/* Opens the folder of both of "type:/path" (safepath_folder). */
MUSTCHECK int mapstore_open(struct mapstore *map, const char *config_dir, const char *spec,
                            struct fault *why);
void mapstore_close(struct mapstore *map);

/* 0: there is no index, 1: there is one, 2: it is older than the text, of which Postfix warns
 * (src/util/dict_db.c). */
int mapstore_index(const struct mapstore *map);

#define MAPSTORE_POSTMAP "/usr/sbin/postmap"

/* "type:/path" of the live map or the staged one, for postmap(1). */
MUSTCHECK int mapstore_table(const struct mapstore *map, bool staged, char *out, size_t size,
                             struct fault *why);

/* Builds the map of this text beside the live one. Nothing live changes. */
MUSTCHECK int mapstore_stage(const struct mapstore *map, const void *text, size_t n,
                             struct fault *why);
/* Makes the staged map the live one: a single rename, made durable. `source_too`: the text becomes
 * the source before that. */
MUSTCHECK int mapstore_commit(const struct mapstore *map, bool source_too, struct fault *why);
/* Removes what a stage left, of this run or of one that was killed. */
void mapstore_unstage(const struct mapstore *map);

#endif
