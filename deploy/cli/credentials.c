/* `relaywatch credentials`: the login for the smarthost: what it is, what happened to it, a new
 * one, the way back. What it shows comes from relaywatchd; what it does, relaywatch-keeper does. A
 * secret is read from stdin or at a prompt, goes to the keeper in a sealed memfd, and is wiped. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "sock.h"
#include "text.h"
#include "xmem.h"
#include "cred.h"
#include "keeperq.h"
#include "json.h"
#include "credkeys.h"

enum {
    KEEPER_MS = 180 * 1000,
    BUSY_MS = 60 * 1000,
    BUSY_STEP_MS = 200,
    ANSWER_MS = 5000,
};

/* ---- what was asked of the keeper, and its answer ---- */

static int ask_once(const struct conf *conf, enum keeper_verb verb, int secret_fd,
                    struct keeper_reply *reply, struct fault *why) {
    unsigned char byte = (unsigned char)verb;
    char path[300];
    ssize_t n;
    int fd;

    text_format(path, sizeof path, "%s/keeper.sock", conf->run_dir);
    fd = sock_connect(path, why);
    if (fd == -1)
        return -1;
    if (sock_send_fd(fd, &byte, 1, secret_fd, why) == -1) {
        close(fd);
        return -1;
    }
    n = sock_receive(fd, reply, sizeof *reply, KEEPER_MS, why);
    close(fd);
    if (n == -1)
        return -1;
    if (n != (ssize_t)sizeof *reply || reply->version != KEEPERQ_VERSION)
        return fault_set(why, n == 0 ? "relaywatch-keeper ended without an answer"
                                     : "relaywatch-keeper is of another version");
    reply->detail[sizeof reply->detail - 1] = '\0';
    return 0;
}

/* While another change is under way, waits for its end. */
static int ask(const struct conf *conf, enum keeper_verb verb, int secret_fd,
               struct keeper_reply *reply, struct fault *why) {
    int64_t until_ms = clock_mono_ms() + BUSY_MS;

    for (;;) {
        struct timespec step = {.tv_nsec = BUSY_STEP_MS * 1000000L};

        if (ask_once(conf, verb, secret_fd, reply, why) == -1)
            return -1;
        if (reply->outcome != KEEPER_BUSY || clock_mono_ms() >= until_ms)
            return 0;
        nanosleep(&step, NULL);
    }
}

static const char *outcome_word(uint32_t outcome) {
    static const char *const words[] = {"done",         "unchanged", "bad_source", "refused",
                                        "inconclusive", "failed",    "busy",       "not_allowed"};

    return outcome < sizeof words / sizeof words[0] ? words[outcome] : "unknown";
}

static int exit_status(uint32_t outcome) {
    switch ((enum keeper_outcome)outcome) {
    case KEEPER_DONE:
    case KEEPER_UNCHANGED:
        return EX_OK;
    case KEEPER_BAD_SOURCE:
        return EX_DATAERR;
    case KEEPER_INCONCLUSIVE:
    case KEEPER_BUSY:
        return EX_TEMPFAIL;
    case KEEPER_NOT_ALLOWED:
        return EX_NOPERM;
    case KEEPER_REFUSED:
    case KEEPER_FAILED:
        break;
    }
    return 1;
}

static const char *result_word(uint32_t result) {
    static const char *const words[] = {"ok",  "refused",  "temporary",    "unreachable", "timeout",
                                        "tls", "protocol", "no_mechanism", "internal"};

    return result < sizeof words / sizeof words[0] ? words[result] : "unknown";
}

static struct span field(const char *text, size_t size) {
    return (struct span){text, strnlen(text, size)};
}
#define FIELD(array) field(array, sizeof(array))

/* Text of the smarthost: not clean. */
static void put_field(struct json_t *o, const char *key, struct span value) {
    char text[600];

    text_copy_printable(text, sizeof text, span_trim(value));
    json_put_text(o, key, text[0] != '\0' ? text : NULL);
}

static struct json_t *probe_object(const struct probe_verdict *v) {
    struct json_t *o = json_make_object();

    json_put_text(o, "result", result_word(v->result));
    json_put_int(o, "smtp_code", v->smtp_code);
    put_field(o, "text", FIELD(v->text));
    put_field(o, "tls_version", FIELD(v->tls_version));
    put_field(o, "tls_cipher", FIELD(v->tls_cipher));
    put_field(o, "mechanism", FIELD(v->mechanism));
    json_put_time(o, "certificate_expires", v->certificate_expires_s * 1000);
    put_field(o, "address", FIELD(v->address));
    put_field(o, "egress_address", FIELD(v->egress));
    put_field(o, "ehlo", FIELD(v->ehlo));
    json_put_int(o, "size_limit", (int64_t)v->size_limit);
    json_put_int(o, "elapsed_ms", v->elapsed_ms);
    return o;
}

static void print_json(const struct keeper_reply *reply) {
    const struct keeper_credential *c = &reply->credential;
    struct json_t *o = json_make_object();
    char *text;

    json_put_text(o, "outcome", outcome_word(reply->outcome));
    put_field(o, "detail", FIELD(reply->detail));
    put_field(o, "user", FIELD(c->user));
    json_put_int(o, "line", c->line);
    json_put_int(o, "changed", c->changed);
    json_put_int(o, "serial", (int64_t)c->serial);
    json_put_time(o, "changed_at", c->applied_ms);
    json_put_bool(o, "reloaded", c->reloaded != 0);
    json_put_bool(o, "flushed", c->flushed != 0);
    json_put_bool(o, "mail_held", c->held != 0);
    json_put_bool(o, "can_roll_back", c->has_previous != 0);
    if (c->verdict.version != 0)
        json_put(o, "probe", probe_object(&c->verdict));
    text = json_print(o, true);
    puts(text);
    free(text);
    json_release(&o);
}

static void print_words(const char *done, const struct keeper_reply *reply) {
    static const char *const words[] = {
        "",
        "nothing to do",
        "not acceptable, nothing was changed",
        "refused by the smarthost, nothing was changed",
        "no verdict, nothing was changed; it can be tried again",
        "failed, nothing was changed",
        "another change is under way",
        "not permitted",
    };
    const struct keeper_credential *c = &reply->credential;
    char user[130], text[520];

    text_copy_printable(user, sizeof user, FIELD(c->user));
    printf("%s%s%s",
           reply->outcome == KEEPER_DONE                     ? done
           : reply->outcome < sizeof words / sizeof words[0] ? words[reply->outcome]
                                                             : "unknown answer",
           user[0] != '\0' ? ": " : "", user);
    if (reply->detail[0] != '\0')
        printf("\n  %s", reply->detail);
    text_copy_printable(text, sizeof text, span_trim(FIELD(c->verdict.text)));
    if (c->verdict.version != 0 && text[0] != '\0')
        printf("\n  the smarthost said: %u %s", c->verdict.smtp_code, text);
    if (c->verdict.version != 0 && c->verdict.ehlo[0] != '\0') {
        text_copy_printable(text, sizeof text, FIELD(c->verdict.ehlo));
        printf("\n  it offers: %s", text);
    }
    if (c->reloaded || c->flushed)
        printf("\n  Postfix%s%s", c->reloaded ? " reloaded" : "",
               c->flushed ? (c->reloaded ? ", queue flushed" : ": queue flushed") : "");
    if (c->held)
        printf("\n  mail is held in the queue");
    putchar('\n');
}

/* Asks, tells, returns the exit status. */
static int ask_and_tell(const struct conf *conf, enum keeper_verb verb, int secret_fd,
                        const char *done, bool json) {
    struct keeper_reply *reply = xcalloc(1, sizeof *reply);
    struct fault why;
    int status = 1;

    if (ask(conf, verb, secret_fd, reply, &why) == -1) {
        fprintf(stderr, "relaywatch credentials: %s\n", why.text);
        if (errno == EACCES)
            status = EX_NOPERM;
    } else {
        /* It works again: nothing to wait for. */
        if (verb == KEEPER_VERIFY && reply->outcome == KEEPER_DONE && reply->credential.held) {
            struct keeper_reply released;

            if (ask(conf, KEEPER_RELEASE, -1, &released, &why) == 0)
                reply->credential.held = released.credential.held;
        }
        if (json)
            print_json(reply);
        else
            print_words(done, reply);
        status = exit_status(reply->outcome);
    }
    free(reply);
    return status;
}

/* ---- set ---- */

/* From a terminal: without showing it. Returns the length; -1. */
static ssize_t read_prompted(char *out, size_t size) {
    struct termios before, quiet;
    ssize_t n;

    if (tcgetattr(STDIN_FILENO, &before) == -1)
        return -1;
    quiet = before;
    quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ECHONL);
    fputs("New password for the smarthost (PASSWORD or USER:PASSWORD): ", stderr);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == -1)
        return -1;
    n = read(STDIN_FILENO, out, size);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputs("\n", stderr);
    return n;
}

static ssize_t read_secret(char *out, size_t size) {
    size_t have = 0;
    ssize_t n;

    if (isatty(STDIN_FILENO))
        return read_prompted(out, size);
    while (have < size && (n = read(STDIN_FILENO, out + have, size - have)) != 0) {
        if (n == -1)
            return -1;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* "KEY ", "USER:" and what was read, in a memfd that nobody can change any more; -1. */
static int seal(const char *key, const char *user, struct span secret, struct fault *why) {
    int fd = memfd_create("credential", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd == -1)
        return fault_errno(why, "memfd");
    if (file_write_all(fd, key, strlen(key), why) == -1 ||
        (key[0] != '\0' && file_write_all(fd, " ", 1, why) == -1) ||
        file_write_all(fd, user, strlen(user), why) == -1 ||
        (user[0] != '\0' && file_write_all(fd, ":", 1, why) == -1) ||
        file_write_all(fd, secret.p, secret.n, why) == -1 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == -1) {
        close(fd);
        return fault_wrap(why, "memfd");
    }
    return fd;
}

static int set(const struct conf *conf, const char *key, const char *user, bool json) {
    char *secret = xcalloc(1, CRED_FILE_MAX + 2);
    struct fault why = {""};
    ssize_t n;
    int fd = -1;
    int status = 1;

    if (geteuid() != 0) {
        free(secret);
        fputs("relaywatch credentials set: only root may set a login\n", stderr);
        return EX_NOPERM;
    }
    xmem_forbid_dump();
    n = read_secret(secret, CRED_FILE_MAX + 1);
    if (n == -1)
        fputs("relaywatch credentials set: the password cannot be read\n", stderr);
    else if ((fd = seal(key, user, (struct span){secret, (size_t)n}, &why)) == -1)
        fprintf(stderr, "relaywatch credentials set: %s\n", why.text);
    wipe(secret, CRED_FILE_MAX + 2);
    free(secret);
    if (fd == -1)
        return status;
    status = ask_and_tell(conf, KEEPER_SET, fd, "the new login works and is live", json);
    close(fd);
    return status;
}

/* ---- show and history ---- */

static struct json_t *get_credentials(const struct conf *conf, struct fault *why) {
    char url[160];
    char *body = NULL;
    struct json_t *doc;

    text_format(url, sizeof url, "http://%s/api/v1/status", conf->http_listen);
    doc = cli_ask_daemon(url, ANSWER_MS, &body, why);
    free(body);
    return doc;
}

static void put_line(const char *name, const char *text) {
    printf("%-12s %s\n", name, text[0] != '\0' ? text : "-");
}

/* Can others read what holds a login? */
static bool is_loose(const char *path) {
    struct stat st;

    return path[0] != '\0' && stat(path, &st) == 0 && (st.st_mode & 077) != 0;
}

static void show_loose(const struct conf *conf, const char *source) {
    const char *const paths[] = {conf->credential_source, source};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (is_loose(paths[i]))
            printf("%-12s others can read %s:\n%-12s sudo chmod 600 %s\n", "warning", paths[i], "",
                   paths[i]);
    }
}

static void show_words(const struct conf *conf, const struct json_t *doc) {
    const struct json_t *c = json_get(doc, "credentials");
    const struct json_t *relay = json_get(doc, "relay");
    char where[400];

    put_line("user", json_get_text(c, "user"));
    put_line("password", json_get_text(c, "user")[0] != '\0' ? "********" : "");
    put_line("state", json_get_text(c, "state"));
    put_line("why", json_get_text(c, "detail"));
    text_format(where, sizeof where, "%.250s:%lld", json_get_text(relay, "host"),
                (long long)json_get_int(relay, "port", 0));
    put_line("used at", where);
    put_line("from", json_get_text(c, "source"));
    put_line("source", conf->credential_source);
    put_line("changed", json_get_text(c, "changed_at"));
    put_line("verified", json_get_text(c, "verified_at"));
    put_line("delivered", json_get_text(c, "confirmed_at"));
    put_line("old login", json_get_text(c, "old_revocable_at")[0] == '\0' ? ""
                          : strcmp(json_get_text(c, "rotation"), "idle") == 0
                              ? "may be revoked"
                              : "may be revoked in a while:");
    if (json_get_text(c, "old_revocable_at")[0] != '\0')
        put_line("", json_get_text(c, "old_revocable_at"));
    if (json_get_bool(c, "mail_held"))
        put_line("mail", "held in the queue: neither login works");
    show_loose(conf, json_get_text(c, "source"));
}

static void history_words(const struct json_t *doc) {
    const struct json_t *history = json_get(json_get(doc, "credentials"), "history");

    for (size_t i = 0; i < json_count(history); i++) {
        const struct json_t *e = json_at(history, i);

        printf("%s  %-13s %-7s %s%s%s\n", json_get_text(e, "at"), json_get_text(e, "event"),
               json_get_text(e, "origin"), json_get_text(e, "user"),
               json_get_text(e, "detail")[0] != '\0' ? "  " : "", json_get_text(e, "detail"));
    }
}

static int show(const struct conf *conf, bool history, bool json) {
    struct json_t *doc = NULL, *keys = NULL;
    struct json_t *part;
    struct fault why = {""};
    char *text;

    doc = get_credentials(conf, &why);
    if (doc == NULL) {
        fprintf(stderr, "relaywatch credentials: %s\n", why.text);
        return 1;
    }
    part = json_get(doc, "credentials");
    if (!history && geteuid() == 0 && credkeys_read(conf, &keys, &why) == -1)
        fprintf(stderr, "relaywatch credentials: %s\n", why.text);
    if (json) {
        if (!history && keys != NULL)
            json_put(part, "keys", keys);
        else if (!history)
            json_put_null(part, "keys");
        text = json_print(history ? json_get(part, "history") : part, true);
        puts(text);
        free(text);
    } else if (history) {
        history_words(doc);
    } else {
        show_words(conf, doc);
        if (keys != NULL)
            credkeys_print(keys);
        else if (geteuid() != 0)
            puts("\nAs root this shows every key of the map.");
        json_release(&keys);
    }
    json_release(&doc);
    return 0;
}

/* ---- the command ---- */

static int run_verb(const char *verb, const struct conf *conf, const char *key, const char *user,
                    bool json) {
    if (strcmp(verb, "show") == 0)
        return show(conf, false, json);
    if (strcmp(verb, "history") == 0)
        return show(conf, true, json);
    if (strcmp(verb, "set") == 0)
        return set(conf, key, user, json);
    if (strcmp(verb, "verify") == 0)
        return ask_and_tell(conf, KEEPER_VERIFY, -1, "the live login works", json);
    if (strcmp(verb, "rotate") == 0)
        return ask_and_tell(conf, KEEPER_APPLY, -1, "the new login works and is live", json);
    if (strcmp(verb, "rollback") == 0)
        return ask_and_tell(conf, KEEPER_UNDO, -1, "the login of before works and is live again",
                            json);
    fprintf(stderr, "relaywatch credentials: %s: no such word\n%s", verb, command_credentials.help);
    return EX_USAGE;
}

static int run(int argc, char **argv, const char *conf_path) {
    const char *key = "", *user = "";
    bool json = false;
    const struct cli_option options[] = {
        {"--key", &key, NULL}, {"--user", &user, NULL}, {"--json", NULL, &json}};
    const char *verb = argc > 0 && argv[0][0] != '-' ? argv[0] : "show";
    int skip = argc > 0 && argv[0][0] != '-';
    struct conf conf;
    int status;

    if (cli_options(&command_credentials, argc - skip, argv + skip, options, 3) != argc - skip) {
        fputs("relaywatch credentials: a password is never an argument: it is read from stdin\n",
              stderr);
        return EX_USAGE;
    }
    if (strcmp(verb, "set") != 0 && (key[0] != '\0' || user[0] != '\0')) {
        fputs("relaywatch credentials: --key and --user are for set\n", stderr);
        return EX_USAGE;
    }
    status = cli_load_conf(conf_path, &conf);
    return status != 0 ? status : run_verb(verb, &conf, key, user, json);
}

const struct command command_credentials = {
    .name = "credentials",
    .summary = "the login: show, set, verify, rotate, rollback, history",
    .help = "usage: relaywatch [-c FILE] credentials [show | history] [--json]\n"
            "       relaywatch [-c FILE] credentials set [--user USER] [--key KEY] [--json]\n"
            "                  < SECRET\n"
            "       relaywatch [-c FILE] credentials verify | rotate | rollback [--json]\n"
            "show      user, age, when it was verified; as root each key of the map with\n"
            "          what uses it; never a password\n"
            "history   what happened to it, the latest first\n"
            "set       a new login, from stdin or a prompt: PASSWORD, USER:PASSWORD, or lines\n"
            "          as in sasl_passwd; tried first, and put in place only if it works\n"
            "verify    try the live login now\n"
            "rotate    put in place now what sasl_passwd or credential_source say, also what\n"
            "          was refused before\n"
            "rollback  put the login of before the last change back, if it still works\n"
            "  --user USER  with a password alone on stdin\n"
            "  --key KEY    whose login: a key of sasl_passwd; default the smarthost's\n"
            "  --json       one object; never a secret\n"
            "Exit status: 0 done, or nothing to do; 1 refused or failed; 65 not acceptable;\n"
            "75 no verdict, try again later; 64 usage; 77 not permitted; 78 configuration.\n"
            "Example: relaywatch credentials set < /root/new-password\n",
    .run = run,
};
