/* `relaywatch alerts silence` and `unsilence`. */
#ifndef CLI_ALERTS_SILENCE_H
#define CLI_ALERTS_SILENCE_H

#include "conf.h"

/* silence: its options are `how_long`, `why` (NULL: not given). Both return an exit status. */
int alerts_silence(const struct conf *conf, const char *id, const char *how_long, const char *why);
int alerts_unsilence(const struct conf *conf, const char *id);

#endif
