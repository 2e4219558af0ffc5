#include <criterion/criterion.h>

#include "logforeign.h"

Test(logforeign, lines) {
    static const struct {
        const char *line;
        enum diagnosis want;
    } rows[] = {
        {"systemd-journald[312]: Suppressed 4221 messages from postfix@-.service",
         DIAGNOSIS_M16_LOG_MISSING},
        {"journal: Suppressed 120 messages from postfix.service", DIAGNOSIS_M16_LOG_MISSING},
        {"systemd-journald[312]: Suppressed 4221 messages from cron.service", DIAGNOSIS_NONE},
        {"rsyslogd: imjournal: 1234 messages lost due to rate-limiting", DIAGNOSIS_M16_LOG_MISSING},
        {"rsyslogd[9]: imuxsock lost 5 messages from pid 7 due to rate-limiting",
         DIAGNOSIS_M16_LOG_MISSING},
        {"kernel: audit: type=1400 audit(1.1:1): avc:  denied  { read } for pid=1 comm=\"smtp\" "
         "scontext=system_u:system_r:postfix_smtp_t:s0",
         DIAGNOSIS_M15_SELINUX_DENIED},
        {"msg=audit(1.1:1): avc:  denied  { write } comm=\"smtpd\" "
         "scontext=system_u:system_r:postfix_smtpd_t:s0",
         DIAGNOSIS_M15_SELINUX_DENIED},
        {"kernel: audit: type=1400 audit(1.1:1): avc:  denied  { read } "
         "scontext=system_u:system_r:httpd_t:s0",
         DIAGNOSIS_NONE},
        {"dovecot: avc:  denied  { read } scontext=system_u:system_r:postfix_smtp_t:s0",
         DIAGNOSIS_NONE},
        {"amavis[1]: journal: Suppressed 120 messages from postfix.service", DIAGNOSIS_NONE},
        {"", DIAGNOSIS_NONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(logforeign_diagnosis(span_of(rows[i].line)), rows[i].want, "%s", rows[i].line);
    cr_expect_eq(logforeign_diagnosis((struct span){NULL, 0}), DIAGNOSIS_NONE);
}
