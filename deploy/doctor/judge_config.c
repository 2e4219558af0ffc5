/* Judgements of Postfix's configuration. See checks.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text.h"
#include "checks.h"
#include "maincf.h"
#include "mastercf.h"
#include "milterlist.h"
#include "wants.h"

static bool unread(const struct condition *c, struct finding *f) {
    if (c->parameters == NULL)
        finding_say(f, RESULT_UNKNOWN, "main.cf could not be read");
    return c->parameters == NULL;
}

static void config(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "Postfix %s, %s", c->relay.mail_version, c->conf.postfix_config_dir);
    if (c->parameters != NULL && c->master_cf != NULL)
        return;
    finding_say(f, RESULT_CRITICAL, "%.230s", c->config_error);
    finding_fix(f, "sudo postfix -c %s check", c->conf.postfix_config_dir);
}

static void relayhost(const struct condition *c, struct finding *f) {
    char raw[256];

    if (unread(c, f))
        return;
    condition_parameter(c, "relayhost", raw, sizeof raw);
    if (c->relay.host[0] == '\0') {
        finding_say(f, RESULT_CRITICAL, raw[0] == '\0' ? "no relayhost is set" : "relayhost = %s",
                    raw);
        finding_fix(f, "sudo postconf -e 'relayhost = [smtp-relay.gmail.com]:587'");
    } else if (c->relay.mx) {
        finding_say(f, RESULT_WARNING, "relayhost = %s: without brackets its MX is asked", raw);
        finding_fix(f, "sudo postconf -e 'relayhost = [%s]:%u' && sudo postfix reload",
                    c->relay.host, c->relay.port);
    } else if (c->relay.port == 25) {
        finding_say(f, RESULT_WARNING, "relayhost = %s: port 25, not 587 or 465", raw);
        finding_fix(f, "sudo postconf -e 'relayhost = [%s]:587' && sudo postfix reload",
                    c->relay.host);
    } else {
        finding_say(f, RESULT_OK, "%s", raw);
    }
}

static void wrapper(const struct condition *c, struct finding *f) {
    char mode[16];

    if (unread(c, f))
        return;
    condition_parameter(c, "smtp_tls_wrappermode", mode, sizeof mode);
    finding_say(f, RESULT_OK, "port %u, smtp_tls_wrappermode = %s", c->relay.port, mode);
    if ((c->relay.port == 465 && !c->relay.implicit_tls) ||
        (c->relay.port == 587 && c->relay.implicit_tls)) {
        f->result = RESULT_CRITICAL;
        finding_fix(f, "sudo postconf -e smtp_tls_wrappermode=%s && sudo postfix reload",
                    c->relay.port == 465 ? "yes" : "no");
    }
}

static void tls_level(const struct condition *c, struct finding *f) {
    char level[32];

    if (unread(c, f))
        return;
    condition_parameter(c, "smtp_tls_security_level", level, sizeof level);
    finding_say(f, RESULT_OK, "smtp_tls_security_level = %s", level);
    if (strcmp(level, "secure") == 0 || strcmp(level, "verify") == 0 ||
        strcmp(level, "fingerprint") == 0 || strcmp(level, "dane-only") == 0)
        return;
    f->result = strcmp(level, "encrypt") == 0 || strcmp(level, "dane") == 0 ? RESULT_WARNING
                                                                            : RESULT_CRITICAL;
    finding_fix(f, "sudo postconf -e smtp_tls_security_level=secure && sudo postfix reload");
}

static void ca_file(const struct condition *c, struct finding *f) {
    if (unread(c, f))
        return;
    if (c->relay.ca_file[0] == '\0') {
        finding_say(f, RESULT_NONE, "smtp_tls_CAfile is not set");
    } else if (c->ca_there != SEEN_YES) {
        finding_say(f, RESULT_CRITICAL, "%s cannot be read", c->relay.ca_file);
        finding_fix(f, "sudo apt-get install ca-certificates   # or set smtp_tls_CAfile");
    } else if (c->ca_in_chroot == SEEN_NO) {
        /* smtp(8) loads the file before it goes into the chroot (tls_client_init). */
        finding_say(f, RESULT_OK, "%s (read before smtp is chrooted)", c->relay.ca_file);
    } else {
        finding_say(f, RESULT_OK, "%s", c->relay.ca_file);
    }
}

static void sasl_options(const struct condition *c, struct finding *f) {
    char plain[128], level[32];

    if (unread(c, f))
        return;
    if (!c->relay.sasl) {
        finding_say(f, RESULT_NONE, "no login is configured");
        return;
    }
    condition_parameter(c, "smtp_sasl_security_options", plain, sizeof plain);
    condition_parameter(c, "smtp_tls_security_level", level, sizeof level);
    finding_say(f, RESULT_OK, "smtp_sasl_security_options = %s", plain);
    if (strstr(plain, "noanonymous") == NULL ||
        (strstr(plain, "noplaintext") == NULL && strcmp(level, "may") == 0)) {
        f->result = RESULT_CRITICAL;
        finding_fix(f, "sudo postconf -e 'smtp_sasl_security_options = noplaintext, noanonymous'");
    } else if (strstr(plain, "noplaintext") == NULL) {
        f->result = RESULT_WARNING;
        finding_fix(f, "sudo postconf -e 'smtp_sasl_security_options = noplaintext, noanonymous'");
    } else if ((facts_forbid(&c->relay) & PROBE_NO_PLAINTEXT) != 0) {
        finding_say(f, RESULT_CRITICAL, "noplaintext holds within TLS, too: no password is sent");
        finding_fix(f, "sudo postconf -e 'smtp_sasl_tls_verified_security_options = noanonymous'");
    }
}

/* Is one of the words in both? */
static bool share_word(const char *a, const char *b) {
    while (*(a += strspn(a, ", \t")) != '\0') {
        size_t n = strcspn(a, ", \t");

        for (const char *at = b; *(at += strspn(at, ", \t")) != '\0'; at += strcspn(at, ", \t")) {
            if (strcspn(at, ", \t") == n && strncasecmp(at, a, n) == 0)
                return true;
        }
        a += n;
    }
    return false;
}

static void sasl_plugins(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "libsasl2 has %s", c->mechanisms);
    if (c->parameters != NULL && !c->relay.sasl) {
        finding_say(f, RESULT_NONE, "no login is configured");
    } else if (c->sasl_asked != SEEN_YES) {
        finding_say(f, RESULT_UNKNOWN, "libsasl2 could not be asked: relaywatch-probe failed");
    } else if (!share_word("PLAIN LOGIN XOAUTH2", c->mechanisms)) {
        finding_say(f, RESULT_CRITICAL, "libsasl2 has no plugin for PLAIN or LOGIN%s%s",
                    c->mechanisms[0] != '\0' ? ", only " : "", c->mechanisms);
        finding_fix(f, "sudo apt-get install libsasl2-modules   # EL: cyrus-sasl-plain");
    }
}

static void helo(const struct condition *c, struct finding *f) {
    if (unread(c, f))
        return;
    if (!wants_is_fqdn(c->relay.helo)) {
        finding_say(f, RESULT_CRITICAL, "%s is not a full name: the relay may refuse it",
                    c->relay.helo);
        finding_fix(f, "sudo postconf -e smtp_helo_name=mail.your.domain && sudo postfix reload");
    } else if (c->outside->helo_resolves == SEEN_YES) {
        finding_say(f, RESULT_OK, "%s", c->relay.helo);
    } else {
        finding_say(f, RESULT_WARNING, "%s has no address in DNS", c->relay.helo);
        finding_fix(f, "# publish an A record for %s, or set smtp_helo_name", c->relay.helo);
    }
}

/* Does master.cf run this service? */
static bool serves(const char *text, const char *name, const char *type) {
    char have[64], kind[32];

    for (const char *line = text; line != NULL && *line != '\0';) {
        if (sscanf(line, "%63s %31s", have, kind) == 2 && line[0] != ' ' && line[0] != '\t' &&
            strcmp(have, name) == 0 && strcmp(kind, type) == 0)
            return true;
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return false;
}

static void service(const struct condition *c, struct finding *f, const char *name,
                    enum result without) {
    if (c->master_cf == NULL) {
        finding_say(f, RESULT_UNKNOWN, "master.cf could not be read");
        return;
    }
    finding_say(f, RESULT_OK, "master.cf has %s unix", name);
    if (serves(c->master_cf, name, "unix"))
        return;
    finding_say(f, without, "master.cf has no service %s unix", name);
    finding_fix(f, "sudo postconf -M '%s/unix=%s unix - - n - - smtp' && sudo postfix reload", name,
                name);
}

static void master_smtp(const struct condition *c, struct finding *f) {
    service(c, f, "smtp", RESULT_CRITICAL);
}

static void master_relay(const struct condition *c, struct finding *f) {
    service(c, f, "relay", RESULT_WARNING);
}

static void listener(const struct condition *c, struct finding *f) {
    const char *port = strrchr(c->conf.submit, ':');

    if (c->master_cf == NULL || port == NULL) {
        finding_say(f, RESULT_UNKNOWN, "master.cf could not be read");
        return;
    }
    finding_say(f, RESULT_OK, "%s", c->conf.submit);
    if (mastercf_listens(c->master_cf, c->conf.submit) || mastercf_listens(c->master_cf, port + 1))
        return;
    finding_say(f, RESULT_CRITICAL, "no service in master.cf takes mail at %s", c->conf.submit);
    finding_fix(f, "sudo postconf -M '%s/inet=%s inet n - n - - smtpd' && sudo postfix reload",
                c->conf.submit, c->conf.submit);
}

static void overrides(const struct condition *c, struct finding *f) {
    char text[200] = "";
    FILE *out;
    int count;

    if (c->master_cf == NULL) {
        finding_say(f, RESULT_UNKNOWN, "master.cf could not be read");
        return;
    }
    out = fmemopen(text, sizeof text, "w");
    count = out != NULL ? mastercf_overrides(c->master_cf, out) : 0;
    if (out != NULL)
        fclose(out);
    text[sizeof text - 1] = '\0';
    text[strcspn(text, "\n")] = '\0';
    finding_say(f, count == 0 ? RESULT_OK : RESULT_WARNING, "%s", count == 0 ? "none" : text);
    if (count > 0)
        finding_fix(f, "# take that -o out of %s/master.cf", c->conf.postfix_config_dir);
}

/* Where smtpd_milters names our socket; NULL: nowhere. */
static const char *milter_entry(const struct condition *c, char *list, size_t size) {
    const char *socket = c->conf.milter_socket, *at = strchr(socket, '@');
    const char *slash = strrchr(socket, '/');
    char name[300];

    condition_parameter(c, "smtpd_milters", list, size);
    if (strncmp(socket, "inet:", 5) == 0 && at != NULL) { /* inet:port@host */
        text_format(name, sizeof name, "inet:%s:%.*s", at + 1, (int)(at - socket - 5), socket + 5);
        return strstr(list, name);
    }
    while (slash != NULL && slash > socket && slash[-1] != '/')
        slash--; /* its last folder is where Postfix's own writing of it begins */
    return strstr(list, slash != NULL ? slash : socket);
}

void checks_milter_path(const struct condition *seen, char *out, size_t size) {
    char list[1024];
    const char *entry = milter_entry(seen, list, sizeof list), *begin = entry;

    out[0] = '\0';
    while (begin != NULL && begin > list && strchr(", \t{", begin[-1]) == NULL)
        begin--;
    if (begin != NULL && strncmp(begin, "unix:", 5) == 0)
        text_copy_span(out, size, (struct span){begin + 5, strcspn(begin + 5, ", \t}")});
}

static void milter(const struct condition *c, struct finding *f) {
    char list[1024];
    const char *entry;

    if (unread(c, f))
        return;
    entry = milter_entry(c, list, sizeof list);
    finding_say(f, RESULT_OK, "smtpd_milters has ours");
    if (entry == NULL)
        finding_say(f, RESULT_WARNING, "smtpd_milters does not have relaywatch-milter");
    else if (c->chrooted_smtpd == SEEN_YES && entry > list && entry[-1] == '/')
        finding_say(f, RESULT_WARNING, "smtpd is chrooted: its path must be relative");
    if (f->result != RESULT_OK)
        finding_fix(f, "sudo relaywatch install");
}

static void fail_open(const struct condition *c, struct finding *f) {
    char list[1024], value[32];
    const char *entry, *end;
    struct span ours;

    if (unread(c, f))
        return;
    entry = milter_entry(c, list, sizeof list);
    if (entry == NULL) {
        finding_say(f, RESULT_NONE, "no milter of ours is in smtpd_milters");
        return;
    }
    end = strpbrk(entry, "}");
    ours = (struct span){entry, end != NULL ? (size_t)(end - entry) : strcspn(entry, ", ")};
    condition_parameter(c, "milter_default_action", value, sizeof value);
    finding_say(f, RESULT_OK, "mail passes when the milter is down");
    if (span_find(ours, "default_action=accept") != NULL ||
        (span_find(ours, "default_action") == NULL && strcmp(value, "accept") == 0))
        return;
    finding_say(f, RESULT_CRITICAL, "its entry has no default_action=accept");
    finding_fix(f, "sudo relaywatch install   # writes its entry anew");
}

static void guard(const struct condition *c, struct finding *f) {
    char value[256];

    if (unread(c, f))
        return;
    condition_parameter(c, "smtp_delivery_status_filter", value, sizeof value);
    finding_say(f, RESULT_OK, "smtp_delivery_status_filter = %s", value);
    if (value[0] != '\0')
        return;
    finding_say(f, RESULT_WARNING, "smtp_delivery_status_filter is not set");
    finding_fix(f, "sudo relaywatch install");
}

static void deprecated(const struct condition *c, struct finding *f) {
    static const char *const names[] = {
        "smtp_use_tls",      "smtp_enforce_tls",
        "smtpd_use_tls",     "smtpd_enforce_tls",
        "lmtp_use_tls",      "lmtp_enforce_tls",
        "smtp_tls_per_site", "disable_dns_lookups",
        "xforward_verbose",  "tlsproxy_tls_enforce_peername",
        "virtual_maps",
    };

    if (unread(c, f))
        return;
    finding_say(f, RESULT_OK, "none");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (c->main_cf != NULL && maincf_has(c->main_cf, names[i])) {
            finding_say(f, RESULT_WARNING, "main.cf has %s", names[i]);
            finding_fix(f, "sudo postconf -X %s && sudo postfix reload", names[i]);
        }
    }
}

static void networks(const struct condition *c, struct finding *f) {
    char value[1024];

    if (unread(c, f))
        return;
    condition_parameter(c, "mynetworks", value, sizeof value);
    finding_say(f, RESULT_OK, "%.200s", value);
    /* Two addresses that no network of one's own holds both. */
    if (checks_in_networks(value, "8.8.8.8") || checks_in_networks(value, "193.0.0.1")) {
        finding_say(f, RESULT_CRITICAL, "mynetworks trusts the world: %.180s", value);
        finding_fix(f, "sudo postconf -e 'mynetworks = 127.0.0.0/8 [::1]/128' && sudo postfix "
                       "reload");
    }
}

/* Does the list come to a refusal before a bare `permit`? */
static bool refuses(const char *list) {
    while (*(list += strspn(list, ", \t\n")) != '\0') {
        struct span word = {list, strcspn(list, ", \t\n")};

        if (span_is(word, "permit"))
            return false;
        if (span_starts(word, "reject") || span_starts(word, "defer"))
            return true;
        list += word.n;
    }
    return false;
}

static void restrictions(const struct condition *c, struct finding *f) {
    char value[512], recipient[512];

    if (unread(c, f))
        return;
    condition_parameter(c, "smtpd_relay_restrictions", value, sizeof value);
    condition_parameter(c, "smtpd_recipient_restrictions", recipient, sizeof recipient);
    finding_say(f, RESULT_OK, "%.200s", value);
    if (refuses(value) || (value[0] == '\0' && refuses(recipient)))
        return;
    finding_say(f, RESULT_CRITICAL, "smtpd_relay_restrictions refuses nobody: \"%.160s\"", value);
    finding_fix(f, "sudo postconf -e 'smtpd_relay_restrictions = permit_mynetworks, reject' && "
                   "sudo postfix reload");
}

static void verbose(const struct condition *c, struct finding *f) {
    char peers[256];

    if (unread(c, f))
        return;
    condition_parameter(c, "debug_peer_list", peers, sizeof peers);
    finding_say(f, RESULT_OK, "off");
    if (peers[0] != '\0' || (c->master_cf != NULL && strstr(c->master_cf, "smtp -v") != NULL)) {
        finding_say(f, RESULT_CRITICAL, "verbose logging is on: the password goes into the log");
        finding_fix(f, "sudo postconf -X debug_peer_list && sudo postfix reload");
    }
}

const struct check config_checks[] = {
    {"config", "main.cf, master.cf", "Postfix does not start with what it cannot read", config},
    {"relayhost", "relayhost", "mail goes where it says, or nowhere", relayhost},
    {"wrapper-mode", "port and TLS mode", "465 needs TLS from the start, 587 STARTTLS", wrapper},
    {"tls-level", "TLS level", "below `secure` the password may go to somebody else", tls_level},
    {"ca-file", "certificates trusted", "without them TLS fails and mail waits", ca_file},
    {"sasl-options", "SASL options", "they keep the password off lines in clear", sasl_options},
    {"sasl-plugins", "SASL plugins", "without PLAIN or LOGIN Postfix cannot log in", sasl_plugins},
    {"helo-name", "HELO name", "Google closes the connection on a bad one", helo},
    {"master-smtp", "smtp in master.cf", "it is what sends the mail", master_smtp},
    {"master-relay", "relay in master.cf", "it sends for relay_domains", master_relay},
    {"master-listener", "listener", "the application hands its mail over there", listener},
    {"master-overrides", "-o in master.cf", "it overrides what main.cf says", overrides},
    {"milter-entry", "milter in main.cf", "without it arrivals are not counted", milter},
    {"milter-fail-open", "milter fails open", "else a dead milter stops mail", fail_open},
    {"loss-guard", "loss guard", "without it the relay's own refusals bounce mail", guard},
    {"deprecated", "old parameters", "the next Postfix may not take them", deprecated},
    {"verbose-log", "verbose logging", "it writes the password into the log", verbose},
    {"mynetworks", "mynetworks", "whoever is in it may send through this host", networks},
    {"relay-restrictions", "relay restrictions", "they keep strangers out", restrictions},
};
const size_t config_check_count = sizeof config_checks / sizeof config_checks[0];
