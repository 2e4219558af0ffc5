/* See tryout.h. */
#include "tryout.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "fault.h"
#include "errand.h"
#include "xmem.h"

static void say(struct keeper_reply *reply, enum keeper_outcome outcome, const char *detail) {
    reply->outcome = outcome;
    text_copy(reply->detail, sizeof reply->detail, detail);
}

/* After the login was sent, mechanism is set: what the relay said then is about its own rules. */
static void say_result(struct keeper_reply *reply, const struct probe_verdict *verdict) {
    bool sent = verdict->mechanism[0] != '\0';
    const char *why = "the login could not be tried";

    switch ((enum probe_result)verdict->result) {
    case PROBE_OK:
        say(reply, KEEPER_DONE, "");
        return;
    case PROBE_REFUSED:
        say(reply, KEEPER_REFUSED, "the relay refused this login");
        return;
    case PROBE_TEMPORARY:
        why = sent ? "the relay cannot check logins now" : "the relay takes nobody now";
        break;
    case PROBE_UNREACHABLE:
        why = "the relay cannot be reached";
        break;
    case PROBE_TIMEOUT:
        why = "the relay did not answer in time";
        break;
    case PROBE_TLS:
        why = sent ? "the relay wants another kind of TLS for a login"
                   : "no TLS that proves the relay's name, so no login was sent";
        break;
    case PROBE_PROTOCOL:
        why = "the relay answers as none should";
        break;
    case PROBE_NO_MECHANISM:
        why = sent ? "the relay does not take this way of logging in"
                   : "the relay and main.cf have no way of logging in in common";
        break;
    case PROBE_INTERNAL:
        break;
    }
    say(reply, KEEPER_INCONCLUSIVE, why);
}

/* The verdict goes into the reply as it comes, unread but for its result: the text in it is the
 * smarthost's. */
void tryout(const struct keeper *keeper, const struct facts *facts, struct span user,
            struct span secret, struct keeper_reply *reply) {
    struct probe_request *request = xcalloc(1, sizeof *request);
    struct probe_verdict verdict[2]; /* room to see that there is too much */
    struct errand e = {.hand = HAND_PROBE,
                       .text = (const char *)request,
                       .n = sizeof *request,
                       .out = (char *)verdict,
                       .room = sizeof verdict,
                       .answer = {.result = -1}};
    struct fault why = {""};
    bool fits;

    request->version = PROBEQ_VERSION;
    request->port = facts->port;
    request->implicit_tls = facts->implicit_tls;
    request->auth = user.n > 0;
    text_copy(request->host, sizeof request->host, facts->host);
    text_copy(request->helo, sizeof request->helo, facts->helo);
    text_copy(request->ca_file, sizeof request->ca_file, facts->ca_file);
    text_copy(request->tls_name, sizeof request->tls_name, facts->tls_name);
    text_copy(request->mechanisms, sizeof request->mechanisms, facts->mechanisms);
    request->forbid = facts_forbid(facts);
    fits = text_copy_span(request->user, sizeof request->user, user) &&
           text_copy_span(request->secret, sizeof request->secret, secret);
    if (!fits)
        fault_set(&why, "user or password too long");
    else if (errand_run(keeper->hands, &e) == -1)
        why = e.answer.why;
    wipe(request, sizeof *request);
    free(request);
    text_copy_span(reply->credential.user, sizeof reply->credential.user, user);
    if (e.answer.result == -1) {
        say(reply, KEEPER_INCONCLUSIVE, why.text);
    } else if (e.answer.result != 0 || e.got != sizeof verdict[0] ||
               verdict[0].version != PROBEQ_VERSION) {
        snprintf(reply->detail, sizeof reply->detail,
                 "%s ended with status %d and without a verdict", keeper->hands->probe,
                 e.answer.result);
        reply->outcome = KEEPER_INCONCLUSIVE;
    } else {
        reply->credential.verdict = verdict[0];
        say_result(reply, &verdict[0]);
    }
}
