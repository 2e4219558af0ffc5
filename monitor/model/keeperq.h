/* What relaywatchd and relaywatch-keeper say to each other: one SEQPACKET packet with one byte
 * there, one struct keeper_reply back, then the keeper is gone. No path and no text travels to the
 * keeper; a secret only from root, with SET, as a sealed memfd beside the byte. The text in the
 * reply is the smarthost's own words, which the keeper passes on unread. Both programs are of one
 * build; `version` guards an upgrade in the middle. */
#ifndef MODEL_KEEPERQ_H
#define MODEL_KEEPERQ_H

#include <stdint.h>

#include "probeq.h"

enum { KEEPERQ_VERSION = 3 };

/* The line of CANARY: these words and a number in hexadecimal digits. */
#define KEEPER_CANARY_WORDS "relaywatch canary "
enum { KEEPER_CANARY_SIZE = 17 };

enum keeper_verb {
    KEEPER_FACTS = 'F', /* what main.cf says of the relay */
    KEEPER_QUEUE = 'Q', /* count the queue */
    KEEPER_APPLY = 'A', /* make what the operator's sasl_passwd, the credential source or a dropped
                           file says the live login, if it proves good */
    KEEPER_LOG =
        'L', /* let relaywatchd's group read maillog_file, which postlogd made for root alone */
    KEEPER_VERIFY = 'V',  /* does the live login still work? changes nothing */
    KEEPER_SET = 'S',     /* as APPLY, of a secret in a memfd; root alone may ask */
    KEEPER_UNDO = 'U',    /* put the login of before the last change back, if it still works */
    KEEPER_HOLD = 'H',    /* neither login works: keep mail in the queue (defer_transports) */
    KEEPER_RELEASE = 'R', /* end that, and send what waits */
    KEEPER_NUDGE = 'N',   /* the reload that came too soon after another one, and a flush */
    KEEPER_FLUSH = 'W',   /* send what waits, if mail is deferred */
    KEEPER_FINISH = 'E',  /* forget the login of before the last change */
    KEEPER_CANARY = 'C',  /* write a line of our own into Postfix's log */
};

enum keeper_outcome {
    KEEPER_DONE,         /* did it; for APPLY: the new map is live and Postfix was reloaded */
    KEEPER_UNCHANGED,    /* APPLY: the live map already says the same */
    KEEPER_BAD_SOURCE,   /* APPLY: the file is not acceptable: `line` and `detail` say why */
    KEEPER_REFUSED,      /* APPLY, SET: the smarthost refused the new login; VERIFY: the live one;
                            UNDO: the one before */
    KEEPER_INCONCLUSIVE, /* no verdict (network, TLS, temporary): nothing changed, try later */
    KEEPER_FAILED,       /* a step of ours failed: `detail` says which; the old map is live */
    KEEPER_BUSY,         /* another change is under way */
    KEEPER_NOT_ALLOWED,  /* unknown verb, or a peer that may not ask */
};

enum keeper_folder {
    KEEPER_ACTIVE,
    KEEPER_DEFERRED,
    KEEPER_INCOMING,
    KEEPER_ON_HOLD,
    KEEPER_MAILDROP,
    KEEPER_FOLDERS
};

/* How big and how old the messages of one folder are. Buckets by powers of ten: up to 1 kB, 10 kB,
 * ... 1 GB and more; up to 10 s, 100 s, ... 10^8 s and more. */
enum { KEEPER_SIZES = 7 + 1, KEEPER_AGES = 8 + 1 };

struct keeper_shape {
    uint64_t size[KEEPER_SIZES], bytes;
    uint64_t age[KEEPER_AGES], seconds;
};

struct keeper_queue {
    uint64_t active, deferred, incoming, hold, maildrop, corrupt; /* messages */
    int64_t oldest_s; /* arrival of the oldest message, seconds since 1970; 0: queue empty */
    int64_t oldest_deferred_s;
    uint64_t bytes_free; /* of the queue's file system */
    uint64_t inodes_free;
    uint32_t postfix_running; /* master holds its lock (pid/master.pid) */
    uint32_t ages_partial;    /* more messages than were looked into for their age */
    struct keeper_shape shape[KEEPER_FOLDERS];
};

struct keeper_facts {
    char relay_host[256]; /* of the relayhost parameter, without brackets */
    uint32_t relay_port;
    uint32_t implicit_tls; /* smtp_tls_wrappermode */
    uint32_t sasl;         /* smtp_sasl_auth_enable */
    char source[256];      /* the text file behind smtp_sasl_password_maps; "" without SASL */
    char map_type[16];     /* "hash", "lmdb", "texthash", ... */
    char mail_version[24];
    char ca_file[256];         /* smtp_tls_CAfile */
    uint64_t queue_lifetime_s; /* maximal_queue_lifetime */
};

/* Where a changed login came from. */
enum keeper_origin {
    KEEPER_ORIGIN_EDIT,   /* the operator's sasl_passwd */
    KEEPER_ORIGIN_SET,    /* `relaywatch credentials set` */
    KEEPER_ORIGIN_SOURCE, /* the parameter credential_source */
    KEEPER_ORIGIN_DROP,   /* a file in the folder of credential_drop */
    KEEPER_ORIGIN_UNDO,   /* put back */
};

struct keeper_credential {
    char user[128];             /* login name; never the secret */
    uint32_t line;              /* of the source, where something is wrong with it; 0: none */
    uint32_t entries;           /* in the source */
    uint32_t changed;           /* entries that differ from the live map */
    uint32_t reloaded, flushed; /* what was done after the swap */
    int64_t source_mtime_s;     /* of the operator's file */
    uint64_t serial;        /* of the live map: one more with each change that was put in place */
    int64_t applied_ms;     /* when that was; wall clock */
    uint32_t origin;        /* enum keeper_origin: of this answer, or of the live map's change */
    uint32_t reload_due_ms; /* a reload is owed: ask NUDGE after so long; 0: none */
    uint32_t has_previous;  /* the login of before is kept: UNDO can be asked */
    uint32_t held;          /* mail is kept in the queue by HOLD */
    uint32_t from_memory;   /* REFUSED: known from before, not tried again */
    uint32_t more;          /* another change waits: ask APPLY again */
    struct probe_verdict verdict;
};

struct keeper_reply {
    uint32_t version;
    uint32_t verb;
    uint32_t outcome; /* enum keeper_outcome */
    char detail[384]; /* for people; from our own code or Postfix's tools */
    union {
        struct keeper_queue queue;
        struct keeper_facts facts;
        struct keeper_credential credential;
        char canary[KEEPER_CANARY_SIZE];
    };
};

#endif
