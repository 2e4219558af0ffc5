#include <criterion/criterion.h>
#include <string.h>

#include "fixtext.h"

static const struct fixtext_place usual = {
    .relay_host = "smtp-relay.gmail.com",
    .relay_port = 587,
    .postfix_config_dir = "/etc/postfix",
    .sasl_passwd = "/etc/postfix/sasl_passwd",
    .mail_log = "/var/log/mail.log",
    .conf_path = "/etc/relaywatch/relaywatch.conf",
    .receivers_file = "/etc/relaywatch/receivers.conf",
};

static const struct fixtext_place other = {
    .relay_host = "localhost",
    .relay_port = 2587,
    .postfix_config_dir = "/x/relay",
    .sasl_passwd = "/x/secret",
    .mail_log = "/x/log",
    .conf_path = "/x/rw.conf",
    .receivers_file = "/x/receivers",
};

Test(fixtext, table) {
    static const struct {
        const char *in, *usual, *other;
    } rows[] = {
        {"postqueue -f", "postqueue -f", "postqueue -c /x/relay -f"},
        {"postfix check; postfix start", "postfix check; postfix start",
         "postfix -c /x/relay check; postfix -c /x/relay start"},
        {"postconf -e a=b && postfix reload", "postconf -e a=b && postfix reload",
         "postconf -c /x/relay -e a=b && postfix -c /x/relay reload"},
        {"postmap -q k $(postconf -h p)", "postmap -q k $(postconf -h p)",
         "postmap -c /x/relay -q k $(postconf -c /x/relay -h p)"},
        {"see what postfix says", "see what postfix says", "see what postfix says"},
        {"journalctl -u postfix", "journalctl -u postfix", "journalctl -u postfix"},
        {"sudoedit /etc/postfix/sasl_passwd   # edit", "sudoedit /etc/postfix/sasl_passwd   # edit",
         "sudoedit /x/secret   # edit"},
        {"ls /etc/postfix/main.cf", "ls /etc/postfix/main.cf", "ls /x/relay/main.cf"},
        {"tail /var/log/mail.log", "tail /var/log/mail.log", "tail /x/log"},
        {"Its line in /etc/relaywatch/receivers.conf, its URL",
         "Its line in /etc/relaywatch/receivers.conf, its URL",
         "Its line in /x/receivers, its URL"},
        {"relaywatch status", "relaywatch status", "relaywatch -c /x/rw.conf status"},
        {"nc SMARTHOST 587", "nc smtp-relay.gmail.com 587", "nc localhost 2587"},
        {"nc SMARTHOST 465", "nc smtp-relay.gmail.com 465", "nc localhost 465"},
        {"connect SMARTHOST:587 -servername SMARTHOST",
         "connect smtp-relay.gmail.com:587 -servername smtp-relay.gmail.com",
         "connect localhost:2587 -servername localhost"},
        {"relayhost=[SMARTHOST]:587", "relayhost=[smtp-relay.gmail.com]:587",
         "relayhost=[localhost]:2587"},
        {"", "", ""},
    };
    char out[200];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixtext_fit(out, sizeof out, rows[i].in, &usual);
        cr_expect_str_eq(out, rows[i].usual, "%s", out);
        fixtext_fit(out, sizeof out, rows[i].in, &other);
        cr_expect_str_eq(out, rows[i].other, "%s", out);
        fixtext_fit(out, sizeof out, rows[i].in, NULL);
        cr_expect_str_eq(out, rows[i].in, "%s", out);
    }
}

Test(fixtext, implicit_tls_has_no_starttls) {
    struct fixtext_place place = other;
    char out[120];

    place.implicit_tls = true;
    fixtext_fit(out, sizeof out, "openssl s_client -starttls smtp -connect SMARTHOST:587", &place);
    cr_expect_str_eq(out, "openssl s_client -connect localhost:2587");
    place.relay_port = 465;
    fixtext_fit(out, sizeof out, "nc SMARTHOST 587; nc SMARTHOST 465", &place);
    cr_expect_str_eq(out, "nc localhost 587; nc localhost 465");
}

Test(fixtext, is_cut_at_every_size) {
    char out[80];

    for (size_t size = 1; size < sizeof out; size++) {
        fixtext_fit(out, size, "postqueue -f; cat /etc/postfix/sasl_passwd SMARTHOST:587", &other);
        cr_expect_lt(strlen(out), size);
    }
}

Test(fixtext, a_journal_is_asked_by_journalctl) {
    static const char in[] = "tail -n 200 /var/log/mail.log   # which sender";
    struct fixtext_place place = usual;
    char out[120];

    place.mail_log = "journal";
    fixtext_fit(out, sizeof out, in, &place);
    cr_expect_str_eq(out, "journalctl -n 200 SYSLOG_FACILITY=2   # which sender");
    fixtext_fit(out, sizeof out, "logger x; tail -n1 /var/log/mail.log", &place);
    cr_expect_str_eq(out, "logger x; journalctl -n 1 SYSLOG_FACILITY=2");
    place.mail_log = "journal:/x";
    fixtext_fit(out, sizeof out, in, &place);
    cr_expect_str_eq(out, "journalctl -D /x -n 200 SYSLOG_FACILITY=2   # which sender");
}

Test(fixtext, an_unknown_smarthost_stays_a_word) {
    struct fixtext_place place = usual;
    char out[80];

    place.relay_host = "";
    fixtext_fit(out, sizeof out, "nc SMARTHOST:587", &place);
    cr_expect_str_eq(out, "nc SMARTHOST:587");
}

Test(fixtext, a_command_is_told_from_a_sentence) {
    cr_expect(fixtext_is_command("postqueue -f"));
    cr_expect(fixtext_is_command("/usr/sbin/postfix reload"));
    cr_expect_not(fixtext_is_command("Get a valid password."));
    cr_expect_not(fixtext_is_command(""));
}

Test(fixtext, of_another_smarthost) {
    static const struct {
        const char *relayhost;
        uint32_t port;
        const char *want;
    } rows[] = {
        {"b.example", 2525, "nc b.example 2525; s_client [b.example]:2525"},
        {"b.example", 0, "nc b.example 587; s_client [b.example]:587"},
        {"2001:db8::1", 465, "nc 2001:db8::1 587; s_client [2001:db8::1]:465"},
        {"SMTP-relay.Gmail.com", 2525,
         "nc smtp-relay.gmail.com 587; s_client "
         "[smtp-relay.gmail.com]:587"},
        {"", 2525, "nc smtp-relay.gmail.com 587; s_client [smtp-relay.gmail.com]:587"},
        {"$(reboot)", 2525, "nc smtp-relay.gmail.com 587; s_client [smtp-relay.gmail.com]:587"},
        {"-oX", 2525, "nc smtp-relay.gmail.com 587; s_client [smtp-relay.gmail.com]:587"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixtext_place there = fixtext_at(&usual, rows[i].relayhost, rows[i].port);
        char out[200];

        fixtext_fit(out, sizeof out, "nc SMARTHOST 587; s_client [SMARTHOST]:587", &there);
        cr_expect_str_eq(out, rows[i].want);
    }
    cr_expect_not(fixtext_is_for("postconf -e 'relayhost=[SMARTHOST]:587'",
                                 &(struct fixtext_place){.is_other = true}),
                  "nobody's mail is to be sent another way");
    cr_expect(fixtext_is_for("postconf -e 'relayhost=[SMARTHOST]:587'", &usual));
    cr_expect(fixtext_is_for("postqueue -f", &(struct fixtext_place){.is_other = true}));
    cr_expect(fixtext_is_for("postconf -e 'relayhost=[SMARTHOST]:587'", NULL));
}
