/* What of rules and health must outlive a restart, as lines of a state file (keptline.h): waiting
 * times, what fires since when, what people were told, what the log said last. A restart so neither
 * ends an alert nor tells it anew. Pure. */
#ifndef LOGIC_RULESTATE_H
#define LOGIC_RULESTATE_H

#include "keptline.h"
#include "rules.h"

void rulestate_print(const struct rules *rules, const struct health *health, struct keptout *out);

/* Takes one line; false when it is none of these, or damaged: then nothing of it is taken. */
bool rulestate_take(struct rules *rules, struct health *health, struct span line);

/* After the last line. What was restored does not end for `grace_ms`, until it was looked at with
 * all that there is to know. A file of after now was written before the clock was set back:
 * `saved_ms` is when. */
void rulestate_settle(struct rules *rules, struct health *health, int64_t saved_ms, int64_t now_ms,
                      int64_t grace_ms);

/* Is there something to be written down? Resets it. */
bool rulestate_changed(struct rules *rules);

#endif
