/* What the verdict of relaywatch-probe means: which diagnosis it is. Pure. */
#ifndef LOGIC_VERDICT_H
#define LOGIC_VERDICT_H

#include "diagnose.h"
#include "probeq.h"
#include "text.h"

/* The server's words, by their length: the array need not be terminated. Not clean. */
struct span verdict_text(const struct probe_verdict *verdict);

/* What the server's words say, else its code, else how far the probe came. */
enum diagnosis verdict_diagnosis(const struct diagnoser *diagnoser,
                                 const struct probe_verdict *verdict);

#endif
