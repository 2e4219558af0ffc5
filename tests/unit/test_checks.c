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
                          .sasl_asked = SEEN_YES,
                          .mechanisms = "SCRAM-SHA-1 LOGIN PLAIN",
                          .running = SEEN_YES,
                          .queue_counted = SEEN_YES,
                          .bytes_total = 100,
                          .inodes_total = 100,
                          .now_s = 1800000000,
                          .log_readable = SEEN_YES,
                          .log_mtime_s = 1799999999,
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
    outside.daemon = outside.keeper = outside.notify = outside.milter_answers = SEEN_YES;
    outside.redis = outside.own_resolves = outside.log_mark = SEEN_YES;
    outside.postal = SEEN_NO;
    strcpy(outside.own_name, "host");
    strcpy(outside.door[0].address, "192.0.2.9");
    outside.door[0].entered = SEEN_NO;
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

Test(checks, a_new_login_is_for_root_alone) {
    struct condition c = healthy();
    struct finding f;

    cr_expect_eq(judge(&c, "credentials-source").result, RESULT_NONE);
    strcpy(c.conf.credential_source, "/run/secrets/relay");
    cr_expect_eq(judge(&c, "credentials-source").result, RESULT_WARNING);
    c.new_login = (struct condition_file){SEEN_YES, 0, 0100400, 1799999999};
    cr_expect_eq(judge(&c, "credentials-source").result, RESULT_OK);
    c.new_login.mode = 0100644;
    f = judge(&c, "credentials-source");
    cr_expect_eq(f.result, RESULT_WARNING);
    cr_expect_str_eq(f.found, "/run/secrets/relay: mode 0644 lets others read the login");
    cr_expect_not_null(strstr(f.fix, "chmod 600 /run/secrets/relay"));
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
    strcpy(c.conf.credential_source, "/run/secrets/relay");
    for (size_t i = 0; i < checks_count(); i++) {
        const char *id = checks_at(i)->id;

        if (strncmp(id, "credentials-", 12) == 0 || strcmp(id, "login") == 0 ||
            strncmp(id, "queue", 5) == 0 || strcmp(id, "log-source") == 0)
            cr_expect_eq(judge(&c, id).result, RESULT_UNKNOWN, "%s", id);
    }
}

Test(checks, only_names_whole_ids) {
    cr_expect(checks_wanted(NULL, "tls"));
    cr_expect(checks_wanted("tls", "tls"));
    cr_expect(checks_wanted("dns,tls", "tls"));
    cr_expect(checks_wanted("dns,tls,disk", "tls"));
    cr_expect_not(checks_wanted("tls-expiry,my-tls", "tls"));
    cr_expect_not(checks_wanted("", "tls"));
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
    outside.verdict.result = PROBE_TLS;
    strcpy(outside.verdict.text, "error:0A00042E:SSL routines::tlsv1 alert protocol version");
    cr_expect_eq(judge(&c, "tls-version").result, RESULT_CRITICAL);
    cr_expect_eq(judge(&c, "tls").result, RESULT_CRITICAL);
    strcpy(outside.verdict.text, "certificate not accepted: certificate is not yet valid");
    cr_expect_eq(judge(&c, "clock").result, RESULT_CRITICAL);
    outside.verdict.text[0] = '\0';
    outside.verdict.result = PROBE_NO_MECHANISM;
    cr_expect_eq(judge(&c, "login").result, RESULT_CRITICAL);
    outside.verdict.result = PROBE_TEMPORARY;
    cr_expect_eq(judge(&c, "login").result, RESULT_WARNING);
    c.queue.oldest_s = c.now_s - 1800;
    cr_expect_eq(judge(&c, "queue-oldest").result, RESULT_WARNING);
    c.queue.oldest_s = c.now_s - 7200;
    cr_expect_eq(judge(&c, "queue-oldest").result, RESULT_CRITICAL);
    strcpy(c.mechanisms, "SCRAM-SHA-1 PLAIN-X");
    cr_expect_eq(judge(&c, "sasl-plugins").result, RESULT_CRITICAL);
    strcpy(c.mechanisms, "");
    cr_expect_eq(judge(&c, "sasl-plugins").result, RESULT_CRITICAL);
    c.sasl_asked = SEEN_NO;
    cr_expect_eq(judge(&c, "sasl-plugins").result, RESULT_UNKNOWN);
    c.now_s = 1000;
    cr_expect_eq(judge(&c, "clock").result, RESULT_CRITICAL);
}

Test(checks, weighs_the_clock_against_the_relay) {
    static const struct {
        int64_t ahead;
        enum result want;
    } rows[] = {{0, RESULT_OK},         {59, RESULT_OK},        {-59, RESULT_OK},
                {60, RESULT_WARNING},   {-60, RESULT_WARNING},  {599, RESULT_WARNING},
                {600, RESULT_CRITICAL}, {-600, RESULT_CRITICAL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct condition c = healthy();

        outside.greeted_s = c.now_s - rows[i].ahead;
        outside.greeted_at_s = c.now_s;
        cr_expect_eq(judge(&c, "clock").result, rows[i].want, "%d", (int)rows[i].ahead);
    }
}

Test(checks, a_login_that_was_refused_is_told_and_not_sent) {
    struct condition c = healthy();

    c.login_refused_ms = (c.now_s - 7200) * 1000;
    cr_expect_eq(judge(&c, "login").result, RESULT_CRITICAL);
    cr_expect_not_null(strstr(judge(&c, "login").found, "2 h ago"), "%s", judge(&c, "login").found);
    c.login_refused_ms = 0;
    c.password.map_knows = SEEN_NO;
    cr_expect_eq(judge(&c, "login").result, RESULT_UNKNOWN, "there was none to send");
}

Test(checks, judges_the_address_that_the_relay_sees) {
    static char bound[] = "smtp_bind_address = 198.51.100.1\ninet_protocols = ipv4\n";
    static char both[] = "inet_protocols = all\n";
    struct condition c = healthy();

    strcpy(outside.verdict.egress, "192.0.2.9");
    cr_expect_eq(judge(&c, "egress-address").result, RESULT_OK);
    c.parameters = bound;
    cr_expect_eq(judge(&c, "egress-address").result, RESULT_UNKNOWN, "Postfix leaves elsewhere");
    strcpy(outside.verdict.egress, "2001:db8::9");
    cr_expect_eq(judge(&c, "egress-address").result, RESULT_UNKNOWN, "Postfix takes IPv4");
    c.parameters = both;
    outside.egress_named = SEEN_YES;
    cr_expect_eq(judge(&c, "egress-address").result, RESULT_OK);
    outside.egress_named = SEEN_NO;
    cr_expect_eq(judge(&c, "egress-address").result, RESULT_WARNING);
}

Test(checks, either_door_can_be_open) {
    for (size_t i = 0; i < 2; i++) {
        struct condition c = healthy();

        strcpy(outside.door[1].address, "2001:db8::9");
        outside.door[0].entered = outside.door[1].entered = SEEN_NO;
        cr_expect_eq(judge(&c, "outside").result, RESULT_OK);
        outside.door[i].entered = SEEN_YES;
        outside.door[i].relays = SEEN_NO;
        cr_expect_eq(judge(&c, "outside").result, RESULT_WARNING);
        cr_expect_eq(judge(&c, "open-relay").result, RESULT_OK);
        cr_expect_eq(judge(&c, "firewall").result, RESULT_WARNING);
        outside.door[i].relays = SEEN_YES;
        cr_expect_eq(judge(&c, "open-relay").result, RESULT_CRITICAL);
        outside.door[i].relays = SEEN_NOT;
        cr_expect_eq(judge(&c, "open-relay").result, RESULT_UNKNOWN);
    }
}

Test(checks, postal_is_as_its_configuration_says) {
    struct condition c = healthy();

    outside.postal = SEEN_YES;
    strcpy(outside.postal_file, "/opt/postal/config/postal.yml");
    cr_expect_eq(judge(&c, "postal").result, RESULT_WARNING, "no relay in it");
    outside.postal_relays = outside.postal_ours = 1;
    cr_expect_eq(judge(&c, "postal").result, RESULT_OK);
    strcpy(outside.postal_problem, "relay.test is not in the DNS");
    cr_expect_eq(judge(&c, "postal").result, RESULT_WARNING);
    strcpy(outside.postal_error, "line 3: not YAML");
    cr_expect_eq(judge(&c, "postal").result, RESULT_WARNING);
    outside.postal = SEEN_NOT;
    cr_expect_eq(judge(&c, "postal").result, RESULT_UNKNOWN);
}

Test(checks, a_name_of_ours_that_is_slow_or_not_there_is_named) {
    struct condition c = healthy();

    outside.own_ms = 999;
    cr_expect_eq(judge(&c, "own-name").result, RESULT_OK);
    outside.own_ms = 1000;
    cr_expect_eq(judge(&c, "own-name").result, RESULT_WARNING);
    outside.own_ms = 0;
    outside.own_resolves = SEEN_NO;
    cr_expect_eq(judge(&c, "own-name").result, RESULT_WARNING);
    outside.own_resolves = SEEN_NOT;
    cr_expect_eq(judge(&c, "own-name").result, RESULT_WARNING, "asked, and no answer");
    outside.own_name[0] = '\0';
    cr_expect_eq(judge(&c, "own-name").result, RESULT_UNKNOWN);
}

Test(checks, a_line_that_does_not_arrive_is_critical) {
    struct condition c = healthy();

    outside.log_mark = SEEN_NO;
    cr_expect_eq(judge(&c, "log-flowing").result, RESULT_CRITICAL);
    outside.log_mark = SEEN_NOT;
    cr_expect_eq(judge(&c, "log-flowing").result, RESULT_OK, "not tried: by its time");
    c.log_mtime_s = c.now_s - 2 * 86400;
    cr_expect_eq(judge(&c, "log-flowing").result, RESULT_WARNING);
}

Test(checks, the_path_of_our_milter_is_as_smtpd_opens_it) {
    static const struct {
        const char *milters, *want;
    } rows[] = {
        {"smtpd_milters = { unix:relaywatch/milter.sock, default_action=accept }\n",
         "relaywatch/milter.sock"},
        {"smtpd_milters = inet:localhost:1, unix:/q/relaywatch/milter.sock\n",
         "/q/relaywatch/milter.sock"},
        {"smtpd_milters = {unix:relaywatch/milter.sock}\n", "relaywatch/milter.sock"},
        {"smtpd_milters = unix:other/sock\n", ""},
        {"smtpd_milters = \n", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct condition c = healthy();
        char parameters[200], path[100];

        strcpy(parameters, rows[i].milters);
        c.parameters = parameters;
        checks_milter_path(&c, path, sizeof path);
        cr_expect_str_eq(path, rows[i].want, "%s", rows[i].milters);
    }
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
    cr_expect(checks_in_networks("127.0.0.0/8 [2001:db8::]/32", "2001:db8:1::9"));
    cr_expect(checks_in_networks("[2001:db8::9]", "2001:db8::9"));
    cr_expect_not(checks_in_networks("[2001:db8::]/32 0.0.0.0/0", "2001:db9::9"));
    cr_expect_not(checks_in_networks("[2001:db8::9", "2001:db8::9"));
    cr_expect_not(checks_in_networks("[::1]/129", "::1"));
}

Test(checks, an_ipv6_that_swallows_all_holds_mail_up) {
    static char with_ipv6[] = "inet_protocols = all\n";
    struct condition c = healthy();

    outside.reach[0][1] = REACH_SILENT;
    cr_expect_eq(judge(&c, "tcp-587").result, RESULT_OK, "IPv4 alone is in use");
    c.parameters = with_ipv6;
    cr_expect_eq(judge(&c, "tcp-587").result, RESULT_WARNING);
    outside.reach[0][1] = REACH_NO_WAY;
    cr_expect_eq(judge(&c, "tcp-587").result, RESULT_OK);
    outside.reach[0][1] = REACH_OPEN;
    cr_expect_eq(judge(&c, "tcp-587").result, RESULT_OK);
}

Test(checks, a_port_behind_a_firewall_is_tried_from_elsewhere) {
    struct condition c = healthy();
    struct finding f;

    outside.door[0].entered = SEEN_YES;
    outside.door[0].port = 25;
    cr_expect_null(strstr(judge(&c, "outside").found, "perhaps not"));
    c.firewall = SEEN_YES;
    strcpy(c.firewall_name, "nftables filters what comes in");
    f = judge(&c, "outside");
    cr_expect_eq(f.result, RESULT_WARNING);
    cr_expect_not_null(strstr(f.found, "perhaps not: nftables filters"), "%s", f.found);
    cr_expect_not_null(strstr(f.fix, "nc -vz 192.0.2.9 25"), "%s", f.fix);
}

Test(checks, a_log_that_may_block_postfix) {
    struct condition c = healthy();

    c.log_queue = 10;
    cr_expect_eq(judge(&c, "log-queue").result, RESULT_NONE);
    strcpy(c.relay.maillog_file, "/var/log/postfix.log");
    cr_expect_eq(judge(&c, "log-queue").result, RESULT_OK, "many hosts have 10, and are well");
    cr_expect_not_null(strstr(judge(&c, "log-queue").found, "net.unix.max_dgram_qlen=512"));
    c.log_queue = 512;
    cr_expect_eq(judge(&c, "log-queue").result, RESULT_OK);
    cr_expect_null(strstr(judge(&c, "log-queue").found, "safer"));
}
