/* See page.h. */
#include "page.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "html.h"
#include "pagecards.h"
#include "pagefleet.h"
#include "pageincidents.h"
#include "pagepast.h"
#include "pagerelays.h"
#include "healthlook.h"

/* The first words: is mail delayed or lost? The cause stands right below. */
static const char *headline(const struct view *v) {
    bool stopped = false, partly = false;

    switch (v->state) {
    case OVERALL_OK:
        if (!view_reachable(v))
            return "Attempts to deliver fail; watching whether it passes";
        return view_queue_messages(v) == 0 ? "Mail flows" : "Mail flows; some messages wait";
    case OVERALL_WARNING:
        return "Mail flows, but something needs care";
    case OVERALL_CRITICAL:
        for (int area = 0; area < AREA_COUNT; area++) {
            const struct health_way *way =
                health_worst(v->health, (enum health_area)area, v->now_ms);
            bool broken = area <= AREA_NETWORK &&
                          health_way_is_broken(v->health, way, (enum health_area)area, v->now_ms);

            if (health_bounced(v->health, (enum health_area)area) > 0)
                return "Mail is being lost: it is returned to its senders";
            if (broken && health_others_deliver(v->health, way, (enum health_area)area, v->now_ms))
                partly = true;
            else
                stopped |= broken;
        }
        return stopped  ? "Mail does not leave: it waits in the queue, safe"
               : partly ? "Some mail does not leave: it waits in the queue, safe"
                        : "Something is badly wrong";
    case OVERALL_UNKNOWN:
        break;
    }
    return "Not known yet: relaywatchd is starting";
}

static void put_state(FILE *out, const struct view *v) {
    fprintf(out, "<section class=\"state %s\">\n<div role=\"status\"><h1>", overall_name(v->state));
    html_text(out, headline(v));
    fputs("</h1></div>\n<p>", out);
    html_text(out, v->conf->host);
    fprintf(out, " is <strong>%s</strong> since ", overall_name(v->state));
    html_time(out, v->since_ms);
    fputs(". Last delivery through the smarthost: ", out);
    html_time(out, v->health->last_success_ms);
    fputs(".</p>\n</section>\n", out);
}

/* ---- alerts ---- */

static void put_fact(FILE *out, const char *name, const char *text) {
    if (text == NULL || text[0] == '\0')
        return;
    fprintf(out, "<div><dt>%s</dt><dd>", name);
    html_text(out, text);
    fputs("</dd></div>\n", out);
}

/* The catalogue's steps are commands, but where something has to be done elsewhere: those are
 * sentences, and begin like one. */
static void put_step(FILE *out, const char *step) {
    if (isupper((unsigned char)step[0])) {
        fputs("<li><p>", out);
        html_text(out, step);
        fputs("</p></li>\n", out);
        return;
    }
    fputs("<li class=\"command\"><code>", out);
    html_text(out, step);
    fputs("</code><button type=\"button\" class=\"copy\">Copy</button></li>\n", out);
}

static void put_steps(FILE *out, const struct alert *a) {
    if (a->fix[0][0] == '\0')
        return;
    fputs("<div><dt>What to do</dt><dd><ol class=\"steps\">\n", out);
    for (int i = 0; i < DIAGNOSIS_FIXES && a->fix[i][0] != '\0'; i++)
        put_step(out, a->fix[i]);
    fputs("</ol></dd></div>\n", out);
}

static void put_quiet(FILE *out, const struct alert *a) {
    if (a->silenced_until_ms == 0)
        return;
    fputs("<div><dt>Quiet</dt><dd>nobody is called until ", out);
    html_time(out, a->silenced_until_ms);
    fputs(" (", out);
    html_text(out, a->silenced_who);
    fputs(": ", out);
    html_text(out, a->silenced_why);
    fputs(")</dd></div>\n", out);
}

static void put_alert(FILE *out, const struct view *v, const struct alert *a) {
    const struct diagnosis_entry *d = diagnosis_entry(a->diagnosis);
    char fault[sizeof a->relayhost + 32];
    char lasted[32];

    text_age(lasted, sizeof lasted, (v->now_ms - a->since_ms) / 1000);
    fprintf(out, "<section class=\"alert %s\">\n<h2><span class=\"badge\">%s</span> ",
            severity_name(a->severity), severity_name(a->severity));
    html_text(out, a->summary);
    fputs("</h2>\n<dl>\n", out);
    put_quiet(out, a);
    put_fact(out, "Mail", a->impact[0] != '\0' ? a->impact : d->impact);
    put_fact(out, "Who", d->who);
    text_format(fault, sizeof fault, "%s%s%s", party_name(a->party),
                a->relayhost[0] != '\0' ? ", at " : "", a->relayhost);
    put_fact(out, "Fault", fault);
    put_steps(out, a);
    put_fact(out, "Why", d->why);
    fputs("<div><dt>Since</dt><dd>", out);
    html_time(out, a->since_ms);
    fprintf(out, ", for %s</dd></div>\n", lasted);
    if (a->evidence[0] != '\0') {
        fputs("<div><dt>Seen</dt><dd><code class=\"seen\">", out);
        html_text(out, a->evidence);
        fputs("</code></dd></div>\n", out);
    }
    if (a->diagnosis != DIAGNOSIS_NONE)
        fprintf(out, "<div><dt>Diagnosis</dt><dd>%s %s</dd></div>\n", d->id, d->name);
    fputs("</dl>\n</section>\n", out);
}

static void put_alerts(FILE *out, const struct view *v) {
    for (int i = 0; i < v->alerts->count; i++) {
        if (v->alerts->alert[i].ended_ms == 0)
            put_alert(out, v, &v->alerts->alert[i]);
    }
}

static void put_ended(FILE *out, const struct view *v) {
    bool any = false;

    for (int i = 0; i < v->alerts->count; i++) {
        const struct alert *a = &v->alerts->alert[i];
        char lasted[32];

        if (a->ended_ms == 0)
            continue;
        if (!any)
            fputs("<section class=\"card ended\"><h2>Ended lately</h2>\n<ul>\n", out);
        any = true;
        text_age(lasted, sizeof lasted, (a->ended_ms - a->since_ms) / 1000);
        fprintf(out, "<li><span class=\"badge\">%s</span> ", severity_name(a->severity));
        html_text(out, a->summary);
        fputs(" <span class=\"faint\">ended ", out);
        html_time(out, a->ended_ms);
        fprintf(out, ", lasted %s</span></li>\n", lasted);
    }
    if (any)
        fputs("</ul></section>\n", out);
}

/* ---- the way of the mail ---- */

static void put_stop(FILE *out, const char *class, const char *name) {
    fprintf(out, "<li%s><h3>%s</h3>", class, name);
}

static double a_minute(const struct view *v, enum counter c) {
    return rates_per_minute(v->rates, c, v->counters, v->mono_ms, 60 * 1000);
}

static void put_in(FILE *out, const struct view *v) {
    put_stop(out, "", "In");
    fprintf(out, "<b>%.0f</b><p>messages a minute</p><p class=\"faint\">",
            a_minute(v, COUNTER_ACCEPTED));
    html_count(out, v->counters->value[COUNTER_ACCEPTED]);
    fputs(" in all</p></li>\n", out);
}

static void put_queue(FILE *out, const struct view *v) {
    uint64_t waiting = view_queue_messages(v);
    bool amiss = v->state == OVERALL_WARNING || v->state == OVERALL_CRITICAL;
    char oldest[32];

    put_stop(out, waiting > 0 && amiss ? " class=\"some\"" : "", "Queue");
    if (v->queue == NULL || v->queue_stale) {
        fputs("<b>?</b><p>not counted</p></li>\n", out);
        return;
    }
    text_age(oldest, sizeof oldest, view_oldest_s(v));
    fputs("<b>", out);
    html_count(out, waiting);
    fputs(waiting == 1 ? "</b><p>message waits</p><p class=\"faint\">"
                       : "</b><p>messages wait</p><p class=\"faint\">",
          out);
    if (waiting > 0 && fabs(v->queue_growth) >= 0.5)
        fprintf(out, "oldest %s, %+.0f a minute</p></li>\n", oldest, v->queue_growth);
    else if (waiting > 0)
        fprintf(out, "oldest %s, not growing</p></li>\n", oldest);
    else
        fputs("all is on its way</p></li>\n", out);
}

static void put_smarthost(FILE *out, const struct view *v) {
    bool reached = view_reachable(v);
    bool tls_fails = strcmp(view_tls_word(v), "failing") == 0;
    bool refused = strcmp(view_auth_word(v), "refused") == 0;

    put_stop(out, reached && !tls_fails && !refused ? "" : " class=\"bad\"", "Smarthost");
    fprintf(out, "<b class=\"word\">%s</b><p>",
            !reached    ? "unreachable"
            : tls_fails ? "TLS fails"
            : refused   ? "refuses login"
                        : "reachable");
    if (v->facts != NULL) {
        html_text(out, v->facts->relay_host);
        fprintf(out, ":%u", v->facts->relay_port);
    }
    fprintf(out, "</p><p class=\"faint\">TLS %s, login %s</p></li>\n", view_tls_word(v),
            view_auth_word(v));
}

static void put_delivered(FILE *out, const struct view *v) {
    char half[32];
    char most[32];
    int64_t ms[TIMELINE_PERCENTILES];

    put_stop(out, "", "Delivered");
    fprintf(out, "<b>%.0f</b><p>recipients a minute</p><p class=\"faint\">",
            a_minute(v, COUNTER_SENT));
    if (view_delays(v, ms) > 0) {
        html_delay(half, sizeof half, ms[0]);
        html_delay(most, sizeof most, ms[2]);
        fprintf(out, "half within %s, 99 %% within %s</p></li>\n", half, most);
    } else {
        html_count(out, v->counters->value[COUNTER_SENT]);
        fputs(" in all</p></li>\n", out);
    }
}

static void put_flow(FILE *out, const struct view *v) {
    fputs("<section aria-labelledby=\"flow-title\"><h2 id=\"flow-title\">The way of the mail</h2>\n"
          "<ol class=\"flow\">\n",
          out);
    put_in(out, v);
    put_queue(out, v);
    put_smarthost(out, v);
    put_delivered(out, v);
    fputs("</ol></section>\n", out);
}

/* What the catalogue does not know: a person may. */
static void put_fresh(FILE *out, const struct view *v) {
    if (v->fresh_count == 0)
        return;
    fputs("<section class=\"card fresh\">\n<h2>Seen for the first time</h2>\n<dl>\n", out);
    for (size_t i = 0; i < v->fresh_count; i++) {
        const struct shape *shape = v->fresh[i];

        fprintf(out, "<div><dt>%s</dt><dd><code class=\"seen\">", shape_class_name(shape->class));
        html_text(out, shape->daemon);
        fputs(": ", out);
        html_text(out, shape->text);
        fputs("</code> <span class=\"faint\">", out);
        html_count(out, shape->count);
        fputs(" since ", out);
        html_time(out, shape->first_ms);
        fputs("</span></dd></div>\n", out);
    }
    fputs("</dl>\n</section>\n", out);
}

/* ---- the frame ---- */

/* A dot in the colour of the state. */
static void put_icon(FILE *out, const char *state) {
    static const char *const colours[] = {"1a7f4b", "c47f00", "c5221f", "6b7684"};
    int i = 0;

    while (i < OVERALL_UNKNOWN && strcmp(state, overall_name((enum overall)i)) != 0)
        i++;

    fprintf(
        out,
        "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' "
        "viewBox='0 0 16 16'%%3E%%3Ccircle cx='8' cy='8' r='7' fill='%%23%s'/%%3E%%3C/svg%%3E\">\n",
        colours[i]);
}

static void put_head(FILE *out, const char *state, const char *what) {
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>\n<title>",
          out);
    fprintf(out, "%s - ", state);
    html_text(out, what);
    fputs(" - relaywatch</title>\n", out);
    put_icon(out, state);
    fputs("<link rel=\"stylesheet\" href=\"/style.css\">\n"
          "<script src=\"/page.js\" defer></script>\n</head>\n",
          out);
}

/* `path`: where page.js finds it anew. */
static void put_top(FILE *out, const struct view *v, const char *path) {
    fprintf(out, "<body data-path=\"%s\">\n<header><p><strong>relaywatch</strong> ", path);
    html_text(out, v->conf->host);
    fputs("</p><p id=\"live\"><span id=\"word\" role=\"status\"></span> <span "
          "id=\"figures\">Figures of ",
          out);
    html_time(out, v->now_ms);
    fputs("</span><span id=\"age\" aria-hidden=\"true\"></span></p></header>\n<main>\n<div "
          "id=\"now\">\n",
          out);
}

static void put_bottom(FILE *out) {
    fputs(
        "</div>\n</main>\n<footer><p>For programs: <a href=\"/metrics\">/metrics</a>, "
        "<a href=\"/api/v1/status\">/api/v1/status</a>, "
        "<a href=\"/api/v1/history?since=2h\">/api/v1/history</a>, "
        "<a href=\"/api/v1/fleet\">/api/v1/fleet</a>. "
        "On this host: <code>relaywatch status</code>, <code>relaywatch fleet</code></p></footer>\n"
        "</body>\n</html>\n",
        out);
}

static void put_body(FILE *out, const struct view *v, bool charts) {
    put_top(out, v, "/");
    put_state(out, v);
    put_alerts(out, v);
    put_flow(out, v);
    pagerelays_print(out, v);
    put_ended(out, v);
    fputs("</div>\n", out);
    if (charts)
        pagepast_print(out, v);
    fputs("<div id=\"rest\">\n", out);
    pagefleet_section(out, v);
    pageincidents_print(out, v);
    put_fresh(out, v);
    pagecards_print(out, v);
    put_bottom(out);
}

static FILE *open_text(char **text, size_t *size) {
    FILE *out = open_memstream(text, size);

    if (out == NULL)
        die(EX_OSERR, "page: out of memory");
    return out;
}

static char *close_text(FILE *out, char **text) {
    if (fclose(out) != 0)
        die(EX_OSERR, "page: out of memory");
    return *text;
}

char *page_print(const struct view *v, bool charts) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_text(&text, &size);

    put_head(out, overall_name(v->state), v->conf->host);
    put_body(out, v, charts);
    return close_text(out, &text);
}

char *page_print_fleet(const struct view *v) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_text(&text, &size);

    put_head(out, pagefleet_state(v), "fleet");
    put_top(out, v, "/fleet");
    pagefleet_body(out, v);
    put_bottom(out);
    return close_text(out, &text);
}
