/* A verdict of relaywatch-probe as key=value lines, for the process tests. */
#ifndef SUPPORT_VERDICT_PRINT_H
#define SUPPORT_VERDICT_PRINT_H

#include <stdio.h>

#include "probeq.h"

static inline const char *verdict_name(uint32_t result) {
    static const char *const names[] = {"ok",  "refused",  "temporary",    "unreachable", "timeout",
                                        "tls", "protocol", "no_mechanism", "internal"};

    return result < sizeof names / sizeof names[0] ? names[result] : "?";
}

static inline void verdict_print(const struct probe_verdict *v) {
    printf("result=%s\nsmtp_code=%u\nenhanced=%s\nmechanism=%s\ntls_version=%s\ntls_cipher=%s\n",
           verdict_name(v->result), v->smtp_code, v->enhanced, v->mechanism, v->tls_version,
           v->tls_cipher);
    printf("ehlo=%s\ncertificate_expires_s=%lld\naddress=%s\negress=%s\nsize_limit=%llu\n"
           "elapsed_ms=%u\ntext=%s\n",
           v->ehlo, (long long)v->certificate_expires_s, v->address, v->egress,
           (unsigned long long)v->size_limit, v->elapsed_ms, v->text);
}

#endif
