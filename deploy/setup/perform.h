/* Does what a plan says to the files, each deed noted in the journal before; and takes it back.
 * Blocks. */
#ifndef SETUP_PERFORM_H
#define SETUP_PERFORM_H

#include "fault.h"
#include "host.h"
#include "deeds.h"
#include "plan.h"

/* Writes the files of the plan in their order, and the index of the password map. After -1 all are
 * as before. The staged configuration of host_check_staged must be there: postmap reads it. */
MUSTCHECK int perform_files(struct deeds *j, const struct host *host, const struct plan *plan,
                            struct fault *why);

/* Takes back this run's writes. */
void perform_take_back(const struct host *host, const struct plan *plan);

/* Brings back every file as it was before the first install; what others changed since stays, and
 * is told on `told`. main.cf comes first, so that Postfix looks for nothing that is gone. */
MUSTCHECK int perform_undo(struct deeds *j, const char *config_dir, FILE *told, struct fault *why);

#endif
