/* `relaywatch alerts` and relaywatchd: asks through its socket in state_dir, which root and
 * relaywatchd's user alone can reach. Blocks for at most 5 seconds. */
#ifndef CLI_ALERTS_ASK_H
#define CLI_ALERTS_ASK_H

#include "alertq.h"
#include "conf.h"

struct json_t;

/* The answer, or NULL after a complaint on stderr with *status_out. */
struct json_t *alerts_ask(const struct conf *conf, const struct alertq_request *request,
                          int *status_out);

/* "2026-11-28 03:12:05 EST", by the clock of here; "" for 0. */
void alerts_time(char *out, size_t size, double seconds);

/* "12 min", of whole seconds. */
void alerts_age(char *out, size_t size, double seconds);

#endif
