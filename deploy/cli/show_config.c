/* `relaywatch show-config`: the parameters in force, and those of Postfix that make the relay, with
 * what is recommended instead and why. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "spawn.h"
#include "text.h"
#include "xmem.h"
#include "facts.h"
#include "machine.h"
#include "present.h"
#include "recommend.h"
#include "json.h"
#include "screen.h"

enum { VALUE = 4096, PARAMETERS_MOST = 64, OUTPUT = 64 * 1024 };

struct postfix {
    const char *config_dir;
    char *output; /* of postconf */
    struct recommend *recommend;
    size_t differ;
    char *main_cf;
};

/* ---- what Postfix says ---- */

static int ask_postconf(struct postfix *p, struct fault *why) {
    const char *argv[PARAMETERS_MOST + 4] = {"/usr/sbin/postconf", "-c", p->config_dir};
    static char errors[1024];
    struct spawn job = {.argv = argv,
                        .output = p->output,
                        .output_size = OUTPUT,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = 10000};

    for (size_t i = 0; i < recommend_count() && i < PARAMETERS_MOST; i++)
        argv[i + 3] = recommend_name(i);
    if (spawn_run(&job, why) == -1)
        return -1;
    errors[strcspn(errors, "\n")] = '\0';
    return job.status == 0 ? 0 : fault_set(why, "%.300s", errors);
}

/* False: this Postfix does not know it. */
static bool value_of(const struct postfix *p, const char *name, char out[VALUE]) {
    size_t n = strlen(name);

    for (const char *line = p->output; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, n) == 0 && strncmp(line + n, " =", 2) == 0) {
            struct span value = {line + n + 2, strcspn(line + n + 2, "\n")};

            text_copy_printable(out, VALUE, span_trim(value));
            return true;
        }
    }
    return false;
}

/* Without it values are shown, and nothing is recommended. */
static void find_recommended(struct postfix *p, const struct conf *conf) {
    struct machine *machine = xcalloc(1, sizeof *machine);
    struct recommend_input in = {.machine = machine,
                                 .config_dir = p->config_dir,
                                 .milter_socket = conf->milter_socket,
                                 .journal = strstr(conf->mail_log, "journal") != NULL};
    char path[PATH_MAX];
    struct facts facts;
    struct fault why;

    text_format(path, sizeof path, "%s/main.cf", p->config_dir);
    p->main_cf = present_file(path, &why);
    in.main_cf = p->main_cf;
    in.facts = &facts;
    if (p->main_cf != NULL && facts_read(p->config_dir, &facts, &why) == 0 &&
        machine_read(p->config_dir, facts.host, machine, NULL, &why) == 0)
        p->recommend = recommend_new(&in);
    else
        fprintf(stderr, "relaywatch show-config: nothing is recommended: %s\n", why.text);
    free(machine);
}

/* ---- text ---- */

static void put_one(struct postfix *p, size_t i, const struct screen *screen) {
    char now[VALUE], better[VALUE];
    const char *value;

    if (!value_of(p, recommend_name(i), now))
        return;
    value = recommend_value(p->recommend, i, now);
    text_copy(better, sizeof better, value != NULL ? value : "");
    recommend_mask(now);
    printf("%s = %s\n", recommend_name(i), now);
    if (value == NULL)
        return;
    p->differ++;
    recommend_mask(better);
    if (better[0] == '\0')
        printf("    recommended  take it out of main.cf\n");
    else
        printf("    recommended  %s\n", better);
    printf("    why          ");
    screen_put_wrapped(screen, 17, recommend_why(i));
}

static void put_postfix(struct postfix *p) {
    struct screen screen = screen_of_stdout();

    printf("\n# %s/main.cf\n", p->config_dir);
    for (size_t i = 0; i < recommend_count(); i++)
        put_one(p, i, &screen);
    if (p->recommend == NULL) {
        puts("\n# no relayhost: relaywatch install sets one up");
        return;
    }
    fputs(recommend_notes(p->recommend)[0] != '\0' ? "\n# Look at these yourself\n" : "", stdout);
    fputs(recommend_notes(p->recommend), stdout);
    if (p->differ == 0)
        puts("\n# all as recommended");
    else
        printf("\n# %zu differ%s from what is recommended: relaywatch install sets it, with "
               "--dry-run it shows\n",
               p->differ, p->differ == 1 ? "s" : "");
}

/* ---- JSON ---- */

static struct json_t *postfix_json(struct postfix *p) {
    struct json_t *all = json_make_array();
    char now[VALUE];

    for (size_t i = 0; i < recommend_count(); i++) {
        struct json_t *o;
        char better[VALUE];
        const char *value;

        if (!value_of(p, recommend_name(i), now))
            continue;
        value = recommend_value(p->recommend, i, now);
        text_copy(better, sizeof better, value != NULL ? value : "");
        recommend_mask(now);
        recommend_mask(better);
        o = json_make_object();
        json_put_text(o, "name", recommend_name(i));
        json_put_text(o, "value", now);
        json_put_bool(o, "differs", value != NULL);
        json_put_text(o, "recommended", value != NULL ? better : NULL);
        json_put_text(o, "why", recommend_why(i));
        json_add(all, o);
    }
    return all;
}

/* The lines that conf_print writes. */
static struct json_t *conf_json(const struct conf *conf, const struct conf *defaults) {
    struct json_t *all = json_make_object();
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (stream == NULL)
        abort();
    conf_print(stream, conf, defaults);
    if (fclose(stream) != 0)
        abort();
    for (char *line = text, *end; *line != '\0'; line = end) {
        char *equals = strstr(line, " = ");

        end = strchrnul(line, '\n');
        end += *end == '\n' ? (*end = '\0', 1) : 0;
        if (equals == NULL || equals > end)
            equals = strstr(line, " =");
        if (equals == NULL)
            continue;
        *equals = '\0';
        json_put_text(all, line, equals[1] == '=' && equals[2] == ' ' ? equals + 3 : "");
    }
    free(text);
    return all;
}

static void put_json(struct postfix *p, const struct conf *conf, const struct conf *defaults) {
    struct json_t *doc = json_make_object();
    char *text;

    json_put(doc, "relaywatch", conf_json(conf, defaults));
    json_put(doc, "postfix", postfix_json(p));
    json_put_text(doc, "notes", recommend_notes(p->recommend));
    text = json_print(doc, true);
    puts(text);
    free(text);
    json_release(&doc);
}

/* ---- all of it ---- */

static int show(const struct conf *conf, const char *conf_path, const struct conf *defaults,
                bool as_json) {
    struct postfix p = {.config_dir = conf->postfix_config_dir, .output = xcalloc(1, OUTPUT)};
    struct fault why;
    int failed = ask_postconf(&p, &why);

    if (failed == 0)
        find_recommended(&p, conf);
    if (!as_json) {
        printf("# %s\n", conf_path);
        conf_print(stdout, conf, defaults);
    }
    if (failed == -1)
        fprintf(stderr, "relaywatch show-config: %s\n", why.text);
    else if (as_json)
        put_json(&p, conf, defaults);
    else
        put_postfix(&p);
    recommend_free(&p.recommend);
    free(p.main_cf);
    free(p.output);
    return failed == -1 ? EXIT_FAILURE : 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    bool reference = false, changed = false, as_json = false;
    const struct cli_option options[] = {{"--reference", NULL, &reference},
                                         {"--changed", NULL, &changed},
                                         {"--json", NULL, &as_json}};
    struct conf conf, defaults;
    int status;

    if (!cli_only_options(&command_show_config, argc, argv, options, 3))
        return EX_USAGE;
    if (reference) {
        conf_print_reference(stdout);
        return 0;
    }
    status = cli_load_conf(conf_path, &conf);
    if (status != 0)
        return status;
    conf_defaults(&defaults);
    return show(&conf, conf_path, changed ? &defaults : NULL, as_json);
}

const struct command command_show_config = {
    .name = "show-config",
    .summary = "show the parameters in force, what should be otherwise, and why",
    .help = "usage: relaywatch show-config [--changed] [--json] [--reference]\n"
            "Prints relaywatch's parameters and those of Postfix that make the relay; below\n"
            "each that differs from what relaywatch recommends for this host: what it should\n"
            "be, and why that matters. No secret is shown.\n"
            "  --changed    of ours only those that differ from their default\n"
            "  --json       one object\n"
            "  --reference  every parameter of relaywatch with its default and what it is for\n"
            "Example: relaywatch show-config --changed\n",
    .run = run,
};
