/* One packet from relaywatchd: the whole present set of alerts, read and checked. The sender reads
 * hostile text (logs), so nothing of it is believed: sizes, types and times are checked here, once.
 * Pure. */
#ifndef NOTIFY_ALERTSET_H
#define NOTIFY_ALERTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

#include "mailproof.h"

enum { ALERTSET_MOST = 64, ALERTSET_PACKET_MOST = 200 * 1024, ALERTSET_DOC_MOST = 16 * 1024 };

/* Ranks of severity, rising. */
enum { RANK_INFO, RANK_TICKET, RANK_WARNING, RANK_CRITICAL, RANK_COUNT };

struct alertset_entry {
    char host[128];     /* that it is about, where it is another than the set's: the fleet; or "" */
    bool elsewhere;     /* ended here, and another host goes on with it */
    char id[48];        /* a-z, 0-9 and '-' */
    char diagnosis[64]; /* printable; may be empty */
    int rank;
    int64_t since_ms;
    int64_t ended_ms; /* 0: it fires; else after since_ms */
    char *doc;        /* the alert as it came, one JSON object; owned */
};

struct alertset {
    char host[128]; /* printable, not empty */
    char url[256];  /* http or https, or empty */
    int64_t
        proof_age_ms; /* how long ago a line of its own came back through the log; -1: unknown */
    struct mailproof mail;
    struct alertset_entry entry[ALERTSET_MOST];
    int count;
};

/* NULL and why when any of it is wrong. */
MUSTCHECK struct alertset *alertset_read(const char *packet, size_t size, struct fault *why);
void alertset_free(struct alertset **set);

/* "info", "ticket", "warning", "critical". Static. */
const char *rank_name(int rank);
/* -1: no such name. */
int rank_find(const char *name);

#endif
