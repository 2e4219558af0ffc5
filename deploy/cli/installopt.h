/* The command line of `relaywatch install`, and what it asks where something is missing. */
#ifndef CLI_INSTALLOPT_H
#define CLI_INSTALLOPT_H

#include <stdbool.h>

#include "wants.h"

struct install_options {
    const char *address, *password, *password_file, *host, *port, *recipient, *user, *listen, *helo,
        *ca_file;
    bool skip_test, ip_allowlisted, dry_run, yes, no_packages;
};

/* Takes the options apart, asks for address and password on a terminal. Returns 0 or an exit status
 * after a complaint. A password in argv is overwritten there before anything else is done. */
int installopt_take(int argc, char **argv, struct install_options *options_out,
                    struct wants *wants_out);

#endif
