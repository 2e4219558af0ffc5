/* See pageincidents.h. */
#include "pageincidents.h"

#include "html.h"

enum { INCIDENTS_SHOWN = 10 };

/* Counters never go down, but for a restore. */
static uint64_t during(uint64_t before, uint64_t after) {
    return after > before ? after - before : 0;
}

static void put_row(FILE *out, const struct incident *i, int64_t now_ms) {
    int64_t end_ms = i->ended_ms != 0 ? i->ended_ms : now_ms;
    char lasted[32];

    text_age(lasted, sizeof lasted, (end_ms > i->since_ms ? end_ms - i->since_ms : 0) / 1000);
    fprintf(out, "<tr><th scope=\"row\"><span class=\"badge\">%s</span> ",
            severity_name(i->severity));
    html_text(out, i->summary);
    fprintf(out, " <span class=\"faint\">%s, no. %llu, ", diagnosis_entry(i->diagnosis)->id,
            (unsigned long long)i->number);
    html_time(out, i->since_ms);
    fprintf(out, ", %s %s</span></th><td>", i->ended_ms != 0 ? "lasted" : "goes on for", lasted);
    html_count(out, during(i->before.deferred, i->after.deferred));
    fputs("</td><td>", out);
    html_count(out, during(i->before.bounced, i->after.bounced) +
                        during(i->before.expired, i->after.expired));
    fputs("</td></tr>\n", out);
}

void pageincidents_print(FILE *out, const struct view *v) {
    const struct incident *i;

    if (v->incidents == NULL || incidents_get(v->incidents, 0) == NULL)
        return;
    fputs("<section class=\"card incidents\"><h2>Recent incidents</h2>\n"
          "<table class=\"causes\"><thead><tr><th scope=\"col\">what</th><th "
          "scope=\"col\">put off</th><th "
          "scope=\"col\">returned</th></tr></thead><tbody>\n",
          out);
    for (int n = 0; n < INCIDENTS_SHOWN && (i = incidents_get(v->incidents, n)) != NULL; n++)
        put_row(out, i, v->now_ms);
    fputs("</tbody></table>\n<p class=\"faint\">Mail put off and returned meanwhile. All of "
          "one: <code>relaywatch alerts report NUMBER</code></p></section>\n",
          out);
}
