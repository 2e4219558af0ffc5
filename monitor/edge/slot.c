/* See slot.h. */
#include "slot.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "stream.h"

enum { MAGIC_BYTES = 8, HEAD_BYTES = 16, SUM_BYTES = 16 };

static const char magic[MAGIC_BYTES + 1] = "RWSLOT1\n";
/* Not a secret: the checksum is against disks, not against people. */
static const struct hash_key sum_key = {{0x72656c6179776174, 0x63682d736c6f7431}};

/* A place in a buffer; `bad` once something did not fit. */
struct cursor {
    unsigned char *p;
    size_t left;
    bool bad;
};

static unsigned char *step(struct cursor *at, size_t n) {
    unsigned char *p = at->p;

    if (at->bad || n > at->left) {
        at->bad = true;
        return NULL;
    }
    at->p += n;
    at->left -= n;
    return p;
}

static void put_number(struct cursor *at, size_t width, uint64_t value) {
    unsigned char *p = step(at, width);

    assert(p != NULL); /* SLOT_BYTES holds the largest totals */
    for (size_t i = 0; i < width; i++)
        p[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_number(struct cursor *at, size_t width) {
    const unsigned char *p = step(at, width);
    uint64_t value = 0;

    for (size_t i = 0; p != NULL && i < width; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

static void put_text(struct cursor *at, const char *text) {
    size_t n = strlen(text);
    unsigned char *p;

    put_number(at, 2, n);
    p = step(at, n);
    assert(p != NULL);
    memcpy(p, text, n);
}

/* Printable ASCII, as stream.c has it, shorter than `size`. */
static void get_text(struct cursor *at, char *out, size_t size) {
    size_t n = (size_t)get_number(at, 2);
    const unsigned char *p = n < size ? step(at, n) : NULL;

    out[0] = '\0';
    at->bad = at->bad || p == NULL;
    for (size_t i = 0; !at->bad && i < n; i++)
        at->bad = p[i] < ' ' || p[i] > '~';
    if (at->bad)
        return;
    memcpy(out, p, n);
    out[n] = '\0';
}

void slot_encode(const struct totals *t, uint64_t generation, unsigned char out[SLOT_BYTES]) {
    struct cursor at = {out + HEAD_BYTES, SLOT_BYTES - HEAD_BYTES - SUM_BYTES, false};
    struct cursor head = {out, HEAD_BYTES, false};
    struct cursor tail = {NULL, SUM_BYTES, false};
    struct hash128 sum;

    assert(t->count <= TOTALS_FIELDS);
    memset(out, 0, SLOT_BYTES);
    put_number(&at, 8, generation);
    put_number(&at, 4, TOTALS_VERSION);
    put_text(&at, t->lineage);
    put_number(&at, 8, t->epoch);
    put_number(&at, 8, t->seq);
    put_number(&at, 8, (uint64_t)t->time_ms);
    put_text(&at, t->position);
    put_number(&at, 2, t->count);
    for (size_t i = 0; i < t->count; i++) {
        put_text(&at, t->field[i].name);
        put_number(&at, 8, t->field[i].value);
    }
    memcpy(step(&head, MAGIC_BYTES), magic, MAGIC_BYTES);
    put_number(&head, 8, (uint64_t)(at.p - out - HEAD_BYTES));
    sum = hash_bytes(&sum_key, out, (size_t)(at.p - out));
    tail.p = at.p;
    put_number(&tail, 8, sum.h[0]);
    put_number(&tail, 8, sum.h[1]);
}

static bool sum_fits(const unsigned char *data, size_t size) {
    struct hash128 sum = hash_bytes(&sum_key, data, size);
    unsigned char stored[SUM_BYTES];
    struct cursor at = {stored, SUM_BYTES, false};

    memcpy(stored, data + size, SUM_BYTES);
    return get_number(&at, 8) == sum.h[0] && get_number(&at, 8) == sum.h[1];
}

static int decode_body(struct cursor *at, struct totals *out, uint64_t *generation_out) {
    memset(out, 0, sizeof *out);
    *generation_out = get_number(at, 8);
    if (get_number(at, 4) != TOTALS_VERSION)
        return -1;
    get_text(at, out->lineage, sizeof out->lineage);
    out->epoch = get_number(at, 8);
    out->seq = get_number(at, 8);
    out->time_ms = (int64_t)get_number(at, 8);
    get_text(at, out->position, sizeof out->position);
    out->count = (size_t)get_number(at, 2);
    if (at->bad || out->count > TOTALS_FIELDS ||
        (out->lineage[0] != '\0' && !stream_lineage_ok(out->lineage)))
        return -1;
    for (size_t i = 0; i < out->count; i++) {
        get_text(at, out->field[i].name, sizeof out->field[i].name);
        out->field[i].value = get_number(at, 8);
        if (out->field[i].name[0] == '\0')
            return -1;
    }
    return at->bad || at->left != 0 ? -1 : 0;
}

int slot_decode(const unsigned char *data, size_t size, struct totals *out,
                uint64_t *generation_out) {
    unsigned char copy[SLOT_BYTES];
    struct cursor at = {copy, HEAD_BYTES, false};
    uint64_t length;

    if (size < HEAD_BYTES + SUM_BYTES || size > SLOT_BYTES)
        return -1;
    memcpy(copy, data, size);
    if (memcmp(step(&at, MAGIC_BYTES), magic, MAGIC_BYTES) != 0)
        return -1;
    length = get_number(&at, 8);
    if (length > size - HEAD_BYTES - SUM_BYTES || !sum_fits(copy, HEAD_BYTES + (size_t)length))
        return -1;
    at.left = (size_t)length;
    return decode_body(&at, out, generation_out);
}

/* The newer of the two slots: 0 or 1, or -1 when neither is valid. */
static int newest_slot(const unsigned char *data, size_t size, struct totals *out,
                       uint64_t *generation_out) {
    struct totals found;
    uint64_t generation;
    int newest = -1;

    *generation_out = 0;
    for (int i = 0; i < 2; i++) {
        size_t begin = (size_t)i * SLOT_BYTES;
        size_t n = size < begin ? 0 : size - begin;

        if (slot_decode(data + begin, n < SLOT_BYTES ? n : SLOT_BYTES, &found, &generation) == -1 ||
            (newest != -1 && generation <= *generation_out))
            continue;
        newest = i;
        *generation_out = generation;
        if (out != NULL)
            *out = found;
    }
    return newest;
}

/* Returns how much of `data` was filled, or -1. */
static ssize_t read_both(int fd, unsigned char data[SLOT_FILE_BYTES], struct fault *why) {
    size_t have = 0;
    ssize_t n;

    do {
        n = pread(fd, data + have, SLOT_FILE_BYTES - have, (off_t)have);
        if (n > 0)
            have += (size_t)n;
    } while (n > 0 || (n == -1 && errno == EINTR));
    return n == -1 ? fault_errno(why, "read") : (ssize_t)have;
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

int slot_load(const char *path, struct totals *out, struct fault *why) {
    unsigned char data[SLOT_FILE_BYTES];
    uint64_t generation;
    ssize_t size;
    int fd = open_regular(path, O_RDONLY, why);

    if (fd == -1)
        return errno == ENOENT ? 1 : -1;
    size = read_both(fd, data, why);
    close(fd);
    if (size == -1)
        return fault_wrap(why, "%s", path);
    if (newest_slot(data, (size_t)size, out, &generation) >= 0)
        return 0;
    fault_set(why, "%s: neither of its slots is valid (%zd bytes)", path, size);
    return 1;
}

static int write_slot(int fd, const unsigned char data[SLOT_BYTES], off_t where,
                      struct fault *why) {
    size_t done = 0;

    while (done < SLOT_BYTES) {
        ssize_t n = pwrite(fd, data + done, SLOT_BYTES - done, where + (off_t)done);

        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault_errno(why, "write");
        done += (size_t)n;
    }
    return fdatasync(fd) == -1 ? fault_errno(why, "fdatasync") : 0;
}

static int save_open(int fd, const struct totals *t, bool *is_new_out, struct fault *why) {
    unsigned char data[SLOT_FILE_BYTES];
    unsigned char slot[SLOT_BYTES];
    uint64_t generation;
    ssize_t size = read_both(fd, data, why);
    int newest;

    if (size == -1)
        return -1;
    *is_new_out = size == 0;
    newest = newest_slot(data, (size_t)size, NULL, &generation);
    slot_encode(t, generation + 1, slot);
    return write_slot(fd, slot, newest == 0 ? SLOT_BYTES : 0, why);
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
