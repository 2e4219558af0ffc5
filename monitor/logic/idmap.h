/* struct idmap: where in an array stands the element with this id? Open addressing; holds the
 * number of each element and half of its id (8 bytes), so that the array is looked at for the one
 * that is sought alone. Each element begins with its id, a uint64_t that is spread evenly (a keyed
 * hash) and not 0. Grows and shrinks with its content: allocates now and then, not at each call.
 * Pure. */
#ifndef LOGIC_IDMAP_H
#define LOGIC_IDMAP_H

#include <stddef.h>
#include <stdint.h>

enum { IDMAP_NONE = UINT32_MAX };

struct idmap {
    const unsigned char *base; /* of the array; the owner keeps it right when the array moves */
    size_t stride;             /* size of an element */
    struct idmap_slot {
        uint32_t number; /* of an element, + 1; 0: free */
        uint32_t part;   /* of its id, the lower half */
    } * slot;
    uint32_t mask; /* slots - 1 */
    uint32_t count;
};

void idmap_init(struct idmap *map, const void *base, size_t stride);
void idmap_clear(struct idmap *map);

/* The number of the element with this id, or IDMAP_NONE. */
uint32_t idmap_find(const struct idmap *map, uint64_t id);

/* The element `number` has its id already; no other one in the map has the same. */
void idmap_add(struct idmap *map, uint32_t number);

/* Takes the element `number`, which is in the map and still has its id, out. */
void idmap_remove(struct idmap *map, uint32_t number);

#endif
