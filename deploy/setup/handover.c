/* See handover.h. */
#include "handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "mapfile.h"
#include "text.h"
#include "xmem.h"
#include "backup.h"
#include "present.h"

/* Does `file` have a key for each entry of `other`? */
static bool knows_all(const struct cred_file *file, const struct cred_file *other) {
    for (uint32_t i = 0; i < other->count; i++) {
        if (cred_find(file, other->entries[i].key) == NULL)
            return false;
    }
    return true;
}

enum handover handover_way(const struct cred_file *live, const struct cred_file *next) {
    if (knows_all(next, live))
        return HANDOVER_MAP_FIRST;
    return knows_all(live, next) ? HANDOVER_MAIN_CF_FIRST : HANDOVER_BOTH;
}

char *handover_both(struct span next_text, const struct cred_file *live,
                    const struct cred_file *next) {
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    if (stream == NULL)
        abort();
    fwrite(next_text.p, 1, next_text.n, stream);
    if (next_text.n > 0 && next_text.p[next_text.n - 1] != '\n')
        fputc('\n', stream);
    for (uint32_t i = 0; i < live->count; i++) {
        const struct cred *e = &live->entries[i];

        if (cred_find(next, e->key) == NULL)
            fprintf(stream, "%.*s %.*s\n", (int)e->key.n, e->key.p, (int)e->value.n, e->value.p);
    }
    if (fclose(stream) != 0)
        abort();
    return out;
}

struct maps {
    struct hands hands;
    struct facts facts;
    struct mapfile map;
    struct cred_file live, next, both;
    char live_text[CRED_FILE_MAX + 1];
    char *next_text; /* NULL: the backup does not touch the map that Postfix reads */
    size_t next_size;
};

/* Where the backup has no such index, the live one stays as it is. */
static void read_next(struct maps *m, const char *store, const char *name) {
    char index[sizeof m->facts.map_path + 8], *text;
    size_t size = 0;

    text_format(index, sizeof index, "%s%s", m->facts.map_path, m->map.suffix);
    text = backup_text(store, name, index, &size);
    if (text == NULL)
        return;
    wipe(text, size);
    free(text);
    m->next_text = backup_text(store, name, m->facts.map_path, &m->next_size);
    if (m->next_text != NULL)
        cred_parse((struct span){m->next_text, m->next_size}, &m->next);
}

static bool put_both(struct maps *m) {
    char *text = handover_both((struct span){m->next_text, m->next_size}, &m->live, &m->next);
    struct span both = span_of(text);
    struct fault why;
    bool texthash = m->map.suffix[0] == '\0';
    bool done = cred_parse(both, &m->both) && mapfile_stage(&m->map, both, &m->both, &why) == 0 &&
                mapfile_commit(&m->map, texthash, &why) == 0;

    mapfile_unstage(&m->map);
    wipe(text, both.n);
    free(text);
    return done;
}

static bool main_cf_first(struct maps *m, const char *store, const char *name) {
    size_t n;

    mapfile_unstage(&m->map); /* a run that was killed left one */
    read_next(m, store, name);
    if (m->next_text == NULL)
        return false;
    if (!mapfile_list(&m->map, &m->next, m->live_text, &n))
        return false; /* no login now: none to keep */
    cred_parse((struct span){m->live_text, n}, &m->live);
    switch (handover_way(&m->live, &m->next)) {
    case HANDOVER_MAP_FIRST:
        return false;
    case HANDOVER_MAIN_CF_FIRST:
        return true;
    case HANDOVER_BOTH:
        break;
    }
    return put_both(m) || cred_lookup(&m->next, m->facts.host, m->facts.nexthop) == NULL;
}

bool handover_main_cf_first(const char *config_dir, const char *store, const char *name) {
    struct maps *m = xcalloc(1, sizeof *m);
    struct fault ignored;
    bool first = false;

    m->hands = hands_direct(config_dir, "");
    if (facts_read(config_dir, &m->facts, &ignored) == 0 && m->facts.sasl &&
        mapfile_open(&m->map, &m->hands, &m->facts, &ignored) == 0)
        first = main_cf_first(m, store, name);
    mapfile_close(&m->map);
    hands_end(&m->hands);
    if (m->next_text != NULL)
        wipe(m->next_text, m->next_size);
    free(m->next_text);
    wipe(m, sizeof *m);
    free(m);
    return first;
}
