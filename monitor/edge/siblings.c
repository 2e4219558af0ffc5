/* See siblings.h. A rotation may rename while the folder is read: it is read until two readings are
 * the same. */
#include "siblings.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"
#include "rotname.h"

enum { READINGS = 8, TELLING = 256 /* bytes that two logs do not share by chance */ };

static void add(struct siblings *s, const char *name, struct span base) {
    struct rotname parsed = rotname_parse(base, span_of(name));
    struct sibling found = {
        .kind = parsed.kind, .number = parsed.number, .compressed = parsed.compressed};
    char path[PATH_MAX];

    if (parsed.kind == ROTNAME_SEALED)
        s->unknown++;
    if (parsed.kind == ROTNAME_SEALED || parsed.kind == ROTNAME_STRANGER ||
        !text_copy(found.name, sizeof found.name, name) ||
        !text_format(path, sizeof path, "%s/%s", s->folder, name) ||
        logfile_identify(path, false, &found.id) == -1 || !found.id.regular)
        return;
    s->item = xrealloc(s->item, (s->count + 1) * sizeof s->item[0]);
    s->item[s->count++] = found;
}

static struct rotname name_of(const struct sibling *s, struct span base) {
    return rotname_parse(base, span_of(s->name));
}

/* ---- the order ---- */

static int compare_times(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

/* The last write tells the order, also of a compressed file, which keeps its time, and of a copy
 * that was made before a truncation, which is younger than the file that it was made of. */
static int by_time(const void *a, const void *b) {
    const struct sibling *x = a;
    const struct sibling *y = b;
    int order = compare_times(x->id.mtime_ns, y->id.mtime_ns);

    if (order == 0 && !x->compressed && !y->compressed)
        order = compare_times(x->id.btime_ns, y->id.btime_ns);
    return order != 0 ? order : strverscmp(x->name, y->name);
}

static int by_name(const void *a, const void *b, void *arg) {
    const struct span *base = arg;
    struct rotname x = name_of(a, *base);
    struct rotname y = name_of(b, *base);

    return rotname_compare(&x, &y);
}

/* Moves those whose names tell nothing to the end; returns how many stay in front. */
static size_t part(struct siblings *s) {
    struct sibling *others = xcalloc(s->count, sizeof *others);
    size_t known = 0;
    size_t other = 0;

    for (size_t i = 0; i < s->count; i++) {
        if (s->item[i].kind == ROTNAME_OTHER)
            others[other++] = s->item[i];
        else
            s->item[known++] = s->item[i];
    }
    memcpy(s->item + known, others, other * sizeof *others);
    free(others);
    return known;
}

/* Puts the others, item[known] and on, each before the first that is younger. */
static void merge(struct siblings *s, size_t known) {
    struct sibling *sorted = xcalloc(s->count, sizeof *sorted);
    size_t i = 0;
    size_t k = known;

    for (size_t n = 0; n < s->count; n++) {
        bool other = i == known || (k < s->count && by_time(&s->item[k], &s->item[i]) < 0);

        sorted[n] = s->item[other ? k++ : i++];
    }
    free(s->item);
    s->item = sorted;
}

/* Where the file that should be the older one was born and written later, numbers grow with time
 * or mean something else. */
static bool times_deny(const struct sibling *older, const struct sibling *newer) {
    bool born = older->compressed || newer->compressed || older->id.btime_ns > newer->id.btime_ns;

    return born && older->id.mtime_ns > newer->id.mtime_ns;
}

/* Sorts by names the first n; false where the names are of two kinds, or the times say otherwise.
 */
static bool sort_by_names(struct siblings *s, size_t n, struct span base) {
    for (size_t i = 1; i < n; i++) {
        if (s->item[i].kind != s->item[0].kind)
            return false;
    }
    qsort_r(s->item, n, sizeof s->item[0], by_name, &base);
    for (size_t i = 1; i < n; i++) {
        if (times_deny(&s->item[i - 1], &s->item[i]))
            return false;
    }
    return true;
}

static void sort(struct siblings *s, struct span base) {
    size_t known;

    if (s->count < 2)
        return;
    known = part(s);
    s->in_order = sort_by_names(s, known, base);
    if (!s->in_order)
        qsort(s->item, known, sizeof s->item[0], by_time);
    qsort(s->item + known, s->count - known, sizeof s->item[0], by_time);
    merge(s, known);
}

/* ---- what is there twice ---- */

static bool has_plain(const struct siblings *s, const struct sibling *compressed) {
    size_t n = strlen(compressed->name) - 3;

    for (size_t i = 0; i < s->count; i++) {
        if (strlen(s->item[i].name) == n && memcmp(s->item[i].name, compressed->name, n) == 0)
            return true;
    }
    return false;
}

/* While gzip works both are there, and the compressed one is not complete. */
static void drop_doubles(struct siblings *s) {
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        if (!s->item[i].compressed || !has_plain(s, &s->item[i]))
            s->item[kept++] = s->item[i];
        else
            s->item[i].name[0] = '\0';
    }
    s->count = kept;
}

struct logfile *siblings_open(const struct siblings *siblings, size_t i, struct fault *why) {
    const struct sibling *item = &siblings->item[i];
    char path[PATH_MAX];
    struct logfile *file;
    struct logfile_id id;

    if (!text_format(path, sizeof path, "%s/%s", siblings->folder, item->name)) {
        errno = ENAMETOOLONG;
        fault_errno(why, "%s", item->name);
        return NULL;
    }
    file = logfile_open(path, false, why);
    if (file == NULL)
        return NULL;
    if (logfile_id(file, &id) == 0 && id.ino == item->id.ino && id.dev == item->id.dev)
        return file;
    logfile_close(&file);
    errno = ENOENT;
    fault_set(why, "%s: renamed meanwhile", path);
    return NULL;
}

struct head {
    size_t n;
    bool telling;
    unsigned char byte[POSITION_PREFIX];
};

/* A file of one line again and again is not known by its beginning. */
static bool is_telling(const unsigned char *p, size_t n) {
    const unsigned char *newline = n > 0 ? memchr(p, '\n', n) : NULL;
    size_t line = newline != NULL ? (size_t)(newline - p) + 1 : n;

    return n >= TELLING && (n < 2 * line || memcmp(p, p + line, line) != 0);
}

static void read_head(struct logfile *file, struct head *out) {
    ssize_t n = file != NULL ? logfile_read(file, out->byte, sizeof out->byte, 0) : 0;

    out->n = n > 0 ? (size_t)n : 0;
    out->telling = is_telling(out->byte, out->n);
}

static bool begins_alike(const struct head *copy, const struct head *other) {
    return copy->telling && other->n >= copy->n && memcmp(copy->byte, other->byte, copy->n) == 0;
}

/* Whether brother i, whose name tells nothing, is a copy of the log itself (`live`) or of another
 * one. Of two such the younger is it. */
static bool is_copy(const struct siblings *s, size_t i, const struct head *live,
                    const struct head *heads) {
    if (begins_alike(&heads[i], live))
        return true;
    for (size_t k = 0; k < s->count; k++) {
        if (k != i && begins_alike(&heads[i], &heads[k]) &&
            (s->item[k].kind != ROTNAME_OTHER || k < i || heads[k].n > heads[i].n))
            return true;
    }
    return false;
}

static void drop_copies(struct siblings *s, const char *path) {
    struct head *heads = xcalloc(s->count + 1, sizeof *heads);
    struct logfile *file = logfile_open(path, true, NULL);
    bool *drop = xcalloc(s->count + 1, sizeof *drop);
    size_t kept = 0;

    read_head(file, &heads[s->count]);
    logfile_close(&file);
    for (size_t i = 0; i < s->count; i++) {
        file = siblings_open(s, i, NULL);
        read_head(file, &heads[i]);
        logfile_close(&file);
    }
    for (size_t i = 0; i < s->count; i++)
        drop[i] = s->item[i].kind == ROTNAME_OTHER && is_copy(s, i, &heads[s->count], heads);
    for (size_t i = 0; i < s->count; i++) {
        if (!drop[i])
            s->item[kept++] = s->item[i];
    }
    s->count = kept;
    free(drop);
    free(heads);
}

static bool has_others(const struct siblings *s) {
    for (size_t i = 0; i < s->count; i++) {
        if (s->item[i].kind == ROTNAME_OTHER)
            return true;
    }
    return false;
}

/* ---- the list ---- */

static int read_folder(struct siblings *s, struct span base, struct fault *why) {
    DIR *folder = opendir(s->folder);
    struct dirent *entry;

    if (folder == NULL)
        return fault_errno(why, "%s", s->folder);
    while ((entry = readdir(folder)) != NULL)
        add(s, entry->d_name, base);
    closedir(folder);
    drop_doubles(s);
    sort(s, base);
    return 0;
}

static bool is_same(const struct siblings *a, const struct siblings *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->item[i].name, b->item[i].name) != 0 || a->item[i].id.ino != b->item[i].id.ino)
            return false;
    }
    return true;
}

int siblings_list(const char *path, struct siblings *out, struct fault *why) {
    const char *slash = strrchr(path, '/');
    struct siblings before = {0};
    struct span base = span_of(slash != NULL ? slash + 1 : path);

    *out = (struct siblings){.in_order = true};
    if (slash == NULL)
        text_copy(out->folder, sizeof out->folder, ".");
    else
        text_copy_span(out->folder, sizeof out->folder,
                       (struct span){path, slash == path ? 1 : (size_t)(slash - path)});
    if (read_folder(out, base, why) == -1)
        return -1;
    for (int i = 0; i < READINGS; i++) {
        siblings_clear(&before);
        before = *out;
        out->item = NULL;
        out->count = out->unknown = 0;
        out->in_order = true;
        if (read_folder(out, base, why) == -1) {
            siblings_clear(&before);
            return -1;
        }
        if (is_same(&before, out))
            break;
    }
    siblings_clear(&before);
    if (has_others(out))
        drop_copies(out, path);
    return 0;
}

void siblings_clear(struct siblings *siblings) {
    free(siblings->item);
    siblings->item = NULL;
    siblings->count = 0;
}

enum place_verdict siblings_judge(struct logfile *file, const struct hash_key *key,
                                  const struct place *place) {
    unsigned char head[POSITION_PREFIX];
    unsigned char tail[POSITION_TAIL];
    size_t tail_size = place->offset < sizeof tail ? (size_t)place->offset : sizeof tail;
    struct logfile_id id;
    struct place_facts facts;
    struct place_file seen = {0};
    ssize_t n = logfile_read(file, head, sizeof head, 0);

    if (n == -1 || logfile_id(file, &id) == -1)
        return PLACE_OTHER;
    seen = (struct place_file){.dev = id.dev,
                               .ino = id.ino,
                               .btime_ns = id.btime_ns,
                               .size = id.size,
                               .head = {(const char *)head, (size_t)n}};
    if (logfile_compressed(file)) {
        seen.size = UINT64_MAX;
    } else if (id.size >= place->offset) {
        n = logfile_read(file, tail, tail_size, place->offset - tail_size);
        seen.tail = (struct span){(const char *)tail, n > 0 ? (size_t)n : 0};
    }
    facts = place_compare(place, key, &seen);
    return place_decide(&facts);
}

/* One round of the search. */
struct round {
    bool compressed;
    bool same_inode;
    enum place_verdict verdict;
};

static bool in_round(const struct sibling *item, const struct round *round, uint64_t ino) {
    return item->compressed == round->compressed && (!round->same_inode || item->id.ino == ino);
}

struct sibling_found siblings_find(const struct siblings *siblings, const struct hash_key *key,
                                   const struct place *place) {
    static const struct round rounds[] = {
        {false, true, PLACE_RESUME},
        {false, false, PLACE_RESUME},
        {true, false, PLACE_RESUME},
        {false, false, PLACE_SHORTER},
    };
    struct sibling_found found = {0};

    for (size_t r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
        /* The newest first: of several that fit it is the likeliest. */
        for (size_t i = siblings->count; i-- > 0;) {
            if (!in_round(&siblings->item[i], &rounds[r], place->ino))
                continue;
            found.file = siblings_open(siblings, i, NULL);
            if (found.file == NULL) {
                found.again = found.again || errno == ENOENT;
                continue;
            }
            found.i = i;
            found.verdict = siblings_judge(found.file, key, place);
            if (found.verdict == rounds[r].verdict)
                return found;
            logfile_close(&found.file);
        }
    }
    return found;
}

static bool has_mark(struct logfile *file, const struct hash_key *key,
                     const struct position *position) {
    unsigned char head[POSITION_PREFIX];
    size_t size = position->old_offset < sizeof head ? (size_t)position->old_offset : sizeof head;
    struct place place = {.offset = position->old_offset};
    ssize_t n = logfile_read(file, head, size, 0);
    struct hash128 mark;

    if (n == -1 || (size_t)n != size)
        return false;
    place.prefix = hash_bytes(key, head, size);
    mark = position_mark(&place, key);
    return mark.h[0] == position->old_mark.h[0] && mark.h[1] == position->old_mark.h[1];
}

struct sibling_found siblings_find_old(const struct siblings *siblings, const struct hash_key *key,
                                       const struct position *position) {
    static const struct round rounds[] = {
        {false, true, PLACE_RESUME}, {false, false, PLACE_RESUME}, {true, false, PLACE_RESUME}};
    struct sibling_found found = {0};

    for (size_t r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
        for (size_t i = siblings->count; i-- > 0;) {
            if (!in_round(&siblings->item[i], &rounds[r], position->old_ino))
                continue;
            found.file = siblings_open(siblings, i, NULL);
            found.again = found.again || (found.file == NULL && errno == ENOENT);
            found.i = i;
            if (found.file != NULL && has_mark(found.file, key, position))
                return found;
            logfile_close(&found.file);
        }
    }
    return found;
}

size_t siblings_index(const struct siblings *siblings, const struct logfile_id *id) {
    size_t i = 0;

    while (i < siblings->count &&
           (siblings->item[i].id.ino != id->ino || siblings->item[i].id.dev != id->dev))
        i++;
    return i;
}

size_t siblings_after(const struct siblings *siblings, size_t i, int64_t mtime_ns,
                      int64_t btime_ns) {
    for (; i < siblings->count; i++) {
        const struct logfile_id *id = &siblings->item[i].id;

        if (id->mtime_ns > mtime_ns &&
            (siblings->item[i].compressed || id->btime_ns == 0 || id->btime_ns > btime_ns))
            break;
    }
    return i;
}
