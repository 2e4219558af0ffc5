/* Judgements of the login and the way to the relay. See checks.h. */
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "checks.h"

enum { DAY_S = 86400 };

static bool without_login(const struct condition *c, struct finding *f) {
    if (c->parameters == NULL)
        finding_say(f, RESULT_UNKNOWN, "main.cf could not be read");
    else if (!c->relay.sasl)
        finding_say(f, RESULT_NONE, "no login is configured (smtp_sasl_auth_enable = no)");
    else if (!c->root)
        finding_say(f, RESULT_UNKNOWN, "only root can look: sudo relaywatch doctor");
    else
        return false;
    return true;
}

static void file(const struct condition *c, struct finding *f) {
    if (without_login(c, f))
        return;
    if (c->relay.map_path[0] == '\0') {
        finding_say(f, RESULT_CRITICAL, "smtp_sasl_password_maps names no file");
        finding_fix(f, "sudo relaywatch install");
    } else if (c->password.text.there != SEEN_YES) {
        finding_say(f, RESULT_CRITICAL, "%s is not there", c->relay.map_path);
        finding_fix(f, "sudo relaywatch restore   # or: sudo relaywatch install");
    } else {
        finding_say(f, RESULT_OK, "%s", c->relay.map_path);
    }
}

/* The checks of a password file that is not there say so once. */
static bool no_file(const struct condition *c, struct finding *f) {
    if (without_login(c, f))
        return true;
    if (c->password.text.there == SEEN_YES)
        return false;
    finding_say(f, RESULT_UNKNOWN, "there is no password file");
    return true;
}

static void format(const struct condition *c, struct finding *f) {
    if (no_file(c, f))
        return;
    finding_say(f, RESULT_OK, "every line is `relay user:password`");
    if (c->password.problems == 0)
        return;
    finding_say(f, RESULT_CRITICAL, "%s, line %u: %s", c->relay.map_path, c->password.line,
                c->password.what);
    finding_fix(f, "sudoedit %s && sudo relaywatch credentials rotate", c->relay.map_path);
}

static void owner(const struct condition *c, struct finding *f) {
    const struct condition_file *text = &c->password.text, *index = &c->password.index;

    if (no_file(c, f))
        return;
    finding_say(f, RESULT_OK, "root alone can read the password");
    if (text->owner != 0 || (text->mode & 077) != 0) {
        finding_say(f, RESULT_CRITICAL, "%s: mode %04o, owner %u", c->relay.map_path,
                    (unsigned)text->mode & 07777, (unsigned)text->owner);
        finding_fix(f, "sudo chown root: %s && sudo chmod 600 %s", c->relay.map_path,
                    c->relay.map_path);
        f->mend = MEND_MODE;
    } else if (index->there == SEEN_YES && (index->owner != 0 || (index->mode & 077) != 0)) {
        finding_say(f, RESULT_CRITICAL, "the index of %s: mode %04o, owner %u", c->relay.map_path,
                    (unsigned)index->mode & 07777, (unsigned)index->owner);
        finding_fix(f, "sudo chmod 600 %s.*", c->relay.map_path);
        f->mend = MEND_INDEX_MODE;
    }
}

/* A secret manager's file; Kubernetes makes it 0644 unless told otherwise. */
static void new_login(const struct condition *c, struct finding *f) {
    const char *path = c->conf.credential_source;

    finding_say(f, RESULT_NONE, "credential_source names no file");
    if (path[0] == '\0' || without_login(c, f))
        return;
    finding_say(f, RESULT_OK, "%.200s: root alone can read it", path);
    if (c->new_login.there != SEEN_YES) {
        finding_say(f, RESULT_WARNING, "%.200s is not there", path);
        finding_fix(f, "ls -l %.200s", path);
    } else if ((c->new_login.mode & 077) != 0) {
        finding_say(f, RESULT_WARNING, "%.200s: mode %04o lets others read the login", path,
                    (unsigned)c->new_login.mode & 07777);
        finding_fix(f, "sudo chmod 600 %.200s   # Kubernetes: defaultMode: 0400", path);
    }
}

static void key(const struct condition *c, struct finding *f) {
    if (no_file(c, f))
        return;
    if (c->relay.host[0] == '\0') {
        finding_say(f, RESULT_UNKNOWN, "no relay is known to look for");
        return;
    }
    finding_say(f, RESULT_OK, "the password file has an entry for %s", c->relay.host);
    if (c->password.in_text == SEEN_YES)
        return;
    finding_say(f, RESULT_CRITICAL, "no entry for %s, nor for %s: Postfix would not log in",
                c->relay.host, c->relay.nexthop);
    finding_fix(f, "sudoedit %s   # the line must begin with %s", c->relay.map_path, c->relay.host);
}

static void map(const struct condition *c, struct finding *f) {
    if (no_file(c, f))
        return;
    finding_say(f, RESULT_OK, "%s answers as the file says", c->relay.map_type);
    if (c->password.in_text != SEEN_YES) {
        finding_say(f, RESULT_UNKNOWN, "the file has no entry for the relay to ask for");
        return;
    }
    if (c->password.map_same == SEEN_YES)
        return;
    finding_say(f, RESULT_CRITICAL, "%s:%s %s", c->relay.map_type, c->relay.map_path,
                c->password.map_knows == SEEN_YES ? "still has another login than the file"
                                                  : "does not know the relay");
    finding_fix(f, "sudo relaywatch credentials rotate");
    f->mend = MEND_INDEX;
}

static bool not_probed(const struct condition *c, struct finding *f) {
    if (c->parameters == NULL || c->relay.host[0] == '\0')
        finding_say(f, RESULT_UNKNOWN, "no relay is known to try");
    else if (!c->root)
        finding_say(f, RESULT_UNKNOWN, "only root can try: sudo relaywatch doctor");
    else if (c->outside->probed != SEEN_YES)
        finding_say(f, RESULT_UNKNOWN, "%.60s port %u gave no answer in time%s%.120s",
                    c->relay.host, c->relay.port, c->outside->probe_error[0] != '\0' ? ": " : "",
                    c->outside->probe_error);
    else
        return false;
    return true;
}

/* Before the relay was asked: is there a login to send? */
static bool no_login_sent(const struct condition *c, struct finding *f) {
    char age[32];

    if (!c->relay.sasl)
        return false;
    if (c->login_refused_ms != 0) {
        text_age(age, sizeof age, c->now_s - c->login_refused_ms / 1000);
        finding_say(f, RESULT_CRITICAL,
                    "%.100s refused this login %s ago; it was not sent again (lock-out)",
                    c->relay.host, age);
        finding_fix(f, "sudo relaywatch credentials set   # a new one; is this one good again: "
                       "sudo relaywatch credentials verify");
        return true;
    }
    if (c->password.map_knows == SEEN_YES)
        return false;
    finding_say(f, RESULT_UNKNOWN, "Postfix has no login for the relay: see credentials-map");
    return true;
}

static void login(const struct condition *c, struct finding *f) {
    const struct probe_verdict *v = &c->outside->verdict;
    char said[160];

    if (not_probed(c, f) || no_login_sent(c, f))
        return;
    text_copy_printable(said, sizeof said, (struct span){v->text, strnlen(v->text, 512)});
    switch ((enum probe_result)v->result) {
    case PROBE_OK:
        finding_say(f, RESULT_OK, "%s took %s", c->relay.host,
                    c->relay.sasl ? "the login" : "the connection (no login is configured)");
        return;
    case PROBE_REFUSED:
        finding_say(f, RESULT_CRITICAL, "%.80s refused the login: %.140s", c->relay.host, said);
        finding_fix(f, "sudo relaywatch credentials set   # with a new app password");
        return;
    case PROBE_NO_MECHANISM:
        finding_say(f, RESULT_CRITICAL, "no login mechanism on both sides: %.140s", said);
        finding_fix(f, "sudo apt-get install libsasl2-modules   # EL: cyrus-sasl-plain");
        return;
    case PROBE_TEMPORARY:
        finding_say(f, RESULT_WARNING, "the relay does not take the login now: %.140s", said);
        finding_fix(f, "sudo relaywatch doctor --only login   # in 15 minutes, not sooner");
        return;
    case PROBE_TLS:
        finding_say(f, RESULT_UNKNOWN, "it did not come to a login: see tls");
        return;
    case PROBE_UNREACHABLE:
    case PROBE_TIMEOUT:
    case PROBE_PROTOCOL:
    case PROBE_INTERNAL:
        break;
    }
    finding_say(f, RESULT_CRITICAL, "it did not come to a login: %.160s", said);
    finding_fix(f, "sudo relaywatch doctor --only dns,tcp-%u,tls",
                c->relay.port == 465 ? 465 : 587);
}

static void tls(const struct condition *c, struct finding *f) {
    const struct probe_verdict *v = &c->outside->verdict;
    char said[160];

    if (not_probed(c, f))
        return;
    text_copy_printable(said, sizeof said, (struct span){v->text, strnlen(v->text, 512)});
    if (v->result == PROBE_TLS) {
        finding_say(f, RESULT_CRITICAL, "TLS with %.80s failed: %.130s", c->relay.host, said);
        finding_fix(f, "openssl s_client -connect %.100s:%u %s -servername %.100s", c->relay.host,
                    c->relay.port, c->relay.implicit_tls ? "" : "-starttls smtp", c->relay.host);
    } else if (v->tls_version[0] == '\0') {
        finding_say(f, RESULT_UNKNOWN, "it did not come to TLS");
    } else {
        finding_say(f, RESULT_OK, "chain and name are good");
    }
}

/* OpenSSL's words for a server whose newest version is older than our oldest. */
static bool too_old(const struct probe_verdict *v) {
    struct span said = {v->text, strnlen(v->text, sizeof v->text)};

    return v->result == PROBE_TLS && (span_find(said, "unsupported protocol") != NULL ||
                                      span_find(said, "protocol version") != NULL);
}

static void tls_version(const struct condition *c, struct finding *f) {
    const char *version = c->outside->verdict.tls_version;

    if (not_probed(c, f))
        return;
    if (too_old(&c->outside->verdict)) {
        finding_say(f, RESULT_CRITICAL, "%.80s has no TLS as new as 1.2", c->relay.host);
        finding_fix(f, "# the relay's owner must offer TLSv1.2 or later");
    } else if (version[0] == '\0') {
        finding_say(f, RESULT_UNKNOWN, "it did not come to TLS");
    } else {
        finding_say(f, RESULT_OK, "%s", version);
    }
}

static void tls_expiry(const struct condition *c, struct finding *f) {
    int64_t at = c->outside->verdict.certificate_expires_s, left = at - c->now_s;
    char age[32];

    if (not_probed(c, f))
        return;
    if (at == 0) {
        finding_say(f, RESULT_UNKNOWN, "no certificate was seen");
        return;
    }
    text_age(age, sizeof age, left);
    finding_say(f,
                left < DAY_S       ? RESULT_CRITICAL
                : left < 7 * DAY_S ? RESULT_WARNING
                                   : RESULT_OK,
                left < 0 ? "the relay's certificate has expired" : "expires in %s", age);
    if (left < 7 * DAY_S)
        finding_fix(f, "date   # right? Then the relay's owner must renew its certificate");
}

/* The probe leaves by the kernel's own choice; Postfix may be told another address. */
static bool leaves_elsewhere(const struct condition *c, const char *seen, struct finding *f) {
    bool six = strchr(seen, ':') != NULL;
    char bound[64], protocols[64];

    condition_parameter(c, six ? "smtp_bind_address6" : "smtp_bind_address", bound, sizeof bound);
    condition_parameter(c, "inet_protocols", protocols, sizeof protocols);
    if (six && strstr(protocols, "all") == NULL && strstr(protocols, "ipv6") == NULL) {
        finding_say(f, RESULT_UNKNOWN,
                    "seen over IPv6 as %s, but Postfix sends over IPv4 alone (inet_protocols)",
                    seen);
        return true;
    }
    if (bound[0] == '\0' || strcmp(bound, seen) == 0)
        return false;
    finding_say(f, RESULT_UNKNOWN, "seen as %s, but Postfix sends from %s (smtp_bind_address)",
                seen, bound);
    return true;
}

static void egress(const struct condition *c, struct finding *f) {
    char seen[64];

    if (not_probed(c, f))
        return;
    text_copy_printable(seen, sizeof seen,
                        (struct span){c->outside->verdict.egress,
                                      strnlen(c->outside->verdict.egress, sizeof seen - 1)});
    if (seen[0] == '\0') {
        finding_say(f, RESULT_NONE, "the relay does not say which address it sees");
        return;
    }
    if (leaves_elsewhere(c, seen, f))
        return;
    finding_say(f, RESULT_OK, "the relay sees us as %s%s", seen,
                c->relay.sasl ? "" : ": its allow-list must have it");
    if (strchr(seen, ':') != NULL && c->outside->egress_named == SEEN_NO) {
        finding_say(f, RESULT_WARNING, "the relay sees us as %s, which has no name (PTR)", seen);
        finding_fix(f, "sudo postconf -e inet_protocols=ipv4 && sudo postfix stop && sudo postfix "
                       "start   # or publish a PTR record");
    }
}

static void dns(const struct condition *c, struct finding *f) {
    if (c->parameters == NULL || c->relay.host[0] == '\0') {
        finding_say(f, RESULT_UNKNOWN, "no relay is known to look up");
    } else if (c->outside->resolved == SEEN_YES) {
        finding_say(f, RESULT_OK, "%s: %u IPv4, %u IPv6", c->relay.host, c->outside->ipv4,
                    c->outside->ipv6);
    } else {
        finding_say(f, RESULT_CRITICAL, "%.100s: %s", c->relay.host,
                    c->outside->resolved == SEEN_NO ? c->outside->dns_error
                                                    : "no answer from DNS in time");
        finding_fix(f, "getent ahosts %s; cat /etc/resolv.conf", c->relay.host);
    }
}

static const char *reach_word(enum reach reach) {
    static const char *const words[] = {"not tried", "no address",        "open",
                                        "refused",   "no answer in time", "no way there"};

    return words[reach];
}

/* smtp(8) takes the families in turn, and waits smtp_connect_timeout for each address. */
static bool uses_ipv6(const struct condition *c) {
    char protocols[64];

    condition_parameter(c, "inet_protocols", protocols, sizeof protocols);
    return strstr(protocols, "all") != NULL || strstr(protocols, "ipv6") != NULL;
}

static void tcp(const struct condition *c, struct finding *f, int which, uint32_t port) {
    const enum reach *r = c->outside->reach[which];
    bool open = r[0] == REACH_OPEN || r[1] == REACH_OPEN;
    bool waits = r[1] == REACH_SILENT && uses_ipv6(c);

    if (c->outside->resolved != SEEN_YES) {
        finding_say(f, RESULT_UNKNOWN, "the relay has no address to try");
        return;
    }
    finding_say(f,
                c->relay.port != port ? RESULT_NONE
                : open && !waits      ? RESULT_OK
                : open                ? RESULT_WARNING
                                      : RESULT_CRITICAL,
                "IPv4: %s, IPv6: %s%s", reach_word(r[0]), reach_word(r[1]),
                c->relay.port == port ? "" : " (this port is not in use)");
    if (c->relay.port == port && open && waits)
        finding_fix(f, "sudo postconf -e inet_protocols=ipv4 && sudo postfix stop && sudo postfix "
                       "start   # or mend IPv6: mail may wait 30 s for it");
    if (c->relay.port == port && !open)
        finding_fix(f, "nc -vz %s %u   # does a firewall let port %u out?", c->relay.host, port,
                    port);
}

static void tcp_587(const struct condition *c, struct finding *f) {
    tcp(c, f, 0, 587);
}

static void tcp_465(const struct condition *c, struct finding *f) {
    tcp(c, f, 1, 465);
}

const struct check login_checks[] = {
    {"credentials-file", "password file", "without it Postfix does not log in and mail bounces",
     file},
    {"credentials-format", "its lines", "postmap skips a bad line without a word that is heeded",
     format},
    {"credentials-owner", "who can read it", "whoever reads it can send as you", owner},
    {"credentials-source", "where a new one comes from",
     "whoever reads the next login can send as you", new_login},
    {"credentials-key", "entry for the relay",
     "without one Postfix does not log in, and says nothing: mail bounces", key},
    {"credentials-map", "its map", "Postfix reads the map, not the file that you edit", map},
    {"dns", "the relay's name", "without an address nothing can be sent", dns},
    {"tcp-587", "port 587", "the way to the relay by STARTTLS", tcp_587},
    {"tcp-465", "port 465", "the way to the relay by TLS from the start", tcp_465},
    {"tls", "TLS: chain and name", "a certificate that does not prove the name stops all mail",
     tls},
    {"tls-version", "TLS: version", "old versions can be read by others", tls_version},
    {"tls-expiry", "TLS: certificate", "all mail waits once it has expired", tls_expiry},
    {"login", "login, live", "mail waits, and bounces in the end, while it is refused", login},
    {"egress-address", "our address", "an allow-list must have the address that the relay sees",
     egress},
};
const size_t login_check_count = sizeof login_checks / sizeof login_checks[0];
