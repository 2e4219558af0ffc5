/* relaywatch.conf: `name = value` lines, '#' comments. One table row a parameter (conf.c) holds
 * name, default, bounds and its line of documentation. Loading reports every error with file and
 * line and leaves the caller's struct as it was: a bad reload keeps the old configuration. Blocks
 * on the file only. */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault.h"

#define CONF_DEFAULT_PATH "/etc/relaywatch/relaywatch.conf"

struct conf {
    char host[128]; /* name of this host in Redis, metrics and alerts */

    /* the relay that is watched */
    char postfix_config_dir[256];
    char mail_log[256];        /* a list: logsources.h */
    char mail_log_distinct[4]; /* "yes" or "no" */
    char log_start[16];        /* "beginning" or "end": where the first start with a log begins */
    char sasl_passwd[256];
    char credential_source[256];
    char credential_drop[256];
    char on_rotated[256];
    char on_failed[256];
    char submit[64];            /* "address:port" where the relay takes mail */
    char canary_recipient[256]; /* "": no real messages of our own */

    /* where figures are kept and shown */
    char redis[256];          /* "unix:/path", "host:port", or ""; with redis_sentinel a name */
    char redis_sentinel[256]; /* a list: sentinels.h */
    char redis_tls[4];        /* "yes" or "no" */
    char redis_ca_file[256];
    char redis_user[64];
    char redis_password_file[256];
    char redis_sentinel_user[64];
    char redis_sentinel_password_file[256];
    char http_listen[64]; /* "address:port" */
    char http_hosts[256]; /* more names that the page goes by */

    /* folders and sockets */
    char state_dir[256];
    char notify_state_dir[256];
    char keeper_state_dir[256];
    char run_dir[256];
    char milter_socket[256]; /* as libmilter writes it: "unix:/path" or "inet:port@host" */
    char receivers_file[256];

    /* users */
    char user[64];
    char milter_user[64];
    char notify_user[64];
    char probe_user[64];

    /* rules; times in seconds */
    uint64_t queue_interval_s;
    uint64_t queue_warning;
    uint64_t queue_critical;
    uint64_t oldest_warning_s;
    uint64_t oldest_critical_s;
    uint64_t unreachable_after_s;
    uint64_t log_silent_after_s;
    uint64_t milter_gone_after_s;
    uint64_t verify_interval_s;
    uint64_t unknown_after_s;
    uint64_t certificate_warning_s;
    uint64_t certificate_critical_s;
    uint64_t disk_warning_mib;
    uint64_t disk_critical_mib;
    uint64_t inodes_warning;
    uint64_t inodes_critical;
    uint64_t recipients_limit;
    uint64_t recipients_percent;
    uint64_t failures_per_1000;
    uint64_t failures_least;
    uint64_t unverified_after_s;
    uint64_t unconfirmed_after_s;
    uint64_t clock_jump_s;
    uint64_t keep_firing_s;
    char maintenance[256]; /* windows: maintenance.h */
    uint64_t host_gone_after_s;
    uint64_t host_stopped_after_s;
    uint64_t fleet_percent;
    uint64_t fleet_least;
    uint64_t fleet_wait_s;
    uint64_t messages_kept;
    uint64_t canary_interval_s;
    uint64_t canary_overdue_s;
};

/* The built-in defaults. */
void conf_defaults(struct conf *conf);

/* Reads `path`. Every error goes to `on_error` as "path, line N: what and what would be right";
 * with any error the result is -1, `why` has their number and *out is untouched. An unknown name is
 * an error. */
MUSTCHECK int conf_load(const char *path, struct conf *out,
                        void (*on_error)(const char *text, void *arg), void *arg,
                        struct fault *why);

/* Prints every parameter as `name = value`; with `defaults` != NULL only those that differ from it.
 */
void conf_print(FILE *out, const struct conf *conf, const struct conf *defaults);

/* Prints the reference: name, default, what it is for. */
void conf_print_reference(FILE *out);

/* Number and names of the parameters, for tests of the sample file. */
size_t conf_parameter_count(void);
const char *conf_parameter_name(size_t i);

#endif
