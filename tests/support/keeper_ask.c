/* keeper_ask [--as USER] [--secret] VERB PROGRAM [ARG...]: starts the program as a supervisor would
 * (a connected SEQPACKET socket as descriptor 3, LISTEN_FDS and LISTEN_PID), sends the text VERB as
 * one packet and prints the reply as key=value lines. Exit status: 0 with a reply, 3 without (the
 * keeper died), 1 on an error of ours. --as: the peer is this user, not root. --secret: what comes
 * on stdin goes along in a sealed memfd. */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../monitor/model/keeperq.h"
#include "sock.h"
#include "verdict_print.h"

static const char *outcome_name(uint32_t outcome) {
    static const char *const names[] = {"done",         "unchanged", "bad_source", "refused",
                                        "inconclusive", "failed",    "busy",       "not_allowed"};

    return outcome < sizeof names / sizeof names[0] ? names[outcome] : "?";
}

static void print_queue(const struct keeper_queue *q) {
    printf("active=%llu\ndeferred=%llu\nincoming=%llu\nhold=%llu\nmaildrop=%llu\ncorrupt=%llu\n",
           (unsigned long long)q->active, (unsigned long long)q->deferred,
           (unsigned long long)q->incoming, (unsigned long long)q->hold,
           (unsigned long long)q->maildrop, (unsigned long long)q->corrupt);
    printf("oldest_s=%lld\noldest_deferred_s=%lld\npostfix_running=%u\nages_partial=%u\n",
           (long long)q->oldest_s, (long long)q->oldest_deferred_s, q->postfix_running,
           q->ages_partial);
    printf("bytes_free=%llu\ninodes_free=%llu\n", (unsigned long long)q->bytes_free,
           (unsigned long long)q->inodes_free);
}

static void print_facts(const struct keeper_facts *f) {
    printf("relay_host=%s\nrelay_port=%u\nimplicit_tls=%u\nsasl=%u\nsource=%s\nmap_type=%s\n",
           f->relay_host, f->relay_port, f->implicit_tls, f->sasl, f->source, f->map_type);
    printf("mail_version=%s\nqueue_lifetime_s=%llu\n", f->mail_version,
           (unsigned long long)f->queue_lifetime_s);
}

static void print_credential(const struct keeper_credential *c) {
    const struct probe_verdict *v = &c->verdict;

    printf("user=%s\nline=%u\nentries=%u\nchanged=%u\nreloaded=%u\nflushed=%u\n", c->user, c->line,
           c->entries, c->changed, c->reloaded, c->flushed);
    printf("serial=%llu\norigin=%u\nreload_due_ms=%u\nhas_previous=%u\nheld=%u\nfrom_memory=%u\n"
           "more=%u\n",
           (unsigned long long)c->serial, c->origin, c->reload_due_ms, c->has_previous, c->held,
           c->from_memory, c->more);
    if (v->version == 0)
        return;
    verdict_print(v);
}

static void run_keeper(int fd, char **argv) {
    char pid[24];

    if (fd != 3 && (dup2(fd, 3) == -1 || close(fd) == -1))
        _exit(126);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", pid, 1);
    execv(argv[0], argv);
    _exit(127);
}

/* What stands on stdin, sealed. */
static int sealed_secret(void) {
    int fd = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char buffer[4096];
    ssize_t n;

    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
        if (write(fd, buffer, (size_t)n) != n)
            return -1;
    }
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == -1 ? -1 : fd;
}

/* The peer that SO_PEERCRED tells of is who made the pair. */
static int make_pair(const char *user, int pair[2]) {
    const struct passwd *who = user != NULL ? getpwnam(user) : NULL;
    int failed;

    if (user != NULL && (who == NULL || seteuid(who->pw_uid) == -1))
        return -1;
    failed = socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
    if (user != NULL && seteuid(0) == -1)
        return -1;
    return failed;
}

int main(int argc, char **argv) {
    struct keeper_reply reply;
    struct fault why;
    const char *user = NULL;
    int secret = -1;
    int pair[2];
    ssize_t n;
    pid_t pid;

    for (; argc > 1 && strncmp(argv[1], "--", 2) == 0; argc--, argv++) {
        if (strcmp(argv[1], "--secret") == 0) {
            secret = sealed_secret();
        } else if (argc > 2) {
            user = argv[2];
            argc--;
            argv++;
        }
    }
    if (argc < 3) {
        fputs("usage: keeper_ask [--as USER] [--secret] VERB PROGRAM [ARG...]\n", stderr);
        return 1;
    }
    if (make_pair(user, pair) == -1 || (pid = fork()) == -1) {
        perror("keeper_ask");
        return 1;
    }
    if (pid == 0) {
        close(pair[0]);
        run_keeper(pair[1], argv + 2);
    }
    close(pair[1]);
    if (sock_send_fd(pair[0], argv[1], strlen(argv[1]), secret, &why) == -1)
        fprintf(stderr, "keeper_ask: %s\n", why.text);
    n = recv(pair[0], &reply, sizeof reply, 0);
    waitpid(pid, NULL, 0);
    if (n != (ssize_t)sizeof reply || reply.version != KEEPERQ_VERSION)
        return 3;
    printf("outcome=%s\ndetail=%s\n", outcome_name(reply.outcome), reply.detail);
    if (reply.verb == KEEPER_QUEUE)
        print_queue(&reply.queue);
    else if (reply.verb == KEEPER_FACTS)
        print_facts(&reply.facts);
    else
        print_credential(&reply.credential);
    return 0;
}
