/* A change of the login, as relaywatchd sees it: what is watched for one (sasl_passwd, the
 * credential source, the drop folder, the CA file), the state machine that follows it (rotation.h),
 * its file in the state folder, the operator's hooks. Never blocks but on that small file. */
#ifndef DAEMON_CHANGE_H
#define DAEMON_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "hook.h"
#include "keeperq.h"
#include "mailev.h"
#include "rotation.h"
#include "watchfile.h"

struct daemon;

struct change {
    struct rotation rotation;
    struct watchfile *watch_login, *watch_source, *watch_drop, *watch_ca;
    char ca_file[256]; /* that is watched; "": none */
    bool ca_gone;
    int64_t look_ms; /* when to ask after source and drop folder without being told; mono */
    struct hook *hook;
    char path[300]; /* where the rotation is kept */
};

void change_open(struct daemon *d);
void change_close(struct daemon *d);

/* Once a second: asks the keeper what the rotation wants. */
void change_tick(struct daemon *d, int64_t mono_ms);

/* The keeper's answer to any verb but FACTS, QUEUE and LOG; and after one to FACTS. */
void change_on_reply(struct daemon *d, enum keeper_verb verb, const struct keeper_reply *reply);
void change_on_facts(struct daemon *d);

#endif
