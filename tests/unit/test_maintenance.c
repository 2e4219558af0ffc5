#include "maintenance.h"

#include <criterion/criterion.h>
#include <string.h>

static struct maintenance m;
static struct fault why;

Test(maintenance, good_ones) {
    cr_expect_eq(maintenance_parse("", &m, &why), 0);
    cr_expect_eq(m.count, 0);
    cr_assert_eq(maintenance_parse(" sun 02:00-04:00,daily  03:30-03:45 ", &m, &why), 0, "%s",
                 why.text);
    cr_expect_eq(m.count, 2);
}

Test(maintenance, bad_ones) {
    static const char *const rows[] = {"sun",
                                       "02:00-04:00",
                                       "sunday 02:00-04:00",
                                       "sun 2:00-4:00",
                                       "sun 02:00-24:00",
                                       "sun 02:60-03:00",
                                       "sun 02:00-02:00",
                                       "sun 02:00 - 04:00",
                                       ","};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(maintenance_parse(rows[i], &m, &why), -1, "%s", rows[i]);
    cr_expect_eq(maintenance_parse("daily 02:00-03:00, nonsense", &m, &why), -1);
    cr_expect_not_null(strstr(why.text, "'nonsense'"), "%s", why.text);
}

Test(maintenance, when) {
    static const struct {
        const char *text;
        int weekday, minute, want;
    } rows[] = {
        {"sun 02:00-04:00", 0, 119, 0},
        {"sun 02:00-04:00", 0, 120, 120},
        {"sun 02:00-04:00", 0, 239, 1},
        {"sun 02:00-04:00", 0, 240, 0},
        {"sun 02:00-04:00", 1, 150, 0},
        {"daily 03:00-03:30", 4, 185, 25},
        {"sat 23:00-01:00", 6, 1439, 61},
        {"sat 23:00-01:00", 0, 0, 60},
        {"sat 23:00-01:00", 0, 60, 0},
        {"sat 23:00-01:00", 5, 1430, 0},
        {"sun 02:00-04:00, sun 03:00-05:00", 0, 200, 100},
        {"", 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(maintenance_parse(rows[i].text, &m, &why), 0);
        cr_expect_eq(maintenance_left(&m, rows[i].weekday, rows[i].minute), rows[i].want,
                     "%s at day %d, minute %d", rows[i].text, rows[i].weekday, rows[i].minute);
    }
}
