/* relaywatch-keeper: the only code of ours that runs as root beside the command-line tool. Started
 * for one connection, does one verb, sends one reply, ends. It takes no path from its peer, and
 * text only from root: a new secret, in a sealed memfd. What the verb means is decided in a child
 * without privileges (monitor/procedure), which asks root for one small deed after the other. */
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "hands.h"
#include "log.h"
#include "queuedir.h"
#include "sock.h"
#include "text.h"
#include "verbs.h"
#include "wire.h"
#include "xmem.h"

enum { REQUEST_LIMIT_MS = 2000 };

static _Noreturn void usage(void) {
    fputs("usage: relaywatch-keeper --postfix DIR --allow USER --probe PROGRAM\n"
          "                         --probe-user USER --state DIR [--source FILE]\n"
          "                         [--drop DIR]\n"
          "Started by systemd or `relaywatch run` with a connected socket; see\n"
          "relaywatch-keeper(8).\n",
          stderr);
    exit(EX_USAGE);
}

static void take_options(int argc, char **argv, struct hands *h) {
    enum { VERSION = 7, NEEDED = 5 };
    static const struct option options[] = {
        {"postfix", 1, NULL, 0}, {"probe", 1, NULL, 1},         {"state", 1, NULL, 2},
        {"allow", 1, NULL, 3},   {"probe-user", 1, NULL, 4},    {"source", 1, NULL, 5},
        {"drop", 1, NULL, 6},    {"version", 0, NULL, VERSION}, {NULL, 0, NULL, 0}};
    const char **const to[] = {&h->config_dir, &h->probe,  &h->state_dir, &h->reader,
                               &h->probe_user, &h->source, &h->drop};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == VERSION) {
            puts("relaywatch-keeper " RELAYWATCH_VERSION);
            exit(EX_OK);
        }
        if (c > VERSION)
            usage();
        *to[c] = optarg[0] != '\0' ? optarg : NULL;
    }
    for (c = 0; c < VERSION; c++) {
        bool is_path = to[c] != &h->reader && to[c] != &h->probe_user;

        if (optind != argc || (c < NEEDED && *to[c] == NULL))
            usage();
        if (is_path && *to[c] != NULL && **to[c] != '/')
            die(EX_USAGE, "--%s wants an absolute path", options[c].name);
    }
}

/* Ours alone, or not used: what stands in it is believed. */
static void check_state(const char *path) {
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return;
    if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 077) != 0)
        die(EX_CONFIG, "state folder %s: must be a folder of root with mode 0700", path);
}

static bool peer_allowed(int fd, const char *user, bool *person_out) {
    const struct passwd *who = getpwnam(user);
    struct fault why;
    uid_t uid;

    if (sock_peer_uid(fd, &uid, &why) == -1)
        return false;
    *person_out = uid == 0;
    return uid == 0 || (who != NULL && who->pw_uid == uid);
}

static void answer(struct hands *hands, struct keeper *keeper, struct keeper_reply *reply) {
    struct fault why = {""};

    if (wire_serve(hands, verbs_answer, keeper, keeper->secret_fd, reply, sizeof *reply, &why) ==
            -1 ||
        reply->outcome > KEEPER_NOT_ALLOWED) {
        *reply = (struct keeper_reply){.outcome = KEEPER_FAILED};
        text_copy(reply->detail, sizeof reply->detail,
                  why.text[0] != '\0' ? why.text : "the part without privileges talked nonsense");
    }
    reply->version = KEEPERQ_VERSION;
    reply->verb = keeper->verb;
    reply->detail[sizeof reply->detail - 1] = '\0';
    for (char *p = reply->detail; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    }
}

int main(int argc, char **argv) {
    struct hands hands = hands_direct(NULL, NULL);
    struct keeper keeper = {.secret_fd = -1};
    struct keeper_reply reply;
    unsigned char request[2] = {0, 0};
    struct fault why;
    ssize_t n;
    int fd;

    log_open("relaywatch-keeper", LOG_LEVEL_INFO);
    take_options(argc, argv, &hands);
    if (geteuid() != 0)
        die(EX_NOPERM, "must run as root: it reads sasl_passwd and replaces Postfix's map");
    fd = sock_inherited();
    if (fd == -1)
        die(EX_USAGE, "no socket was handed over (LISTEN_FDS): not a program to start by hand");
    umask(077);
    xmem_forbid_dump();
    signal(SIGPIPE, SIG_IGN);
    check_state(hands.state_dir);
    n = sock_receive_fd(fd, request, sizeof request, &keeper.secret_fd, REQUEST_LIMIT_MS, &why);
    if (n == -1)
        die(EX_PROTOCOL, "request: %s", why.text);
    /* Anything but one byte of an allowed peer is no verb. */
    keeper.verb = n == 1 && peer_allowed(fd, hands.reader, &keeper.person) ? request[0] : 0;
    hands.count = queuedir_count;
    answer(&hands, &keeper, &reply);
    if (reply.outcome != KEEPER_DONE && reply.outcome != KEEPER_UNCHANGED)
        log_warn("keeper", "%c: outcome %u: %s", reply.verb == 0 ? '?' : (int)reply.verb,
                 reply.outcome, reply.detail);
    if (send(fd, &reply, sizeof reply, MSG_NOSIGNAL) == -1)
        log_warn("keeper", "the peer has gone before the answer");
    return EX_OK;
}
