/* Names beside a log. */
#include "rotname.h"

#include <criterion/criterion.h>

Test(rotname, what_a_name_says) {
    static const struct {
        const char *log;
        const char *name;
        enum rotname_kind kind;
        bool compressed;
        const char *stamp;
    } rows[] = {
        {"mail.log", "mail.log", ROTNAME_STRANGER, false, ""},
        {"mail.log", "mail.log.", ROTNAME_STRANGER, false, ""},
        {"mail.log", "mail.logs", ROTNAME_STRANGER, false, ""},
        {"mail.log", "xmail.log.1", ROTNAME_STRANGER, false, ""},
        {"mail.log", "mail.err.1", ROTNAME_STRANGER, false, ""},
        {"mail.log", "mail.old.log", ROTNAME_STRANGER, false, ""},
        {"mail.log", "mail.log.1", ROTNAME_NUMBER, false, "1"},
        {"mail.log", "mail.log.0", ROTNAME_NUMBER, false, "0"},
        {"mail.log", "mail.log.12.gz", ROTNAME_NUMBER, true, "12"},
        {"mail.log", "mail.2.log", ROTNAME_NUMBER, false, "2"},
        {"mail.log", "mail.2.log.gz", ROTNAME_NUMBER, true, "2"},
        {"mail.log", "mail.log-20260903", ROTNAME_DATE, false, "20260903"},
        {"mail.log", "mail.log-2026-09-03T10:00", ROTNAME_DATE, false, "2026-09-03T10:00"},
        {"mail.log", "mail.log_20260903.gz", ROTNAME_DATE, true, "20260903"},
        {"maillog", "maillog-20260901", ROTNAME_DATE, false, "20260901"},
        {"mail.log", "mail.log.r1", ROTNAME_OTHER, false, ""},
        {"mail.log", "mail.log.old.gz", ROTNAME_OTHER, true, ""},
        {"mail.log", "mail.log-", ROTNAME_STRANGER, false, ""},
        {"mail.log", "mail.log.gz", ROTNAME_STRANGER, true, ""},
        {"mail.log", "mail.log.1.xz", ROTNAME_SEALED, false, "1"},
        {"mail.log", "mail.log.old.zst", ROTNAME_SEALED, false, ""},
        {"mail.log", "mail.err.1.xz", ROTNAME_STRANGER, false, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rotname got = rotname_parse(span_of(rows[i].log), span_of(rows[i].name));

        cr_expect(got.kind == rows[i].kind && got.compressed == rows[i].compressed &&
                      span_is(got.stamp, rows[i].stamp),
                  "%s: kind %d, stamp %.*s", rows[i].name, got.kind, (int)got.stamp.n, got.stamp.p);
    }
}

Test(rotname, which_is_older) {
    static const struct {
        const char *older;
        const char *newer;
    } rows[] = {
        {"mail.log.10", "mail.log.9"},
        {"mail.log.2.gz", "mail.log.1"},
        {"mail.log-20251231", "mail.log-20260101"},
        {"mail.log-20260903", "mail.log-20260903-09"},
        {"mail.log-20260903-09.gz", "mail.log-20260903-11"},
    };
    const struct span log = SPAN("mail.log");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rotname a = rotname_parse(log, span_of(rows[i].older));
        struct rotname b = rotname_parse(log, span_of(rows[i].newer));

        cr_expect(rotname_compare(&a, &b) < 0 && rotname_compare(&b, &a) > 0, "%s", rows[i].older);
        cr_expect_eq(rotname_compare(&a, &a), 0);
    }
}
