/* The file that follows the ledger's open entries, so that a new life finds them as they were at
 * the step of the totals that it begins with (logic/ledger.h). Two files, ledger.a and ledger.b in
 * relaywatchd's own folder, used in turn: one begins with all entries and goes on with what
 * changed.
 *
 * Order is what makes it exact when the process is killed: ledgerfile_commit before the totals are
 * published or saved, so the file is never behind them. And when the power fails: ledgerfile_sync
 * before the totals are saved; totals in Redis may be ahead by what was written since. The other
 * file, from before the last ledgerfile_renew, is what totals that were saved before that need:
 * renew again only after totals were saved since.
 *
 * Without a disk that takes it all goes on, and a restart finds less (ledger_settle). Blocks on the
 * disk: commit writes, renew and sync also wait for it. */
#ifndef EDGE_LEDGERFILE_H
#define EDGE_LEDGERFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "ledger.h"

struct ledgerfile;

/* `lineage`: of the totals. Files of another one are nothing to us. */
struct ledgerfile *ledgerfile_new(const char *folder, const char *lineage);
void ledgerfile_free(struct ledgerfile **file);

enum ledgerfile_found {
    LEDGERFILE_EXACT, /* the entries of the totals' step, or there are none to be had */
    LEDGERFILE_OLDER, /* those of an earlier step: some of what came after it is not known */
    LEDGERFILE_NONE,
};

/* At the beginning, after ledger_restore: brings the entries back, settles the ledger and begins a
 * file. */
enum ledgerfile_found ledgerfile_load(struct ledgerfile *file, struct ledger *ledger,
                                      int64_t now_ms);

/* What changed in the ledger is a step of its own now, and written. -1 when it could not be: told
 * once, until it works again after a ledgerfile_renew. */
MUSTCHECK int ledgerfile_commit(struct ledgerfile *file, struct ledger *ledger, struct fault *why);

/* Is it time for a new file: this one is long, or could not be written? */
bool ledgerfile_is_due(const struct ledgerfile *file);

/* Begins the other file with all entries. Right after a ledgerfile_commit. */
MUSTCHECK int ledgerfile_renew(struct ledgerfile *file, struct ledger *ledger, struct fault *why);

/* Makes durable what was written. */
MUSTCHECK int ledgerfile_sync(struct ledgerfile *file, struct fault *why);

#endif
