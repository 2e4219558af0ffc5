/* See asking.h. */
#include "asking.h"

#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { LIMIT_MS = 30000, OUTPUT = 65536, BUNDLE_LEAST = 50 };

static const char POSTCONF[] = "/usr/sbin/postconf";

char *asking_run(const char *const *argv, int *status_out) {
    char errors[1024];
    char *output = xcalloc(1, OUTPUT);
    struct spawn job = {.argv = argv,
                        .output = output,
                        .output_size = OUTPUT,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = LIMIT_MS};

    if (access(argv[0], X_OK) == -1 || spawn_run(&job, NULL) == -1) {
        free(output);
        return NULL;
    }
    if (status_out != NULL)
        *status_out = job.status;
    return output;
}

static bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

static void flag(FILE *out, const char *name, bool value) {
    fprintf(out, "%s = %s\n", name, value ? "yes" : "no");
}

/* One fact: a value that could break the form is no value. */
static void put(FILE *out, const char *name, const char *value) {
    fprintf(out, "%s = %.*s\n", name, (int)strcspn(value, "\r\n"), value);
}

/* The value of KEY in /etc/os-release, without quotes. */
static void os_release(const char *text, const char *key, char *value, size_t size) {
    size_t n = strlen(key);

    value[0] = '\0';
    for (const char *p = text; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, key, n) == 0 && p[n] == '=') {
            struct span v = {p + n + 1, strcspn(p + n + 1, "\n")};

            if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\''))
                v = (struct span){v.p + 1, v.n - 2};
            text_copy_span(value, size, v);
            return;
        }
    }
}

static const char *print_system(FILE *out) {
    char text[8192] = "", name[96], version[32];
    bool apt = exists("/usr/bin/apt-get") && exists("/usr/bin/dpkg-query");
    bool dnf = exists("/usr/bin/dnf") && exists("/usr/bin/rpm");
    const char *family = apt ? "debian" : dnf ? "rocky" : "unknown";

    if (file_read("/etc/os-release", text, sizeof text, NULL) == -1)
        text[0] = '\0';
    os_release(text, "PRETTY_NAME", name, sizeof name);
    os_release(text, "VERSION_ID", version, sizeof version);
    put(out, "os", name);
    fprintf(out, "os_major = %.*s\n", version[0] != '\0' ? (int)strspn(version, "0123456789") : 1,
            version[0] != '\0' ? version : "0");
    fprintf(out, "family = %s\n", family);
    flag(out, "systemd", exists("/run/systemd/system"));
    if (file_read("/sys/fs/selinux/enforce", text, sizeof text, NULL) > 0)
        fprintf(out, "selinux = %s\n", text[0] == '1' ? "enforcing" : "permissive");
    flag(out, "firewalld", exists("/run/firewalld") || exists("/usr/sbin/firewalld"));
    flag(out, "ufw", exists("/usr/sbin/ufw"));
    flag(out, "syslogd",
         exists("/run/rsyslogd.pid") || exists("/usr/sbin/rsyslogd") ||
             exists("/usr/sbin/syslog-ng") || exists("/usr/sbin/syslogd"));
    flag(out, "logrotate", exists("/etc/logrotate.d"));
    flag(out, "etckeeper", exists("/etc/.git") || exists("/etc/.etckeeper"));
    flag(out, "postal", exists("/opt/postal") || exists("/etc/postal"));
    return family;
}

/* How many certificates are in a bundle, at most BUNDLE_LEAST. */
static int certificates(const char *path) {
    FILE *in = fopen(path, "re");
    char line[256];
    int count = 0;

    while (in != NULL && count < BUNDLE_LEAST && fgets(line, sizeof line, in) != NULL)
        count += strncmp(line, "-----BEGIN CERTIFICATE", 22) == 0 ||
                 strncmp(line, "-----BEGIN TRUSTED CERT", 23) == 0;
    if (in != NULL)
        fclose(in);
    return count;
}

static void print_ca_file(FILE *out) {
    static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt",
                                          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                          "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
        if (certificates(bundles[i]) == BUNDLE_LEAST) {
            put(out, "ca_file", bundles[i]);
            return;
        }
    }
}

static void print_fqdn(FILE *out) {
    struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char name[256] = "";

    if (gethostname(name, sizeof name - 1) == -1)
        return;
    if (strchr(name, '.') == NULL && getaddrinfo(name, NULL, &hints, &found) == 0) {
        if (found->ai_canonname != NULL)
            text_copy(name, sizeof name, found->ai_canonname);
        freeaddrinfo(found);
    }
    put(out, "fqdn", name);
}

static void print_mail_log(FILE *out) {
    static const char *const logs[] = {"/var/log/mail.log", "/var/log/maillog"};

    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        if (exists(logs[i])) {
            put(out, "mail_log", logs[i]);
            return;
        }
    }
}

/* The words of the first column where the line begins with "ok ". */
static void print_packages_debian(FILE *out) {
    static const char *const argv[] = {"/usr/bin/dpkg-query", "-W",
                                       "-f=${db:Status-Status} ${Package} ${Provides}\n", NULL};
    char *said = asking_run(argv, NULL);
    char other[128] = "";

    fputs("installed =", out);
    for (char *line = said; line != NULL && *line != '\0';) {
        static const char *const wanted[] = {"postfix", "libsasl2-modules", "ca-certificates"};
        char *end = strchrnul(line, '\n');
        char *next = *end != '\0' ? end + 1 : end;
        char name[128] = "";

        *end = '\0';
        if (sscanf(line, "installed %127s", name) == 1) {
            for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
                if (strcmp(name, wanted[i]) == 0)
                    fprintf(out, " %s", name);
            }
            if (strstr(line, "mail-transport-agent") != NULL && strcmp(name, "postfix") != 0)
                text_copy(other, sizeof other, name);
        }
        line = next;
    }
    fprintf(out, "\nother_mta = %s\n", other);
    free(said);
}

static void print_packages_rocky(FILE *out) {
    static const char *const names[] = {"postfix", "cyrus-sasl-lib", "cyrus-sasl-plain",
                                        "ca-certificates", "postfix-lmdb"};
    static const char *const others[] = {"sendmail", "exim", "opensmtpd"};
    const char *other = "";

    fputs("installed =", out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *const argv[] = {"/usr/bin/rpm", "-q", names[i], NULL};
        int status = 1;

        free(asking_run(argv, &status));
        if (status == 0)
            fprintf(out, " %s", names[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const char *const argv[] = {"/usr/bin/rpm", "-q", others[i], NULL};
        int status = 1;

        free(asking_run(argv, &status));
        if (status == 0)
            other = others[i];
    }
    fprintf(out, "\nother_mta = %s\n", other);
}

static void print_users(FILE *out) {
    static const char *const users[] = {"relaywatch", "relaywatch-milter", "relaywatch-notify",
                                        "relaywatch-probe"};

    fputs("users =", out);
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        if (getpwnam(users[i]) != NULL)
            fprintf(out, " %s", users[i]);
    }
    fputs("\n", out);
}

/* Without a main.cf postconf -m tells nothing: then those that are always there, and the default.
 */
static void print_map_types(FILE *out, const char *config_dir, const char *fallback) {
    const char *const argv[] = {POSTCONF, "-c", config_dir, "-m", NULL};
    int status = 1;
    char *said = asking_run(argv, &status);

    if (status != 0 || said == NULL) {
        fprintf(out, "map_types = %.*s texthash regexp\n", (int)strcspn(fallback, "\n"), fallback);
        free(said);
        return;
    }
    fputs("map_types =", out);
    for (char *save = NULL, *w = strtok_r(said, " \n", &save); w != NULL;
         w = strtok_r(NULL, " \n", &save))
        fprintf(out, " %s", w);
    fputs("\n", out);
    free(said);
}

/* One parameter as Postfix sees it, on a line of its own. Without a main.cf: its default. */
static void print_value(FILE *out, const char *fact, const char *config_dir, const char *name) {
    const char *const live[] = {POSTCONF, "-c", config_dir, "-h", "-x", name, NULL};
    const char *const fallback[] = {POSTCONF, "-d", "-h", name, NULL};
    int status = 1;
    char *said = asking_run(live, &status);

    if (said == NULL || status != 0) {
        free(said);
        said = asking_run(fallback, &status);
    }
    if (said != NULL && status == 0)
        put(out, fact, said);
    free(said);
}

static void print_postfix(FILE *out, const char *config_dir) {
    /* -d: works where there is no main.cf yet. */
    static const char *const defaults[] = {POSTCONF, "-d", "mail_version", "default_database_type",
                                           NULL};
    static const char *const keys[][2] = {{"mail_version = ", "version"},
                                          {"default_database_type = ", "map_default"}};
    const char *const status_of[] = {"/usr/sbin/postfix", "-c", config_dir, "status", NULL};
    char *said = asking_run(defaults, NULL);
    const char *found = NULL;
    int status = 1;

    if (said == NULL)
        return;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        found = strstr(said, keys[i][0]);
        if (found != NULL)
            put(out, keys[i][1], found + strlen(keys[i][0]));
    }
    print_map_types(out, config_dir, found != NULL ? found + strlen(keys[1][0]) : "");
    free(said);
    print_value(out, "queue_directory", config_dir, "queue_directory");
    print_value(out, "myhostname", config_dir, "myhostname");
    free(asking_run(status_of, &status));
    flag(out, "running", status == 0);
}

/* Does /etc/hosts have the name? */
static bool in_hosts(const char *name) {
    FILE *in = fopen("/etc/hosts", "re");
    bool found = strcasecmp(name, "localhost") == 0;
    char line[1024];

    while (in != NULL && !found && fgets(line, sizeof line, in) != NULL) {
        char *save = NULL;

        line[strcspn(line, "#\n")] = '\0';
        strtok_r(line, " \t", &save);
        for (char *w = strtok_r(NULL, " \t", &save); w != NULL && !found;
             w = strtok_r(NULL, " \t", &save))
            found = strcasecmp(w, name) == 0;
    }
    if (in != NULL)
        fclose(in);
    return found;
}

int asking_print(FILE *out, const char *config_dir, const char *relay, struct fault *why) {
    const char *family = print_system(out);

    print_ca_file(out);
    print_fqdn(out);
    print_mail_log(out);
    if (strcmp(family, "debian") == 0)
        print_packages_debian(out);
    else if (strcmp(family, "rocky") == 0)
        print_packages_rocky(out);
    print_users(out);
    print_postfix(out, config_dir);
    flag(out, "relay_in_hosts", in_hosts(relay));
    return ferror(out) ? fault_set(why, "facts: out of memory") : 0;
}
