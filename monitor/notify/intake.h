/* The socket on which sets of alerts arrive: accepts connections, reads packets, hands each good
 * set on and acknowledges it with "ok"; also the way of reports and of questions. A bad packet is
 * counted, answered with "no" and dropped, and ends nothing. Never blocks. */
#ifndef NOTIFY_INTAKE_H
#define NOTIFY_INTAKE_H

#include "alertset.h"

struct intake;
struct loop;

/* Takes listen_fd over. The set belongs to the intake and is gone when on_set returns. */
struct intake *intake_new(struct loop *loop, int listen_fd,
                          void (*on_set)(const struct alertset *set, void *arg), void *arg);
void intake_free(struct intake **intake);

/* Has questions of `relaywatch alerts test` handed on, too; `asker` is for intake_answer. */
void intake_serve_tests(struct intake *intake,
                        void (*on_test)(uint64_t asker, const char *name, void *arg));
/* Sends a packet to who has asked. One that is gone misses it. */
void intake_answer(struct intake *intake, uint64_t asker, const char *packet);

/* Sends a packet to all who are connected. Who does not read it misses it. */
void intake_tell(struct intake *intake, const char *packet);

#endif
