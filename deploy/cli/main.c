/* relaywatch: the operator's command. This file: the table of commands and what they share of
 * options. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "cli.h"
#include "completion.h"

static const struct command *const commands[] = {
    &command_install,     &command_status,  &command_test,      &command_show_config,
    &command_credentials, &command_queue,   &command_logs,      &command_run,
    &command_backup,      &command_restore, &command_uninstall, &command_postal,
    &command_firewall,    &command_dns,     &command_doctor,    &command_alerts,
    &command_fleet,
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out) {
    fputs("usage: relaywatch [-c FILE] COMMAND [OPTION ...]\n"
          "Watches a Postfix relay: does mail flow, and if not, why and what to do.\n\n",
          out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n  -c FILE      configuration, default " CONF_DEFAULT_PATH "\n"
          "  --version    print the version\n"
          "  --completion bash|zsh\n"
          "               print what completes commands and options in that shell\n"
          "`relaywatch COMMAND --help` tells more. Example: relaywatch status\n",
          out);
}

static const struct command *find_command(const char *name) {
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

/* Takes `-c FILE` out of the arguments, wherever it stands. Returns false when FILE is missing. */
static bool take_conf_path(int *argc, char **argv, const char **path) {
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "-c") != 0) {
            argv[kept++] = argv[i];
        } else if (++i < *argc) {
            *path = argv[i];
        } else {
            return false;
        }
    }
    *argc = kept;
    return true;
}

/* A file that we open must not become what we print to. */
static void fill_standard_fds(void) {
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd != -1)
        close(fd);
}

/* Nobody may take for an answer what was not written: a full disk, say. */
static int end(const struct command *command, int status) {
    bool nagios =
        command == &command_status || command == &command_doctor || command == &command_alerts;

    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "relaywatch %s: the output cannot be written, it is incomplete: %m\n",
            command->name);
    if (nagios)
        return status == NAGIOS_CRITICAL ? status : NAGIOS_UNKNOWN;
    return status != 0 ? status : 1;
}

int main(int argc, char **argv) {
    const char *conf_path = CONF_DEFAULT_PATH;
    const struct command *command;

    fill_standard_fds();
    log_open("relaywatch", LOG_LEVEL_INFO);
    if (!take_conf_path(&argc, argv, &conf_path)) {
        fputs("relaywatch: -c: needs a file\n", stderr);
        return EX_USAGE;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("relaywatch " RELAYWATCH_VERSION);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--completion") == 0 &&
        completion_print(stdout, argv[2], commands, COMMANDS) == 0)
        return 0;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_help(stdout);
        return 0;
    }
    command = argc > 1 ? find_command(argv[1]) : NULL;
    if (command == NULL) {
        if (argc > 1)
            fprintf(stderr, "relaywatch: %s: no such command\n", argv[1]);
        print_help(stderr);
        return EX_USAGE;
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(command->help, stdout);
            return 0;
        }
    }
    return end(command, command->run(argc - 2, argv + 2, conf_path));
}
