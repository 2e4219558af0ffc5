/* plan.c and settings.c: whole plans for recorded machines, compared line by line with
 * tests/data/machine/NAME.plan; and what must hold for each: a plan that was carried out leaves
 * nothing to do. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "maincf.h"
#include "plan.h"
#include "settings.h"
#include "text.h"

enum { SIZE = 65536 };

static const char MASTER[] = "smtp      inet  n       -       n       -       -       smtpd\n"
                             "smtp      unix  -       -       n       -       -       smtp\n";
static const char CONF[] =
    "mail_log = /var/log/mail.log\nsasl_passwd = /etc/postfix/sasl_passwd\n"
    "submit = 127.0.0.1:25\nmilter_socket = x\npostfix_config_dir = /etc/postfix\n";

static char *read_data(const char *name, const char *end) {
    char path[300];
    char *text = calloc(1, SIZE);

    snprintf(path, sizeof path, "%s/machine/%s.%s", TEST_DATA, name, end);
    if (file_read(path, text, SIZE, NULL) == -1) {
        free(text);
        return NULL;
    }
    return text;
}

static void load(const char *name, struct machine *m) {
    char *text = read_data(name, "facts");
    struct fault why = {""};

    cr_assert_not_null(text);
    cr_assert_eq(machine_parse(text, m, &why), 0, "%s", why.text);
    machine_expect(m);
    free(text);
}

static struct plan_input input(const char *main_cf) {
    return (struct plan_input){.config_dir = "/etc/postfix",
                               .conf_path = "/etc/relaywatch/relaywatch.conf",
                               .receivers_path = "/etc/relaywatch/receivers.conf",
                               .conf_sample = CONF,
                               .receivers_sample = "# receivers\n",
                               .milter_socket = "",
                               .text = {[PLAN_MAIN] = main_cf, [PLAN_MASTER] = MASTER}};
}

static struct wants wants(uint32_t port) {
    struct wants w;

    wants_init(&w);
    w.port = port;
    text_copy(w.address, sizeof w.address, "relay@example.com");
    text_copy(w.login, sizeof w.login, "relay@example.com");
    text_copy(w.secret, sizeof w.secret, "abcdefghijklmnop");
    return w;
}

/* What the machine is after the plan was carried out. */
static void carry_out(const struct plan *plan, struct machine *m, struct plan_input *in) {
    char all[512];

    for (int i = 0; i < PLAN_FILES; i++)
        in->text[i] = plan->file[i].after;
    in->index_current = true;
    in->milter_socket = plan->milter_socket;
    text_format(all, sizeof all, "%s %s ", m->installed, plan->packages);
    text_copy(m->installed, sizeof m->installed, all);
    text_copy(m->users, sizeof m->users,
              " relaywatch relaywatch-milter relaywatch-notify relaywatch-probe ");
    m->running = true;
    if (!wants_is_fqdn(m->myhostname) || plan->file[PLAN_MAIN].before == NULL)
        text_copy(m->myhostname, sizeof m->myhostname, plan->helo);
    text_copy(m->mail_log, sizeof m->mail_log, plan->mail_log);
}

static char *print(const struct plan *plan, const struct machine *m) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    plan_print(plan, m, out);
    fclose(out);
    return text;
}

static void check_again(const char *name, const struct plan *first, struct machine *m,
                        const struct wants *w, struct plan_input *in) {
    struct plan again;
    struct fault why = {""};
    char *text;

    carry_out(first, m, in);
    cr_assert_eq(plan_make(m, w, in, &again, &why), 0, "%s: %s", name, why.text);
    text = print(&again, m);
    cr_expect(plan_is_empty(&again), "%s: a second run would do:\n%s", name, text);
    free(text);
    plan_free(&again);
}

Test(plan, recorded_machines) {
    static const struct {
        const char *name;
        uint32_t port;
        bool ip;
    } rows[] = {{"rocky8", 587, false},
                {"rocky9", 465, false},
                {"rocky10", 587, true},
                {"bookworm", 587, false},
                {"trixie", 465, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *name = rows[i].name;
        char *main_cf = read_data(name, "main.cf"), *want = read_data(name, "plan"), *got;
        struct wants w = wants(rows[i].port);
        struct plan_input in = input(main_cf);
        struct plan plan;
        struct machine m;
        struct fault why = {""};

        w.ip_allowlisted = rows[i].ip;
        load(name, &m);
        cr_assert_eq(plan_make(&m, &w, &in, &plan, &why), 0, "%s: %s", name, why.text);
        got = print(&plan, &m);
        cr_expect_null(strstr(got, w.secret), "%s shows the password", name);
        cr_expect_str_eq(got, want != NULL ? want : "", "%s is now:\n%s", name, got);
        check_again(name, &plan, &m, &w, &in);
        plan_free(&plan);
        free(got);
        free(want);
        free(main_cf);
    }
}

/* The value of one parameter after a plan for this main.cf. */
static void expect(const char *main_cf, const struct wants *w, const char *name,
                   const char *value) {
    struct plan_input in = input(main_cf);
    struct machine m;
    struct plan plan;
    struct fault why = {""};
    char got[2048] = "(not set)";

    load("trixie", &m);
    cr_assert_eq(plan_make(&m, w, &in, &plan, &why), 0, "%s", why.text);
    maincf_get(plan.file[PLAN_MAIN].after, name, got, sizeof got);
    cr_expect_str_eq(got, value != NULL ? value : "(not set)", "%s of %s", name, main_cf);
    check_again(main_cf, &plan, &m, w, &in);
    plan_free(&plan);
}

#define ENTRY                                                                                      \
    "{ unix:relaywatch/milter.sock, connect_timeout=1s, command_timeout=2s, content_timeout=5s, "  \
    "default_action=accept }"

Test(plan, keeps_what_others_set) {
    struct wants w = wants(587);

    expect("smtpd_milters = inet:localhost:8891\n", &w, "smtpd_milters",
           "inet:localhost:8891, " ENTRY);
    expect("smtpd_milters = inet:localhost:8891\n", &w, "non_smtpd_milters", ENTRY);
    expect("x = y\n", &w, "non_smtpd_milters", "$smtpd_milters");
    expect("smtpd_milters = inet:a:1\nnon_smtpd_milters = $smtpd_milters\n", &w,
           "non_smtpd_milters", "$smtpd_milters");
    expect("inet_interfaces = localhost\n", &w, "inet_interfaces", "localhost");
    expect("inet_interfaces = all\n", &w, "inet_interfaces", "loopback-only");
    expect("inet_protocols = all\n", &w, "inet_protocols", "all");
    expect("mynetworks = 127.0.0.0/8 10.0.0.0/16\n", &w, "mynetworks", "127.0.0.0/8 10.0.0.0/16");
    expect("mydestination = example.org\n", &w, "mydestination", "example.org");
    expect("x = y\n", &w, "mydestination", NULL);
    expect("smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n", &w,
           "smtpd_relay_restrictions", "permit_mynetworks, reject_unauth_destination");
    expect("smtp_sasl_password_maps = texthash:/etc/postfix/pw\n", &w, "smtp_sasl_password_maps",
           "texthash:/etc/postfix/pw");
    expect("smtp_sasl_password_maps = inline:{h=u:p}\n", &w, "smtp_sasl_password_maps",
           "hash:/etc/postfix/sasl_passwd");
    expect("smtp_delivery_status_filter = pcre:/etc/mine\n", &w, "smtp_delivery_status_filter",
           "pcre:/etc/mine");
    expect("smtp_tls_loglevel = 2\n", &w, "smtp_tls_loglevel", "2");
}

Test(plan, mends_what_is_dangerous) {
    struct wants w = wants(587);

    expect("mynetworks = 0.0.0.0/0\n", &w, "mynetworks", "127.0.0.0/8");
    expect("smtpd_relay_restrictions = permit\n", &w, "smtpd_relay_restrictions",
           "permit_mynetworks, reject");
    expect("smtpd_relay_restrictions =\n", &w, "smtpd_relay_restrictions",
           "permit_mynetworks, reject");
    expect("smtp_tls_security_level = may\n", &w, "smtp_tls_security_level", "secure");
    expect("smtp_use_tls = yes\n", &w, "smtp_use_tls", NULL);
    expect("smtpd_use_tls = yes\n", &w, "smtpd_tls_security_level", "may");
    expect("smtp_tls_wrappermode = yes\n", &w, "smtp_tls_wrappermode", "no");
    expect("smtp_sasl_security_options = noanonymous\n", &w, "smtp_sasl_security_options",
           "noplaintext, noanonymous");
    expect("smtp_tls_loglevel = 4\n", &w, "smtp_tls_loglevel", "1");
}

Test(plan, wishes) {
    struct wants w = wants(465);
    struct fault why;

    expect("x = y\n", &w, "smtp_tls_wrappermode", "yes");
    expect("x = y\n", &w, "relayhost", "[smtp-relay.gmail.com]:465");
    cr_assert_eq(wants_network("172.18.0.0/16,fd00:1::/64", &w, &why), 0);
    expect("x = y\n", &w, "mynetworks", "127.0.0.0/8, 172.18.0.0/16, [fd00:1::]/64");
    cr_assert_eq(wants_helo("out.example.com", &w, &why), 0);
    expect("x = y\n", &w, "smtp_helo_name", "out.example.com");
    cr_assert_eq(wants_listen("192.0.2.7", &w, &why), 0);
    expect("x = y\n", &w, "inet_interfaces", "127.0.0.1, 192.0.2.7");
    w.ip_allowlisted = true;
    expect("smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\nsmtp_sasl_auth_enable = yes\n",
           &w, "smtp_sasl_password_maps", NULL);
    expect("smtp_sasl_auth_enable = yes\n", &w, "smtp_sasl_auth_enable", "no");
}

Test(plan, another_port_moves_the_service) {
    struct wants w = wants(587);
    struct plan_input in = input("x = y\n");
    struct machine m;
    struct plan plan;
    struct fault why = {""};

    cr_assert_eq(wants_listen(":2525", &w, &why), 0);
    load("trixie", &m);
    cr_assert_eq(plan_make(&m, &w, &in, &plan, &why), 0);
    cr_expect_eq(strncmp(plan.file[PLAN_MASTER].after, "127.0.0.1:2525      inet", 24), 0);
    cr_expect_eq(plan.postfix, POSTFIX_RESTART);
    plan_free(&plan);
}

Test(plan, refuses) {
    struct wants w = wants(587);
    struct plan_input in = input("x = y\n");
    struct machine m;
    struct plan plan;
    struct fault why = {""};

    load("trixie", &m);
    text_copy(m.other_mta, sizeof m.other_mta, "exim4-daemon-light");
    cr_expect_eq(plan_make(&m, &w, &in, &plan, &why), -1);
    cr_expect_not_null(strstr(why.text, "exim4"));
    plan_free(&plan);
    load("trixie", &m);
    in.text[PLAN_SASL] = "broken\n";
    cr_expect_eq(plan_make(&m, &w, &in, &plan, &why), -1);
    cr_expect_not_null(strstr(why.text, "line 1"), "%s", why.text);
    plan_free(&plan);
    in = input("smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd, hash:/etc/postfix/b\n");
    cr_expect_eq(plan_make(&m, &w, &in, &plan, &why), -1);
    cr_expect_not_null(strstr(why.text, "more than one map"), "%s", why.text);
    plan_free(&plan);
    in = input("smtp_sasl_password_maps = static:u:p\n");
    cr_expect_eq(plan_make(&m, &w, &in, &plan, &why), 0);
    cr_expect_not_null(strstr(plan.notes, "smtp_sasl_password_maps was static:u:p"));
    plan_free(&plan);
    m.family = FAMILY_UNKNOWN;
    m.version[0] = '\0';
    cr_expect_eq(plan_make(&m, &w, &in, &plan, &why), -1);
    plan_free(&plan);
}

Test(plan, says_who_else_writes_main_cf) {
    struct wants w = wants(587);
    struct plan_input in = input("# Ansible managed\nx = y\n");
    struct machine m;
    struct plan plan;
    struct fault why = {""};

    load("trixie", &m);
    cr_assert_eq(plan_make(&m, &w, &in, &plan, &why), 0);
    cr_expect(plan.managed);
    cr_expect_not_null(strstr(plan.notes, "# Ansible managed"));
    plan_free(&plan);
}

/* A host whose relaywatch reads the journal keeps on logging there. */
Test(plan, leaves_the_log_in_the_journal) {
    static const char *const confs[] = {"mail_log = journal\n", "mail_log = /var/log/other.log\n"};
    char file[256];

    for (int i = 0; i < 2; i++) {
        struct wants w = wants(587);
        struct plan_input in = input("x = y\n");
        struct machine m;
        struct plan plan;
        struct fault why = {""};

        in.text[PLAN_CONF] = confs[i];
        load("trixie", &m);
        cr_assert_eq(plan_make(&m, &w, &in, &plan, &why), 0, "%s", why.text);
        cr_expect_eq(maincf_get(plan.file[PLAN_MAIN].after, "maillog_file", file, sizeof file),
                     i == 1, "%s", confs[i]);
        cr_expect_eq(strstr(plan.notes, "but Postfix writes") != NULL, i == 1, "%s", plan.notes);
        plan_free(&plan);
    }
}
