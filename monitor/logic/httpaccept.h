/* Which of two forms of the metrics a client wants, by the Accept field of its request (RFC 9110
 * section 12.5.1): the media ranges with their q, the most precise one counts. Pure. */
#ifndef LOGIC_HTTPACCEPT_H
#define LOGIC_HTTPACCEPT_H

#include "text.h"

enum httpaccept {
    HTTPACCEPT_TEXT,            /* text/plain; version=0.0.4: also of who does not say */
    HTTPACCEPT_OPENMETRICS,     /* application/openmetrics-text; version=1.0.0 */
    HTTPACCEPT_OPENMETRICS_OLD, /* the same, for who takes but version=0.0.1 */
};

/* `accept`: the field's value; "": there was none. OpenMetrics only where it is named, or
 * application in general is, and the classic text is not liked better; never a refusal: who takes
 * neither gets the classic text. */
enum httpaccept httpaccept_metrics(struct span accept);

/* The Content-Type of the reply. Static. */
const char *httpaccept_type(enum httpaccept form);

#endif
