/* See totals.h. */
#include "totals.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "text.h"

/* FNV-1a: who could choose names that collide could as well write the values. */
static uint64_t hash_name(const char *name) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return h;
}

/* Where in the table the name stands or would. There is always a free place. */
static size_t place(const struct totals *t, const char *name, uint64_t hash) {
    size_t i = (size_t)(hash ^ hash >> 32) % TOTALS_TABLE;

    while (t->table[i] != 0 && strcmp(t->name[t->table[i] - 1], name) != 0)
        i = (i + 1) % TOTALS_TABLE;
    return i;
}

int totals_find(const struct totals *t, const char *name) {
    return (int)t->table[place(t, name, hash_name(name))] - 1;
}

int totals_field(struct totals *t, const char *name) {
    uint64_t hash = hash_name(name);
    size_t i = place(t, name, hash);

    if (t->table[i] != 0)
        return (int)t->table[i] - 1;
    if (t->count == TOTALS_FIELDS || strlen(name) >= TOTALS_NAME_SIZE)
        return -1;
    text_copy(t->name[t->count], TOTALS_NAME_SIZE, name);
    t->value[t->count] = 0;
    t->layout = (t->layout ^ hash) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    t->table[i] = (uint16_t)++t->count;
    return (int)t->count - 1;
}

uint64_t totals_get(const struct totals *t, const char *name) {
    int field = totals_find(t, name);

    return field >= 0 ? t->value[field] : 0;
}

void totals_set(struct totals *t, const char *name, uint64_t value) {
    int field = totals_field(t, name);

    if (field >= 0)
        t->value[field] = value;
}

bool totals_is_text(struct span name) {
    const size_t n = sizeof TOTALS_TEXT_END - 1;

    return name.n > n && memcmp(name.p + name.n - n, TOTALS_TEXT_END, n) == 0;
}

static size_t find_text(const struct totals *t, const char *name) {
    size_t i = 0;

    while (i < t->texts && strcmp(t->text[i].name, name) != 0)
        i++;
    return i;
}

const char *totals_text(const struct totals *t, const char *name) {
    size_t i = find_text(t, name);

    return i < t->texts ? t->text[i].value : "";
}

bool totals_set_text(struct totals *t, const char *name, struct span text) {
    size_t i = find_text(t, name);
    char value[TOTALS_TEXT_SIZE];

    if (i == TOTALS_TEXTS || strlen(name) >= TOTALS_NAME_SIZE || !totals_is_text(span_of(name)) ||
        !text_copy_printable(value, sizeof value, text) || !span_is(text, value))
        return false;
    text_copy(t->text[i].value, TOTALS_TEXT_SIZE, value);
    if (i == t->texts) {
        text_copy(t->text[i].name, TOTALS_NAME_SIZE, name);
        t->texts++;
    }
    return true;
}

void totals_init(struct totals *t) {
    memset(t, 0, offsetof(struct totals, position));
    t->position[0] = '\0';
    totals_clear(t);
}

void totals_clear(struct totals *t) {
    t->count = 0;
    t->texts = 0;
    t->layout = 0;
    memset(t->table, 0, sizeof t->table);
}

void totals_copy_fields(struct totals *to, const struct totals *from) {
    memcpy(to->value, from->value, from->count * sizeof from->value[0]);
    memcpy(to->text, from->text, from->texts * sizeof from->text[0]);
    to->texts = from->texts;
    if (to->layout == from->layout && to->count == from->count)
        return;
    memcpy(to->name, from->name, from->count * sizeof from->name[0]);
    memcpy(to->table, from->table, sizeof to->table);
    to->count = from->count;
    to->layout = from->layout;
}

void totals_copy(struct totals *to, const struct totals *from) {
    totals_copy_fields(to, from);
    memcpy(to, from, offsetof(struct totals, position));
    text_copy(to->position, sizeof to->position, from->position);
}

void totals_new_lineage(struct totals *t) {
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    ssize_t n = getrandom(bytes, sizeof bytes, 0);

    assert(n == (ssize_t)sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        t->lineage[2 * i] = digits[bytes[i] >> 4];
        t->lineage[2 * i + 1] = digits[bytes[i] & 15];
    }
    t->lineage[32] = '\0';
}

struct hash_key totals_hash_key(const struct totals *t) {
    struct hash_key key = {{0, 0}};

    for (size_t i = 0; i < 32 && t->lineage[i] != '\0'; i++) {
        char c = t->lineage[i];
        uint64_t digit = (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);

        key.k[i / 16] = key.k[i / 16] << 4 | (digit & 15);
    }
    return key;
}
