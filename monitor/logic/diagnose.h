/* Which entry of the catalogue a line of the log, or a reply of the smarthost, shows. The rules are
 * the table diagnose.def; they are compiled once into one automaton (phrases.h), so that a line is
 * read once, whatever their number.
 *
 * What a stranger can write into the log is looked at only where he may speak: a server's words
 * begin behind " said: " or " refused to talk to me: ", and say that our login was refused only in
 * answer to our AUTH.
 *
 * One line does not show everything. Without a rule here, because they need the configuration, a
 * count or other sources than Postfix's log: S03 S14 T11 N10 N13 Q03 Q06 Q08 Q10 M11 M17 R02
 * R03, C01 to C09, W01 and up. M15 and M16 come from lines of others in the same log. Left to who
 * keeps state, because the line before tells more: "Server certificate not verified" (T04) after a
 * T05 or T06 line, "Cannot start TLS: handshake failure" (T09) after T08, M03 and M12 after a
 * fatal: line, G05 after G01. A warning of smtp(8) about a certificate (T04 to T06) or one address
 * (N01 to N04) is no failure when the message then passes: ev->kind tells them from deliveries. */
#ifndef LOGIC_DIAGNOSE_H
#define LOGIC_DIAGNOSE_H

#include <stdbool.h>

#include "diagnosis.h"
#include "mailev.h"
#include "text.h"

struct diagnoser; /* built once at start; immutable afterwards */

/* Allocates; never NULL. */
struct diagnoser *diagnoser_new(void);
void diagnoser_free(struct diagnoser **d);

/* Which diagnosis does this event show? DIAGNOSIS_NONE for a healthy or unknown line. No
 * allocation, cost independent of the number of rules. */
enum diagnosis diagnose_event(const struct diagnoser *d, const struct mailev *ev);

/* The same for a bare reply of a smarthost (probe): code, enhanced code and text; one line or
 * several. */
enum diagnosis diagnose_reply(const struct diagnoser *d, struct span text);

#endif
