#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "exposition.h"

static char *text;
static size_t size;
static struct exposition e;

static void begin(bool openmetrics) {
    e = (struct exposition){.out = open_memstream(&text, &size), .openmetrics = openmetrics};
}

static void expect(const char *want) {
    exposition_end(&e);
    fclose(e.out);
    cr_expect_str_eq(text, want, "%s", text);
    free(text);
}

Test(exposition, counter) {
    begin(false);
    exposition_single(&e, EXPOSITION_COUNTER, "a_b", "Help me.", 3);
    expect("# HELP a_b_total Help me.\n# TYPE a_b_total counter\na_b_total 3\n");
    begin(true);
    exposition_single(&e, EXPOSITION_COUNTER, "a_b", "Help me.", 3);
    expect("# HELP a_b Help me.\n# TYPE a_b counter\na_b_total 3\n# EOF\n");
}

Test(exposition, units_and_unknown) {
    begin(true);
    exposition_single(&e, EXPOSITION_GAUGE, "age_seconds", "x", 0.5);
    exposition_single(&e, EXPOSITION_COUNTER, "sent_bytes", "x", 18446744073709551615.0);
    exposition_single(&e, EXPOSITION_UNKNOWN, "odd", "x", 1);
    expect("# HELP age_seconds x\n# TYPE age_seconds gauge\n# UNIT age_seconds seconds\n"
           "age_seconds 0.5\n"
           "# HELP sent_bytes x\n# TYPE sent_bytes counter\n# UNIT sent_bytes bytes\n"
           "sent_bytes_total 1.8446744073709552e+19\n"
           "# HELP odd x\n# TYPE odd unknown\nodd 1\n# EOF\n");
    begin(false);
    exposition_single(&e, EXPOSITION_UNKNOWN, "odd", "x", 1);
    expect("# HELP odd x\n# TYPE odd untyped\nodd 1\n");
}

Test(exposition, labels) {
    const struct exposition_label two[] = {{"a", "1"}, {"b", ""}};

    begin(false);
    exposition_family(&e, EXPOSITION_GAUGE, "g", "x");
    exposition_labelled(&e, two, 2, 1);
    exposition_sample(&e, "l", "q\"b\\n\nc\x01\xff\xc3\xbc", 2);
    expect("# HELP g x\n# TYPE g gauge\ng{a=\"1\",b=\"\"} 1\n"
           "g{l=\"q\\\"b\\\\n?c??\xc3\xbc\"} 2\n");
}

Test(exposition, longest_label) {
    char in[1000];
    char out[EXPOSITION_ESCAPED];

    memset(in, '"', sizeof in - 1);
    in[sizeof in - 1] = '\0';
    exposition_escape(out, in);
    cr_expect_eq(strlen(out), 2 * (EXPOSITION_TEXT - 1));
}

Test(exposition, histogram) {
    const double bound[] = {0.001, 1, 10, 1e6};
    const uint64_t bucket[] = {1, 0, 2, 0, 4};
    const struct exposition_histogram h = {bound, 4, bucket, 2.5};
    const struct exposition_label stage = {"stage", "s"};

    begin(false);
    exposition_family(&e, EXPOSITION_HISTOGRAM, "d", "x");
    exposition_histogram(&e, &stage, 1, &h);
    expect("# HELP d x\n# TYPE d histogram\n"
           "d_bucket{stage=\"s\",le=\"0.001\"} 1\nd_bucket{stage=\"s\",le=\"1\"} 1\n"
           "d_bucket{stage=\"s\",le=\"10\"} 3\nd_bucket{stage=\"s\",le=\"1e+06\"} 3\n"
           "d_bucket{stage=\"s\",le=\"+Inf\"} 7\nd_sum{stage=\"s\"} 2.5\n"
           "d_count{stage=\"s\"} 7\n");
    begin(true);
    exposition_family(&e, EXPOSITION_HISTOGRAM, "d", "x");
    exposition_histogram(&e, NULL, 0, &h);
    expect("# HELP d x\n# TYPE d histogram\n"
           "d_bucket{le=\"0.001\"} 1\nd_bucket{le=\"1.0\"} 1\nd_bucket{le=\"10.0\"} 3\n"
           "d_bucket{le=\"1e+06\"} 3\nd_bucket{le=\"+Inf\"} 7\nd_sum 2.5\nd_count 7\n# EOF\n");
}
