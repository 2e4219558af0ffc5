/* `relaywatch show-config`: the parameters in force, and those of Postfix that make the relay. */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "spawn.h"

static const char *const postfix_parameters[] = {
    "relayhost",
    "smtp_tls_security_level",
    "smtp_tls_wrappermode",
    "smtp_tls_CAfile",
    "smtp_tls_servername",
    "smtp_sasl_auth_enable",
    "smtp_sasl_password_maps",
    "smtp_sasl_security_options",
    "smtp_sasl_tls_security_options",
    "smtp_sasl_tls_verified_security_options",
    "smtp_helo_name",
    "smtp_delivery_status_filter",
    "inet_interfaces",
    "mynetworks",
    "smtpd_relay_restrictions",
    "smtpd_milters",
    "maillog_file",
    "maximal_queue_lifetime",
    "mail_version",
};

enum { POSTFIX_PARAMETERS = sizeof postfix_parameters / sizeof postfix_parameters[0] };

/* A table given inline in main.cf may hold a password. */
static void print_masked(const char *text) {
    const char *line = text;

    while (*line != '\0') {
        const char *end = strchrnul(line, '\n');
        const char *secret = memmem(line, (size_t)(end - line), "inline:", 7);

        if (secret != NULL)
            printf("%.*s***\n", (int)(secret + 7 - line), line);
        else
            printf("%.*s\n", (int)(end - line), line);
        line = *end != '\0' ? end + 1 : end;
    }
}

static int print_postfix(const struct conf *conf) {
    const char *argv[POSTFIX_PARAMETERS + 4] = {"/usr/sbin/postconf", "-c",
                                                conf->postfix_config_dir};
    static char output[16384];
    static char errors[1024];
    struct spawn job = {.argv = argv,
                        .output = output,
                        .output_size = sizeof output,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = 10000};
    struct fault why;

    memcpy(argv + 3, postfix_parameters, sizeof postfix_parameters);
    if (spawn_run(&job, &why) == -1) {
        fprintf(stderr, "relaywatch show-config: %s\n", why.text);
        return 1;
    }
    print_masked(output);
    if (job.status != 0) {
        fprintf(stderr, "relaywatch show-config: postconf: %s", errors);
        return 1;
    }
    return 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    bool reference = false;
    bool changed = false;
    const struct cli_option options[] = {{"--reference", NULL, &reference},
                                         {"--changed", NULL, &changed}};
    struct conf conf;
    struct conf defaults;
    int status;

    if (cli_options(&command_show_config, argc, argv, options, 2) != argc)
        return EX_USAGE;
    if (reference) {
        conf_print_reference(stdout);
        return 0;
    }
    status = cli_load_conf(conf_path, &conf);
    if (status != 0)
        return status;
    conf_defaults(&defaults);
    printf("# %s\n", conf_path);
    conf_print(stdout, &conf, changed ? &defaults : NULL);
    printf("\n# %s/main.cf\n", conf.postfix_config_dir);
    fflush(stdout);
    return print_postfix(&conf);
}

const struct command command_show_config = {
    .name = "show-config",
    .summary = "show the parameters in force, ours and Postfix's",
    .help = "usage: relaywatch show-config [--changed] [--reference]\n"
            "Prints relaywatch's parameters and those of Postfix that make the relay; no secret.\n"
            "  --changed    of ours only those that differ from their default\n"
            "  --reference  every parameter of relaywatch with its default and what it is for\n"
            "Example: relaywatch show-config --changed\n",
    .run = run,
};
