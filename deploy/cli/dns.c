/* `relaywatch dns DOMAIN`: what the DNS must say so that receivers believe mail of the domain: SPF,
 * DKIM, DMARC, and the names of this host. */
#include "cli.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "text.h"
#include "xmem.h"
#include "facts.h"
#include "spf.h"
#include "tagrecord.h"
#include "dnsquery.h"
#include "dns_show.h"

enum { DEADLINE_MS = 25000, FINDINGS = 8 };

struct asking {
    struct dnsquery *dns;
    struct dns_answer answer;
    const char *domain;
    size_t count;
    struct dns_finding finding[FINDINGS];
};

static struct dns_finding *begin(struct asking *a, const char *what, const char *name) {
    struct dns_finding *f = &a->finding[a->count++];

    f->what = what;
    text_copy(f->name, sizeof f->name, name);
    return f;
}

static void note(struct dns_finding *f, const char *text) {
    if (f->note_count < DNS_NOTES)
        text_copy(f->note[f->note_count++], sizeof f->note[0], text);
}

static void judge(struct dns_finding *f, enum dns_verdict verdict) {
    if (f->verdict < verdict)
        f->verdict = verdict;
}

static void publish(struct dns_finding *f, const char *name, const char *value) {
    text_format(f->publish, sizeof f->publish, "%s. TXT \"%s\"", name, value);
}

/* True: the DNS did not answer, which is noted. */
static bool is_mute(struct asking *a, struct dns_finding *f) {
    if (a->answer.outcome != DNS_FAILED)
        return false;
    judge(f, DNS_UNKNOWN);
    note(f, a->answer.detail);
    return true;
}

/* ---- SPF ---- */

static enum spf_answer spf_record(const char *name, char out[SPF_RECORD], void *arg) {
    struct asking *a = arg;
    size_t records = 0;

    dnsquery_ask(a->dns, name, DNS_TXT, &a->answer);
    if (a->answer.outcome == DNS_FAILED)
        return SPF_UNKNOWN;
    for (size_t i = 0; i < a->answer.count; i++) {
        if (spf_is_record(a->answer.item[i]) && records++ == 0)
            text_copy(out, SPF_RECORD, a->answer.item[i]);
    }
    return records == 0 ? SPF_NOTHING : records == 1 ? SPF_FOUND : SPF_SEVERAL;
}

static enum spf_answer spf_exists(const char *name, bool mx, void *arg) {
    struct asking *a = arg;

    dnsquery_ask(a->dns, name, mx ? DNS_MX : DNS_A, &a->answer);
    if (!mx && a->answer.outcome == DNS_NO_DATA)
        dnsquery_ask(a->dns, name, DNS_AAAA, &a->answer);
    return a->answer.outcome == DNS_FOUND    ? SPF_FOUND
           : a->answer.outcome == DNS_FAILED ? SPF_UNKNOWN
                                             : SPF_NOTHING;
}

static void judge_spf(struct dns_finding *f, const struct spf_result *r) {
    char text[200];

    if (r->found == SPF_UNKNOWN || r->unknown)
        judge(f, DNS_UNKNOWN);
    if (r->found == SPF_SEVERAL)
        note(f, "more than one SPF record: receivers take none; keep one");
    if (r->found == SPF_NOTHING)
        note(f, "no SPF record");
    if (r->found == SPF_SEVERAL || r->found == SPF_NOTHING || r->error)
        judge(f, DNS_WRONG);
    if (r->found != SPF_FOUND)
        return;
    if (!r->google) {
        judge(f, r->unknown ? DNS_UNKNOWN : DNS_WRONG);
        note(f, "Google's servers are not allowed: receivers may refuse what the relay sends");
    }
    if (r->permits_all) {
        judge(f, DNS_WEAK);
        note(f, "it does not end with ~all or -all: anybody may send as this domain");
    }
    for (size_t i = 0; i < r->problem_count; i++)
        note(f, r->problem[i]);
    text_format(text, sizeof text, "%u of %d look-ups, %u of %d without an answer", r->lookups,
                SPF_LOOKUPS_MOST, r->voids, SPF_VOIDS_MOST);
    note(f, text);
}

static void check_spf(struct asking *a) {
    const struct spf_dns dns = {.record = spf_record, .exists = spf_exists, .arg = a};
    struct spf_result *r = xcalloc(1, sizeof *r);
    struct dns_finding *f = begin(a, "SPF", a->domain);
    char record[DNS_TEXT_SIZE];

    text_copy(f->expected, sizeof f->expected,
              "one record with include:" SPF_GOOGLE ", at most 10 look-ups, ~all or -all at its "
              "end");
    spf_check(a->domain, &dns, r);
    if (r->found == SPF_FOUND)
        text_copy(f->found, sizeof f->found, r->record);
    if (r->found == SPF_UNKNOWN)
        note(f, a->answer.detail);
    judge_spf(f, r);
    spf_propose(r, record, sizeof record);
    if (r->found != SPF_UNKNOWN && !r->google)
        publish(f, a->domain, record);
    free(r);
}

/* ---- DKIM, DMARC ---- */

static void take_result(struct dns_finding *f, const struct tag_result *r) {
    judge(f, r->verdict == TAG_GOOD ? DNS_GOOD : r->verdict == TAG_WEAK ? DNS_WEAK : DNS_WRONG);
    note(f, r->what);
}

static void check_dkim(struct asking *a, const char *selector) {
    struct dns_finding *f;
    struct tag_result r;
    char name[300];

    text_format(name, sizeof name, "%s._domainkey.%s", selector, a->domain);
    f = begin(a, "DKIM", name);
    text_copy(f->expected, sizeof f->expected, "v=DKIM1; k=rsa; p=KEY of 2048 bits");
    dnsquery_ask(a->dns, name, DNS_TXT, &a->answer);
    if (is_mute(a, f))
        return;
    if (a->answer.count == 0) {
        judge(f, DNS_WRONG);
        note(f, "no key under this name. Google: Admin console, Apps, Google Workspace, Gmail, "
                "Authenticate email: Generate new record, publish it, then Start authentication. "
                "Another name: --selector");
        publish(f, name, "v=DKIM1; k=rsa; p=...");
        return;
    }
    text_copy(f->found, sizeof f->found, a->answer.item[0]);
    if (a->answer.count > 1) {
        judge(f, DNS_WRONG);
        note(f, "more than one record: receivers may take either; keep one");
    }
    tagrecord_dkim(a->answer.item[0], &r);
    take_result(f, &r);
}

/* How many policies stand there; the first one into `f`. */
static size_t dmarc_at(struct asking *a, struct dns_finding *f, const char *domain) {
    size_t n = 0;

    text_format(f->name, sizeof f->name, "_dmarc.%s", domain);
    dnsquery_ask(a->dns, f->name, DNS_TXT, &a->answer);
    for (size_t i = 0; i < a->answer.count; i++) {
        if (tagrecord_is_dmarc(a->answer.item[i]) && n++ == 0)
            text_copy(f->found, sizeof f->found, a->answer.item[i]);
    }
    return n;
}

static void check_dmarc(struct asking *a) {
    struct dns_finding *f = begin(a, "DMARC", "");
    char value[400], name[300];
    const char *domain = a->domain;
    struct tag_result r;
    size_t n = dmarc_at(a, f, domain);

    text_copy(f->expected, sizeof f->expected,
              "v=DMARC1; p=none, quarantine or reject; rua= where reports go");
    /* A domain without one has that of the domain above it, down to the one that was registered. */
    for (const char *dot = strchr(domain, '.');
         n == 0 && a->answer.outcome != DNS_FAILED && dot != NULL && strchr(dot + 1, '.') != NULL;
         dot = strchr(dot + 1, '.')) {
        n = dmarc_at(a, f, dot + 1);
        domain = dot + 1;
    }
    if (n == 0 && is_mute(a, f))
        return;
    if (n == 1) {
        tagrecord_dmarc(f->found, &r);
        take_result(f, &r);
        if (domain != a->domain)
            note(f, "of the domain above; its sp= decides where it is there");
        return;
    }
    text_format(name, sizeof name, "_dmarc.%s", a->domain);
    text_copy(f->name, sizeof f->name, name);
    judge(f, DNS_WRONG);
    note(f, n == 0 ? "no policy: Gmail and others refuse much mail without one"
                   : "more than one policy: receivers take none; keep one");
    text_format(value, sizeof value, "v=DMARC1; p=none; rua=mailto:postmaster@%s", a->domain);
    publish(f, name, value);
}

/* ---- this host ---- */

static bool is_private(const char *address) {
    struct in_addr in;
    uint32_t n;

    if (inet_pton(AF_INET, address, &in) != 1)
        return strncasecmp(address, "fe80:", 5) == 0 || strcmp(address, "::1") == 0 ||
               strncasecmp(address, "fc", 2) == 0 || strncasecmp(address, "fd", 2) == 0;
    n = ntohl(in.s_addr);
    return n >> 24 == 10 || n >> 24 == 127 || n >> 20 == 0xac1 || n >> 16 == 0xc0a8 ||
           n >> 16 == 0xa9fe || n >> 22 == 0x191;
}

static bool has_address(struct asking *a, const char *name, const char *address) {
    unsigned char want[16], got[16];
    int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    size_t size = family == AF_INET6 ? 16 : 4;

    dnsquery_ask(a->dns, name, family == AF_INET6 ? DNS_AAAA : DNS_A, &a->answer);
    for (size_t i = 0; i < a->answer.count; i++) {
        if (inet_pton(family, address, want) == 1 &&
            inet_pton(family, a->answer.item[i], got) == 1 && memcmp(want, got, size) == 0)
            return true;
    }
    return false;
}

/* The name of an address, and its address again. */
static void check_ptr(struct asking *a, const char *address, const char *helo) {
    struct dns_finding *f;
    char reverse[80], name[300];

    dnsquery_reverse_name(address, reverse, sizeof reverse);
    f = begin(a, "PTR", reverse);
    text_format(f->expected, sizeof f->expected, "%s, and back to %s", helo, address);
    dnsquery_ask(a->dns, reverse, DNS_PTR, &a->answer);
    if (is_mute(a, f))
        return;
    if (a->answer.count == 0) {
        judge(f, DNS_WEAK);
        note(f, "the address has no name: ask whoever gave you the address to set it");
        text_format(f->publish, sizeof f->publish, "%s. PTR %s.", reverse, helo);
        return;
    }
    text_copy(name, sizeof name, a->answer.item[0]);
    text_copy(f->found, sizeof f->found, name);
    if (!has_address(a, name, address)) {
        judge(f, DNS_WEAK);
        note(f, "the name does not lead back to the address");
    } else if (strcasecmp(name, helo) != 0) {
        note(f, "another name than the one for HELO; that is allowed");
    }
}

static void check_helo(struct asking *a, const char *helo, const char *address) {
    struct dns_finding *f = begin(a, "HELO", helo);
    char first[64];

    text_copy(f->expected, sizeof f->expected,
              "a full name in one of your domains, with the address that the relay sees");
    if (helo[0] == '\0' || strchr(helo, '.') == NULL || strncasecmp(helo, "localhost", 9) == 0) {
        judge(f, DNS_WRONG);
        note(f, "not a full name: the relay refuses such (421 4.7.0): postconf -e "
                "smtp_helo_name=relay1.YOUR-DOMAIN; or ask about another: --helo");
        return;
    }
    dnsquery_ask(a->dns, helo, DNS_A, &a->answer);
    if (a->answer.outcome == DNS_NO_DATA)
        dnsquery_ask(a->dns, helo, DNS_AAAA, &a->answer);
    if (is_mute(a, f))
        return;
    if (a->answer.count == 0) {
        judge(f, DNS_WEAK);
        note(f, "the name has no address");
        text_format(f->publish, sizeof f->publish, "%s. A %s", helo,
                    address != NULL ? address : "ADDRESS-OF-THIS-HOST");
    } else {
        text_copy(first, sizeof first, a->answer.item[0]);
        text_copy(f->found, sizeof f->found, first);
        if (is_private(first))
            note(f, "a private address: the relay sees another one: give it as --address");
    }
    if (address == NULL && (a->answer.count == 0 || is_private(first)))
        return;
    check_ptr(a, address != NULL ? address : first, helo);
}

/* ---- all of it ---- */

static int exit_status(const struct asking *a) {
    bool wrong = false, unknown = false;

    for (size_t i = 0; i < a->count; i++) {
        wrong |= a->finding[i].verdict == DNS_WRONG;
        unknown |= a->finding[i].verdict == DNS_UNKNOWN;
    }
    return wrong ? EXIT_FAILURE : unknown ? EX_TEMPFAIL : 0;
}

/* Letters, digits, '-', '_' and dots: nothing that could be an option or a pattern. */
static bool is_name(const char *text) {
    size_t n = strlen(text);

    return n > 0 && n < 250 && text[0] != '.' && text[0] != '-' && strstr(text, "..") == NULL &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

static int usage(const char *what, const char *right) {
    fprintf(stderr, "relaywatch dns: %s: give %s\n", what, right);
    return EX_USAGE;
}

/* What Postfix says to the relay; an expression of main.cf's stays as it is, and is no name. */
static void find_helo(const struct conf *conf, char *out, size_t size) {
    struct facts *facts = xcalloc(1, sizeof *facts);
    struct fault why;

    out[0] = '\0';
    if (facts_read(conf->postfix_config_dir, facts, &why) == 0)
        text_copy(out, size, facts->helo);
    else
        fprintf(stderr, "relaywatch dns: the name for HELO is not known: %s\n", why.text);
    free(facts);
}

struct wish {
    const char *selector, *resolver, *helo, *address;
    bool json;
};

static int check_wish(const struct wish *w, const char *domain) {
    char reverse[80];

    if (!is_name(domain) || strchr(domain, '.') == NULL)
        return usage("DOMAIN", "the domain of the senders, as example.com");
    if (!is_name(w->selector))
        return usage("--selector", "the name of a DKIM key, as google");
    if (w->helo != NULL && !is_name(w->helo))
        return usage("--helo", "a host's name, as relay1.example.com");
    if (w->address != NULL && !dnsquery_reverse_name(w->address, reverse, sizeof reverse))
        return usage("--address", "the IP address that the relay sees");
    return 0;
}

static int ask(const struct wish *w, const char *domain, const char *conf_path) {
    struct asking *a = xcalloc(1, sizeof *a);
    struct conf *conf = xcalloc(1, sizeof *conf);
    char helo[256], name[256];
    struct fault why;
    int status = 0;

    if (w->helo == NULL)
        status = cli_load_conf(conf_path, conf);
    text_copy(name, sizeof name, domain);
    if (name[strlen(name) - 1] == '.')
        name[strlen(name) - 1] = '\0';
    a->domain = name;
    a->dns = status == 0 ? dnsquery_new(w->resolver, DEADLINE_MS, &why) : NULL;
    if (status == 0 && a->dns == NULL)
        status = usage("--resolver", why.text);
    if (status == 0) {
        if (w->helo != NULL)
            text_copy(helo, sizeof helo, w->helo);
        else
            find_helo(conf, helo, sizeof helo);
        check_spf(a);
        check_dkim(a, w->selector);
        check_dmarc(a);
        check_helo(a, helo, w->address);
        if (w->json)
            dns_show_json(a->domain, a->finding, a->count);
        else
            dns_show(a->finding, a->count);
        status = exit_status(a);
    }
    dnsquery_free(&a->dns);
    free(conf);
    free(a);
    return status;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct wish w = {.selector = "google"};
    const struct cli_option options[] = {
        {"--selector", &w.selector, NULL}, {"--resolver", &w.resolver, NULL},
        {"--helo", &w.helo, NULL},         {"--address", &w.address, NULL},
        {"--json", NULL, &w.json},
    };
    int first = cli_options(&command_dns, argc, argv, options, 5);
    int status;

    if (first != -1 && first + 1 < argc) { /* options may stand behind the domain, too */
        int more = cli_options(&command_dns, argc - first - 1, argv + first + 1, options, 5);

        argc = more == argc - first - 1 ? first + 1 : first;
    }
    if (first == -1)
        return EX_USAGE;
    if (argc - first != 1) {
        fputs(command_dns.help, stderr);
        return EX_USAGE;
    }
    status = check_wish(&w, argv[first]);
    return status != 0 ? status : ask(&w, argv[first], conf_path);
}

const struct command command_dns = {
    .name = "dns",
    .summary = "what the DNS must say so that mail of a domain is believed",
    .help = "usage: relaywatch dns DOMAIN [OPTION ...]\n"
            "Looks up SPF (Google allowed, within 10 look-ups), DKIM, DMARC, and the names of\n"
            "this host (HELO, PTR): what was found, what was expected, the record to publish.\n"
            "  --selector NAME       of the DKIM key, default google\n"
            "  --address IP          of this host, as the relay sees it; default that of HELO\n"
            "  --helo NAME           default what Postfix says (smtp_helo_name)\n"
            "  --resolver IP:PORT    ask this name server instead of the system's\n"
            "  --json                one object\n"
            "Exit status: 0 all is there, perhaps weak; 1 something is wrong; 75 the DNS does\n"
            "not answer.\n"
            "Example: relaywatch dns example.com --address 192.0.2.25\n",
    .run = run,
};
