/* See settings.h. A group of parameters is one function. */
#include "settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"
#include "maincf.h"
#include "milterlist.h"

enum { VALUE = 2048 };

static const char MARK[] =
    "\n# Added by relaywatch install; relaywatch uninstall takes it out again.\n";

struct edit {
    const struct settings *s;
    char *text;
    bool fresh; /* there was no main.cf: it is all ours */
};

static void take_text(struct edit *e, char *next) {
    free(e->text);
    e->text = next;
}

static void add_text(struct edit *e, const char *more) {
    size_t n = strlen(e->text), size = n + strlen(more) + 2;
    char *next = xcalloc(1, size);

    text_format(next, size, "%s%s%s", e->text, n > 0 && e->text[n - 1] != '\n' ? "\n" : "", more);
    take_text(e, next);
}

/* In a file that is all ours each group has its heading. */
static void heading(struct edit *e, const char *comment) {
    if (e->fresh)
        add_text(e, comment);
}

static void want(struct edit *e, const char *name, const char *value) {
    char now[VALUE];

    if (maincf_get(e->text, name, now, sizeof now) && strcmp(now, value) == 0)
        return;
    if (!e->fresh && !maincf_has(e->text, name) && strstr(e->text, MARK) == NULL) {
        add_text(e, MARK);
    }
    take_text(e, maincf_set(e->text, name, value));
}

static void want_unless_set(struct edit *e, const char *name, const char *value) {
    if (!maincf_has(e->text, name))
        want(e, name, value);
}

static void drop(struct edit *e, const char *name) {
    if (maincf_has(e->text, name))
        take_text(e, maincf_unset(e->text, name));
}

static bool is(const struct edit *e, const char *name, const char *value) {
    char now[VALUE];

    return maincf_get(e->text, name, now, sizeof now) && strcmp(now, value) == 0;
}

static void note(const struct edit *e, const char *name, const char *text) {
    char now[VALUE];

    if (maincf_get(e->text, name, now, sizeof now) && now[0] != '\0')
        fprintf(e->s->notes, "%s = %.100s: %s\n", name, now, text);
}

/* ---- this host ---- */

static void this_host(struct edit *e) {
    const struct machine *m = e->s->machine;
    const char *at = strchr(e->s->wants->address, '@');
    const char *domain = at != NULL ? at + 1 : strchr(e->s->helo, '.') + 1;
    char level[VALUE];

    if (e->fresh) {
        want(e, "compatibility_level", machine_at_least(m, 3, 6) ? "3.6" : "2");
        want(e, "myhostname", e->s->helo);
        want(e, "myorigin", domain);
        want(e, "smtp_helo_name", "$myhostname");
        want(e, "enable_long_queue_ids", "yes");
        return;
    }
    if (!machine_at_least(m, 3, 6) &&
        maincf_get(e->text, "compatibility_level", level, sizeof level) &&
        strchr(level, '.') != NULL)
        want(e, "compatibility_level", "2"); /* a version there is fatal before 3.6 */
    if (strcmp(e->s->helo, m->myhostname) != 0 ||
        (maincf_has(e->text, "smtp_helo_name") && !is(e, "smtp_helo_name", "$myhostname")))
        want(e, "smtp_helo_name", e->s->helo);
}

/* Nothing is delivered here: only in a main.cf of our own, as others may have mailboxes. */
static void no_local_mail(struct edit *e) {
    if (!e->fresh)
        return;
    heading(e, "\n# No mail is delivered on this host.\n");
    want(e, "mydestination", "");
    want(e, "local_recipient_maps", "");
    want(e, "local_transport", "error:5.1.1 no local delivery on this relay");
    want(e, "alias_maps", "");
    want(e, "alias_database", "");
}

/* ---- who may send through it ---- */

bool settings_loopback_only(const char *interfaces) {
    static const char *const words[] = {"loopback-only", "localhost", "127.0.0.1", "[::1]", "::1"};
    bool any = false;

    while (*interfaces != '\0') {
        size_t n = strcspn(interfaces, ", \t"), i;

        for (i = 0; n > 0 && i < sizeof words / sizeof words[0]; i++) {
            if (span_is((struct span){interfaces, n}, words[i]))
                break;
        }
        if (n > 0 && i == sizeof words / sizeof words[0])
            return false;
        any = any || n > 0;
        interfaces += n + (interfaces[n] != '\0');
    }
    return any;
}

/* An address in master.cf's service name needs no inet_interfaces; on the standard port it does. */
static void interfaces(struct edit *e) {
    const struct wants *w = e->s->wants;
    const char *address = w->listen_address;
    char now[VALUE] = "", value[160];

    if (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0)
        address = "";
    maincf_get(e->text, "inet_interfaces", now, sizeof now);
    if (address[0] == '\0') {
        if (!settings_loopback_only(now))
            want(e, "inet_interfaces", "loopback-only");
    } else {
        bool six = strchr(address, ':') != NULL;

        text_format(value, sizeof value, "127.0.0.1, %s%s%s", six ? "[" : "", address,
                    six ? "]" : "");
        want(e, "inet_interfaces", value);
        if (w->network_count == 0)
            fprintf(e->s->notes,
                    "listening on %s, but only this host may send: name the others with "
                    "--trust-network\n",
                    address);
    }
    want_unless_set(e, "inet_protocols", strchr(address, ':') != NULL ? "all" : "ipv4");
}

/* Is a network of "all the world" in the list? */
static bool is_open(const char *networks) {
    while (*networks != '\0') {
        size_t n = strcspn(networks, ", \t");

        if ((n >= 2 && networks[n - 1] == '0' && networks[n - 2] == '/') ||
            span_is((struct span){networks, n}, "static:all"))
            return true;
        networks += n + (networks[n] != '\0');
    }
    return false;
}

static bool has_word(const char *list, const char *word) {
    while (*list != '\0') {
        size_t n = strcspn(list, ", \t");

        if (span_is((struct span){list, n}, word))
            return true;
        list += n + (list[n] != '\0');
    }
    return false;
}

static void networks(struct edit *e) {
    const struct wants *w = e->s->wants;
    char value[VALUE] = "";
    bool has = maincf_get(e->text, "mynetworks", value, sizeof value);

    if (has && is_open(value)) {
        fprintf(e->s->notes, "mynetworks = %.100s trusted the whole world: replaced\n", value);
        has = false;
    }
    if (!has)
        text_copy(value, sizeof value, "127.0.0.0/8");
    for (int i = 0; i < w->network_count; i++) {
        size_t n = strlen(value);

        if (!has_word(value, w->networks[i]))
            text_format(value + n, sizeof value - n, "%s%s", n > 0 ? ", " : "", w->networks[i]);
    }
    want(e, "mynetworks", value);
}

/* What ends in a refusal of strangers may stay, unless it is only the distribution's. */
static bool is_safe(const char *restrictions) {
    static const char *const ends[] = {"reject", "defer", "reject_unauth_destination",
                                       "defer_unauth_destination"};

    if (has_word(restrictions, "permit"))
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (has_word(restrictions, ends[i]))
            return true;
    }
    return false;
}

static void restrictions(struct edit *e) {
    char now[VALUE];

    if (maincf_get(e->text, "smtpd_relay_restrictions", now, sizeof now) && is_safe(now) &&
        strcmp(now, "permit_mynetworks permit_sasl_authenticated defer_unauth_destination") != 0)
        return;
    want(e, "smtpd_relay_restrictions", "permit_mynetworks, reject");
    if (e->fresh) {
        want(e, "smtpd_recipient_restrictions", "permit_mynetworks, reject");
        want(e, "disable_vrfy_command", "yes");
    }
}

/* ---- the way out ---- */

static void relayhost(struct edit *e) {
    const struct wants *w = e->s->wants;
    char value[300];

    text_format(value, sizeof value, "[%s]:%u", w->host, w->port);
    want(e, "relayhost", value);
    if (e->s->machine->relay_in_hosts)
        want(e, "smtp_host_lookup", "native"); /* its name stands in /etc/hosts, not in the DNS */
    else if (is(e, "smtp_host_lookup", "native"))
        drop(e, "smtp_host_lookup");
    note(e, "sender_dependent_relayhost_maps",
         "some senders' mail takes another way than the relay");
    note(e, "transport_maps", "mail for some recipients may take another way than the relay");
    note(e, "default_transport", "mail does not take smtp: the relay may not be used");
}

static void tls(struct edit *e) {
    const struct settings *s = e->s;
    char file[256];

    want(e, "smtp_tls_security_level", "secure");
    if (s->wants->port == 465 || maincf_has(e->text, "smtp_tls_wrappermode"))
        want(e, "smtp_tls_wrappermode", s->wants->port == 465 ? "yes" : "no");
    want_unless_set(e, "smtp_tls_servername", "hostname");
    text_copy(file, sizeof file,
              s->wants->ca_file[0] != '\0' ? s->wants->ca_file : s->machine->ca_file);
    if (file[0] != '\0')
        want(e, "smtp_tls_CAfile", file);
    want(e, "smtp_tls_mandatory_protocols",
         machine_at_least(s->machine, 3, 6) ? ">=TLSv1.2" : "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1");
    if (!is(e, "smtp_tls_loglevel", "2"))
        want(e, "smtp_tls_loglevel", "1"); /* 3 and 4 write the password to the log */
    drop(e, "smtp_use_tls");
    drop(e, "smtp_enforce_tls");
    if (machine_at_least(s->machine, 3, 9) && is(e, "smtpd_use_tls", "yes"))
        want_unless_set(e, "smtpd_tls_security_level", "may");
    if (machine_at_least(s->machine, 3, 9))
        drop(e, "smtpd_use_tls");
    note(e, "smtp_tls_policy_maps", "may give the relay another TLS level than secure");
    note(e, "smtp_tls_per_site", "may give the relay another TLS level than secure");
    note(e, "debug_peer_list", "writes the password to the log when the relay is in it");
}

static void login(struct edit *e) {
    const struct settings *s = e->s;
    char map[400];

    if (s->wants->ip_allowlisted) {
        want(e, "smtp_sasl_auth_enable", "no");
        drop(e, "smtp_sasl_password_maps");
        return;
    }
    text_format(map, sizeof map, "%s:%s", s->map_type, s->map_path);
    want(e, "smtp_sasl_auth_enable", "yes");
    want(e, "smtp_sasl_password_maps", map);
    want(e, "smtp_sasl_mechanism_filter", "plain, login");
    /* The password goes only to a server whose name was proved. */
    want(e, "smtp_sasl_security_options", "noplaintext, noanonymous");
    want(e, "smtp_sasl_tls_security_options", "noplaintext, noanonymous");
    want(e, "smtp_sasl_tls_verified_security_options", "noanonymous");
    want(e, "smtp_sasl_auth_soft_bounce", "yes");
    note(e, "smtp_sender_dependent_authentication",
         "a login for the sender goes before that of the relay");
    note(e, "smtp_sasl_auth_cache_name", "a refused password is remembered there");
}

static void guard(struct edit *e) {
    char value[400], now[VALUE];

    text_format(value, sizeof value, "regexp:%s/relay_dsn_filter", e->s->config_dir);
    if (maincf_get(e->text, "smtp_delivery_status_filter", now, sizeof now) && now[0] != '\0' &&
        strcmp(now, value) != 0)
        fprintf(e->s->notes,
                "smtp_delivery_status_filter = %.100s is yours and stays: add the lines of "
                "%s/relay_dsn_filter "
                "to it, or mail that the relay refuses because of us is returned\n",
                now, e->s->config_dir);
    else
        want(e, "smtp_delivery_status_filter", value);
}

/* ---- the observer ---- */

static void milters(struct edit *e) {
    const char *socket = e->s->milter_socket;
    char entry[400], now[VALUE] = "", next[VALUE];

    text_format(
        entry, sizeof entry,
        "{ %s, connect_timeout=1s, command_timeout=2s, content_timeout=5s, default_action=accept }",
        socket);
    maincf_get(e->text, "smtpd_milters", now, sizeof now);
    if (!milterlist_has(now, socket) && milterlist_add(now, socket, entry, next, sizeof next))
        want(e, "smtpd_milters", next);
    now[0] = '\0';
    maincf_get(e->text, "non_smtpd_milters", now, sizeof now);
    if (strstr(now, "$smtpd_milters") == NULL && !milterlist_has(now, socket)) {
        /* Not $smtpd_milters where there are others: they were not asked about local mail so far.
         */
        char all[VALUE] = "";

        maincf_get(e->text, "smtpd_milters", all, sizeof all);
        if (now[0] == '\0' && milterlist_count(all) == 1)
            want(e, "non_smtpd_milters", "$smtpd_milters");
        else if (milterlist_add(now, socket, entry, next, sizeof next))
            want(e, "non_smtpd_milters", next);
    }
    note(e, "smtpd_milter_maps", "may switch relaywatch-milter off for some clients");
}

/* Without a syslog daemon there is no file to follow: Postfix writes it itself. */
static void logging(struct edit *e) {
    if (!e->s->journal && !e->s->machine->syslogd && machine_at_least(e->s->machine, 3, 4))
        want_unless_set(e, "maillog_file", "/var/log/mail.log");
}

char *settings_main_cf(const struct settings *s, const char *main_cf) {
    struct edit e = {.s = s, .fresh = main_cf == NULL};

    e.text =
        xstrdup(main_cf != NULL
                    ? main_cf
                    : "# Written by relaywatch install: mail of this host goes through one relay.\n"
                      "# The parameters: postconf(5). Edit it as you like.\n\n");
    this_host(&e);
    no_local_mail(&e);
    heading(&e, "\n# Who may send: this host, and the networks in mynetworks.\n");
    interfaces(&e);
    networks(&e);
    restrictions(&e);
    heading(&e, "\n# The relay. TLS proves its name, or the mail stays here.\n");
    relayhost(&e);
    tls(&e);
    heading(&e, "\n# The login.\n");
    login(&e);
    heading(&e, "\n# When the relay refuses us, not the recipient, mail waits.\n");
    guard(&e);
    if (e.fresh)
        want(&e, "message_size_limit", "35882577");
    logging(&e);
    heading(&e, "\n# relaywatch-milter only looks on: dead or hung, mail passes.\n");
    milters(&e);
    return e.text;
}

void settings_helo(const struct machine *m, const struct wants *w, const char *main_cf, char *out,
                   size_t size) {
    const char *at = strchr(w->address, '@');
    const char *name = m->fqdn;
    char now[256];

    if (w->helo[0] != '\0')
        text_copy(out, size, w->helo);
    else if (main_cf != NULL && maincf_get(main_cf, "smtp_helo_name", now, sizeof now) &&
             wants_is_fqdn(now))
        text_copy(out, size, now);
    else if (main_cf != NULL && wants_is_fqdn(m->myhostname))
        text_copy(out, size, m->myhostname);
    else if (wants_is_fqdn(name))
        text_copy(out, size, name);
    else if (at != NULL)
        text_format(out, size, "%.*s.%s", (int)strcspn(name, "."),
                    name[0] != '\0' && isalpha((unsigned char)name[0]) &&
                            strncmp(name, "localhost", 9) != 0
                        ? name
                        : "relay",
                    at + 1);
    else
        out[0] = '\0';
}

void settings_map(const struct machine *m, const char *main_cf, const char *config_dir, char *type,
                  size_t type_size, char *path, size_t path_size) {
    char now[512], word[64];
    const char *colon;

    if (main_cf != NULL && maincf_get(main_cf, "smtp_sasl_password_maps", now, sizeof now) &&
        (colon = strchr(now, ':')) != NULL && colon[1] == '/' && strpbrk(now, " ,\t$") == NULL &&
        text_copy_span(word, sizeof word, (struct span){now, (size_t)(colon - now)}) &&
        machine_lists(m->map_types, word) &&
        machine_lists(" hash btree lmdb cdb texthash ", word)) {
        text_copy(type, type_size, word);
        text_copy(path, path_size, colon + 1);
        return;
    }
    text_copy(type, type_size, machine_map_type(m));
    text_format(path, path_size, "%s/sasl_passwd", config_dir);
}

void settings_socket(const struct machine *m, const char *socket, char *out, size_t size) {
    size_t n = strlen(m->queue_directory);
    const char *at = strchr(socket, '@');

    if (strncmp(socket, "unix:", 5) == 0 && strncmp(socket + 5, m->queue_directory, n) == 0 &&
        socket[5 + n] == '/')
        text_format(out, size, "unix:%s", socket + 5 + n + 1);
    else if (strncmp(socket, "inet:", 5) == 0 && at != NULL)
        text_format(out, size, "inet:%s:%.*s", at + 1, (int)(at - socket - 5), socket + 5);
    else
        text_copy(out, size, socket);
}

char *settings_guard(const char *host) {
    static const char *const patterns[] = {
        "/^5(\\.7\\.[01] host %s\\[[^]]*\\] said: 55[04][- ]5\\.7\\.[01] .*"
        "(Mail relay denied|Invalid credentials for relay|Access denied).*)/ 4$1\n",
        "/^5(\\.5\\.1 host %s\\[[^]]*\\] said: 530[- ]5\\.[57]\\.[01] .*)/ 4$1\n",
        "/^5(\\.7\\.0 host %s\\[[^]]*\\] said: 530[- ]5\\.7\\.0 .*)/ 4$1\n",
        "/^5(\\.[47]\\.[15] host %s\\[[^]]*\\] said: 550[- ]5\\.[47]\\.[15] Daily SMTP relay limit "
        ".*)/ 4$1\n"};
    char name[600];
    size_t n = 0, size;
    char *out = NULL;
    FILE *stream = open_memstream(&out, &size);

    if (stream == NULL)
        abort();
    for (const char *p = host; *p != '\0' && n + 3 < sizeof name; p++) {
        if (*p == '.')
            name[n++] = '\\';
        name[n++] = *p;
    }
    name[n] = '\0';
    fputs("# Refusals by the relay that are about us, not about the recipient, become deferrals: "
          "the mail waits.\n"
          "# Written by relaywatch install; after a change: postfix reload.\n",
          stream);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        const char *gap = strstr(patterns[i], "%s");

        fprintf(stream, "%.*s%s%s", (int)(gap - patterns[i]), patterns[i], name, gap + 2);
    }
    if (fclose(stream) != 0)
        abort();
    return out;
}
