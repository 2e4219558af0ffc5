/* See postconf.h. */
#include "postconf.h"

#include <string.h>

#include "spawn.h"
#include "text.h"

enum { LIMIT_MS = 10000 };

int postconf_relay(const char *config_dir, char *out, size_t size, struct fault *why) {
    /* -x: with $name replaced (Postfix 2.10). A name that this Postfix does not have is a warning
     * there. */
    const char *const argv[] = {POSTCONF,
                                "-c",
                                config_dir,
                                "-x",
                                "relayhost",
                                "smtp_tls_wrappermode",
                                "smtp_sasl_auth_enable",
                                "smtp_sasl_password_maps",
                                "smtp_helo_name",
                                "maillog_file",
                                "smtp_tls_CAfile",
                                "smtp_tls_secure_cert_match",
                                "smtp_sasl_password_result_delimiter",
                                "smtp_sasl_mechanism_filter",
                                "smtp_tls_security_level",
                                "smtp_tls_policy_maps",
                                "smtp_sasl_tls_security_options",
                                "smtp_sasl_tls_verified_security_options",
                                "mail_version",
                                "queue_directory",
                                "maximal_queue_lifetime",
                                "smtp_sender_dependent_authentication",
                                "defer_transports",
                                NULL};
    char errors[512];
    struct spawn job = {.argv = argv,
                        .output = out,
                        .output_size = size,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = LIMIT_MS};

    if (spawn_run(&job, why) == -1)
        return -1;
    if (job.status != 0)
        return fault_set(why, "postconf: status %d: %.200s", job.status, errors);
    return job.output_length + 1 < size ? 0 : fault_set(why, "main.cf's values are too long");
}

void postconf_value(const char *lines, const char *name, char *out, size_t size) {
    char begin[64];
    const char *at;

    out[0] = '\0';
    text_format(begin, sizeof begin, "\n%s =", name);
    at = strstr(lines, begin);
    if (at == NULL)
        return;
    at += strlen(begin);
    if (!text_copy_span(out, size, span_trim((struct span){at, strcspn(at, "\n")})))
        out[0] = '\0';
}
