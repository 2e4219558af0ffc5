/* machine.c: recorded machines, and what follows from them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "machine.h"

static void load(const char *name, struct machine *m) {
    char path[300], text[8192];
    struct fault why = {""};

    snprintf(path, sizeof path, "%s/machine/%s.facts", TEST_DATA, name);
    cr_assert_geq(file_read(path, text, sizeof text, &why), 0, "%s", why.text);
    cr_assert_eq(machine_parse(text, m, &why), 0, "%s: %s", name, why.text);
    machine_expect(m);
}

Test(machine, recorded) {
    static const struct {
        const char *name, *missing, *map, *ca_file;
        uint32_t minor;
    } rows[] = {
        {"rocky8", "postfix cyrus-sasl-plain", "hash", "/etc/pki/tls/certs/ca-bundle.crt", 5},
        {"rocky9", "cyrus-sasl-plain", "hash", "/etc/pki/tls/certs/ca-bundle.crt", 5},
        {"rocky10", "postfix cyrus-sasl-plain postfix-lmdb", "lmdb",
         "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", 8},
        {"bookworm", "postfix libsasl2-modules ca-certificates", "hash",
         "/etc/ssl/certs/ca-certificates.crt", 7},
        {"trixie", "", "hash", "/etc/ssl/certs/ca-certificates.crt", 10},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct machine m;
        char missing[200];

        load(rows[i].name, &m);
        machine_missing(&m, true, missing, sizeof missing);
        cr_expect_str_eq(missing, rows[i].missing, "%s", rows[i].name);
        cr_expect_str_eq(machine_map_type(&m), rows[i].map, "%s", rows[i].name);
        cr_expect_str_eq(m.ca_file, rows[i].ca_file, "%s", rows[i].name);
        cr_expect_eq(m.major, 3);
        cr_expect_eq(m.minor, rows[i].minor, "%s", rows[i].name);
    }
}

Test(machine, no_login_needs_no_sasl) {
    struct machine m;
    char missing[200];

    load("rocky8", &m);
    machine_missing(&m, false, missing, sizeof missing);
    cr_expect_str_eq(missing, "postfix");
}

Test(machine, refuses_what_is_no_fact) {
    static const char *const rows[] = {"what = x\n", "systemd = maybe\n", "family = arch\n",
                                       "os_major = x\n", "none\n"};
    struct machine m;
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(machine_parse(rows[i], &m, &why), -1, "%s", rows[i]);
    cr_expect_eq(machine_parse("# c\n\nfqdn = a.b\nsystemd = x\n", &m, &why), -1);
    cr_expect_not_null(strstr(why.text, "line 4"), "%s", why.text);
}

Test(machine, versions) {
    struct machine m = {.major = 3, .minor = 10};

    cr_expect(machine_at_least(&m, 3, 9));
    cr_expect(machine_at_least(&m, 3, 10));
    cr_expect_not(machine_at_least(&m, 3, 11));
    cr_expect_not(machine_at_least(&m, 4, 0));
}

Test(machine, an_unknown_default_is_texthash) {
    struct machine m;
    struct fault why;

    cr_assert_eq(machine_parse("map_default = hash\nmap_types = lmdb texthash\n", &m, &why), 0);
    cr_expect_str_eq(machine_map_type(&m), "texthash");
    cr_expect(machine_lists(m.map_types, "texthash"));
    cr_expect_not(machine_lists(m.map_types, "hash"));
}
