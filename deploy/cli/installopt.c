/* See installopt.h. */
#include "installopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "text.h"
#include "xmem.h"
#include "cli.h"
#include "place.h"
#include "prompt.h"

struct taking {
    struct install_options *options;
    struct wants *wants;
};

static int wrong(const char *option, const char *text) {
    char shown[500]; /* what was given may hold anything */

    text_copy_printable(shown, sizeof shown, span_of(text));
    fprintf(stderr, "relaywatch install: %s %s\n", option, shown);
    return EX_USAGE;
}

/* The password leaves /proc/PID/cmdline before anything else is done. */
static bool take_password(int argc, char **argv, char *out, size_t size) {
    static const char name[] = "--app-password";
    size_t n = strlen(name);
    bool found = false;

    for (int i = 0; i < argc; i++) {
        char *value = NULL;

        if (strcmp(argv[i], name) == 0 && i + 1 < argc)
            value = argv[i + 1];
        else if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            value = argv[i] + n + 1;
        if (value == NULL)
            continue;
        found = text_copy(out, size, value);
        wipe(value, strlen(value));
    }
    return found;
}

/* -1: not a password, -2: cannot be read. */
static int read_password_file(const char *path, struct wants *wants, bool *stripped,
                              struct fault *why) {
    char text[4096];
    size_t n = 0;
    ssize_t got = 0;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int failed;

    if (fd == -1)
        return fault_errno(why, "--app-password-file: %s", path) - 1;
    while (n < sizeof text && (got = read(fd, text + n, sizeof text - n)) > 0)
        n += (size_t)got;
    if (fd != STDIN_FILENO)
        close(fd);
    if (got == -1)
        failed = fault_errno(why, "--app-password-file: %s", path) - 1;
    else
        failed = wants_secret(text, n, wants, stripped, why);
    wipe(text, sizeof text);
    return failed;
}

static int take_secret(struct taking *t, const char *from_argv) {
    struct wants *w = t->wants;
    bool stripped = false;
    struct fault why;
    char text[WANTS_SECRET_MAX + 2];
    int failed;

    if (t->options->password_file != NULL) {
        failed = read_password_file(t->options->password_file, w, &stripped, &why);
        if (failed != 0)
            return failed == -1 ? wrong("--app-password-file:", why.text)
                                : place_fail("install", why.text);
    } else if (t->options->password != NULL) {
        fputs("relaywatch install: --app-password: others could read it in the list of processes "
              "until now; "
              "--app-password-file is safe\n",
              stderr);
        if (wants_secret(from_argv, strlen(from_argv), w, &stripped, &why) == -1)
            return wrong("--app-password:", why.text);
    } else if (prompt_can()) {
        if (!prompt_line("App password (not shown): ", true, text, sizeof text))
            return wrong("--app-password-file:", "no password was given");
        failed = wants_secret(text, strlen(text), w, &stripped, &why);
        wipe(text, sizeof text);
        if (failed == -1)
            return wrong("--app-password-file:", why.text);
    } else {
        return wrong("--app-password-file:",
                     "is missing: a file with the password, or - for standard input; "
                     "--ip-allowlisted where the relay knows this host by its address");
    }
    if (stripped) {
        printf("password    four groups of four letters: the spaces between them are left out\n");
        fflush(stdout);
    }
    return 0;
}

static int take_address(struct taking *t) {
    const struct install_options *o = t->options;
    char text[256];
    struct fault why;

    if (o->address != NULL)
        return wants_address(o->address, t->wants->address, sizeof t->wants->address, &why) == 0
                   ? 0
                   : wrong("--gmail-address", why.text);
    if (o->ip_allowlisted || o->user != NULL)
        return 0;
    if (!prompt_can() || !prompt_line("Gmail Workspace address: ", false, text, sizeof text))
        return wrong("--gmail-address:",
                     "is missing: the address to log in with; --relay-user for another relay");
    return wants_address(text, t->wants->address, sizeof t->wants->address, &why) == 0
               ? 0
               : wrong("--gmail-address", why.text);
}

static int take_user(struct taking *t) {
    const char *user = t->options->user;

    if (t->options->ip_allowlisted)
        return user == NULL
                   ? 0
                   : wrong("--relay-user:", "not with --ip-allowlisted: there is no login");
    if (user == NULL)
        user = t->wants->address;
    if (user[0] == '\0' || strpbrk(user, ": \t\r\n") != NULL ||
        !text_copy(t->wants->login, sizeof t->wants->login, user))
        return wrong("--relay-user:", "a name without spaces and colons");
    return 0;
}

static int take_recipient(const struct install_options *o) {
    char text[256];
    struct fault why;

    if (o->recipient != NULL && o->skip_test)
        return wrong("--test-recipient:", "not with --skip-test");
    if (o->recipient != NULL && wants_address(o->recipient, text, sizeof text, &why) == -1)
        return wrong("--test-recipient", why.text);
    return 0;
}

static int take_networks(int argc, char **argv, struct wants *wants) {
    static const char name[] = "--trust-network";
    size_t n = strlen(name);
    struct fault why;

    for (int i = 0; i < argc; i++) {
        const char *value = NULL;

        if (strcmp(argv[i], name) == 0 && i + 1 < argc)
            value = argv[++i];
        else if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            value = argv[i] + n + 1;
        if (value != NULL && wants_network(value, wants, &why) == -1)
            return wrong("--trust-network", why.text);
    }
    return 0;
}

static int take_wants(struct taking *t) {
    struct install_options *o = t->options;
    struct wants *w = t->wants;
    struct fault why;
    int status = take_address(t);

    w->ip_allowlisted = o->ip_allowlisted;
    if (status != 0)
        return status;
    if (o->host != NULL && wants_host(o->host, w->host, sizeof w->host, &why) == -1)
        return wrong("--relay-host", why.text);
    if (o->port != NULL && wants_port(o->port, &w->port, &why) == -1)
        return wrong("--relay-port", why.text);
    if (o->helo != NULL && wants_helo(o->helo, w, &why) == -1)
        return wrong("--helo-name", why.text);
    if (o->listen != NULL && wants_listen(o->listen, w, &why) == -1)
        return wrong("--listen", why.text);
    if (o->ca_file != NULL &&
        (o->ca_file[0] != '/' || !text_copy(w->ca_file, sizeof w->ca_file, o->ca_file)))
        return wrong("--ca-file:", "an absolute path");
    if (o->ca_file != NULL && access(o->ca_file, R_OK) == -1)
        return wrong("--ca-file:", strerror(errno));
    if (o->ip_allowlisted && (o->password != NULL || o->password_file != NULL))
        return wrong("--ip-allowlisted:", "there is no login, so no password: leave it out");
    if (o->password != NULL && o->password_file != NULL)
        return wrong("--app-password:", "not with --app-password-file");
    status = take_user(t);
    return status != 0 ? status : take_recipient(o);
}

int installopt_take(int argc, char **argv, struct install_options *o, struct wants *w) {
    struct taking t = {.options = o, .wants = w};
    static const char *networks; /* each was taken by take_networks */
    char password[WANTS_SECRET_MAX + 2] = "";
    const struct cli_option options[] = {{"--gmail-address", &o->address, NULL},
                                         {"--app-password-file", &o->password_file, NULL},
                                         {"--app-password", &o->password, NULL},
                                         {"--relay-host", &o->host, NULL},
                                         {"--relay-port", &o->port, NULL},
                                         {"--relay-user", &o->user, NULL},
                                         {"--test-recipient", &o->recipient, NULL},
                                         {"--skip-test", NULL, &o->skip_test},
                                         {"--ip-allowlisted", NULL, &o->ip_allowlisted},
                                         {"--listen", &o->listen, NULL},
                                         {"--helo-name", &o->helo, NULL},
                                         {"--trust-network", &networks, NULL},
                                         {"--ca-file", &o->ca_file, NULL},
                                         {"--dry-run", NULL, &o->dry_run},
                                         {"--yes", NULL, &o->yes},
                                         {"--no-packages", NULL, &o->no_packages}};
    int status = EX_USAGE;

    take_password(argc, argv, password, sizeof password);
    wants_init(w);
    if (cli_only_options(&command_install, argc, argv, options, sizeof options / sizeof options[0]))
        status = take_networks(argc, argv, w);
    if (status == 0)
        status = place_need_root("install");
    if (status == 0)
        status = take_wants(&t);
    if (status == 0 && !o->ip_allowlisted)
        status = take_secret(&t, password);
    wipe(password, sizeof password);
    return status;
}
