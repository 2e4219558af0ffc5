/* From what is known to alerts: gathers the signals, has the rules look at them, tells whoever is
 * to be told. */
#ifndef DAEMON_JUDGE_H
#define DAEMON_JUDGE_H

#include "state.h"

/* Looks at everything now. Cheap: called each second and after each batch of lines that tells of
 * trouble. */
void judge(struct daemon *d);

/* Takes over those parameters of the rules that may change while it runs. */
void judge_take_limits(struct conf *conf, const struct conf *fresh);

/* Goes on from the alerts of the life before: what our log had of them it need not have again. */
void judge_resume(struct daemon *d);

/* The limits that the configuration sets. */
struct rules_limits judge_limits(const struct conf *conf);

#endif
