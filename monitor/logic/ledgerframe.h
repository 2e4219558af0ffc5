/* The open entries of the ledger as bytes, for the file that follows them: a head that says whose
 * they are, then frames. The first frames hold all entries of one step, each later one what changed
 * up to its step. Numbers are little-endian; head and frames end with a checksum, so that what a
 * crash left half written is seen. Pure. */
#ifndef LOGIC_LEDGERFRAME_H
#define LOGIC_LEDGERFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "openset.h"

enum {
    LEDGERFRAME_CHANGES = 2048, /* in one frame, at most */
    LEDGERFRAME_CHANGE_BYTES = 24,
    LEDGERFRAME_BYTES = 24 + LEDGERFRAME_CHANGES * LEDGERFRAME_CHANGE_BYTES, /* the largest */
    LEDGERFRAME_HEAD_BYTES = 56,
};

/* The head of a file. */
struct ledgerframe_head {
    char lineage[33];    /* of the totals */
    uint64_t generation; /* the newer of two files has the higher one */
};

/* What a frame is. */
struct ledgerframe {
    uint64_t step;
    uint32_t changes;
    bool more;  /* the step goes on in the next frame */
    bool whole; /* of those that hold all entries */
};

void ledgerframe_put_head(const struct ledgerframe_head *head,
                          unsigned char out[LEDGERFRAME_HEAD_BYTES]);
MUSTCHECK int ledgerframe_get_head(const unsigned char *data, size_t size,
                                   struct ledgerframe_head *out);

/* A frame is built in place: its changes are put one after the other, then it is sealed. Returns
 * its size. `generation` is that of the file. */
void ledgerframe_put_change(const struct open_change *change, uint32_t number,
                            unsigned char out[LEDGERFRAME_BYTES]);
size_t ledgerframe_seal(const struct ledgerframe *frame, uint64_t generation,
                        unsigned char out[LEDGERFRAME_BYTES]);

/* Returns the size of the frame at `data`, 0 if it is not whole or not right. */
size_t ledgerframe_get(const unsigned char *data, size_t size, uint64_t generation,
                       struct ledgerframe *out);
/* One change of a frame that ledgerframe_get took; number < changes. */
struct open_change ledgerframe_change(const unsigned char *data, uint32_t number);

#endif
