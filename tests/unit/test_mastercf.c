/* mastercf.c */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "mastercf.h"

static const char STOCK[] = "# comment\n"
                            "smtp      inet  n       -       y       -       -       smtpd\n"
                            "#smtpd     pass  -       -       y       -       -       smtpd\n"
                            "submission inet n       -       n       -       -       smtpd\n"
                            "  -o syslog_name=postfix/submission\n"
                            "# -o smtpd_milters=no\n"
                            "  -o smtpd_milters=\n"
                            "  -osmtpd_relay_restrictions=permit\n"
                            "smtp      unix  -       -       y       -       -       smtp\n"
                            "relay     unix  -       -       -       -       -       smtp\n"
                            "        -o syslog_name=postfix/$service_name";

Test(mastercf, finds_what_listens) {
    cr_expect(mastercf_listens(STOCK, "smtp"));
    cr_expect(mastercf_listens(STOCK, "25"));
    cr_expect(mastercf_listens(STOCK, "submission"));
    cr_expect_not(mastercf_listens(STOCK, "127.0.0.1:2525"));
    cr_expect_not(mastercf_listens("#smtp inet n - y - - smtpd\n", "smtp"));
    cr_expect_not(mastercf_listens("smtp unix - - y - - smtp\n", "smtp"));
    cr_expect(mastercf_listens("25 inet n - y - 1 postscreen\n", "smtp"));
}

Test(mastercf, chroot) {
    cr_expect(mastercf_is_chrooted(STOCK, "smtp", "unix"));
    cr_expect_not(mastercf_is_chrooted(STOCK, "relay", "unix"));
    cr_expect_not(mastercf_is_chrooted(STOCK, "none", "unix"));
}

static void expect_listen(const char *text, const char *service, const char *want) {
    char *got = mastercf_listen(text, service);

    cr_expect_str_eq(got, want);
    free(got);
}

Test(mastercf, moves_the_listener_and_nothing_else) {
    expect_listen("# c\nsmtp inet n - y - - smtpd\n  -o a=b\nx unix - - n - - y\n",
                  "127.0.0.1:2525",
                  "# c\n127.0.0.1:2525 inet n - y - - smtpd\n  -o a=b\nx unix - - n - - y\n");
    expect_listen("127.0.0.1:2525 inet n - y - - smtpd\nsmtp inet n - y - - smtpd\n",
                  "127.0.0.1:2525",
                  "127.0.0.1:2525 inet n - y - - smtpd\nsmtp inet n - y - - smtpd\n");
    expect_listen("smtp unix - - n - - smtp", "smtp",
                  "smtp unix - - n - - smtp\nsmtp inet n - n - - smtpd\n");
}

Test(mastercf, tells_overrides) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_expect_eq(mastercf_overrides(STOCK, out), 2);
    fclose(out);
    cr_expect_str_eq(
        text,
        "master.cf, submission: -o smtpd_milters= overrides main.cf there\n"
        "master.cf, submission: -o smtpd_relay_restrictions=permit overrides main.cf there\n");
    free(text);
}
