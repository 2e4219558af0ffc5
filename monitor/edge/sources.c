/* See sources.h. */
#include "sources.h"

#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "journalpos.h"
#include "position.h"
#include "positions.h"
#include "xmem.h"

/* Names come from one line of the configuration, so all together have no more than its length. */
_Static_assert((LOGSOURCES_MOST - 1) * (POSITION_TEXT + 2) + JOURNALPOS_TEXT + 2 +
                       3 * LOGSOURCE_NAME <=
                   SOURCES_TEXT,
               "the positions of a full list fit");

struct source {
    struct sources *all;
    struct logsource spec;
    struct tail *tail;       /* of a file */
    struct journal *journal; /* of the journal */
};

struct sources {
    struct sources_calls calls;
    struct source *speaks; /* whose line is being handed over */
    size_t count;
    struct source item[LOGSOURCES_MOST];
};

static void on_line(struct span line, void *arg) {
    struct source *source = arg;
    struct sources *all = source->all;

    all->speaks = source;
    all->calls.on_line(line, all->calls.arg);
    all->speaks = NULL;
}

static void on_batch(void *arg) {
    const struct sources *all = ((struct source *)arg)->all;

    all->calls.on_batch(all->calls.arg);
}

static void on_event(const char *what, const char *detail, void *arg) {
    const struct source *source = arg;

    source->all->calls.on_event(source->spec.name, what, detail, source->all->calls.arg);
}

static int64_t on_stamp(struct span line, void *arg) {
    const struct sources *all = ((struct source *)arg)->all;

    return all->calls.on_stamp(line, all->calls.arg);
}

struct sources *sources_new(struct loop *loop, const struct logsources *list,
                            const struct hash_key *key, const struct sources_calls *calls) {
    struct sources *all = xcalloc(1, sizeof *all);

    all->calls = *calls;
    all->count = list->count;
    for (size_t i = 0; i < all->count; i++) {
        struct source *source = &all->item[i];
        const struct tail_calls own = {.on_line = on_line,
                                       .on_batch = on_batch,
                                       .on_event = on_event,
                                       .on_stamp = calls->on_stamp != NULL ? on_stamp : NULL,
                                       .arg = source};
        const char *path;

        source->all = all;
        source->spec = list->item[i];
        path = logsource_path(&source->spec);
        if (source->spec.is_journal)
            source->journal = journal_new(loop, path, source->spec.name, key, &own);
        else
            source->tail = tail_new(loop, path, key, &own);
    }
    return all;
}

void sources_free(struct sources **sources) {
    if (*sources == NULL)
        return;
    for (size_t i = 0; i < (*sources)->count; i++) {
        tail_free(&(*sources)->item[i].tail);
        journal_free(&(*sources)->item[i].journal);
    }
    free(*sources);
    *sources = NULL;
}

/* A position without a name was written when there was only one source, a file. */
static struct span find_position(const char *positions, const struct source *source) {
    struct span found = positions_find(span_of(positions), source->spec.name);

    for (const struct source *before = source->all->item; found.n == 0; before++) {
        if (before == source && !source->spec.is_journal)
            return positions_find(span_of(positions), "");
        if (before == source || !before->spec.is_journal)
            break;
    }
    return found;
}

void sources_start(struct sources *sources, const char *positions, bool from_beginning) {
    for (size_t i = 0; i < sources->count; i++) {
        struct source *source = &sources->item[i];
        char position[SOURCES_TEXT];

        text_copy_span(position, sizeof position, find_position(positions, source));
        if (source->spec.is_journal)
            journal_start(source->journal, position, from_beginning);
        else
            tail_start(source->tail, position, from_beginning);
    }
}

void sources_position(const struct sources *sources, char *out, size_t size) {
    char position[JOURNALPOS_TEXT + POSITION_TEXT];

    out[0] = '\0';
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->item[i];

        if (source->spec.is_journal)
            journal_position(source->journal, position, sizeof position);
        else
            tail_position(source->tail, position, sizeof position);
        (void)positions_add(out, size, position, source->spec.name); /* fits: see above */
    }
}

void sources_note_time(struct sources *sources, int64_t event_ms) {
    if (sources->speaks != NULL && sources->speaks->tail != NULL)
        tail_note_time(sources->speaks->tail, event_ms);
}

/* Lines of the journal differ by their times. */
uint64_t sources_line_place(const struct sources *sources) {
    const struct source *source = sources->speaks;

    if (source == NULL || source->tail == NULL)
        return 0;
    return tail_line_end(source->tail) * LOGSOURCES_MOST + (uint64_t)(source - sources->item);
}

size_t sources_count(const struct sources *sources) {
    return sources->count;
}

const struct logsource *sources_get(const struct sources *sources, size_t i) {
    return &sources->item[i].spec;
}

void sources_figures(const struct sources *sources, size_t i, struct tail_figures *out) {
    const struct source *source = &sources->item[i];

    if (source->spec.is_journal)
        journal_figures(source->journal, out);
    else
        tail_figures(source->tail, out);
}

const char *sources_state_word(enum tail_state state) {
    static const char *const words[] = {"ok", "missing", "unreadable", "error"};

    return words[state];
}
