/* See pagepast.h. */
#include "pagepast.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "chart.h"
#include "html.h"
#include "timeline.h"

enum { CAUSES_SHOWN = 8 };

struct past {
    const char *name;  /* "hour" */
    const char *words; /* "last hour" */
    const char *each;  /* "a minute" */
    struct timeline line;
    struct timeline_sum sum;
};

static void fill(struct past *past, const struct view *v, enum timeline_step step) {
    bool minutes = step == TIMELINE_MINUTES;

    past->name = minutes ? "hour" : "days";
    past->words = minutes ? "last hour" : "last two days";
    past->each = minutes ? "a minute" : "an hour";
    timeline_make(&past->line, step, v->rings, v->trend,
                  v->now_ms - (int64_t)timeline_reach_s(step) * 1000, v->now_ms);
    timeline_add_up(&past->line, v->now_ms, &past->sum);
}

/* ---- values ---- */

static uint64_t returned(const struct counters *c) {
    return c->value[COUNTER_BOUNCED] + c->value[COUNTER_EXPIRED];
}

static uint64_t not_reached(const struct counters *c) {
    return c->value[COUNTER_TIMEOUTS] + c->value[COUNTER_REFUSED] + c->value[COUNTER_DNS_ERRORS];
}

static uint64_t sent(const struct counters *c) {
    return c->value[COUNTER_SENT];
}

static uint64_t put_off(const struct counters *c) {
    return c->value[COUNTER_DEFERRED];
}

static uint64_t login_refused(const struct counters *c) {
    return c->value[COUNTER_AUTH_FAILURES];
}

static uint64_t tls_failed(const struct counters *c) {
    return c->value[COUNTER_TLS_ERRORS];
}

typedef uint64_t figure_fn(const struct counters *c);

static void add_counts(struct chart *chart, const struct timeline *line, const char *name,
                       const char *class, figure_fn *figure) {
    static const struct counters none;
    struct chart_series *series = &chart->series[chart->count++];

    series->name = name;
    series->class = class;
    for (size_t i = 0; i < line->count; i++) {
        const struct timeline_point *p = &line->point[i];

        series->value[i] =
            timeline_known(p) ? (double)figure(p->counters != NULL ? p->counters : &none) : -1;
    }
}

/* ---- charts ---- */

static void begin_chart(struct chart *chart, char *id, size_t id_size, const char *name,
                        const struct past *past) {
    text_format(id, id_size, "%s-%s", name, past->name);
    chart->id = id;
    chart->count = 0;
}

static void put_deliveries(FILE *out, struct chart *chart, const struct past *past) {
    const struct counters *c = &past->sum.counters;
    char id[40];
    char title[64];
    char unit[64];
    char words[256];

    begin_chart(chart, id, sizeof id, "deliveries", past);
    text_format(title, sizeof title, "Deliveries, %s", past->words);
    text_format(unit, sizeof unit, "recipients %s", past->each);
    text_format(words, sizeof words, "%llu sent, %llu put off, %llu returned",
                (unsigned long long)sent(c), (unsigned long long)put_off(c),
                (unsigned long long)returned(c));
    chart->kind = CHART_COLUMNS;
    chart->title = title;
    chart->unit = unit;
    chart->words = words;
    add_counts(chart, &past->line, "returned", "bad", returned);
    add_counts(chart, &past->line, "put off", "warn", put_off);
    add_counts(chart, &past->line, "sent", "good", sent);
    chart_print(out, chart, &past->line);
}

static void put_troubles(FILE *out, struct chart *chart, const struct past *past) {
    const struct counters *c = &past->sum.counters;
    char id[40];
    char title[64];
    char unit[64];
    char words[256];

    begin_chart(chart, id, sizeof id, "troubles", past);
    text_format(title, sizeof title, "Smarthost troubles, %s", past->words);
    text_format(unit, sizeof unit, "times %s", past->each);
    text_format(words, sizeof words, "login refused %llu times, TLS failed %llu, not reached %llu",
                (unsigned long long)login_refused(c), (unsigned long long)tls_failed(c),
                (unsigned long long)not_reached(c));
    chart->kind = CHART_COLUMNS;
    chart->title = title;
    chart->unit = unit;
    chart->words = words;
    add_counts(chart, &past->line, "login refused", "bad", login_refused);
    add_counts(chart, &past->line, "TLS failed", "two", tls_failed);
    add_counts(chart, &past->line, "not reached", "warn", not_reached);
    chart_print(out, chart, &past->line);
}

static void put_queue(FILE *out, struct chart *chart, const struct past *past) {
    struct chart_series *series = &chart->series[0];
    char id[40];
    char title[64];
    char words[256] = "not counted";

    begin_chart(chart, id, sizeof id, "queue", past);
    text_format(title, sizeof title, "Queue, %s", past->words);
    if (past->sum.queue_counted)
        text_format(words, sizeof words, "at most %llu messages waited",
                    (unsigned long long)past->sum.queue_most);
    chart->kind = CHART_STEPS;
    chart->title = title;
    chart->unit = "messages, at most";
    chart->words = words;
    chart->count = 1;
    series->name = "waiting";
    series->class = "one";
    for (size_t i = 0; i < past->line.count; i++) {
        const struct trend_slot *slot = past->line.point[i].trend;

        series->value[i] = slot != NULL && slot->counted > 0 ? (double)slot->queue_most : -1;
    }
    chart_print(out, chart, &past->line);
}

static void put_delays(FILE *out, struct chart *chart, const struct past *past) {
    static const char *const names[] = {"for half", "for 90 %", "for 99 %"};
    static const char *const classes[] = {"one", "two", "three"};
    char id[40];
    char title[64];
    char words[256] = "no deliveries";
    char text[TIMELINE_PERCENTILES][32];

    begin_chart(chart, id, sizeof id, "delays", past);
    text_format(title, sizeof title, "Time to deliver, %s", past->words);
    for (size_t i = 0; i < TIMELINE_PERCENTILES; i++)
        html_delay(text[i], sizeof text[i], past->sum.delay_ms[i]);
    if (past->sum.delays > 0)
        text_format(words, sizeof words, "half within %s, 90 %% within %s, 99 %% within %s",
                    text[0], text[1], text[2]);
    chart->kind = CHART_TIMES;
    chart->title = title;
    chart->unit = "first attempt, at most";
    chart->words = words;
    chart->count = TIMELINE_PERCENTILES;
    for (size_t s = 0; s < TIMELINE_PERCENTILES; s++) {
        chart->series[s].name = names[s];
        chart->series[s].class = classes[s];
    }
    for (size_t i = 0; i < past->line.count; i++) {
        int64_t ms[TIMELINE_PERCENTILES];
        bool any = timeline_delay(&past->line.point[i], ms) > 0;

        for (size_t s = 0; s < TIMELINE_PERCENTILES; s++)
            chart->series[s].value[i] = any ? (double)ms[s] : -1;
    }
    chart_print(out, chart, &past->line);
}

/* ---- the same as a table ---- */

static void put_cell_count(FILE *out, bool known, uint64_t count) {
    fputs("<td>", out);
    if (known)
        html_count(out, count);
    else
        fputs("-", out);
    fputs("</td>", out);
}

static void put_table_row(FILE *out, const struct timeline_point *p) {
    static const struct counters none;
    static figure_fn *const figures[] = {sent,          put_off,    returned,
                                         login_refused, tls_failed, not_reached};
    const struct counters *c = p->counters != NULL ? p->counters : &none;
    time_t seconds = (time_t)(p->begin_ms / 1000);
    int64_t ms[TIMELINE_PERCENTILES];
    bool any = timeline_delay(p, ms) > 0;
    char text[32];
    struct tm tm;

    strftime(text, sizeof text, "%a %H:%M", localtime_r(&seconds, &tm));
    fprintf(out, "<tr><th scope=\"row\">%s</th>", text);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        put_cell_count(out, timeline_known(p), figures[i](c));
    put_cell_count(out, p->trend != NULL && p->trend->counted > 0,
                   p->trend != NULL ? p->trend->queue_most : 0);
    for (size_t i = 0; i < TIMELINE_PERCENTILES; i++) {
        html_delay(text, sizeof text, any ? ms[i] : 0);
        fprintf(out, "<td>%s</td>", any ? text : "-");
    }
    fputs("</tr>\n", out);
}

static void put_table(FILE *out, const struct past *past) {
    static const char *const heads[] = {"sent",        "put off",     "returned", "login refused",
                                        "TLS failed",  "not reached", "queue",    "half within",
                                        "90 % within", "99 % within"};

    fprintf(out,
            "<details id=\"table-%s\"><summary>The %s as a table</summary>\n"
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The %s as a table\">"
            "<table class=\"figures\"><thead><tr><th scope=\"col\">from</th>",
            past->name, past->words, past->words);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        fprintf(out, "<th scope=\"col\">%s</th>", heads[i]);
    fputs("</tr></thead><tbody>\n", out);
    for (size_t i = past->line.count; i-- > 0;)
        put_table_row(out, &past->line.point[i]);
    fputs("</tbody></table></div></details>\n", out);
}

void pagepast_print(FILE *out, const struct view *v) {
    static const enum timeline_step steps[] = {TIMELINE_MINUTES, TIMELINE_HOURS};
    static void (*const charts[])(FILE *, struct chart *, const struct past *) = {
        put_deliveries, put_troubles, put_queue, put_delays};
    struct chart chart;
    struct past past[2];

    for (size_t i = 0; i < 2; i++)
        fill(&past[i], v, steps[i]);
    fputs("<section id=\"history\" class=\"history\" aria-labelledby=\"history-title\">\n"
          "<h2 id=\"history-title\">The last hour and the last two days</h2>\n"
          "<div class=\"charts\">\n",
          out);
    for (size_t c = 0; c < sizeof charts / sizeof charts[0]; c++) {
        for (size_t i = 0; i < 2; i++)
            charts[c](out, &chart, &past[i]);
    }
    fputs("</div>\n", out);
    for (size_t i = 0; i < 2; i++)
        put_table(out, &past[i]);
    fputs("</section>\n", out);
}

void pagepast_print_causes(FILE *out, const struct view *v) {
    struct past past;

    fill(&past, v, TIMELINE_HOURS);
    fputs("<section class=\"card\"><h2>Why mail waited or came back <span class=\"faint\">two "
          "days</span></h2>\n",
          out);
    if (past.sum.causes == 0)
        fputs("<p class=\"faint\">None was put off or returned.</p>\n", out);
    else
        fputs("<table class=\"causes\"><thead><tr><th scope=\"col\">cause</th><th "
              "scope=\"col\">put off</th><th scope=\"col\">returned</th></tr></thead><tbody>\n",
              out);
    for (size_t i = 0; i < past.sum.causes && i < CAUSES_SHOWN; i++) {
        const struct timeline_cause *cause = &past.sum.cause[i];
        bool known = cause->diagnosis != DIAGNOSIS_NONE;

        fputs("<tr><th scope=\"row\">", out);
        html_text(out, known ? diagnosis_entry(cause->diagnosis)->title
                             : "A cause that no diagnosis knows");
        if (known)
            fprintf(out, " <span class=\"faint\">%s. Fault: %s. To act: %s</span>",
                    diagnosis_entry(cause->diagnosis)->id,
                    party_name(diagnosis_entry(cause->diagnosis)->party),
                    diagnosis_entry(cause->diagnosis)->who);
        fputs("</th>", out);
        put_cell_count(out, true, cause->put_off);
        put_cell_count(out, true, cause->returned);
        fputs("</tr>\n", out);
    }
    fputs(past.sum.causes == 0 ? "</section>\n" : "</tbody></table></section>\n", out);
}
