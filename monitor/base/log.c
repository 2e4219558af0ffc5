/* See log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *program_name = "relaywatch";
static enum log_level most_level = LOG_LEVEL_INFO;
static int for_journal;

void log_open(const char *program, enum log_level most) {
    program_name = program;
    most_level = most;
    for_journal = getenv("JOURNAL_STREAM") != NULL;
}

static void put_line(enum log_level level, const char *module, const char *fmt, va_list args)
    PRINTF_LIKE(3, 0);

static void put_line(enum log_level level, const char *module, const char *fmt, va_list args) {
    static const char *const words[] = {"error", "warning", "info", "debug"};
    static const char journal_digits[] = "3467";
    char line[1024];
    size_t n;

    if (level > most_level)
        return;
    if (for_journal) {
        n = (size_t)snprintf(line, sizeof line, "<%c>", journal_digits[level]);
    } else {
        time_t now = time(NULL);
        struct tm tm;

        localtime_r(&now, &tm);
        n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S%z ", &tm);
        n += (size_t)snprintf(line + n, sizeof line - n, "%s[%ld] %s: ", program_name,
                              (long)getpid(), words[level]);
    }
    if (module != NULL)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s: ", module);
    n += (size_t)vsnprintf(line + n, sizeof line - n, fmt, args);
    if (n > sizeof line - 2)
        n = sizeof line - 2;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    }
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, n) == -1)
        return; /* nobody is left to tell */
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *module, const char *fmt, ...) {                                          \
        va_list args;                                                                              \
                                                                                                   \
        va_start(args, fmt);                                                                       \
        put_line(level, module, fmt, args);                                                        \
        va_end(args);                                                                              \
    }

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void die(int status, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    put_line(LOG_LEVEL_ERROR, NULL, fmt, args);
    va_end(args);
    exit(status);
}
