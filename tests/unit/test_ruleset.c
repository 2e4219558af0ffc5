/* ruleset.c: does the packet filter keep anything out? */
#include <criterion/criterion.h>

#include "ruleset.h"

Test(ruleset, nft) {
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"", false},
        {"table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy "
         "drop;\n\t\tiif \"lo\" accept\n\t}\n}\n",
         true},
        {"table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy "
         "accept;\n\t\ttcp dport 25 drop\n\t}\n}\n",
         true},
        {"table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy "
         "accept;\n\t\ttcp dport 25 reject with icmpx port-unreachable\n\t}\n}\n",
         true},
        {"table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy "
         "accept;\n\t\tct state invalid drop\n\t}\n\tchain forward {\n\t\ttype filter hook forward "
         "priority filter; policy drop;\n\t\ttcp dport 25 drop\n\t}\n}\n",
         false},
        {"table ip f2b-table {\n\tchain f2b-chain {\n\t\ttype filter hook input priority filter - "
         "1; policy accept;\n\t}\n\tchain dropped {\n\t\tdrop\n\t}\n}\n",
         false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(ruleset_nft_filters(rows[i].text), rows[i].want, "%s", rows[i].text);
}

Test(ruleset, iptables) {
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"", false},
        {"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n-A FORWARD -j DROP\nCOMMIT\n", false},
        {"*filter\n:INPUT DROP [12:720]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", true},
        {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with "
         "icmp-port-unreachable\nCOMMIT\n",
         true},
        {"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
         false},
        {"*nat\n:INPUT DROP [0:0]\n-A INPUT -j DROP\nCOMMIT\n", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(ruleset_iptables_filters(rows[i].text), rows[i].want, "%s", rows[i].text);
}
