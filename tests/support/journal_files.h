/* Journal files for tests, made by systemd-journal-remote(8) from numbered entries. */
#ifndef SUPPORT_JOURNAL_FILES_H
#define SUPPORT_JOURNAL_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"
#include "text.h"

#define JOURNAL_FILES_BASE_US UINT64_C(1700000000000000)

/* The program, or NULL where it is not installed. */
static inline const char *journal_files_program(void) {
    static const char *const paths[] = {"/lib/systemd/systemd-journal-remote",
                                        "/usr/lib/systemd/systemd-journal-remote"};

    for (size_t i = 0; i < 2; i++) {
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    }
    return NULL;
}

/* One entry in the export format, a millisecond after the one with the number before. `fields`:
 * "NAME=value\n" of all others. */
static inline void journal_files_entry(FILE *out, int number, const char *fields) {
    fprintf(out,
            "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n"
            "_BOOT_ID=0123456789abcdef0123456789abcdef\n"
            "_MACHINE_ID=fedcba98765432100123456789abcdef\n_HOSTNAME=relay\n%s\n",
            (unsigned long long)(JOURNAL_FILES_BASE_US + (uint64_t)number * 1000),
            (unsigned long long)(1000000 + (uint64_t)number * 1000), fields);
}

/* A line of smtp(8): "... #NUMBER." */
static inline void journal_files_line(FILE *out, int number) {
    char fields[300];

    text_format(fields, sizeof fields,
                "SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=postfix/smtp\nSYSLOG_PID=77\n"
                "MESSAGE=4A5B6C%06X: to=<a@b.example>, relay=none, delay=0, delays=0/0/0/0, "
                "dsn=2.0.0, status=sent (ok) #%d.\n",
                (unsigned)number, number);
    journal_files_entry(out, number, fields);
}

/* Adds the entries of the export file to the journal file, which is made where it is not there.
 * Returns 0, or -1. */
static inline int journal_files_add(const char *journal, const char *export) {
    const char *const argv[] = {journal_files_program(), "-o", journal, export, NULL};
    char said[4096];
    struct spawn job = {
        .argv = argv, .errors = said, .errors_size = sizeof said, .timeout_ms = 60 * 1000};
    struct fault why;

    return argv[0] != NULL && spawn_run(&job, &why) == 0 && job.status == 0 ? 0 : -1;
}

#endif
