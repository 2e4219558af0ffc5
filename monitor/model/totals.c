/* See totals.h. */
#include "totals.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "text.h"

static struct total *find(const struct totals *t, const char *name) {
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->field[i].name, name) == 0)
            return (struct total *)&t->field[i];
    }
    return NULL;
}

uint64_t totals_get(const struct totals *t, const char *name) {
    const struct total *found = find(t, name);

    return found != NULL ? found->value : 0;
}

void totals_set(struct totals *t, const char *name, uint64_t value) {
    struct total *found = find(t, name);

    if (found == NULL) {
        if (t->count == TOTALS_FIELDS)
            return;
        found = &t->field[t->count++];
        text_copy(found->name, sizeof found->name, name);
    }
    found->value = value;
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
