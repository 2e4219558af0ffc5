/* Any text as what ufw, firewall-cmd and the kernel say: plans are bounded, commands are words. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firewallplan.h"
#include "listening.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct firewall_plan *plan) {
    char text[4000];

    assert(plan->count <= FIREWALL_COMMANDS);
    assert(plan->verdict == FIREWALL_OPEN || plan->count == 0);
    for (size_t i = 0; i < plan->count; i++) {
        assert(plan->command[i].count > 0 && plan->command[i].count <= FIREWALL_ARGUMENTS);
        firewallplan_print(&plan->command[i], text, sizeof text);
        assert(strncmp(text, "ufw ", 4) == 0 || strncmp(text, "firewall-cmd ", 13) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct firewall_plan plan;
    struct listening listening = {.count = 0};
    char *text = calloc(1, size + 17);
    struct firewall_facts facts = {
        .port = 25, .listens = true, .outside = true, .networks = "10.0.0.0/8 2001:db8::/32"};

    memcpy(text, "Status: active\n", 15);
    memcpy(text + 15, data, size);
    facts.ufw = text;
    firewallplan_make(&facts, &plan);
    check(&plan);
    facts.ufw = NULL;
    facts.firewalld = text + 15;
    firewallplan_make(&facts, &plan);
    check(&plan);
    listening_parse(text + 15, 25, &listening);
    assert(listening.count <= LISTENING_MOST);
    free(text);
    return 0;
}
