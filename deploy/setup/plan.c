/* See plan.h. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"
#include "cred.h"
#include "diff.h"
#include "maincf.h"
#include "mastercf.h"
#include "sasltext.h"
#include "settings.h"

static const char LOGROTATE[] =
    "# Written by relaywatch install: Postfix writes this log itself (maillog_file).\n"
    "/var/log/mail.log {\n"
    "    weekly\n"
    "    rotate 8\n"
    "    missingok\n"
    "    notifempty\n"
    "    delaycompress\n"
    "    compress\n"
    "    postrotate\n"
    "        /usr/sbin/postfix reload >/dev/null 2>&1 || true\n"
    "    endscript\n"
    "}\n";

void plan_sasl_path(const struct machine *m, const char *config_dir, const char *main_cf, char *out,
                    size_t size) {
    char type[16];

    settings_map(m, main_cf, config_dir, type, sizeof type, out, size);
}

static char *copy(const char *text) {
    return text != NULL ? xstrdup(text) : NULL;
}

static void set_file(struct plan *plan, enum plan_which which, const char *path, mode_t mode,
                     const struct plan_input *in, char *after) {
    struct plan_file *f = &plan->file[which];

    text_copy(f->path, sizeof f->path, path);
    f->mode = mode;
    f->before = copy(in->text[which]);
    f->after = after != NULL ? after : copy(in->text[which]);
}

static void config_path(const struct plan_input *in, const char *name, char *out, size_t size) {
    text_format(out, size, "%s/%s", in->config_dir, name);
}

/* ---- the parts ---- */

static bool can_hold(const char *text, struct fault *why, const char *path) {
    struct cred_file *file = xcalloc(1, sizeof *file);
    bool good = cred_parse(span_of(text), file);

    if (!good)
        fault_set(why, "%s, line %u: %s", path, file->problems[0].line, file->problems[0].what);
    free(file);
    return good;
}

static int plan_login(const struct wants *w, const struct plan_input *in, struct plan *plan,
                      struct fault *why) {
    const char *now = in->text[PLAN_SASL];
    char *after = NULL;

    if (!w->ip_allowlisted)
        after = sasltext_set(now != NULL ? now : "", w->host, w->login, w->secret);
    set_file(plan, PLAN_SASL, plan->map_path, 0600, in, after);
    plan->file[PLAN_SASL].secret = true;
    plan->index = !w->ip_allowlisted && strcmp(plan->map_type, "texthash") != 0 &&
                  (!in->index_current || plan_file_changes(&plan->file[PLAN_SASL]));
    return after == NULL || can_hold(after, why, plan->map_path) ? 0 : -1;
}

static void choose_milter_socket(const struct machine *m, const struct plan_input *in,
                                 struct plan *plan) {
    if (in->milter_socket[0] != '\0')
        text_copy(plan->milter_socket, sizeof plan->milter_socket, in->milter_socket);
    else if (m->selinux == SELINUX_ENFORCING)
        text_copy(plan->milter_socket, sizeof plan->milter_socket, "inet:8891@127.0.0.1");
    else
        text_format(plan->milter_socket, sizeof plan->milter_socket,
                    "unix:%s/relaywatch/milter.sock", m->queue_directory);
}

/* relaywatch.conf is there, and names the journal as a source. */
static bool follows_journal(const struct plan_input *in) {
    char log[512];

    return in->text[PLAN_CONF] != NULL &&
           maincf_get(in->text[PLAN_CONF], "mail_log", log, sizeof log) &&
           strstr(log, "journal") != NULL;
}

static void plan_main_cf(const struct machine *m, const struct wants *w,
                         const struct plan_input *in, struct plan *plan, FILE *notes) {
    char path[512], socket[256];
    struct settings s = {.machine = m,
                         .wants = w,
                         .config_dir = in->config_dir,
                         .map_path = plan->map_path,
                         .map_type = plan->map_type,
                         .milter_socket = socket,
                         .helo = plan->helo,
                         .journal = follows_journal(in),
                         .notes = notes};

    settings_socket(m, plan->milter_socket, socket, sizeof socket);
    config_path(in, "main.cf", path, sizeof path);
    set_file(plan, PLAN_MAIN, path, 0644, in, settings_main_cf(&s, in->text[PLAN_MAIN]));
    config_path(in, "relay_dsn_filter", path, sizeof path);
    set_file(plan, PLAN_GUARD, path, 0644, in, settings_guard(w->host));
}

static void service_name(const struct wants *w, char *out, size_t size) {
    bool six = strchr(w->listen_address, ':') != NULL;

    if (w->listen_port == 25 &&
        (w->listen_address[0] == '\0' || strncmp(w->listen_address, "127.", 4) != 0))
        text_copy(out, size, "smtp");
    else if (w->listen_address[0] == '\0')
        text_format(out, size, "127.0.0.1:%u", w->listen_port);
    else
        text_format(out, size, "%s%s%s:%u", six ? "[" : "", w->listen_address, six ? "]" : "",
                    w->listen_port);
}

static int plan_master_cf(const struct wants *w, const struct plan_input *in, struct plan *plan,
                          FILE *notes, struct fault *why) {
    const char *now = in->text[PLAN_MASTER];
    char path[512], service[96];
    bool is_default = w->listen_port == 25 && w->listen_address[0] == '\0';

    config_path(in, "master.cf", path, sizeof path);
    if (now == NULL) {
        set_file(plan, PLAN_MASTER, path, 0644, in, NULL);
        return plan->packages[0] != '\0'
                   ? 0
                   : fault_set(why, "%s is missing: put back the one of the package", path);
    }
    service_name(w, service, sizeof service);
    /* Asked for nothing: what listens already, if anything does, goes on. */
    set_file(plan, PLAN_MASTER, path, 0644, in,
             is_default && mastercf_listens(now, "smtp") ? NULL : mastercf_listen(now, service));
    mastercf_overrides(now, notes);
    return 0;
}

static void set_line(char **text, const char *name, const char *value) {
    char now[512];
    char *next;

    if (maincf_get(*text, name, now, sizeof now) && strcmp(now, value) == 0)
        return;
    next = maincf_set(*text, name, value);
    free(*text);
    *text = next;
}

/* A relaywatch.conf that is there is the operator's: only what install decides is set in it. */
static void plan_conf(const struct wants *w, const struct plan_input *in, struct plan *plan,
                      FILE *notes) {
    const char *now = in->text[PLAN_CONF];
    char *text = xstrdup(now != NULL ? now : in->conf_sample);
    char submit[96], log[512];
    bool six = strchr(w->listen_address, ':') != NULL;

    text_format(submit, sizeof submit, "%s%s%s:%u", six ? "[" : "",
                w->listen_address[0] != '\0' ? w->listen_address : "127.0.0.1", six ? "]" : "",
                w->listen_port);
    set_line(&text, "sasl_passwd", w->ip_allowlisted ? "" : plan->map_path);
    set_line(&text, "submit", submit);
    if (now == NULL) {
        set_line(&text, "postfix_config_dir", in->config_dir);
        set_line(&text, "mail_log", plan->mail_log);
        set_line(&text, "milter_socket", plan->milter_socket);
    } else if (maincf_get(now, "mail_log", log, sizeof log) && !follows_journal(in) &&
               strstr(log, plan->mail_log) == NULL) {
        fprintf(notes, "%s: mail_log = %.150s, but Postfix writes %s\n", in->conf_path, log,
                plan->mail_log);
    }
    set_file(plan, PLAN_CONF, in->conf_path, 0644, in, text);
    set_file(plan, PLAN_RECEIVERS, in->receivers_path, 0640, in,
             in->text[PLAN_RECEIVERS] == NULL ? xstrdup(in->receivers_sample) : NULL);
}

/* The log that Postfix writes, or will. */
static void choose_log(const struct machine *m, struct plan *plan) {
    char file[256];

    if (maincf_get(plan->file[PLAN_MAIN].after, "maillog_file", file, sizeof file) &&
        file[0] == '/')
        text_copy(plan->mail_log, sizeof plan->mail_log, file);
    else if (m->mail_log[0] != '\0')
        text_copy(plan->mail_log, sizeof plan->mail_log, m->mail_log);
    else
        text_copy(plan->mail_log, sizeof plan->mail_log,
                  m->family == FAMILY_ROCKY ? "/var/log/maillog" : "/var/log/mail.log");
}

static void plan_logrotate(const struct machine *m, const struct plan_input *in,
                           struct plan *plan) {
    char file[256];
    bool own = maincf_get(plan->file[PLAN_MAIN].after, "maillog_file", file, sizeof file) &&
               strcmp(file, "/var/log/mail.log") == 0 && !m->syslogd && m->logrotate &&
               strcmp(in->config_dir, "/etc/postfix") == 0;

    set_file(plan, PLAN_LOGROTATE, "/etc/logrotate.d/relaywatch-postfix", 0644, in,
             own ? xstrdup(LOGROTATE) : NULL);
}

static bool same_value(const struct plan *plan, const char *name) {
    char a[2048] = "", b[2048] = "";
    const struct plan_file *f = &plan->file[PLAN_MAIN];

    if (f->before != NULL)
        maincf_get(f->before, name, a, sizeof a);
    maincf_get(f->after, name, b, sizeof b);
    return strcmp(a, b) == 0;
}

/* Only where Postfix listens is read at its start alone. */
static enum plan_postfix choose_action(const struct machine *m, const struct plan *plan) {
    if (!m->running)
        return POSTFIX_START;
    if (!same_value(plan, "inet_interfaces") || !same_value(plan, "inet_protocols"))
        return POSTFIX_RESTART;
    return plan_file_changes(&plan->file[PLAN_MAIN]) ||
                   plan_file_changes(&plan->file[PLAN_MASTER]) ||
                   plan_file_changes(&plan->file[PLAN_GUARD]) || plan->index ||
                   plan_file_changes(&plan->file[PLAN_SASL])
               ? POSTFIX_RELOAD
               : POSTFIX_LEAVE;
}

static void find_manager(const char *main_cf, struct plan *plan, FILE *notes) {
    static const char *const words[] = {"ansible", "puppet", "chef ", "saltstack", "managed by"};

    for (const char *line = main_cf; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        for (size_t i = 0; *line == '#' && i < sizeof words / sizeof words[0]; i++) {
            size_t n = strcspn(line, "\n");
            char comment[200];

            text_copy_span(comment, sizeof comment, (struct span){line, n < 199 ? n : 199});
            if (strcasestr(comment, words[i]) != NULL && !plan->managed) {
                plan->managed = true;
                fprintf(
                    notes,
                    "main.cf says \"%.100s\": what writes it may undo this; change it there too\n",
                    comment);
            }
        }
    }
}

static void advise(const struct machine *m, const struct wants *w, const struct plan *plan,
                   FILE *notes) {
    if (strncmp(plan->packages, "postfix", 7) == 0)
        fputs("Postfix is not here yet: what its package brings may change what is shown of "
              "main.cf\n",
              notes);
    if (m->selinux == SELINUX_ENFORCING)
        fputs("SELinux: the milter listens on 127.0.0.1:8891 (milter_port_t), no boolean is "
              "needed; after a restore by "
              "hand: restorecon -R /etc/postfix\n",
              notes);
    if (w->listen_address[0] != '\0' && (m->firewalld || m->ufw))
        fprintf(notes, "firewall: let only the trusted networks reach port %u (%s)\n",
                w->listen_port, m->firewalld ? "firewall-cmd" : "ufw");
    else if (m->firewalld || m->ufw)
        fputs("firewall: nothing to open: Postfix listens on the loopback alone\n", notes);
    if (m->etckeeper)
        fputs("/etc is under version control: commit what changes (git would not keep sasl_passwd "
              "secret)\n",
              notes);
    if (m->postal && w->listen_port == 25)
        fputs("Postal is here and may hold port 25: if so, give --listen 127.0.0.1:2525\n", notes);
}

/* What smtp_sasl_password_maps says now and is not kept: it may have the login of another relay. */
static int other_maps(const struct wants *w, const struct plan_input *in, const struct plan *plan,
                      FILE *notes, struct fault *why) {
    char now[512], ours[600];

    if (w->ip_allowlisted || in->text[PLAN_MAIN] == NULL ||
        !maincf_get(in->text[PLAN_MAIN], "smtp_sasl_password_maps", now, sizeof now))
        return 0;
    text_format(ours, sizeof ours, "%s:%s", plan->map_type, plan->map_path);
    if (now[0] == '\0' || strcmp(now, ours) == 0)
        return 0;
    if (strpbrk(now, " ,\t") != NULL && strchr(now, '{') == NULL)
        return fault_set(why,
                         "smtp_sasl_password_maps names more than one map: put all logins into one "
                         "file, name that alone, and run this again");
    fprintf(notes,
            "smtp_sasl_password_maps was %.100s: a login for another relay in it is not used any "
            "more\n",
            now);
    return 0;
}

int plan_make(const struct machine *m, const struct wants *w, const struct plan_input *in,
              struct plan *out, struct fault *why) {
    static const char *const users[] = {"relaywatch", "relaywatch-milter", "relaywatch-notify",
                                        "relaywatch-probe"};
    size_t size;
    FILE *notes;
    int failed;

    memset(out, 0, sizeof *out);
    if (m->family == FAMILY_UNKNOWN && m->version[0] == '\0')
        return fault_set(
            why, "neither apt-get nor dnf is here: install Postfix yourself, then run this again");
    if (m->other_mta[0] != '\0')
        return fault_set(why, "another mail server is installed: %s: remove it if nothing needs it",
                         m->other_mta);
    settings_helo(m, w, in->text[PLAN_MAIN], out->helo, sizeof out->helo);
    if (out->helo[0] == '\0')
        return fault_set(why,
                         "this host has no full name: give one in your domain with --helo-name");
    machine_missing(m, !w->ip_allowlisted, out->packages, sizeof out->packages);
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++)
        out->users = out->users || !machine_lists(m->users, users[i]);
    settings_map(m, in->text[PLAN_MAIN], in->config_dir, out->map_type, sizeof out->map_type,
                 out->map_path, sizeof out->map_path);
    text_copy(out->ca_file, sizeof out->ca_file, w->ca_file[0] != '\0' ? w->ca_file : m->ca_file);
    notes = open_memstream(&out->notes, &size);
    if (notes == NULL)
        abort();
    find_manager(in->text[PLAN_MAIN], out, notes);
    choose_milter_socket(m, in, out);
    plan_main_cf(m, w, in, out, notes);
    choose_log(m, out);
    failed = other_maps(w, in, out, notes, why) == -1 || plan_login(w, in, out, why) == -1 ||
                     plan_master_cf(w, in, out, notes, why) == -1
                 ? -1
                 : 0;
    plan_conf(w, in, out, notes);
    plan_logrotate(m, in, out);
    advise(m, w, out, notes);
    out->index_exists = in->index_exists;
    out->postfix = choose_action(m, out);
    if (fclose(notes) != 0)
        abort();
    return failed;
}

void plan_free(struct plan *plan) {
    for (int i = 0; i < PLAN_FILES; i++) {
        struct plan_file *f = &plan->file[i];

        if (f->before != NULL)
            wipe(f->before, strlen(f->before));
        if (f->after != NULL)
            wipe(f->after, strlen(f->after));
        free(f->before);
        free(f->after);
    }
    free(plan->notes);
    memset(plan, 0, sizeof *plan);
}

bool plan_file_changes(const struct plan_file *f) {
    return f->after != NULL && (f->before == NULL || strcmp(f->before, f->after) != 0);
}

bool plan_is_empty(const struct plan *plan) {
    for (int i = 0; i < PLAN_FILES; i++) {
        if (plan_file_changes(&plan->file[i]))
            return false;
    }
    return plan->packages[0] == '\0' && !plan->users && !plan->index &&
           plan->postfix == POSTFIX_LEAVE;
}

static void print_file(const struct plan_file *f, FILE *out) {
    char *before, *after;

    if (!plan_file_changes(f))
        return;
    if (!f->secret) {
        diff_print(out, f->path, f->before, f->after);
        return;
    }
    before = f->before != NULL ? sasltext_masked(f->before) : NULL;
    after = sasltext_masked(f->after);
    if (before != NULL && strcmp(before, after) == 0)
        fprintf(out, "--- %s\n+++ %s\n(another password)\n", f->path, f->path);
    else
        diff_print(out, f->path, before, after);
    free(before);
    free(after);
}

void plan_print(const struct plan *plan, const struct machine *m, FILE *out) {
    static const char *const actions[] = {"left as it is", "started", "reloaded",
                                          "stopped and started: where it listens changes"};

    fprintf(out, "packages  %s\n", plan->packages[0] != '\0' ? plan->packages : "all are here");
    if (plan->users)
        fputs("users     relaywatch relaywatch-milter relaywatch-notify relaywatch-probe\n", out);
    for (int i = 0; i < PLAN_FILES; i++)
        print_file(&plan->file[i], out);
    if (plan->index)
        fprintf(out, "index     %s:%s, by postmap\n", plan->map_type, plan->map_path);
    fprintf(out, "postfix   %s\n", actions[plan->postfix]);
    fprintf(out, "services  %s\n",
            m->systemd ? "relaywatchd, relaywatch-milter, relaywatch-notify, relaywatch-keeper"
                       : "no systemd here: relaywatch run starts relaywatch");
    for (const char *line = plan->notes; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        fprintf(out, "note      %.*s\n", (int)n, line);
        line += n + (line[n] != '\0');
    }
}
