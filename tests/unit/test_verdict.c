/* Tests of logic/verdict.h. */
#include "verdict.h"

#include <string.h>
#include <criterion/criterion.h>

Test(verdict, a_diagnosis_for_each_answer) {
    static const struct {
        enum probe_result result;
        unsigned code;
        const char *mechanism, *text;
        enum diagnosis want;
    } rows[] = {
        {PROBE_OK, 235, "PLAIN", "2.7.0 Accepted", DIAGNOSIS_NONE},
        {PROBE_REFUSED, 535, "PLAIN", "5.7.8 Username and Password not accepted.",
         DIAGNOSIS_G01_BAD_CREDENTIALS},
        {PROBE_REFUSED, 534, "PLAIN", "5.7.9 Application-specific password required.",
         DIAGNOSIS_G02_APP_PASSWORD_REQUIRED},
        {PROBE_REFUSED, 534, "PLAIN", "5.7.14 Please log in via your web browser",
         DIAGNOSIS_G03_WEB_LOGIN_REQUIRED},
        {PROBE_REFUSED, 525, "PLAIN", "5.7.13 User account disabled", DIAGNOSIS_G10_SENDING_DENIED},
        {PROBE_REFUSED, 554, "PLAIN", "", DIAGNOSIS_G01_BAD_CREDENTIALS},
        {PROBE_TEMPORARY, 454, "PLAIN", "4.7.0 Cannot authenticate due to temporary system problem",
         DIAGNOSIS_G04_TEMP_AUTH_FAILURE},
        {PROBE_TEMPORARY, 454, "PLAIN", "4.7.0 Temporary authentication failure",
         DIAGNOSIS_G04_TEMP_AUTH_FAILURE},
        {PROBE_TEMPORARY, 454, "PLAIN", "4.7.0 Too many login attempts, please try again later.",
         DIAGNOSIS_G05_TOO_MANY_LOGINS},
        {PROBE_TEMPORARY, 421, "", "busy", DIAGNOSIS_G18_TEMP_SYSTEM},
        {PROBE_NO_MECHANISM, 504, "PLAIN", "5.7.4 Unrecognized Authentication Type",
         DIAGNOSIS_G29_AUTH_TYPE},
        {PROBE_NO_MECHANISM, 504, "LOGIN", "5.5.4 no", DIAGNOSIS_G29_AUTH_TYPE},
        {PROBE_NO_MECHANISM, 432, "PLAIN", "4.7.12 A password transition is needed",
         DIAGNOSIS_G29_AUTH_TYPE},
        {PROBE_NO_MECHANISM, 250, "", "the server offers no login",
         DIAGNOSIS_S02_NO_COMPATIBLE_MECHANISM},
        {PROBE_TLS, 538, "PLAIN", "5.7.11 Encryption required", DIAGNOSIS_G07_MUST_STARTTLS},
        {PROBE_TLS, 530, "PLAIN", "5.7.0 Must issue a STARTTLS command first.",
         DIAGNOSIS_G07_MUST_STARTTLS},
        {PROBE_TLS, 220, "", "no protocols available", DIAGNOSIS_T09_TLS_HANDSHAKE},
        {PROBE_TLS, 220, "",
         "certificate not accepted: unable to get local issuer certificate; it is for x",
         DIAGNOSIS_T04_CERT_UNTRUSTED},
        {PROBE_TLS, 220, "", "certificate not accepted: certificate has expired; it is for x",
         DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID},
        {PROBE_TLS, 220, "", "certificate not accepted: hostname mismatch; it is for x",
         DIAGNOSIS_T06_CERT_NAME},
        {PROBE_TLS, 0, "", "certificate not accepted: Hostname mismatch; it is for x",
         DIAGNOSIS_T06_CERT_NAME},
        {PROBE_TLS, 220, "", "CA file /x: cannot be loaded (is it readable for everybody?)",
         DIAGNOSIS_T03_TLS_ENGINE_UNAVAILABLE},
        {PROBE_TLS, 250, "", "the server does not offer STARTTLS", DIAGNOSIS_T01_TLS_NOT_OFFERED},
        {PROBE_TLS, 502, "", "5.5.1 no", DIAGNOSIS_T02_STARTTLS_REFUSED},
        {PROBE_PROTOCOL, 503, "PLAIN", "5.5.1 order", DIAGNOSIS_S12_SASL_PROTOCOL},
        {PROBE_PROTOCOL, 0, "", "a NUL byte in a reply", DIAGNOSIS_N05_LOST_CONNECTION},
        {PROBE_UNREACHABLE, 0, "", "", DIAGNOSIS_N02_CONNECT_REFUSED},
        {PROBE_TIMEOUT, 0, "", "", DIAGNOSIS_N01_CONNECT_TIMEOUT},
        {PROBE_INTERNAL, 0, "", "", DIAGNOSIS_NONE},
    };
    struct diagnoser *diagnoser = diagnoser_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe_verdict verdict = {.result = rows[i].result, .smtp_code = rows[i].code};
        enum diagnosis got;

        text_copy(verdict.mechanism, sizeof verdict.mechanism, rows[i].mechanism);
        text_copy(verdict.text, sizeof verdict.text, rows[i].text);
        got = verdict_diagnosis(diagnoser, &verdict);
        cr_expect_eq(got, rows[i].want, "%u %s: %s", rows[i].code, rows[i].text,
                     diagnosis_entry(got)->id);
    }
    diagnoser_free(&diagnoser);
}

Test(verdict, words_that_are_not_terminated) {
    struct probe_verdict verdict;

    memset(&verdict, 'x', sizeof verdict);
    cr_expect_eq(verdict_text(&verdict).n, sizeof verdict.text);
}
