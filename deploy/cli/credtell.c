/* See credtell.h. */
#include "credtell.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "text.h"
#include "json.h"

static const char *outcome_word(uint32_t outcome) {
    static const char *const words[] = {"done",         "unchanged", "bad_source", "refused",
                                        "inconclusive", "failed",    "busy",       "not_allowed"};

    return outcome < sizeof words / sizeof words[0] ? words[outcome] : "unknown";
}

/* The login of before was tried, and does not work any more. */
static bool is_not_put_back(enum keeper_verb verb, const struct keeper_reply *reply) {
    return verb == KEEPER_UNDO && reply->outcome == KEEPER_UNCHANGED &&
           reply->credential.verdict.version != 0;
}

static int exit_status(enum keeper_verb verb, const struct keeper_reply *reply) {
    switch ((enum keeper_outcome)reply->outcome) {
    case KEEPER_DONE:
        return EX_OK;
    case KEEPER_UNCHANGED:
        return is_not_put_back(verb, reply) ? 1 : EX_OK;
    case KEEPER_BAD_SOURCE:
        return EX_DATAERR;
    case KEEPER_INCONCLUSIVE:
    case KEEPER_BUSY:
        return EX_TEMPFAIL;
    case KEEPER_NOT_ALLOWED:
        return EX_NOPERM;
    case KEEPER_REFUSED:
    case KEEPER_FAILED:
        break;
    }
    return 1;
}

static const char *result_word(uint32_t result) {
    static const char *const words[] = {"ok",  "refused",  "temporary",    "unreachable", "timeout",
                                        "tls", "protocol", "no_mechanism", "internal"};

    return result < sizeof words / sizeof words[0] ? words[result] : "unknown";
}

static struct span field(const char *text, size_t size) {
    return (struct span){text, strnlen(text, size)};
}
#define FIELD(array) field(array, sizeof(array))

/* Text of the smarthost: not clean. */
static void put_field(struct json_t *o, const char *key, struct span value) {
    char text[600];

    text_copy_printable(text, sizeof text, span_trim(value));
    json_put_text(o, key, text[0] != '\0' ? text : NULL);
}

static struct json_t *probe_object(const struct probe_verdict *v) {
    struct json_t *o = json_make_object();

    json_put_text(o, "result", result_word(v->result));
    json_put_int(o, "smtp_code", v->smtp_code);
    put_field(o, "text", FIELD(v->text));
    put_field(o, "tls_version", FIELD(v->tls_version));
    put_field(o, "tls_cipher", FIELD(v->tls_cipher));
    put_field(o, "mechanism", FIELD(v->mechanism));
    json_put_time(o, "certificate_expires", v->certificate_expires_s * 1000);
    put_field(o, "address", FIELD(v->address));
    put_field(o, "egress_address", FIELD(v->egress));
    put_field(o, "ehlo", FIELD(v->ehlo));
    json_put_int(o, "size_limit", (int64_t)v->size_limit);
    json_put_int(o, "elapsed_ms", v->elapsed_ms);
    return o;
}

static void print_object(FILE *out, struct json_t *o) {
    char *text = json_print(o, true);

    fprintf(out, "%s\n", text);
    free(text);
    json_release(&o);
}

static void print_json(FILE *out, const struct keeper_reply *reply) {
    const struct keeper_credential *c = &reply->credential;
    struct json_t *o = json_make_object();

    json_put_text(o, "outcome", outcome_word(reply->outcome));
    put_field(o, "detail", FIELD(reply->detail));
    put_field(o, "user", FIELD(c->user));
    json_put_int(o, "line", c->line);
    json_put_int(o, "changed", c->changed);
    json_put_int(o, "serial", (int64_t)c->serial);
    json_put_time(o, "changed_at", c->applied_ms);
    json_put_bool(o, "reloaded", c->reloaded != 0);
    json_put_bool(o, "flushed", c->flushed != 0);
    json_put_bool(o, "mail_held", c->held != 0);
    json_put_bool(o, "can_roll_back", c->has_previous != 0);
    if (c->verdict.version != 0)
        json_put(o, "probe", probe_object(&c->verdict));
    else
        json_put_null(o, "probe");
    print_object(out, o);
}

/* Is the verdict's text the smarthost's reply, or what the probe says of it? */
static bool is_smarthosts(const struct probe_verdict *v) {
    return v->result == PROBE_OK || v->result == PROBE_REFUSED || v->result == PROBE_TEMPORARY ||
           (v->result == PROBE_PROTOCOL && v->smtp_code >= 400);
}

/* Put in place, but of a relay or sender that no mail of this host uses: nobody has tried it. */
static bool is_untried(enum keeper_verb verb, const struct keeper_reply *reply) {
    return (verb == KEEPER_SET || verb == KEEPER_APPLY) && reply->outcome == KEEPER_DONE &&
           reply->credential.verdict.version == 0;
}

static void print_verdict(FILE *out, const struct probe_verdict *v) {
    char text[520];

    if (v->version == 0)
        return;
    text_copy_printable(text, sizeof text, span_trim(FIELD(v->text)));
    if (text[0] != '\0' && is_smarthosts(v))
        fprintf(out, "\n  the smarthost said: %u %s", v->smtp_code, text);
    else if (text[0] != '\0')
        fprintf(out, "\n  %s", text);
    text_copy_printable(text, sizeof text, FIELD(v->ehlo));
    if (text[0] != '\0')
        fprintf(out, "\n  it offers: %s", text);
}

static const char *headline(enum keeper_verb verb, const char *done,
                            const struct keeper_reply *reply) {
    static const char *const words[] = {
        "",
        "nothing to do",
        "not acceptable, nothing was changed",
        "refused by the smarthost, nothing was changed",
        "no verdict, nothing was changed; it can be tried again",
        "failed, nothing was changed",
        "another change is under way",
        "not permitted",
    };

    if (is_untried(verb, reply))
        return "put in place, not tried: the login of the smarthost is as before";
    if (is_not_put_back(verb, reply))
        return "not put back, nothing was changed";
    if (reply->outcome == KEEPER_DONE)
        return done;
    return reply->outcome < sizeof words / sizeof words[0] ? words[reply->outcome]
                                                           : "unknown answer";
}

static void print_words(FILE *out, enum keeper_verb verb, const char *done,
                        const struct keeper_reply *reply) {
    const struct keeper_credential *c = &reply->credential;
    char user[130];

    text_copy_printable(user, sizeof user, FIELD(c->user));
    fputs(headline(verb, done, reply), out);
    if (user[0] != '\0' && !is_untried(verb, reply)) /* it is the smarthost's */
        fprintf(out, ": %s", user);
    if (reply->detail[0] != '\0')
        fprintf(out, "\n  %s", reply->detail);
    if (verb == KEEPER_SET && c->from_memory)
        fputs("\n  if it is right by now: write it to sasl_passwd, then `relaywatch credentials"
              "\n  rotate` tries it at once; `set` does 5 hours after it was refused",
              out);
    print_verdict(out, &c->verdict);
    if (c->reloaded || c->flushed)
        fprintf(out, "\n  Postfix%s%s", c->reloaded ? " reloaded" : "",
                c->flushed ? (c->reloaded ? ", queue flushed" : ": queue flushed") : "");
    if (c->held)
        fputs("\n  mail is held in the queue", out);
    putc('\n', out);
}

int credtell_reply(FILE *out, enum keeper_verb verb, const char *done,
                   const struct keeper_reply *reply, bool json) {
    if (json)
        print_json(out, reply);
    else
        print_words(out, verb, done, reply);
    return exit_status(verb, reply);
}

int credtell_failure(FILE *out, const char *why, bool json, int status) {
    struct json_t *o;

    fprintf(stderr, "relaywatch credentials: %s\n", why);
    if (!json)
        return status;
    o = json_make_object();
    json_put_text(o, "outcome",
                  outcome_word(status == EX_NOPERM ? KEEPER_NOT_ALLOWED : KEEPER_FAILED));
    json_put_text(o, "detail", why);
    print_object(out, o);
    return status;
}
