/* relaywatch-keeper: the only code of ours that runs as root beside the command-line tool. Started
 * for one connection, does one verb, sends one reply, ends. It takes no path from its peer, and
 * text only from root: a new secret, in a sealed memfd. */
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

#include "log.h"
#include "sock.h"
#include "verbs.h"
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

static void take_options(int argc, char **argv, struct keeper *keeper) {
    static const struct option options[] = {{"postfix", required_argument, NULL, 'p'},
                                            {"allow", required_argument, NULL, 'a'},
                                            {"probe", required_argument, NULL, 'b'},
                                            {"probe-user", required_argument, NULL, 'u'},
                                            {"state", required_argument, NULL, 's'},
                                            {"source", required_argument, NULL, 'f'},
                                            {"drop", required_argument, NULL, 'd'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'p')
            keeper->config_dir = optarg;
        else if (c == 'a')
            keeper->allow = optarg;
        else if (c == 'b')
            keeper->probe = optarg;
        else if (c == 'u')
            keeper->probe_user = optarg;
        else if (c == 's')
            keeper->state_dir = optarg;
        else if (c == 'f')
            keeper->source = optarg[0] != '\0' ? optarg : NULL;
        else if (c == 'd')
            keeper->drop = optarg[0] != '\0' ? optarg : NULL;
        else if (c == 'V') {
            puts("relaywatch-keeper " RELAYWATCH_VERSION);
            exit(EX_OK);
        } else
            usage();
    }
    if (optind != argc || keeper->config_dir == NULL || keeper->allow == NULL ||
        keeper->probe == NULL || keeper->probe_user == NULL || keeper->state_dir == NULL)
        usage();
    if (keeper->config_dir[0] != '/' || keeper->probe[0] != '/' || keeper->state_dir[0] != '/')
        die(EX_USAGE, "--postfix, --probe and --state want absolute paths");
    if ((keeper->source != NULL && keeper->source[0] != '/') ||
        (keeper->drop != NULL && keeper->drop[0] != '/'))
        die(EX_USAGE, "--source and --drop want absolute paths");
}

/* Ours alone, or not used: what stands in it is believed. */
static void check_state(const char *path) {
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return;
    if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 077) != 0)
        die(EX_CONFIG, "state folder %s: must be a folder of root with mode 0700", path);
}

static bool peer_allowed(int fd, struct keeper *keeper) {
    const struct passwd *who = getpwnam(keeper->allow);
    struct fault why;
    uid_t uid;

    if (sock_peer_uid(fd, &uid, &why) == -1)
        return false;
    keeper->person = uid == 0;
    return uid == 0 || (who != NULL && who->pw_uid == uid);
}

int main(int argc, char **argv) {
    struct keeper keeper = {.secret_fd = -1};
    struct keeper_reply reply;
    unsigned char request[2] = {0, 0};
    struct fault why;
    ssize_t n;
    int fd;

    log_open("relaywatch-keeper", LOG_LEVEL_INFO);
    take_options(argc, argv, &keeper);
    if (geteuid() != 0)
        die(EX_NOPERM, "must run as root: it reads sasl_passwd and replaces Postfix's map");
    fd = sock_inherited();
    if (fd == -1)
        die(EX_USAGE, "no socket was handed over (LISTEN_FDS): not a program to start by hand");
    umask(077);
    xmem_forbid_dump();
    signal(SIGPIPE, SIG_IGN);
    check_state(keeper.state_dir);
    n = sock_receive_fd(fd, request, sizeof request, &keeper.secret_fd, REQUEST_LIMIT_MS, &why);
    if (n == -1)
        die(EX_PROTOCOL, "request: %s", why.text);
    /* Anything but one byte of an allowed peer is no verb. */
    verbs_run(&keeper, n == 1 && peer_allowed(fd, &keeper) ? request[0] : 0, &reply);
    if (reply.outcome != KEEPER_DONE && reply.outcome != KEEPER_UNCHANGED)
        log_warn("keeper", "%c: outcome %u: %s", reply.verb == 0 ? '?' : (int)reply.verb,
                 reply.outcome, reply.detail);
    if (send(fd, &reply, sizeof reply, MSG_NOSIGNAL) == -1)
        log_warn("keeper", "the peer has gone before the answer");
    return EX_OK;
}
