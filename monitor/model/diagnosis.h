/* The catalogue of diagnoses: what is wrong, how bad, who must act, why, and what to type. The
 * words and numbers are those of the project's domain notes (Google's help pages, Postfix's
 * sources). Static data; nothing here allocates or blocks. */
#ifndef MODEL_DIAGNOSIS_H
#define MODEL_DIAGNOSIS_H

#include "text.h"

/* DIAGNOSIS(ENUM, "ID", "NAME") for each entry of the catalogue: see diagnosis.def. */
enum diagnosis {
    DIAGNOSIS_NONE,
#define DIAGNOSIS(id, name) DIAGNOSIS_##id##_##name,
#include "diagnosis.def"
#undef DIAGNOSIS
    DIAGNOSIS_COUNT
};

enum severity { SEVERITY_INFO, SEVERITY_TICKET, SEVERITY_WARNING, SEVERITY_CRITICAL };

/* Whose fault it is, in four closed classes: where it has to be mended. */
enum party {
    PARTY_NONE,
    PARTY_OURS,      /* this host, its settings, its login, who sends through it */
    PARTY_SMARTHOST, /* its service, or what its owner has to set there for us */
    PARTY_NETWORK,   /* what lies between: DNS, routes, firewalls, who changes TLS on the way */
    PARTY_RECIPIENT, /* the address, its mailbox, its own server's rules */
    PARTY_COUNT
};

#define DIAGNOSIS_FIXES 4

struct diagnosis_entry {
    const char *id;    /* "G01" */
    const char *name;  /* "BAD_CREDENTIALS" */
    const char *title; /* one short sentence for a person who was asleep */
    enum severity severity;
    enum party party;
    const char *who;    /* "operator of this host", "Google Workspace administrator", ... */
    const char *why;    /* the usual causes, one or two sentences */
    const char *impact; /* what happens to mail: delayed (safe in the queue), lost, or none */
    const char *fix[DIAGNOSIS_FIXES]; /* commands or steps, in order; NULL where fewer */
};

/* The entry; the one of DIAGNOSIS_NONE has empty texts. Static. */
const struct diagnosis_entry *diagnosis_entry(enum diagnosis d);

/* By "G01", "BAD_CREDENTIALS" or "G01 BAD_CREDENTIALS"; DIAGNOSIS_NONE if there is none. */
enum diagnosis diagnosis_find(struct span name);

/* "info", "ticket", "warning", "critical". Static. */
const char *severity_name(enum severity s);

/* "" for none, "ours", "smarthost", "network", "recipient". Static. */
const char *party_name(enum party party);

/* By that word; PARTY_NONE if there is none. */
enum party party_find(struct span name);

#endif
