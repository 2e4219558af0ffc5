/* See cli.h. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "json.h"
#include "request.h"

enum { ANSWER_BYTES = 4 * 1024 * 1024 };

static int complain(const struct command *command, const char *what, const char *option) {
    fprintf(stderr, "relaywatch %s: %s: %s\n%s", command->name, option, what, command->help);
    return -1;
}

static const struct cli_option *find_option(const struct cli_option *options, int count,
                                            const char *text, size_t n) {
    for (int i = 0; i < count; i++) {
        if (strlen(options[i].name) == n && memcmp(options[i].name, text, n) == 0)
            return &options[i];
    }
    return NULL;
}

int cli_options(const struct command *command, int argc, char **argv,
                const struct cli_option *options, int count) {
    int i;

    for (i = 0; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t n = equals != NULL ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const struct cli_option *option = find_option(options, count, argv[i], n);

        if (strcmp(argv[i], "--") == 0)
            return i + 1;
        if (option == NULL)
            return complain(command, "no such option", argv[i]);
        if (option->flag != NULL) {
            if (equals != NULL)
                return complain(command, "takes no value", argv[i]);
            *option->flag = true;
        } else if (equals != NULL) {
            *option->value = equals + 1;
        } else if (i + 1 < argc) {
            *option->value = argv[++i];
        } else {
            return complain(command, "needs a value", argv[i]);
        }
    }
    return i;
}

bool cli_only_options(const struct command *command, int argc, char **argv,
                      const struct cli_option *options, int count) {
    int at = cli_options(command, argc, argv, options, count);

    if (at != -1 && at < argc)
        complain(command, "not understood here", argv[at]);
    return at == argc;
}

static void on_conf_error(const char *text, void *arg) {
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

int cli_load_conf(const char *path, struct conf *out) {
    struct fault why;

    if (conf_load(path, out, on_conf_error, NULL, &why) == -1) {
        fprintf(stderr, "relaywatch: %s\n", why.text);
        return EX_CONFIG;
    }
    return 0;
}

int cli_parse_logs(const struct conf *conf, struct logsources *out) {
    struct fault why;

    if (logsources_parse(conf->mail_log, out, &why) == 0)
        return 0;
    fprintf(stderr, "relaywatch: mail_log: %s\n", why.text);
    return EX_CONFIG;
}

int cli_exit_status(const char *state) {
    static const char *const states[] = {"ok", "warning", "critical"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(state, states[i]) == 0)
            return i;
    }
    return NAGIOS_UNKNOWN;
}

struct json_t *cli_ask_daemon(const char *url, int limit_ms, char **body_out, struct fault *why) {
    int status = request_get(url, limit_ms, ANSWER_BYTES, body_out, why);
    struct json_t *doc;

    if (status == -1)
        return NULL;
    doc = json_read(*body_out, strlen(*body_out), why);
    if (doc != NULL && status == 200)
        return doc;
    json_release(&doc);
    fault_set(why, "not relaywatchd's answer (status %d)", status);
    return NULL;
}

bool cli_colour(int fd) {
    const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */

    return isatty(fd) && (no_color == NULL || no_color[0] == '\0');
}
