/* See mailev.h. */
#include "mailev.h"

static const char *const kinds[MAILEV_KIND_COUNT] = {
    [MAILEV_FOREIGN] = "foreign",
    [MAILEV_OTHER] = "other",
    [MAILEV_NOTE] = "note",
    [MAILEV_CONNECT] = "connect",
    [MAILEV_DISCONNECT] = "disconnect",
    [MAILEV_CLIENT] = "client",
    [MAILEV_ACCEPTED] = "accepted",
    [MAILEV_QUEUED] = "queued",
    [MAILEV_DELIVERY] = "delivery",
    [MAILEV_EXPIRED] = "expired",
    [MAILEV_REMOVED] = "removed",
    [MAILEV_REJECTED] = "rejected",
    [MAILEV_ATTEMPT] = "attempt",
    [MAILEV_AUTH_FAILURE] = "auth_failure",
    [MAILEV_TLS] = "tls",
    [MAILEV_TLS_FAILURE] = "tls_failure",
    [MAILEV_BOUNCE_NOTICE] = "bounce_notice",
    [MAILEV_LIFECYCLE] = "lifecycle",
    [MAILEV_WARNING] = "warning",
    [MAILEV_ERROR] = "error",
    [MAILEV_FATAL] = "fatal",
};

const char *mailev_kind_name(enum mailev_kind kind) {
    return kinds[kind];
}

const char *mailev_status_name(enum mailev_status status) {
    static const char *const names[] = {"",        "sent",        "deferred",      "bounced",
                                        "expired", "deliverable", "undeliverable", "other"};

    return names[status];
}
