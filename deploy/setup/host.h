/* What is done to the host by its own programs: packages, users, units, Postfix itself. Each blocks
 * until done; what the programs say goes to a log below the folder, its end into `why`. */
#ifndef SETUP_HOST_H
#define SETUP_HOST_H

#include <stdbool.h>

#include "fault.h"
#include "machine.h"
#include "plan.h"

struct host {
    const char *folder;     /* of install, with its log */
    const char *config_dir; /* of Postfix */
    bool systemd;           /* and this is the Postfix that it runs */
};

MUSTCHECK int host_install_packages(const struct host *host, enum machine_family family,
                                    const char *packages, struct fault *why);
MUSTCHECK int host_make_users(const struct host *host, struct fault *why);

/* Is this a configuration that Postfix takes? Asked of a copy in the folder, which
 * config_stage_path names. */
MUSTCHECK int host_check_staged(const struct host *host, const char *main_cf, const char *master_cf,
                                struct fault *why);
void host_stage_path(const struct host *host, char *out, size_t size);
void host_unstage(const struct host *host);

/* `postfix check` of the live one. */
MUSTCHECK int host_check(const struct host *host, struct fault *why);
bool host_is_running(const struct host *host);
MUSTCHECK int host_postfix(const struct host *host, enum plan_postfix action, struct fault *why);
MUSTCHECK int host_stop(const struct host *host, struct fault *why);

/* relaywatch's own units: there, and systemd runs? */
bool host_has_units(const struct host *host);
MUSTCHECK int host_start_units(const struct host *host, struct fault *why);
MUSTCHECK int host_stop_units(const struct host *host, struct fault *why);

#endif
