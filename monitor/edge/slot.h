/* The local copy of a stream's totals: one file with two slots, A and B, each with a generation,
 * its length and a checksum. A save writes the older one, so that a crash or power cut at any byte
 * leaves the newer as it was. Only what is used is written: the rest of a slot is a hole or remains
 * of before. What survives when Redis has lost everything, and all that there is without Redis.
 * Blocks on the disk (fdatasync). */
#ifndef EDGE_SLOT_H
#define EDGE_SLOT_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "totals.h"

enum { SLOT_BYTES = 320 * 1024, SLOT_FILE_BYTES = 2 * SLOT_BYTES };

/* Reads the newest valid slot. 0: *out is filled; 1: there is none (no file, or both are bad: `why`
 * says which); -1: the file cannot be read. */
MUSTCHECK int slot_load(const char *path, struct totals *out, struct fault *why);

/* Replaces the older slot, makes it durable. On -1 the newer slot is as it was. The file is made
 * with mode 0600. */
MUSTCHECK int slot_save(const char *path, const struct totals *t, struct fault *why);

/* One slot as bytes (numbers little-endian): magic, length of the rest, generation, totals, SipHash
 * of all before it. Returns how many. slot_decode refuses anything that slot_encode would not
 * write, but for what stands behind these bytes; -1 then, and *out is not to be used. */
size_t slot_encode(const struct totals *t, uint64_t generation, unsigned char out[SLOT_BYTES]);
MUSTCHECK int slot_decode(const unsigned char *data, size_t size, struct totals *out,
                          uint64_t *generation_out);

#endif
