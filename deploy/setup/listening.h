/* Who listens on a TCP port: out of the text of /proc/net/tcp or tcp6 (proc(5)). Pure. */
#ifndef SETUP_LISTENING_H
#define SETUP_LISTENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LISTENING_MOST = 32 };

struct listening {
    size_t count;
    struct {
        char address[48]; /* "127.0.0.1", "::", ... */
        bool loopback;
        uint64_t inode; /* of the socket */
    } item[LISTENING_MOST];
};

/* Adds those of this text. */
void listening_parse(const char *text, uint32_t port, struct listening *out);

#endif
