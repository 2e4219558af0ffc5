/* See login.h. */
#include "login.h"

#include <string.h>

#include "verdict.h"

enum {
    FIRST_RETRY_MS = 5 * 1000,
    BUSY_RETRY_MS = 1000,
    LAST_RETRY_MS = 15 * 60 * 1000,
    KEEPER_RETRY_MS = 10 * 1000
};

void login_init(struct login *login, int64_t mono_ms) {
    *login = (struct login){.state = LOGIN_UNKNOWN};
    login->apply_due_ms = mono_ms;
    login->verify_due_ms = mono_ms;
}

void login_file_changed(struct login *login, int64_t mono_ms) {
    login->apply_due_ms = mono_ms;
    login->attempts = 0;
    if (login->state != LOGIN_NONE)
        login->state = LOGIN_PENDING;
}

void login_forget(struct login *login, int64_t mono_ms) {
    if (login->state == LOGIN_VERIFIED)
        login->state = LOGIN_UNKNOWN;
    login->verified_ms = 0;
    login->certificate_expires_ms = 0;
    login->verify_due_ms = mono_ms;
}

static void set_detail(struct login *login, const char *ours, struct span theirs) {
    char reply[sizeof login->detail];

    text_copy_printable(reply, sizeof reply, span_trim(theirs));
    text_format(login->detail, sizeof login->detail, "%.250s%s%.250s", ours,
                ours[0] != '\0' && reply[0] != '\0' ? ": " : "", reply);
}

static int64_t retry_ms(struct login *login) {
    int64_t delay_ms = FIRST_RETRY_MS;

    for (unsigned i = 0; i < login->attempts && delay_ms < LAST_RETRY_MS; i++)
        delay_ms *= 2;
    login->attempts++;
    return delay_ms < LAST_RETRY_MS ? delay_ms : LAST_RETRY_MS;
}

static void note_proof(struct login *login, struct health *health, int64_t wall_ms) {
    login->state = LOGIN_VERIFIED;
    login->verified_ms = wall_ms;
    health_note_probe(health, DIAGNOSIS_NONE, (struct span){0}, wall_ms);
}

static void on_apply(struct login *login, const struct keeper_reply *reply,
                     const struct diagnoser *diagnoser, struct health *health, int64_t wall_ms,
                     int64_t mono_ms) {
    const struct keeper_credential *c = &reply->credential;

    login->apply_due_ms = 0;
    login->detail[0] = '\0';
    switch ((enum keeper_outcome)reply->outcome) {
    case KEEPER_DONE:
        login->credential = RULES_CREDENTIAL_FINE;
        login->changed_ms = wall_ms;
        if (c->verdict.version != 0) {
            note_proof(login, health, wall_ms);
            return;
        }
        /* Of a key that is not tried here: nothing was proved. */
        login->state = login->verified_ms != 0 ? LOGIN_VERIFIED : LOGIN_UNKNOWN;
        return;
    case KEEPER_UNCHANGED:
        login->credential = RULES_CREDENTIAL_FINE;
        login->state = login->verified_ms != 0 ? LOGIN_VERIFIED : LOGIN_UNKNOWN;
        return;
    case KEEPER_REFUSED:
        login->credential = RULES_CREDENTIAL_REJECTED;
        break;
    case KEEPER_BAD_SOURCE:
        login->credential = RULES_CREDENTIAL_BAD_SOURCE;
        break;
    case KEEPER_INCONCLUSIVE:
        /* What hinders the probe hinders the mail. */
        health_note_probe(health, verdict_diagnosis(diagnoser, &c->verdict),
                          verdict_text(&c->verdict), wall_ms);
        login->credential = RULES_CREDENTIAL_UNPROVEN;
        login->apply_due_ms = mono_ms + retry_ms(login);
        set_detail(login, reply->detail, verdict_text(&c->verdict));
        return;
    case KEEPER_BUSY:
        login->apply_due_ms = mono_ms + BUSY_RETRY_MS;
        return;
    case KEEPER_FAILED:
    case KEEPER_NOT_ALLOWED:
        login->credential = RULES_CREDENTIAL_FAILED;
        login->apply_due_ms = mono_ms + retry_ms(login);
        break;
    }
    login->state = LOGIN_REJECTED;
    set_detail(login, reply->detail, verdict_text(&c->verdict));
}

static void on_verify(struct login *login, const struct keeper_reply *reply,
                      const struct diagnoser *diagnoser, struct health *health, int64_t wall_ms) {
    const struct probe_verdict *verdict = &reply->credential.verdict;

    if (reply->outcome == KEEPER_DONE) {
        enum login_state before = login->state;

        note_proof(login, health, wall_ms);
        if (before == LOGIN_REJECTED || before == LOGIN_PENDING)
            login->state = before; /* that is about the new file, which is still not accepted */
        else
            login->detail[0] = '\0';
        return;
    }
    if (reply->outcome != KEEPER_REFUSED && reply->outcome != KEEPER_INCONCLUSIVE)
        return;
    health_note_probe(health, verdict_diagnosis(diagnoser, verdict), verdict_text(verdict),
                      wall_ms);
    if (reply->outcome == KEEPER_REFUSED && login->state != LOGIN_REJECTED) {
        login->state = LOGIN_REFUSED;
        set_detail(login, reply->detail, verdict_text(verdict));
    }
}

void login_on_reply(struct login *login, enum keeper_verb verb, const struct keeper_reply *reply,
                    const char *why, const struct diagnoser *diagnoser, struct health *health,
                    uint64_t verify_interval_s, int64_t wall_ms, int64_t mono_ms) {
    const struct keeper_credential *c;

    if (verb == KEEPER_VERIFY)
        login->verify_due_ms = mono_ms + (int64_t)verify_interval_s * 1000;
    if (reply == NULL) {
        if (verb == KEEPER_APPLY)
            login->apply_due_ms = mono_ms + KEEPER_RETRY_MS;
        else
            login->verify_due_ms = mono_ms + KEEPER_RETRY_MS;
        text_copy(login->detail, sizeof login->detail, why);
        return;
    }
    c = &reply->credential;
    if (c->user[0] != '\0' && (verb == KEEPER_VERIFY || reply->outcome <= KEEPER_UNCHANGED))
        text_copy_printable(login->user, sizeof login->user,
                            (struct span){c->user, strnlen(c->user, sizeof c->user)});
    if (c->verdict.certificate_expires_s > 0)
        login->certificate_expires_ms = c->verdict.certificate_expires_s * 1000;
    /* Put in place by somebody else (`relaywatch credentials`), and proved before that. */
    if (c->applied_ms > login->changed_ms && reply->outcome == KEEPER_UNCHANGED) {
        login->changed_ms = c->applied_ms;
        if (c->applied_ms > login->verified_ms)
            login->verified_ms = c->applied_ms;
    }
    if (verb == KEEPER_APPLY)
        on_apply(login, reply, diagnoser, health, wall_ms, mono_ms);
    else
        on_verify(login, reply, diagnoser, health, wall_ms);
}

const char *login_state_name(enum login_state state) {
    static const char *const names[] = {"none",    "unknown", "verified",
                                        "refused", "pending", "rejected"};

    return names[state];
}
