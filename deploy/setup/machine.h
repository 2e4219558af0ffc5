/* The facts about this machine that a plan is made from. They have a written form, `name = value`,
 * a fact a line: machine_parse reads it (pure: a recorded machine is a text in tests/data),
 * machine_read writes it by asking the machine and parses that. machine_read blocks: it runs
 * postconf, dpkg-query or rpm, and systemctl. */
#ifndef SETUP_MACHINE_H
#define SETUP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

enum machine_family { FAMILY_UNKNOWN, FAMILY_DEBIAN, FAMILY_ROCKY };
enum machine_selinux { SELINUX_OFF, SELINUX_PERMISSIVE, SELINUX_ENFORCING };

struct machine {
    /* the system */
    enum machine_family family; /* by its package manager and os-release */
    char os[96];                /* PRETTY_NAME */
    uint32_t os_major;
    bool systemd; /* runs */
    enum machine_selinux selinux;
    bool firewalld, ufw;
    bool syslogd;        /* something reads /dev/log and writes files */
    bool logrotate;      /* /etc/logrotate.d */
    char ca_file[256];   /* the bundle; "": none found */
    char fqdn[256];      /* of this host, "" when it has none */
    char mail_log[256];  /* that is there; "": none */
    char installed[512]; /* of the packages that we may want, those here, each with a space on both
                            sides */
    char other_mta[128]; /* another mail server's package */
    char users[256];     /* of ours, those here, as `installed` */

    /* Postfix; version "" when it is not installed */
    char version[24];
    uint32_t major, minor;
    bool running;
    char map_types[256]; /* of postconf -m, as `installed` */
    char map_default[16];
    char queue_directory[256];
    char myhostname[256]; /* as Postfix finds it, with main.cf as it is */

    /* the relay's name stands in /etc/hosts: DNS may not know it */
    bool relay_in_hosts;
    bool postal;    /* is here */
    bool etckeeper; /* /etc is in git */
};

/* An unknown fact or a line of another form is an error with its line's number. */
MUSTCHECK int machine_parse(const char *text, struct machine *out, struct fault *why);

/* `relay` is the host that mail will be sent to. `text_out`: the written form, to be freed; may be
 * NULL. */
MUSTCHECK int machine_read(const char *config_dir, const char *relay, struct machine *out,
                           char **text_out, struct fault *why);

/* Fills what a Postfix that is not installed yet would say, as far as the distribution tells. */
void machine_expect(struct machine *m);

/* Postfix 3.MINOR or later? */
bool machine_at_least(const struct machine *m, uint32_t major, uint32_t minor);

/* The packages that a relay needs here and that are missing, with spaces between. login: it logs
 * in. */
void machine_missing(const struct machine *m, bool login, char *out, size_t size);

/* The type for the password map: the default where Postfix has it and it is indexed, else texthash.
 */
const char *machine_map_type(const struct machine *m);

/* Is the word in a list such as `installed`? */
bool machine_lists(const char *list, const char *word);

#endif
