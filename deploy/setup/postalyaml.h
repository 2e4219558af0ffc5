/* Postal's postal.yml: the relays in it, and a new text with one more or one less. Read by libyaml,
 * whose header postalyaml.c alone includes; changed as text, so that comments, order and all else
 * stay byte for byte. Version 2 of the file (Postal 3) has `postal: smtp_relays:` with URIs; the
 * one before has `smtp_relays:` with hostname, port and ssl_mode. Pure. */
#ifndef SETUP_POSTALYAML_H
#define SETUP_POSTALYAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "postalrelay.h"

enum { POSTAL_RELAYS = 16 };

struct postal_config {
    unsigned version;   /* 2, or 1: no version */
    uint32_t smtp_port; /* on which Postal itself takes mail */
    size_t count;
    struct postal_relay relay[POSTAL_RELAYS];
};

/* -1 with `why`, with the line: not YAML, or of a form that Postal does not read. */
MUSTCHECK int postalyaml_read(const char *text, struct postal_config *out, struct fault *why);

/* The text with smtp://host:port?ssl_mode=None in it; the same text where it is there already. NULL
 * with `why`: it stands in a form that is not changed here. To be freed. */
char *postalyaml_add(const char *text, const char *host, uint32_t port, struct fault *why);

/* The text without it; the same text where it is not there. */
char *postalyaml_remove(const char *text, const char *host, uint32_t port, struct fault *why);

#endif
