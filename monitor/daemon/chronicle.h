/* The incidents and what changed before them, as relaywatchd gathers and keeps them: the file
 * `incidents` of state_dir, replaced as a whole and with a checksum when one begins or ends.
 * Watches main.cf and master.cf. Blocks on its file only. */
#ifndef DAEMON_CHRONICLE_H
#define DAEMON_CHRONICLE_H

#include <stdbool.h>

#include "changes.h"
#include "incidents.h"
#include "mailev.h"
#include "watchfile.h"

struct daemon;

enum { CHRONICLE_BYTES = 512 * 1024 };

struct chronicle {
    struct incidents incidents;
    struct changes changes;
    struct watchfile *watch_main, *watch_master;
    uint64_t rotations; /* events of the rotation that were noted */
    char path[300];
    bool failed;
};

void chronicle_open(struct daemon *d);
void chronicle_close(struct daemon *d);

/* Something changed, now. */
void chronicle_note(struct daemon *d, const char *text);

/* One event: starts, stops and reloads of Postfix. */
void chronicle_event(struct daemon *d, const struct mailev *ev, int64_t time_ms);

/* After the rules have looked: d->shown. */
void chronicle_follow(struct daemon *d, int64_t wall_ms);

/* Takes the text of the file; false when it is damaged. For the fuzzer. */
bool chronicle_parse(struct chronicle *c, struct span text);

#endif
