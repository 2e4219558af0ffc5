/* credtell.c: what is said of each answer of the keeper, and the exit status that goes with it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "credtell.h"

static struct keeper_reply answer(uint32_t outcome, enum probe_result result, unsigned code,
                                  const char *text) {
    struct keeper_reply reply = {.version = KEEPERQ_VERSION, .outcome = outcome};

    strcpy(reply.credential.user, "me@example.com");
    if (text != NULL) {
        reply.credential.verdict.version = 1;
        reply.credential.verdict.result = result;
        reply.credential.verdict.smtp_code = code;
        strcpy(reply.credential.verdict.text, text);
    }
    return reply;
}

/* The caller frees it. */
static char *told(enum keeper_verb verb, const struct keeper_reply *reply, bool json, int *status) {
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    *status = credtell_reply(out, verb, "it works", reply, json);
    fclose(out);
    return text;
}

static void says(enum keeper_verb verb, struct keeper_reply reply, int status, const char *want) {
    int got;
    char *text = told(verb, &reply, false, &got);

    cr_expect_eq(got, status, "%s: %d", want, got);
    cr_expect_str_eq(text, want);
    free(text);
}

Test(credtell, words_and_exit_status) {
    says(KEEPER_SET, answer(KEEPER_DONE, PROBE_OK, 235, "2.7.0 yes"), 0,
         "it works: me@example.com\n  the smarthost said: 235 2.7.0 yes\n");
    says(KEEPER_APPLY, answer(KEEPER_UNCHANGED, PROBE_OK, 0, NULL), 0,
         "nothing to do: me@example.com\n");
    says(KEEPER_SET, answer(KEEPER_REFUSED, PROBE_REFUSED, 535, "5.7.8 no"), 1,
         "refused by the smarthost, nothing was changed: me@example.com\n"
         "  the smarthost said: 535 5.7.8 no\n");
    says(KEEPER_SET, answer(KEEPER_BAD_SOURCE, PROBE_OK, 0, NULL), EX_DATAERR,
         "not acceptable, nothing was changed: me@example.com\n");
    says(KEEPER_SET, answer(KEEPER_BUSY, PROBE_OK, 0, NULL), EX_TEMPFAIL,
         "another change is under way: me@example.com\n");
    says(KEEPER_SET, answer(KEEPER_NOT_ALLOWED, PROBE_OK, 0, NULL), EX_NOPERM,
         "not permitted: me@example.com\n");
    says(KEEPER_SET, answer(KEEPER_FAILED, PROBE_OK, 0, NULL), 1,
         "failed, nothing was changed: me@example.com\n");
    says(KEEPER_SET, answer(99, PROBE_OK, 0, NULL), 1, "unknown answer: me@example.com\n");
}

Test(credtell, the_probes_words_are_not_the_smarthosts) {
    says(KEEPER_VERIFY, answer(KEEPER_INCONCLUSIVE, PROBE_TLS, 220, "CA file x: cannot be loaded"),
         EX_TEMPFAIL,
         "no verdict, nothing was changed; it can be tried again: me@example.com\n"
         "  CA file x: cannot be loaded\n");
    says(KEEPER_VERIFY, answer(KEEPER_INCONCLUSIVE, PROBE_UNREACHABLE, 0, "connect: refused"),
         EX_TEMPFAIL,
         "no verdict, nothing was changed; it can be tried again: me@example.com\n"
         "  connect: refused\n");
    says(KEEPER_VERIFY, answer(KEEPER_INCONCLUSIVE, PROBE_PROTOCOL, 554, "go away"), EX_TEMPFAIL,
         "no verdict, nothing was changed; it can be tried again: me@example.com\n"
         "  the smarthost said: 554 go away\n");
    says(KEEPER_VERIFY, answer(KEEPER_INCONCLUSIVE, PROBE_PROTOCOL, 220, "a line too long"),
         EX_TEMPFAIL,
         "no verdict, nothing was changed; it can be tried again: me@example.com\n"
         "  a line too long\n");
}

Test(credtell, what_was_not_tried_does_not_work) {
    says(KEEPER_SET, answer(KEEPER_DONE, PROBE_OK, 0, NULL), 0,
         "put in place, not tried: the login of the smarthost is as before\n");
    says(KEEPER_UNDO, answer(KEEPER_DONE, PROBE_OK, 235, "yes"), 0,
         "it works: me@example.com\n  the smarthost said: 235 yes\n");
}

Test(credtell, a_rollback_that_was_none_fails) {
    says(KEEPER_UNDO, answer(KEEPER_UNCHANGED, PROBE_OK, 235, "yes"), 1,
         "not put back, nothing was changed: me@example.com\n  the smarthost said: 235 yes\n");
    says(KEEPER_UNDO, answer(KEEPER_UNCHANGED, PROBE_OK, 0, NULL), 0,
         "nothing to do: me@example.com\n");
}

Test(credtell, a_refused_login_that_is_remembered) {
    struct keeper_reply reply = answer(KEEPER_REFUSED, PROBE_OK, 0, NULL);
    const char *hint = "write it to sasl_passwd, then `relaywatch credentials\n  rotate`";
    int status;
    char *text;

    reply.credential.from_memory = 1;
    text = told(KEEPER_SET, &reply, false, &status);
    cr_expect_eq(status, 1);
    cr_expect_not_null(strstr(text, hint), "%s", text);
    free(text);
    text = told(KEEPER_APPLY, &reply, false, &status);
    cr_expect_null(strstr(text, hint));
    free(text);
}

Test(credtell, objects) {
    struct keeper_reply reply = answer(KEEPER_DONE, PROBE_OK, 235, "a\x1b[2J");
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    int status;
    char *object = told(KEEPER_SET, &reply, true, &status);

    cr_expect_eq(status, 0);
    cr_expect_not_null(strstr(object, "\"outcome\": \"done\""));
    cr_expect_not_null(strstr(object, "\"result\": \"ok\""));
    cr_expect_null(strchr(object, 0x1b));
    free(object);
    reply.credential.verdict.version = 0;
    object = told(KEEPER_SET, &reply, true, &status);
    cr_expect_not_null(strstr(object, "\"probe\": null"));
    free(object);

    cr_expect_eq(credtell_failure(out, "no such socket", true, 1), 1);
    cr_expect_eq(credtell_failure(out, "denied", true, EX_NOPERM), EX_NOPERM);
    cr_expect_eq(credtell_failure(out, "in words", false, 1), 1);
    fclose(out);
    cr_expect_not_null(strstr(text, "\"outcome\": \"failed\""));
    cr_expect_not_null(strstr(text, "\"detail\": \"no such socket\""));
    cr_expect_not_null(strstr(text, "\"outcome\": \"not_allowed\""));
    cr_expect_null(strstr(text, "in words"));
    free(text);
}
