/* See verdict.h. */
#include "verdict.h"

#include <stdbool.h>
#include <string.h>

#include "health.h"

struct span verdict_text(const struct probe_verdict *verdict) {
    return (struct span){verdict->text, strnlen(verdict->text, sizeof verdict->text)};
}

/* The reply was one to AUTH: before that no mechanism was chosen. */
static bool is_of_login(const struct probe_verdict *verdict) {
    return verdict->mechanism[0] != '\0' && verdict->smtp_code >= 400;
}

/* The probe's own words about TLS (probe/tls.c, talk.c), with OpenSSL's for a certificate. The name
 * comes first: what follows "it is for" is the server's. */
static enum diagnosis by_tls(const struct probe_verdict *verdict) {
    static const struct {
        const char *words;
        enum diagnosis diagnosis;
    } known[] = {
        {"the server does not offer STARTTLS", DIAGNOSIS_T01_TLS_NOT_OFFERED},
        {"CA file ", DIAGNOSIS_T03_TLS_ENGINE_UNAVAILABLE},
        {"certificate not accepted: certificate has expired",
         DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID},
        {"certificate not accepted: certificate is not yet valid",
         DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID},
        {"certificate not accepted: hostname mismatch", DIAGNOSIS_T06_CERT_NAME},
        {"certificate not accepted: Hostname mismatch", DIAGNOSIS_T06_CERT_NAME},
        {"certificate not accepted: IP address mismatch", DIAGNOSIS_T06_CERT_NAME},
        {"certificate not accepted: ", DIAGNOSIS_T04_CERT_UNTRUSTED},
    };
    struct span text = verdict_text(verdict);

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (span_starts(text, known[i].words))
            return known[i].diagnosis;
    }
    if (verdict->smtp_code >= 400)
        return DIAGNOSIS_T02_STARTTLS_REFUSED;
    return DIAGNOSIS_T09_TLS_HANDSHAKE;
}

static enum diagnosis by_result(const struct probe_verdict *verdict) {
    bool login = is_of_login(verdict);

    switch ((enum probe_result)verdict->result) {
    case PROBE_OK:
    case PROBE_INTERNAL:
        break;
    case PROBE_REFUSED:
        return verdict->smtp_code == 525 ? DIAGNOSIS_G10_SENDING_DENIED
                                         : DIAGNOSIS_G01_BAD_CREDENTIALS;
    case PROBE_TEMPORARY:
        return login ? DIAGNOSIS_G04_TEMP_AUTH_FAILURE : DIAGNOSIS_G18_TEMP_SYSTEM;
    case PROBE_UNREACHABLE:
        return DIAGNOSIS_N02_CONNECT_REFUSED;
    case PROBE_TIMEOUT:
        return DIAGNOSIS_N01_CONNECT_TIMEOUT;
    case PROBE_TLS:
        return login ? DIAGNOSIS_G07_MUST_STARTTLS : by_tls(verdict);
    case PROBE_PROTOCOL:
        return login ? DIAGNOSIS_S12_SASL_PROTOCOL : DIAGNOSIS_N05_LOST_CONNECTION;
    case PROBE_NO_MECHANISM:
        return login ? DIAGNOSIS_G29_AUTH_TYPE : DIAGNOSIS_S02_NO_COMPATIBLE_MECHANISM;
    }
    return DIAGNOSIS_NONE;
}

enum diagnosis verdict_diagnosis(const struct diagnoser *diagnoser,
                                 const struct probe_verdict *verdict) {
    struct span text = verdict_text(verdict);
    char reply[sizeof verdict->text + 8]; /* with its code, as the server sent it */
    enum diagnosis said;

    text_format(reply, sizeof reply, "%u %.*s", verdict->smtp_code, (int)text.n, text.p);
    said = diagnose_reply(diagnoser, verdict->smtp_code != 0 ? span_of(reply) : text);
    return health_area(said) != AREA_COUNT ? said : by_result(verdict);
}
