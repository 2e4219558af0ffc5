/* Why a delivery failed: from Postfix's text in (...) of a status, or of a non-final attempt, to
 * counters. Pure. */
#ifndef LOGIC_LOGREASON_H
#define LOGIC_LOGREASON_H

#include "counter.h"

/* Counters of a failure that smtp(8) or lmtp(8) tells in `text`: behind "status=deferred (", behind
 * "QID: ", or the whole of "connect to H[IP]:PORT: error". */
counter_set logreason_counters(struct span text);

#endif
