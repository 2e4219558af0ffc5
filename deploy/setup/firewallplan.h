/* Must the firewall keep others from a port of this relay, and how: from what ufw(8) and
 * firewall-cmd(1) say to the commands for it. Pure. */
#ifndef SETUP_FIREWALLPLAN_H
#define SETUP_FIREWALLPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct firewall_facts {
    uint32_t port;
    bool listens;          /* Postfix, there */
    bool outside;          /* on more than the loopback */
    const char *networks;  /* of mynetworks, those that are not this host, blanks between */
    const char *ufw;       /* of `ufw status verbose`; NULL: not here */
    const char *firewalld; /* of `firewall-cmd --list-all-zones`; NULL: not here, or not running */
};

enum firewall_verdict {
    FIREWALL_NOT_NEEDED, /* nobody from outside can get there: it does not listen there */
    FIREWALL_CLOSED,     /* the firewall keeps others out */
    FIREWALL_OPEN        /* others can reach the port */
};

enum { FIREWALL_COMMANDS = 24, FIREWALL_ARGUMENTS = 12 };

struct firewall_command {
    size_t count;
    char argument[FIREWALL_ARGUMENTS][160]; /* [0] is "ufw" or "firewall-cmd" */
};

struct firewall_plan {
    enum firewall_verdict verdict;
    char why[300];
    size_t count; /* of commands that close it; 0 with OPEN: no firewall is active */
    struct firewall_command command[FIREWALL_COMMANDS];
};

void firewallplan_make(const struct firewall_facts *facts, struct firewall_plan *out);

/* As it is typed into a shell. */
void firewallplan_print(const struct firewall_command *command, char *out, size_t size);

#endif
