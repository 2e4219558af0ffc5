/* See openset.h. The messages stand in one array; free places and messages are chained by their
 * numbers, from which 1 is added so that 0 means none. */
#include "openset.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"
#include "idmap.h"

enum { PLACES_LEAST = 1024 };
enum { STATE_CHANGED = 1, STATE_WRITTEN = 2 }; /* in the list of changes; known outside */

struct openset {
    struct open_message *message;
    uint32_t places;      /* of the array */
    uint32_t used;        /* places that were ever used */
    uint32_t free;        /* first free one below `used` */
    uint32_t first, last; /* spoken of the longest ago, and last */
    struct idmap map;
    struct {
        uint32_t *place; /* changed; may have ended meanwhile, may stand here twice */
        size_t count, room;
    } changed;
    struct {
        uint64_t *id; /* written down and gone */
        size_t count, room;
    } gone;
};

static void make_places(struct openset *set, uint32_t places) {
    set->message = xrealloc(set->message, places * sizeof *set->message);
    set->places = places;
    set->map.base = (const unsigned char *)set->message;
}

struct openset *openset_new(void) {
    struct openset *set = xcalloc(1, sizeof *set);

    idmap_init(&set->map, NULL, sizeof *set->message);
    make_places(set, PLACES_LEAST);
    return set;
}

void openset_free(struct openset **set) {
    if (*set == NULL)
        return;
    idmap_clear(&(*set)->map);
    free((*set)->changed.place);
    free((*set)->gone.id);
    free((*set)->message);
    free(*set);
    *set = NULL;
}

uint32_t openset_count(const struct openset *set) {
    return set->map.count;
}

static struct open_message *at(struct openset *set, uint32_t number) {
    return number == 0 ? NULL : &set->message[number - 1];
}

static uint32_t number_of(const struct openset *set, const struct open_message *message) {
    return (uint32_t)(message - set->message) + 1;
}

struct open_message *openset_find(struct openset *set, uint64_t id) {
    uint32_t place = idmap_find(&set->map, id);

    return place == IDMAP_NONE ? NULL : &set->message[place];
}

static void chain_last(struct openset *set, struct open_message *message) {
    message->prev = set->last;
    message->next = 0;
    if (set->last != 0)
        at(set, set->last)->next = number_of(set, message);
    else
        set->first = number_of(set, message);
    set->last = number_of(set, message);
}

static void unchain(struct openset *set, const struct open_message *message) {
    if (message->prev != 0)
        at(set, message->prev)->next = message->next;
    else
        set->first = message->next;
    if (message->next != 0)
        at(set, message->next)->prev = message->prev;
    else
        set->last = message->prev;
}

static struct open_message *take_place(struct openset *set) {
    struct open_message *message = at(set, set->free);

    if (message != NULL) {
        set->free = message->next;
        return message;
    }
    if (set->used == set->places)
        make_places(set, set->places * 2);
    return &set->message[set->used++];
}

static struct open_message *insert(struct openset *set, uint64_t id) {
    struct open_message *message = take_place(set);

    *message = (struct open_message){.id = id};
    idmap_add(&set->map, number_of(set, message) - 1);
    chain_last(set, message);
    return message;
}

struct open_message *openset_add(struct openset *set, uint64_t id) {
    struct open_message *message = insert(set, id);

    openset_changed(set, message);
    return message;
}

/* Room for one more; doubles. */
static void *with_room(void *list, size_t count, size_t *room, size_t size) {
    if (count < *room)
        return list;
    *room = *room == 0 ? 256 : *room * 2;
    return xrealloc(list, *room * size);
}

void openset_changed(struct openset *set, struct open_message *message) {
    if ((message->state & STATE_CHANGED) != 0)
        return;
    message->state |= STATE_CHANGED;
    set->changed.place = with_room(set->changed.place, set->changed.count, &set->changed.room,
                                   sizeof *set->changed.place);
    set->changed.place[set->changed.count++] = number_of(set, message);
}

void openset_touch(struct openset *set, struct open_message *message, uint32_t now_s) {
    message->touched_s = now_s;
    if (message->next != 0) {
        unchain(set, message);
        chain_last(set, message);
    }
    openset_changed(set, message);
}

static void take_out(struct openset *set, struct open_message *message) {
    unchain(set, message);
    idmap_remove(&set->map, number_of(set, message) - 1);
    message->id = 0;
    message->state = 0;
    message->next = set->free;
    set->free = number_of(set, message);
}

void openset_remove(struct openset *set, struct open_message *message) {
    if ((message->state & STATE_WRITTEN) != 0) {
        set->gone.id =
            with_room(set->gone.id, set->gone.count, &set->gone.room, sizeof *set->gone.id);
        set->gone.id[set->gone.count++] = message->id;
    }
    take_out(set, message);
}

struct open_message *openset_first(struct openset *set) {
    return at(set, set->first);
}

struct open_message *openset_last(struct openset *set) {
    return at(set, set->last);
}

struct open_message *openset_next(struct openset *set, const struct open_message *message) {
    return at(set, message->next);
}

bool openset_has_changes(const struct openset *set) {
    return set->changed.count > 0 || set->gone.count > 0;
}

static void tell(const struct open_message *m, openset_change_fn *on_change, void *arg) {
    const struct open_change change = {.id = m->id,
                                       .arrived_s = m->arrived_s,
                                       .touched_s = m->touched_s,
                                       .recipients = m->recipients,
                                       .finals = m->finals,
                                       .flags = m->flags};

    on_change(&change, arg);
}

/* After a flood: the messages move together, in order, and the rest is given back. */
static void shrink(struct openset *set) {
    struct open_message *old = set->message;
    uint32_t number = set->first;
    uint32_t places = PLACES_LEAST;

    while (places < set->map.count * 2)
        places *= 2;
    set->message = NULL;
    set->used = set->free = set->first = set->last = 0;
    idmap_clear(&set->map);
    idmap_init(&set->map, NULL, sizeof *set->message);
    make_places(set, places);
    while (number != 0) {
        const struct open_message *from = &old[number - 1];
        struct open_message *to = insert(set, from->id);
        uint32_t prev = to->prev;

        number = from->next;
        *to = *from;
        to->prev = prev;
        to->next = 0;
    }
    free(old);
}

void openset_drain(struct openset *set, openset_change_fn *on_change, void *arg) {
    for (size_t i = 0; i < set->gone.count; i++)
        on_change(&(struct open_change){.id = set->gone.id[i], .gone = true}, arg);
    for (size_t i = 0; i < set->changed.count; i++) {
        struct open_message *message = at(set, set->changed.place[i]);

        if ((message->state & STATE_CHANGED) == 0)
            continue;
        message->state = STATE_WRITTEN;
        tell(message, on_change, arg);
    }
    set->gone.count = set->changed.count = 0;
    if (set->places > PLACES_LEAST && set->map.count < set->places / 8)
        shrink(set);
}

void openset_each(struct openset *set, openset_change_fn *on_change, void *arg) {
    for (const struct open_message *m = openset_first(set); m != NULL; m = openset_next(set, m))
        tell(m, on_change, arg);
}

void openset_apply(struct openset *set, const struct open_change *change) {
    struct open_message *m = openset_find(set, change->id);

    if (change->gone) {
        if (m != NULL)
            take_out(set, m);
        return;
    }
    if (m == NULL)
        m = insert(set, change->id);
    m->arrived_s = change->arrived_s;
    m->recipients = change->recipients;
    m->finals = change->finals;
    m->flags = change->flags;
    openset_touch(set, m, change->touched_s);
    m->state = STATE_WRITTEN;
    set->changed.count = 0;
}
