/* For ThreadSanitizer: four writers and a reader at one table of senders. Where everybody has a
 * place the sums are exact in the end; where there are many more senders than places nobody is told
 * of with more than it sent. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "mltsenders.h"

enum { WRITERS = 4, EACH = 20000, FEW = 40, MANY = 3000 };

static const uint64_t secret = UINT64_C(0xfeedfacecafebeef);
static const int64_t now_ms = INT64_C(1800000000000);

struct job {
    struct mltsenders *table;
    unsigned senders;
};

static void *write_senders(void *arg) {
    const struct job *job = arg;
    char sender[32];

    for (unsigned i = 0; i < EACH; i++) {
        text_format(sender, sizeof sender, "s%u@example.com", i % job->senders);
        mltsenders_add(job->table, secret, sender, 1, now_ms);
    }
    return NULL;
}

/* Returns the sum of all, and in *most_out what the first one has. */
static uint64_t run(unsigned senders, uint64_t *most_out) {
    struct job job = {calloc(1, sizeof *job.table), senders};
    pthread_t threads[WRITERS];
    struct mltsenders_look look;

    if (job.table == NULL)
        exit(1);
    for (unsigned i = 0; i < senders && senders == FEW; i++) { /* each has its place */
        char sender[32];

        text_format(sender, sizeof sender, "s%u@example.com", i);
        mltsenders_add(job.table, secret, sender, 1, now_ms);
    }
    for (int i = 0; i < WRITERS; i++) {
        if (pthread_create(&threads[i], NULL, write_senders, &job) != 0)
            exit(1);
    }
    for (int i = 0; i < 200; i++)
        mltsenders_read(job.table, secret, 0, now_ms, &look);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    mltsenders_read(job.table, secret, 0, now_ms, &look);
    *most_out = look.recipients;
    free(job.table);
    return look.all;
}

int main(void) {
    uint64_t most;
    uint64_t all = run(FEW, &most);
    uint64_t many_most;
    uint64_t many = run(MANY, &many_most);

    printf("few: %llu, the first %llu; many: %llu, the first %llu\n", (unsigned long long)all,
           (unsigned long long)most, (unsigned long long)many, (unsigned long long)many_most);
    if (all != WRITERS * EACH + FEW || most != WRITERS * EACH / FEW + 1)
        return 1;
    if (many > WRITERS * EACH || many_most > (WRITERS * EACH + MANY - 1) / MANY + WRITERS)
        return 1;
    return 0;
}
