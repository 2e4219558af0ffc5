/* See talk.h. */
#include "talk.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "authreply.h"
#include "mechs.h"
#include "sasl.h"
#include "smtp.h"
#include "text.h"
#include "xmem.h"

enum {
    STEPS_MAX = 4,      /* 334 challenges that we answer */
    COMMAND_MAX = 2048, /* AUTH with its first response and the line's end */
};

struct talk {
    const struct talk_way *way;
    const struct probe_request *request;
    struct probe_verdict *verdict;
    bool verified; /* TLS stands and the certificate is the right one */
    size_t at, have;
    char buffer[4096];
    char command[COMMAND_MAX];
    struct smtp_offer offer;
    struct smtp_reply reply;
};

/* Every step returns true to go on; false with the verdict filled. */

static bool stop(struct talk *talk, enum probe_result result, const char *text) {
    talk->verdict->result = result;
    text_copy(talk->verdict->text, sizeof talk->verdict->text, text);
    return false;
}

/* With the server's own words, which are set already. */
static bool stop_reply(struct talk *talk, enum probe_result result) {
    talk->verdict->result = result;
    return false;
}

static bool get_reply(struct talk *talk) {
    struct smtp_reply *reply = &talk->reply;
    enum smtp_state state = SMTP_MORE;
    struct fault why = {""};
    size_t used;

    smtp_reply_start(reply);
    while (state == SMTP_MORE) {
        if (talk->at == talk->have) {
            ssize_t n = talk->way->receive(talk->way->ctx, talk->buffer, sizeof talk->buffer, &why);

            if (n == TALK_TIMEOUT)
                return stop(talk, PROBE_TIMEOUT, "no answer in time");
            if (n <= 0)
                return stop(talk, PROBE_UNREACHABLE,
                            n == 0 ? "the server closed the connection" : why.text);
            talk->at = 0;
            talk->have = (size_t)n;
        }
        state = smtp_reply_feed(reply, talk->buffer + talk->at, talk->have - talk->at, &used);
        talk->at += used;
    }
    if (state == SMTP_BAD)
        return stop(talk, PROBE_PROTOCOL, reply->problem);
    talk->verdict->smtp_code = reply->code;
    smtp_enhanced(reply, talk->verdict->enhanced, sizeof talk->verdict->enhanced);
    text_copy(talk->verdict->text, sizeof talk->verdict->text, reply->text);
    return true;
}

/* Sends a line and gets the reply to it. Bytes that came unasked are an answer to nothing:
 * injected, or a server out of step. */
static bool exchange(struct talk *talk, const char *line, size_t n) {
    struct fault why = {""};
    int sent;

    if (talk->at != talk->have)
        return stop(talk, PROBE_PROTOCOL, "the server answered before it was asked");
    sent = talk->way->send(talk->way->ctx, line, n, &why);
    if (sent == TALK_TIMEOUT)
        return stop(talk, PROBE_TIMEOUT, "could not send in time");
    if (sent != 0)
        return stop(talk, PROBE_UNREACHABLE, why.text);
    return get_reply(talk);
}

static bool greeting(struct talk *talk) {
    if (!get_reply(talk))
        return false;
    if (talk->reply.code == 220)
        return true;
    return stop_reply(talk, talk->reply.code / 100 == 4 ? PROBE_TEMPORARY : PROBE_PROTOCOL);
}

static bool ehlo(struct talk *talk) {
    char line[300];

    if (!text_format(line, sizeof line, "EHLO %s\r\n", talk->request->helo))
        return stop(talk, PROBE_INTERNAL, "name for EHLO too long");
    if (!exchange(talk, line, strlen(line)))
        return false;
    if (talk->reply.code != 250)
        return stop_reply(talk, talk->reply.code / 100 == 4 ? PROBE_TEMPORARY : PROBE_PROTOCOL);
    smtp_offer_parse(&talk->reply, &talk->offer);
    talk->verdict->size_limit = talk->offer.size_limit;
    text_copy(talk->verdict->ehlo, sizeof talk->verdict->ehlo, talk->offer.words);
    text_copy(talk->verdict->egress, sizeof talk->verdict->egress, talk->offer.egress);
    return true;
}

static bool secure(struct talk *talk) {
    struct fault why = {""};
    int done = talk->way->secure(talk->way->ctx, &why);

    if (done == TALK_TIMEOUT)
        return stop(talk, PROBE_TIMEOUT, "TLS: no answer in time");
    if (done != 0)
        return stop(talk, PROBE_TLS, why.text);
    memset(&talk->offer, 0,
           sizeof talk->offer); /* RFC 3207 4.2: what was said before does not count */
    talk->verified = true;
    return true;
}

static bool starttls(struct talk *talk) {
    static const char line[] = "STARTTLS\r\n";

    if (!talk->offer.starttls)
        return stop(talk, PROBE_TLS, "the server does not offer STARTTLS");
    if (!exchange(talk, line, sizeof line - 1))
        return false;
    if (talk->reply.code != 220)
        return stop_reply(talk, talk->reply.code / 100 == 4 ? PROBE_TEMPORARY : PROBE_TLS);
    if (talk->at != talk->have)
        return stop(talk, PROBE_TLS,
                    "plain text after the reply to STARTTLS: somebody injects commands");
    return secure(talk);
}

/* The reply to a login, when it is not a challenge. */
static bool judge(struct talk *talk, bool complete) {
    enum probe_result result = authreply_result(talk->reply.code, talk->reply.text);

    if (result == PROBE_OK)
        return complete ? true
                        : stop(talk, PROBE_PROTOCOL, "success before the login was complete");
    return stop_reply(talk, result);
}

/* Base64 text of `n` bytes stands in talk->command; adds the line's end, sends, wipes. */
static bool send_command(struct talk *talk, size_t n) {
    bool answered;

    memcpy(talk->command + n, "\r\n", 2);
    answered = exchange(talk, talk->command, n + 2);
    wipe(talk->command, sizeof talk->command);
    return answered;
}

/* The bearer mechanisms tell what is wrong with a token in a challenge, and their "no" after an
 * empty line (RFC 7628 3.2.3; XOAUTH2 likewise). */
static bool tells_why(const struct talk *talk, const struct auth *auth) {
    return talk->reply.text_n > 0 && mechs_has("XOAUTH2 OAUTHBEARER", auth_mechanism(auth));
}

static bool login_with(struct talk *talk, struct auth *auth, struct fault *why) {
    size_t n = 0;
    bool complete;

    if (auth_start(auth, talk->command, sizeof talk->command - 2, &n, why) == -1)
        return stop(talk, PROBE_NO_MECHANISM, why->text);
    text_copy(talk->verdict->mechanism, sizeof talk->verdict->mechanism, auth_mechanism(auth));
    if (!send_command(talk, n))
        return false;
    for (int step = 0; talk->reply.code == 334; step++) {
        if (step == STEPS_MAX || (auth_complete(auth) && !tells_why(talk, auth)))
            return stop(talk, PROBE_PROTOCOL, "the server asks for ever");
        if (auth_complete(auth)) {
            if (!exchange(talk, "\r\n", 2))
                return false;
            if (talk->reply.code / 100 == 2)
                return stop(talk, PROBE_PROTOCOL, "success after an error");
            continue;
        }
        if (auth_step(auth, talk->reply.text, talk->command, sizeof talk->command - 2, &n, why) ==
            -1)
            return stop(talk, PROBE_PROTOCOL, why->text);
        if (!send_command(talk, n))
            return false;
    }
    complete = auth_complete(auth);
    return judge(talk, complete);
}

static bool login(struct talk *talk) {
    const char *const filter = talk->request->mechanisms;
    char allowed[MECHS_SIZE], mechanisms[MECHS_SIZE];
    struct fault why = {""};
    struct auth *auth;
    bool in;

    if (!talk->verified)
        return stop(talk, PROBE_INTERNAL, "no login without verified TLS");
    if (talk->offer.mechanisms[0] == '\0')
        return stop(talk, PROBE_NO_MECHANISM, "the server offers no login");
    mechs_filter(talk->offer.mechanisms, filter, allowed, sizeof allowed);
    if (allowed[0] == '\0') {
        fault_set(&why, "the server offers %s, but main.cf has smtp_sasl_mechanism_filter = %s",
                  talk->offer.mechanisms, filter);
        return stop(talk, PROBE_NO_MECHANISM, why.text);
    }
    /* PLAIN says the same as LOGIN, and in one step. */
    mechs_filter(allowed, mechs_has(allowed, "PLAIN") ? "!LOGIN, static:all" : "", mechanisms,
                 sizeof mechanisms);
    auth = auth_new(talk->request, mechanisms, &why);
    if (auth == NULL)
        return stop(talk, PROBE_INTERNAL, why.text);
    in = login_with(talk, auth, &why);
    auth_free(&auth);
    return in;
}

void talk_run(const struct talk_way *way, const struct probe_request *request,
              struct probe_verdict *verdict) {
    struct talk *talk = xcalloc(1, sizeof *talk);
    bool good;

    talk->way = way;
    talk->request = request;
    talk->verdict = verdict;
    verdict->result = PROBE_INTERNAL;
    good = request->implicit_tls ? secure(talk) && greeting(talk) && ehlo(talk)
                                 : greeting(talk) && ehlo(talk) && starttls(talk) && ehlo(talk);
    if (good && request->auth)
        good = login(talk);
    if (good)
        verdict->result = PROBE_OK;
    if (good) /* what the server says to it does not matter any more */
        way->send(way->ctx, "QUIT\r\n", 6, NULL);
    wipe(talk, sizeof *talk);
    free(talk);
}
