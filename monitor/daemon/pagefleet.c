/* See pagefleet.h. The rows say what they are by role, too: at phone width they are laid out as
 * cards, and a browser would not take them for a table then. */
#include "pagefleet.h"

#include "html.h"

enum { SHOWN_IN_SHORT = 8 };

const char *pagefleet_state(const struct view *v) {
    enum fleet_state worst;

    if (v->fleet == NULL || v->fleet_read_ms == 0)
        return "unknown";
    worst = fleet_sum(v->fleet).worst;
    return fleet_state_name(worst == FLEET_GONE ? FLEET_CRITICAL : worst);
}

/* Why there is nothing to see, or nothing new. "": there is. */
static const char *trouble(const struct view *v) {
    if (v->fleet == NULL)
        return "No Redis is configured: hosts that share one are a fleet.";
    if (v->fleet_read_ms != 0)
        return "";
    return v->fleet_trouble[0] != '\0' ? v->fleet_trouble : "not read yet";
}

/* ---- one host ---- */

static void put_what(FILE *out, const struct fleet_host *host, enum fleet_state state) {
    const struct hostsum *sum = &host->sum;
    char age[32];

    text_age(age, sizeof age, host->silent_ms / 1000);
    if (state == FLEET_GONE) {
        fprintf(out, "No sign of life for %s: the host, its network or relaywatchd is down.", age);
        return;
    }
    if (state == FLEET_STOPPED) {
        fprintf(out, "relaywatchd was stopped there %s ago.", age);
        return;
    }
    if (sum->count == 0) {
        fputs(state == FLEET_OK ? "Mail flows" : "Not known yet", out);
        return;
    }
    html_text(out, sum->alert[0].summary);
    if (hostsum_who(&sum->alert[0]) != NULL)
        fprintf(out, " <span class=\"faint\">To act: %s.</span>", hostsum_who(&sum->alert[0]));
    if (sum->all > 1)
        fprintf(out, " <span class=\"faint\">and %d more</span>", sum->all - 1);
}

static void put_queue(FILE *out, const struct fleet_host *host) {
    char oldest[32];

    if (!host->sum.queue_known) {
        fputs("<span class=\"faint\">queue not counted</span>", out);
        return;
    }
    html_count(out, host->sum.queue_messages);
    fprintf(out, "<span class=\"narrow\"> waiting%s</span>",
            host->sum.queue_messages > 0 ? "," : "");
    if (host->sum.queue_messages == 0)
        return;
    text_age(oldest, sizeof oldest, host->sum.oldest_s);
    fprintf(out, " <span class=\"faint\">oldest %s</span>", oldest);
}

static void put_row(FILE *out, const struct view *v, const struct fleet_host *host) {
    enum fleet_state state = fleet_state(v->fleet, host);
    bool silent = state == FLEET_GONE || state == FLEET_STOPPED;

    fprintf(out,
            "<tr role=\"row\" class=\"%s\"><td role=\"cell\"><span class=\"badge\">%s</span></td>"
            "<th role=\"rowheader\" scope=\"row\">",
            fleet_state_name(state), fleet_state_name(state));
    html_text(out, host->name);
    fputs("</th><td role=\"cell\" class=\"what\">", out);
    put_what(out, host, state);
    fputs("</td><td role=\"cell\" class=\"waits\">", out);
    if (!silent)
        put_queue(out, host);
    fputs("</td><td role=\"cell\" class=\"rate\">", out);
    if (!silent)
        fprintf(out, "%.0f<span class=\"narrow\"> sent a minute</span>", host->sum.rate[1]);
    fputs("</td></tr>\n", out);
}

static void put_table(FILE *out, const struct view *v, size_t most) {
    const struct fleet_host *host[FLEET_HOSTS];
    size_t count = fleet_sort(v->fleet, host);

    if (count == 0)
        return;
    fputs("<table role=\"table\" class=\"hosts\"><thead role=\"rowgroup\"><tr role=\"row\">", out);
    for (int i = 0; i < 5; i++)
        fprintf(out, "<th role=\"columnheader\" scope=\"col\">%s</th>",
                (const char *[]){"state", "host", "what", "waiting", "sent a minute"}[i]);
    fputs("</tr></thead><tbody role=\"rowgroup\">\n", out);
    for (size_t i = 0; i < count && i < most; i++)
        put_row(out, v, host[i]);
    fputs("</tbody></table>\n", out);
}

/* ---- the parts ---- */

static void put_sums(FILE *out, const struct view *v) {
    struct fleet_figures f = fleet_sum(v->fleet);

    fprintf(out, "<p>Together: %.0f messages a minute in, %.0f recipients a minute sent, ",
            f.rate[0], f.rate[1]);
    html_count(out, f.queue_messages);
    fputs(f.queue_messages == 1 ? " message waits." : " messages wait.", out);
    if (v->fleet->more)
        fputs(" There are more hosts than fit here: those that were silent longest are left out.",
              out);
    fputs("</p>\n", out);
}

void pagefleet_section(FILE *out, const struct view *v) {
    char headline[160];

    if (v->fleet == NULL || v->fleet->count < 2)
        return;
    fleet_headline(v->fleet, headline, sizeof headline);
    fputs("<section class=\"card fleet\"><h2>The fleet: ", out);
    html_text(out, headline);
    fputs("</h2>\n", out);
    if (trouble(v)[0] != '\0') {
        fputs("<p>It cannot be read now (", out);
        html_text(out, trouble(v));
        fputs("); this is what was known last.</p>\n", out);
    }
    put_table(out, v, SHOWN_IN_SHORT);
    fprintf(out, "<p><a href=\"/fleet\">All %zu hosts</a></p>\n</section>\n", v->fleet->count);
}

void pagefleet_body(FILE *out, const struct view *v) {
    const char *state = pagefleet_state(v);
    char headline[160] = "";

    if (v->fleet != NULL)
        fleet_headline(v->fleet, headline, sizeof headline);
    if (headline[0] >= 'a')
        headline[0] = (char)(headline[0] - 32);
    fprintf(out, "<section class=\"state %s\">\n<div role=\"status\"><h1>", state);
    html_text(out,
              v->fleet != NULL && v->fleet_read_ms != 0 ? headline : "The fleet is not known now");
    fputs("</h1></div>\n", out);
    if (trouble(v)[0] != '\0') {
        fputs("<p>", out);
        html_text(out, trouble(v));
        fputs("</p>\n", out);
    }
    if (v->fleet != NULL && v->fleet->count > 0)
        put_sums(out, v);
    fputs("</section>\n", out);
    if (v->fleet == NULL || v->fleet->count == 0)
        return;
    fputs("<section class=\"card fleet\"><h2>Hosts, the worst first</h2>\n", out);
    put_table(out, v, FLEET_HOSTS);
    fputs("<p><a href=\"/\">The page of ", out);
    html_text(out, v->conf->host);
    fputs(" alone</a></p>\n</section>\n", out);
}
