#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "logtime.h"

struct row {
    const char *name;
    const char *zone;
    const char *now; /* UTC */
    const char *in;
    const char *want; /* UTC; "" when it is no stamp */
    int want_ms;
    const char *rest;
};

static int64_t utc_ms(const char *text) {
    struct tm tm = {0};

    cr_assert_not_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
    return (int64_t)timegm(&tm) * 1000;
}

static void check(const struct row *r, struct logtime *cache) {
    struct span cursor = span_of(r->in);
    int64_t ms = 42;
    bool ok;

    setenv("TZ", r->zone, 1);
    tzset();
    ok = logtime_parse(&cursor, cache, utc_ms(r->now), &ms);
    if (r->want[0] == '\0') {
        cr_expect_not(ok, "%s", r->name);
        cr_expect_eq(ms, 42, "%s", r->name);
        cr_expect(span_is(cursor, r->in), "%s", r->name);
        return;
    }
    cr_expect(ok, "%s", r->name);
    cr_expect_eq(ms, utc_ms(r->want) + r->want_ms, "%s: %lld", r->name, (long long)ms);
    cr_expect(span_is(cursor, r->rest), "%s: rest \"%.*s\"", r->name, (int)cursor.n, cursor.p);
}

static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";
static const char now[] = "2026-11-23 03:00:00";

static const struct row rows[] = {
    {"utc", "UTC", now, "Nov 23 02:59:58 h", "2026-11-23 02:59:58", 0, " h"},
    {"one digit", "UTC", now, "Nov  3 02:59:58 h", "2026-11-03 02:59:58", 0, " h"},
    {"one digit, one space", "UTC", now, "Nov 3 02:59:58 h", "2026-11-03 02:59:58", 0, " h"},
    {"zero first", "UTC", now, "Nov 03 02:59:58", "2026-11-03 02:59:58", 0, ""},
    {"fraction", "UTC", now, "Nov 03 02:59:58.123456 h", "2026-11-03 02:59:58", 123, " h"},
    {"23 h ahead", "UTC", now, "Nov 24 02:00:00 h", "2026-11-24 02:00:00", 0, " h"},
    {"25 h ahead", "UTC", now, "Nov 24 04:00:00 h", "2025-11-24 04:00:00", 0, " h"},
    {"new year, old line", "UTC", "2027-01-01 00:00:05", "Dec 31 23:59:59", "2026-12-31 23:59:59",
     0, ""},
    {"new year, early line", "UTC", "2026-12-31 23:59:59", "Jan  1 00:00:05", "2027-01-01 00:00:05",
     0, ""},
    {"29 February", "UTC", now, "Feb 29 12:00:00", "2024-02-29 12:00:00", 0, ""},
    {"29 February over 2100", "UTC", "2103-03-01 00:00:00", "Feb 29 12:00:00",
     "2096-02-29 12:00:00", 0, ""},
    {"30 February", "UTC", now, "Feb 30 12:00:00", "", 0, ""},
    {"leap second", "UTC", "2017-01-02 00:00:00", "Dec 31 23:59:60", "2017-01-01 00:00:00", 0, ""},
    {"second 61", "UTC", now, "Nov 23 23:59:61", "", 0, ""},
    {"winter", berlin, now, "Nov 23 03:59:58", "2026-11-23 02:59:58", 0, ""},
    {"summer", berlin, now, "Jul 23 03:59:58", "2026-07-23 01:59:58", 0, ""},
    {"hour that comes twice, first", berlin, "2026-10-25 00:31:00", "Oct 25 02:30:00",
     "2026-10-25 00:30:00", 0, ""},
    {"hour that comes twice, second", berlin, "2026-10-25 01:31:00", "Oct 25 02:30:00",
     "2026-10-25 01:30:00", 0, ""},
    {"hour that never comes", berlin, "2026-03-30 00:00:00", "Mar 29 02:30:00",
     "2026-03-29 01:30:00", 0, ""},
    {"just after it", berlin, "2026-03-30 00:00:00", "Mar 29 03:00:00", "2026-03-29 01:00:00", 0,
     ""},
    {"just before it", berlin, "2026-03-30 00:00:00", "Mar 29 01:59:59", "2026-03-29 00:59:59", 0,
     ""},
    {"half hour zone", "IST-5:30", now, "Nov 23 08:00:00", "2026-11-23 02:30:00", 0, ""},
    {"rfc 3339", berlin, now, "2026-11-23T03:22:01.123456+01:00 h", "2026-11-23 02:22:01", 123,
     " h"},
    {"zulu", berlin, now, "2026-11-23T03:22:01Z h", "2026-11-23 03:22:01", 0, " h"},
    {"offset without colon", berlin, now, "2019-05-16T02:13:51+0000 h", "2019-05-16 02:13:51", 0,
     " h"},
    {"negative offset", berlin, now, "2026-11-23T03:22:01-05:30 h", "2026-11-23 08:52:01", 0, " h"},
    {"no offset", berlin, now, "2026-07-23T03:22:01 h", "2026-07-23 01:22:01", 0, " h"},
    {"space for T", "UTC", now, "2026-07-23 03:22:01,5 h", "2026-07-23 03:22:01", 500, " h"},
    {"the same text again", "UTC", now, "2026-07-23 03:22:01,7 h", "2026-07-23 03:22:01", 700,
     " h"},
    {"leap day of a year", "UTC", now, "2026-02-29T00:00:00Z", "", 0, ""},
    {"1900", "UTC", now, "1900-03-01T00:00:00Z", "1900-03-01 00:00:00", 0, ""},
    {"month 13", "UTC", now, "2026-13-01T00:00:00Z", "", 0, ""},
    {"hour 24", "UTC", now, "2026-12-01T24:00:00Z", "", 0, ""},
    {"cut", "UTC", now, "2026-12-01T23:00:0", "", 0, ""},
    {"cut short form", "UTC", now, "Nov 23 02:59:5", "", 0, ""},
    {"year behind the day", "UTC", now, "Nov 23 2024 02:59:58 h", "2024-11-23 02:59:58", 0, " h"},
    {"29 February of a year", "UTC", now, "Feb 29 2023 02:59:58 h", "", 0, ""},
    {"asctime", berlin, now, "Mon Nov 23 03:59:58 2026 h", "2026-11-23 02:59:58", 0, " h"},
    {"asctime without a year", "UTC", now, "Mon Nov 23 02:59:58 h", "2026-11-23 02:59:58", 0, " h"},
    {"year at the end", "UTC", now, "Nov 23 02:59:58 2020 x", "2020-11-23 02:59:58", 0, " x"},
    {"no year: a host of digits", "UTC", now, "Nov 23 02:59:58 1024 x", "2026-11-23 02:59:58", 0,
     " 1024 x"},
    {"another language", "UTC", now, "\xd0\xb0\xd0\xb2\xd0\xb3 09 04:48:59 h",
     "1970-01-01 00:00:00", 0, " h"},
    {"another language, one digit", "UTC", now, "nov.  9 04:48:59 h", "1970-01-01 00:00:00", 0,
     " h"},
    {"words with a time", "UTC", now, "at 4:48:59 h", "", 0, ""},
    {"a tag with a time", "UTC", now, "h: 09 04:48:59 h", "", 0, ""},
    {"short-full", berlin, now, "Mon 2026-11-23 03:59:58 CET h", "2026-11-23 02:59:58", 0, " h"},
    {"short-full, UTC", berlin, now, "Mon 2026-11-23 02:59:58 UTC h", "2026-11-23 02:59:58", 0,
     " h"},
    {"short-full, number", berlin, now, "Mon 2026-11-23 02:59:58 -03 h", "2026-11-23 05:59:58", 0,
     " h"},
    {"short-full, long number", berlin, now, "Mon 2026-11-23 02:59:58 +0530 h",
     "2026-11-22 21:29:58", 0, " h"},
    {"short-full without a zone", "UTC", now, "Mon 2026-11-23 02:59:58 Host x",
     "2026-11-23 02:59:58", 0, " Host x"},
    {"short-unix", berlin, now, "1795400521.250000 h", "2026-11-23 02:22:01", 250, " h"},
    {"a number", berlin, now, "1795400521 h", "", 0, ""},
    {"a short number", berlin, now, "17954005.25 h", "", 0, ""},
    {"short-monotonic", "UTC", now, "[  123.456789] h", "1970-01-01 00:00:00", 0, " h"},
    {"short-delta", "UTC", now, "[  123.456789 <   0.000123 >] h", "1970-01-01 00:00:00", 0, " h"},
    {"in brackets, but no number", "UTC", now, "[postfix/smtp] h", "", 0, ""},
    {"an open bracket", "UTC", now, "[12.5", "", 0, ""},
    {"weekday alone", "UTC", now, "Mon", "", 0, ""},
    {"weekday and word", "UTC", now, "Mon rain", "", 0, ""},
    {"no weekday", "UTC", now, "Moo 2026-11-23 02:59:58 UTC h", "", 0, ""},
    {"empty", "UTC", now, "", "", 0, ""},
    {"word", "UTC", now, "November rain and more", "", 0, ""},
};

Test(logtime, rows) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct logtime cache = {0};

        check(&rows[i], &cache);
    }
}

Test(logtime, names_zone) {
    cr_expect(logtime_names_zone(SPAN("2026-11-23T03:22:01Z")));
    cr_expect(logtime_names_zone(SPAN("2026-11-23T03:22:01.5+01:00")));
    cr_expect(logtime_names_zone(SPAN("2026-11-23T03:22:01-0100")));
    cr_expect_not(logtime_names_zone(SPAN("2026-11-23T03:22:01.5")));
    cr_expect_not(logtime_names_zone(SPAN("2026-11-23T03:22:01")));
    cr_expect_not(logtime_names_zone(SPAN("Nov 23 02:59:58")));
    cr_expect_not(logtime_names_zone((struct span){NULL, 0}));
}

/* What is remembered of one line must not change another. */
Test(logtime, shared_cache) {
    static const char *const zones[] = {"UTC", berlin, "IST-5:30"};

    for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
        struct logtime cache = {0};

        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                if (strcmp(rows[i].zone, zones[z]) == 0)
                    check(&rows[i], &cache);
            }
        }
    }
}

/* Each hour of three years, against the C library. */
Test(logtime, every_hour) {
    struct logtime cache = {0};
    int64_t end = utc_ms("2027-01-01 00:00:00") / 1000;

    setenv("TZ", berlin, 1);
    tzset();
    for (int64_t t = utc_ms("2024-01-01 00:00:00") / 1000; t < end; t += 3600) {
        char text[32];
        time_t when = (time_t)t;
        struct tm tm;
        struct span cursor;
        int64_t ms = 0;

        localtime_r(&when, &tm);
        strftime(text, sizeof text, "%b %e %H:%M:%S", &tm);
        cursor = span_of(text);
        cr_expect(logtime_parse(&cursor, &cache, t * 1000 + 5000, &ms));
        cr_expect_eq(ms, t * 1000, "%s: %lld, not %lld", text, (long long)ms, (long long)t * 1000);
    }
}

/* What logtime_again() takes is what logtime_parse() says, and it takes the usual lines. */
Test(logtime, again) {
    static const struct {
        const char *text;
        bool again;
    } lines[] = {
        {"Nov  3 04:05:06 mx1 postfix/smtp[1]: m", true},
        {"Nov  3 04:05:06 2026 postfix/smtp[1]: m", false},
        {"Nov  3 04:05:06.25 mx1 postfix", false},
        {"Nov  3 04:05:07 mx1 postfix/smtp[1]: m", false},
        {"Nov  3 04:05:06 mx1", false},
        {"Nov  3 04:05:06", false},
        {"Nov", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct logtime cache = {0};
        struct span first = SPAN("Nov  3 04:05:06 mx1"), s = span_of(lines[i].text), parsed = s;
        int64_t ms, again_ms = -7, parsed_ms;

        cr_assert(logtime_parse(&first, &cache, 1795400521250, &ms));
        cr_expect_eq(logtime_again(&s, &cache, 1795400521250, &again_ms), lines[i].again, "%s",
                     lines[i].text);
        if (!lines[i].again) {
            cr_expect(again_ms == -7 && s.n == strlen(lines[i].text), "%s", lines[i].text);
            continue;
        }
        cr_expect(logtime_parse(&parsed, &cache, 1795400521250, &parsed_ms));
        cr_expect(again_ms == parsed_ms && s.p == parsed.p && s.n == parsed.n, "%s", lines[i].text);
        s = span_of(lines[i].text);
        cr_expect(!logtime_again(&s, &cache, 1795400521251, &ms), "another now");
    }
}
