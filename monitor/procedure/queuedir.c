/* See queuedir.h. */
#include "queuedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "errand.h"
#include "text.h"

enum {
    DEPTH_MAX = 8,   /* of hashed folders; Postfix: hash_queue_depth, 1 by default */
    SECONDS_MIN = 6, /* MQID_LG_SEC_PAD */
    USEC_DIGITS = 4, /* MQID_LG_USEC_PAD */
};

/* Of one folder; `opened` and `measured` go on to the next. */
struct walk {
    uint64_t count;
    int64_t oldest_s; /* 0: none yet */
    int64_t now_s;
    uint64_t sizes, ages; /* how many are in `shape` */
    struct keeper_shape *shape;
    uint32_t opened;
    uint32_t measured;
    bool want_age;
    bool partial;
};

bool queuedir_id_time(const char *id, int64_t *out) {
    static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    const char *z = strrchr(id, 'z');
    size_t n = z == NULL ? 0 : (size_t)(z - id);
    int64_t value = 0;

    if (n < SECONDS_MIN + USEC_DIGITS || n > 10 + USEC_DIGITS)
        return false;
    for (size_t i = 0; i < n - USEC_DIGITS; i++) {
        const char *digit = strchr(digits, id[i]);

        if (digit == NULL)
            return false;
        value = value * 52 + (digit - digits);
    }
    *out = value;
    return true;
}

bool queuedir_is_id(const char *name) {
    size_t n = strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    return n >= 5 && n <= 63 && name[n] == '\0';
}

/* The text of the first record of this type. */
static bool find_record(const unsigned char *head, size_t n, unsigned char wanted,
                        struct span *out) {
    size_t at = 0;

    while (at + 2 <= n) {
        unsigned char type = head[at++];
        size_t length = 0;
        unsigned shift = 0;

        do {
            if (at == n || shift > 21)
                return false;
            length |= (size_t)(head[at] & 0x7f) << shift;
            shift += 7;
        } while (head[at++] & 0x80);
        if (length > n - at)
            return false;
        if (type == wanted) {
            *out = (struct span){(const char *)head + at, length};
            return true;
        }
        at += length;
    }
    return false;
}

/* Up to the first blank. */
static struct span first_word(struct span s) {
    const char *blank = s.n > 0 ? memchr(s.p, ' ', s.n) : NULL;

    return blank == NULL ? s : (struct span){s.p, (size_t)(blank - s.p)};
}

bool queuedir_head_time(const unsigned char *head, size_t n, int64_t *out) {
    struct span text;

    return find_record(head, n, 'T', &text) && text_i64(first_word(text), 1, INT64_C(1) << 40, out);
}

bool queuedir_head_size(const unsigned char *head, size_t n, uint64_t *out) {
    struct span text;

    return find_record(head, n, 'C', &text) &&
           text_u64(first_word(span_trim(text)), 1, INT64_MAX, out);
}

/* What the file says of its message. A size that is not written yet is that of the file. */
struct file_head {
    bool has_time;
    int64_t arrival;
    uint64_t size;
};

static bool read_head(int folder, const char *name, struct file_head *out) {
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    unsigned char head[512];
    struct stat st;
    ssize_t n = -1;

    if (fd == -1)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = pread(fd, head, sizeof head, 0);
    close(fd);
    if (n < 0)
        return false;
    out->has_time = queuedir_head_time(head, (size_t)n, &out->arrival);
    if (!queuedir_head_size(head, (size_t)n, &out->size))
        out->size = (uint64_t)st.st_size;
    return true;
}

/* In which bucket of powers of ten from `first` on. */
static size_t bucket_of(uint64_t value, uint64_t first, size_t buckets) {
    size_t i = 0;

    for (uint64_t bound = first; i < buckets - 1 && value > bound; bound *= 10)
        i++;
    return i;
}

static void add_sizes(struct keeper_shape *shape, uint64_t size, uint64_t count) {
    shape->size[bucket_of(size, 1000, KEEPER_SIZES)] += count;
    shape->bytes += size * count;
}

static void add_ages(struct keeper_shape *shape, uint64_t age_s, uint64_t count) {
    shape->age[bucket_of(age_s, 10, KEEPER_AGES)] += count;
    shape->seconds += age_s * count;
}

static void take_age(struct walk *walk, int64_t arrival) {
    add_ages(walk->shape, walk->now_s > arrival ? (uint64_t)(walk->now_s - arrival) : 0, 1);
    walk->ages++;
    if (walk->want_age && (walk->oldest_s == 0 || arrival < walk->oldest_s))
        walk->oldest_s = arrival;
}

/* Opened is a file for its age where its name does not tell it, and some for their sizes. */
static void take_file(int folder, const char *name, struct walk *walk) {
    struct file_head head = {0};
    int64_t arrival;
    bool dated = queuedir_id_time(name, &arrival);
    bool wants_age = !dated && walk->want_age;
    bool measure = walk->measured < QUEUEDIR_SIZE_MAX;
    bool known = false;

    walk->count++;
    if (walk->shape == NULL)
        return; /* only counted */
    if (wants_age && walk->opened == QUEUEDIR_OPEN_MAX)
        walk->partial = true;
    else if (wants_age || measure)
        known = read_head(folder, name, &head);
    walk->opened += wants_age && !walk->partial;
    if (known && measure) {
        walk->measured++;
        walk->sizes++;
        add_sizes(walk->shape, head.size, 1);
    }
    if (dated || head.has_time) /* else gone meanwhile, or still being written */
        take_age(walk, dated ? arrival : head.arrival);
}

/* The messages of a folder that were not looked into are like the others. */
static void fill_up(struct walk *walk) {
    if (walk->sizes > 0)
        add_sizes(walk->shape, walk->shape->bytes / walk->sizes, walk->count - walk->sizes);
    if (walk->ages > 0)
        add_ages(walk->shape, walk->shape->seconds / walk->ages, walk->count - walk->ages);
}

/* Does not look at what is neither a queue file nor a hashed folder. A folder that is not there is
 * empty. */
static int walk_folder(int parent, const char *name, int depth, struct walk *walk,
                       struct fault *why) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd == -1 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int failed = 0;

    if (dir == NULL) {
        if (fd != -1)
            close(fd);
        return errno == ENOENT ? 0 : fault_errno(why, "queue folder %s", name);
    }
    while (failed == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        unsigned type = entry->d_type;
        struct stat st;

        if (entry->d_name[0] == '.')
            continue;
        if (type == DT_UNKNOWN && fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_UNKNOWN;
        if (type == DT_DIR && entry->d_name[1] == '\0' && depth < DEPTH_MAX)
            failed = walk_folder(fd, entry->d_name, depth + 1, walk, why);
        else if (type == DT_REG && queuedir_is_id(entry->d_name))
            take_file(fd, entry->d_name, walk);
    }
    if (failed == 0 && errno != 0)
        failed = fault_errno(why, "read queue folder %s", name);
    closedir(dir);
    return failed;
}

static void older(int64_t *oldest, const struct walk *walk) {
    if (walk->oldest_s != 0 && (*oldest == 0 || walk->oldest_s < *oldest))
        *oldest = walk->oldest_s;
}

/* Only whether there is mail that was put off, or is under way. */
static int glance(int queue, struct keeper_queue *out, struct fault *why) {
    struct walk deferred = {0}, others = {0};
    int failed = walk_folder(queue, "deferred", 0, &deferred, why) == -1 ||
                         walk_folder(queue, "active", 0, &others, why) == -1 ||
                         walk_folder(queue, "incoming", 0, &others, why) == -1
                     ? -1
                     : 0;

    out->deferred = deferred.count;
    out->active = others.count;
    return failed;
}

int queuedir_count(int queue, bool only_glance, struct keeper_queue *out, struct fault *why) {
    struct keeper_shape corrupt = {.bytes = 0}; /* nobody asks */
    const struct {
        const char *name;
        uint64_t *count;
        bool age;
        struct keeper_shape *shape;
    } folders[] = {{"deferred", &out->deferred, true, &out->shape[KEEPER_DEFERRED]},
                   {"active", &out->active, true, &out->shape[KEEPER_ACTIVE]},
                   {"incoming", &out->incoming, true, &out->shape[KEEPER_INCOMING]},
                   {"hold", &out->hold, false, &out->shape[KEEPER_ON_HOLD]},
                   {"maildrop", &out->maildrop, false, &out->shape[KEEPER_MAILDROP]},
                   {"corrupt", &out->corrupt, false, &corrupt}};
    struct walk walk = {.now_s = time(NULL)};

    if (only_glance)
        return glance(queue, out, why);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        walk.count = walk.sizes = walk.ages = 0;
        walk.oldest_s = 0;
        walk.shape = folders[i].shape;
        walk.want_age = folders[i].age;
        if (walk_folder(queue, folders[i].name, 0, &walk, why) == -1)
            return -1;
        fill_up(&walk);
        *folders[i].count = walk.count;
        older(&out->oldest_s, &walk);
        if (i == 0)
            out->oldest_deferred_s = walk.oldest_s;
    }
    out->ages_partial = walk.partial;
    return 0;
}

int queuedir_read(const char *queue_directory, struct keeper_queue *out, struct fault *why) {
    return queue_read(queue_directory, false, queuedir_count, out, why);
}

int queuedir_ask(struct hands *hands, bool only_glance, struct keeper_queue *out,
                 struct fault *why) {
    char bytes[sizeof *out + 1];
    struct errand e = {
        .hand = HAND_QUEUE, .which = only_glance, .out = bytes, .room = sizeof bytes};

    if (errand_run(hands, &e) == -1 || e.got != sizeof *out)
        return fault_set(why, "%s", e.answer.why.text);
    memcpy(out, bytes, sizeof *out);
    return 0;
}
