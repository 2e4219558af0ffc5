/* See askrelay.h. */
#include "askrelay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cred.h"
#include "hold.h"
#include "maildate.h"
#include "question.h"
#include "reach.h"
#include "spawn.h"
#include "text.h"
#include "tryout.h"
#include "xmem.h"

enum { PROBE_MS = 8000, CONNECT_MS = 4000, GREETING_MS = 3000 };

/* ---- the ways ---- */

/* Some relays say in their greeting what time it is. */
static void hear_greeting(struct condition_outside *o, int fd) {
    char greeting[512];

    if (reach_converse(fd, NULL, GREETING_MS, greeting, sizeof greeting) != 220)
        return;
    o->greeted_at_s = time(NULL);
    if (!maildate_find(greeting, &o->greeted_s))
        o->greeted_s = 0;
}

static void try_way(const struct question *q, const struct addrinfo *found, int which, int family) {
    enum reach *out = &q->seen->outside->reach[which][family == AF_INET6];
    const uint16_t port = htons(which == 0 ? 587 : 465);
    const struct addrinfo *at = found;
    struct sockaddr_storage to;
    int fd;

    while (at != NULL && at->ai_family != family)
        at = at->ai_next;
    if (at == NULL) {
        *out = REACH_NO_ADDRESS;
        return;
    }
    memcpy(&to, at->ai_addr, at->ai_addrlen);
    if (family == AF_INET)
        ((struct sockaddr_in *)(void *)&to)->sin_port = port;
    else
        ((struct sockaddr_in6 *)(void *)&to)->sin6_port = port;
    *out = REACH_SILENT;
    fd = reach_address((const struct sockaddr *)&to, at->ai_addrlen, NULL, 0, CONNECT_MS);
    if (fd != -1) {
        *out = REACH_OPEN;
        if (which == 0)
            hear_greeting(q->seen->outside, fd);
        close(fd);
    } else if (errno != ETIMEDOUT) {
        *out = errno == ECONNREFUSED ? REACH_REFUSED : REACH_NO_WAY;
    }
}

void askrelay_ways(const void *question) {
    const struct question *q = question;
    struct condition_outside *o = q->seen->outside;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int error;

    if (q->seen->root && spawn_become(q->seen->conf.probe_user) == -1)
        return;
    error = getaddrinfo(q->seen->relay.host, NULL, &hints, &found);
    if (error != 0) {
        text_copy(o->dns_error, sizeof o->dns_error, gai_strerror(error));
        o->resolved = SEEN_NO;
        return;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        o->ipv4 += at->ai_family == AF_INET;
        o->ipv6 += at->ai_family == AF_INET6;
    }
    o->resolved = SEEN_YES;
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            try_way(q, found, i / 2, i % 2 == 0 ? AF_INET : AF_INET6);
            _exit(0);
        }
    }
    while (wait(NULL) != -1 || errno == EINTR)
        continue;
    freeaddrinfo(found);
}

/* ---- the login ---- */

/* Has the address that the relay sees a name? Google wants one of an IPv6 address. */
static void look_up_egress(struct condition_outside *o) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *at = NULL;
    char address[sizeof o->verdict.egress], name[NI_MAXHOST];
    int error;

    text_copy_span(address, sizeof address,
                   (struct span){o->verdict.egress, strnlen(o->verdict.egress, 63)});
    if (address[0] == '\0' || getaddrinfo(address, NULL, &hints, &at) != 0)
        return;
    error = getnameinfo(at->ai_addr, at->ai_addrlen, name, sizeof name, NULL, 0, NI_NAMEREQD);
    if (error == 0 || error == EAI_NONAME)
        o->egress_named = error == 0 ? SEEN_YES : SEEN_NO;
    freeaddrinfo(at);
}

void askrelay_login(const void *question) {
    const struct question *q = question;
    struct condition_outside *o = q->seen->outside;
    struct keeper_reply *reply = xcalloc(1, sizeof *reply);
    struct span user = {"", 0}, secret = {"", 0};
    char program[PATH_MAX];
    struct hands hands =
        hands_direct(q->seen->conf.postfix_config_dir, q->seen->conf.keeper_state_dir);
    const struct keeper keeper = {.hands = &hands};

    hands.probe = program;
    hands.probe_user = q->seen->conf.probe_user;
    hands.probe_limit_ms = PROBE_MS;
    text_format(program, sizeof program, "%s/relaywatch-probe", q->programs);
    if (q->seen->relay.sasl && q->secret != NULL && !cred_split(span_of(q->secret), &user, &secret))
        user = secret = (struct span){"", 0};
    tryout(&keeper, &q->seen->relay, user, secret, reply);
    if (reply->credential.verdict.version == PROBEQ_VERSION) {
        o->verdict = reply->credential.verdict;
        o->probed = SEEN_YES;
        if (reply->outcome == KEEPER_REFUSED)
            hold_note_verdict(&keeper, q->seen->relay.host, (struct span){NULL, 0},
                              reply); /* so that nobody sends it again by itself */
        look_up_egress(o);
    } else {
        text_copy(o->probe_error, sizeof o->probe_error, reply->detail);
    }
    hands_end(&hands);
    free(reply);
}

void askrelay_helo(const void *question) {
    const struct question *q = question;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo(q->seen->relay.helo, NULL, &hints, &found);

    q->seen->outside->helo_resolves = error == 0 ? SEEN_YES : SEEN_NO;
    if (found != NULL)
        freeaddrinfo(found);
}
