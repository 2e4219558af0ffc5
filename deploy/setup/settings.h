/* What main.cf must say for the relay that is wanted, by the version of Postfix and by what stands
 * there already. Other people's settings stay; what cannot be reconciled becomes a note. Pure. */
#ifndef SETUP_SETTINGS_H
#define SETUP_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "machine.h"
#include "wants.h"

struct settings {
    const struct machine *machine;
    const struct wants *wants;
    const char *config_dir;
    const char *map_path;      /* of the password file */
    const char *map_type;      /* of it */
    const char *milter_socket; /* as Postfix writes it */
    const char *helo;          /* by settings_helo */
    bool journal;              /* relaywatch follows the journal: Postfix goes on logging there */
    FILE *notes;               /* one line each, for people */
};

/* The name for EHLO: what was asked for, this host's, or its short name in the domain of the
 * address. */
void settings_helo(const struct machine *m, const struct wants *w, const char *main_cf, char *out,
                   size_t size);

/* Where the password file stands, "type" and "path": as main.cf says, if that is one file that can
 * be kept. */
void settings_map(const struct machine *m, const char *main_cf, const char *config_dir, char *type,
                  size_t type_size, char *path, size_t path_size);

/* The milter's socket as main.cf names it: "unix:relaywatch/milter.sock", relative to the queue, or
 * "inet:127.0.0.1:8891"; `socket` is as libmilter writes it. */
void settings_socket(const struct machine *m, const char *socket, char *out, size_t size);

/* Does an inet_interfaces name the loopback and nothing else? */
bool settings_loopback_only(const char *interfaces);

/* The new text of main.cf; `main_cf` is the present one, NULL when there is none. To be freed. */
char *settings_main_cf(const struct settings *s, const char *main_cf);

/* The text of relay_dsn_filter. To be freed. */
char *settings_guard(const char *host);

#endif
