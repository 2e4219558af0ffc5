/* A fix of the catalogue, fitted to this host: the smarthost's name and port, the folder of
 * main.cf, the password file, the log and receivers.conf in place of the usual ones, so that a
 * command can be pasted as it stands. Pure. */
#ifndef LOGIC_FIXTEXT_H
#define LOGIC_FIXTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fixtext_place {
    const char *relay_host; /* "" : not known, the catalogue's word stays */
    uint32_t relay_port;
    bool implicit_tls; /* no STARTTLS there */
    const char *postfix_config_dir;
    const char *sasl_passwd;
    const char *mail_log;       /* a file, "journal" or "journal:/folder" */
    const char *conf_path;      /* of relaywatch.conf */
    const char *receivers_file; /* NULL: not known */
    bool is_other;              /* relay_host is another one than main.cf's relayhost */
};

/* Is a step for that place? What sets main.cf's relayhost is for that one alone. */
bool fixtext_is_for(const char *fix, const struct fixtext_place *place);

/* Writes the fitted text; cut when it does not fit. `place` NULL: as it is. */
void fixtext_fit(char *out, size_t size, const char *fix, const struct fixtext_place *place);

/* The same place with another smarthost, where it is another one ("": it is not) and its name one
 * that a shell takes as it stands. Port 0: not known, the usual ones stay. Lends relayhost. */
struct fixtext_place fixtext_at(const struct fixtext_place *place, const char *relayhost,
                                uint32_t port);

/* Is a step a command, to be copied whole? Those for people begin as a sentence does. */
bool fixtext_is_command(const char *step);

#endif
