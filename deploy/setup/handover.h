/* While a backup takes the place of what is there, file by file, Postfix may start a process at any
 * moment, and a kill or a power cut may leave it so. Whatever main.cf it finds then, the password
 * map must have a login for its relay. */
#ifndef SETUP_HANDOVER_H
#define SETUP_HANDOVER_H

#include <stdbool.h>

#include "cred.h"

enum handover {
    HANDOVER_MAP_FIRST,     /* the map to come knows all that the live one knows */
    HANDOVER_MAIN_CF_FIRST, /* the live one knows all that the one to come knows */
    HANDOVER_BOTH           /* each knows what the other does not: meanwhile, one that knows both */
};

/* Pure. */
enum handover handover_way(const struct cred_file *live, const struct cred_file *next);

/* The text of the map to come, and behind it what the live one alone knows; to be wiped and freed.
 * Pure. */
char *handover_both(struct span next_text, const struct cred_file *live,
                    const struct cred_file *next);

/* Is main.cf to go before the other files, when this backup is restored? Where neither order keeps
 * a login, a map that knows both is put in place first, if it can be. Blocks (postconf, postmap).
 */
bool handover_main_cf_first(const char *config_dir, const char *store, const char *name);

#endif
