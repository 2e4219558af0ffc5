/* See verbs.h: the table, and the verbs that change nothing. */
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cred.h"
#include "fault.h"
#include "apply.h"
#include "errand.h"
#include "canaryline.h"
#include "facts.h"
#include "hold.h"
#include "mapfile.h"
#include "queuedir.h"
#include "tryout.h"
#include "text.h"
#include "xmem.h"

static void say(struct keeper_reply *reply, enum keeper_outcome outcome, const char *detail) {
    reply->outcome = outcome;
    text_copy(reply->detail, sizeof reply->detail, detail);
}

static void do_queue(const struct keeper *keeper, struct keeper_reply *reply) {
    struct fault why = {""};

    if (queuedir_ask(keeper->hands, false, &reply->queue, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
}

static void do_facts(const struct keeper *keeper, struct keeper_reply *reply) {
    struct keeper_facts *out = &reply->facts;
    struct facts facts;
    struct fault why = {""};

    if (facts_ask(keeper->hands, &facts, &why) == -1) {
        say(reply, KEEPER_FAILED, why.text);
        return;
    }
    text_copy(out->relay_host, sizeof out->relay_host, facts.host);
    out->relay_port = facts.port;
    out->implicit_tls = facts.implicit_tls;
    out->sasl = facts.sasl;
    if (facts.sasl) {
        text_copy(out->source, sizeof out->source, facts.map_path);
        text_copy(out->map_type, sizeof out->map_type, facts.map_type);
    }
    text_copy(out->mail_version, sizeof out->mail_version, facts.mail_version);
    out->queue_lifetime_s = facts.queue_lifetime_s;
    text_copy(out->ca_file, sizeof out->ca_file, facts.ca_file);
    if (facts.host[0] == '\0')
        say(reply, KEEPER_DONE, "relayhost is empty");
    else if (facts.sasl && facts.map_type[0] == '\0')
        say(reply, KEEPER_DONE, "smtp_sasl_password_maps is not one type:/path");
    else if (facts.mx)
        say(reply, KEEPER_DONE, "relayhost has no brackets: Postfix sends to the MX of that name");
}

/* The login that Postfix would use now, by the same keys in the same order. */
static void do_verify(const struct keeper *keeper, struct keeper_reply *reply) {
    struct facts facts = {.host = ""};
    struct mapfile map = {.hands = NULL};
    struct fault why = {""};
    struct span user = {"", 0}, secret = {"", 0};
    char *value = xcalloc(1, CRED_FILE_MAX);

    if (facts_ask(keeper->hands, &facts, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else if (facts.host[0] == '\0')
        say(reply, KEEPER_INCONCLUSIVE, "relayhost is empty");
    else if (!facts.sasl)
        tryout(keeper, &facts, user, secret, reply);
    else if (mapfile_open(&map, keeper->hands, &facts, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
    else if (!mapfile_live_value(&map, facts.host, value, CRED_FILE_MAX) &&
             !mapfile_live_value(&map, facts.nexthop, value, CRED_FILE_MAX))
        say(reply, KEEPER_FAILED, "the live map has no entry for the relay");
    else if (!cred_split(span_of(value), &user, &secret))
        say(reply, KEEPER_FAILED, "the live map's entry for the relay is not user:password");
    else
        tryout(keeper, &facts, user, secret, reply);
    mapfile_close(&map);
    hold_note_verdict(keeper, facts.host, span_of(value), reply);
    wipe(value, CRED_FILE_MAX);
    free(value);
}

static void do_log(const struct keeper *keeper, struct keeper_reply *reply) {
    struct fault why = {""};
    struct facts facts;

    /* The hands remember from it which file that is. */
    if (facts_ask(keeper->hands, &facts, &why) == -1 ||
        errand_for(keeper->hands, HAND_SHARE_LOG, 0, NULL, &why) == -1)
        say(reply, KEEPER_FAILED, why.text);
}

void verbs_run(const struct keeper *keeper, struct keeper_reply *reply) {
    static const struct {
        enum keeper_verb verb;
        void (*run)(const struct keeper *, struct keeper_reply *);
    } verbs[] = {{KEEPER_FACTS, do_facts},         {KEEPER_QUEUE, do_queue},
                 {KEEPER_APPLY, apply_run},        {KEEPER_LOG, do_log},
                 {KEEPER_VERIFY, do_verify},       {KEEPER_SET, apply_set},
                 {KEEPER_UNDO, apply_undo},        {KEEPER_HOLD, hold_start},
                 {KEEPER_RELEASE, hold_end},       {KEEPER_NUDGE, hold_nudge},
                 {KEEPER_FLUSH, hold_flush},       {KEEPER_FINISH, hold_finish},
                 {KEEPER_CANARY, canaryline_write}};

    memset(reply, 0, sizeof *reply);
    reply->version = KEEPERQ_VERSION;
    reply->verb = keeper->verb;
    reply->outcome = KEEPER_NOT_ALLOWED;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if ((unsigned char)verbs[i].verb == keeper->verb) {
            reply->outcome = KEEPER_DONE;
            verbs[i].run(keeper, reply);
            return;
        }
    }
    text_copy(reply->detail, sizeof reply->detail, "unknown verb");
}

void verbs_answer(struct hands *hands, void *arg, void *reply) {
    struct keeper keeper = *(const struct keeper *)arg;

    keeper.hands = hands;
    verbs_run(&keeper, reply);
}
