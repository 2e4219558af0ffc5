/* An envelope sender as the name that recipients are counted under: without the angle brackets,
 * lower case, printable, cut at SENDERNAME_SIZE - 1 bytes. The log's count and the milter's agree
 * on it. Pure. */
#ifndef MODEL_SENDERNAME_H
#define MODEL_SENDERNAME_H

#include "text.h"

enum { SENDERNAME_SIZE = 104 };

/* "" for the null sender. */
void sendername_take(char out[SENDERNAME_SIZE], struct span sender);

#endif
