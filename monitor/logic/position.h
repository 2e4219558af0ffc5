/* The position of a reader in a log that rotates: which file, how far, and enough hashes of what
 * stands before that place to know the file again under another name, compressed or on another
 * inode. Pure: files are read by edge/tail.c.
 *
 * Text:
 * v1;f;gen;offset;dev:ino;btime;plen:phash;tlen:thash;lastts;head:h256:h1024[;old:offset:ino:mark]
 * phash is the keyed hash of the first plen = min(offset, 4096) bytes, thash of the tlen =
 * min(offset, 1024) bytes before offset. h256 and h1024 (64 bits) are of the first min(offset, 256)
 * and min(offset, 1024) bytes: with them a small file that lost its end is told from one that was
 * begun again. `old` is a second place, in the file that was rotated away last, while its writer
 * may still add lines to it; mark is one hash of its prefix and offset. */
#ifndef LOGIC_POSITION_H
#define LOGIC_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "hash.h"
#include "text.h"

enum {
    POSITION_TEXT = 320, /* fits every position and its NUL */
    POSITION_PREFIX = 4096,
    POSITION_TAIL = 1024,
    POSITION_HEADS = 2, /* 256 and 1024 bytes */
};

/* All that identifies one place in one file. */
struct place {
    uint64_t offset; /* after the last line that was handed over */
    uint64_t dev;
    uint64_t ino;     /* 0: no file was there yet, whatever comes is new */
    int64_t btime_ns; /* birth of the inode, 0: the file system does not say */
    struct hash128 prefix;
    struct hash128 tail;
    uint64_t head[POSITION_HEADS];
};

struct position {
    uint32_t gen; /* number of the file: grows by one with each rotation or truncation */
    struct place at;
    int64_t last_s; /* time of the last line, seconds since 1970; 0: there was none */
    bool has_old;
    uint64_t old_offset;
    uint64_t old_ino;
    struct hash128 old_mark; /* position_mark of the place in the old file */
};

/* Returns true when all of it fitted: it does with POSITION_TEXT. */
bool position_encode(const struct position *position, char *out, size_t size);
/* False, and *out untouched, if the text is no position: strict, what it accepts encodes to the
 * same text. */
MUSTCHECK bool position_decode(struct span text, struct position *out);

/* Fills the hashes of a place. `head` are the first bytes of the file, min(offset, 4096) at least;
 * `tail` the min(offset, 1024) bytes before offset. */
void place_hash(struct place *place, const struct hash_key *key, const void *head,
                const void *tail);
/* At offset 0 there is nothing to hash. Instead head[0] is the time (ns since 1970) before which
 * everything in this log and its brothers was written that is not wanted. */
void place_begin(struct place *place, const struct hash_key *key, int64_t since_ns);
int64_t place_since(const struct place *place);
/* One hash for prefix and offset of a place. */
struct hash128 position_mark(const struct place *place, const struct hash_key *key);

/* A file that may be the one of a place. */
struct place_file {
    uint64_t dev;
    uint64_t ino;
    int64_t btime_ns;
    uint64_t size;    /* UINT64_MAX: unknown, compressed */
    struct span head; /* its first min(size, 4096) bytes */
    struct span tail; /* the min(offset, 1024) bytes before the place's offset; absent: not read */
};

enum place_match { PLACE_SAME, PLACE_DIFFERS, PLACE_UNKNOWN };

/* What place_compare finds out and place_decide decides by. */
struct place_facts {
    bool at_start;   /* offset 0: nothing was handed over */
    bool same_inode; /* device, inode and birth are the same */
    bool shorter;    /* size < offset */
    enum place_match prefix;
    enum place_match tail;
    bool nul; /* NUL bytes stand before the offset: a power cut, or a hole left by a truncation */
};

enum place_verdict {
    PLACE_FRESH,   /* nothing was handed over: all that was written since place_since is new */
    PLACE_RESUME,  /* ours: go on at the offset */
    PLACE_SHORTER, /* ours, or a copy of it, that ends before the offset: all in it was handed over
                    */
    PLACE_NUL,     /* ours, the lines before the offset are now NUL bytes: go on at the offset */
    PLACE_REWRITTEN, /* begins as ours, but the bytes before the offset are others */
    PLACE_OTHER,     /* another file */
};

struct place_facts place_compare(const struct place *place, const struct hash_key *key,
                                 const struct place_file *file);
enum place_verdict place_decide(const struct place_facts *facts);

#endif
