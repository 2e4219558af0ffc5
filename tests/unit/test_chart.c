/* chart.c: axes, gaps, what is said in words. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"

#define NOW (INT64_C(29800000) * 60000)

static struct timeline line;
static const struct counters counters;
static char *text;

static const char *draw(const struct chart *chart) {
    size_t size;
    FILE *out;

    setenv("TZ", "UTC", 1);
    free(text);
    out = open_memstream(&text, &size);
    chart_print(out, chart, &line);
    fclose(out);
    return text;
}

/* Four minutes, the second of which is a gap. */
static struct chart begin(enum chart_kind kind) {
    line.step_ms = 60000;
    line.count = 4;
    for (size_t i = 0; i < 4; i++)
        line.point[i] = (struct timeline_point){.begin_ms = NOW + (int64_t)i * 60000,
                                                .counters = i == 1 ? NULL : &counters};
    return (struct chart){.id = "x",
                          .title = "A < B",
                          .unit = "u",
                          .kind = kind,
                          .words = "in words",
                          .count = 1,
                          .series = {{.name = "sent", .class = "good", .value = {0, -1, 50, 100}}}};
}

static size_t count_of(const char *what) {
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

Test(chart, top) {
    static const struct {
        double value, want;
    } rows[] = {{0, 1},     {1, 1},     {2, 2},     {3, 4},       {5, 6},
                {9, 10},    {10, 10},   {11, 20},   {21, 30},     {57, 60},
                {100, 100}, {101, 200}, {222, 300}, {6001, 8000}, {99999, 100000}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(chart_top(rows[i].value), rows[i].want, "%g", rows[i].value);
}

Test(chart, columns) {
    struct chart chart = begin(CHART_COLUMNS);

    draw(&chart);
    cr_expect_not_null(strstr(text, "role=\"img\" aria-label=\"A &lt; B: in words\""));
    cr_expect_not_null(strstr(text, "<span>100</span><span>50</span><span>0</span>"), "the axis");
    cr_expect_not_null(
        strstr(text, "<rect class=\"good\" x=\"2.1\" y=\"50.0\" width=\".8\" height=\"50.0\"/>"));
    cr_expect_not_null(
        strstr(text, "<rect class=\"good\" x=\"3.1\" y=\"0.0\" width=\".8\" height=\"100.0\"/>"));
    cr_expect_eq(count_of("<rect class=\"good\""), 2u, "nothing is drawn for 0");
    cr_expect_eq(count_of("<rect class=\"gap\""), 1u);
    cr_expect_eq(count_of("<li class=\"gap\">"), 1u);
    cr_expect_eq(count_of(": not known</title>"), 1u);
    cr_expect_eq(count_of(": 50 sent</title>"), 1u);
    cr_expect_eq(count_of(": 0 sent</title>"), 1u);
    free(text);
}

/* One among a thousand is seen, and nothing goes over the top. */
Test(chart, columns_upon_each_other) {
    struct chart chart = begin(CHART_COLUMNS);

    chart.count = 2;
    chart.series[0] = (struct chart_series){.name = "bad", .class = "bad", .value = {0, 0, 0, 1}};
    chart.series[1].name = "sent";
    chart.series[1].class = "good";
    chart.series[1].value[3] = 999;
    draw(&chart);
    cr_expect_not_null(
        strstr(text, "<rect class=\"bad\" x=\"3.1\" y=\"98.0\" width=\".8\" height=\"2.0\"/>"));
    cr_expect_not_null(
        strstr(text, "<rect class=\"good\" x=\"3.1\" y=\"0.0\" width=\".8\" height=\"98.0\"/>"));
    free(text);
}

Test(chart, steps_break_at_a_gap) {
    struct chart chart = begin(CHART_STEPS);

    draw(&chart);
    cr_expect_not_null(strstr(text, "d=\"M0 100.0H1M2 50.0H3V0.0H4\""));
    free(text);
}

Test(chart, times) {
    struct chart chart = begin(CHART_TIMES);

    chart.series[0].value[0] = 1000;
    line.point[2].counters = NULL;
    draw(&chart);
    cr_expect_not_null(strstr(text, "<rect class=\"gap\" x=\"1\" y=\"0\" width=\"2\""), "one gap");
    line.point[2].counters = &counters;
    line.point[3].counters = NULL;
    draw(&chart);
    cr_expect_not_null(strstr(text, "<rect class=\"gap\" x=\"3\" y=\"0\" width=\"1\""),
                       "at the end");
    line.point[3].counters = &counters;
    chart.series[0].value[2] = -1;
    chart.series[0].value[3] = 60000;
    draw(&chart);
    cr_expect_not_null(strstr(text, "<span>1 min</span><span>10 s</span><span>1 s</span></div>"));
    cr_expect_not_null(strstr(text, "d=\"M0 100.0H1M3 0.0H4\""));
    cr_expect_eq(count_of(": no deliveries</title>"), 1u);
    cr_expect_eq(count_of(": not known</title>"), 1u);
    cr_expect_eq(count_of("<rect class=\"gap\""), 1u, "no deliveries is no gap");
    for (size_t i = 0; i < 4; i++)
        chart.series[0].value[i] = -1;
    draw(&chart);
    cr_expect_not_null(strstr(text, "<span>10 s</span><span>1 s</span><span>0.1 s</span></div>"));
    for (double ms = 0; ms < 1e11; ms = ms * 3 + 1) { /* whatever: within the plot */
        chart.series[0].value[2] = ms;
        chart.series[0].value[3] = ms / 50;
        draw(&chart);
        cr_expect_null(strstr(text, "nan"));
        cr_expect_null(strstr(text, "inf"));
        cr_expect_null(strstr(text, "V-"));
        cr_expect_null(strstr(text, " -"));
    }
    free(text);
}
