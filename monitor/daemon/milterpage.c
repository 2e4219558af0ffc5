/* See milterpage.h. */
#include "milterpage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "text.h"

enum { DAY_MS = 24 * 3600 * 1000 };

void milterpage_init(struct milterpage *m, const char *run_dir) {
    memset(m, 0, sizeof *m);
    text_format(m->path, sizeof m->path, "%s/milter/counters", run_dir);
}

void milterpage_clear(struct milterpage *m) {
    if (m->page != NULL)
        mltpage_close(&m->page);
}

static void field_name(char *out, size_t size, char kind, int c) {
    text_format(out, size, "%c.%s", kind, mltpage_counter_name((enum mltpage_counter)c));
}

void milterpage_restore(struct milterpage *m, const struct totals *from) {
    char name[40];

    if (sscanf(from->position, "page;%" SCNx64, &m->lineage) != 1)
        m->lineage = 0;
    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++) {
        field_name(name, sizeof name, 'b', c);
        m->base[c] = totals_get(from, name);
        field_name(name, sizeof name, 'c', c);
        m->value[c] = totals_get(from, name);
    }
}

void milterpage_attach(struct milterpage *m) {
    struct stat now;

    if (stat(m->path, &now) == -1)
        return;
    if (m->page != NULL && now.st_dev == m->device && now.st_ino == m->inode)
        return;
    milterpage_clear(m);
    if (mltpage_attach(m->path, &m->page, NULL) == -1)
        return;
    m->device = now.st_dev;
    m->inode = now.st_ino;
    log_info("milter", "reading %s", m->path);
}

bool milterpage_read(struct milterpage *m) {
    bool changed = false;

    milterpage_attach(m);
    if (m->page == NULL)
        return false;
    if (m->page->lineage != m->lineage) { /* counts from zero: what was counted is the base */
        m->lineage = m->page->lineage;
        memcpy(m->base, m->value, sizeof m->base);
    }
    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++) {
        uint64_t value =
            m->base[c] + atomic_load_explicit(&m->page->counter[c], memory_order_relaxed);

        changed |= value != m->value[c];
        m->value[c] = value;
    }
    m->alive_mono_ms = atomic_load_explicit(&m->page->alive_ms, memory_order_relaxed);
    return changed;
}

int64_t milterpage_last_ms(const struct milterpage *m) {
    const struct mltpage_message *last;
    uint64_t head, before;
    int64_t time_ms;

    if (m->page == NULL)
        return 0;
    head = atomic_load_explicit(&m->page->head, memory_order_acquire);
    if (head == 0)
        return 0;
    last = &m->page->ring[(head - 1) % MLTPAGE_RING];
    before = atomic_load_explicit(&last->sequence, memory_order_acquire);
    time_ms = last->time_ms;
    atomic_thread_fence(memory_order_acquire);
    return before == 2 * head &&
                   atomic_load_explicit(&last->sequence, memory_order_relaxed) == before
               ? time_ms
               : 0;
}

bool milterpage_senders(const struct milterpage *m, uint64_t near_at, int64_t now_ms,
                        int64_t mono_ms, struct mltsenders_look *out) {
    int64_t since_ms;

    *out = (struct mltsenders_look){.sender = ""};
    if (m->page == NULL)
        return false;
    mltsenders_read(&m->page->senders, m->page->lineage, near_at, now_ms, out);
    since_ms = atomic_load_explicit(&m->page->whole_since_ms, memory_order_relaxed);
    return since_ms > 0 && since_ms <= now_ms - DAY_MS &&
           mono_ms - atomic_load_explicit(&m->page->alive_ms, memory_order_relaxed) <=
               MLTPAGE_GAP_MS;
}

void milterpage_totals(const struct milterpage *m, struct totals *out) {
    char name[40];

    totals_clear(out);
    text_format(out->position, sizeof out->position, "page;%016" PRIx64, m->lineage);
    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++) {
        field_name(name, sizeof name, 'c', c);
        totals_set(out, name, m->value[c]);
        field_name(name, sizeof name, 'b', c);
        totals_set(out, name, m->base[c]);
    }
}
