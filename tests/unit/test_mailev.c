#include <criterion/criterion.h>
#include <string.h>

#include "mailev.h"

Test(mailev, every_kind_and_status_has_a_word) {
    for (int k = 0; k < MAILEV_KIND_COUNT; k++) {
        cr_assert_not_null(mailev_kind_name((enum mailev_kind)k), "kind %d", k);
        for (int other = 0; other < k; other++)
            cr_expect_str_neq(mailev_kind_name((enum mailev_kind)k),
                              mailev_kind_name((enum mailev_kind)other));
    }
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_NONE), "");
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_SENT), "sent");
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_DEFERRED), "deferred");
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_BOUNCED), "bounced");
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_EXPIRED), "expired");
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_DELIVERABLE), "deliverable");
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_UNDELIVERABLE), "undeliverable");
    cr_expect_str_eq(mailev_status_name(MAILEV_STATUS_OTHER), "other");
}
