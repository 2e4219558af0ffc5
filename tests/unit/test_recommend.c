#include <criterion/criterion.h>
#include <string.h>

#include "file.h"
#include "maincf.h"
#include "recommend.h"
#include "text.h"

static struct machine machine;
static struct facts facts;

static void begin(void) {
    static char text[65536];
    struct fault why;

    cr_assert_gt(file_read(TEST_DATA "/machine/trixie.facts", text, sizeof text, &why), 0);
    cr_assert_eq(machine_parse(text, &machine, &why), 0, "%s", why.text);
    text_copy(facts.host, sizeof facts.host, "smtp-relay.gmail.com");
    facts.port = 587;
    facts.sasl = true;
}

TestSuite(recommend, .init = begin);

static struct recommend *of(const char *main_cf) {
    const struct recommend_input in = {.machine = &machine,
                                       .facts = &facts,
                                       .main_cf = main_cf,
                                       .config_dir = "/etc/postfix",
                                       .milter_socket =
                                           "unix:/var/spool/postfix/relaywatch/milter.sock"};

    return recommend_new(&in);
}

static size_t index_of(const char *name) {
    size_t i = 0;

    while (i < recommend_count() && strcmp(recommend_name(i), name) != 0)
        i++;
    cr_assert_lt(i, recommend_count(), "%s", name);
    return i;
}

static const char *better(struct recommend *r, const char *name, const char *now) {
    const char *value = recommend_value(r, index_of(name), now);

    return value != NULL ? value : "(as it is)";
}

static const char weak[] = "relayhost = smtp-relay.gmail.com:587\n"
                           "smtp_tls_security_level = may\n"
                           "smtp_use_tls = yes\n"
                           "smtp_sasl_auth_enable = yes\n"
                           "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n"
                           "smtp_sasl_security_options = noanonymous\n"
                           "smtpd_relay_restrictions = permit_mynetworks, reject\n"
                           "mynetworks = 127.0.0.0/8 10.0.0.0/8\n"
                           "transport_maps = hash:/etc/postfix/transport\n"
                           "smtp_tls_loglevel = 1\n";

Test(recommend, what_a_weak_main_cf_should_say) {
    struct recommend *r = of(weak);

    cr_assert_not_null(r);
    cr_expect_str_eq(better(r, "smtp_tls_security_level", "may"), "secure");
    cr_expect_str_eq(better(r, "relayhost", "smtp-relay.gmail.com:587"),
                     "[smtp-relay.gmail.com]:587");
    cr_expect_str_eq(better(r, "smtp_sasl_security_options", "noanonymous"),
                     "noplaintext, noanonymous");
    cr_expect_str_eq(better(r, "smtp_use_tls", "yes"), "", "it is to be taken out");
    cr_expect_not_null(strstr(better(r, "smtpd_milters", ""), "default_action=accept"));
    cr_expect_not_null(strstr(recommend_notes(r), "transport_maps"));
    recommend_free(&r);
    cr_expect_null(r);
}

Test(recommend, what_is_as_it_should_be) {
    struct recommend *r = of(weak);

    cr_expect_str_eq(better(r, "smtp_sasl_auth_enable", "yes"), "(as it is)");
    cr_expect_str_eq(better(r, "smtpd_relay_restrictions", "permit_mynetworks,  reject"),
                     "(as it is)", "blanks and commas are the same");
    cr_expect_str_eq(better(r, "smtp_sasl_mechanism_filter", "plain login"), "(as it is)",
                     "also where install would write it otherwise");
    cr_expect_str_eq(better(r, "mynetworks", "127.0.0.0/8 10.0.0.0/8"), "(as it is)");
    cr_expect_str_eq(better(r, "smtp_sasl_auth_soft_bounce", "yes"), "(as it is)",
                     "a default that is right need not be written");
    cr_expect_str_eq(better(r, "smtp_tls_loglevel", "1"), "(as it is)");
    cr_expect_str_eq(better(r, "maximal_queue_lifetime", "5d"), "(as it is)");
    recommend_free(&r);
}

Test(recommend, where_no_login_is_used_none_is_recommended) {
    struct recommend *r;

    facts.sasl = false;
    r = of("relayhost = [smtp-relay.gmail.com]:587\n");
    cr_expect_str_eq(better(r, "smtp_sasl_auth_enable", "no"), "(as it is)");
    recommend_free(&r);
}

Test(recommend, without_a_relay_nothing_is) {
    facts.host[0] = '\0';
    cr_expect_null(of("myhostname = a.example\n"));
    cr_expect_null(recommend_value(NULL, 0, "x"));
    cr_expect_str_eq(recommend_notes(NULL), "");
}

/* The name in a line "+name = value" of a difference; false: none. */
static bool set_name(const char *line, char *out, size_t size) {
    size_t n = strcspn(line, " =\n");

    return line[0] == '+' && line[1] >= 'a' && line[1] <= 'z' && strncmp(line + n, " =", 2) == 0 &&
           text_copy_span(out, size, (struct span){line + 1, n - 1});
}

/* install and show-config must not drift apart. */
Test(recommend, every_parameter_that_install_sets_is_shown_with_its_reason) {
    static char text[65536];
    struct fault why;
    char name[64];
    int seen = 0;

    cr_assert_gt(file_read(TEST_DATA "/machine/trixie.plan", text, sizeof text, &why), 0);
    for (const char *line = strstr(text, "+++ /etc/postfix/main.cf"); line != NULL;
         line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!set_name(line, name, sizeof name))
            continue;
        cr_expect_neq(recommend_why(index_of(name))[0], '\0', "%s", name);
        seen++;
    }
    cr_expect_gt(seen, 10);
}

Test(recommend, inline_tables_are_masked) {
    char a[] = "inline:{relay=user:secret}", b[] = "static:user:secret", c[] = "hash:/x",
         d[] = "inline:";

    recommend_mask(a);
    recommend_mask(b);
    recommend_mask(c);
    recommend_mask(d);
    cr_expect_str_eq(a, "inline:***");
    cr_expect_str_eq(b, "static:***");
    cr_expect_str_eq(c, "hash:/x");
    cr_expect_str_eq(d, "inline:");
}
