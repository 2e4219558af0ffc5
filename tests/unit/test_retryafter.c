/* retryafter.c: the forms of RFC 9110, and what only looks like them. */
#include "retryafter.h"

#include <criterion/criterion.h>

/* 1994-11-06 08:49:37 UTC, the example of RFC 9110 */
enum { EXAMPLE = 784111777 };

Test(retryafter, dates) {
    static const struct {
        const char *in;
        int64_t want; /* 0: none */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", EXAMPLE},
        {"Sunday, 06-Nov-94 08:49:37 GMT", EXAMPLE},
        {"Sun Nov  6 08:49:37 1994", EXAMPLE},
        {"  Sun, 06 Nov 1994 08:49:37 GMT\r\n", EXAMPLE},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
        {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
        {"Sun, 06 Nov 1994 08:49:37 CET", 0},
        {"Sun, 06 Nov 1994 08:49:37", 0},
        {"Sun, 06 Nov 1994 08:49 GMT", 0},
        {"Sun, 06 Nov 1994 24:00:00 GMT", 0},
        {"Sun, 06 Nov 1994 08:60:00 GMT", 0},
        {"Sun, 32 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 00 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nox 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 199 08:49:37 GMT", 0},
        {"Sun Nov  6 08:49:37 94", 0},
        {"Sun Nov  6 08:49:37", 0},
        {"1994-11-06T08:49:37Z", 0},
        {"", 0},
        {",", 0},
        {"Sun,", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = 0;
        bool good = retryafter_date(span_of(rows[i].in), 1700000000, &got);

        cr_expect_eq(good, rows[i].want != 0, "'%s'", rows[i].in);
        cr_expect_eq(got, rows[i].want, "'%s': %lld", rows[i].in, (long long)got);
    }
}

Test(retryafter, two_digits_of_a_year) {
    int64_t got;

    cr_assert(retryafter_date(SPAN("Monday, 01-Jan-70 00:00:00 GMT"), 1700000000, &got));
    cr_expect_eq(got, 3155760000, "2070 is within 50 years of 2023");
    cr_assert(retryafter_date(SPAN("Monday, 01-Jan-74 00:00:00 GMT"), 1700000000, &got));
    cr_expect_eq(got, 126230400, "2074 is not: 1974");
}

Test(retryafter, seconds) {
    static const struct {
        const char *value, *date;
        int64_t want;
    } rows[] = {
        {"120", "", 120},
        {"0", "", 0},
        {" 7 ", "", 7},
        {"99999999999999999999999", "", RETRYAFTER_MOST_S},
        {"-5", "", 0},
        {"5.5", "", 0},
        {"5 s", "", 0},
        {"soon", "", 0},
        {"", "", 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT", "", 60},
        {"Sun, 06 Nov 1994 08:49:36 GMT", "", 0},
        {"Tue, 06 Nov 2094 08:49:36 GMT", "", RETRYAFTER_MOST_S},
        /* the other clock is an hour ahead */
        {"Sun, 06 Nov 1994 09:50:37 GMT", "Sun, 06 Nov 1994 09:49:37 GMT", 60},
        {"Sun, 06 Nov 1994 08:50:37 GMT", "nonsense", 60},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = retryafter_seconds(span_of(rows[i].value), span_of(rows[i].date), EXAMPLE);

        cr_expect_eq(got, rows[i].want, "'%s': %lld", rows[i].value, (long long)got);
    }
}
