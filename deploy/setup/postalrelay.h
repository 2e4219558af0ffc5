/* One relay in Postal's configuration, as Postal reads it. Pure. */
#ifndef SETUP_POSTALRELAY_H
#define SETUP_POSTALRELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct postal_relay {
    char host[256];
    uint32_t port;
    char ssl_mode[32]; /* as it stands, "Auto" when it does not */
    bool login;        /* a user or password in it, which Postal leaves out */
    unsigned line;
};

/* smtp://host:port?ssl_mode=word, where the port is 25 and the word Auto when they are left out.
 * False: Postal cannot use it. */
bool postalrelay_parse(struct span uri, struct postal_relay *out);

/* What Postal makes of an ssl_mode: NULL when it is a word that it knows for what it means, else
 * what it does instead. Postal 3.0 to 3.3 spell STARTTLS wrongly. */
const char *postalrelay_ssl_problem(const char *ssl_mode);

#endif
