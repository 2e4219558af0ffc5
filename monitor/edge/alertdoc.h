/* An alert as JSON, the same for the status document (/api/v1/status, `relaywatch status --json`)
 * and for the packet that tells relaywatch-notify the whole present set. Builds only; nothing
 * blocks. */
#ifndef EDGE_ALERTDOC_H
#define EDGE_ALERTDOC_H

#include "alert.h"
#include "mailproof.h"

struct json_t;

/* No packet to relaywatch-notify is larger. */
enum { ALERTDOC_PACKET_MOST = 200 * 1024 };

/* The host of what is the whole fleet's, to receivers: so it is one incident, whichever host
 * speaks.
 */
#define ALERTDOC_FLEET "fleet"

/* {"id","diagnosis","severity","title","summary","impact","who","why","fix":[...],"evidence","since","ended","count"};
 * of one that is the fleet's "host":"fleet", and "elsewhere":true where another host goes on with
 * it; and, while nobody is called for it, "silenced":{"until","who","why"}; times in seconds since
 * 1970, `ended` null while it fires; `diagnosis` as "G01 BAD_CREDENTIALS". Belongs to the caller.
 */
struct json_t *alertdoc_make(const struct alert *alert);

/* The array of all. Belongs to the caller. */
struct json_t *alertdoc_make_array(const struct alert_set *set);

/* The packet: {"version":1,"host","url","proof_age_ms","canary","alerts":[...]}; `proof_age_ms`:
 * how long ago a line of ours came back through the log (-1: never); `canary`, where `mail` is
 * wanted:
 * {"overdue","delivered","delay_ms"}. free() it. */
char *alertdoc_print_packet(const struct alert_set *set, const char *host, const char *url,
                            int64_t proof_age_ms, const struct mailproof *mail);

#endif
