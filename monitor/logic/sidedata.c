/* See sidedata.h. */
#include "sidedata.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"

static void drop(struct sidedata *side, size_t i) {
    free(side->field[i].name);
    free(side->field[i].text);
    side->field[i] = side->field[--side->count];
}

void sidedata_clear(struct sidedata *side) {
    while (side->count > 0)
        drop(side, side->count - 1);
}

static struct sidedata_field *find(struct sidedata *side, const char *name) {
    for (size_t i = 0; i < side->count; i++) {
        if (strcmp(side->field[i].name, name) == 0)
            return &side->field[i];
    }
    return NULL;
}

bool sidedata_set(struct sidedata *side, const char *name, const char *text) {
    struct sidedata_field *field = find(side, name);

    if (strlen(name) > SIDEDATA_TEXT_BYTES || (text != NULL && strlen(text) > SIDEDATA_TEXT_BYTES))
        return false;
    if (field == NULL) {
        if (side->count == SIDEDATA_FIELDS)
            return false;
        field = &side->field[side->count++];
        *field = (struct sidedata_field){.name = xstrdup(name)};
    }
    free(field->text);
    field->text = text != NULL ? xstrdup(text) : NULL;
    field->waits = true;
    return true;
}

size_t sidedata_take(struct sidedata *side, bool removals, const struct sidedata_field **out) {
    size_t count = 0;

    for (size_t i = 0; i < side->count; i++) {
        struct sidedata_field *field = &side->field[i];

        if (!field->waits || (field->text == NULL) != removals)
            continue;
        field->waits = false;
        field->in_flight = true;
        out[count++] = field;
    }
    return count;
}

void sidedata_arrived(struct sidedata *side) {
    for (size_t i = side->count; i-- > 0;) {
        struct sidedata_field *field = &side->field[i];

        if (field->in_flight && field->text == NULL && !field->waits)
            drop(side, i);
        else
            field->in_flight = false;
    }
}

bool sidedata_settled(const struct sidedata *side) {
    for (size_t i = 0; i < side->count; i++) {
        if (side->field[i].waits || side->field[i].in_flight)
            return false;
    }
    return true;
}

void sidedata_again(struct sidedata *side) {
    for (size_t i = 0; i < side->count; i++) {
        struct sidedata_field *field = &side->field[i];

        field->waits = field->waits || field->in_flight || field->text != NULL;
        field->in_flight = false;
    }
}
