/* facts.c: what postconf(1) prints, as facts about the relay. */
#include <criterion/criterion.h>
#include <string.h>

#include "facts.h"
#include "probeq.h"

static struct facts parse(const char *lines) {
    static const char always[] = "queue_directory = /q\nmail_version = 3.7.11\n";
    struct facts facts;
    struct fault why = {""};
    char all[2048];

    text_format(all, sizeof all, "%s%s", always, lines);
    cr_assert_eq(facts_parse(span_of(all), &facts, &why), 0, "%s", why.text);
    return facts;
}

Test(facts, relayhost) {
    static const struct {
        const char *text, *host;
        unsigned port;
        bool good, mx;
    } rows[] = {{"[smtp-relay.gmail.com]:587", "smtp-relay.gmail.com", 587, true, false},
                {"[h]", "h", 25, true, false},
                {"[h]:submission", "h", 587, true, false},
                {"[h]:smtps", "h", 465, true, false},
                {"h:2525", "h", 2525, true, true},
                {"h", "h", 25, true, true},
                {"[2001:db8::1]:587", "2001:db8::1", 587, true, false},
                {"", "", 0, false, false},
                {"[h", "", 0, false, false},
                {"[h]587", "", 0, false, false},
                {"[h]:0", "", 0, false, false},
                {"[h]:65536", "", 0, false, false},
                {"[h]:imap", "", 0, false, false},
                {"[]:587", "", 0, false, false},
                {"[a b]:587", "", 0, false, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct facts facts = {.port = 0};

        cr_expect_eq(facts_relayhost(span_of(rows[i].text), &facts), rows[i].good, "%s",
                     rows[i].text);
        if (!rows[i].good)
            continue;
        cr_expect_str_eq(facts.host, rows[i].host, "%s: %s", rows[i].text, facts.host);
        cr_expect_eq(facts.port, rows[i].port, "%s: %u", rows[i].text, facts.port);
        cr_expect_eq(facts.mx, rows[i].mx, "%s", rows[i].text);
    }
}

Test(facts, which_logins_are_ruled_out) {
    static const char options[] = "smtp_sasl_tls_security_options = noplaintext, noanonymous\n"
                                  "smtp_sasl_tls_verified_security_options = noanonymous "
                                  "mutual_auth,nodictionary noactive x\n";
    static const uint32_t tls = PROBE_NO_PLAINTEXT | PROBE_NO_ANONYMOUS;
    static const uint32_t verified =
        PROBE_NO_ANONYMOUS | PROBE_MUTUAL | PROBE_NO_DICTIONARY | PROBE_NO_ACTIVE;
    static const struct {
        const char *lines;
        bool checks;
    } rows[] = {{"smtp_tls_security_level = encrypt\n", false},
                {"smtp_tls_security_level = may\n", false},
                {"smtp_tls_security_level =\n", false},
                {"smtp_tls_security_level = secure\n", true},
                {"smtp_tls_security_level = verify\n", true},
                {"smtp_tls_security_level = dane-only\n", true},
                {"smtp_tls_policy_maps = hash:/x\nsmtp_tls_security_level = may\n", true},
                {"smtp_tls_policy_maps =\n", false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char lines[512];
        struct facts facts;

        text_format(lines, sizeof lines, "%s%s", options, rows[i].lines);
        facts = parse(lines);
        cr_expect_eq(facts_forbid(&facts), rows[i].checks ? verified : tls, "%s: %x", rows[i].lines,
                     facts_forbid(&facts));
    }
}

Test(facts, the_mechanisms_stay_as_they_are_written) {
    struct facts facts = parse("smtp_sasl_mechanism_filter = !gssapi, static:all\n");

    cr_expect_str_eq(facts.mechanisms, "!gssapi, static:all");
}
