/* What the rules have among themselves: how a rule looks (rulesmail.h, ruleshost.h), which cause
 * stands before which (precedence.h), what the engine keeps of each (rules.c, rulestate.h). For
 * these files alone; everybody else sees rules.h. */
#ifndef LOGIC_RULE_H
#define LOGIC_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules.h"

/* In the order in which people are told; a cause before what follows from it. */
enum rule {
    RULE_POSTFIX_DOWN,
    RULE_DISK_LOW,
    RULE_CLOCK_WRONG,
    RULE_LOG_SILENT,
    RULE_CA_FILE_GONE,
    RULE_POSTFIX_TROUBLE,
    RULE_TLS_BROKEN,
    RULE_LOGIN_REFUSED,
    RULE_RELAY_UNREACHABLE,
    RULE_LIMIT_REACHED,
    RULE_RELAY_REFUSES,
    RULE_NOTHING_ACCEPTED,
    RULE_MAIL_RETURNED,
    RULE_DELIVERIES_FAIL,
    RULE_QUEUE_GROWING,
    RULE_CANARY_OVERDUE,
    RULE_CREDENTIAL_REJECTED,
    RULE_MAIL_UNACCOUNTED,
    RULE_QUEUE_DAMAGED,
    RULE_LIMIT_NEAR,
    RULE_CERTIFICATE_EXPIRING,
    RULE_LOGIN_UNVERIFIED,
    RULE_LOGIN_UNCONFIRMED,
    RULE_MILTER_GONE,
    RULE_STATE_UNWRITABLE,
    RULE_DUPLICATE_HOST,
    RULE_STORE_DOWN,
    RULE_KEEPER_GONE,
    RULE_NOBODY_TOLD,
    RULE_RECEIVER_FAILING,
    RULE_SECRET_READABLE,
    RULE_FLEET_TROUBLE,
    RULE_HOSTS_GONE,
    RULE_COUNT
};

/* UNKNOWN: nobody can tell now. What fires goes on, what does not does not begin. */
enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_UNKNOWN };

struct look {
    const struct signals *signals;
    const struct rules_limits *limits;
    int64_t now_ms;
    bool firing;          /* this rule's alert: it ends at a lower threshold than it begins */
    int64_t explained_ms; /* when another alert explained it last: what is older is no news */
};

/* What a rule finds. */
struct finding {
    enum diagnosis diagnosis;
    enum severity severity; /* SEVERITY_INFO: that of the diagnosis */
    int64_t wait_ms;        /* how long it must hold */
    uint64_t count;
    enum party party;    /* PARTY_NONE: that of the diagnosis */
    char relayhost[256]; /* the smarthost that it is about; "": of none alone */
    uint32_t relay_port; /* 0: not known */
    /* Recipients whose mail it cost, where the log's cause forgot or never knew. */
    uint64_t returned;
    char summary[256];
    char evidence[512];
    char impact[256]; /* "": worked out by the engine, of this host's mail */
};

typedef enum verdict rule_fn(const struct look *look, struct finding *f);

/* What is kept of a rule. */
struct rule_state {
    int64_t pending_ms;   /* since when the condition holds; 0: it does not */
    int64_t explained_ms; /* when another alert explained it last */
    int64_t begun_ms[3];  /* the last beginnings for `begun_for`, the latest first */
    enum diagnosis begun_for;
    int64_t heard_since_ms; /* the beginning that the receivers know it by */
    bool told;              /* the receivers know of it */
    bool restored;          /* of the life before, and not seen anew yet */
    struct alert alert;     /* since_ms 0: never fired, or forgotten */
};

struct rules {
    struct rules_limits limits;
    struct alert_set set;
    struct rule_state rule[RULE_COUNT];
    int64_t grace_until_ms; /* what was restored does not end before */
    bool changed;           /* something that a restart must not forget */
};

/* Makes the set that others see anew. */
void rules_collect(struct rules *rules);

static inline bool rule_fires(const struct rule_state *state) {
    return state->alert.since_ms != 0 && state->alert.ended_ms == 0;
}

#endif
