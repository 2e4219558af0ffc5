/* gather.c: where there is nothing to see, it says so and ends. */
#include <criterion/criterion.h>
#include <string.h>

#include "gather.h"

Test(gather, a_host_without_postfix) {
    struct conf conf;
    struct condition seen;

    conf_defaults(&conf);
    strcpy(conf.postfix_config_dir, "/nonexistent/etc");
    strcpy(conf.mail_log, "/nonexistent/mail.log");
    strcpy(conf.keeper_state_dir, "/nonexistent/state");
    gather(&conf, "/nonexistent", "config,log-source,disk", NULL, &seen);
    cr_expect_null(seen.parameters);
    cr_expect_null(seen.main_cf);
    cr_expect_not_null(strstr(seen.config_error, "/nonexistent/etc/main.cf"), "%s",
                       seen.config_error);
    cr_expect_neq(seen.log_readable, SEEN_YES);
    cr_expect_eq(seen.password.text.there, SEEN_NOT);
    cr_expect_eq(seen.queue_counted, SEEN_NOT);
    cr_expect_eq(seen.outside->resolved, SEEN_NOT);
    cr_expect_gt(seen.now_s, 1700000000);
    gather_free(&seen);
}
