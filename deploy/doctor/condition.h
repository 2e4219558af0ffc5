/* What `relaywatch doctor` saw of this host: plain facts, filled by gather.c and outside.c, judged
 * by checks.c. What was not looked at stays zero, and zero means just that. It holds no secret. */
#ifndef DOCTOR_CONDITION_H
#define DOCTOR_CONDITION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf.h"
#include "cred.h"
#include "facts.h"
#include "keeperq.h"

enum reach {
    REACH_UNSEEN,
    REACH_NO_ADDRESS,
    REACH_OPEN,
    REACH_REFUSED,
    REACH_SILENT,
    REACH_NO_WAY
};
enum seen { SEEN_NOT, SEEN_YES, SEEN_NO };

struct condition_file {
    enum seen there;
    uid_t owner;
    mode_t mode;
    int64_t mtime_s;
};

struct condition_password {
    struct condition_file text, index;
    uint32_t problems, line; /* of the text; the first one's line */
    char what[128];
    enum seen in_text;   /* an entry that smtp(8) would take */
    enum seen map_knows; /* and the map answers it */
    enum seen map_same;  /* with what the text says */
};

struct condition {
    bool root;
    struct conf conf;

    /* Postfix's configuration; NULL: could not be read, `config_error` says why */
    char *parameters; /* of postconf -x, all of them */
    char *main_cf, *master_cf;
    char config_error[384];
    struct facts relay;
    struct condition_password password;
    enum seen ca_there, ca_in_chroot, sasl_plugins, chrooted_smtp, chrooted_smtpd;

    /* Postfix at work */
    enum seen running;
    enum seen queue_counted;
    struct keeper_queue queue;
    uint64_t bytes_total, inodes_total;
    int64_t now_s;
    enum seen clock_synced;
    enum seen log_readable;
    int64_t log_mtime_s;
    enum seen milter_answers;
    char milter_error[128];
    enum seen firewall; /* one is active */
    char firewall_name[32];
    enum seen postal;
    bool postal_names_us; /* its smtp_relays name our port */
    char postal_file[128];

    /* filled by processes of their own, in shared memory */
    struct condition_outside *outside;
};

struct condition_outside {
    enum seen resolved;
    char dns_error[128];
    uint32_t ipv4, ipv6;
    enum reach reach[2][2]; /* 587, 465; IPv4, IPv6 */
    enum seen helo_resolves;
    enum seen probed;
    struct probe_verdict verdict;
    char probe_error[256];
    char our_address[64]; /* an address of ours beside the loopback; "": none */
    enum seen entered;    /* port of `submit`, or 25, answers there */
    uint32_t entered_port;
    enum seen relays; /* and takes mail for a stranger */
    enum seen redis, daemon, keeper, notify;
};

#endif
