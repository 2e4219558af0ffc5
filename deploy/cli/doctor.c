/* `relaywatch doctor`: looks at the whole relay, judges, and names the command that mends it. What
 * is looked at and how it is judged: deploy/doctor. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "checks.h"
#include "doctor_show.h"
#include "gather.h"
#include "json.h"
#include "mending.h"
#include "place.h"
#include "screen.h"
#include "text.h"

struct wish {
    bool json, list, fix, yes;
    const char *only;
};

/* Every name in --only must be a check. */
static bool only_is_known(const char *only) {
    char id[64];

    while (only != NULL && *only != '\0') {
        size_t n = strcspn(only, ",");

        snprintf(id, sizeof id, "%.*s", (int)(n < 60 ? n : 60), only);
        if (checks_find(id) == NULL) {
            fprintf(stderr, "relaywatch doctor: --only: no check %s: see --list\n", id);
            return false;
        }
        only += n + (only[n] == ',');
    }
    return true;
}

static int exit_of(enum result worst) {
    return worst == RESULT_CRITICAL  ? NAGIOS_CRITICAL
           : worst == RESULT_WARNING ? NAGIOS_WARNING
           : worst == RESULT_UNKNOWN ? NAGIOS_UNKNOWN
                                     : NAGIOS_OK;
}

static struct json_t *as_json(const struct check *check, const struct finding *f) {
    struct json_t *row = json_make_object();

    json_put_text(row, "id", check->id);
    json_put_text(row, "title", check->title);
    json_put_text(row, "result", checks_word(f->result));
    json_put_text(row, "found", f->found);
    json_put_text(row, "why", check->why);
    json_put_text(row, "fix", f->fix[0] != '\0' ? f->fix : NULL);
    json_put_bool(row, "fixable", f->mend != MEND_NOTHING);
    return row;
}

static void list(void) {
    struct screen screen = screen_of_stdout();

    for (size_t i = 0; i < checks_count(); i++) {
        char text[300];

        printf("%-18s ", checks_at(i)->id);
        text_format(text, sizeof text, "%s: %s", checks_at(i)->title, checks_at(i)->why);
        screen_put_wrapped(&screen, 19, text);
    }
}

/* The line that says what is waited for, and is gone when there is an answer. */
static void say_waiting(const char *waiting) {
    fprintf(stderr, "\r\033[Kwaiting for %.60s%s", waiting, strlen(waiting) > 60 ? " ..." : "");
}

/* Judges, shows, and mends what may be mended. Returns the worst. */
static enum result examine(const struct wish *wish, const struct condition *seen,
                           const struct place *place, unsigned *mended) {
    struct json_t *rows = json_make_array(), *out = json_make_object();
    enum result worst = RESULT_OK;
    char *text;

    for (size_t i = 0; i < checks_count(); i++) {
        const struct check *check = checks_at(i);
        struct finding f = {RESULT_UNKNOWN, MEND_NOTHING, "", ""};

        if (!checks_wanted(wish->only, check->id))
            continue;
        check->judge(seen, &f);
        if (f.result > worst)
            worst = f.result;
        if (wish->json)
            json_add(rows, as_json(check, &f));
        else
            doctor_show(check, &f);
        if (wish->fix && f.mend != MEND_NOTHING)
            *mended += mending_offer(f.mend, f.fix, wish->yes, seen, place->programs, &place->host);
    }
    json_put_text(out, "state", worst == RESULT_NONE ? "ok" : checks_word(worst));
    json_put(out, "checks", rows);
    text = wish->json ? json_print(out, true) : NULL;
    if (text != NULL)
        puts(text);
    free(text);
    json_release(&out);
    return worst;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct wish wish = {false, false, false, false, NULL};
    const struct cli_option options[] = {{"--json", NULL, &wish.json},
                                         {"--list", NULL, &wish.list},
                                         {"--fix", NULL, &wish.fix},
                                         {"--yes", NULL, &wish.yes},
                                         {"--only", &wish.only, NULL}};
    struct condition seen;
    struct place place;
    enum result worst;
    unsigned mended = 0;
    bool terminal;
    int status;

    if (!cli_only_options(&command_doctor, argc, argv, options, 5))
        return EX_USAGE;
    if (wish.list) {
        list();
        return 0;
    }
    if (!only_is_known(wish.only))
        return EX_USAGE;
    status = place_find("doctor", conf_path, &place);
    if (status == 0 && wish.fix)
        status = place_enter("doctor", &place);
    place_leave(&place); /* what changes the login takes the lock itself */
    if (status != 0)
        return status;
    terminal = !wish.json && isatty(STDERR_FILENO);
    if (terminal)
        fputs("looking at this host and its relay", stderr);
    gather(&place.conf, place.programs, wish.only, terminal ? say_waiting : NULL, &seen);
    if (terminal)
        fputs("\r\033[K", stderr);
    worst = examine(&wish, &seen, &place, &mended);
    gather_free(&seen);
    if (mended > 0)
        fprintf(stderr, "%u mended; look again: relaywatch doctor\n", mended);
    return exit_of(worst);
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "look at everything: what is wrong, why it matters, what mends it",
    .help = "usage: relaywatch doctor [--only CHECK[,CHECK...]] [--json] [--fix [--yes]]\n"
            "       relaywatch doctor --list\n"
            "Looks at login, relay, Postfix, host and relaywatch itself.\n"
            "As root; else it says what it could not look at. Changes nothing without --fix,\n"
            "but writes a line to the mail log, to see whether it arrives.\n"
            "  --only CHECK  these alone\n"
            "  --list        the checks: id and what for\n"
            "  --json        one object: state, checks\n"
            "  --fix         mend what is safe to mend, asking before each\n"
            "  --yes         with --fix: without asking\n"
            "Exit status: 0 ok, 1 warning, 2 critical, 3 unknown.\n"
            "Example: sudo relaywatch doctor --only login,tls\n",
    .run = run,
};
