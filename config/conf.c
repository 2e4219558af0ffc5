/* See conf.h. The table `parameters` is the master copy: loading, printing and the reference walk
 * it. inih reads the lines; its own reader would cut long lines and tell no line numbers, so it
 * gets ours. */
#include "conf.h"

#include <ini.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "logsources.h"
#include "maintenance.h"
#include "sentinels.h"
#include "text.h"

enum type { TEXT, PATH, SECONDS, COUNT, START, YESNO, LOGS, WINDOWS, SENTINELS, ADDRESS, STORE };

struct parameter {
    const char *name;
    enum type type;
    size_t offset;
    size_t size; /* of a text; 0 for numbers */
    uint64_t min, max;
    const char *fallback;
    const char *help;
};

#define FIELD(member) offsetof(struct conf, member), sizeof((struct conf *)NULL)->member
#define NUMBER(member) offsetof(struct conf, member), 0
#define DAY 86400

static const struct parameter parameters[] = {
    {"host", TEXT, FIELD(host), 0, 0, "",
     "name of this host in Redis, metrics and alerts; empty: the machine's host name"},
    {"postfix_config_dir", PATH, FIELD(postfix_config_dir), 0, 0, "/etc/postfix",
     "folder with the relay's main.cf"},
    {"mail_log", LOGS, FIELD(mail_log), 0, 0, "/var/log/mail.log",
     "the log that Postfix writes: files, parted by blanks or commas, or journal, or "
     "journal:/folder"},
    {"mail_log_distinct", YESNO, FIELD(mail_log_distinct), 0, 0, "no",
     "yes: the journal and the files in mail_log hold different lines, so both may be named"},
    {"log_start", START, FIELD(log_start), 0, 0, "end",
     "where the first start with a log begins in it: end or beginning"},
    {"sasl_passwd", PATH, FIELD(sasl_passwd), 0, 0, "/etc/postfix/sasl_passwd",
     "the login for the smarthost, edited by the operator; empty where the smarthost knows us by "
     "address"},
    {"credential_source", PATH, FIELD(credential_source), 0, 0, "",
     "a secret manager's file: what it says replaces the login of relays that stand in "
     "sasl_passwd; "
     "empty: none"},
    {"credential_drop", PATH, FIELD(credential_drop), 0, 0, "",
     "a folder of root's: each file that is put there is taken like credential_source, once, and "
     "removed; empty: none"},
    {"on_rotated", PATH, FIELD(on_rotated), 0, 0, "",
     "command, no shell, when mail was delivered with a new login, and when the old one may be "
     "revoked; empty: none"},
    {"on_failed", PATH, FIELD(on_failed), 0, 0, "",
     "command, no shell, when a new login was not put in place, or put back, or mail is held; "
     "empty: none"},
    {"submit", TEXT, FIELD(submit), 0, 0, "127.0.0.1:25",
     "address:port where the relay takes mail: `relaywatch test` sends there"},
    {"canary_recipient", ADDRESS, FIELD(canary_recipient), 0, 0, "",
     "an address of yours behind the smarthost: a small real message goes there, again and again, "
     "as the proof that the relay delivers; empty: none"},
    {"canary_interval", SECONDS, NUMBER(canary_interval_s), 60, DAY, "5m",
     "time between two of these messages"},
    {"canary_overdue", SECONDS, NUMBER(canary_overdue_s), 60, 7 * DAY, "15m",
     "time without one delivered that is an alert, and that holds heartbeats back"},
    {"redis", STORE, FIELD(redis), 0, 0, "",
     "unix:/path or host:port, or the master's name with redis_sentinel; empty: figures are kept "
     "in state_dir alone"},
    {"redis_sentinel", SENTINELS, FIELD(redis_sentinel), 0, 0, "",
     "the sentinels that know where the master is: host:port, parted by blanks or commas; empty: "
     "none"},
    {"redis_tls", YESNO, FIELD(redis_tls), 0, 0, "no",
     "yes: Redis and sentinels are reached by TLS, and must prove their names"},
    {"redis_ca_file", PATH, FIELD(redis_ca_file), 0, 0, "",
     "certificates to trust for that; empty: the system's"},
    {"redis_user", TEXT, FIELD(redis_user), 0, 0, "",
     "ACL user for Redis; empty: the default user"},
    {"redis_password_file", PATH, FIELD(redis_password_file), 0, 0, "",
     "file with the password for Redis; empty: none"},
    {"redis_sentinel_user", TEXT, FIELD(redis_sentinel_user), 0, 0, "",
     "ACL user for the sentinels; empty: the default user"},
    {"redis_sentinel_password_file", PATH, FIELD(redis_sentinel_password_file), 0, 0, "",
     "file with the password for the sentinels; empty: none"},
    {"http_listen", TEXT, FIELD(http_listen), 0, 0, "127.0.0.1:9154",
     "address:port of page, metrics and API"},
    {"http_hosts", TEXT, FIELD(http_hosts), 0, 0, "",
     "names that browsers and scrapers may call the page by, beside addresses, localhost and this "
     "machine's own name; parted by blanks"},
    {"state_dir", PATH, FIELD(state_dir), 0, 0, "/var/lib/relaywatch",
     "relaywatchd's own folder: totals and log position"},
    {"notify_state_dir", PATH, FIELD(notify_state_dir), 0, 0, "/var/lib/relaywatch-notify",
     "relaywatch-notify's own folder: what each receiver was told"},
    {"keeper_state_dir", PATH, FIELD(keeper_state_dir), 0, 0, "/var/lib/relaywatch-keeper",
     "relaywatch-keeper's own folder, for root alone"},
    {"run_dir", PATH, FIELD(run_dir), 0, 0, "/run/relaywatch",
     "sockets and the milter's shared page"},
    {"milter_socket", TEXT, FIELD(milter_socket), 0, 0,
     "unix:/var/spool/postfix/relaywatch/milter.sock",
     "where the milter listens, as libmilter writes it: unix:/path or inet:port@host"},
    {"receivers_file", PATH, FIELD(receivers_file), 0, 0, "/etc/relaywatch/receivers.conf",
     "who is told of an alert; readable by relaywatch-notify alone, as it may hold tokens"},
    {"user", TEXT, FIELD(user), 0, 0, "relaywatch", "user of relaywatchd"},
    {"milter_user", TEXT, FIELD(milter_user), 0, 0, "relaywatch-milter",
     "user of relaywatch-milter"},
    {"notify_user", TEXT, FIELD(notify_user), 0, 0, "relaywatch-notify",
     "user of relaywatch-notify"},
    {"probe_user", TEXT, FIELD(probe_user), 0, 0, "relaywatch-probe", "user of relaywatch-probe"},
    {"queue_interval", SECONDS, NUMBER(queue_interval_s), 1, 3600, "5",
     "time between two counts of the queue"},
    {"queue_warning", COUNT, NUMBER(queue_warning), 1, 100000000, "100",
     "messages in the queue that are a warning when they are growing"},
    {"queue_critical", COUNT, NUMBER(queue_critical), 1, 100000000, "1000",
     "messages in the queue that are critical when they are growing"},
    {"oldest_warning", SECONDS, NUMBER(oldest_warning_s), 1, 30 * DAY, "30m",
     "age of the oldest waiting message that is a warning"},
    {"oldest_critical", SECONDS, NUMBER(oldest_critical_s), 1, 30 * DAY, "2h",
     "age of the oldest waiting message that is critical"},
    {"unreachable_after", SECONDS, NUMBER(unreachable_after_s), 0, DAY, "10",
     "time without any success, all attempts failing, until the relay counts as unreachable"},
    {"log_silent_after", SECONDS, NUMBER(log_silent_after_s), 1, DAY, "60",
     "time that the queue may move, or the log be missing, without a line in the log"},
    {"milter_gone_after", SECONDS, NUMBER(milter_gone_after_s), 1, DAY, "10",
     "time without a sign of life of the milter until that is an alert"},
    {"verify_interval", SECONDS, NUMBER(verify_interval_s), 60, 7 * DAY, "30m",
     "time between two tests of the live login and the smarthost's certificate"},
    {"unknown_after", SECONDS, NUMBER(unknown_after_s), 10, 30 * DAY, "10m",
     "time after which a message that left the queue without a word in the log counts as unknown"},
    {"certificate_warning", SECONDS, NUMBER(certificate_warning_s), 3600, 365 * DAY, "14d",
     "time before the smarthost's certificate expires that is a warning"},
    {"certificate_critical", SECONDS, NUMBER(certificate_critical_s), 3600, 365 * DAY, "3d",
     "time before the smarthost's certificate expires that is critical"},
    {"disk_warning", COUNT, NUMBER(disk_warning_mib), 1, 100000000, "1000",
     "free MiB on the queue's file system below which that is a warning"},
    {"disk_critical", COUNT, NUMBER(disk_critical_mib), 1, 100000000, "200",
     "free MiB on the queue's file system below which that is critical"},
    {"inodes_warning", COUNT, NUMBER(inodes_warning), 1, 1000000000, "20000",
     "free inodes on the queue's file system below which that is a warning"},
    {"inodes_critical", COUNT, NUMBER(inodes_critical), 1, 1000000000, "5000",
     "free inodes on the queue's file system below which that is critical"},
    {"recipients_limit", COUNT, NUMBER(recipients_limit), 0, 100000000, "10000",
     "recipients within 24 hours that the smarthost grants one envelope sender; 0: no such limit"},
    {"recipients_percent", COUNT, NUMBER(recipients_percent), 1, 100, "80",
     "percent of recipients_limit that are a warning"},
    {"failures_per_1000", COUNT, NUMBER(failures_per_1000), 1, 500, "1",
     "deliveries of 1000 that may fail by the relay's own fault; 14.4 times as many within an hour "
     "are critical, 6 times as many within 6 hours a warning"},
    {"failures_least", COUNT, NUMBER(failures_least), 1, 1000000, "10",
     "failed deliveries below which their share says nothing"},
    {"unverified_after", SECONDS, NUMBER(unverified_after_s), 60, 30 * DAY, "6h",
     "time without a proof that the login works, by a delivery or a trial login, that is an alert"},
    {"unconfirmed_after", SECONDS, NUMBER(unconfirmed_after_s), 60, 30 * DAY, "1h",
     "time that mail may wait after a change of the login without one delivered with the new one"},
    {"clock_jump", SECONDS, NUMBER(clock_jump_s), 5, DAY, "30",
     "by how much the clock must jump, or the log's time differ from it, to be an alert"},
    {"keep_firing", SECONDS, NUMBER(keep_firing_s), 0, 900, "5m",
     "receivers hear of the end of an alert that came three times within 15 minutes when it was "
     "away "
     "for so long"},
    {"maintenance", WINDOWS, FIELD(maintenance), 0, 0, "",
     "when nobody is called, by the clock of here: sun 02:00-04:00, daily 03:30-03:45; empty: "
     "never"},
    {"host_gone_after", SECONDS, NUMBER(host_gone_after_s), 30, DAY, "60",
     "time without a sign of life, while Redis answers, until another host of the fleet counts as "
     "gone"},
    {"host_stopped_after", SECONDS, NUMBER(host_stopped_after_s), 60, 30 * DAY, "1h",
     "time that relaywatchd of another host may be stopped in an orderly way"},
    {"fleet_percent", COUNT, NUMBER(fleet_percent), 1, 100, "50",
     "percent of the living hosts of a fleet of 3 or more that have the same alert: then one alert "
     "is sent for all"},
    {"fleet_least", COUNT, NUMBER(fleet_least), 2, 256, "2",
     "hosts below which fleet_percent says nothing"},
    {"fleet_wait", SECONDS, NUMBER(fleet_wait_s), 0, 300, "30s",
     "time that an alert which another host was called for already waits for the fleet's; 0: none "
     "waits, nor is left to it"},
    {"messages_kept", COUNT, NUMBER(messages_kept), 100, 10000000, "16000",
     "last messages that `relaywatch logs --queue-id` knows; about 350 bytes of memory each"},
};

enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

struct loading {
    FILE *file;
    const char *path;
    struct conf conf;
    unsigned line;
    unsigned errors;
    bool seen[PARAMETERS];
    unsigned mail_log_line, tls_line;
    void (*on_error)(const char *text, void *arg);
    void *arg;
};

static void report(struct loading *l, const char *what, const char *name, const char *right) {
    char text[1000];

    l->errors++;
    text_format(text, sizeof text, "%s, line %u: %s: %s%s%s", l->path, l->line, name, what,
                right[0] != '\0' ? "; right would be " : "", right);
    if (l->on_error != NULL)
        l->on_error(text, l->arg);
}

static uint64_t *number_at(struct conf *conf, const struct parameter *p) {
    return (uint64_t *)(void *)((char *)conf + p->offset);
}

static int check_logs(const char *value, char *right, size_t right_size) {
    struct logsources sources;
    struct fault why;

    if (logsources_parse(value, &sources, &why) == 0)
        return 0;
    text_format(right, right_size,
                "absolute paths of files, journal or journal:/folder, each once (%s)", why.text);
    return -1;
}

static int check_windows(const char *value, char *right, size_t right_size) {
    struct maintenance windows;
    struct fault why;

    if (maintenance_parse(value, &windows, &why) == 0)
        return 0;
    text_format(
        right, right_size,
        "a list as in sun 02:00-04:00, daily 03:30-03:45; days are sun to sat or daily (%s)",
        why.text);
    return -1;
}

static int check_sentinels(const char *value, char *right, size_t right_size) {
    struct sentinels sentinels;
    struct fault why;

    if (sentinels_parse(value, &sentinels, &why) == 0)
        return 0;
    text_format(right, right_size, "up to %d of host:port, parted by blanks or commas (%s)",
                SENTINELS_MOST, why.text);
    return -1;
}

/* One that may stand in SMTP commands and headers as it is; no quoted local part. */
static bool is_address(const char *value) {
    const char *at = strrchr(value, '@');
    size_t n = strlen(value);

    return at != NULL && at != value && at == strchr(value, '@') && at[1] != '\0' && at[1] != '.' &&
           n <= 254 && at - value <= 64 &&
           strspn(at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               strlen(at + 1) &&
           strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                         "!#$%&'*+-/=?^_`{|}~.@") == n;
}

/* What is wrong with a value of `redis` that only looks like an address; NULL: nothing. */
static const char *wrong_store(const char *value) {
    if (strncmp(value, "rediss:", 7) == 0 || strncmp(value, "tls:", 4) == 0)
        return "unix:/path or host:port, and redis_tls = yes";
    if (strstr(value, "://") != NULL)
        return "unix:/path or host:port, without a scheme; user and password have parameters of "
               "their own: redis_user, redis_password_file";
    return NULL;
}

/* Sets one parameter. On a bad value returns what would be right, else NULL. */
static const char *set_value(struct conf *conf, const struct parameter *p, const char *value,
                             char *right, size_t right_size) {
    uint64_t number;

    switch (p->type) {
    case SECONDS:
        if (text_seconds(span_of(value), &number) && number >= p->min && number <= p->max) {
            *number_at(conf, p) = number;
            return NULL;
        }
        text_format(right, right_size, "a time from %llus to %llus, as in %s = %s",
                    (unsigned long long)p->min, (unsigned long long)p->max, p->name, p->fallback);
        return right;
    case COUNT:
        if (text_u64(span_of(value), p->min, p->max, number_at(conf, p)))
            return NULL;
        text_format(right, right_size, "a number from %llu to %llu, as in %s = %s",
                    (unsigned long long)p->min, (unsigned long long)p->max, p->name, p->fallback);
        return right;
    case START:
        if (strcmp(value, "end") != 0 && strcmp(value, "beginning") != 0)
            return "end or beginning";
        break;
    case YESNO:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return "yes or no";
        break;
    case LOGS:
        if (check_logs(value, right, right_size) == -1)
            return right;
        break;
    case WINDOWS:
        if (check_windows(value, right, right_size) == -1)
            return right;
        break;
    case SENTINELS:
        if (check_sentinels(value, right, right_size) == -1)
            return right;
        break;
    case PATH:
        if (value[0] != '\0' && value[0] != '/')
            return "an absolute path";
        break;
    case ADDRESS:
        if (value[0] != '\0' && !is_address(value))
            return "one address, as in canary_recipient = canary@example.com";
        break;
    case STORE:
        if (wrong_store(value) != NULL)
            return wrong_store(value);
        break;
    case TEXT:
        break;
    }
    if (strlen(value) >= p->size) {
        text_format(right, right_size, "at most %zu characters", p->size - 1);
        return right;
    }
    text_copy((char *)conf + p->offset, p->size, value);
    return NULL;
}

static int on_value(void *arg, const char *section, const char *name, const char *value) {
    struct loading *l = arg;
    char right[500];

    if (section[0] != '\0') {
        report(l, "there are no sections here", section, "lines of the form name = value only");
        return 1;
    }
    for (size_t i = 0; i < PARAMETERS; i++) {
        const char *wrong;

        if (strcmp(name, parameters[i].name) != 0)
            continue;
        if (l->seen[i])
            report(l, "given twice", name, "one line");
        l->seen[i] = true;
        if (parameters[i].type == LOGS)
            l->mail_log_line = l->line;
        if (strcmp(name, "redis_tls") == 0)
            l->tls_line = l->line;
        wrong = set_value(&l->conf, &parameters[i], value, right, sizeof right);
        if (wrong != NULL)
            report(l, "bad value", name, wrong);
        return 1;
    }
    report(l, "no such parameter", name, "one that `relaywatch show-config --reference` lists");
    return 1;
}

/* Gives inih one line. A longer one than its buffer is reported and passed over. */
static char *read_line(char *out, int size, void *arg) {
    struct loading *l = arg;
    size_t n;

    if (fgets(out, size, l->file) == NULL)
        return NULL;
    l->line++;
    n = strlen(out);
    if (n == (size_t)size - 1 && out[n - 1] != '\n') {
        int c;

        while ((c = fgetc(l->file)) != EOF && c != '\n')
            ;
        report(l, "line too long", "(this line)", "at most 190 characters");
        text_copy(out, (size_t)size, "\n");
    }
    return out;
}

/* rsyslog writes to its files what journald keeps, too: with both, every line would count twice. */
static void check_mixed_logs(struct loading *l) {
    struct logsources sources;
    struct fault why;

    if (strcmp(l->conf.mail_log_distinct, "yes") == 0 ||
        logsources_parse(l->conf.mail_log, &sources, &why) == -1 || !logsources_mixed(&sources))
        return;
    l->line = l->mail_log_line;
    report(l, "names the journal and a file: what stands in both would count twice", "mail_log",
           "one of them, or, where they hold different lines, mail_log_distinct = yes");
}

static void check_tls(struct loading *l) {
    l->line = l->tls_line;
    if (strcmp(l->conf.redis_tls, "yes") != 0)
        return;
#ifndef HAVE_REDIS_TLS
    report(l, "hiredis had no SSL part where relaywatch was built", "redis_tls",
           "no, and a tunnel that ends on this host: relaywatch.conf(5), Redis over a network");
#endif
    if (strncmp(l->conf.redis, "unix:", 5) == 0)
        report(l, "a unix socket needs none", "redis_tls", "no, or redis = host:port");
}

void conf_defaults(struct conf *conf) {
    memset(conf, 0, sizeof *conf);
    for (size_t i = 0; i < PARAMETERS; i++) {
        char right[500];

        if (set_value(conf, &parameters[i], parameters[i].fallback, right, sizeof right) != NULL)
            continue; /* a default that does not pass its own check: test_conf finds it */
    }
    if (gethostname(conf->host, sizeof conf->host - 1) == -1 || conf->host[0] == '\0')
        text_copy(conf->host, sizeof conf->host, "localhost");
}

int conf_load(const char *path, struct conf *out, void (*on_error)(const char *text, void *arg),
              void *arg, struct fault *why) {
    struct loading l = {.path = path, .on_error = on_error, .arg = arg};
    char host[sizeof l.conf.host];
    int bad_line;

    l.file = fopen(path, "re");
    if (l.file == NULL)
        return fault_errno(why, "%s", path);
    conf_defaults(&l.conf);
    text_copy(host, sizeof host, l.conf.host);
    bad_line = ini_parse_stream(read_line, &l, on_value, &l);
    fclose(l.file);
    if (bad_line > 0) {
        l.line = (unsigned)bad_line;
        report(&l, "not understood", "(this line)", "name = value");
    }
    check_mixed_logs(&l);
    check_tls(&l);
    if (l.errors > 0)
        return fault_set(why, "%s: %u error%s", path, l.errors, l.errors == 1 ? "" : "s");
    if (l.conf.host[0] == '\0')
        text_copy(l.conf.host, sizeof l.conf.host, host);
    *out = l.conf;
    return 0;
}

void conf_print(FILE *out, const struct conf *conf, const struct conf *defaults) {
    for (size_t i = 0; i < PARAMETERS; i++) {
        const struct parameter *p = &parameters[i];
        const char *mine = (const char *)conf + p->offset;
        const char *theirs = defaults != NULL ? (const char *)defaults + p->offset : NULL;

        if (p->size == 0) {
            uint64_t number;

            memcpy(&number, mine, sizeof number);
            if (theirs == NULL || memcmp(mine, theirs, sizeof number) != 0)
                fprintf(out, "%s = %llu\n", p->name, (unsigned long long)number);
        } else if (theirs == NULL || strcmp(mine, theirs) != 0) {
            fprintf(out, "%s = %s\n", p->name, mine);
        }
    }
}

void conf_print_reference(FILE *out) {
    for (size_t i = 0; i < PARAMETERS; i++)
        fprintf(out, "%s = %s\n    %s\n", parameters[i].name, parameters[i].fallback,
                parameters[i].help);
}

size_t conf_parameter_count(void) {
    return PARAMETERS;
}

const char *conf_parameter_name(size_t i) {
    return parameters[i].name;
}
