/* `relaywatch postal`: has Postal send through this relay. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "text.h"
#include "xmem.h"
#include "facts.h"
#include "diff.h"
#include "lockedit.h"
#include "postalyaml.h"
#include "present.h"
#include "wants.h"
#include "json.h"
#include "postal_check.h"
#include "screen.h"

enum { INDENT = 6, DNS_MS = 10000 };

struct wish {
    const char *config, *host, *port, *resolver;
    bool dry_run, force, json;
};

static int complain(const char *what, const char *why) {
    fprintf(stderr, "relaywatch postal: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

static int usage(const char *what, const char *right) {
    fprintf(stderr, "relaywatch postal: %s: give %s\n", what, right);
    return EX_USAGE;
}

static const char *config_path(const struct wish *w) {
    const char *path = getenv("POSTAL_CONFIG_FILE_PATH");

    if (w->config != NULL)
        return w->config;
    return path != NULL && path[0] != '\0' ? path : "/opt/postal/config/postal.yml";
}

/* The whole file; NULL after a complaint, with the exit status. */
static char *read_config(const char *path, struct postal_config *config, int *status_out) {
    struct fault why = {.text = ""};
    char *text;

    *status_out = EXIT_FAILURE;
    if (access(path, R_OK) == -1 && errno == EACCES) {
        complain(path, "not readable for you: sudo relaywatch postal ...");
        *status_out = EX_NOPERM;
        return NULL;
    }
    text = present_file(path, &why);
    if (text == NULL) {
        complain(path, why.text[0] != '\0'
                           ? why.text
                           : "not there: is Postal on this host? Else name it: --config FILE");
        return NULL;
    }
    if (postalyaml_read(text, config, &why) == 0)
        return text;
    complain(path, why.text);
    free(text);
    return NULL;
}

/* ---- show ---- */

static struct json_t *relay_json(const struct postal_relay *relay,
                                 const struct postal_check *check) {
    struct json_t *o = json_make_object();
    struct json_t *problems = json_make_array();

    json_put_text(o, "host", relay->host);
    json_put_int(o, "port", relay->port);
    json_put_text(o, "ssl_mode", relay->ssl_mode);
    json_put_int(o, "line", relay->line);
    json_put_text(o, "addresses", check->addresses);
    for (size_t i = 0; i < check->count; i++)
        json_add_text(problems, check->problem[i]);
    json_put(o, "problems", problems);
    return o;
}

static void put_problems(const struct postal_check *check) {
    struct screen s = screen_of_stdout();

    for (size_t i = 0; i < check->count; i++) {
        printf("    - ");
        screen_put_wrapped(&s, INDENT, check->problem[i]);
    }
}

static int show(const struct wish *w, const struct conf *conf) {
    struct postal_config *config = xcalloc(1, sizeof *config);
    struct json_t *doc = json_make_object(), *all = json_make_array();
    struct postal_check check;
    bool good = true;
    int status;
    char *text = read_config(config_path(w), config, &status);

    for (size_t i = 0; text != NULL && i < config->count; i++) {
        const struct postal_relay *r = &config->relay[i];

        if (i == 0 && !w->json)
            printf("%s, version %u\n", config_path(w), config->version);
        postal_check(r, config, conf->submit, w->resolver, DNS_MS, &check);
        good &= check.count == 0;
        json_add(all, relay_json(r, &check));
        if (w->json)
            continue;
        printf("  line %u: %s:%u ssl_mode=%s%s%s%s\n", r->line, r->host, r->port, r->ssl_mode,
               check.addresses[0] != '\0' ? " (" : "", check.addresses,
               check.addresses[0] != '\0' ? ")" : "");
        put_problems(&check);
    }
    if (text != NULL && config->count == 0 && !w->json)
        printf("%s names no relay: Postal delivers to each domain itself: relaywatch postal "
               "add-relay\n",
               config_path(w));
    json_put_text(doc, "config", config_path(w));
    json_put_int(doc, "version", config->version);
    json_put(doc, "relays", all);
    if (text != NULL && w->json) {
        char *line = json_print(doc, true);

        puts(line);
        free(line);
    }
    json_release(&doc);
    free(config);
    status = text != NULL && good ? 0 : text != NULL ? EXIT_FAILURE : status;
    free(text);
    return status;
}

/* ---- add, remove ---- */

/* The text with the values of passwords and keys covered, for people. */
static char *cover(const char *text) {
    static const char *const words[] = {"password", "secret", "key", "token", "dsn"};
    size_t size = 2 * strlen(text) + 64, n = 0;
    char *out = xcalloc(1, size);

    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n"), colon = strcspn(line, ":\n");
        bool hidden = false;

        for (size_t i = 0; colon < length && i < sizeof words / sizeof words[0]; i++)
            hidden |= memmem(line, colon, words[i], strlen(words[i])) != NULL;
        if (hidden && colon + 1 < length)
            text_format(out + n, size - n, "%.*s: ***%s", (int)colon, line,
                        line[length] == '\n' ? "\n" : "");
        else
            text_format(out + n, size - n, "%.*s%s", (int)length, line,
                        line[length] == '\n' ? "\n" : "");
        n += strlen(out + n);
        line += length + (line[length] == '\n');
    }
    return out;
}

static void show_difference(const char *path, const char *before, const char *after) {
    char *a = cover(before), *b = cover(after);

    diff_print(stdout, path, a, b);
    free(a);
    free(b);
}

/* A copy beside it, for the same readers. */
static int back_up(const char *path, const char *text, char *name, size_t size, struct fault *why) {
    time_t now = time(NULL);
    struct stat st;
    char stamp[32];
    struct tm tm;

    if (stat(path, &st) == -1)
        return fault_errno(why, "%s", path);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
    text_format(name, size, "%s.before-%s", path, stamp);
    if (file_replace(name, text, strlen(text), st.st_mode & 0600, why) == -1)
        return -1;
    if (chown(name, st.st_uid, st.st_gid) == -1 || chmod(name, st.st_mode & 0777) == -1)
        return fault_errno(why, "%s", name);
    return 0;
}

static int write_config(const char *path, const char *before, const char *after) {
    const struct lockedit how = {.mode = 0600};
    char backup[PATH_MAX];
    struct fault why;

    if (access(path, W_OK) == -1) {
        complain(path, strerror(errno));
        fputs("  Run it as root: sudo relaywatch postal ...\n", stderr);
        return EX_NOPERM;
    }
    if (back_up(path, before, backup, sizeof backup, &why) == -1 ||
        lockedit_replace(path, before, strlen(before), after, strlen(after), &how, &why) == -1) {
        complain(why.text, "nothing was changed");
        return EXIT_FAILURE;
    }
    show_difference(path, before, after);
    printf("before      %s\n"
           "next        postal restart   # Postal reads its relays at its start alone\n",
           backup);
    return 0;
}

/* What is asked for, where it was not said: this host's name, and the port where Postfix takes
 * mail. */
static int find_relay(const struct wish *w, const struct conf *conf, struct postal_relay *out) {
    struct facts *facts = xcalloc(1, sizeof *facts);
    char address[256], port[8] = "25";
    uint64_t number;
    struct fault why = {.text = ""};
    const char *host = w->host;

    text_endpoint(conf->submit, address, sizeof address, port, sizeof port);
    if (host == NULL && facts_read(conf->postfix_config_dir, facts, &why) == 0)
        host = facts->helo;
    memset(out, 0, sizeof *out);
    text_copy(out->ssl_mode, sizeof out->ssl_mode, "None");
    if (host == NULL || wants_host(host, out->host, sizeof out->host, &why) == -1) {
        free(facts);
        return usage("--host", "the name under which Postal finds this relay in the DNS");
    }
    free(facts);
    if (!text_u64(span_of(w->port != NULL ? w->port : port), 1, 65535, &number))
        return usage("--port", "a port from 1 to 65535");
    out->port = (uint32_t)number;
    return 0;
}

static int apply(const struct wish *w, const char *text, char *after) {
    const char *path = config_path(w);
    int status = 0;

    if (strcmp(text, after) == 0)
        printf("%s says so already: nothing to do\n", path);
    else if (w->dry_run)
        show_difference(path, text, after);
    else
        status = write_config(path, text, after);
    free(after);
    return status;
}

static int add(const struct wish *w, const struct conf *conf) {
    struct postal_config *config = xcalloc(1, sizeof *config);
    struct postal_relay relay;
    struct postal_check check;
    struct fault why;
    char *text = NULL, *after = NULL;
    int status = find_relay(w, conf, &relay);

    if (status == 0)
        text = read_config(config_path(w), config, &status);
    if (text != NULL) {
        postal_check(&relay, config, conf->submit, w->resolver, DNS_MS, &check);
        if (check.count > 0)
            printf("Postal would not reach %s:%u:\n", relay.host, relay.port);
        put_problems(&check);
        after = postalyaml_add(text, relay.host, relay.port, &why);
        if (after == NULL)
            status = complain(config_path(w), why.text);
        else if (check.count > 0 && !w->force && !w->dry_run)
            status =
                complain(config_path(w), "nothing was changed; --force writes it all the same");
        else
            status = apply(w, text, xstrdup(after));
        if (check.count > 0 && w->dry_run)
            status = EXIT_FAILURE;
    }
    free(after);
    free(text);
    free(config);
    return status;
}

static int take_out(const struct wish *w, const struct conf *conf) {
    struct postal_config *config = xcalloc(1, sizeof *config);
    struct postal_relay relay;
    struct fault why;
    char *text = NULL, *after;
    int status = find_relay(w, conf, &relay);

    if (status == 0)
        text = read_config(config_path(w), config, &status);
    if (text != NULL) {
        after = postalyaml_remove(text, relay.host, relay.port, &why);
        status = after == NULL ? complain(config_path(w), why.text) : apply(w, text, after);
    }
    free(text);
    free(config);
    return status;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct wish w = {.config = NULL};
    const struct cli_option options[] = {
        {"--config", &w.config, NULL},   {"--host", &w.host, NULL},
        {"--port", &w.port, NULL},       {"--resolver", &w.resolver, NULL},
        {"--dry-run", NULL, &w.dry_run}, {"--force", NULL, &w.force},
        {"--json", NULL, &w.json},
    };
    const char *verb = argc > 0 && argv[0][0] != '-' ? argv[0] : "show";
    int skip = argc > 0 && argv[0][0] != '-';
    struct conf conf;
    int status;

    if (!cli_only_options(&command_postal, argc - skip, argv + skip, options, 7))
        return EX_USAGE;
    status = cli_load_conf(conf_path, &conf);
    if (status != 0)
        return status;
    if (strcmp(verb, "show") == 0)
        return show(&w, &conf);
    if (strcmp(verb, "add-relay") == 0 || strcmp(verb, "add-postfix-relay") == 0)
        return add(&w, &conf);
    if (strcmp(verb, "remove-relay") == 0)
        return take_out(&w, &conf);
    fprintf(stderr, "relaywatch postal: %s: no such action\n%s", verb, command_postal.help);
    return EX_USAGE;
}

const struct command command_postal = {
    .name = "postal",
    .summary = "have Postal send through this relay",
    .help = "usage: relaywatch postal [show] [--json]\n"
            "       relaywatch postal add-relay [--host NAME] [--port N] [--dry-run]\n"
            "           [--force]\n"
            "       relaywatch postal remove-relay [--host NAME] [--port N] [--dry-run]\n"
            "Shows which relays postal.yml names and whether Postal can reach them; writes\n"
            "this one in, or takes it out. Comments and order stay, the file of before is\n"
            "kept beside it. Postal looks names up in the DNS alone: an address or localhost\n"
            "does not work.\n"
            "add-postfix-relay is the same as add-relay.\n"
            "  --host NAME         of this relay in the DNS; default: Postfix's own name\n"
            "  --port N            default that of the parameter submit\n"
            "  --config FILE       default /opt/postal/config/postal.yml\n"
            "  --dry-run           show the difference, write nothing\n"
            "  --force             write also what Postal would not reach\n"
            "  --resolver IP:PORT  ask this name server instead of the system's\n"
            "Exit status: 0; 1 Postal cannot reach a relay that it names, or nothing was\n"
            "changed.\n"
            "Example: sudo relaywatch postal add-relay --host relay.example.com --port 2525\n",
    .run = run,
};
