/* One cause is one alert: which alert is told when several conditions hold (domain notes 1.12:
 * facts of this host before the log, what Postfix says of itself before what the smarthost answers,
 * and a symptom never where its cause is known). A table; pure. */
#ifndef LOGIC_PRECEDENCE_H
#define LOGIC_PRECEDENCE_H

#include <stdbool.h>

#include "rule.h"

/* A row: while `cause` holds, `symptom` does not begin. */
struct precedence {
    enum rule symptom;
    enum rule cause;
    const char *family; /* only when the cause's diagnosis begins so ("T05", "S"); NULL: always */
    bool ends; /* if the symptom's alert fires already, it ends: nothing is hidden by that */
};

/* Row number i, NULL behind the last. Static. */
const struct precedence *precedence_row(int i);

/* What holds, by enum rule: DIAGNOSIS_NONE with `holds` false where it does not. */
struct precedence_held {
    bool holds; /* waits or fires */
    bool fires;
    enum diagnosis diagnosis;
    char relayhost[256]; /* the smarthost that it is about; "": of none alone */
};

enum precedence_order { PRECEDENCE_OWN, PRECEDENCE_NOT_BEGIN, PRECEDENCE_END };

/* How `rule`, about this smarthost ("": none alone), stands to the causes that hold. What is wrong
 * with another smarthost is no cause of it. */
enum precedence_order precedence_of(enum rule rule, const char *relayhost,
                                    const struct precedence_held held[RULE_COUNT]);

/* Does a queue that grows follow from this rule? */
bool precedence_explains_queue(enum rule rule);

#endif
