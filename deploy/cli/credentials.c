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
#include "credtell.h"
#include "prompt.h"

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

/* Asks, tells, returns the exit status. */
static int ask_and_tell(const struct conf *conf, enum keeper_verb verb, int secret_fd,
                        const char *done, bool json) {
    struct keeper_reply *reply = xcalloc(1, sizeof *reply);
    struct fault why;
    int status;

    if (ask(conf, verb, secret_fd, reply, &why) == -1) {
        status = credtell_failure(stdout, why.text, json, errno == EACCES ? EX_NOPERM : 1);
    } else {
        /* It works again: nothing to wait for. */
        if (verb == KEEPER_VERIFY && reply->outcome == KEEPER_DONE && reply->credential.held) {
            struct keeper_reply released;

            if (ask(conf, KEEPER_RELEASE, -1, &released, &why) == 0)
                reply->credential.held = released.credential.held;
        }
        status = credtell_reply(stdout, verb, done, reply, json);
    }
    free(reply);
    return status;
}

/* ---- set ---- */

enum { PROMPTED_MAX = 1024 };

/* Returns the length; -1. */
static ssize_t read_secret(char *out, size_t size, struct fault *why) {
    size_t have = 0;
    ssize_t n;

    if (prompt_can())
        return prompt_line("New password for the smarthost (PASSWORD or USER:PASSWORD): ", true,
                           out, PROMPTED_MAX)
                   ? (ssize_t)strlen(out)
                   : fault_set(why, "no password was typed, or too long a one");
    while (have < size && (n = read(STDIN_FILENO, out + have, size - have)) != 0) {
        if (n == -1)
            return fault_errno(why, "the standard input");
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
    int fd = -1;
    ssize_t n;
    int status;

    if (geteuid() != 0) {
        free(secret);
        fault_set(&why, "only root may set a login");
        return credtell_failure(stdout, why.text, json, EX_NOPERM);
    }
    xmem_forbid_dump();
    n = read_secret(secret, CRED_FILE_MAX + 1, &why);
    if (n != -1)
        fd = seal(key, user, (struct span){secret, (size_t)n}, &why);
    wipe(secret, CRED_FILE_MAX + 2);
    free(secret);
    if (fd == -1)
        return credtell_failure(stdout, why.text, json, 1);
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

/* relaywatchd has not answered. */
static int tell_silence(const struct conf *conf, const struct fault *why, bool json) {
    struct json_t *o;
    char *text;

    fprintf(stderr,
            "relaywatch credentials: relaywatchd does not answer at %s: %s\n"
            "  Start it: systemctl start relaywatchd (without systemd: relaywatch run)\n",
            conf->http_listen, why->text);
    if (!json)
        return 1;
    o = json_make_object();
    json_put_text(o, "error", why->text);
    text = json_print(o, true);
    puts(text);
    free(text);
    json_release(&o);
    return 1;
}

static int show(const struct conf *conf, bool history, bool json) {
    struct json_t *doc = NULL, *keys = NULL;
    struct json_t *part;
    struct fault why = {""};
    char *text;

    doc = get_credentials(conf, &why);
    if (doc == NULL) {
        return tell_silence(conf, &why, json);
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

/* What stands before the password in a line of sasl_passwd: it must not end before it should. */
static bool is_one_word(const char *option, const char *word, const char *nor) {
    if (word == NULL)
        return true;
    if (word[0] != '\0' && word[0] != '#' && strpbrk(word, nor) == NULL) {
        size_t n = 0;

        while ((unsigned char)word[n] > ' ' && word[n] != 0x7f)
            n++;
        if (word[n] == '\0')
            return true;
    }
    fprintf(stderr, "relaywatch credentials: %s: one word%s is needed\n", option,
            nor[0] != '\0' ? " without a colon" : "");
    return false;
}

static int run(int argc, char **argv, const char *conf_path) {
    const char *key = NULL, *user = NULL;
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
    if (strcmp(verb, "set") != 0 && (key != NULL || user != NULL)) {
        fputs("relaywatch credentials: --key and --user are for set\n", stderr);
        return EX_USAGE;
    }
    if (!is_one_word("--key", key, "") || !is_one_word("--user", user, ":"))
        return EX_USAGE;
    status = cli_load_conf(conf_path, &conf);
    return status != 0
               ? status
               : run_verb(verb, &conf, key == NULL ? "" : key, user == NULL ? "" : user, json);
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
