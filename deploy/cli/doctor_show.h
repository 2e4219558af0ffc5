/* A finding of `relaywatch doctor` on a terminal: what was found, why it matters, what to type. */
#ifndef CLI_DOCTOR_SHOW_H
#define CLI_DOCTOR_SHOW_H

#include "checks.h"

void doctor_show(const struct check *check, const struct finding *finding);

#endif
