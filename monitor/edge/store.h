/* The store: Redis, spoken to through one connection by hiredis' asynchronous part (whose headers
 * are included by store.c alone). Publishes streams of totals exactly once (logic/stream.h has the
 * protocol), keeps replaceable side data and this host's heartbeat there. Never blocks. Memory does
 * not grow while Redis is away: of everything only the newest is kept. One thread, the loop's. All
 * calls back come from the loop, never from inside a function of this module. */
#ifndef EDGE_STORE_H
#define EDGE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "conf.h"
#include "loop.h"
#include "totals.h"

enum store_state {
    STORE_OFF,        /* `redis` is empty */
    STORE_CONNECTING, /* the first time */
    STORE_OK,         /* all streams are written */
    STORE_DOWN,       /* not now; tries again by itself */
    STORE_OPERATOR /* a human must act: wrong password, missing right, another lineage, not our hash
                    */
};

struct store;
struct store_stream;

/* Starts to connect. `owner` tells this process from every other (base/owner.h). Ignores
 * SIGPIPE from now on. */
struct store *store_new(struct loop *loop, const struct conf *conf, const char *owner);

/* Frees the streams, too. Not from inside a callback. */
void store_free(struct store **store);

/* detail_out (may be NULL): why it is not OK, "" otherwise; valid until the loop goes on. */
enum store_state store_state(const struct store *store, const char **detail_out);

/* Which of Redis' settings are not as they should be, and why that matters; "": none known. Valid
 * until the loop goes on. */
const char *store_advice(const struct store *store);

struct store_stream_calls {
    /* Exactly once: the totals to go on from. Those of the store where it has the same lineage and
     * is further on (or nothing is known locally), else the local ones, else fresh ones of a new
     * lineage. As soon as the stream is taken; at once without Redis; when the store does not
     * answer, after 3 s with local totals and 10 s without. */
    void (*on_start)(const struct totals *from, void *arg);
    /* Another process has the stream: this one must end (status 3). Nothing is written any more.
     * `rival` is its name (base/owner.h), "" when not known. */
    void (*on_fenced)(const char *rival, void *arg);
    /* The store holds totals of another lineage: nothing is written to this stream until they are
     * gone. ours_is_newborn: ours began in this process because the store could not be asked: end
     * (status 75) and start again from it. */
    void (*on_lineage)(bool ours_is_newborn, void *arg);
    void *arg;
};

/* The stream with the key "rw:{HOST}:SUFFIX". `local` (may be NULL): what was saved locally.
 * gives_way: it was fenced in an earlier life, and takes the stream only when nobody else has
 * written it for about 16 s; until then it starts from what is local. Owned by the store. */
struct store_stream *store_stream_new(struct store *store, const char *suffix,
                                      const struct totals *local, bool gives_way,
                                      const struct store_stream_calls *calls);

/* Is there a stream that was fenced before and not yet taken again? */
bool store_gives_way(const struct store *store);
/* Whom it gives way to, for people: "mx2, process 812"; "": nobody. Valid until the loop goes
 * on. */
const char *store_rival(const struct store *store);
/* How often within the last 10 minutes relaywatchd of different machines took a stream from each
 * other; counts to 4. */
unsigned store_flips(const struct store *store);

/* The newest state: position, time and values; lineage, epoch and number are the stream's own.
 * Copied; sent as soon as nothing of this stream is in flight; replaces one that waits. Only after
 * on_start. Cheap: call it after each batch. */
void store_publish(struct store_stream *stream, const struct totals *now);

/* The last published state as it should be saved locally (slot.h). */
void store_stream_snapshot(const struct store_stream *stream, struct totals *out);

/* Side data: a field of the hash "rw:{HOST}:alert", sent again after each reconnect and when the
 * store was emptied. NULL removes the field. At most 256 fields; more are dropped with a warning.
 */
void store_set_alert(struct store *store, const char *field, const char *json);
/* Has all side data arrived, or can it not now? */
bool store_settled(const struct store *store);

#endif
