/* See followed.h. */
#include "followed.h"

#include <string.h>

#include "journalpos.h"
#include "position.h"
#include "positions.h"

enum { US_A_MS = 1000 };

/* The parts of "v1;f;GEN;OFFSET;DEV:INO;BTIME;..." that tell files apart, without reading the rest.
 */
struct glance {
    struct span gen, offset, identity;
};

static struct span cut(struct span *rest) {
    struct span part = {rest->p, 0};

    while (part.n < rest->n && rest->p[part.n] != ';')
        part.n++;
    *rest = (struct span){rest->p + part.n, rest->n - part.n};
    if (rest->n > 0)
        *rest = (struct span){rest->p + 1, rest->n - 1};
    return part;
}

static bool glance_at(struct span position, struct glance *out) {
    if (!span_is(cut(&position), "v1") || !span_is(cut(&position), "f"))
        return false;
    out->gen = cut(&position);
    out->offset = cut(&position);
    out->identity = cut(&position);
    out->identity.n += 1 + cut(&position).n;
    return true;
}

/* A key for this file of this source: never that of another. */
static uint64_t key_of(const char *name, uint64_t gen, struct span identity) {
    static const struct hash_key plain = {{0, 0}}; /* no secret: a collision harms nobody */
    uint64_t parts[3] = {hash_quick(&plain, name, strlen(name)), gen,
                         hash_quick(&plain, identity.p, identity.n)};

    return hash_quick(&plain, parts, sizeof parts) | 1;
}

/* While nothing of a new file was read the position may still be in the one before it, with the
 * number of the new one; a file that was truncated has a new number, and first the offset 0. */
static void note_file(struct followed *f, struct counted *counted, size_t i, const char *name,
                      struct span text, bool is_born) {
    struct position position;
    struct glance at;
    uint64_t gen;
    bool same;

    if (!glance_at(text, &at) || !text_u64(at.gen, 0, UINT32_MAX, &gen))
        return;
    same = f->file[i].noted && span_is(at.identity, f->file[i].identity);
    if (span_is(at.offset, "0")) {
        f->file[i].noted = false;
        return;
    }
    if ((same && (f->file[i].gen != gen || f->file[i].whole)) || !position_decode(text, &position))
        return;
    counted_follow(counted, key_of(name, gen, at.identity), is_born ? position.at.offset : 0,
                   &position.at);
    f->file[i].noted = text_copy_span(f->file[i].identity, sizeof f->file[i].identity, at.identity);
    f->file[i].whole = position.at.offset >= POSITION_PREFIX;
    f->file[i].gen = gen;
}

/* What the journal held before is not relaywatchd's. */
static void begin_journal(struct counted *counted, struct span text, bool from_beginning) {
    struct journalpos position;

    if (!from_beginning && journalpos_decode(text, &position))
        counted_begin_journal(counted, position.realtime_us + 1);
}

void followed_begin(struct followed *f, struct counted *counted, const struct sources *sources,
                    const char *before, const char *now, bool is_first, bool from_beginning,
                    int64_t now_ms) {
    memset(f, 0, sizeof *f);
    if (!is_first)
        counted_begin(counted, 1); /* where it was not kept: since ever, nothing is older */
    else if (!from_beginning)
        counted_begin(counted, now_ms);
    for (size_t i = 0; i < sources_count(sources); i++) {
        const struct logsource *source = sources_get(sources, i);
        bool is_born = positions_find(span_of(before), source->name).n == 0 &&
                       positions_find(span_of(before), "").n == 0;
        struct span text = positions_find(span_of(now), source->name);

        f->has_journal |= source->is_journal;
        if (is_born && source->is_journal)
            begin_journal(counted, text, from_beginning);
        else if (!source->is_journal)
            note_file(f, counted, i, source->name, text, is_born);
    }
}

void followed_note(struct followed *f, struct counted *counted, const struct sources *sources,
                   const char *positions) {
    for (size_t i = 0; i < sources_count(sources); i++) {
        const struct logsource *source = sources_get(sources, i);

        if (!source->is_journal)
            note_file(f, counted, i, source->name, positions_find(span_of(positions), source->name),
                      false);
    }
}

void followed_line(const struct followed *f, struct counted *counted, int64_t time_ms) {
    if (counted->since_ms != 0)
        return;
    counted_begin(counted, time_ms);
    if (f->has_journal)
        counted_begin_journal(counted, (uint64_t)time_ms * US_A_MS);
}
