/* The files of a plan as they are now, read whole. Blocks. Holds secrets: present_free wipes. */
#ifndef SETUP_PRESENT_H
#define SETUP_PRESENT_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "machine.h"
#include "plan.h"

struct present {
    char *text[PLAN_FILES];
    bool index_current;
    bool index_exists;
    bool loose; /* the password file or its index can be read by others */
};

/* -1: a file is there and cannot be read, or is not one that can be edited. */
MUSTCHECK int present_read(const struct machine *m, const char *config_dir, const char *conf_path,
                           const char *receivers_path, struct present *out, struct fault *why);
void present_free(struct present *present);

/* A whole text file of at most 1 MiB, to be freed. NULL with an empty `why`: not there. */
char *present_file(const char *path, struct fault *why);

/* What the index of a password map is called behind its name; "" for texthash. */
const char *present_suffix(const char *map_type);

#endif
