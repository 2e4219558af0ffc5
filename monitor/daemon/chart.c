/* See chart.h. The plot is 1 wide for each point and 100 high, stretched to its place; all words
 * stand outside of it, as HTML. */
#include "chart.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "html.h"

enum { HEIGHT = 100, SHORTEST = 2 };

/* Where CHART_TIMES has its marks, in milliseconds; between them it is logarithmic. */
static const struct {
    double ms;
    const char *name;
} marks[] = {
    {10, "10 ms"},    {100, "0.1 s"},     {1000, "1 s"},
    {10000, "10 s"},  {60000, "1 min"},   {600000, "10 min"},
    {3600000, "1 h"}, {36000000, "10 h"}, {432000000, "5 days"},
};
enum { MARKS = sizeof marks / sizeof marks[0] };

struct axis {
    double top;         /* of counts */
    size_t first, last; /* of marks */
};

double chart_top(double value) {
    static const int steps[] = {1, 2, 3, 4, 6, 8, 10};
    double power = 1;

    while (power * 10 < value)
        power *= 10;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (value <= steps[i] * power && (steps[i] != 3 || power > 1)) /* half of it is whole */
            return steps[i] * power;
    }
    return 10 * power;
}

static double sum_of(const struct chart *chart, size_t i) {
    double sum = 0;

    for (size_t s = 0; s < chart->count; s++)
        sum += chart->series[s].value[i] > 0 ? chart->series[s].value[i] : 0;
    return sum;
}

/* The least and the largest of what is known; false: nothing is. */
static bool find_range(const struct chart *chart, size_t count, double *least, double *most) {
    bool any = false;

    *least = *most = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < chart->count; s++) {
            double value = chart->series[s].value[i];
            double high = chart->kind == CHART_COLUMNS ? sum_of(chart, i) : value;

            if (value < 0)
                continue;
            *least = !any || value < *least ? value : *least;
            *most = !any || high > *most ? high : *most;
            any = true;
        }
    }
    return any;
}

static struct axis make_axis(const struct chart *chart, const struct timeline *line) {
    struct axis axis = {.top = 1, .first = 1, .last = 3};
    double least, most;

    if (!find_range(chart, line->count, &least, &most))
        return axis;
    axis.top = chart_top(most);
    axis.first = 0;
    while (axis.first + 2 < MARKS && marks[axis.first + 1].ms <= least)
        axis.first++;
    axis.last = axis.first + 1;
    while (axis.last + 1 < MARKS && marks[axis.last].ms < most)
        axis.last++;
    return axis;
}

/* How high above the ground, of HEIGHT. */
static double height_of(const struct chart *chart, const struct axis *axis, double value) {
    if (chart->kind != CHART_TIMES)
        return value / axis->top * HEIGHT;
    for (size_t m = axis->first; m < axis->last; m++) {
        double into;

        if (value > marks[m + 1].ms && m + 1 < axis->last)
            continue;
        into = value <= marks[m].ms ? 0
                                    : log(value / marks[m].ms) / log(marks[m + 1].ms / marks[m].ms);
        into = into < 1 ? into : 1;
        return ((double)(m - axis->first) + into) / (double)(axis->last - axis->first) * HEIGHT;
    }
    return 0;
}

/* Nothing is known of it. A time without deliveries has no delay, but is no gap. */
static bool is_gap(const struct chart *chart, const struct timeline *line, size_t i) {
    if (chart->kind == CHART_TIMES)
        return !timeline_known(&line->point[i]);
    for (size_t s = 0; s < chart->count; s++) {
        if (chart->series[s].value[i] >= 0)
            return false;
    }
    return true;
}

/* ---- words ---- */

static void put_clock(FILE *out, int64_t ms, bool with_day) {
    time_t seconds = (time_t)(ms / 1000);
    char text[32];
    struct tm tm;

    strftime(text, sizeof text, with_day ? "%a %H:%M" : "%H:%M", localtime_r(&seconds, &tm));
    html_text(out, text);
}

static bool in_days(const struct timeline *line) {
    return line->step_ms >= 3600 * 1000;
}

static void put_value(FILE *out, const struct chart *chart, double value) {
    char text[32];

    if (chart->kind != CHART_TIMES) {
        html_count(out, (uint64_t)value);
        return;
    }
    html_delay(text, sizeof text, (int64_t)value);
    fputs(text, out);
}

static void put_levels(FILE *out, const struct chart *chart, const struct axis *axis) {
    fputs("<div class=\"levels\" aria-hidden=\"true\">", out);
    if (chart->kind == CHART_TIMES) {
        for (size_t m = axis->last + 1; m-- > axis->first;)
            fprintf(out, "<span>%s</span>", marks[m].name);
    } else {
        fputs("<span>", out);
        html_count(out, (uint64_t)axis->top);
        fputs("</span><span>", out);
        if (axis->top >= 2)
            html_count(out, (uint64_t)(axis->top / 2));
        fputs("</span><span>0</span>", out);
    }
    fputs("</div>", out);
}

static void put_times(FILE *out, const struct timeline *line) {
    fputs("<div class=\"times\" aria-hidden=\"true\">", out);
    for (size_t part = 0; part < 5 && line->count > 0; part++) {
        fputs("<span>", out);
        put_clock(out, line->point[part * (line->count - 1) / 4].begin_ms, in_days(line));
        fputs("</span>", out);
    }
    fputs("</div>", out);
}

static void put_key(FILE *out, const struct chart *chart, bool gaps) {
    fputs("<ul class=\"key\" aria-hidden=\"true\">", out);
    for (size_t s = 0; s < chart->count; s++) {
        /* columns stand on each other: the uppermost first */
        size_t i = chart->kind == CHART_COLUMNS ? chart->count - 1 - s : s;

        fprintf(out, "<li class=\"%s\">%s</li>", chart->series[i].class, chart->series[i].name);
    }
    if (gaps)
        fputs("<li class=\"gap\">not known</li>", out);
    fputs("</ul>", out);
}

/* What the pointer is told of one point. */
static void put_hint(FILE *out, const struct chart *chart, const struct timeline *line, size_t i) {
    bool any = false;

    fprintf(out, "<rect class=\"hint\" x=\"%zu\" y=\"0\" width=\"1\" height=\"%d\"><title>", i,
            HEIGHT);
    put_clock(out, line->point[i].begin_ms, in_days(line));
    for (size_t s = 0; s < chart->count; s++) {
        if (chart->series[s].value[i] < 0)
            continue;
        fputs(any ? ", " : ": ", out);
        put_value(out, chart, chart->series[s].value[i]);
        fprintf(out, " %s", chart->series[s].name);
        any = true;
    }
    if (!any)
        fputs(is_gap(chart, line, i) ? ": not known" : ": no deliveries", out);
    fputs("</title></rect>", out);
}

/* ---- the plot ---- */

static void put_columns(FILE *out, const struct chart *chart, const struct axis *axis, size_t i) {
    double ground = HEIGHT;

    for (size_t s = 0; s < chart->count; s++) {
        double high = chart->series[s].value[i];

        if (high <= 0)
            continue;
        high = height_of(chart, axis, high);
        if (high < SHORTEST) /* one bounce among a thousand must be seen */
            high = SHORTEST;
        if (high > ground)
            high = ground;
        ground -= high;
        fprintf(out, "<rect class=\"%s\" x=\"%zu.1\" y=\"%.1f\" width=\".8\" height=\"%.1f\"/>",
                chart->series[s].class, i, ground, high);
    }
}

/* One step a point, broken at gaps. */
static void put_steps(FILE *out, const struct chart *chart, const struct axis *axis,
                      const struct chart_series *series, size_t count) {
    bool drawn = false;

    fprintf(out, "<path class=\"%s\" d=\"", series->class);
    for (size_t i = 0; i < count; i++) {
        double y = HEIGHT - height_of(chart, axis, series->value[i]);

        if (series->value[i] >= 0 && drawn)
            fprintf(out, "V%.1fH%zu", y, i + 1);
        else if (series->value[i] >= 0)
            fprintf(out, "M%zu %.1fH%zu", i, y, i + 1);
        drawn = series->value[i] >= 0;
    }
    fputs("\"/>", out);
}

/* Points that follow each other are one gap: no seams. */
static void put_gaps(FILE *out, const struct chart *chart, const struct timeline *line) {
    size_t begin = 0;

    for (size_t i = 0; i <= line->count; i++) {
        if (i < line->count && is_gap(chart, line, i))
            continue;
        if (i > begin)
            fprintf(out, "<rect class=\"gap\" x=\"%zu\" y=\"0\" width=\"%zu\" height=\"%d\"/>",
                    begin, i - begin, HEIGHT);
        begin = i + 1;
    }
}

static void put_plot(FILE *out, const struct chart *chart, const struct timeline *line,
                     const struct axis *axis) {
    fprintf(out,
            "<svg viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"",
            line->count, HEIGHT);
    html_text(out, chart->title);
    fputs(": ", out);
    html_text(out, chart->words);
    fputs("\">", out);
    put_gaps(out, chart, line);
    for (size_t i = 0; i < line->count && chart->kind == CHART_COLUMNS; i++)
        put_columns(out, chart, axis, i);
    for (size_t s = 0; s < chart->count && chart->kind != CHART_COLUMNS; s++)
        put_steps(out, chart, axis, &chart->series[s], line->count);
    for (size_t i = 0; i < line->count; i++)
        put_hint(out, chart, line, i);
    fputs("</svg>", out);
}

void chart_print(FILE *out, const struct chart *chart, const struct timeline *line) {
    struct axis axis = make_axis(chart, line);
    bool gaps = false;

    for (size_t i = 0; i < line->count; i++)
        gaps |= is_gap(chart, line, i);
    fprintf(out, "<figure id=\"%s\" class=\"chart\">\n<figcaption><b>", chart->id);
    html_text(out, chart->title);
    fputs("</b> <span>", out);
    html_text(out, chart->unit);
    fputs("</span></figcaption>\n<div class=\"plot\">", out);
    put_levels(out, chart, &axis);
    put_plot(out, chart, line, &axis);
    put_times(out, line);
    fputs("</div>\n", out);
    put_key(out, chart, gaps);
    fputs("</figure>\n", out);
}
