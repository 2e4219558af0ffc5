/* See sdjournal.h. The only file that includes a header of libsystemd. There are no matches set:
 * sd_journal knows no wildcard for "postfix/...", and looking at two fields of each entry costs
 * less than alternatives for every daemon would. */
#include "sdjournal.h"

#ifdef HAVE_JOURNAL
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "xmem.h"
#include "journalline.h"

struct sdjournal {
    sd_journal *j;
    struct hash_key key;
    struct journalline line;
};

bool sdjournal_supported(void) {
    return true;
}

/* ---- open ---- */

struct sdjournal *sdjournal_open(const char *folder, const struct hash_key *key,
                                 struct fault *why) {
    struct sdjournal *journal = xcalloc(1, sizeof *journal);
    int r = folder[0] != '\0' ? sd_journal_open_directory(&journal->j, folder, 0)
                              : sd_journal_open(&journal->j, SD_JOURNAL_LOCAL_ONLY);

    journal->key = *key;
    if (r >= 0) {
        /* A little more, so that what is too long is seen to be. */
        (void)sd_journal_set_data_threshold(journal->j, JOURNALLINE_MESSAGE + 1024);
        return journal;
    }
    errno = -r;
    fault_errno(why, "%s", folder[0] != '\0' ? folder : "the journal");
    free(journal);
    return NULL;
}

void sdjournal_close(struct sdjournal **journal) {
    if (*journal == NULL)
        return;
    sd_journal_close((*journal)->j);
    free(*journal);
    *journal = NULL;
}

/* ---- memory ---- */

/* A line of /proc/self/maps, "BEGIN-END PERMS OFFSET DEVICE INODE PATH", of a journal file that is
 * mapped to be read and shared: nothing is lost, what is needed again comes from the page cache. */
static void forget_mapping(char *line) {
    char *end, *path = strchr(line, '/');
    uintptr_t from = (uintptr_t)strtoull(line, &end, 16), to;

    if (path == NULL || strstr(path, ".journal") == NULL || *end != '-')
        return;
    to = (uintptr_t)strtoull(end + 1, &end, 16);
    if (strncmp(end, " r--s ", 6) == 0 && to > from)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

void sdjournal_forget_pages(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[PATH_MAX + 128];

    if (maps == NULL)
        return;
    while (fgets(line, sizeof line, maps) != NULL)
        forget_mapping(line);
    fclose(maps);
}

/* ---- what can be read ---- */

struct look {
    unsigned files, readable;
    char refused[PATH_MAX];
};

static bool is_machine_folder(const struct dirent *entry) {
    return strlen(entry->d_name) >= 32 && strspn(entry->d_name, "0123456789abcdef") == 32;
}

static void look_into(struct look *look, const char *folder, bool below) {
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    if (dir == NULL && errno == EACCES)
        text_copy(look->refused, sizeof look->refused, folder);
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        size_t n = strlen(entry->d_name);
        char path[PATH_MAX];

        if (!text_format(path, sizeof path, "%s/%s", folder, entry->d_name))
            continue;
        if (n > 8 && strcmp(entry->d_name + n - 8, ".journal") == 0) {
            look->files++;
            if (access(path, R_OK) == 0)
                look->readable++;
            else if (errno == EACCES)
                text_copy(look->refused, sizeof look->refused, path);
        } else if (below && is_machine_folder(entry)) {
            look_into(look, path, false);
        }
    }
    closedir(dir);
}

enum sdjournal_access sdjournal_look(const char *folder, char *detail, size_t size) {
    struct look look = {.refused = ""};

    detail[0] = '\0';
    if (folder[0] != '\0') {
        look_into(&look, folder, true);
    } else {
        look_into(&look, "/var/log/journal", true);
        look_into(&look, "/run/log/journal", true);
    }
    if (look.readable > 0)
        return SDJOURNAL_READABLE;
    if (look.refused[0] != '\0') {
        text_format(detail, size, "%s: not ours to read: is our user in group systemd-journal?",
                    look.refused);
        return SDJOURNAL_FORBIDDEN;
    }
    text_format(detail, size, "no journal files in %s",
                folder[0] != '\0' ? folder : "/var/log/journal and /run/log/journal");
    return SDJOURNAL_NO_FILES;
}

/* ---- changes ---- */

int sdjournal_fd(struct sdjournal *journal) {
    int fd = sd_journal_get_fd(journal->j);

    return fd >= 0 ? fd : -1;
}

enum sdjournal_change sdjournal_process(struct sdjournal *journal) {
    switch (sd_journal_process(journal->j)) {
    case SD_JOURNAL_NOP:
        return SDJOURNAL_SAME;
    case SD_JOURNAL_APPEND:
        return SDJOURNAL_ADDED;
    case SD_JOURNAL_INVALIDATE:
        return SDJOURNAL_FILES;
    default:
        return SDJOURNAL_LOST;
    }
}

uint64_t sdjournal_begins(struct sdjournal *journal) {
    uint64_t from;

    return sd_journal_get_cutoff_realtime_usec(journal->j, &from, NULL) > 0 ? from : 0;
}

/* ---- places ---- */

int sdjournal_seek(struct sdjournal *journal, const char *cursor) {
    return sd_journal_seek_cursor(journal->j, cursor) < 0 ? -1 : 0;
}

void sdjournal_seek_time(struct sdjournal *journal, uint64_t realtime_us) {
    /* Both only note the place and cannot fail here. */
    if (realtime_us == 0)
        (void)sd_journal_seek_head(journal->j);
    else
        (void)sd_journal_seek_realtime_usec(journal->j, realtime_us);
}

bool sdjournal_seek_last(struct sdjournal *journal) {
    return sd_journal_seek_tail(journal->j) >= 0 && sd_journal_previous(journal->j) > 0;
}

bool sdjournal_cursor(struct sdjournal *journal, char *out, size_t size,
                      uint64_t *realtime_us_out) {
    char *cursor;
    bool fits;

    if (sd_journal_get_realtime_usec(journal->j, realtime_us_out) < 0 ||
        sd_journal_get_cursor(journal->j, &cursor) < 0)
        return false;
    fits = text_copy(out, size, cursor);
    free(cursor);
    return fits;
}

bool sdjournal_is_at(struct sdjournal *journal, const char *cursor) {
    return sd_journal_test_cursor(journal->j, cursor) > 0;
}

/* ---- entries ---- */

/* One field of the entry; false with *error_out where the entry cannot be read. */
static bool take_field(struct sdjournal *journal, const char *name, int *error_out) {
    const void *data;
    size_t size;
    int r = sd_journal_get_data(journal->j, name, &data, &size);

    if (r >= 0)
        journalline_take(&journal->line, (struct span){data, size});
    else if (r != -ENOENT && r != -E2BIG && r != -ENOBUFS && r != -EPROTONOSUPPORT)
        *error_out = -r;
    return r >= 0 || *error_out == 0;
}

static bool take_all_fields(struct sdjournal *journal, int *error_out) {
    const void *data;
    size_t size;
    int r;

    sd_journal_restart_data(journal->j);
    while ((r = sd_journal_enumerate_available_data(journal->j, &data, &size)) > 0)
        journalline_take(&journal->line, (struct span){data, size});
    *error_out = r < 0 ? -r : 0;
    return r == 0;
}

/* What stands in the journal: the line's form may change with our version. */
static bool hash_entry(struct sdjournal *journal, struct sdjournal_entry *out, int *error_out) {
    struct span message = journalline_message(&journal->line);
    struct {
        sd_id128_t boot;
        uint64_t monotonic_us, realtime_us, message;
    } all;
    int r = sd_journal_get_monotonic_usec(journal->j, &all.monotonic_us, &all.boot);

    if (r < 0 && r != -ESTALE) {
        *error_out = -r;
        return false;
    }
    all.realtime_us = out->realtime_us;
    all.message = hash_quick(&journal->key, message.p, message.n);
    out->hash = hash_quick(&journal->key, &all, sizeof all);
    return true;
}

static enum sdjournal_step read_entry(struct sdjournal *journal, struct sdjournal_entry *out) {
    struct journalline *line = &journal->line;
    bool speaks;
    int r = sd_journal_get_realtime_usec(journal->j, &out->realtime_us);

    journalline_begin(line);
    out->error = r < 0 ? -r : 0;
    if (r < 0 || !take_field(journal, "SYSLOG_IDENTIFIER", &out->error))
        return SDJOURNAL_DAMAGED;
    speaks = journalline_is_journald(line);
    if (!speaks && !journalline_is_mail(line)) {
        if (!take_field(journal, "SYSLOG_FACILITY", &out->error))
            return SDJOURNAL_DAMAGED;
        if (!journalline_is_mail(line))
            return SDJOURNAL_OTHER;
    }
    if (!take_all_fields(journal, &out->error) || !hash_entry(journal, out, &out->error))
        return SDJOURNAL_DAMAGED;
    out->suppressed = speaks ? journalline_suppressed(line) : 0;
    if (out->suppressed > 0)
        return SDJOURNAL_SUPPRESSED;
    if (line->is_too_long)
        return SDJOURNAL_LONG;
    if (!line->has_message || (speaks && !journalline_is_mail(line)))
        return SDJOURNAL_OTHER;
    out->line = journalline_make(line, out->realtime_us);
    return SDJOURNAL_LINE;
}

enum sdjournal_step sdjournal_next(struct sdjournal *journal, struct sdjournal_entry *out) {
    int r = sd_journal_next(journal->j);

    *out = (struct sdjournal_entry){.error = r < 0 ? -r : 0};
    if (r == 0)
        return SDJOURNAL_END;
    return r < 0 ? SDJOURNAL_FAILED : read_entry(journal, out);
}

#else /* without libsystemd nothing can be opened, so the rest is never called */

bool sdjournal_supported(void) {
    return false;
}

struct sdjournal *sdjournal_open(const char *folder, const struct hash_key *key,
                                 struct fault *why) {
    (void)folder;
    (void)key;
    fault_set(why, "%s", SDJOURNAL_UNSUPPORTED);
    return NULL;
}

void sdjournal_close(struct sdjournal **journal) {
    (void)journal;
}

enum sdjournal_access sdjournal_look(const char *folder, char *detail, size_t size) {
    (void)folder;
    text_copy(detail, size, SDJOURNAL_UNSUPPORTED);
    return SDJOURNAL_FORBIDDEN;
}

int sdjournal_fd(struct sdjournal *journal) {
    (void)journal;
    return -1;
}

enum sdjournal_change sdjournal_process(struct sdjournal *journal) {
    (void)journal;
    return SDJOURNAL_LOST;
}

uint64_t sdjournal_begins(struct sdjournal *journal) {
    (void)journal;
    return 0;
}

int sdjournal_seek(struct sdjournal *journal, const char *cursor) {
    (void)journal;
    (void)cursor;
    return -1;
}

void sdjournal_seek_time(struct sdjournal *journal, uint64_t realtime_us) {
    (void)journal;
    (void)realtime_us;
}

bool sdjournal_seek_last(struct sdjournal *journal) {
    (void)journal;
    return false;
}

enum sdjournal_step sdjournal_next(struct sdjournal *journal, struct sdjournal_entry *out) {
    (void)journal;
    *out = (struct sdjournal_entry){.error = 0};
    return SDJOURNAL_FAILED;
}

bool sdjournal_cursor(struct sdjournal *journal, char *out, size_t size,
                      uint64_t *realtime_us_out) {
    (void)journal;
    (void)size;
    (void)realtime_us_out;
    out[0] = '\0';
    return false;
}

bool sdjournal_is_at(struct sdjournal *journal, const char *cursor) {
    (void)journal;
    (void)cursor;
    return false;
}

void sdjournal_forget_pages(void) {
}
#endif
