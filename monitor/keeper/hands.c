/* See hands.h: the table of deeds is at the end. */
#include "hands.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "maillog.h"
#include "postconf.h"
#include "safepath.h"
#include "spawn.h"
#include "text.h"

enum { POSTFIX_LIMIT_MS = 30000, PROBE_LIMIT_MS = 30000, LOG_LIMIT_MS = 10000 };

static const char REFUSED[] = ".refused";

/* One call on its way: what came in, what goes out. */
struct deed {
    struct hands *h;
    const struct hand_call *call;
    const void *bytes;
    struct hand_answer *answer;
    char *out;
    size_t size;
};

struct hands hands_direct(const char *config_dir, const char *state_dir) {
    return (struct hands){
        .config_dir = config_dir, .state_dir = state_dir, .wire = -1, .lock = -1, .map.folder = -1};
}

void hands_end(struct hands *h) {
    if (h->staged)
        mapstore_unstage(&h->map);
    h->staged = h->built = h->checked = false;
    mapstore_close(&h->map);
    if (h->lock != -1)
        close(h->lock);
    h->lock = -1;
}

/* ---- the state folder ---- */

static bool state_path(const struct deed *d, const char *end, char *out, size_t size) {
    static const char *const names[] = {
        [STATE_RECALL] = "recall",
        [STATE_PREVIOUS] = "previous",
        [STATE_LOADED] = "loaded",
    };

    if (d->call->which < STATE_COUNT &&
        text_format(out, size, "%s/%s%s", d->h->state_dir, names[d->call->which], end))
        return true;
    fault_set(&d->answer->why, "%s: path too long", d->h->state_dir);
    return false;
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

static int do_state_there(const struct deed *d) {
    char path[PATH_MAX];

    return state_path(d, "", path, sizeof path) && access(path, F_OK) == 0;
}

static int do_state_read(const struct deed *d) {
    char path[PATH_MAX];
    ssize_t n;

    if (!state_path(d, "", path, sizeof path))
        return -1;
    n = file_read(path, d->out, d->size, &d->answer->why);
    d->answer->missing = n == -1 && errno == ENOENT;
    d->answer->n = n > 0 ? (uint32_t)n : 0;
    return n == -1 ? -1 : 0;
}

static int do_state_save(const struct deed *d) {
    char path[PATH_MAX];

    return state_path(d, "", path, sizeof path)
               ? file_replace(path, d->bytes, d->call->n, 0600, &d->answer->why)
               : -1;
}

static int do_state_drop(const struct deed *d) {
    /* The second: what a power cut may leave of saving it. */
    static const char *const ends[] = {"", ".new"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (state_path(d, ends[i], path, sizeof path) && unlink(path) == -1 && errno != ENOENT)
            return fault_errno(&d->answer->why, "%s cannot be removed", path);
    }
    return 0;
}

/* ---- secrets from elsewhere ---- */

static int read_secret(const struct deed *d, const char *path) {
    struct stat st;
    bool linked;
    int fd = safepath_open(path, &st, &linked, &d->answer->why);
    size_t n;
    int failed;

    if (fd == -1)
        return -1;
    failed = safepath_read(fd, path, d->out, MAPSTORE_TEXT_MAX, &n, &d->answer->why);
    d->answer->n = failed == 0 ? (uint32_t)n : 0;
    close(fd);
    return failed;
}

static int do_source(const struct deed *d) {
    return d->h->source == NULL ? fault_set(&d->answer->why, "there is no credential_source")
                                : read_secret(d, d->h->source);
}

/* Put aside before. */
static bool is_refused(const char *name) {
    size_t n = strlen(name), end = sizeof REFUSED - 1;

    return n > end && strcmp(name + n - end, REFUSED) == 0;
}

static int do_drop_list(const struct deed *d) {
    int fd = safepath_open_folder(d->h->drop == NULL ? "" : d->h->drop, &d->answer->why);
    DIR *dir = fd == -1 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    struct stat st;
    int failed = 0;

    if (dir == NULL) {
        if (fd == -1)
            return -1;
        close(fd);
        return fault_errno(&d->answer->why, "read folder %s", d->h->drop);
    }
    while (failed == 0 && (entry = readdir(dir)) != NULL) {
        struct hand_dropped one = {.name = ""};

        if (entry->d_name[0] == '.' || is_refused(entry->d_name) ||
            fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
            continue;
        if (d->answer->n + sizeof one > d->size) {
            failed = fault_set(&d->answer->why, "%s: more than %zu files", d->h->drop,
                               d->size / sizeof one);
            break;
        }
        text_copy(one.name, sizeof one.name, entry->d_name);
        one.mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
        one.ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
        memcpy(d->out + d->answer->n, &one, sizeof one);
        d->answer->n += sizeof one;
    }
    closedir(dir);
    d->answer->n = failed == 0 ? d->answer->n : 0;
    return failed;
}

/* A file of the drop folder itself. */
static bool drop_path(const struct deed *d, char *out, size_t size) {
    const char *name = d->call->name;

    if (d->h->drop != NULL && name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
        text_format(out, size, "%s/%s", d->h->drop, name))
        return true;
    fault_set(&d->answer->why, "no file of the drop folder");
    return false;
}

static int do_drop_read(const struct deed *d) {
    char path[PATH_MAX];

    return drop_path(d, path, sizeof path) ? read_secret(d, path) : -1;
}

static int do_drop_done(const struct deed *d) {
    char path[PATH_MAX];

    if (!drop_path(d, path, sizeof path))
        return -1;
    return unlink(path) == -1 && errno != ENOENT
               ? fault_errno(&d->answer->why, "%s cannot be removed", path)
               : 0;
}

static int do_drop_aside(const struct deed *d) {
    char path[PATH_MAX], aside[PATH_MAX];

    if (!drop_path(d, path, sizeof path))
        return -1;
    return !text_format(aside, sizeof aside, "%s%s", path, REFUSED) || rename(path, aside) == -1
               ? fault_errno(&d->answer->why, "%s cannot be put aside", path)
               : 0;
}

/* ---- the map ---- */

static int do_map_open(const struct deed *d) {
    if (d->h->served && strcmp(d->call->name, d->h->map_spec) != 0)
        return fault_set(&d->answer->why, "that is not main.cf's password map");
    mapstore_close(&d->h->map);
    return mapstore_open(&d->h->map, d->h->config_dir, d->call->name, &d->answer->why);
}

static int do_map_read(const struct deed *d) {
    bool linked = false;
    size_t n = 0;
    int failed = mapstore_read(&d->h->map, d->out, &n, &linked, &d->answer->why);

    d->answer->st = d->h->map.st;
    d->answer->which = linked;
    d->answer->n = failed == 0 ? (uint32_t)n : 0;
    return failed;
}

static int do_map_there(const struct deed *d) {
    return mapstore_has_index(&d->h->map);
}

static int ask_map(const struct deed *d, const char *option) {
    struct spawn job = {.input = option[1] == 'q' ? d->bytes : NULL,
                        .input_size = d->call->n,
                        .output = d->out,
                        .output_size = d->size,
                        .errors = d->answer->errors,
                        .errors_size = sizeof d->answer->errors};
    bool staged = d->call->which != 0;

    if (mapstore_postmap(&d->h->map, option, staged, &job, &d->answer->why) == -1)
        return -1;
    d->answer->n = (uint32_t)job.output_length;
    d->h->checked |= staged && option[1] == 'q' && job.status == 0;
    return job.status;
}

static int do_map_ask(const struct deed *d) {
    return ask_map(d, "-q");
}

static int do_map_list(const struct deed *d) {
    return ask_map(d, "-s");
}

static int do_map_stage(const struct deed *d) {
    int failed = mapstore_stage(&d->h->map, d->bytes, d->call->n, &d->answer->why);

    d->h->staged = true;
    d->h->built = failed == 0;
    d->h->checked = d->h->map.suffix[0] == '\0'; /* there is nothing to ask */
    return failed;
}

/* Only what was built and answered in this run. */
static int do_map_commit(const struct deed *d) {
    return d->h->built && d->h->checked
               ? mapstore_commit(&d->h->map, d->call->which != 0, &d->answer->why)
               : fault_set(&d->answer->why, "no map was built and checked");
}

static int do_map_unstage(const struct deed *d) {
    mapstore_unstage(&d->h->map);
    d->h->staged = d->h->built = d->h->checked = false;
    return 0;
}

/* ---- Postfix ---- */

static int ask_postconf(struct hands *h, char *out, size_t size, struct fault *why) {
    if (postconf_relay(h->config_dir, out, size, why) == -1)
        return -1;
    postconf_value(out, "smtp_sasl_password_maps", h->map_spec, sizeof h->map_spec);
    postconf_value(out, "maillog_file", h->maillog, sizeof h->maillog);
    postconf_value(out, "queue_directory", h->queue, sizeof h->queue);
    return 0;
}

static int do_postconf(const struct deed *d) {
    int failed = ask_postconf(d->h, d->out, d->size, &d->answer->why);

    d->answer->n = failed == 0 ? (uint32_t)strlen(d->out) : 0;
    return failed;
}

static int run(const struct deed *d, const char *program, const char *option, const char *value) {
    const char *const argv[] = {program, "-c", d->h->config_dir, option, value, NULL};
    struct spawn job = {.argv = argv,
                        .errors = d->answer->errors,
                        .errors_size = 256,
                        .timeout_ms = POSTFIX_LIMIT_MS};

    if (spawn_run(&job, &d->answer->why) == -1)
        return -1;
    return job.status == 0 ? 0
                           : fault_set(&d->answer->why, "%s %s: status %d: %s", program, option,
                                       job.status, d->answer->errors);
}

static int do_reload(const struct deed *d) {
    return run(d, "/usr/sbin/postfix", "reload", NULL);
}

static int do_flush(const struct deed *d) {
    return run(d, "/usr/sbin/postqueue", "-f", NULL);
}

/* What may stand in a list of transports, or of maps and files that hold one. */
static const char VALUE[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                            " ,.:/_-$(){}";

static int do_defer(const struct deed *d) {
    char setting[600];

    if (d->call->name[0] == '\0')
        return run(d, "/usr/sbin/postconf", "-X", "defer_transports");
    if (strspn(d->call->name, VALUE) != strlen(d->call->name) ||
        !text_format(setting, sizeof setting, "defer_transports=%s", d->call->name))
        return fault_set(&d->answer->why, "defer_transports: not a list of transports");
    return run(d, "/usr/sbin/postconf", "-e", setting);
}

/* Which main.cf this is: any edit changes it. */
static bool stamp_of(const struct hands *h, char *out, size_t size) {
    char path[PATH_MAX];
    struct stat st;

    return text_format(path, sizeof path, "%s/main.cf", h->config_dir) && stat(path, &st) == 0 &&
           text_format(out, size, "%s %llu %llu %lld %lld.%09ld %lld.%09ld\n", h->config_dir,
                       (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
                       (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                       (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

/* From the state folder as long as main.cf is the same file: one run of postconf costs more than
 * reading a queue of 10,000. */
static int find_queue(const struct deed *d) {
    char path[PATH_MAX], now[1024], kept[2048];
    size_t n;

    if (d->h->queue[0] != '\0')
        return 0;
    if (!stamp_of(d->h, now, sizeof now) ||
        !text_format(path, sizeof path, "%s/queue_directory", d->h->state_dir))
        return fault_set(&d->answer->why, "%s/main.cf: not there or path too long",
                         d->h->config_dir);
    n = strlen(now);
    if (file_read(path, kept, sizeof kept, NULL) > (ssize_t)n && memcmp(kept, now, n) == 0 &&
        text_copy(d->h->queue, sizeof d->h->queue, kept + n))
        return 0;
    if (ask_postconf(d->h, d->out, d->size, &d->answer->why) == -1)
        return -1;
    /* Only a saving: without it the next count asks postconf again. */
    if (!text_format(kept, sizeof kept, "%s%s", now, d->h->queue) ||
        file_replace(path, kept, strlen(kept), 0600, NULL) == -1)
        log_warn("queue", "%s cannot be written", path);
    return 0;
}

static int do_queue(const struct deed *d) {
    struct keeper_queue queue;

    if (find_queue(d) == -1 ||
        queue_read(d->h->queue, d->call->which != 0, d->h->count, &queue, &d->answer->why) == -1)
        return -1;
    memcpy(d->out, &queue, sizeof queue);
    d->answer->n = sizeof queue;
    return 0;
}

static int do_share_log(const struct deed *d) {
    const struct passwd *reader = getpwnam(d->h->reader);

    if (reader == NULL)
        return fault_set(&d->answer->why, "relaywatchd's user is not known");
    if (d->h->maillog[0] == '\0')
        return fault_set(&d->answer->why, "maillog_file is empty: the log is syslog's to share");
    return maillog_share(d->h->maillog, reader->pw_gid, &d->answer->why);
}

static int do_canary(const struct deed *d) {
    char line[sizeof KEEPER_CANARY_WORDS + KEEPER_CANARY_SIZE];
    const char *const argv[] = {
        "/usr/sbin/postlog", "-c", d->h->config_dir, "-p", "info", line, NULL};
    struct spawn job = {.argv = argv, .timeout_ms = LOG_LIMIT_MS};

    if (strspn(d->call->name, "0123456789abcdef") != KEEPER_CANARY_SIZE - 1 ||
        d->call->name[KEEPER_CANARY_SIZE - 1] != '\0')
        return fault_set(&d->answer->why, "a canary is a number");
    text_format(line, sizeof line, KEEPER_CANARY_WORDS "%s", d->call->name);
    if (spawn_run(&job, &d->answer->why) == -1)
        return -1;
    return job.status == 0 ? 0 : fault_set(&d->answer->why, "postlog: status %d", job.status);
}

static int do_probe(const struct deed *d) {
    const char *const argv[] = {d->h->probe, NULL};
    struct spawn job = {.argv = argv,
                        .input = d->bytes,
                        .input_size = d->call->n,
                        .output = d->out,
                        .output_size = d->size,
                        .timeout_ms =
                            d->h->probe_limit_ms > 0 ? d->h->probe_limit_ms : PROBE_LIMIT_MS,
                        .user = d->h->probe_user};

    if (spawn_run(&job, &d->answer->why) == -1)
        return -1;
    d->answer->n = (uint32_t)job.output_length;
    return job.status;
}

/* ---- the table ---- */

enum need { NOTHING, A_MAP = 1, THE_LOCK = 2 };

static const struct {
    int (*run)(const struct deed *);
    unsigned need;
    size_t most;  /* bytes that may come with it */
    size_t least; /* of room for what comes back */
} deeds[HAND_COUNT] = {
    [HAND_LOCK] = {do_lock, NOTHING, 0},
    [HAND_POSTCONF] = {do_postconf, NOTHING, 0},
    [HAND_STATE_THERE] = {do_state_there, NOTHING, 0},
    [HAND_STATE_READ] = {do_state_read, NOTHING, 0},
    [HAND_STATE_SAVE] = {do_state_save, THE_LOCK, MAPSTORE_TEXT_MAX},
    [HAND_STATE_DROP] = {do_state_drop, THE_LOCK, 0},
    [HAND_SOURCE] = {do_source, THE_LOCK, 0, MAPSTORE_TEXT_MAX + 1},
    [HAND_DROP_LIST] = {do_drop_list, THE_LOCK, 0},
    [HAND_DROP_READ] = {do_drop_read, THE_LOCK, 0, MAPSTORE_TEXT_MAX + 1},
    [HAND_DROP_DONE] = {do_drop_done, THE_LOCK, 0},
    [HAND_DROP_ASIDE] = {do_drop_aside, THE_LOCK, 0},
    [HAND_MAP_OPEN] = {do_map_open, NOTHING, 0},
    [HAND_MAP_READ] = {do_map_read, A_MAP, 0, MAPSTORE_TEXT_MAX + 1},
    [HAND_MAP_THERE] = {do_map_there, A_MAP, 0},
    [HAND_MAP_ASK] = {do_map_ask, A_MAP, MAPSTORE_TEXT_MAX},
    [HAND_MAP_LIST] = {do_map_list, A_MAP, 0},
    [HAND_MAP_STAGE] = {do_map_stage, A_MAP | THE_LOCK, MAPSTORE_TEXT_MAX},
    [HAND_MAP_COMMIT] = {do_map_commit, A_MAP | THE_LOCK, 0},
    [HAND_MAP_UNSTAGE] = {do_map_unstage, A_MAP | THE_LOCK, 0},
    [HAND_RELOAD] = {do_reload, THE_LOCK, 0},
    [HAND_FLUSH] = {do_flush, THE_LOCK, 0},
    [HAND_DEFER] = {do_defer, THE_LOCK, 0},
    [HAND_QUEUE] = {do_queue, NOTHING, 0, sizeof(struct keeper_queue)},
    [HAND_SHARE_LOG] = {do_share_log, NOTHING, 0},
    [HAND_CANARY] = {do_canary, NOTHING, 0},
    [HAND_PROBE] = {do_probe, NOTHING, MAPSTORE_TEXT_MAX},
};

void hands_do(struct hands *h, const struct hand_call *call, const void *bytes,
              struct hand_answer *answer, char *out, size_t size) {
    const struct deed d = {h, call, bytes, answer, out, size};

    memset(answer, 0, sizeof *answer);
    answer->result = -1;
    if (call->hand >= HAND_COUNT || deeds[call->hand].run == NULL ||
        call->n > deeds[call->hand].most)
        fault_set(&answer->why, "no such deed");
    else if (size < deeds[call->hand].least)
        fault_set(&answer->why, "no room for what would come back");
    else if ((deeds[call->hand].need & A_MAP) != 0 && h->map.folder == -1)
        fault_set(&answer->why, "no map is open");
    else if ((deeds[call->hand].need & THE_LOCK) != 0 && h->served && h->lock == -1)
        fault_set(&answer->why, "the lock is not held");
    else
        answer->result = deeds[call->hand].run(&d);
}
