/* See mltpage.h. The page is shared by processes, so a lock in it could be left locked by a killed
 * one: all is done with atomics. The plain members of a ring slot are read and written by atomic
 * accesses too: reader and writer may meet there, and the slot's sequence tells the reader to drop
 * what it got.
 *
 * One milter at a time: the writer holds a record lock (fcntl) on the file, which ends with its
 * process. */
#include "mltpage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

static_assert(sizeof(struct mltpage_message) == 64, "the slot is part of the contract");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a callback never waits");

static const char *const names[MLTPAGE_COUNTER_COUNT] = {
    [MLTPAGE_CONNECTS] = "connects",
    [MLTPAGE_ACCEPTED] = "accepted",
    [MLTPAGE_RECIPIENTS] = "recipients",
    [MLTPAGE_BYTES] = "bytes",
    [MLTPAGE_TLS] = "tls",
    [MLTPAGE_LOGINS] = "logins",
    [MLTPAGE_ABORTED] = "aborted",
};

const char *mltpage_counter_name(enum mltpage_counter c) {
    return names[c];
}

/* A slot's sequence when message `number` is complete in it. */
static uint64_t done(uint64_t number) {
    return 2 * (number + 1);
}

/* Each member is stored with release and loaded with acquire: who sees one new byte sees the odd
 * sequence before it. (Fences would do as well, but ThreadSanitizer does not know them.) */
static void slot_store(struct mltpage_message *slot, uint64_t number,
                       const struct mltpage_message *from) {
    uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

    /* A writer that was held up for a whole ring may still be in this slot, or one a ring ahead of
     * us was here: two in one slot would mix their messages, and waiting is not for a callback. */
    if (before % 2 != 0 || before > done(number) ||
        !atomic_compare_exchange_strong_explicit(&slot->sequence, &before, done(number) - 1,
                                                 memory_order_acquire, memory_order_relaxed)) {
        atomic_store_explicit(&slot->passed, done(number), memory_order_release);
        return;
    }
    __atomic_store_n(&slot->time_ms, from->time_ms, __ATOMIC_RELEASE);
    for (size_t i = 0; i < sizeof slot->queue_id; i++)
        __atomic_store_n(&slot->queue_id[i], from->queue_id[i], __ATOMIC_RELEASE);
    __atomic_store_n(&slot->bytes, from->bytes, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->recipients, from->recipients, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->flags, from->flags, __ATOMIC_RELEASE);
    atomic_store_explicit(&slot->sequence, done(number), memory_order_release);
}

/* Copies the slot. Returns its sequence, 0 when it changed meanwhile. */
static uint64_t slot_load(const struct mltpage_message *slot, struct mltpage_message *to) {
    uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);

    to->time_ms = __atomic_load_n(&slot->time_ms, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < sizeof to->queue_id; i++)
        to->queue_id[i] = __atomic_load_n(&slot->queue_id[i], __ATOMIC_ACQUIRE);
    to->queue_id[sizeof to->queue_id - 1] = '\0';
    to->bytes = __atomic_load_n(&slot->bytes, __ATOMIC_ACQUIRE);
    to->recipients = __atomic_load_n(&slot->recipients, __ATOMIC_ACQUIRE);
    to->flags = __atomic_load_n(&slot->flags, __ATOMIC_ACQUIRE);
    if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) != before)
        return 0;
    return before;
}

static bool is_ours(const struct mltpage *page) {
    return atomic_load_explicit(&page->magic, memory_order_acquire) == MLTPAGE_MAGIC &&
           page->version == MLTPAGE_VERSION && page->lineage != 0;
}

/* A milter killed between claiming a slot and filling it leaves a hole that would hold up the
 * reader for a whole ring. Nobody else writes now, so holes are closed by an empty message, which
 * the reader passes over as lost. */
static void close_holes(struct mltpage *page) {
    static const struct mltpage_message empty;
    uint64_t head = atomic_load(&page->head);

    for (uint64_t n = head > MLTPAGE_RING ? head - MLTPAGE_RING : 0; n < head; n++) {
        struct mltpage_message *slot = &page->ring[n % MLTPAGE_RING];

        if (atomic_load(&slot->sequence) == done(n))
            continue;
        atomic_store(&slot->sequence, 0); /* whoever was in it is dead */
        slot_store(slot, n, &empty);
    }
}

/* Makes path.new, one page of zeros with a lineage, and renames it over path. The magic is set by
 * the caller once it holds the lock. Returns the descriptor, or -1. */
static int make_file(const char *path, struct fault *why) {
    char beside[PATH_MAX];
    uint64_t lineage = 0;
    uint32_t version = MLTPAGE_VERSION;
    int fd;

    if (!text_format(beside, sizeof beside, "%s.new", path))
        return fault_set(why, "%s: path too long", path);
    if (unlink(beside) == -1 && errno != ENOENT)
        return fault_errno(why, "remove %s", beside);
    fd = open(beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd == -1)
        return fault_errno(why, "create %s", beside);
    while (lineage == 0) {
        if (getrandom(&lineage, sizeof lineage, 0) != sizeof lineage) {
            fault_errno(why, "getrandom");
            goto failed;
        }
    }
    /* fchmod: the umask may be stricter, and relaywatchd is another user. fallocate: a full file
     * system shows here, and not as SIGBUS in a callback. */
    if (fchmod(fd, 0644) == -1 || posix_fallocate(fd, 0, sizeof(struct mltpage)) != 0 ||
        pwrite(fd, &version, sizeof version, offsetof(struct mltpage, version)) == -1 ||
        pwrite(fd, &lineage, sizeof lineage, offsetof(struct mltpage, lineage)) == -1) {
        fault_errno(why, "write %s", beside);
        goto failed;
    }
    if (rename(beside, path) == -1) {
        fault_errno(why, "rename %s to %s", beside, path);
        goto failed;
    }
    return fd;
failed:
    unlink(beside);
    close(fd);
    return -1;
}

/* The lock is the process's own (fcntl), so it ends with the process however that ends. It is lost,
 * too, when the process closes any descriptor of the file: the writer keeps the one it has. */
static int lock_file(int fd, const char *path, struct fault *why) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_SETLK, &lock) == 0)
        return 0;
    if (errno != EACCES && errno != EAGAIN)
        return fault_errno(why, "lock %s", path);
    if (fcntl(fd, F_GETLK, &holder) == -1 || holder.l_type == F_UNLCK)
        return fault_set(why, "%s: another relaywatch-milter has it", path);
    return fault_set(why, "%s: another relaywatch-milter has it (process %ld)", path,
                     (long)holder.l_pid);
}

/* Two that start at once may both make a file: the one whose file does not stand at path gives up.
 */
static int check_place(int fd, const char *path, struct fault *why) {
    struct stat ours;
    struct stat there;

    if (fstat(fd, &ours) == -1 || lstat(path, &there) == -1)
        return fault_errno(why, "stat %s", path);
    if (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
        return fault_set(why, "%s: another relaywatch-milter made it just now", path);
    return 0;
}

/* Opens and locks what stands at path. Returns 0, and *fd_out -1 when nothing stands there that
 * could be a page of ours; -1 when somebody else writes it or on error. */
static int open_file(const char *path, int *fd_out, struct fault *why) {
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    *fd_out = -1;
    if (fd == -1) {
        if (errno == ENOENT || errno == ELOOP)
            return 0;
        return fault_errno(why, "open %s", path);
    }
    if (fstat(fd, &st) == -1) {
        fault_errno(why, "fstat %s", path);
        close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return fault_set(why, "%s: is no regular file", path);
    }
    if (lock_file(fd, path, why) == -1) {
        close(fd);
        return -1;
    }
    if (st.st_size != sizeof(struct mltpage) || st.st_uid != geteuid()) {
        close(fd);
        return 0;
    }
    *fd_out = fd;
    return 0;
}

static struct mltpage *map(int fd, int protection, const char *path, struct fault *why) {
    void *p = mmap(NULL, sizeof(struct mltpage), protection, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED)
        return p;
    fault_errno(why, "map %s", path);
    return NULL;
}

int mltpage_open(const char *path, struct mltpage **page_out, struct fault *why) {
    struct mltpage *page = NULL;
    int fd;

    if (open_file(path, &fd, why) == -1)
        return -1;
    if (fd != -1) {
        page = map(fd, PROT_READ | PROT_WRITE, path, why);
        if (page == NULL)
            goto failed;
        if (!is_ours(page)) {
            munmap(page, sizeof *page);
            close(fd);
            page = NULL;
        }
    }
    if (page == NULL) {
        fd = make_file(path, why);
        if (fd == -1)
            return -1;
        if (lock_file(fd, path, why) == -1 || check_place(fd, path, why) == -1)
            goto failed;
        page = map(fd, PROT_READ | PROT_WRITE, path, why);
        if (page == NULL)
            goto failed;
        atomic_store_explicit(&page->magic, MLTPAGE_MAGIC, memory_order_release);
    }
    close_holes(page);
    mltsenders_adopt(&page->senders, page->lineage);
    atomic_fetch_add(&page->generation, 1);
    *page_out = page;
    return 0; /* fd stays open: it holds the lock */
failed:
    close(fd);
    return -1;
}

int mltpage_attach(const char *path, const struct mltpage **page_out, struct fault *why) {
    struct mltpage *page;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd == -1)
        return fault_errno(why, "open %s", path);
    if (fstat(fd, &st) == -1) {
        fault_errno(why, "fstat %s", path);
        close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode) || st.st_size != sizeof(struct mltpage)) {
        close(fd);
        return fault_set(why, "%s: is no page of this version", path);
    }
    page = map(fd, PROT_READ, path, why);
    close(fd);
    if (page == NULL)
        return -1;
    if (!is_ours(page)) {
        munmap(page, sizeof *page);
        return fault_set(why, "%s: is no page of this version", path);
    }
    *page_out = page;
    return 0;
}

void mltpage_close(const struct mltpage **page) {
    if (*page != NULL)
        munmap((void *)(uintptr_t)*page, sizeof **page);
    *page = NULL;
}

void mltpage_alive(struct mltpage *page, int64_t mono_ms, int64_t wall_ms) {
    int64_t before_ms = atomic_load_explicit(&page->alive_ms, memory_order_relaxed);

    if (before_ms == 0 || mono_ms - before_ms > MLTPAGE_GAP_MS)
        atomic_store_explicit(&page->whole_since_ms, wall_ms, memory_order_relaxed);
    atomic_store_explicit(&page->alive_ms, mono_ms, memory_order_relaxed);
}

static void add(struct mltpage *page, enum mltpage_counter c, uint64_t n) {
    atomic_fetch_add_explicit(&page->counter[c], n, memory_order_relaxed);
}

void mltpage_accept(struct mltpage *page, int64_t time_ms, const char *queue_id,
                    uint32_t recipients, uint64_t bytes, uint32_t flags) {
    struct mltpage_message message = {
        .time_ms = time_ms, .bytes = bytes, .recipients = recipients, .flags = flags};
    uint64_t number;

    add(page, MLTPAGE_ACCEPTED, 1);
    add(page, MLTPAGE_RECIPIENTS, recipients);
    add(page, MLTPAGE_BYTES, bytes);
    if (flags & MLTPAGE_FLAG_LOGIN)
        add(page, MLTPAGE_LOGINS, 1);
    if (queue_id[0] == '\0')
        return; /* an empty one marks a hole */
    text_copy(message.queue_id, sizeof message.queue_id, queue_id);
    number = atomic_fetch_add_explicit(&page->head, 1, memory_order_relaxed);
    slot_store(&page->ring[number % MLTPAGE_RING], number, &message);
}

static bool was_passed(const struct mltpage *page, uint64_t number) {
    return atomic_load_explicit(&page->ring[number % MLTPAGE_RING].passed, memory_order_acquire) ==
           done(number);
}

uint64_t mltpage_read(const struct mltpage *page, uint64_t *next,
                      void (*on)(const struct mltpage_message *message, void *arg), void *arg) {
    uint64_t head = atomic_load_explicit(&page->head, memory_order_acquire);
    uint64_t lost = 0;

    if (*next > head)
        *next = head; /* a number from another lineage */
    if (head - *next > MLTPAGE_RING) {
        lost = head - *next - MLTPAGE_RING;
        *next += lost;
    }
    for (; *next < head; (*next)++) {
        struct mltpage_message message;
        uint64_t sequence = slot_load(&page->ring[*next % MLTPAGE_RING], &message);

        atomic_init(&message.sequence, sequence);
        if (sequence == done(*next) && message.queue_id[0] != '\0') {
            on(&message, arg);
        } else if (sequence >= done(*next) || was_passed(page, *next)) {
            lost++; /* a hole, overtaken by a whole ring, or left out */
        } else {
            break; /* being written: next time */
        }
    }
    return lost;
}
