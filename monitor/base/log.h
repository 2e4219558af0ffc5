/* Our own log: one line a fact on stderr, "<n>" level prefix for the journal when stderr is one
 * (JOURNAL_STREAM set), else time, program and level for people. Never syslog's mail facility: the
 * daemon reads that very log. Safe from any thread (one write(2) a line). May block on a full pipe.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* `program` must live as long as the process. Lines above `most` are not printed. */
void log_open(const char *program, enum log_level most);

/* "module: what happened: why". error: a human must act; warn: degraded by itself; info: a change
 * of state; debug: off by default. */
void log_error(const char *module, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *module, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_info(const char *module, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *module, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Start-up cannot succeed: prints the line and ends the process with `status` (sysexits.h). Only
 * main files call it, before their loop runs. */
_Noreturn void die(int status, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
