/* What main.cf says of the relay, through postconf(1), so that $name, defaults and includes are as
 * Postfix sees them. facts_parse and facts_relayhost are pure; the other two block for one run of
 * postconf. */
#ifndef PROCEDURE_FACTS_H
#define PROCEDURE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "hands.h"
#include "text.h"

struct facts {
    char nexthop[256]; /* the relayhost parameter as it stands: smtp(8)'s second lookup key */
    char host[256];    /* of it, without brackets; "": no relayhost */
    uint32_t port;
    bool mx; /* no brackets: smtp(8) asks for the MX of host */
    bool implicit_tls;
    bool sasl;
    char map_type[16]; /* of smtp_sasl_password_maps; "" when it is not one type:/path */
    char map_path[256];
    char helo[256];
    char ca_file[256];
    char tls_name[256]; /* the first plain name of smtp_tls_secure_cert_match, or "" */
    char delimiter[8];  /* smtp_sasl_password_result_delimiter (Postfix 3.9), else ":" */
    char mail_version[24];
    char queue_directory[256];
    char maillog_file[256];     /* "": syslog */
    char defer_transports[256]; /* as it stands */
    char mechanisms[256];       /* smtp_sasl_mechanism_filter as it stands */
    /* enum probe_forbid: smtp_sasl_tls_security_options, and ..._tls_verified_..., which smtp(8)
     * takes where it checks the certificate's name. */
    uint32_t forbid_tls, forbid_verified;
    bool checks_name;
    bool sender_dependent; /* smtp_sender_dependent_authentication */
    uint64_t queue_lifetime_s;
};

/* "[host]:port", "[host]", "host:port", "host"; port a number or one of the names for mail. False
 * when it is none of these. */
bool facts_relayhost(struct span relayhost, struct facts *out);

/* Which of the two holds for the relay. */
uint32_t facts_forbid(const struct facts *facts);

/* The lines "name = value" that postconf prints. */
MUSTCHECK int facts_parse(struct span lines, struct facts *out, struct fault *why);

MUSTCHECK int facts_read(const char *config_dir, struct facts *out, struct fault *why);

/* The same, where postconf is run by the hands. */
MUSTCHECK int facts_ask(struct hands *hands, struct facts *out, struct fault *why);

#endif
