/* See poison.h. */
#include "poison.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "xmem.h"

/* A line, and where it stood. */
struct held {
    uint64_t place;
    uint32_t length; /* of the line; text has no more than POISON_LINE of it */
    char text[POISON_LINE];
};

struct poison_page {
    char magic[16];
    volatile sig_atomic_t holds;   /* `hand` is being looked at */
    volatile sig_atomic_t crashed; /* set by the handler */
    uint32_t crashes;              /* at `suspect`, in a row */
    struct held hand, suspect;
};

static const char MAGIC[16] = "relaywatch-line1";

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
enum { FATAL = sizeof fatal / sizeof fatal[0], STACK_BYTES = 64 * 1024 };

static struct poison_page *volatile marked; /* what the handler marks */
static struct sigaction before[FATAL];
static stack_t own, stack_before;

/* ---- the handler ---- */

/* Raised anew it takes its ordinary way when this returns: until then it is blocked. */
static void on_crash(int number) {
    struct poison_page *page = marked;

    if (page != NULL && page->holds)
        page->crashed = 1;
    for (int i = 0; i < FATAL; i++) {
        if (fatal[i] == number)
            sigaction(number, &before[i], NULL);
    }
    raise(number);
}

/* On a stack of its own: the ordinary one may be what is used up. */
static void watch_signals(void) {
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};

    sigemptyset(&action.sa_mask);
    own = (stack_t){.ss_sp = xcalloc(1, STACK_BYTES), .ss_size = STACK_BYTES};
    if (sigaltstack(&own, &stack_before) == -1)
        action.sa_flags = 0;
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &action, &before[i]);
}

static void unwatch_signals(void) {
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &before[i], NULL);
    sigaltstack(&stack_before, NULL);
    free(own.ss_sp);
}

/* ---- lines ---- */

static size_t held_bytes(uint32_t length) {
    return length < POISON_LINE ? length : POISON_LINE;
}

static void hold(struct held *held, struct span line, uint64_t place) {
    held->place = place;
    held->length = (uint32_t)line.n;
    memcpy(held->text, line.p, held_bytes(held->length));
}

static bool is_same(const struct held *held, struct span line, uint64_t place) {
    return held->place == place && held->length == line.n &&
           memcmp(held->text, line.p, held_bytes(held->length)) == 0;
}

/* What the page of the life before tells. */
static void take_news(struct poison_page *page, struct poison_news *news) {
    const struct held *hand = &page->hand;
    struct span line = {hand->text, hand->length};

    if (page->holds && page->crashed) {
        if (page->crashes == 0 || !is_same(&page->suspect, line, hand->place)) {
            page->crashes = 0;
            memcpy(&page->suspect, hand, offsetof(struct held, text) + held_bytes(hand->length));
        }
        page->crashes++;
        news->crashes = page->crashes;
        line.n = held_bytes(hand->length);
        text_copy_printable(news->line, sizeof news->line, line);
    }
    page->holds = page->crashed = 0;
}

/* ---- begin and end ---- */

/* All of it has its room on the disk: touching a page of the file must not end us. */
static int open_file(const char *path, struct fault *why) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error;

    if (fd == -1)
        return fault_errno(why, "%s", path);
    error = posix_fallocate(fd, 0, sizeof(struct poison_page));
    if (error == 0 && ftruncate(fd, sizeof(struct poison_page)) == 0)
        return fd;
    errno = error != 0 ? error : errno;
    fault_errno(why, "%s", path);
    close(fd);
    return -1;
}

int poison_open(struct poison *poison, const char *path, struct poison_news *news_out,
                struct fault *why) {
    struct poison_page *page;
    int fd;

    *poison = (struct poison){.page = NULL};
    *news_out = (struct poison_news){.crashes = 0};
    fd = open_file(path, why);
    if (fd == -1)
        return -1;
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED)
        return fault_errno(why, "%s", path);
    if (memcmp(page->magic, MAGIC, sizeof MAGIC) != 0) {
        page->holds = page->crashed = 0;
        page->crashes = 0;
        memcpy(page->magic, MAGIC, sizeof MAGIC);
    }
    take_news(page, news_out);
    poison->page = page;
    marked = page;
    watch_signals();
    return 0;
}

void poison_close(struct poison *poison) {
    if (poison->page == NULL)
        return;
    unwatch_signals();
    marked = NULL;
    munmap(poison->page, sizeof *poison->page);
    poison->page = NULL;
}

bool poison_begin(struct poison *poison, struct span line, uint64_t place) {
    struct poison_page *page = poison->page;

    if (page == NULL)
        return false;
    if (page->crashes > 0) { /* rare */
        poison->is_suspect = is_same(&page->suspect, line, place);
        if (poison->is_suspect && page->crashes >= POISON_CRASHES)
            return true;
    }
    hold(&page->hand, line, place);
    atomic_signal_fence(memory_order_release);
    page->holds = 1;
    return false;
}

void poison_end(struct poison *poison) {
    if (poison->page == NULL)
        return;
    atomic_signal_fence(memory_order_release);
    poison->page->holds = 0;
    if (poison->is_suspect && poison->page->crashes < POISON_CRASHES)
        poison->page->crashes = 0; /* this life got over it */
    poison->is_suspect = false;
}

int poison_keep(const char *folder, uint64_t number, struct span line, char *path_out, size_t size,
                struct fault *why) {
    if (!text_format(path_out, size, "%s/poison-line.%" PRIu64, folder, number % POISON_COPIES))
        return fault_set(why, "%s: too long", folder);
    return file_replace(path_out, line.p, line.n, 0600, why);
}
