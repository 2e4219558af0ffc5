/* See hands.h: the table of deeds is at the end. */
#include "hands.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "keeperq.h"
#include "log.h"
#include "maillog.h"
#include "postconf.h"
#include "safepath.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { PROGRAM_LIMIT_MS = 30000, POSTCONF_MOST = 2 * PATH_MAX };

/* One call on its way: what came in, what goes out. */
struct deed {
    struct hands *h;
    const struct hand_call *call;
    char *text; /* that came with it, n bytes; NULL: none */
    size_t n;
    struct hand_answer *answer;
    int *out;
};

struct hands hands_direct(const char *config_dir, const char *state_dir) {
    return (struct hands){
        .config_dir = config_dir, .state_dir = state_dir, .wire = -1, .lock = -1, .map.folder = -1};
}

void hands_end(struct hands *h) {
    if (h->stage != STAGE_NONE)
        mapstore_unstage(&h->map);
    h->stage = STAGE_NONE;
    mapstore_close(&h->map);
    if (h->lock != -1)
        close(h->lock);
    h->lock = -1;
}

/* ---- what comes and goes ---- */

/* A regular file, or a memfd: reading it never waits. */
static int take(struct deed *d, int in) {
    struct stat st;
    ssize_t n;

    if (fstat(in, &st) == -1 || !S_ISREG(st.st_mode) || lseek(in, 0, SEEK_SET) == -1)
        return fault_set(&d->answer->why, "what came is no file");
    d->text = xcalloc(1, MAPSTORE_TEXT_MAX + 1);
    n = file_read_fd(in, "what came", d->text, MAPSTORE_TEXT_MAX, &d->answer->why);
    d->n = n == -1 ? 0 : (size_t)n;
    return n == -1 ? -1 : 0;
}

static int give(const struct deed *d, const void *bytes, size_t n) {
    *d->out = memfd_create("relaywatch-keeper", MFD_CLOEXEC);
    if (*d->out == -1)
        return fault_errno(&d->answer->why, "memfd");
    return file_write_all(*d->out, bytes, n, &d->answer->why);
}

/* Runs a program on what came; what it writes goes out. Returns its exit status, or -1. */
static int run(const struct deed *d, const char *const *argv, const char *user, int limit_ms) {
    char *out = xcalloc(1, HAND_BYTES);
    struct spawn job = {.argv = argv,
                        .input = d->text,
                        .input_size = d->n,
                        .output = out,
                        .output_size = HAND_BYTES,
                        .errors = user == NULL ? d->answer->errors : NULL,
                        .errors_size = sizeof d->answer->errors,
                        .timeout_ms = limit_ms,
                        .user = user};
    int failed = spawn_run(&job, &d->answer->why);

    if (failed == 0 && job.output_length > 0)
        failed = give(d, out, job.output_length);
    wipe(out, HAND_BYTES);
    free(out);
    return failed == -1 ? -1 : job.status;
}

/* ---- files ---- */

static int open_map(const struct deed *d) {
    struct hands *h = d->h;

    return h->map.folder != -1
               ? 0
               : mapstore_open(&h->map, h->config_dir, h->map_spec, &d->answer->why);
}

static bool is_plain(const char *name) {
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static bool path_of(const struct deed *d, char *out, size_t size) {
    static const char *const states[FILE_STATES] = {"recall", "previous", "loaded"};
    const struct hands *h = d->h;
    uint32_t file = d->call->which;
    const char *name = d->call->name;
    bool good = false;

    if (file < FILE_STATES)
        good = text_format(out, size, "%s/%s", h->state_dir, states[file]);
    else if (file == FILE_SOURCE && h->source != NULL)
        good = text_copy(out, size, h->source);
    else if (file == FILE_DROP && h->drop != NULL)
        good = text_copy(out, size, h->drop);
    else if (file == FILE_DROPPED && h->drop != NULL && is_plain(name))
        good = text_format(out, size, "%s/%s", h->drop, name);
    else if (file == FILE_MAP_TEXT) {
        if (open_map(d) == -1)
            return false;
        good = text_copy(out, size, h->map.path);
    }
    if (!good)
        fault_set(&d->answer->why, "there is no such file");
    return good;
}

static int do_read(const struct deed *d) {
    char path[PATH_MAX];
    bool linked = false;

    if (!path_of(d, path, sizeof path))
        return -1;
    *d->out = safepath_open(path, d->call->which == FILE_DROP, &linked, &d->answer->why);
    d->answer->missing = *d->out == -1 && errno == ENOENT;
    d->answer->linked = linked;
    return *d->out == -1 ? -1 : 0;
}

static int do_save(const struct deed *d) {
    char path[PATH_MAX];

    if (d->call->which >= FILE_STATES)
        return fault_set(&d->answer->why, "not a file of the state folder");
    return path_of(d, path, sizeof path) ? file_replace(path, d->text, d->n, 0600, &d->answer->why)
                                         : -1;
}

static int do_remove(const struct deed *d) {
    char path[PATH_MAX], half[PATH_MAX];
    bool state = d->call->which < FILE_STATES;

    if ((!state && d->call->which != FILE_DROPPED) || !path_of(d, path, sizeof path))
        return fault_set(&d->answer->why, "not a file that may go");
    if (unlink(path) == -1 && errno != ENOENT)
        return fault_errno(&d->answer->why, "%s cannot be removed", path);
    /* What a power cut may leave of saving it. */
    if (state && text_format(half, sizeof half, "%s.new", path))
        unlink(half);
    return 0;
}

static int do_aside(const struct deed *d) {
    char path[PATH_MAX], aside[PATH_MAX];

    if (d->call->which != FILE_DROPPED || !path_of(d, path, sizeof path) ||
        !text_format(aside, sizeof aside, "%s.refused", path))
        return fault_set(&d->answer->why, "not a file of the drop folder");
    return rename(path, aside) == -1 ? fault_errno(&d->answer->why, "%s cannot be put aside", path)
                                     : 0;
}

static int do_lock(const struct deed *d) {
    char path[PATH_MAX];

    if (d->h->lock == -1 && text_format(path, sizeof path, "%s/lock", d->h->state_dir))
        d->h->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (d->h->lock == -1)
        return fault_set(&d->answer->why, "the lock in the state folder cannot be opened");
    if (flock(d->h->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    close(d->h->lock);
    d->h->lock = -1;
    return errno == EWOULDBLOCK ? 1 : fault_errno(&d->answer->why, "lock");
}

/* ---- the map ---- */

static int do_map_there(const struct deed *d) {
    return open_map(d) == -1 ? -1 : mapstore_index(&d->h->map);
}

static int ask_map(const struct deed *d, bool staged) {
    char table[PATH_MAX];
    const char *const ask[] = {MAPSTORE_POSTMAP, "-c", d->h->config_dir, "-q", "-", table, NULL};
    const char *const list[] = {MAPSTORE_POSTMAP, "-c", d->h->config_dir, "-s", table, NULL};
    int status;

    if (open_map(d) == -1 ||
        mapstore_table(&d->h->map, staged, table, sizeof table, &d->answer->why) == -1)
        return -1;
    status = run(d, d->text != NULL ? ask : list, NULL, PROGRAM_LIMIT_MS);
    if (staged && status == 0 && d->text != NULL && d->h->stage == STAGE_BUILT)
        d->h->stage = STAGE_CHECKED;
    return status;
}

static int do_map_ask(const struct deed *d) {
    return ask_map(d, d->call->which != 0);
}

static int do_map_list(const struct deed *d) {
    return ask_map(d, false);
}

static int do_map_stage(const struct deed *d) {
    struct hands *h = d->h;

    if (open_map(d) == -1)
        return -1;
    h->stage = STAGE_BEGUN;
    if (mapstore_stage(&h->map, d->text, d->n, &d->answer->why) == -1)
        return -1;
    h->stage = h->map.suffix[0] == '\0' ? STAGE_CHECKED : STAGE_BUILT; /* nothing to ask */
    return 0;
}

/* Only what was built and answered in this run. */
static int do_map_commit(const struct deed *d) {
    return d->h->stage == STAGE_CHECKED
               ? mapstore_commit(&d->h->map, d->call->which != 0, &d->answer->why)
               : fault_set(&d->answer->why, "no map was built and checked");
}

static int do_map_unstage(const struct deed *d) {
    if (open_map(d) == -1)
        return -1;
    mapstore_unstage(&d->h->map);
    d->h->stage = STAGE_NONE;
    return 0;
}

/* ---- Postfix ---- */

static int ask_postconf(struct hands *h, char *out, struct fault *why) {
    if (postconf_relay(h->config_dir, out, POSTCONF_MOST, why) == -1)
        return -1;
    postconf_value(out, "smtp_sasl_password_maps", h->map_spec, sizeof h->map_spec);
    postconf_value(out, "maillog_file", h->maillog, sizeof h->maillog);
    postconf_value(out, "queue_directory", h->queue, sizeof h->queue);
    return 0;
}

static int do_postconf(const struct deed *d) {
    char lines[POSTCONF_MOST];

    return ask_postconf(d->h, lines, &d->answer->why) == -1 ? -1 : give(d, lines, strlen(lines));
}

/* One that has nothing to say when all is well. */
static int command(const struct deed *d, const char *program, const char *a, const char *b,
                   const char *c) {
    const char *const argv[] = {program, "-c", d->h->config_dir, a, b, c, NULL};
    int status = run(d, argv, NULL, PROGRAM_LIMIT_MS);

    return status <= 0 ? status
                       : fault_set(&d->answer->why, "%s %s: status %d: %.200s", program, a, status,
                                   d->answer->errors);
}

static int do_reload(const struct deed *d) {
    return command(d, "/usr/sbin/postfix", "reload", NULL, NULL);
}

static int do_flush(const struct deed *d) {
    return command(d, "/usr/sbin/postqueue", "-f", NULL, NULL);
}

/* What may stand in a list of transports, or of maps and files that hold one. */
static const char VALUE[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                            " ,.:/_-$(){}";

static int do_defer(const struct deed *d) {
    const char *name = d->call->name;
    char setting[600];

    if (name[0] == '\0')
        return command(d, POSTCONF, "-X", "defer_transports", NULL);
    if (name[strspn(name, VALUE)] != '\0' ||
        !text_format(setting, sizeof setting, "defer_transports=%s", name))
        return fault_set(&d->answer->why, "defer_transports: not a list of transports");
    return command(d, POSTCONF, "-e", setting, NULL);
}

static int do_canary(const struct deed *d) {
    const char *name = d->call->name;
    char line[sizeof KEEPER_CANARY_WORDS + KEEPER_CANARY_SIZE];

    if (name[strspn(name, "0123456789abcdef")] != '\0' ||
        !text_format(line, sizeof line, KEEPER_CANARY_WORDS "%s", name) ||
        strlen(name) != KEEPER_CANARY_SIZE - 1)
        return fault_set(&d->answer->why, "a canary is a number");
    return command(d, "/usr/sbin/postlog", "-p", "info", line);
}

/* Kept in the state folder as long as main.cf is the same file: one run of postconf costs more than
 * reading a queue of 10,000. */
static int find_queue(const struct deed *d) {
    struct hands *h = d->h;
    char path[PATH_MAX], now[PATH_MAX], kept[2 * PATH_MAX];
    struct stat st;
    size_t n;

    if (h->queue[0] != '\0')
        return 0;
    if (!text_format(path, sizeof path, "%s/main.cf", h->config_dir) || stat(path, &st) == -1)
        return fault_errno(&d->answer->why, "%s/main.cf", h->config_dir);
    text_format(now, sizeof now, "%s %llu %lld %lld.%09ld\n", h->config_dir,
                (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_ctim.tv_sec,
                st.st_ctim.tv_nsec);
    n = strlen(now);
    text_format(path, sizeof path, "%s/queue_directory", h->state_dir);
    if (file_read(path, kept, sizeof kept, NULL) > (ssize_t)n && memcmp(kept, now, n) == 0 &&
        text_copy(h->queue, sizeof h->queue, kept + n))
        return 0;
    if (ask_postconf(h, kept, &d->answer->why) == -1)
        return -1;
    if (!text_format(kept, sizeof kept, "%s%s", now, h->queue) ||
        file_replace(path, kept, strlen(kept), 0600, NULL) == -1)
        log_warn("queue", "%s cannot be written", path); /* the next count asks again */
    return 0;
}

static int do_queue(const struct deed *d) {
    struct keeper_queue queue;

    return find_queue(d) == -1 || queue_read(d->h->queue, d->call->which != 0, d->h->count, &queue,
                                             &d->answer->why) == -1
               ? -1
               : give(d, &queue, sizeof queue);
}

static int do_share_log(const struct deed *d) {
    const struct passwd *reader = getpwnam(d->h->reader);

    if (reader == NULL)
        return fault_set(&d->answer->why, "relaywatchd's user is not known");
    if (d->h->maillog[0] == '\0')
        return fault_set(&d->answer->why, "maillog_file is empty: the log is syslog's to share");
    return maillog_share(d->h->maillog, reader->pw_gid, &d->answer->why);
}

static int do_probe(const struct deed *d) {
    const char *const argv[] = {d->h->probe, NULL};

    return run(d, argv, d->h->probe_user,
               d->h->probe_limit_ms > 0 ? d->h->probe_limit_ms : PROGRAM_LIMIT_MS);
}

/* ---- the table ---- */

enum { ANYBODY, BRINGS_TEXT = 1, THE_LOCK = 2 };

static const struct {
    int (*run)(const struct deed *);
    unsigned need;
} deeds[HAND_COUNT] = {
    [HAND_LOCK] = {do_lock, ANYBODY},
    [HAND_POSTCONF] = {do_postconf, ANYBODY},
    [HAND_READ] = {do_read, ANYBODY},
    [HAND_SAVE] = {do_save, BRINGS_TEXT | THE_LOCK},
    [HAND_REMOVE] = {do_remove, THE_LOCK},
    [HAND_ASIDE] = {do_aside, THE_LOCK},
    [HAND_MAP_THERE] = {do_map_there, ANYBODY},
    [HAND_MAP_ASK] = {do_map_ask, BRINGS_TEXT},
    [HAND_MAP_LIST] = {do_map_list, ANYBODY},
    [HAND_MAP_STAGE] = {do_map_stage, BRINGS_TEXT | THE_LOCK},
    [HAND_MAP_COMMIT] = {do_map_commit, THE_LOCK},
    [HAND_MAP_UNSTAGE] = {do_map_unstage, THE_LOCK},
    [HAND_RELOAD] = {do_reload, THE_LOCK},
    [HAND_FLUSH] = {do_flush, THE_LOCK},
    [HAND_DEFER] = {do_defer, THE_LOCK},
    [HAND_QUEUE] = {do_queue, ANYBODY},
    [HAND_SHARE_LOG] = {do_share_log, ANYBODY},
    [HAND_CANARY] = {do_canary, ANYBODY},
    [HAND_PROBE] = {do_probe, BRINGS_TEXT},
};

void hands_do(struct hands *h, const struct hand_call *call, int in, struct hand_answer *answer,
              int *out) {
    struct deed d = {.h = h, .call = call, .answer = answer, .out = out};
    unsigned need = call->hand < HAND_COUNT ? deeds[call->hand].need : 0;

    *answer = (struct hand_answer){.result = -1};
    *out = -1;
    if (call->hand >= HAND_COUNT || deeds[call->hand].run == NULL ||
        (in != -1) != ((need & BRINGS_TEXT) != 0))
        fault_set(&answer->why, "no such deed");
    else if ((need & THE_LOCK) != 0 && h->served && h->lock == -1)
        fault_set(&answer->why, "the lock is not held");
    else if (in == -1 || take(&d, in) == 0)
        answer->result = deeds[call->hand].run(&d);
    if (d.text != NULL)
        wipe(d.text, MAPSTORE_TEXT_MAX + 1);
    free(d.text);
}
