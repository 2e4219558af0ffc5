/* See idmap.h. Linear probing; a removal moves back what stands behind it, so there are no
 * tombstones (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). */
#include "idmap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

enum { SLOTS_LEAST = 1024 };

static uint64_t id_of(const struct idmap *map, uint32_t number) {
    uint64_t id;

    memcpy(&id, map->base + map->stride * number, sizeof id);
    return id;
}

void idmap_init(struct idmap *map, const void *base, size_t stride) {
    *map = (struct idmap){.base = base, .stride = stride, .mask = SLOTS_LEAST - 1};
    map->slot = xcalloc(SLOTS_LEAST, sizeof *map->slot);
}

void idmap_clear(struct idmap *map) {
    free(map->slot);
    map->slot = NULL;
}

uint32_t idmap_find(const struct idmap *map, uint64_t id) {
    uint32_t part = (uint32_t)id;

    for (uint32_t i = part & map->mask; map->slot[i].number != 0; i = (i + 1) & map->mask) {
        if (map->slot[i].part == part && id_of(map, map->slot[i].number - 1) == id)
            return map->slot[i].number - 1;
    }
    return IDMAP_NONE;
}

static void put(struct idmap *map, struct idmap_slot what) {
    uint32_t i = what.part & map->mask;

    while (map->slot[i].number != 0)
        i = (i + 1) & map->mask;
    map->slot[i] = what;
}

static void resize(struct idmap *map, uint32_t slots) {
    struct idmap_slot *old = map->slot;
    uint32_t old_slots = map->mask + 1;

    map->slot = xcalloc(slots, sizeof *map->slot);
    map->mask = slots - 1;
    for (uint32_t i = 0; i < old_slots; i++) {
        if (old[i].number != 0)
            put(map, old[i]);
    }
    free(old);
}

void idmap_add(struct idmap *map, uint32_t number) {
    if (map->count >= (map->mask + 1) / 4 * 3)
        resize(map, (map->mask + 1) * 2);
    put(map, (struct idmap_slot){number + 1, (uint32_t)id_of(map, number)});
    map->count++;
}

void idmap_remove(struct idmap *map, uint32_t number) {
    uint32_t hole = (uint32_t)id_of(map, number) & map->mask;

    while (map->slot[hole].number != number + 1) {
        assert(map->slot[hole].number != 0);
        hole = (hole + 1) & map->mask;
    }
    for (uint32_t i = (hole + 1) & map->mask; map->slot[i].number != 0; i = (i + 1) & map->mask) {
        uint32_t home = map->slot[i].part & map->mask;

        if (((i - home) & map->mask) < ((i - hole) & map->mask))
            continue; /* it may not stand before its home */
        map->slot[hole] = map->slot[i];
        hole = i;
    }
    map->slot[hole].number = 0;
    map->count--;
    if (map->mask + 1 > SLOTS_LEAST && map->count < (map->mask + 1) / 8)
        resize(map, (map->mask + 1) / 2);
}
