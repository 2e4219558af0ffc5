/* What the commands of `relaywatch` share: one command is one file with one struct command; main.c
 * has the table. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "conf.h"
#include "logsources.h"

struct command {
    const char *name;
    const char *summary;                                      /* one line for `relaywatch --help` */
    const char *help;                                         /* usage, options, an example */
    int (*run)(int argc, char **argv, const char *conf_path); /* exit status */
};

struct json_t;

extern const struct command command_alerts;
extern const struct command command_backup;
extern const struct command command_credentials;
extern const struct command command_dns;
extern const struct command command_firewall;
extern const struct command command_doctor;
extern const struct command command_fleet;
extern const struct command command_install;
extern const struct command command_logs;
extern const struct command command_postal;
extern const struct command command_queue;
extern const struct command command_restore;
extern const struct command command_run;
extern const struct command command_show_config;
extern const struct command command_status;
extern const struct command command_test;
extern const struct command command_uninstall;

/* Exit statuses of `status`: Nagios. */
enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

/* The one for "ok", "warning", "critical"; else NAGIOS_UNKNOWN. */
int cli_exit_status(const char *state);

/* Asks relaywatchd; blocks for limit_ms at most. NULL, with why, unless it answers with a document
 * of its own. *body_out, which must be NULL before, is its text, to be freed whatever comes. */
struct json_t *cli_ask_daemon(const char *url, int limit_ms, char **body_out, struct fault *why);

/* One option of a command. `value` is set to its argument, `flag` to true. */
struct cli_option {
    const char *name; /* "--json" */
    const char **value;
    bool *flag;
};

/* Reads the options. Returns the index of the first other argument; -1 after a complaint on stderr
 * that names the option and shows the command's help. */
int cli_options(const struct command *command, int argc, char **argv,
                const struct cli_option *options, int count);

/* The same for a command that takes nothing but options: false after a complaint, also of what
 * stands behind them. */
bool cli_only_options(const struct command *command, int argc, char **argv,
                      const struct cli_option *options, int count);

/* Loads the configuration; each error on stderr. Returns 0 or EX_CONFIG. */
int cli_load_conf(const char *path, struct conf *out);

/* What `mail_log` names. Returns 0, or EX_CONFIG after a complaint on stderr. */
int cli_parse_logs(const struct conf *conf, struct logsources *out);

/* May colours be used on this stream: a terminal, and NO_COLOR is not set. */
bool cli_colour(int fd);

#endif
