/* For ThreadSanitizer: four writers and a reader at one ring. Each message carries figures that
 * follow from its queue id, so a mixture of two would show. In the end: read + lost = written, and
 * the totals are exact. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mltpage.h"
#include "text.h"

enum { WRITERS = 4, EACH = 20000 };

static struct mltpage *page;
static atomic_int running = WRITERS;
static uint64_t good;
static uint64_t mixed;

static void *write_messages(void *arg) {
    uint32_t writer = *(const uint32_t *)arg;

    for (uint32_t i = 0; i < EACH; i++) {
        char id[24];
        uint32_t value = writer * EACH + i;

        text_format(id, sizeof id, "%08X%08X", value, value);
        mltpage_accept(page, value, id, value % 7, value, value % 4);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void check(const struct mltpage_message *m, void *unused) {
    char id[24];
    uint32_t value = (uint32_t)m->bytes;

    (void)unused;
    text_format(id, sizeof id, "%08X%08X", value, value);
    if (span_is(span_of(id), m->queue_id) && m->time_ms == value && m->recipients == value % 7 &&
        m->flags == value % 4)
        good++;
    else
        mixed++;
}

int main(void) {
    char folder[] = "/tmp/mltpage_ring.XXXXXX";
    char path[64];
    pthread_t threads[WRITERS];
    uint32_t numbers[WRITERS];
    struct fault why;
    uint64_t next = 0;
    uint64_t lost = 0;
    uint64_t accepted;
    bool last;

    if (mkdtemp(folder) == NULL)
        return 1;
    text_format(path, sizeof path, "%s/counters", folder);
    if (mltpage_open(path, &page, &why) == -1) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    for (uint32_t i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, write_messages, &numbers[i]) != 0)
            return 1;
    }
    do {
        last = atomic_load(&running) == 0;
        lost += mltpage_read(page, &next, check, NULL);
    } while (!last);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    unlink(path);
    rmdir(folder);

    accepted = atomic_load(&page->counter[MLTPAGE_ACCEPTED]);
    printf("written %d, read %llu, lost %llu, mixed %llu\n", WRITERS * EACH,
           (unsigned long long)good, (unsigned long long)lost, (unsigned long long)mixed);
    if (mixed != 0 || good + lost != WRITERS * EACH || accepted != WRITERS * EACH || good == 0)
        return 1;
    return 0;
}
