/* What the operator asks of `relaywatch install`, checked: each function takes one option's text,
 * and says what would be right when it is not. Pure. The struct holds a secret: wants_wipe() it. */
#ifndef SETUP_WANTS_H
#define SETUP_WANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

enum { WANTS_NETWORKS = 16, WANTS_SECRET_MAX = 511 };

struct wants {
    char address[256]; /* --gmail-address: sender of the test, its domain is ours; "": not given */
    char login[256];   /* the name to log in with; "": ip_allowlisted */
    char secret[WANTS_SECRET_MAX + 1];
    bool secret_given;
    bool ip_allowlisted; /* the relay knows us by our address: no login */
    char host[256];
    uint32_t port;
    char listen_address[64]; /* "": loopback */
    uint32_t listen_port;
    char helo[256]; /* "": found out */
    char ca_file[256];
    char networks[WANTS_NETWORKS][64];
    int network_count;
};

/* Loopback, smtp-relay.gmail.com, 587. */
void wants_init(struct wants *wants);
void wants_wipe(struct wants *wants);

/* user@domain, with a dot in the domain; no quoting, no spaces. */
MUSTCHECK int wants_address(const char *text, char *out, size_t size, struct fault *why);
/* The name of a host, or an address in square brackets' place: letters, digits, '-', '.'. */
MUSTCHECK int wants_host(const char *text, char *out, size_t size, struct fault *why);
/* 587 or 465. */
MUSTCHECK int wants_port(const char *text, uint32_t *out, struct fault *why);
/* One line of it; its own newline at the end is not a part. An app password as Google shows it,
 * four groups of four letters, loses its spaces: *stripped_out. */
MUSTCHECK int wants_secret(const char *text, size_t n, struct wants *wants, bool *stripped_out,
                           struct fault *why);
/* A name with a dot, not localhost. */
MUSTCHECK int wants_helo(const char *text, struct wants *wants, struct fault *why);
/* address, address:port, :port, [v6]:port */
MUSTCHECK int wants_listen(const char *text, struct wants *wants, struct fault *why);
/* A network in CIDR form, or several with commas; added. Not all of the world. */
MUSTCHECK int wants_network(const char *text, struct wants *wants, struct fault *why);

/* Is it a name that the world can look up: a dot, no localhost in it, the right characters? */
bool wants_is_fqdn(const char *name);

#endif
