/* checks.c, and the judgements behind its table. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

static struct condition_outside outside;

/* A host where all is well, as gather() would describe it. */
static struct condition healthy(void) {
    static char parameters[] =
        "relayhost = [relay.test]:587\nsmtp_tls_wrappermode = no\n"
        "smtp_tls_security_level = secure\n"
        "smtp_sasl_security_options = noplaintext, noanonymous\n"
        "smtpd_milters = { unix:relaywatch/milter.sock, default_action=accept }\n"
        "smtp_delivery_status_filter = regexp:/x\nmynetworks = 127.0.0.0/8\n"
        "smtpd_relay_restrictions = permit_mynetworks, reject\n";
    static char master_cf[] = "127.0.0.1:25 inet n - n - - smtpd\nsmtp unix - - n - - smtp\n"
                              "relay unix - - n - - smtp\n";
    struct condition c = {.root = true,
                          .parameters = parameters,
                          .main_cf = parameters,
                          .master_cf = master_cf,
                          .ca_there = SEEN_YES,
                          .sasl_plugins = SEEN_YES,
                          .running = SEEN_YES,
                          .queue_counted = SEEN_YES,
                          .bytes_total = 100,
                          .inodes_total = 100,
                          .now_s = 1800000000,
                          .log_readable = SEEN_YES,
                          .log_mtime_s = 1799999999,
                          .milter_answers = SEEN_YES,
                          .outside = &outside};
    struct fault why;

    conf_defaults(&c.conf);
    cr_assert_eq(facts_parse(span_of("relayhost = [relay.test]:587\nsmtp_sasl_auth_enable = yes\n"
                                     "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n"
                                     "smtp_tls_security_level = secure\n"
                                     "smtp_helo_name = mail.example.com\n"
                                     "queue_directory = /q\nmail_version = 3.7.11\n"),
                             &c.relay, &why),
                 0);
    c.queue.bytes_free = c.queue.inodes_free = 90;
    c.password.text = c.password.index = (struct condition_file){SEEN_YES, 0, 0100600, 1799999999};
    c.password.in_text = c.password.map_knows = c.password.map_same = SEEN_YES;
    memset(&outside, 0, sizeof outside);
    outside.resolved = outside.helo_resolves = outside.probed = SEEN_YES;
    outside.daemon = outside.keeper = outside.notify = SEEN_YES;
    outside.entered = SEEN_NO;
    outside.reach[0][0] = REACH_OPEN;
    strcpy(outside.verdict.tls_version, "TLSv1.3");
    outside.verdict.certificate_expires_s = 1800000000 + 90 * 86400;
    return c;
}

static struct finding judge(const struct condition *c, const char *id) {
    struct finding f = {RESULT_UNKNOWN, MEND_NOTHING, "", ""};

    cr_assert_not_null(checks_find(id), "%s", id);
    checks_find(id)->judge(c, &f);
    return f;
}

Test(checks, finds_nothing_on_a_healthy_host) {
    struct condition c = healthy();

    for (size_t i = 0; i < checks_count(); i++) {
        struct finding f = judge(&c, checks_at(i)->id);

        cr_expect_leq(f.result, RESULT_NONE, "%s: %s", checks_at(i)->id, f.found);
        cr_expect_str_empty(f.fix, "%s", checks_at(i)->id);
    }
}

Test(checks, ids_are_words_and_no_two_are_one) {
    for (size_t i = 0; i < checks_count(); i++) {
        const char *id = checks_at(i)->id;

        cr_expect_eq(strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(id));
        cr_expect_eq(checks_find(id), checks_at(i), "%s", id);
        cr_expect_leq(strlen(id), 18, "%s", id);
    }
}

Test(checks, says_unknown_and_no_worse_where_nothing_was_seen) {
    struct condition c = {.outside = &outside};

    memset(&outside, 0, sizeof outside);
    c.log_readable = SEEN_NO; /* for whoever asks */
    conf_defaults(&c.conf);
    for (size_t i = 0; i < checks_count(); i++) {
        const char *id = checks_at(i)->id;

        if (strncmp(id, "credentials-", 12) == 0 || strcmp(id, "login") == 0 ||
            strncmp(id, "queue", 5) == 0 || strcmp(id, "log-source") == 0)
            cr_expect_eq(judge(&c, id).result, RESULT_UNKNOWN, "%s", id);
    }
}

Test(checks, disk_has_two_limits) {
    static const struct {
        uint64_t left;
        enum result want;
    } rows[] = {{90, RESULT_OK},     {20, RESULT_OK},      {19, RESULT_WARNING},
                {5, RESULT_WARNING}, {4, RESULT_CRITICAL}, {0, RESULT_CRITICAL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct condition c = healthy();

        c.queue.bytes_free = c.queue.inodes_free = rows[i].left;
        cr_expect_eq(judge(&c, "disk").result, rows[i].want, "%d", (int)rows[i].left);
        cr_expect_eq(judge(&c, "inodes").result, rows[i].want, "%d", (int)rows[i].left);
    }
}

Test(checks, tells_time_and_what_the_relay_says) {
    struct condition c = healthy();

    outside.verdict.certificate_expires_s = c.now_s + 6 * 86400;
    cr_expect_eq(judge(&c, "tls-expiry").result, RESULT_WARNING);
    outside.verdict.certificate_expires_s = c.now_s - 1;
    cr_expect_eq(judge(&c, "tls-expiry").result, RESULT_CRITICAL);
    strcpy(outside.verdict.tls_version, "TLSv1.1");
    cr_expect_eq(judge(&c, "tls-version").result, RESULT_WARNING);
    outside.verdict.result = PROBE_NO_MECHANISM;
    cr_expect_eq(judge(&c, "login").result, RESULT_CRITICAL);
    outside.verdict.result = PROBE_TEMPORARY;
    cr_expect_eq(judge(&c, "login").result, RESULT_WARNING);
    c.queue.oldest_s = c.now_s - 1800;
    cr_expect_eq(judge(&c, "queue-oldest").result, RESULT_WARNING);
    c.queue.oldest_s = c.now_s - 7200;
    cr_expect_eq(judge(&c, "queue-oldest").result, RESULT_CRITICAL);
    c.sasl_plugins = SEEN_NO;
    cr_expect_eq(judge(&c, "sasl-plugins").result, RESULT_CRITICAL);
    c.postal = SEEN_YES;
    cr_expect_eq(judge(&c, "postal").result, RESULT_WARNING);
    c.postal_names_us = true;
    cr_expect_eq(judge(&c, "postal").result, RESULT_OK);
    c.now_s = 1000;
    cr_expect_eq(judge(&c, "clock").result, RESULT_CRITICAL);
}

Test(checks, a_chrooted_smtpd_needs_a_relative_path) {
    static char absolute[] = "smtpd_milters = { unix:/q/relaywatch/milter.sock }\n";
    struct condition c = healthy();

    c.chrooted_smtpd = SEEN_YES;
    cr_expect_eq(judge(&c, "milter-entry").result, RESULT_OK);
    c.parameters = absolute;
    cr_expect_eq(judge(&c, "milter-entry").result, RESULT_WARNING);
    c.chrooted_smtpd = SEEN_NO;
    cr_expect_eq(judge(&c, "milter-entry").result, RESULT_OK);
}

Test(checks, an_address_is_in_a_network_or_not) {
    cr_expect(checks_in_networks("127.0.0.0/8, 10.1.0.0/16", "10.1.255.9"));
    cr_expect_not(checks_in_networks("127.0.0.0/8 10.1.0.0/16", "10.2.0.1"));
    cr_expect(checks_in_networks("0.0.0.0/0", "8.8.8.8"));
    cr_expect(checks_in_networks("192.0.2.9", "192.0.2.9"));
    cr_expect_not(checks_in_networks("192.0.2.9/33 [::1]/128 x/8", "192.0.2.9"));
    cr_expect_not(checks_in_networks("", "192.0.2.9"));
    cr_expect(checks_in_networks("128.0.0.0/1", "192.0.2.9"));
}
