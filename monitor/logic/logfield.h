/* The fields inside a message of Postfix: queue id, addresses, name[ip]:port, the fields of a
 * delivery. Everything is found by its place, from the left; text that remote parties choose can
 * not move a field (see logfield.c for how). Spans point into the line. Pure. */
#ifndef LOGIC_LOGFIELD_H
#define LOGIC_LOGFIELD_H

#include <string.h>

#include "logscan.h"
#include "mailev.h"

/* Does the span begin with, end with, equal this literal? Comparisons that the compiler knows the
 * length of.
 */
#define STARTS(s, literal)                                                                         \
    ((s).n >= sizeof(literal) - 1 && memcmp((s).p, literal, sizeof(literal) - 1) == 0)
#define ENDS(s, literal)                                                                           \
    ((s).n >= sizeof(literal) - 1 &&                                                               \
     memcmp((s).p + (s).n - (sizeof(literal) - 1), literal, sizeof(literal) - 1) == 0)
#define IS(s, literal)                                                                             \
    ((s).n == sizeof(literal) - 1 && memcmp((s).p, literal, sizeof(literal) - 1) == 0)

/* `s` without its first n bytes. n <= s.n. */
static inline struct span logfield_from(struct span s, size_t n) {
    return (struct span){s.p + n, s.n - n};
}

/* The queue id (or "NOQUEUE") of "QID: " at the start of `s`; absent if there is none. */
struct span logfield_queue_id(struct span s);

/* What stands behind "QID: ", where `id` is what logfield_queue_id() said of `s`. */
static inline struct span logfield_behind_id(struct span s, struct span id) {
    return id.n > 0 ? logfield_from(s, id.n + 2) : s;
}

/* name[ip] or name[ip]:port at the start of `s`; name may be empty ("[ip]:port" of postscreen). */
struct logfield_peer {
    struct span name;
    struct span ip; /* absent for a UNIX-domain socket */
    uint16_t port;  /* 0: absent */
    size_t length;  /* bytes of `s` that it takes; 0: there is none */
};
struct logfield_peer logfield_peer(struct span s);

/* The first " from name[ip]" of `s`. Where it stands, *at_out is the offset behind it. */
struct logfield_peer logfield_from_peer(struct span s, size_t *at_out);

/* client and client_ip, if there is a peer; the second takes the first " from name[ip]" of `s`. */
void logfield_take_client(struct logfield_peer peer, struct mailev *out);
void logfield_find_client(struct span s, struct mailev *out);

/* The bytes of `s` up to its closing `"`, where `s` begins with one; 0 when it does not or has no
 * end. */
size_t logfield_quoted_length(struct span s);

/* Takes an address from *s, which stands behind the `<`, up to the `>` behind which is_end is true
 * (it gets what follows the `>`). *s is then what follows. False when there is no such `>`. */
bool logfield_take_address(struct span *s, bool (*is_end)(struct span), struct span *address_out);

/* `s` begins with "to=<" (or, where somebody has changed the line, with the bare recipient,
 * "relay=" or "status="): to, relay, relay_ip, relay_port, delay_us, delays_us, dsn, status and
 * text. False when no "status=" was reached: a line that was cut, or none of Postfix. */
bool logfield_delivery(struct span s, struct mailev *out);

/* `s` begins with "from=<": qmgr's from, and size_bytes and recipients or the status. What follows
 * the address is left in *rest_out. False when it has no end. */
bool logfield_sender(struct span s, struct mailev *out, struct span *rest_out);

/* `s` begins with "client=": client, client_ip, sasl_method, sasl_username. */
void logfield_client(struct span s, struct mailev *out);

#endif
