/* See firewallplan.h. ufw takes the first rule that matches, so an allowed network goes in front of
 * all, and what allows the port to everybody is taken out rather than denied behind it. */
#include "firewallplan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

enum { ZONE = 64 };

struct making {
    const struct firewall_facts *facts;
    struct firewall_plan *plan;
    char port[16]; /* "25/tcp" */
};

/* One command of words; a word with a blank in it is one argument all the same. */
static void add(struct making *m, const char *const *words) {
    struct firewall_command *c;

    if (m->plan->count == FIREWALL_COMMANDS)
        return;
    c = &m->plan->command[m->plan->count++];
    c->count = 0;
    for (size_t i = 0; words[i] != NULL && i < FIREWALL_ARGUMENTS; i++)
        text_copy(c->argument[c->count++], sizeof c->argument[0], words[i]);
}

void firewallplan_print(const struct firewall_command *command, char *out, size_t size) {
    out[0] = '\0';
    for (size_t i = 0; i < command->count; i++) {
        const char *word = command->argument[i];
        bool quoted =
            word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_./:=,@-")] != '\0';
        size_t n = strlen(out);

        text_format(out + n, size - n, "%s%s%s%s", i > 0 ? " " : "", quoted ? "'" : "", word,
                    quoted ? "'" : "");
    }
}

/* Calls `use` for each of the networks. */
static void each_network(struct making *m, void (*use)(struct making *m, const char *network)) {
    const char *at = m->facts->networks;

    while (*at != '\0') {
        struct span word = {at, strcspn(at, " ")};
        char network[80];

        at += word.n + strspn(at + word.n, " ");
        if (word.n > 0 && text_copy_span(network, sizeof network, word))
            use(m, network);
    }
}

/* The next line of a text; false at its end. */
static bool next_line(const char **at, struct span *out) {
    if (**at == '\0')
        return false;
    out->p = *at;
    out->n = strcspn(*at, "\n");
    *at += out->n + ((*at)[out->n] == '\n');
    return true;
}

/* ---- ufw ---- */

struct ufw_rule {
    struct span to, action, from;
    bool v6;
};

/* "25/tcp (v6)     ALLOW IN    Anywhere (v6)": columns with two blanks or more between. */
static bool take_rule(struct span line, struct ufw_rule *out) {
    struct span *column[] = {&out->to, &out->action, &out->from};
    size_t at = 0;

    for (size_t i = 0; i < 3; i++) {
        size_t start = at;

        while (at < line.n && !(line.p[at] == ' ' && at + 1 < line.n && line.p[at + 1] == ' '))
            at++;
        *column[i] = span_trim((struct span){line.p + start, at - start});
        while (at < line.n && line.p[at] == ' ')
            at++;
        if (column[i]->n == 0)
            return false;
    }
    out->v6 = span_find(out->to, "(v6)") != NULL;
    return true;
}

/* Is the rule about the port: "25/tcp", "25", "25/tcp (Postfix)", "25/tcp on eth0", "Postfix",
 * "Anywhere", "20:30/tcp", "25,587/tcp". */
static bool is_about(const struct making *m, struct span to) {
    static const char *const names[] = {"Postfix", "SMTP", "Mail", "Anywhere"};
    uint64_t first = 0, last = 0;
    size_t at = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);

        if (to.n >= n && memcmp(to.p, names[i], n) == 0 &&
            (to.n == n || (to.n > n + 1 && to.p[n + 1] == '(')))
            return i == 3 || m->facts->port == 25;
    }
    if (span_find(to, "/udp") != NULL)
        return false;
    while (at < to.n) {
        size_t n = 0;

        while (at + n < to.n && to.p[at + n] >= '0' && to.p[at + n] <= '9')
            n++;
        if (!text_u64((struct span){to.p + at, n}, 1, 65535, &last))
            return false;
        first = at > 0 && to.p[at - 1] == ':' ? first : last;
        if (m->facts->port >= first && m->facts->port <= last)
            return true;
        first = last;
        at += n;
        if (at == to.n || (to.p[at] != ',' && to.p[at] != ':'))
            return false;
        at++;
    }
    return false;
}

static bool is_everybody(struct span from) {
    return span_is(from, "Anywhere") || span_is(from, "Anywhere (v6)");
}

/* As it was given: "25/tcp", or the name of an application, which stands in brackets. False: a form
 * that cannot be given back, as one for an interface. */
static bool delete_ufw(struct making *m, const struct ufw_rule *rule) {
    const char *action = span_starts(rule->action, "LIMIT") ? "limit" : "allow";
    const char *bracket = memchr(rule->to.p, '(', rule->to.n);
    char to[64];
    const char *const words[] = {"ufw", "--force", "delete", action, to, NULL};
    struct span name = rule->to;

    if (bracket != NULL && rule->to.p + rule->to.n - bracket > 2 &&
        rule->to.p[rule->to.n - 1] == ')')
        name = (struct span){bracket + 1, rule->to.n - (size_t)(bracket + 1 - rule->to.p) - 1};
    if (!text_copy_span(to, sizeof to, name) || span_is(rule->to, "Anywhere") ||
        span_find(rule->to, " on ") != NULL)
        return false;
    add(m, words);
    return true;
}

static bool is_allowed(const struct making *m, const char *network) {
    const char *at = m->facts->ufw;
    struct ufw_rule rule;
    struct span line;

    while (next_line(&at, &line)) {
        if (take_rule(line, &rule) && span_starts(rule.action, "ALLOW") &&
            span_is(rule.from, network) && is_about(m, rule.to))
            return true;
    }
    return false;
}

static void allow_ufw(struct making *m, const char *network) {
    char port[8];
    const char *const words[] = {"ufw",   "insert", "1",   "allow", "proto", "tcp", "from",
                                 network, "to",     "any", "port",  port,    NULL};

    text_format(port, sizeof port, "%u", m->facts->port);
    if (!is_allowed(m, network))
        add(m, words);
}

/* Everybody from outside: by the rules in their order, then by the default. */
static void plan_ufw(struct making *m) {
    const char *const deny[] = {"ufw", "deny", m->port, NULL};
    const char *at = m->facts->ufw;
    bool rules = false, open = false, decided = false, in_front = false;
    struct ufw_rule rule;
    struct span line;

    while (next_line(&at, &line)) {
        if (span_starts(line, "--")) {
            rules = true;
            continue;
        }
        if (!rules || !take_rule(line, &rule) || rule.v6 || !is_everybody(rule.from) ||
            !is_about(m, rule.to))
            continue;
        if (span_starts(rule.action, "ALLOW") || span_starts(rule.action, "LIMIT")) {
            open |= !decided;
            if (!decided && !delete_ufw(m, &rule))
                decided = in_front = true;
        } else {
            decided = true; /* denied or rejected: what stands behind does not matter */
        }
    }
    if (!decided && strstr(m->facts->ufw, "Default: allow (incoming)") != NULL) {
        open = true;
        add(m, deny);
    } else if (in_front) {
        const char *const first[] = {"ufw", "insert", "1", "deny", m->port, NULL};

        add(m, first);
    }
    if (open)
        each_network(m, allow_ufw);
    m->plan->verdict = open ? FIREWALL_OPEN : FIREWALL_CLOSED;
    text_format(m->plan->why, sizeof m->plan->why,
                open ? "ufw is active and lets everybody reach port %u"
                     : "ufw is active and keeps others from port %u",
                m->facts->port);
}

/* ---- firewalld ---- */

static bool has_word(struct span list, const char *word) {
    for (size_t at = 0; at < list.n;) {
        const char *blank = memchr(list.p + at, ' ', list.n - at);
        size_t n = blank != NULL ? (size_t)(blank - list.p) - at : list.n - at;

        if (span_is((struct span){list.p + at, n}, word))
            return true;
        at += n + 1;
    }
    return false;
}

static void change_zone(struct making *m, const char *zone, const char *what, const char *value) {
    char place[ZONE + 16], change[160];
    const char *const words[] = {"firewall-cmd", "--permanent", place, change, NULL};

    text_format(place, sizeof place, "--zone=%s", zone);
    text_format(change, sizeof change, "%s%s", what, value);
    add(m, words);
    m->plan->verdict = FIREWALL_OPEN;
}

static void allow_firewalld(struct making *m, const char *network) {
    char rule[160], option[180];
    const char *const words[] = {"firewall-cmd", "--permanent", option, NULL};

    text_format(rule, sizeof rule,
                "rule family=\"%s\" source address=\"%s\" port port=\"%u\" protocol=\"tcp\" accept",
                strchr(network, ':') != NULL ? "ipv6" : "ipv4", network, m->facts->port);
    text_format(option, sizeof option, "--add-rich-rule=%s", rule);
    if (strstr(m->facts->firewalld, rule) == NULL)
        add(m, words);
}

static void look_at_zone(struct making *m, const char *zone, struct span line) {
    struct span trimmed = span_trim(line);

    if (span_starts(trimmed, "services:") && m->facts->port == 25 &&
        has_word(span_trim((struct span){trimmed.p + 9, trimmed.n - 9}), "smtp"))
        change_zone(m, zone, "--remove-service=", "smtp");
    if (span_starts(trimmed, "ports:") &&
        has_word(span_trim((struct span){trimmed.p + 6, trimmed.n - 6}), m->port))
        change_zone(m, zone, "--remove-port=", m->port);
    if (span_is(trimmed, "target: ACCEPT"))
        change_zone(m, zone, "--set-target=", "default");
}

/* Zones that no interface is in do not matter. */
static void plan_firewalld(struct making *m) {
    static const char *const reload[] = {"firewall-cmd", "--reload", NULL};
    const char *at = m->facts->firewalld;
    char zone[ZONE] = "";
    struct span line;

    m->plan->verdict = FIREWALL_CLOSED;
    while (next_line(&at, &line)) {
        if (line.n > 0 && line.p[0] != ' ' && line.p[0] != '\t') {
            const char *bracket = memchr(line.p, '(', line.n);
            size_t n = bracket != NULL ? (size_t)(bracket - line.p) : 0;

            zone[0] = '\0';
            if (bracket != NULL && span_find(line, "active") != NULL)
                text_copy_span(zone, sizeof zone, span_trim((struct span){line.p, n}));
        } else if (zone[0] != '\0' && strcmp(zone, "trusted") != 0) {
            look_at_zone(m, zone, line);
        }
    }
    if (m->plan->verdict == FIREWALL_OPEN) {
        each_network(m, allow_firewalld);
        add(m, reload);
    }
    text_format(m->plan->why, sizeof m->plan->why,
                m->plan->verdict == FIREWALL_OPEN
                    ? "firewalld runs and lets everybody reach port %u"
                    : "firewalld runs and keeps others from port %u",
                m->facts->port);
}

/* ---- both ---- */

static bool is_active(const char *ufw) {
    return ufw != NULL && strstr(ufw, "Status: active") != NULL;
}

void firewallplan_make(const struct firewall_facts *facts, struct firewall_plan *out) {
    struct making m = {.facts = facts, .plan = out};

    memset(out, 0, sizeof *out);
    text_format(m.port, sizeof m.port, "%u/tcp", facts->port);
    if (!facts->listens || !facts->outside) {
        out->verdict = FIREWALL_NOT_NEEDED;
        text_format(out->why, sizeof out->why,
                    facts->listens
                        ? "Postfix listens at port %u on the loopback alone: no firewall is needed"
                        : "Postfix does not listen at port %u: no firewall is needed for it",
                    facts->port);
    } else if (facts->firewalld != NULL) {
        plan_firewalld(&m);
    } else if (is_active(facts->ufw)) {
        plan_ufw(&m);
    } else {
        out->verdict = FIREWALL_OPEN;
        text_format(out->why, sizeof out->why,
                    "Postfix listens at port %u for all the world, and neither ufw nor firewalld "
                    "is active here",
                    facts->port);
    }
}
