/* See logread.h. */
#include "logread.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "linebuf.h"
#include "xmem.h"
#include "logfile.h"
#include "sdjournal.h"
#include "siblings.h"
#include "cli.h"

enum { CHUNK = 256 * 1024, LINE_MOST = 64 * 1024 };

struct reading {
    const struct logread *how;
    int64_t written_ms;
};

static int complain(const char *name, const char *what, int status) {
    fprintf(stderr, "relaywatch logs: %s: %s\n", name, what);
    if (status == EX_NOPERM)
        fputs("  Run it as root: sudo relaywatch logs ...\n", stderr);
    return status;
}

/* ---- where the log is ---- */

static bool is_there(const struct logsource *source) {
    char detail[160];

    if (source->is_journal)
        return sdjournal_look(logsource_path(source), detail, sizeof detail) != SDJOURNAL_NO_FILES;
    return access(source->name, F_OK) == 0 || errno != ENOENT;
}

int logread_find(const struct conf *conf, struct logsources *out) {
    static const char *const elsewhere[] = {"/var/log/mail.log", "/var/log/maillog", "journal"};
    int status = cli_parse_logs(conf, out);
    struct logsources other = {.count = 1};

    if (status != 0)
        return status;
    for (size_t i = 0; i < out->count; i++) {
        if (is_there(&out->item[i]))
            return 0;
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        text_copy(other.item[0].name, sizeof other.item[0].name, elsewhere[i]);
        other.item[0].is_journal = logsource_is_journal(elsewhere[i]);
        if (!is_there(&other.item[0]))
            continue;
        fprintf(stderr, "relaywatch logs: there is no %s, which mail_log names: reading %s\n",
                out->item[0].name, elsewhere[i]);
        *out = other;
        return 0;
    }
    return complain(out->item[0].name, "not there: name Postfix's log as mail_log", EXIT_FAILURE);
}

/* ---- files ---- */

static void on_line(struct span line, void *arg) {
    const struct reading *r = arg;

    r->how->on_line(line, r->written_ms, r->how->arg);
}

static int read_file(struct reading *r, struct logfile *file, const char *name) {
    struct linebuf lines = {.most = LINE_MOST, .on_line = on_line, .arg = r};
    char *chunk = xcalloc(1, CHUNK);
    uint64_t at = 0;
    ssize_t n;

    while ((n = logfile_read(file, chunk, CHUNK, at)) != 0) {
        if (n == -1 && errno == EAGAIN)
            continue;
        if (n == -1)
            break;
        linebuf_feed(&lines, chunk, (size_t)n);
        at += (uint64_t)n;
    }
    linebuf_end(&lines);
    free(chunk);
    return n == 0 ? 0 : complain(name, strerror(errno), EXIT_FAILURE);
}

static int64_t written_ms_of(const struct logfile_id *id) {
    return id->mtime_ns / 1000000;
}

static void tell(const struct logread *how, const char *folder, const char *name) {
    if (how->told && isatty(STDERR_FILENO))
        fprintf(stderr, "reading %s%s%s\n", folder, folder[0] != '\0' ? "/" : "", name);
}

static int read_rotated(struct reading *r, const char *path) {
    struct siblings siblings;
    struct fault why;
    int status = 0;

    if (siblings_list(path, &siblings, &why) == -1)
        return 0; /* what is wrong with the folder the file itself tells */
    for (size_t i = 0; i < siblings.count; i++) {
        struct logfile *file;

        r->written_ms = written_ms_of(&siblings.item[i].id);
        if (r->written_ms < r->how->since_ms)
            continue;
        tell(r->how, siblings.folder, siblings.item[i].name);
        file = siblings_open(&siblings, i, &why);
        if (file == NULL) {
            status = complain("a rotated log is left out", why.text, EXIT_FAILURE);
            continue;
        }
        if (read_file(r, file, siblings.item[i].name) != 0)
            status = EXIT_FAILURE;
        logfile_close(&file);
    }
    if (siblings.unknown > 0)
        complain(path, "rotated files that are not packed by gzip are left out", 0);
    siblings_clear(&siblings);
    return status;
}

static int read_log(struct reading *r, const char *path) {
    struct logfile_id id;
    struct logfile *file;
    char real[PATH_MAX];
    struct fault why;
    int status;

    status = read_rotated(r, realpath(path, real) != NULL ? real : path);
    if (r->how->rotated_only)
        return status;
    file = logfile_open(path, true, &why);
    if (file == NULL)
        return complain("mail_log", why.text, errno == EACCES ? EX_NOPERM : EXIT_FAILURE);
    tell(r->how, "", path);
    r->written_ms = logfile_id(file, &id) == 0 ? written_ms_of(&id) : clock_wall_ms();
    if (read_file(r, file, path) != 0)
        status = EXIT_FAILURE;
    logfile_close(&file);
    return status;
}

/* ---- the journal ---- */

static int read_journal(struct reading *r, const struct logsource *source) {
    const struct hash_key no_key = {{0, 0}};
    struct sdjournal_entry entry;
    enum sdjournal_step step;
    struct sdjournal *in;
    char detail[160];
    struct fault why;

    if (sdjournal_look(logsource_path(source), detail, sizeof detail) == SDJOURNAL_FORBIDDEN)
        return complain(source->name, detail, EX_NOPERM);
    in = sdjournal_open(logsource_path(source), &no_key, &why);
    if (in == NULL)
        return complain(source->name, why.text, EXIT_FAILURE);
    tell(r->how, "", source->name);
    sdjournal_seek_time(in, (uint64_t)r->how->since_ms * 1000);
    while ((step = sdjournal_next(in, &entry)) != SDJOURNAL_END && step != SDJOURNAL_FAILED) {
        r->written_ms = (int64_t)(entry.realtime_us / 1000);
        if (step == SDJOURNAL_LINE)
            on_line(entry.line, r);
    }
    sdjournal_close(&in);
    return step == SDJOURNAL_FAILED ? complain(source->name, strerror(entry.error), EXIT_FAILURE)
                                    : 0;
}

int logread_all(const struct logsources *sources, const struct logread *how) {
    struct reading r = {.how = how};
    int status = 0;

    for (size_t i = 0; i < sources->count; i++) {
        const struct logsource *source = &sources->item[i];
        int one = source->is_journal ? read_journal(&r, source) : read_log(&r, source->name);

        status = one != 0 ? one : status;
    }
    return status;
}
