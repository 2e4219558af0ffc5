#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "firewallplan.h"
#include "text.h"

#define UFW(incoming, rules)                                                                       \
    "Status: active\nLogging: on (low)\nDefault: " incoming                                        \
    " (incoming), allow (outgoing), disabled (routed)\nNew profiles: skip\n\n"                     \
    "To                         Action      From\n"                                                \
    "--                         ------      ----\n" rules
#define SSH "22/tcp                     ALLOW IN    Anywhere                  \n"
#define ZONE(head, target, services, ports, rich)                                                  \
    head "\n  target: " target "\n  icmp-block-inversion: no\n  interfaces: eth0\n  sources: \n"   \
         "  services: " services "\n  ports: " ports                                               \
         "\n  protocols: \n  source-ports: \n  rich rules: \n" rich "\n"

static struct firewall_plan plan;

/* The commands, with " ; " between. */
static const char *commands(void) {
    static char out[4000];

    out[0] = '\0';
    for (size_t i = 0; i < plan.count; i++) {
        size_t n = strlen(out);

        if (i > 0)
            n += (size_t)snprintf(out + n, sizeof out - n, " ; ");
        firewallplan_print(&plan.command[i], out + n, sizeof out - n);
    }
    return out;
}

static void make(const char *ufw, const char *firewalld, const char *networks) {
    const struct firewall_facts facts = {.port = 25,
                                         .listens = true,
                                         .outside = true,
                                         .networks = networks,
                                         .ufw = ufw,
                                         .firewalld = firewalld};

    firewallplan_make(&facts, &plan);
}

Test(firewallplan, what_does_not_listen_outside_needs_none) {
    struct firewall_facts facts = {.port = 25, .listens = true, .networks = ""};

    firewallplan_make(&facts, &plan);
    cr_expect_eq(plan.verdict, FIREWALL_NOT_NEEDED);
    cr_expect_not_null(strstr(plan.why, "loopback alone"));
    facts.listens = false;
    firewallplan_make(&facts, &plan);
    cr_expect_eq(plan.verdict, FIREWALL_NOT_NEEDED);
    cr_expect_eq(plan.count, 0);
}

Test(firewallplan, without_a_firewall_it_is_open) {
    make(NULL, NULL, "");
    cr_expect_eq(plan.verdict, FIREWALL_OPEN);
    cr_expect_eq(plan.count, 0);
    make("Status: inactive\n", NULL, "");
    cr_expect_eq(plan.verdict, FIREWALL_OPEN);
    cr_expect_eq(plan.count, 0);
}

Test(firewallplan, ufw) {
    static const struct {
        const char *rules, *networks, *want;
        enum firewall_verdict verdict;
    } rows[] = {
        {UFW("deny", SSH), "", "", FIREWALL_CLOSED},
        {UFW("deny", SSH "25/tcp                     ALLOW IN    Anywhere                  \n"
                         "25/tcp (v6)                ALLOW IN    Anywhere (v6)             \n"),
         "", "ufw --force delete allow 25/tcp", FIREWALL_OPEN},
        {UFW("deny", "25                         LIMIT IN    Anywhere\n"), "",
         "ufw --force delete limit 25", FIREWALL_OPEN},
        {UFW("deny", "25/tcp (Postfix)           ALLOW IN    Anywhere\n"), "172.18.0.0/16",
         "ufw --force delete allow Postfix ; ufw insert 1 allow proto tcp from 172.18.0.0/16 to "
         "any "
         "port 25",
         FIREWALL_OPEN},
        {UFW("deny", "20:30/tcp                  ALLOW IN    Anywhere\n"), "",
         "ufw --force delete allow 20:30/tcp", FIREWALL_OPEN},
        {UFW("deny", "587,25/tcp                 ALLOW IN    Anywhere\n"), "",
         "ufw --force delete allow 587,25/tcp", FIREWALL_OPEN},
        {UFW("deny", "25(                        ALLOW IN    Anywhere\n"), "",
         "ufw --force delete allow '25('", FIREWALL_OPEN},
        {UFW("deny", "25/tcp on eth0             ALLOW IN    Anywhere\n"), "",
         "ufw insert 1 deny 25/tcp", FIREWALL_OPEN},
        {UFW("deny", "Anywhere                   ALLOW IN    Anywhere\n"), "",
         "ufw insert 1 deny 25/tcp", FIREWALL_OPEN},
        {UFW("deny", "25/tcp                     DENY IN     Anywhere\n"
                     "25/tcp                     ALLOW IN    Anywhere\n"),
         "", "", FIREWALL_CLOSED},
        {UFW("deny", "25/tcp                     ALLOW IN    10.0.0.0/8\n"
                     "25/udp                     ALLOW IN    Anywhere\n"
                     "250/tcp                    ALLOW IN    Anywhere\n"
                     "Postfix SMTPS              ALLOW IN    Anywhere\n"),
         "10.0.0.0/8", "", FIREWALL_CLOSED},
        {UFW("allow", SSH), "", "ufw deny 25/tcp", FIREWALL_OPEN},
        {UFW("allow", "25/tcp                     DENY IN     Anywhere\n"), "", "",
         FIREWALL_CLOSED},
        {UFW("allow", "25/tcp                     ALLOW IN    10.0.0.0/8\n"), "10.0.0.0/8",
         "ufw deny 25/tcp", FIREWALL_OPEN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make(rows[i].rules, NULL, rows[i].networks);
        cr_expect_eq(plan.verdict, rows[i].verdict, "row %zu", i);
        cr_expect_str_eq(commands(), rows[i].want, "row %zu: %s", i, commands());
    }
}

Test(firewallplan, firewalld) {
    static const struct {
        const char *zones, *networks, *want;
        enum firewall_verdict verdict;
    } rows[] = {
        {ZONE("public (active)", "default", "dhcpv6-client ssh", "", ""), "", "", FIREWALL_CLOSED},
        {ZONE("public (default, active)", "default", "smtp ssh", "25/tcp 8000/tcp", ""), "",
         "firewall-cmd --permanent --zone=public --remove-service=smtp ; firewall-cmd --permanent "
         "--zone=public --remove-port=25/tcp ; firewall-cmd --reload",
         FIREWALL_OPEN},
        {ZONE("work", "default", "smtp", "", "") ZONE("public (active)", "default", "ssh", "", ""),
         "", "", FIREWALL_CLOSED},
        {ZONE("public (active)", "ACCEPT", "ssh", "", ""), "",
         "firewall-cmd --permanent --zone=public --set-target=default ; firewall-cmd --reload",
         FIREWALL_OPEN},
        {ZONE("public (active)", "default", "smtp", "", ""), "172.18.0.0/16 2001:db8::/32",
         "firewall-cmd --permanent --zone=public --remove-service=smtp ; firewall-cmd --permanent "
         "'--add-rich-rule=rule family=\"ipv4\" source address=\"172.18.0.0/16\" port port=\"25\" "
         "protocol=\"tcp\" accept' ; firewall-cmd --permanent '--add-rich-rule=rule "
         "family=\"ipv6\" "
         "source address=\"2001:db8::/32\" port port=\"25\" protocol=\"tcp\" accept' ; "
         "firewall-cmd "
         "--reload",
         FIREWALL_OPEN},
        {ZONE("public (active)", "default", "smtps submission", "465/tcp 2525/tcp", ""), "", "",
         FIREWALL_CLOSED},
        {ZONE("trusted (active)", "ACCEPT", "", "", ""), "", "", FIREWALL_CLOSED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make(NULL, rows[i].zones, rows[i].networks);
        cr_expect_eq(plan.verdict, rows[i].verdict, "row %zu", i);
        cr_expect_str_eq(commands(), rows[i].want, "row %zu: %s", i, commands());
    }
}
