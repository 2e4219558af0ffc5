/* What relaywatchd must not forget of its alerts, in two files of state_dir, each replaced as a
 * whole and with a checksum: `alerts` (what waits, fires, was told; silences), written at each
 * change, and `deliveries` (failures by minute, recipients by sender and hour), once a minute. A
 * damaged file is told of and left out. Blocks on these files only. */
#ifndef DAEMON_ALERTKEEP_H
#define DAEMON_ALERTKEEP_H

#include <stdbool.h>

#include "text.h"

struct daemon;

enum { ALERTKEEP_BYTES = 512 * 1024 };

/* Goes on from the files of the life before. */
void alertkeep_load(struct daemon *d);

/* Writes what changed: NOW at once, as somebody is told of it next; SOON at most once a second;
 * ALL, at the end, also what is written now and then only. */
enum alertkeep_when { ALERTKEEP_SOON, ALERTKEEP_NOW, ALERTKEEP_ALL };
void alertkeep_save(struct daemon *d, enum alertkeep_when when);

/* Takes the text of `alerts`; false when it is damaged, then nothing is taken. For the fuzzer. */
bool alertkeep_parse(struct daemon *d, struct span text, int64_t now_ms);

#endif
