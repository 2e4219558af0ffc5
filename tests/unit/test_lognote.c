#include <criterion/criterion.h>

#include "lognote.h"

Test(lognote, shapes) {
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"statistics: max cache size 1 at Nov 23 03:56:08", true},
        {"relaywatch doctor: a line to see whether it arrives (12)", true},
        {"table hash:/etc/postfix/access(0,lock|fold_fix) has changed -- restarting", true},
        {"mx.example.com[192.0.2.1]:25: subject_CN=mx, issuer_CN=y", true},
        {"mx.example.com[192.0.2.1]:25 certificate peer CommonName mx", true},
        {"mx.example.com[192.0.2.1]:25 did something", false},
        {"[192.0.2.1]:4711: replacing command \"a\" with \"b\"", true},
        {"/etc/postfix/master.cf: line 12: using backwards-compatible default setting chroot=y",
         true},
        {"hash:/etc/aliases lookup: \"root\" = \"x\"", true},
        {"> mx[192.0.2.1]:25: EHLO relay", true},
        {"< mx[192.0.2.1]:25: 250 ok", true},
        {"match_hostname: x ~? y", true},
        {"private/anvil: wanted attribute: status", true},
        {"dict_alloc(\"a\", \"b\", 56)", true},
        {"argv_attr_print count=1", true},
        {"qmgr_enable_all", true},
        {"a_word alone", false},
        {"0000 16 03 01 02 00 01 00", true},
        {"0060 - <SPACES/NULLS>", true},
        {"0000 1", false},
        {"0000 things", false},
        {"never seen words about nothing", false},
        {">", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(lognote_is(span_of(rows[i].text)), rows[i].want, "%s", rows[i].text);
}
