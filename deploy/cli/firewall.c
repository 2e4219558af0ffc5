/* `relaywatch firewall`: can others reach the port at which this relay takes mail, and does the
 * firewall have to keep them off? */
#include "cli.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "file.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"
#include "asking.h"
#include "firewallplan.h"
#include "listening.h"
#include "settings.h"
#include "json.h"
#include "place.h"
#include "screen.h"

enum { PROC = 1024 * 1024, VALUE = 4096, RUN_MS = 60 * 1000 };

static const char *const ufw_paths[] = {"/usr/sbin/ufw", "/sbin/ufw", NULL};
static const char *const firewalld_paths[] = {"/usr/bin/firewall-cmd", "/bin/firewall-cmd", NULL};

struct looking {
    uint32_t port;
    struct listening listening;
    char owner[32];       /* of a socket there: "master" is Postfix's; "": not known */
    char interfaces[400]; /* inet_interfaces */
    char networks[VALUE];
    char *ufw, *firewalld;
    struct firewall_plan plan;
};

/* ---- facts ---- */

static const char *program(const char *const *paths) {
    for (; *paths != NULL; paths++) {
        if (access(*paths, X_OK) == 0)
            return *paths;
    }
    return NULL;
}

static void read_sockets(struct looking *l) {
    static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    char *text = xcalloc(1, PROC);

    for (size_t i = 0; i < 2; i++) {
        if (file_read(files[i], text, PROC, NULL) > 0)
            listening_parse(text, l->port, &l->listening);
    }
    free(text);
}

/* Has this process the socket? */
static bool has_socket(const char *pid, uint64_t inode) {
    char path[PATH_MAX], link[64], want[64];
    struct dirent *entry;
    bool found = false;
    DIR *fds;

    text_format(want, sizeof want, "socket:[%" PRIu64 "]", inode);
    text_format(path, sizeof path, "/proc/%s/fd", pid);
    fds = opendir(path);
    while (fds != NULL && !found && (entry = readdir(fds)) != NULL) {
        char name[PATH_MAX + NAME_MAX];
        ssize_t n;

        text_format(name, sizeof name, "%s/%s", path, entry->d_name);
        n = readlink(name, link, sizeof link - 1);
        found = n > 0 && span_is((struct span){link, (size_t)n}, want);
    }
    if (fds != NULL)
        closedir(fds);
    return found;
}

/* The name of a process that listens on more than the loopback, else of one that listens. */
static void find_owner(struct looking *l) {
    uint64_t inode = 0;
    struct dirent *entry;
    DIR *proc;

    for (size_t i = 0; i < l->listening.count; i++) {
        if (inode == 0 || !l->listening.item[i].loopback)
            inode = l->listening.item[i].inode;
    }
    proc = inode != 0 ? opendir("/proc") : NULL;
    while (proc != NULL && l->owner[0] == '\0' && (entry = readdir(proc)) != NULL) {
        char path[PATH_MAX], name[64] = "";

        if (!isdigit((unsigned char)entry->d_name[0]) || !has_socket(entry->d_name, inode))
            continue;
        text_format(path, sizeof path, "/proc/%s/comm", entry->d_name);
        if (file_read(path, name, sizeof name, NULL) > 0)
            text_copy_printable(l->owner, sizeof l->owner, span_trim(span_of(name)));
    }
    if (proc != NULL)
        closedir(proc);
}

static void ask_postfix(const struct conf *conf, const char *name, char *out, size_t size) {
    const char *const argv[] = {
        "/usr/sbin/postconf", "-c", conf->postfix_config_dir, "-h", "-x", name, NULL};
    int status = 1;
    char *said = asking_run(argv, &status);

    out[0] = '\0';
    if (said != NULL && status == 0)
        text_copy_printable(out, size, span_trim(span_of(said)));
    free(said);
}

/* One address of this host, "192.0.2.1/32", as mynetworks_style = host has it? */
static bool is_own(const struct ifaddrs *all, const char *network) {
    char text[INET6_ADDRSTRLEN];

    for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
        const struct sockaddr *sa = a->ifa_addr;
        const void *raw = NULL;
        size_t n;

        if (sa != NULL && sa->sa_family == AF_INET)
            raw = &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
        else if (sa != NULL && sa->sa_family == AF_INET6)
            raw = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
        if (raw == NULL || inet_ntop(sa->sa_family, raw, text, sizeof text) == NULL)
            continue;
        n = strlen(text);
        if (strncmp(network, text, n) == 0 &&
            strcmp(network + n, sa->sa_family == AF_INET ? "/32" : "/128") == 0)
            return true;
    }
    return false;
}

/* Of mynetworks, networks that are not this host. */
static void keep_networks(const char *mynetworks, char *out, size_t size) {
    struct ifaddrs *own = NULL;

    if (getifaddrs(&own) == -1)
        own = NULL;
    out[0] = '\0';
    for (const char *at = mynetworks; *at != '\0';) {
        struct span word = {at, strcspn(at, ", \t")};
        char network[80];
        size_t n = strlen(out), k = 0;

        at += word.n + strspn(at + word.n, ", \t");
        for (size_t i = 0; i < word.n && k + 1 < sizeof network; i++) {
            if (word.p[i] != '[' && word.p[i] != ']')
                network[k++] = word.p[i];
        }
        network[k] = '\0';
        if (k == 0 || strspn(network, "0123456789abcdefABCDEF.:/") != k ||
            strncmp(network, "127.", 4) == 0 || strncmp(network, "::1", 3) == 0 ||
            strncasecmp(network, "::ffff:", 7) == 0 || is_own(own, network))
            continue;
        text_format(out + n, size - n, "%s%s", n > 0 ? " " : "", network);
    }
    if (own != NULL)
        freeifaddrs(own);
}

static char *ask_firewall(const char *const *paths, const char *a, const char *b) {
    const char *const argv[] = {program(paths), a, b, NULL};
    int status = 1;
    char *said;

    if (argv[0] == NULL)
        return NULL;
    said = asking_run(argv, &status);
    if (status == 0)
        return said;
    free(said);
    return NULL;
}

static void look(struct looking *l, const struct conf *conf) {
    struct firewall_facts facts = {.port = l->port};
    char mynetworks[VALUE];

    memset(&l->listening, 0, sizeof l->listening);
    l->owner[0] = '\0';
    read_sockets(l);
    find_owner(l);
    ask_postfix(conf, "inet_interfaces", l->interfaces, sizeof l->interfaces);
    ask_postfix(conf, "mynetworks", mynetworks, sizeof mynetworks);
    keep_networks(mynetworks, l->networks, sizeof l->networks);
    free(l->ufw);
    free(l->firewalld);
    l->ufw = ask_firewall(ufw_paths, "status", "verbose");
    l->firewalld = ask_firewall(firewalld_paths, "--list-all-zones", NULL);
    facts.networks = l->networks;
    facts.ufw = l->ufw;
    facts.firewalld = l->firewalld;
    facts.listens =
        l->listening.count > 0 && (l->owner[0] == '\0' || strcmp(l->owner, "master") == 0);
    for (size_t i = 0; i < l->listening.count; i++)
        facts.outside |= !l->listening.item[i].loopback;
    firewallplan_make(&facts, &l->plan);
    if (l->listening.count > 0 && !facts.listens)
        text_format(l->plan.why, sizeof l->plan.why,
                    "port %u is not Postfix's but %s's: it is left alone", l->port, l->owner);
    else if (l->listening.count == 0 && l->interfaces[0] != '\0' &&
             !settings_loopback_only(l->interfaces))
        text_format(
            l->plan.why, sizeof l->plan.why,
            "nobody listens at port %u now, but with inet_interfaces = %s Postfix would let "
            "others reach it: look again once it runs",
            l->port, l->interfaces);
}

/* ---- telling ---- */

static const char *const verdict_words[] = {"not needed", "closed", "OPEN"};

static void put(const struct screen *s, const char *label, const char *text) {
    printf("  %-9s ", label);
    screen_put_wrapped(s, 12, text);
}

static void tell(const struct looking *l) {
    struct screen s = screen_of_stdout();
    char text[1200] = "";

    printf("%s: ", verdict_words[l->plan.verdict]);
    screen_put_wrapped(&s, 2, l->plan.why);
    for (size_t i = 0; i < l->listening.count; i++) {
        size_t n = strlen(text);

        text_format(text + n, sizeof text - n, "%s%s", n > 0 ? ", " : "",
                    l->listening.item[i].address);
    }
    if (text[0] != '\0')
        put(&s, "listens", text);
    put(&s, "postfix", l->interfaces[0] != '\0' ? l->interfaces : "cannot be asked");
    if (l->networks[0] != '\0')
        put(&s, "trusted", l->networks);
    if (l->plan.verdict != FIREWALL_OPEN)
        return;
    for (size_t i = 0; i < l->plan.count; i++) {
        firewallplan_print(&l->plan.command[i], text, sizeof text);
        printf("  %-9s %s\n", i == 0 ? "close it" : "", text);
    }
    if (l->plan.count == 0 && l->networks[0] == '\0')
        put(&s, "close it",
            "postconf -e inet_interfaces=loopback-only && postfix stop && postfix start");
    else if (l->plan.count == 0)
        put(&s, "close it",
            "have a firewall that lets only the trusted networks reach the port; "
            "Postfix itself sends for nobody else");
}

static void tell_json(const struct looking *l) {
    static const char *const words[] = {"not_needed", "closed", "open"};
    struct json_t *doc = json_make_object();
    struct json_t *addresses = json_make_array(), *commands = json_make_array();
    char text[1200];
    char *line;

    for (size_t i = 0; i < l->listening.count; i++)
        json_add_text(addresses, l->listening.item[i].address);
    for (size_t i = 0; i < l->plan.count; i++) {
        firewallplan_print(&l->plan.command[i], text, sizeof text);
        json_add_text(commands, text);
    }
    json_put_int(doc, "port", l->port);
    json_put_text(doc, "state", words[l->plan.verdict]);
    json_put_text(doc, "why", l->plan.why);
    json_put(doc, "listens", addresses);
    json_put_text(doc, "owner", l->owner[0] != '\0' ? l->owner : NULL);
    json_put_text(doc, "inet_interfaces", l->interfaces);
    json_put_text(doc, "firewall",
                  l->firewalld != NULL ? "firewalld"
                  : l->ufw != NULL     ? "ufw"
                                       : NULL);
    json_put(doc, "commands", commands);
    line = json_print(doc, true);
    puts(line);
    free(line);
    json_release(&doc);
}

/* ---- doing ---- */

static int run_command(const struct firewall_command *c) {
    const char *argv[FIREWALL_ARGUMENTS + 1] = {NULL};
    char errors[1024] = "", text[1200];
    struct spawn job = {
        .argv = argv, .errors = errors, .errors_size = sizeof errors, .timeout_ms = RUN_MS};
    struct fault why;

    firewallplan_print(c, text, sizeof text);
    printf("%s\n", text);
    fflush(stdout);
    for (size_t i = 0; i < c->count; i++)
        argv[i] = c->argument[i];
    argv[0] = program(strcmp(c->argument[0], "ufw") == 0 ? ufw_paths : firewalld_paths);
    if (argv[0] == NULL)
        return -1;
    if (spawn_run(&job, &why) == -1)
        text_copy(errors, sizeof errors, why.text);
    else if (job.status == 0)
        return 0;
    fprintf(stderr, "relaywatch firewall: %s\n", errors[0] != '\0' ? errors : "it failed");
    return -1;
}

static int apply(struct looking *l, const struct conf *conf) {
    if (l->plan.verdict != FIREWALL_OPEN) {
        puts("nothing was changed");
        return 0;
    }
    if (l->plan.count == 0) {
        fputs("relaywatch firewall: neither ufw nor firewalld is active: nothing was changed\n",
              stderr);
        return EXIT_FAILURE;
    }
    puts("");
    for (size_t i = 0; i < l->plan.count; i++) {
        if (run_command(&l->plan.command[i]) == -1)
            return EXIT_FAILURE;
    }
    look(l, conf);
    puts("");
    tell(l);
    return l->plan.verdict == FIREWALL_OPEN;
}

static int run(int argc, char **argv, const char *conf_path) {
    bool wanted = false, as_json = false;
    const char *port_text = NULL;
    const struct cli_option options[] = {
        {"--apply", NULL, &wanted}, {"--port", &port_text, NULL}, {"--json", NULL, &as_json}};
    struct looking *l;
    uint64_t port = 25;
    struct conf conf;
    int status;

    if (!cli_only_options(&command_firewall, argc, argv, options, 3))
        return EX_USAGE;
    if ((port_text != NULL && !text_u64(span_of(port_text), 1, 65535, &port)) ||
        (wanted && as_json)) {
        fprintf(stderr, "relaywatch firewall: --port: a port from 1 to 65535; --apply has no "
                        "--json\n");
        return EX_USAGE;
    }
    if (place_need_root("firewall") != 0) /* whose port it is, and the rules, are for root to see */
        return EX_NOPERM;
    status = cli_load_conf(conf_path, &conf);
    if (status != 0)
        return status;
    l = xcalloc(1, sizeof *l);
    l->port = (uint32_t)port;
    look(l, &conf);
    if (as_json)
        tell_json(l);
    else
        tell(l);
    status = wanted ? apply(l, &conf) : l->plan.verdict == FIREWALL_OPEN;
    free(l->ufw);
    free(l->firewalld);
    free(l);
    return status;
}

const struct command command_firewall = {
    .name = "firewall",
    .summary = "can others reach the port where this relay takes mail",
    .help = "usage: relaywatch firewall [--apply] [--port N] [--json]\n"
            "Says whether the port at which Postfix takes mail can be reached from outside,\n"
            "and which commands close it. Nothing is needed where Postfix listens on the\n"
            "loopback alone; a port that is another program's (Postal's) is left alone.\n"
            "  --apply    run the commands: ufw or firewalld, whichever is active\n"
            "  --port N   default 25\n"
            "  --json     one object\n"
            "What nft and iptables say by themselves, and firewalls elsewhere, are not seen.\n"
            "For root: others see neither whose port it is nor the rules.\n"
            "Exit status: 0 others cannot reach it; 1 they can.\n"
            "Example: sudo relaywatch firewall\n",
    .run = run,
};
