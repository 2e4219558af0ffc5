/* See slot.h. */
#include "slot.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "stream.h"
#include "xmem.h"

enum { MAGIC_BYTES = 8, HEAD_BYTES = 16, SUM_BYTES = 16 };

static const char magic[MAGIC_BYTES + 1] = "RWSLOT3\n";
/* Not a secret: the checksum is against disks, not against people. */
static const struct hash_key sum_key = {{0x72656c6179776174, 0x63682d736c6f7431}};

_Static_assert(HEAD_BYTES + 200 + TOTALS_POSITION + TOTALS_FIELDS * (2 + TOTALS_NAME_SIZE + 8) +
                       TOTALS_TEXTS * (4 + sizeof(struct totals_text)) + SUM_BYTES <=
                   SLOT_BYTES,
               "a slot holds the largest totals");

/* Both return where the next one goes. */
static unsigned char *put_number(unsigned char *p, size_t width, uint64_t value) {
    for (size_t i = 0; i < width; i++)
        p[i] = (unsigned char)(value >> (8 * i));
    return p + width;
}

static unsigned char *put_text(unsigned char *p, const char *text) {
    size_t n = strlen(text);

    p = put_number(p, 2, n);
    memcpy(p, text, n);
    return p + n;
}

/* A place in a buffer that is read; `bad` once something was missing. */
struct cursor {
    const unsigned char *p;
    size_t left;
    bool bad;
};

static const unsigned char *step(struct cursor *at, size_t n) {
    const unsigned char *p = at->p;

    if (at->bad || n > at->left) {
        at->bad = true;
        return NULL;
    }
    at->p += n;
    at->left -= n;
    return p;
}

static uint64_t get_number(struct cursor *at, size_t width) {
    const unsigned char *p = step(at, width);
    uint64_t value = 0;

    for (size_t i = 0; p != NULL && i < width; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

static struct span get_span(struct cursor *at, size_t size) {
    size_t n = (size_t)get_number(at, 2);
    const unsigned char *p = n < size ? step(at, n) : NULL;

    at->bad = at->bad || p == NULL;
    return at->bad ? (struct span){"", 0} : (struct span){(const char *)p, n};
}

/* Printable ASCII, as stream.c has it, shorter than `size`. */
static void get_text(struct cursor *at, char *out, size_t size) {
    struct span text = get_span(at, size);

    for (size_t i = 0; i < text.n; i++)
        at->bad = at->bad || text.p[i] < ' ' || text.p[i] > '~';
    text_copy_span(out, size, at->bad ? (struct span){"", 0} : text);
}

size_t slot_encode(const struct totals *t, uint64_t generation, unsigned char out[SLOT_BYTES]) {
    unsigned char *p = out + HEAD_BYTES;
    struct hash128 sum;

    assert(t->count <= TOTALS_FIELDS);
    p = put_number(p, 8, generation);
    p = put_number(p, 4, TOTALS_VERSION);
    p = put_text(p, t->lineage);
    p = put_number(p, 8, t->epoch);
    p = put_number(p, 8, t->seq);
    p = put_number(p, 8, (uint64_t)t->time_ms);
    p = put_text(p, t->position);
    p = put_number(p, 2, t->count);
    for (size_t i = 0; i < t->count; i++) {
        p = put_text(p, t->name[i]);
        p = put_number(p, 8, t->value[i]);
    }
    p = put_number(p, 2, t->texts);
    for (size_t i = 0; i < t->texts; i++) {
        p = put_text(p, t->text[i].name);
        p = put_text(p, t->text[i].value);
    }
    memcpy(out, magic, MAGIC_BYTES);
    put_number(out + MAGIC_BYTES, 8, (uint64_t)(p - out - HEAD_BYTES));
    sum = hash_bytes(&sum_key, out, (size_t)(p - out));
    p = put_number(p, 8, sum.h[0]);
    p = put_number(p, 8, sum.h[1]);
    return (size_t)(p - out);
}

static bool sum_fits(const unsigned char *data, size_t size) {
    struct hash128 sum = hash_bytes(&sum_key, data, size);
    struct cursor at = {data + size, SUM_BYTES, false};

    return get_number(&at, 8) == sum.h[0] && get_number(&at, 8) == sum.h[1];
}

static bool decode_fields(struct cursor *at, struct totals *out) {
    size_t count = (size_t)get_number(at, 2);
    char name[TOTALS_NAME_SIZE];

    for (size_t i = 0; i < count; i++) {
        get_text(at, name, sizeof name);
        if (at->bad || name[0] == '\0' || totals_field(out, name) != (int)i)
            return false; /* or twice the same, or too many */
        out->value[i] = get_number(at, 8);
    }
    return !at->bad;
}

static bool decode_texts(struct cursor *at, struct totals *out) {
    size_t count = (size_t)get_number(at, 2);
    char name[TOTALS_NAME_SIZE];

    for (size_t i = 0; i < count; i++) {
        struct span value;

        get_text(at, name, sizeof name);
        value = get_span(at, TOTALS_TEXT_SIZE);
        if (at->bad || !totals_set_text(out, name, value) || out->texts != i + 1)
            return false; /* or twice the same */
    }
    return !at->bad && at->left == 0;
}

static int decode_body(struct cursor *at, struct totals *out) {
    totals_init(out);
    if (get_number(at, 4) != TOTALS_VERSION)
        return -1;
    get_text(at, out->lineage, sizeof out->lineage);
    out->epoch = get_number(at, 8);
    out->seq = get_number(at, 8);
    out->time_ms = (int64_t)get_number(at, 8);
    get_text(at, out->position, sizeof out->position);
    if (at->bad || (out->lineage[0] != '\0' && !stream_lineage_ok(out->lineage)))
        return -1;
    return decode_fields(at, out) && decode_texts(at, out) ? 0 : -1;
}

/* The body of a slot that is whole, from its generation on; false: it is not. */
static bool find_body(const unsigned char *data, size_t size, struct cursor *body_out,
                      uint64_t *generation_out) {
    struct cursor at = {data, size, false};
    const unsigned char *start = step(&at, MAGIC_BYTES);
    uint64_t length = get_number(&at, 8);

    if (at.bad || memcmp(start, magic, MAGIC_BYTES) != 0 || at.left < SUM_BYTES ||
        length > at.left - SUM_BYTES || !sum_fits(data, HEAD_BYTES + (size_t)length))
        return false;
    at.left = (size_t)length;
    *generation_out = get_number(&at, 8);
    *body_out = at;
    return !at.bad;
}

int slot_decode(const unsigned char *data, size_t size, struct totals *out,
                uint64_t *generation_out) {
    struct cursor body;

    if (size > SLOT_BYTES || !find_body(data, size, &body, generation_out))
        return -1;
    return decode_body(&body, out);
}

/* What the file has of one slot: no more of it than its length says. */
struct written {
    unsigned char *data; /* NULL: nothing */
    size_t size;
};

/* Reads up to `size` bytes; returns how many there were, or -1. */
static ssize_t read_at(int fd, unsigned char *data, size_t size, off_t where, struct fault *why) {
    size_t have = 0;
    ssize_t n;

    do {
        n = pread(fd, data + have, size - have, where + (off_t)have);
        if (n > 0)
            have += (size_t)n;
    } while (have < size && (n > 0 || (n == -1 && errno == EINTR)));
    return n == -1 ? fault_errno(why, "read") : (ssize_t)have;
}

static int read_slot(int fd, off_t where, struct written *out, struct fault *why) {
    unsigned char head[HEAD_BYTES];
    struct cursor at = {head + MAGIC_BYTES, HEAD_BYTES - MAGIC_BYTES, false};
    ssize_t n = read_at(fd, head, sizeof head, where, why);
    uint64_t length = get_number(&at, 8);

    *out = (struct written){NULL, 0};
    if (n == -1)
        return -1;
    if (n < HEAD_BYTES || length > SLOT_BYTES - HEAD_BYTES - SUM_BYTES)
        return 0;
    out->data = xcalloc(1, HEAD_BYTES + (size_t)length + SUM_BYTES);
    n = read_at(fd, out->data, HEAD_BYTES + (size_t)length + SUM_BYTES, where, why);
    out->size = n == -1 ? 0 : (size_t)n;
    return n == -1 ? -1 : 0;
}

/* The newer of the two slots: 0 or 1, or -1 when neither is valid. */
static int newest_slot(const struct written slot[2], struct totals *out, uint64_t *generation_out) {
    uint64_t generation[2];
    struct cursor body[2];
    bool whole[2];
    int newer;

    *generation_out = 0;
    for (int i = 0; i < 2; i++)
        whole[i] = find_body(slot[i].data, slot[i].size, &body[i], &generation[i]);
    newer = whole[1] && (!whole[0] || generation[1] > generation[0]);
    for (int tried = 0; tried < 2; tried++, newer = 1 - newer) {
        if (!whole[newer] || decode_body(&body[newer], out) == -1)
            continue;
        *generation_out = generation[newer];
        return newer;
    }
    return -1;
}

/* The newest slot of the file, in *out. Returns 0, or -1 when it cannot be read. */
static int read_newest(int fd, struct totals *out, int *newest_out, uint64_t *generation_out,
                       struct fault *why) {
    struct written slot[2] = {{NULL, 0}, {NULL, 0}};
    int failed = 0;

    for (int i = 0; i < 2 && failed == 0; i++)
        failed = read_slot(fd, (off_t)i * SLOT_BYTES, &slot[i], why);
    if (failed == 0)
        *newest_out = newest_slot(slot, out, generation_out);
    free(slot[0].data);
    free(slot[1].data);
    return failed;
}

static int open_regular(const char *path, int flags, struct fault *why) {
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat status;

    if (fd == -1)
        return fault_errno(why, "open %s", path);
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return fault_set(why, "%s: not a regular file", path);
}

static off_t size_of(int fd) {
    struct stat status;

    return fstat(fd, &status) == 0 ? status.st_size : 0;
}

static int load_open(int fd, struct totals *out, struct fault *why) {
    uint64_t generation;
    int newest = -1;

    if (read_newest(fd, out, &newest, &generation, why) == -1)
        return -1;
    if (newest != -1)
        return 0;
    fault_set(why, "neither of its slots is valid (%lld bytes)", (long long)size_of(fd));
    return 1;
}

int slot_load(const char *path, struct totals *out, struct fault *why) {
    int fd = open_regular(path, O_RDONLY, why);
    int failed;

    if (fd == -1)
        return errno == ENOENT ? 1 : -1;
    failed = load_open(fd, out, why);
    close(fd);
    if (failed != 0)
        fault_wrap(why, "%s", path);
    return failed;
}

static int write_slot(int fd, const unsigned char *data, size_t size, off_t where,
                      struct fault *why) {
    size_t done = 0;

    while (done < size) {
        ssize_t n = pwrite(fd, data + done, size - done, where + (off_t)done);

        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault_errno(why, "write");
        done += (size_t)n;
    }
    return fdatasync(fd) == -1 ? fault_errno(why, "fdatasync") : 0;
}

static int save_open(int fd, const struct totals *t, bool *is_new_out, struct fault *why) {
    struct totals *found = xcalloc(1, sizeof *found);
    uint64_t generation = 0;
    unsigned char *data;
    int newest = -1;
    int failed = read_newest(fd, found, &newest, &generation, why);

    free(found);
    if (failed == -1)
        return -1;
    *is_new_out = size_of(fd) == 0;
    data = xcalloc(1, SLOT_BYTES);
    failed = write_slot(fd, data, slot_encode(t, generation + 1, data),
                        newest == 0 ? SLOT_BYTES : 0, why);
    free(data);
    return failed;
}

int slot_save(const char *path, const struct totals *t, struct fault *why) {
    int fd = open_regular(path, O_RDWR | O_CREAT, why);
    bool is_new = false;
    int failed;

    if (fd == -1)
        return -1;
    failed = save_open(fd, t, &is_new, why);
    if (close(fd) == -1 && failed == 0)
        failed = fault_errno(why, "close");
    if (failed == -1)
        return fault_wrap(why, "%s", path);
    return is_new ? file_sync_folder(path, why) : 0;
}
