/* Backups of the configuration: Postfix's folder and relaywatch's, passwords and all, below a
 * folder of root's. A backup is a folder with a `manifest` and numbered files, there whole or not
 * at all. Blocks. */
#ifndef SETUP_BACKUP_H
#define SETUP_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fault.h"

enum { BACKUP_NAME = 32, BACKUP_HASH = 33 };

struct backup_entry {
    char kind; /* 'f' file, 'l' symbolic link, 'd' folder */
    unsigned mode, uid, gid, number;
    long long seconds;
    long nanoseconds;
    char hash[BACKUP_HASH]; /* of its bytes, in hexadecimal digits */
    char path[512];
};

/* One line of a manifest, without newline. False: not one. Pure. */
bool backup_parse(const char *line, struct backup_entry *out);

/* Copies these folders with all below them. `name_out` (BACKUP_NAME) is what it is called. */
MUSTCHECK int backup_make(const char *store, const char *const *folders, char *name_out,
                          struct fault *why);

/* A line each, oldest first; returns how many. */
int backup_list(const char *store, FILE *out);

/* Keeps the newest `keep`; returns how many were removed, -1: one could not be. */
int backup_prune(const char *store, unsigned keep, struct fault *why);

/* Is it there as it was made, every byte of it? */
MUSTCHECK int backup_check(const char *store, const char *name, struct fault *why);

/* Every file of it, if backup_check says so, is put in place as it was: those that are not there
 * now come first, then the others, main.cf first or last of these. A file that came after it stays.
 */
MUSTCHECK int backup_restore(const char *store, const char *name, bool main_cf_first,
                             struct fault *why);

/* What it has of this file, to be wiped and freed; NULL: nothing. */
char *backup_text(const char *store, const char *name, const char *path, size_t *size_out);

/* Is it the name of a backup that is there? */
bool backup_exists(const char *store, const char *name);

#endif
