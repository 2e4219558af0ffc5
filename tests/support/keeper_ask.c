/* keeper_ask VERB PROGRAM [ARG...]: starts the program as a supervisor would (a connected SEQPACKET
 * socket as descriptor 3, LISTEN_FDS and LISTEN_PID), sends the text VERB as one packet and prints
 * the reply as key=value lines. Exit status: 0 with a reply, 3 without (the keeper died), 1 on an
 * error of ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../monitor/model/keeperq.h"

static const char *outcome_name(uint32_t outcome) {
    static const char *const names[] = {"done",         "unchanged", "bad_source", "refused",
                                        "inconclusive", "failed",    "busy",       "not_allowed"};

    return outcome < sizeof names / sizeof names[0] ? names[outcome] : "?";
}

static const char *result_name(uint32_t result) {
    static const char *const names[] = {"ok",  "refused",  "temporary",    "unreachable", "timeout",
                                        "tls", "protocol", "no_mechanism", "internal"};

    return result < sizeof names / sizeof names[0] ? names[result] : "?";
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
    if (v->version == 0)
        return;
    printf("result=%s\nsmtp_code=%u\nenhanced=%s\ntls_version=%s\ntls_cipher=%s\n",
           result_name(v->result), v->smtp_code, v->enhanced, v->tls_version, v->tls_cipher);
    printf("certificate_expires_s=%lld\naddress=%s\nsize_limit=%llu\nelapsed_ms=%u\ntext=%s\n",
           (long long)v->certificate_expires_s, v->address, (unsigned long long)v->size_limit,
           v->elapsed_ms, v->text);
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

int main(int argc, char **argv) {
    struct keeper_reply reply;
    int pair[2];
    ssize_t n;
    pid_t pid;

    if (argc < 3) {
        fputs("usage: keeper_ask VERB PROGRAM [ARG...]\n", stderr);
        return 1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1 || (pid = fork()) == -1) {
        perror("keeper_ask");
        return 1;
    }
    if (pid == 0) {
        close(pair[0]);
        run_keeper(pair[1], argv + 2);
    }
    close(pair[1]);
    if (send(pair[0], argv[1], strlen(argv[1]), MSG_NOSIGNAL) == -1)
        perror("keeper_ask: send");
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
