/* See activate.h. */
#include "activate.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "queuedir.h"
#include "spawn.h"
#include "text.h"

enum {
    POSTFIX_LIMIT_MS = 30000,
    RELOAD_EVERY_MS = 10000,
    TEXT_RELOAD_EVERY_MS = 3000,
    SETTLE_MS = 1500
};

static int run(const char *const *argv, struct fault *why) {
    char errors[256] = "";
    struct spawn job = {.argv = argv,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = POSTFIX_LIMIT_MS};

    if (spawn_run(&job, why) == -1)
        return -1;
    if (job.status != 0)
        return fault_set(why, "%s %s: status %d: %s", argv[0], argv[3], job.status, errors);
    return 0;
}

static bool run_postfix(const char *program, const char *config_dir, const char *word,
                        struct keeper_reply *reply) {
    const char *const argv[] = {program, "-c", config_dir, word, NULL};
    struct fault why = {""};

    if (run(argv, &why) == 0)
        return true;
    text_copy(reply->detail, sizeof reply->detail, why.text);
    return false;
}

/* How long until the next reload may be; 0: now. A clock that was set back makes nobody wait. */
static int64_t wait_ms(const struct facts *facts, const struct recall *recall, int64_t now_ms) {
    int64_t every_ms =
        strcmp(facts->map_type, "texthash") == 0 ? TEXT_RELOAD_EVERY_MS : RELOAD_EVERY_MS;
    int64_t since_ms = now_ms - recall->reloaded_ms;

    return since_ms < 0 || since_ms >= every_ms ? 0 : every_ms - since_ms;
}

int64_t activate_owed_ms(const struct facts *facts, const struct recall *recall, int64_t now_ms) {
    int64_t since_ms = now_ms - recall->reloaded_ms;

    if (recall->reload_owed)
        return wait_ms(facts, recall, now_ms) + 1;
    if (recall->flush_owed)
        return since_ms < 0 || since_ms >= SETTLE_MS ? 1 : SETTLE_MS - since_ms;
    return 0;
}

/* The queue again, some time after the reload. */
bool activate_flush(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
                    struct keeper_reply *reply) {
    struct fault why = {""};
    bool running, deferred;

    recall->flush_owed = false;
    if (queuedir_glance(facts->queue_directory, &running, &deferred, &why) == -1) {
        text_copy(reply->detail, sizeof reply->detail, why.text);
        return false;
    }
    if (running && deferred)
        reply->credential.flushed =
            run_postfix("/usr/sbin/postqueue", keeper->config_dir, "-f", reply);
    return true;
}

bool activate(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
              bool now, struct keeper_reply *reply) {
    struct fault why = {""};
    bool running, deferred;
    int64_t wall_ms = clock_wall_ms();
    int64_t left_ms = now ? 0 : wait_ms(facts, recall, wall_ms);
    bool good = true;

    if (queuedir_glance(facts->queue_directory, &running, &deferred, &why) == -1) {
        text_copy(reply->detail, sizeof reply->detail, why.text);
        return false;
    }
    if (!running) {
        recall->reload_owed = recall->flush_owed =
            false; /* it will read everything when it starts */
        text_copy(reply->detail, sizeof reply->detail, "Postfix does not run: no reload");
        return true;
    }
    recall->reload_owed = left_ms > 0;
    recall->flush_owed = left_ms == 0 && deferred;
    if (left_ms == 0) {
        good = run_postfix("/usr/sbin/postfix", keeper->config_dir, "reload", reply);
        reply->credential.reloaded = good;
        recall->reloaded_ms = wall_ms;
    }
    if (good && deferred)
        reply->credential.flushed =
            run_postfix("/usr/sbin/postqueue", keeper->config_dir, "-f", reply);
    return good;
}

static int set_parameter(const struct keeper *keeper, const char *value, struct fault *why) {
    char setting[640];
    const char *const set[] = {"/usr/sbin/postconf", "-c", keeper->config_dir, "-e", setting, NULL};
    const char *const remove[] = {"/usr/sbin/postconf", "-c", keeper->config_dir, "-X",
                                  "defer_transports",   NULL};

    if (value[0] == '\0')
        return run(remove, why);
    if (!text_format(setting, sizeof setting, "defer_transports=%s", value))
        return fault_set(why, "defer_transports: too long");
    return run(set, why);
}

static bool held_value(const char *before, char *out, size_t size) {
    return text_format(out, size, "%s%ssmtp, relay", before, before[0] != '\0' ? ", " : "");
}

int activate_hold(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
                  struct fault *why) {
    char value[sizeof recall->defer_transports + 32];

    text_copy(recall->defer_transports, sizeof recall->defer_transports, facts->defer_transports);
    recall->held = true;
    if (!held_value(facts->defer_transports, value, sizeof value) ||
        recall_save(keeper->state_dir, recall, why) == -1)
        return -1;
    return set_parameter(keeper, value, why);
}

int activate_release(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
                     struct fault *why) {
    char value[sizeof recall->defer_transports + 32];

    /* Another value is the operator's, from after the hold: it stays. */
    if (held_value(recall->defer_transports, value, sizeof value) &&
        strcmp(value, facts->defer_transports) == 0 &&
        set_parameter(keeper, recall->defer_transports, why) == -1)
        return -1;
    recall->held = false;
    recall->defer_transports[0] = '\0';
    return 0;
}
