/* What is posted: JSON for a webhook and for Alertmanager's v2 API, and what the makers of other
 * bodies (pagerduty.h, slack.h) share with these. Pure, but for memory. */
#ifndef NOTIFY_PAYLOAD_H
#define NOTIFY_PAYLOAD_H

#include <stddef.h>

#include "outbox.h"

enum { PAYLOAD_KEY_SIZE = 256, PAYLOAD_HEADLINE = 900 };

struct json_t;

/* For a webhook: the alert's own fields and `status` (firing, resolved), `host`, `url`, `key`,
 * `version` and, when resolved, `duration_seconds`. free() it. */
char *payload_webhook(const struct incident *incident, const struct notice *notice);

/* The same and more, for a template (template.h): also `headline`, `since_time`, `ended_time`, and
 * `duration_seconds` null while it fires. json_release() it. */
struct json_t *payload_fields(const struct incident *incident, const struct notice *notice);

/* The array of POST /api/v2/alerts. Notices whose incident is gone are left out. free() it. */
char *payload_alertmanager(const struct outbox *outbox, const struct notice *notices, int count,
                           int64_t now_ms);

/* The same of one incident. free() it. */
char *payload_alertmanager_one(const struct incident *incident, const struct notice *notice,
                               int64_t now_ms);

/* A heartbeat: {"version","status":"alive","host","time","proof_age_seconds"}, and, where a message
 * of ours was delivered, "canary":{"delivered","delay_seconds"}. free() it. */
char *payload_heartbeat(const char *host, int64_t now_ms, int64_t proof_age_ms,
                        const struct mailproof *mail);

/* The same notice has the same key, before and after a crash: "host/id/since in ms/status", while
 * it fires with "/severity" behind it, and for one that repeats an earlier one "/number" more.
 * Printable, without spaces. */
void payload_key(const struct notice *notice, char *out, size_t size);

/* What one incident has, whatever is told of it: "relaywatch/host/id/since in ms", as plain. */
void payload_incident_key(const struct notice *notice, char *out, size_t size);

/* The alert as relaywatchd sent it; an empty object if it cannot be read. json_release() it. */
struct json_t *payload_doc(const struct incident *incident);

/* For a small screen: "relay1: TITLE. IMPACT", or "relay1: over after 12 min: TITLE". */
void payload_headline(const struct incident *incident, const struct notice *notice,
                      const struct json_t *doc, char *out, size_t size);

/* "login-refused" -> "LoginRefused". */
void payload_alert_name(const char *id, char *out, size_t size);

/* 1732340000123 -> "2024-11-23T05:33:20.123Z" (RFC 3339); out has 32 bytes. */
void payload_time(int64_t ms, char *out, size_t size);

#endif
