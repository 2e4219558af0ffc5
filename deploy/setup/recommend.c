/* See recommend.h. */
#include "recommend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"
#include "maincf.h"
#include "settings.h"

enum { VALUE = 4096 };

struct recommend {
    char *before, *after;
    char *notes;
    char value[VALUE];
};

static const struct {
    const char *name, *why;
} table[] = {
    {"relayhost", "with brackets and one value: no MX look-up can send mail elsewhere, and a "
                  "mistyped name delays mail instead of returning it"},
    {"smtp_tls_security_level",
     "only `secure` proves that the server is the relay before it gets the password; `may` sends "
     "it in clear when somebody on the way takes STARTTLS out"},
    {"smtp_tls_wrappermode", "port 465 speaks TLS from the first byte, port 587 does not"},
    {"smtp_tls_servername", "some relays show the right certificate only when they are named"},
    {"smtp_tls_CAfile", "without a readable file of CA certificates no TLS session can be proved "
                        "and all mail waits; a CApath must also exist inside the chroot"},
    {"smtp_tls_mandatory_protocols", "older versions of TLS are broken"},
    {"smtp_tls_loglevel", "1 logs a line a session; 3 and 4 write the password to the log"},
    {"smtp_use_tls", "deprecated; Postfix 3.9 and later warn, and smtp_tls_security_level decides"},
    {"smtp_enforce_tls", "deprecated; smtp_tls_security_level decides"},
    {"smtp_sasl_auth_enable",
     "without a login the relay refuses mail, and mail that it refuses is returned to its sender"},
    {"smtp_sasl_password_maps", "where the login stands; a table inline in main.cf can be read by "
                                "every user of this host"},
    {"smtp_sasl_mechanism_filter", "other mechanisms that a relay may offer fail with a password"},
    {"smtp_sasl_security_options",
     "without noplaintext the password goes over a connection that is not encrypted"},
    {"smtp_sasl_tls_security_options",
     "without noplaintext the password goes to a server whose name was not proved"},
    {"smtp_sasl_tls_verified_security_options",
     "the password may go to a server whose name was proved, and must, or no mail is sent"},
    {"smtp_sasl_auth_soft_bounce", "a refused login delays mail; with `no` mail is returned"},
    {"smtp_helo_name", "a relay that knows hosts by name refuses `localhost` and short names "
                       "(421 4.7.0)"},
    {"smtp_delivery_status_filter", "refusals that are about this host, not the recipient, delay "
                                    "mail instead of returning it"},
    {"smtp_host_lookup", "the relay's name stands in /etc/hosts, which the DNS does not know"},
    {"inet_interfaces", "others can reach this relay's port: right only if they are meant to "
                        "(install --listen)"},
    {"inet_protocols", "mail over IPv6 leaves from an address that the relay may not know"},
    {"mynetworks", "who is in it may send through your account"},
    {"smtpd_relay_restrictions", "strangers must be refused, or this is an open relay"},
    {"smtpd_milters", "relaywatch-milter sees what enters; with default_action=accept mail passes "
                      "also when it is dead or hangs"},
    {"non_smtpd_milters", "mail that is handed in with sendmail(1) is seen, too"},
    {"compatibility_level", "a version number there is fatal before Postfix 3.6"},
    {"maillog_file", "relaywatch and you need a log"},
    {"maximal_queue_lifetime", "so long mail waits for a relay that fails; then it is returned"},
    {"mail_version", ""},
};

enum { PARAMETERS = sizeof table / sizeof table[0] };

size_t recommend_count(void) {
    return PARAMETERS;
}

const char *recommend_name(size_t i) {
    return table[i].name;
}

const char *recommend_why(size_t i) {
    return table[i].why;
}

/* What the operator would have asked of install. */
static void wishes(const struct recommend_input *in, struct wants *w) {
    wants_init(w);
    text_copy(w->host, sizeof w->host, in->facts->host);
    w->port = in->facts->port;
    w->ip_allowlisted = !in->facts->sasl && in->facts->map_type[0] == '\0';
    text_copy(w->ca_file, sizeof w->ca_file, in->facts->ca_file);
}

struct recommend *recommend_new(const struct recommend_input *in) {
    struct wants *w = xcalloc(1, sizeof *w);
    struct recommend *r = NULL;
    char helo[256], type[64], path[512], socket[256];
    size_t size;
    struct settings s = {.machine = in->machine,
                         .wants = w,
                         .config_dir = in->config_dir,
                         .map_path = path,
                         .map_type = type,
                         .milter_socket = socket,
                         .helo = helo,
                         .journal = in->journal};

    wishes(in, w);
    if (w->host[0] != '\0') {
        r = xcalloc(1, sizeof *r);
        settings_helo(in->machine, w, in->main_cf, helo, sizeof helo);
        if (helo[0] == '\0')
            text_copy(helo, sizeof helo, in->machine->myhostname);
        settings_map(in->machine, in->main_cf, in->config_dir, type, sizeof type, path,
                     sizeof path);
        settings_socket(in->machine, in->milter_socket, socket, sizeof socket);
        s.notes = open_memstream(&r->notes, &size);
        if (s.notes == NULL)
            abort();
        r->before = xstrdup(in->main_cf);
        r->after = settings_main_cf(&s, in->main_cf);
        if (fclose(s.notes) != 0)
            abort();
    }
    free(w);
    return r;
}

void recommend_free(struct recommend **r) {
    if (*r == NULL)
        return;
    free((*r)->before);
    free((*r)->after);
    free((*r)->notes);
    free(*r);
    *r = NULL;
}

/* Commas and blanks are the same to Postfix in a list. */
static bool same_list(const char *a, const char *b) {
    for (;;) {
        size_t n, k;

        a += strspn(a, ", \t");
        b += strspn(b, ", \t");
        n = strcspn(a, ", \t");
        k = strcspn(b, ", \t");
        if (n != k || memcmp(a, b, n) != 0)
            return false;
        if (n == 0)
            return true;
        a += n;
        b += n;
    }
}

const char *recommend_value(struct recommend *r, size_t i, const char *now) {
    const char *name = table[i].name;
    char set[VALUE];

    if (r == NULL)
        return NULL;
    if (!maincf_get(r->after, name, r->value, sizeof r->value)) {
        r->value[0] = '\0';
        return maincf_has(r->before, name) && !maincf_has(r->after, name) ? r->value : NULL;
    }
    if (same_list(r->value, now))
        return NULL;
    /* With $name in it: what stands there is what would be written. */
    if (maincf_get(r->before, name, set, sizeof set) && strcmp(set, r->value) == 0)
        return NULL;
    return r->value;
}

const char *recommend_notes(const struct recommend *r) {
    return r != NULL && r->notes != NULL ? r->notes : "";
}

void recommend_mask(char *value) {
    static const char *const types[] = {"inline:", "static:"};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char *found = strstr(value, types[i]);
        char *secret = found != NULL ? found + strlen(types[i]) : NULL;

        if (secret != NULL && secret[0] != '\0')
            memcpy(secret, "***", strlen(secret) < 3 ? strlen(secret) : 4);
    }
}
