/* What `relaywatch alerts` and relaywatchd say to each other: one SEQPACKET packet with one struct
 * there, one with JSON back. The socket is in state_dir, which nobody but relaywatchd's user and
 * root can enter. Both programs are of one build; `version` guards an upgrade in the middle. */
#ifndef MODEL_ALERTQ_H
#define MODEL_ALERTQ_H

#include <stdint.h>

enum { ALERTQ_VERSION = 1, ALERTQ_REPLY_MOST = 200 * 1024 };

#define ALERTQ_SOCKET "alerts.sock"

enum alertq_verb {
    ALERTQ_LIST = 'L',      /* {"host","now","alerts","ended_alerts","silences"} */
    ALERTQ_SILENCE = 'S',   /* `id` (or "all") for duration_ms */
    ALERTQ_UNSILENCE = 'U', /* take that back */
    ALERTQ_HISTORY = 'H',   /* {"host","now","incidents"}: the latest first, in short */
    ALERTQ_INCIDENT = 'I',  /* one of them whole: `id` is its number, or the alert's id: its last */
};

/* Where it does not work: {"error"}. */
struct alertq_request {
    uint32_t version;
    uint32_t verb;
    int64_t duration_ms;
    char id[48];
    char who[64];
    char why[160];
};

#endif
