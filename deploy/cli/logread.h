/* The logs that mail_log names, from a time on: rotated files too, also packed ones, and the
 * journal. Blocks until all is read. */
#ifndef CLI_LOGREAD_H
#define CLI_LOGREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "logsources.h"
#include "text.h"

struct logread {
    int64_t since_ms;  /* files last written before are passed over; 0: none */
    bool rotated_only; /* of files, not the one that is written now */
    bool told;         /* says on a terminal what is being read */
    /* A line, and the time when its file was last written (for stamps without a year). */
    void (*on_line)(struct span line, int64_t written_ms, void *arg);
    void *arg;
};

/* What mail_log names; where nothing of it is there, what is there instead, with a note on stderr.
 * Returns 0, or an exit status after a complaint. */
int logread_find(const struct conf *conf, struct logsources *out);

/* Each source to its end. Returns 0, or an exit status after complaints; what can be read is. */
int logread_all(const struct logsources *sources, const struct logread *how);

#endif
