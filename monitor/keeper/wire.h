/* The way between the part of relaywatch-keeper that runs as root (hands.h) and the part without
 * privileges that decides (monitor/procedure): a child of root's, made for one request, with a
 * socket pair and nothing else. A packet is a struct hand_call or hand_answer, with a descriptor.
 * Blocks. */
#ifndef KEEPER_WIRE_H
#define KEEPER_WIRE_H

#include <stddef.h>

#include "fault.h"
#include "hands.h"

/* What decides: fills the answer to the request. Runs in the child, where hands->wire is set. */
typedef void wire_head_fn(struct hands *hands, void *arg, void *answer);

/* Runs `head` in a child that has given up all privileges (the user `hands->probe_user`, no
 * capabilities, no descriptor but the wire, stderr and `keep`), and does what it asks for until it
 * has sent `size` bytes of answer. -1: it could not be started, died, talked nonsense or was silent
 * for 20 s; then what was staged is gone. */
MUSTCHECK int wire_serve(struct hands *hands, wire_head_fn *head, void *arg, int keep, void *answer,
                         size_t size, struct fault *why);

#endif
