/* askrelay.c: the ways to a relay on this host, and its name. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "askrelay.h"
#include "question.h"
#include "reach.h"

static struct condition seen;
static const struct question question = {.seen = &seen, .programs = "/nonexistent"};

/* What the questions' processes find is shared. */
static void begin(void) {
    seen.outside =
        mmap(NULL, sizeof *seen.outside, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(seen.outside, MAP_FAILED);
}

Test(askrelay, ways_that_nobody_takes, .init = begin) {
    strcpy(seen.relay.host, "127.213.7.9");
    askrelay_ways(&question);
    cr_expect_eq(seen.outside->resolved, SEEN_YES);
    cr_expect_eq(seen.outside->ipv4, 1);
    cr_expect_eq(seen.outside->ipv6, 0);
    for (int which = 0; which < 2; which++) {
        /* Somebody's own mail server may listen on all addresses. */
        int fd = reach_endpoint(which == 0 ? "127.213.7.9:587" : "127.213.7.9:465", 1000);

        cr_expect_eq(seen.outside->reach[which][0], fd != -1 ? REACH_OPEN : REACH_REFUSED);
        if (fd != -1)
            close(fd);
        cr_expect_eq(seen.outside->reach[which][1], REACH_NO_ADDRESS);
    }
}

Test(askrelay, a_way_that_is_open_and_says_the_time, .init = begin) {
    static const char greeting[] = "220 relay.test ready at Sat, 28 Nov 2026 09:34:40 +0000\r\n";
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(587)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), client;

    cr_assert_eq(inet_pton(AF_INET, "127.213.7.10", &at.sin_addr), 1);
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) == -1)
        cr_skip_test("only root may listen there");
    cr_assert_eq(listen(fd, 1), 0);
    if (fork() == 0) {
        client = accept(fd, NULL, NULL);
        _exit(write(client, greeting, sizeof greeting - 1) == -1);
    }
    strcpy(seen.relay.host, "127.213.7.10");
    askrelay_ways(&question);
    cr_expect_eq(seen.outside->reach[0][0], REACH_OPEN);
    cr_expect_eq(seen.outside->greeted_s, 1795858480);
    close(fd);
}

Test(askrelay, helo, .init = begin) {
    strcpy(seen.relay.helo, "127.0.0.1");
    askrelay_helo(&question);
    cr_expect_eq(seen.outside->helo_resolves, SEEN_YES);
    strcpy(seen.relay.helo, "not a name");
    askrelay_helo(&question);
    cr_expect_eq(seen.outside->helo_resolves, SEEN_NO);
}

/* Without its program nothing is known of the login, and it is said why. */
Test(askrelay, a_probe_that_is_not_there, .init = begin) {
    strcpy(seen.relay.host, "127.213.7.9");
    seen.relay.port = 587;
    askrelay_login(&question);
    cr_expect_neq(seen.outside->probed, SEEN_YES);
    cr_expect_str_not_empty(seen.outside->probe_error);
}
