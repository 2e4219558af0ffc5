/* See logforeign.h. Looked at by the tag first: what is behind another's may be a stranger's words.
 */
#include "logforeign.h"

static bool has(struct span s, const char *word) {
    return span_find(s, word) != NULL;
}

enum diagnosis logforeign_diagnosis(struct span s) {
    if (s.n == 0)
        return DIAGNOSIS_NONE;
    if (span_starts(s, "systemd-journald[") || span_starts(s, "journal")) {
        if (has(s, ": Suppressed ") && has(s, " messages from ") && has(s, "postfix"))
            return DIAGNOSIS_M16_LOG_MISSING;
    } else if (span_starts(s, "rsyslogd") || span_starts(s, "imjournal:")) {
        if (has(s, "due to rate-limiting"))
            return DIAGNOSIS_M16_LOG_MISSING;
    } else if (span_starts(s, "kernel:") || span_starts(s, "audit") ||
               span_starts(s, "msg=audit(")) {
        if (has(s, "avc: ") && has(s, " denied ") && has(s, ":postfix_"))
            return DIAGNOSIS_M15_SELINUX_DENIED;
    }
    return DIAGNOSIS_NONE;
}
