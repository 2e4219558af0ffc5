/* mltpage_dump PATH: prints the milter's shared page, "name value" a line, and then the ring,
 * "message QUEUE_ID RECIPIENTS BYTES FLAGS" a line. For the process tests. */
#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "mltpage.h"

static void print_message(const struct mltpage_message *m, void *unused) {
    (void)unused;
    printf("message %s %" PRIu32 " %" PRIu64 " %" PRIu32 "\n", m->queue_id, m->recipients, m->bytes,
           m->flags);
}

int main(int argc, char **argv) {
    const struct mltpage *page;
    struct mltsenders_look look;
    struct fault why;
    uint64_t next = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: mltpage_dump PATH\n");
        return 64;
    }
    if (mltpage_attach(argv[1], &page, &why) == -1) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    printf("lineage %016" PRIx64 "\n", page->lineage);
    printf("generation %" PRIu64 "\n", atomic_load(&page->generation));
    printf("age_ms %" PRId64 "\n", clock_mono_ms() - atomic_load(&page->alive_ms));
    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++)
        printf("%s %" PRIu64 "\n", mltpage_counter_name((enum mltpage_counter)c),
               atomic_load(&page->counter[c]));
    printf("lost %" PRIu64 "\n", mltpage_read(page, &next, print_message, NULL));
    mltsenders_read(&page->senders, page->lineage, 0, clock_wall_ms(), &look);
    printf("top %s %" PRIu64 "\n", look.sender, look.recipients);
    printf("counted %" PRIu64 "\n", look.all);
    mltpage_close(&page);
    return 0;
}
