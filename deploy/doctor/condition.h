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
    struct condition_file new_login; /* the file of credential_source */
    enum seen ca_there, ca_in_chroot, chrooted_smtp, chrooted_smtpd;
    char mechanisms[256];     /* that libsasl2 itself can log in with; "": not asked, see below */
    enum seen sasl_asked;     /* SEEN_NO: it could not be */
    int64_t login_refused_ms; /* the relay refused the live login then; 0: it did not */
    char milter_path[256];    /* of our entry in smtpd_milters, as smtpd opens it; "": no such */

    /* Postfix at work */
    enum seen running;
    enum seen queue_counted;
    struct keeper_queue queue;
    uint64_t bytes_total, inodes_total;
    int64_t now_s;
    enum seen clock_synced;
    enum seen log_readable;
    int64_t log_mtime_s;
    uint32_t log_queue; /* lines that the kernel keeps for postlogd(8); 0: not known */
    enum seen firewall; /* something keeps others out */
    char firewall_name[64];

    /* filled by processes of their own, in shared memory */
    struct condition_outside *outside;
};

/* An address of ours beside the loopback, and what answers there. */
struct condition_door {
    char address[64];  /* "": none */
    enum seen entered; /* port of `submit`, or 25, answers there */
    uint32_t port;
    enum seen relays; /* and takes mail for a stranger */
};

struct condition_outside {
    enum seen resolved;
    char dns_error[128];
    uint32_t ipv4, ipv6;
    enum reach reach[2][2]; /* 587, 465; IPv4, IPv6 */
    int64_t greeted_s;      /* the date in the relay's greeting, 0: it has none */
    int64_t greeted_at_s;   /* and this host's clock then */
    enum seen helo_resolves;
    enum seen probed;
    struct probe_verdict verdict;
    char probe_error[256];
    enum seen egress_named; /* our address as the relay sees it has a name (PTR) */
    char own_name[256];     /* of this host, "": not asked for its address */
    enum seen own_resolves;
    int64_t own_ms;                /* how long that took */
    struct condition_door door[2]; /* IPv4, IPv6 */
    enum seen log_mark;            /* a line that was written arrived in the log */
    int64_t log_mark_ms;
    enum seen redis, daemon, keeper, notify;
    char daemon_error[128];
    enum seen milter_answers;
    char milter_error[128];
    enum seen postal; /* NO: not here; YES: its configuration was read, or `postal_error` */
    char postal_file[128], postal_error[240];
    uint32_t postal_relays; /* in it; of them, those at our port: */
    uint32_t postal_ours;
    char postal_problem[240]; /* of the first of ours, as `relaywatch postal` says it */
};

#endif
