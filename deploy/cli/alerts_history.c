/* See alerts_history.h. */
#include "alerts_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts_ask.h"
#include "fixtext.h"
#include "json.h"
#include "text.h"

static int print_json(const struct json_t *doc) {
    char *text = json_print(doc, true);

    puts(text);
    free(text);
    return 0;
}

static struct json_t *ask(const struct conf *conf, uint32_t verb, const char *id, int *status) {
    struct alertq_request request = {.version = ALERTQ_VERSION, .verb = verb};

    text_copy(request.id, sizeof request.id, id);
    return alerts_ask(conf, &request, status);
}

static void duration_of(const struct json_t *incident, double now, char *out, size_t size) {
    double since = json_get_real(incident, "since", 0);
    double ended = json_get_real(incident, "ended", 0);

    alerts_age(out, size, (ended > 0 ? ended : now) - since);
}

static void put_row(const struct json_t *i, double now) {
    char at[48];
    char lasted[32];
    char rest[64];

    alerts_time(at, sizeof at, json_get_real(i, "since", 0));
    duration_of(i, now, lasted, sizeof lasted);
    text_format(rest, sizeof rest, "%lld late, %lld lost",
                (long long)json_get_int(i, "deferred", 0),
                (long long)(json_get_int(i, "bounced", 0) + json_get_int(i, "expired", 0)));
    printf("%4lld  %.16s  %-8s%s %-20.20s %s\n", (long long)json_get_int(i, "number", 0), at,
           lasted, json_get_real(i, "ended", 0) > 0 ? " " : "+", json_get_text(i, "id"), rest);
}

int alerts_history(const struct conf *conf, bool as_json) {
    int status = 0;
    struct json_t *doc = ask(conf, ALERTQ_HISTORY, "", &status);
    const struct json_t *all;

    if (doc == NULL)
        return status;
    all = json_get(doc, "incidents");
    if (as_json) {
        print_json(doc);
    } else if (json_count(all) == 0) {
        puts("No incident yet.");
    } else {
        char now[48];

        alerts_time(now, sizeof now, json_get_real(doc, "now", 0));
        printf("  No  began %-11s lasted    alert                while it lasted\n",
               strrchr(now, ' ') != NULL ? strrchr(now, ' ') + 1 : "");
        for (size_t i = 0; i < json_count(all); i++)
            put_row(json_at(all, i), json_get_real(doc, "now", 0));
        puts("\n+ goes on. late, lost: recipients of the whole relay meanwhile.\n"
             "A report: relaywatch alerts report NUMBER");
    }
    json_release(&doc);
    return 0;
}

/* ---- the report ---- */

static void put_times(const struct json_t *i, double now) {
    char at[48];
    char lasted[32];

    alerts_time(at, sizeof at, json_get_real(i, "since", 0));
    printf("| began | %s |\n", at);
    if (json_get_real(i, "ended", 0) > 0)
        alerts_time(at, sizeof at, json_get_real(i, "ended", 0));
    else
        text_copy(at, sizeof at, "goes on");
    duration_of(i, now, lasted, sizeof lasted);
    printf("| ended | %s |\n| lasted | %s |\n", at, lasted);
}

static void put_figures(const struct json_t *i) {
    printf("\n## What it came to\n\n%s\n\n", json_get_text(i, "impact"));
    printf("Of the whole relay while it lasted, in recipients (a deferral counts at each attempt): "
           "%lld delivered, %lld deferred, %lld bounced. Messages that expired: %lld; that waited "
           "at a time, at most: %lld.\n",
           (long long)json_get_int(i, "sent", 0), (long long)json_get_int(i, "deferred", 0),
           (long long)json_get_int(i, "bounced", 0), (long long)json_get_int(i, "expired", 0),
           (long long)json_get_int(i, "waiting_most", 0));
}

static void put_changes(const struct json_t *changes, double since) {
    puts("\n## What changed in the half hour before\n");
    if (json_count(changes) == 0)
        puts("Nothing that relaywatch watches: main.cf, master.cf, relaywatch.conf, the login, the "
             "CA file, Postfix's starts and reloads.");
    for (size_t n = 0; n < json_count(changes); n++) {
        const struct json_t *change = json_at(changes, n);
        double before = since - json_get_real(change, "at", 0);
        char at[48];
        char age[32];

        alerts_time(at, sizeof at, json_get_real(change, "at", 0));
        alerts_age(age, sizeof age, before > 0 ? before : -before);
        printf("- %s (%s %s): %s\n", at, age, before >= 0 ? "before" : "after",
               json_get_text(change, "text"));
    }
}

static void put_report(const struct json_t *doc) {
    const struct json_t *i = json_get(doc, "incident");
    const struct json_t *silenced = json_get(i, "silenced");
    const struct json_t *fix = json_get(i, "fix");

    printf("# Incident %lld at %s: %s\n\n", (long long)json_get_int(i, "number", 0),
           json_get_text(doc, "host"), json_get_text(i, "title"));
    printf("| | |\n|---|---|\n| alert | %s, %s |\n| cause | %s |\n", json_get_text(i, "id"),
           json_get_text(i, "severity"), json_get_text(i, "diagnosis"));
    put_times(i, json_get_real(doc, "now", 0));
    printf("| who had to act | %s |\n", json_get_text(i, "who"));
    if (json_get_text(i, "fault")[0] != '\0')
        printf("| whose fault | %s |\n", json_get_text(i, "fault"));
    if (json_get_text(i, "relayhost")[0] != '\0')
        printf("| smarthost | %s |\n", json_get_text(i, "relayhost"));
    if (silenced != NULL)
        printf("| silenced by | %s: %s |\n", json_get_text(silenced, "who"),
               json_get_text(silenced, "why"));
    printf("\n## Cause\n\n%s\n\n%s\n", json_get_text(i, "summary"), json_get_text(i, "why"));
    put_figures(i);
    put_changes(json_get(i, "changes"), json_get_real(i, "since", 0));
    puts("\n## Evidence\n");
    printf("    %s\n", json_get_text(i, "evidence")[0] != '\0' ? json_get_text(i, "evidence")
                                                               : "none but the above");
    puts("\n## What mends it\n");
    for (size_t n = 0; n < json_count(fix); n++) {
        const char *step = json_text(json_at(fix, n));
        const char *quote = fixtext_is_command(step) ? "`" : "";

        printf("- %s%s%s\n", quote, step, quote);
    }
}

int alerts_report(const struct conf *conf, const char *what, bool as_json) {
    int status = 0;
    struct json_t *doc = ask(conf, ALERTQ_INCIDENT, what, &status);

    if (doc == NULL)
        return status;
    if (as_json)
        print_json(doc);
    else
        put_report(doc);
    json_release(&doc);
    return 0;
}
