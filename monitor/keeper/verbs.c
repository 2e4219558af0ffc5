/* See verbs.h. The way of a changed login stands in apply(): read and check, compare, prove, stage,
 * rename, reload. */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cred.h"
#include "facts.h"
#include "fault.h"
#include "file.h"
#include "maillog.h"
#include "mapfile.h"
#include "queuedir.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { PROBE_LIMIT_MS = 30000, POSTFIX_LIMIT_MS = 30000 };

static void say(struct keeper_reply *reply, enum keeper_outcome outcome, const char *detail) {
    reply->outcome = outcome;
    text_copy(reply->detail, sizeof reply->detail, detail);
}

static void do_queue(const struct keeper *keeper, struct keeper_reply *reply) {
    char path[256];
    struct fault why = {""};

    if (facts_queue_directory(keeper->config_dir, keeper->state_dir, path, sizeof path, &why) ==
            -1 ||
        queuedir_read(path, &reply->queue, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
}

static void do_facts(const struct keeper *keeper, struct keeper_reply *reply) {
    struct keeper_facts *out = &reply->facts;
    struct facts facts;
    struct fault why = {""};

    if (facts_read(keeper->config_dir, &facts, &why) == -1) {
        say(reply, KEEPER_FAILED, why.text);
        return;
    }
    text_copy(out->relay_host, sizeof out->relay_host, facts.host);
    out->relay_port = facts.port;
    out->implicit_tls = facts.implicit_tls;
    out->sasl = facts.sasl;
    if (facts.sasl) {
        text_copy(out->source, sizeof out->source, facts.map_path);
        text_copy(out->map_type, sizeof out->map_type, facts.map_type);
    }
    text_copy(out->mail_version, sizeof out->mail_version, facts.mail_version);
    out->queue_lifetime_s = facts.queue_lifetime_s;
    if (facts.host[0] == '\0')
        say(reply, KEEPER_DONE, "relayhost is empty");
    else if (facts.sasl && facts.map_type[0] == '\0')
        say(reply, KEEPER_DONE, "smtp_sasl_password_maps is not one type:/path");
    else if (facts.mx)
        say(reply, KEEPER_DONE, "relayhost has no brackets: Postfix sends to the MX of that name");
}

/* Asks relaywatch-probe about this login (user.n == 0: about the way to the relay without one). The
 * verdict goes into the reply as it comes, unread but for its result: the text in it is the
 * smarthost's. */
static void probe(const struct keeper *keeper, const struct facts *facts, struct span user,
                  struct span secret, struct keeper_reply *reply) {
    const char *const argv[] = {keeper->probe, NULL};
    struct probe_request *request = xcalloc(1, sizeof *request);
    struct probe_verdict verdict[2]; /* room to see that there is too much */
    struct spawn job = {.argv = argv,
                        .input = request,
                        .input_size = sizeof *request,
                        .output = (char *)verdict,
                        .output_size = sizeof verdict,
                        .timeout_ms = PROBE_LIMIT_MS,
                        .user = keeper->probe_user};
    struct fault why = {""};
    bool fits;
    int failed;

    request->version = PROBEQ_VERSION;
    request->port = facts->port;
    request->implicit_tls = facts->implicit_tls;
    request->auth = user.n > 0;
    text_copy(request->host, sizeof request->host, facts->host);
    text_copy(request->helo, sizeof request->helo, facts->helo);
    text_copy(request->ca_file, sizeof request->ca_file, facts->ca_file);
    text_copy(request->tls_name, sizeof request->tls_name, facts->tls_name);
    fits = text_copy_span(request->user, sizeof request->user, user) &&
           text_copy_span(request->secret, sizeof request->secret, secret);
    failed = fits ? spawn_run(&job, &why) : fault_set(&why, "user or password too long");
    wipe(request, sizeof *request);
    free(request);
    text_copy_span(reply->credential.user, sizeof reply->credential.user, user);
    if (failed == -1) {
        say(reply, KEEPER_INCONCLUSIVE, why.text);
    } else if (job.status != 0 || job.output_length != sizeof verdict[0] ||
               verdict[0].version != PROBEQ_VERSION) {
        snprintf(reply->detail, sizeof reply->detail,
                 "%s ended with status %d and without a verdict", keeper->probe, job.status);
        reply->outcome = KEEPER_INCONCLUSIVE;
    } else {
        reply->credential.verdict = verdict[0];
        if (verdict[0].result == PROBE_OK)
            say(reply, KEEPER_DONE, "");
        else if (verdict[0].result == PROBE_REFUSED)
            say(reply, KEEPER_REFUSED, "the relay refused this login");
        else
            say(reply, KEEPER_INCONCLUSIVE, "the login could not be tried");
    }
}

/* The login that Postfix would use now, by the same keys in the same order. */
static void do_verify(const struct keeper *keeper, struct keeper_reply *reply) {
    struct facts facts;
    struct mapfile map = {.folder = -1};
    struct fault why = {""};
    struct span user = {"", 0}, secret = {"", 0};
    char *value = xcalloc(1, CRED_FILE_MAX);

    if (facts_read(keeper->config_dir, &facts, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else if (facts.host[0] == '\0')
        say(reply, KEEPER_INCONCLUSIVE, "relayhost is empty");
    else if (!facts.sasl)
        probe(keeper, &facts, user, secret, reply);
    else if (mapfile_open(&map, keeper->config_dir, &facts, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else if (!mapfile_live_value(&map, facts.host, value, CRED_FILE_MAX) &&
             !mapfile_live_value(&map, facts.nexthop, value, CRED_FILE_MAX))
        say(reply, KEEPER_FAILED, "the live map has no entry for the relay");
    else if (!cred_split(span_of(value), &user, &secret))
        say(reply, KEEPER_FAILED, "the live map's entry for the relay is not user:password");
    else
        probe(keeper, &facts, user, secret, reply);
    mapfile_close(&map);
    wipe(value, CRED_FILE_MAX);
    free(value);
}

static void tell_problems(const struct cred_file *file, struct keeper_reply *reply) {
    size_t at = 0;

    reply->outcome = KEEPER_BAD_SOURCE;
    reply->credential.line = file->problems[0].line;
    for (uint32_t i = 0; i < file->problem_count && i < CRED_PROBLEMS_MAX; i++) {
        const struct cred_problem *one = &file->problems[i];
        char line[24] = "";

        if (one->line != 0)
            text_format(line, sizeof line, "line %u: ", one->line);
        if (!text_format(reply->detail + at, sizeof reply->detail - at, "%s%s%s",
                         i == 0 ? "" : "; ", line, one->what))
            break;
        at += strlen(reply->detail + at);
    }
}

static bool run_postfix(const char *program, const char *config_dir, const char *word,
                        struct keeper_reply *reply) {
    const char *const argv[] = {program, "-c", config_dir, word, NULL};
    char errors[256] = "";
    struct spawn job = {.argv = argv,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = POSTFIX_LIMIT_MS};
    struct fault why = {""};

    if (spawn_run(&job, &why) == -1)
        text_copy(reply->detail, sizeof reply->detail, why.text);
    else if (job.status != 0)
        snprintf(reply->detail, sizeof reply->detail, "%s %s: status %d: %s", program, word,
                 job.status, errors);
    else
        return true;
    return false;
}

/* After the swap. Not the commit point: smtp(8) sees by itself that the index was replaced, when it
 * has ended what it does; the reload and the flush make it soon. */
static void activate(const struct keeper *keeper, const struct facts *facts,
                     struct keeper_reply *reply) {
    struct keeper_queue queue;
    struct fault why = {""};

    if (queuedir_read(facts->queue_directory, &queue, &why) == -1) {
        text_copy(reply->detail, sizeof reply->detail, why.text);
        return;
    }
    if (queue.postfix_running == 0) {
        text_copy(reply->detail, sizeof reply->detail, "Postfix does not run: no reload");
        return;
    }
    reply->credential.reloaded =
        run_postfix("/usr/sbin/postfix", keeper->config_dir, "reload", reply);
    if (reply->credential.reloaded && queue.deferred > 0)
        reply->credential.flushed =
            run_postfix("/usr/sbin/postqueue", keeper->config_dir, "-f", reply);
}

/* texthash: the source is the map, so what running processes have read cannot be compared. We note
 * which file it was that was last proved and loaded. */
static bool text_stamp(const struct mapfile *map, char *out, size_t size) {
    return text_format(out, size, "%llu %llu %lld %lld.%09ld %lld.%09ld\n",
                       (unsigned long long)map->st.st_dev, (unsigned long long)map->st.st_ino,
                       (long long)map->st.st_size, (long long)map->st.st_mtim.tv_sec,
                       map->st.st_mtim.tv_nsec, (long long)map->st.st_ctim.tv_sec,
                       map->st.st_ctim.tv_nsec);
}

static bool text_is_loaded(const struct keeper *keeper, const struct mapfile *map) {
    char path[512], now[160], kept[160];

    return text_format(path, sizeof path, "%s/loaded", keeper->state_dir) &&
           text_stamp(map, now, sizeof now) && file_read(path, kept, sizeof kept, NULL) > 0 &&
           strcmp(now, kept) == 0;
}

static void note_loaded(const struct keeper *keeper, const struct mapfile *map,
                        struct keeper_reply *reply) {
    char path[512], now[160];
    struct fault why = {""};

    if (text_format(path, sizeof path, "%s/loaded", keeper->state_dir) &&
        text_stamp(map, now, sizeof now) && file_replace(path, now, strlen(now), 0600, &why) == -1)
        text_copy(reply->detail, sizeof reply->detail, why.text);
}

static void swap(const struct keeper *keeper, const struct facts *facts, struct mapfile *map,
                 const struct cred_file *file, struct keeper_reply *reply) {
    bool text = map->suffix[0] == '\0';
    struct fault why = {""};

    if (!text && mapfile_stage(map, file, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else if (!mapfile_source_same(map))
        say(reply, KEEPER_INCONCLUSIVE, "the file changed while it was being checked");
    else if (!text && mapfile_commit(map, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else {
        say(reply, KEEPER_DONE, "");
        activate(keeper, facts, reply);
        if (text && (reply->credential.reloaded || strstr(reply->detail, "does not run") != NULL))
            note_loaded(keeper, map, reply);
        else if (text)
            reply->outcome = KEEPER_FAILED; /* without a reload nothing has changed */
    }
    mapfile_unstage(map);
}

static void apply(const struct keeper *keeper, const struct facts *facts, struct mapfile *map,
                  struct cred_file *file, struct keeper_reply *reply) {
    struct keeper_credential *credential = &reply->credential;
    const struct cred *relay;
    struct fault why = {""};
    bool relay_changed = true;

    if (mapfile_open(map, keeper->config_dir, facts, &why) == -1 || mapfile_read(map, &why) == -1) {
        say(reply, KEEPER_BAD_SOURCE, why.text);
        return;
    }
    mapfile_unstage(map);
    credential->source_mtime_s = map->st.st_mtim.tv_sec;
    if (!cred_parse((struct span){map->text, map->text_n}, file)) {
        tell_problems(file, reply);
        return;
    }
    credential->entries = file->count;
    relay = cred_lookup(file, facts->host, facts->nexthop);
    if (relay == NULL) {
        snprintf(reply->detail, sizeof reply->detail,
                 "no entry for %.100s or %.100s: Postfix would not log in", facts->host,
                 facts->nexthop);
        reply->outcome = KEEPER_BAD_SOURCE;
        return;
    }
    text_copy_span(credential->user, sizeof credential->user, relay->user);
    if (map->suffix[0] == '\0')
        credential->changed = text_is_loaded(keeper, map) ? 0 : file->count;
    else if (mapfile_compare(map, file, relay, &credential->changed, &relay_changed, &why) == -1) {
        say(reply, KEEPER_FAILED, why.text);
        return;
    }
    if (credential->changed == 0) {
        say(reply, KEEPER_UNCHANGED, "");
        return;
    }
    if (relay_changed) {
        probe(keeper, facts, relay->user, relay->secret, reply);
        if (reply->outcome != KEEPER_DONE) {
            if (reply->outcome == KEEPER_REFUSED)
                credential->line = relay->line;
            return;
        }
    }
    swap(keeper, facts, map, file, reply);
}

static void do_apply(const struct keeper *keeper, struct keeper_reply *reply) {
    struct cred_file *file = xcalloc(1, sizeof *file);
    struct mapfile map = {.folder = -1};
    struct fault why = {""};
    struct facts facts;
    char path[512];
    int lock = -1;

    if (text_format(path, sizeof path, "%s/lock", keeper->state_dir))
        lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock == -1)
        say(reply, KEEPER_FAILED, "the lock in the state folder cannot be opened");
    else if (flock(lock, LOCK_EX | LOCK_NB) == -1)
        say(reply, errno == EWOULDBLOCK ? KEEPER_BUSY : KEEPER_FAILED,
            "another change is under way");
    else if (facts_read(keeper->config_dir, &facts, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else if (!facts.sasl)
        say(reply, KEEPER_UNCHANGED, "smtp_sasl_auth_enable is no: no login is used");
    else if (facts.host[0] == '\0')
        say(reply, KEEPER_BAD_SOURCE, "relayhost is empty");
    else if (strcmp(facts.delimiter, ":") != 0)
        say(reply, KEEPER_BAD_SOURCE, "smtp_sasl_password_result_delimiter: only : is known");
    else
        apply(keeper, &facts, &map, file, reply);
    mapfile_close(&map);
    if (lock != -1)
        close(lock);
    wipe(file, sizeof *file);
    free(file);
}

static void do_log(const struct keeper *keeper, struct keeper_reply *reply) {
    const struct passwd *reader = getpwnam(keeper->allow);
    struct fault why = {""};
    struct facts facts;

    if (reader == NULL)
        say(reply, KEEPER_FAILED, "relaywatchd's user is not known");
    else if (facts_read(keeper->config_dir, &facts, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else if (facts.maillog_file[0] == '\0')
        say(reply, KEEPER_FAILED, "maillog_file is empty: the log is syslog's to share");
    else if (maillog_share(facts.maillog_file, reader->pw_gid, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
}

void verbs_run(const struct keeper *keeper, unsigned char verb, struct keeper_reply *reply) {
    static const struct {
        enum keeper_verb verb;
        void (*run)(const struct keeper *, struct keeper_reply *);
    } verbs[] = {{KEEPER_FACTS, do_facts},
                 {KEEPER_QUEUE, do_queue},
                 {KEEPER_APPLY, do_apply},
                 {KEEPER_LOG, do_log},
                 {KEEPER_VERIFY, do_verify}};

    memset(reply, 0, sizeof *reply);
    reply->version = KEEPERQ_VERSION;
    reply->verb = verb;
    reply->outcome = KEEPER_NOT_ALLOWED;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if ((unsigned char)verbs[i].verb == verb) {
            reply->outcome = KEEPER_DONE;
            verbs[i].run(keeper, reply);
            return;
        }
    }
    text_copy(reply->detail, sizeof reply->detail, "unknown verb");
}
