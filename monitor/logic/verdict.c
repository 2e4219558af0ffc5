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
        return login ? DIAGNOSIS_G07_MUST_STARTTLS : DIAGNOSIS_T09_TLS_HANDSHAKE;
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
