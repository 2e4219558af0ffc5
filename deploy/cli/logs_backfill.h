/* `relaywatch logs --backfill`, a part of the command logs: hands old logs to relaywatchd, which
 * counts them, and says what came of each. Blocks until it is done. */
#ifndef CLI_LOGS_BACKFILL_H
#define CLI_LOGS_BACKFILL_H

/* `names`: files, "-", journals. Returns the exit status. */
int logs_backfill(int count, char **names, const char *conf_path);

#endif
