/* See siblings.h. A rotation may rename while the folder is read: it is read until two readings are
 * the same. */
#include "siblings.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

enum { READINGS = 8, NUMBER_DIGITS = 5 };

struct pattern {
    struct span stem; /* what a name begins with, e.g. "mail.log" or "mail" */
    struct span last; /* and ends with, e.g. "" or ".log" */
};

static bool ends_with(struct span s, struct span end) {
    return s.n >= end.n && (end.n == 0 || memcmp(s.p + s.n - end.n, end.p, end.n) == 0);
}

static bool is_stamp(struct span s) {
    bool digit = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9')
            digit = true;
        else if (memchr("-._:T", s.p[i], 5) == NULL)
            return false;
    }
    return digit;
}

/* Whether the name is stem, a separator, a number or date, end; *stamp is the number or date. */
static bool fits(struct span name, const struct pattern *pattern, struct span *stamp) {
    size_t least = pattern->stem.n + 1 + pattern->last.n;

    if (name.n <= least || memcmp(name.p, pattern->stem.p, pattern->stem.n) != 0 ||
        memchr(".-_", name.p[pattern->stem.n], 3) == NULL || !ends_with(name, pattern->last))
        return false;
    *stamp = (struct span){name.p + pattern->stem.n + 1, name.n - least};
    return is_stamp(*stamp);
}

static bool fits_any(struct span name, struct span base, struct span *stamp) {
    const char *dot = base.n > 1 ? memrchr(base.p + 1, '.', base.n - 1) : NULL;
    struct pattern whole = {base, {"", 0}};
    struct pattern split = {base, {"", 0}};

    if (fits(name, &whole, stamp))
        return true;
    if (dot == NULL)
        return false;
    split.stem.n = (size_t)(dot - base.p);
    split.last = (struct span){dot, base.n - split.stem.n};
    return fits(name, &split, stamp);
}

static bool has_unknown_end(struct span name) {
    static const char *const ends[] = {".bz2", ".xz", ".zst", ".lz4", ".Z"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends_with(name, span_of(ends[i])))
            return true;
    }
    return false;
}

static void add(struct siblings *s, const char *name, struct span base) {
    struct span plain = span_of(name);
    struct sibling found = {0};
    char path[PATH_MAX];
    struct span stamp;

    if (has_unknown_end(plain)) {
        plain.n = (size_t)((char *)memrchr(plain.p, '.', plain.n) - plain.p);
        s->unknown += fits_any(plain, base, &stamp) ? 1 : 0;
        return;
    }
    found.compressed = ends_with(plain, SPAN(".gz"));
    plain.n -= found.compressed ? 3 : 0;
    if (!fits_any(plain, base, &stamp) || !text_copy(found.name, sizeof found.name, name) ||
        !text_format(path, sizeof path, "%s/%s", s->folder, name) ||
        logfile_identify(path, false, &found.id) == -1)
        return;
    found.stamp_at = (size_t)(stamp.p - name);
    found.stamp_size = stamp.n;
    s->item = xrealloc(s->item, (s->count + 1) * sizeof s->item[0]);
    s->item[s->count++] = found;
}

static bool is_number(const struct sibling *s) {
    uint64_t number;

    return s->stamp_size <= NUMBER_DIGITS &&
           text_u64((struct span){s->name + s->stamp_at, s->stamp_size}, 0, UINT64_MAX, &number);
}

static uint64_t number_of(const struct sibling *s) {
    uint64_t number = 0;

    text_u64((struct span){s->name + s->stamp_at, s->stamp_size}, 0, UINT64_MAX, &number);
    return number;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = number_of(a);
    uint64_t y = number_of(b);

    return x > y ? -1 : x < y; /* the larger one is older */
}

static int by_date(const void *a, const void *b) {
    const struct sibling *x = a;
    const struct sibling *y = b;
    size_t n = x->stamp_size < y->stamp_size ? x->stamp_size : y->stamp_size;
    int order = memcmp(x->name + x->stamp_at, y->name + y->stamp_at, n);

    return order != 0 ? order : (x->stamp_size > y->stamp_size) - (x->stamp_size < y->stamp_size);
}

static int by_time(const void *a, const void *b) {
    const struct sibling *x = a;
    const struct sibling *y = b;

    return (x->id.mtime_ns > y->id.mtime_ns) - (x->id.mtime_ns < y->id.mtime_ns);
}

static void sort(struct siblings *s) {
    size_t numbers = 0;

    for (size_t i = 0; i < s->count; i++)
        numbers += is_number(&s->item[i]) ? 1 : 0;
    if (s->count > 1)
        qsort(s->item, s->count, sizeof s->item[0],
              numbers == s->count ? by_number : (numbers == 0 ? by_date : by_time));
}

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

static int read_folder(struct siblings *s, struct span base, struct fault *why) {
    DIR *folder = opendir(s->folder);
    struct dirent *entry;

    if (folder == NULL)
        return fault_errno(why, "%s", s->folder);
    while ((entry = readdir(folder)) != NULL)
        add(s, entry->d_name, base);
    closedir(folder);
    drop_doubles(s);
    sort(s);
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

    *out = (struct siblings){0};
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
        if (read_folder(out, base, why) == -1) {
            siblings_clear(&before);
            return -1;
        }
        if (is_same(&before, out))
            break;
    }
    siblings_clear(&before);
    return 0;
}

void siblings_clear(struct siblings *siblings) {
    free(siblings->item);
    siblings->item = NULL;
    siblings->count = 0;
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
