/* What the relay's health comes to (health.h): what is broken now, at which smarthost, and how sure
 * that is. Pure: `now_ms` is the wall clock. */
#ifndef LOGIC_HEALTHLOOK_H
#define LOGIC_HEALTHLOOK_H

#include "health.h"

/* Is something wrong in this area now? Login, TLS, network and refusals end two seconds after their
 * last failure once a delivery came later than it; the milter's when it saw a message since, or
 * a minute after the last sign; the others then, too, if a delivery came after it, else ten minutes
 * after. A rule of the smarthost that is no limit lasts as long as a message that it refused waits
 * to be refused again. Where one smarthost fails while another delivers, it is over, too, when no
 * message waits for it any more, or one that waited for it went by that other one. Where the log
 * does not name main.cf's relayhost (it stands for several servers: MX), a delivery by any is one
 * by all. */
bool health_is_broken(const struct health *h, enum health_area area, int64_t now_ms);

/* The same of one smarthost; `way` is one of h's. */
bool health_way_is_broken(const struct health *h, const struct health_way *way,
                          enum health_area area, int64_t now_ms);

/* The one with the worst that is wrong in this area; the first one where nothing is. */
const struct health_way *health_worst(const struct health *h, enum health_area area,
                                      int64_t now_ms);

/* The one of main.cf's relayhost, if the log names it; else that with the worst, as nobody knows.
 * Where it is well and something without a name is not, that: it may be of this one. */
const struct health_way *health_main(const struct health *h, enum health_area area, int64_t now_ms);

/* When main.cf's relayhost took a message last; 0: never seen. Where the log does not name it, when
 * any did. */
int64_t health_main_success(const struct health *h);

/* Does another one deliver, since something is wrong with `way` in this area? */
bool health_others_deliver(const struct health *h, const struct health_way *way,
                           enum health_area area, int64_t now_ms);

/* Is what is wrong there known of one or two messages alone, each for itself? So it may be for
 * once. */
bool health_is_of_few(const struct health_way *way, enum health_area area);

/* Recipients whose mail was returned for what is wrong in this area, by all of them. */
uint64_t health_bounced(const struct health *h, enum health_area area);

/* Does main.cf's relayhost talk to us, as far as is known? "Later" to a message or two is talk. */
bool health_is_reached(const struct health *h, int64_t now_ms);

/* Did a session with it break off, or was put off, before any message was in it? Where there is
 * little mail that may be for once, and nobody else asks for minutes; a probe that does knows. */
bool health_broke_off(const struct health *h, const struct health_way *way, enum health_area area,
                      int64_t now_ms);

#endif
