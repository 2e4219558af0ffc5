/* The login for the smarthost as relaywatchd follows it: what relaywatch-keeper answered to APPLY
 * (the operator's file changed) and VERIFY (does the live one work?), and when to ask again. Never
 * the secret. No I/O. */
#ifndef DAEMON_LOGIN_H
#define DAEMON_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "diagnose.h"
#include "health.h"
#include "keeperq.h"
#include "rules.h"

enum login_state {
    LOGIN_NONE,     /* the smarthost knows us by address */
    LOGIN_UNKNOWN,  /* not tried yet */
    LOGIN_VERIFIED, /* a probe with it succeeded */
    LOGIN_REFUSED,  /* the live one is refused */
    LOGIN_PENDING,  /* a changed file is being tried */
    LOGIN_REJECTED, /* the changed file was not accepted; the old login is live */
};

struct login {
    enum login_state state;
    char user[128];
    int64_t changed_ms;  /* when the live one was put in place, wall clock; 0: before our time */
    int64_t verified_ms; /* last proof that the live one works; 0: none */
    char detail[512];    /* why it was not accepted; printable */
    int64_t certificate_expires_ms;   /* of the smarthost; 0: not seen */
    enum rules_credential credential; /* for the rules */
    int64_t apply_due_ms;             /* monotonic; 0: nothing to ask */
    int64_t verify_due_ms;
    unsigned attempts; /* inconclusive ones in a row */
};

/* Begins: both questions are due at once. */
void login_init(struct login *login, int64_t mono_ms);

/* The file changed: APPLY is due now. */
void login_file_changed(struct login *login, int64_t mono_ms);

/* Another smarthost: what was proved of the old one says nothing. VERIFY is due now. */
void login_forget(struct login *login, int64_t mono_ms);

/* The answer to APPLY or VERIFY (NULL: the keeper did not answer; then `why`). Notes in `health`
 * what the probe proved. */
void login_on_reply(struct login *login, enum keeper_verb verb, const struct keeper_reply *reply,
                    const char *why, const struct diagnoser *diagnoser, struct health *health,
                    uint64_t verify_interval_s, int64_t wall_ms, int64_t mono_ms);

/* "none", "unknown", "verified", "refused", "pending", "rejected". Static. */
const char *login_state_name(enum login_state state);

#endif
