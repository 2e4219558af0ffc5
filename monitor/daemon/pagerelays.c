/* See pagerelays.h. Roles stand in the table, as in that of the fleet: on a phone its rows are
 * cards. */
#include "pagerelays.h"

#include "html.h"

/* What is wrong with it now, or that nothing is; nothing of servers that are no smarthost. */
static void put_what(FILE *out, const struct health_cause *trouble, bool well) {
    const struct diagnosis_entry *entry;

    if (trouble == NULL) {
        fputs(well ? "delivers" : "", out);
        return;
    }
    entry = diagnosis_entry(trouble->diagnosis);
    fprintf(out, "<strong>Fault: %s.</strong> ", party_name(entry->party));
    html_text(out, entry->title);
    fputs(" <span class=\"faint\">Since ", out);
    html_time(out, trouble->since_ms);
    fputs("</span>", out);
}

/* Put off and returned together. */
static void put_failed(FILE *out, const struct busiest_place *place) {
    bool any = false;

    for (enum party party = PARTY_OURS; party < PARTY_COUNT; party++) {
        uint64_t failed = place->figure[relayhosts_figure(party, false)] +
                          place->figure[relayhosts_figure(party, true)];

        if (failed == 0)
            continue;
        fputs(any ? ", " : "", out);
        html_count(out, failed);
        fprintf(out, " %s", party_name(party));
        any = true;
    }
    fputs(any ? "<span class=\"narrow\"> failed</span>" : "none", out);
}

static void put_row(FILE *out, const struct view *v, const struct busiest_place *place) {
    bool well;
    const struct health_cause *trouble = view_relayhost_trouble(v, place->name, &well);
    const char *state = trouble == NULL
                            ? (well ? "ok" : "")
                            : severity_name(diagnosis_entry(trouble->diagnosis)->severity);

    fprintf(out,
            "<tr role=\"row\" class=\"%s\"><td role=\"cell\">%s%s%s</td>"
            "<th role=\"rowheader\" scope=\"row\">",
            state, state[0] != '\0' ? "<span class=\"badge\">" : "", state,
            state[0] != '\0' ? "</span>" : "");
    html_text(out, place->name);
    fputs("</th><td role=\"cell\" class=\"what\">", out);
    put_what(out, trouble, well);
    fputs("</td><td role=\"cell\" class=\"waits\">", out);
    put_failed(out, place);
    fputs("</td><td role=\"cell\" class=\"rate\">", out);
    html_count(out, place->figure[relayhosts_figure(PARTY_NONE, false)]);
    fputs("<span class=\"narrow\"> sent</span></td></tr>\n", out);
}

void pagerelays_print(FILE *out, const struct view *v) {
    const struct busiest_place *place[BUSIEST_PLACES];
    size_t count =
        v->relayhosts != NULL ? busiest_list(&v->relayhosts->all, &relayhosts_kind, place) : 0;

    if (count == 0)
        return;
    fputs("<section class=\"card fleet\"><h2>Relay hosts, and whose fault it is</h2>\n"
          "<table role=\"table\" class=\"hosts\"><thead role=\"rowgroup\"><tr role=\"row\">",
          out);
    for (int i = 0; i < 5; i++)
        fprintf(
            out, "<th role=\"columnheader\" scope=\"col\">%s</th>",
            (const char *[]){"state", "relay host", "now", "failed, by whose fault", "sent"}[i]);
    fputs("</tr></thead><tbody role=\"rowgroup\">\n", out);
    for (size_t i = 0; i < count; i++)
        put_row(out, v, place[i]);
    fputs("</tbody></table>\n</section>\n", out);
}
