#include <criterion/criterion.h>

#include "httpaccept.h"

Test(httpaccept, table) {
    static const struct {
        const char *name, *accept;
        enum httpaccept want;
    } rows[] = {
        {"says nothing", "", HTTPACCEPT_TEXT},
        {"curl", "*/*", HTTPACCEPT_TEXT},
        {"browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
         HTTPACCEPT_TEXT},
        {"Prometheus 2.24",
         "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;"
         "q=0.5,*/*;q=0.1",
         HTTPACCEPT_OPENMETRICS_OLD},
        {"Prometheus 2.42",
         "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         HTTPACCEPT_OPENMETRICS},
        {"Prometheus 2.53, protobuf first",
         "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
         "encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,"
         "application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,"
         "*/*;q=0.1",
         HTTPACCEPT_OPENMETRICS},
        {"Prometheus 3",
         "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
         "application/openmetrics-text;version=0.0.1;q=0.5,"
         "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
         "*/*;q=0.2",
         HTTPACCEPT_OPENMETRICS},
        {"text alone", "text/plain;version=0.0.4;q=1", HTTPACCEPT_TEXT},
        {"text liked better", "application/openmetrics-text;q=0.4,text/plain;q=0.5",
         HTTPACCEPT_TEXT},
        {"liked the same, both named", "text/plain, application/openmetrics-text",
         HTTPACCEPT_OPENMETRICS},
        {"named, the rest the same", "application/openmetrics-text, */*", HTTPACCEPT_OPENMETRICS},
        {"refused", "application/openmetrics-text;q=0, */*", HTTPACCEPT_TEXT},
        {"refused, kind taken", "application/openmetrics-text;q=0, application/*", HTTPACCEPT_TEXT},
        {"kind alone", "application/*", HTTPACCEPT_OPENMETRICS},
        {"kind and all", "application/*;q=0.5, */*;q=0.6", HTTPACCEPT_TEXT},
        {"another version", "application/openmetrics-text;version=2.0.0", HTTPACCEPT_TEXT},
        {"any version", "application/openmetrics-text", HTTPACCEPT_OPENMETRICS},
        {"any case and blanks", " Application/OpenMetrics-Text ; Version = \"1.0.0\" ; Q=0.5 ",
         HTTPACCEPT_OPENMETRICS},
        {"the older liked better",
         "application/openmetrics-text;version=1.0.0;q=0.2,"
         "application/openmetrics-text;version=0.0.1;q=0.3",
         HTTPACCEPT_OPENMETRICS_OLD},
        {"a comma in quotes", "x/y;a=\"b,application/openmetrics-text\"", HTTPACCEPT_TEXT},
        {"q of no number", "application/openmetrics-text;q=much", HTTPACCEPT_TEXT},
        {"q above 1", "application/openmetrics-text;q=1.5", HTTPACCEPT_TEXT},
        {"q too long", "application/openmetrics-text;q=0.5000", HTTPACCEPT_TEXT},
        {"q empty", "application/openmetrics-text;q=", HTTPACCEPT_TEXT},
        {"q in thousandths", "application/openmetrics-text;q=0.501,text/plain;q=0.5",
         HTTPACCEPT_OPENMETRICS},
        {"only commas", ",,;,", HTTPACCEPT_TEXT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(httpaccept_metrics(span_of(rows[i].accept)), rows[i].want, "%s: %d",
                     rows[i].name, (int)httpaccept_metrics(span_of(rows[i].accept)));
}

Test(httpaccept, types) {
    cr_expect_str_eq(httpaccept_type(HTTPACCEPT_TEXT), "text/plain; version=0.0.4; charset=utf-8");
    cr_expect_str_eq(httpaccept_type(HTTPACCEPT_OPENMETRICS),
                     "application/openmetrics-text; version=1.0.0; charset=utf-8");
    cr_expect_str_eq(httpaccept_type(HTTPACCEPT_OPENMETRICS_OLD),
                     "application/openmetrics-text; version=0.0.1; charset=utf-8");
}
