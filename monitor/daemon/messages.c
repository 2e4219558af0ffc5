/* See messages.h. */
#include "messages.h"

#include <string.h>
#include <unistd.h>

#include "log.h"
#include "text.h"
#include "imagefile.h"
#include "ledgerfile.h"

static void on_end(uint64_t id, enum ledger_end end, int64_t time_ms, void *arg) {
    struct messages *m = arg;

    history_end(m->history, id, end, time_ms);
}

/* ---- the milter's ring ---- */

static void on_ring(const struct mltpage_message *message, void *arg) {
    struct messages *m = arg;
    struct span queue_id = {message->queue_id,
                            strnlen(message->queue_id, sizeof message->queue_id)};

    ledger_note_milter(m->ledger, queue_id, message->time_ms);
    history_note_milter(m->history, queue_id, message->time_ms);
}

static void read_ring(struct messages *m) {
    uint64_t next = ledger_totals(m->ledger)->ring;

    uint64_t head;

    if (m->page == NULL)
        return;
    head = atomic_load_explicit(&m->page->head, memory_order_acquire);
    if (m->page->lineage != ledger_totals(m->ledger)->ring_lineage)
        next = head; /* another page: what it has is in the log already */
    else if (next == head)
        return;
    (void)mltpage_read(m->page, &next, on_ring, m); /* what is lost there, the log tells */
    ledger_set_ring(m->ledger, next, m->page->lineage);
}

void messages_set_page(struct messages *m, const struct mltpage *page) {
    m->page = page;
}

/* ---- begin and end ---- */

static void load_history(struct messages *m, const struct conf *conf) {
    unsigned char *image;
    struct fault why;
    size_t size;

    m->history = history_new((size_t)conf->messages_kept, &m->key);
    image = history_image(m->history, &size);
    text_format(m->image_path, sizeof m->image_path, "%s/messages", conf->state_dir);
    if (imagefile_read(m->image_path, image, size) && !history_adopt(m->history))
        log_warn("messages", "%s: is not of this version: begun anew", m->image_path);
    m->image = imagefile_open(m->image_path, size, &why);
    if (m->image == -1)
        log_warn("messages", "%s: the last messages are not kept over a restart", why.text);
}

static void load_ledger(struct messages *m, const struct conf *conf, const char *lineage,
                        int64_t now_ms) {
    uint64_t before = ledger_totals(m->ledger)->spilled;
    enum ledgerfile_found found;
    uint64_t lost;

    m->file = ledgerfile_new(conf->state_dir, lineage);
    found = ledgerfile_load(m->file, m->ledger, now_ms);
    lost = ledger_totals(m->ledger)->spilled - before;
    if (found == LEDGERFILE_EXACT && lost == 0)
        return;
    log_warn("messages",
             "%s: not what belongs to the totals: %llu messages that were in the queue are now "
             "counted as unknown",
             conf->state_dir, (unsigned long long)lost);
}

void messages_begin(struct messages *m, const struct conf *conf, const struct totals *totals,
                    const struct ledger_totals *from, const struct mltpage *page, int64_t now_ms) {
    m->key = totals_hash_key(totals);
    load_history(m, conf);
    m->ledger = ledger_new(&m->key, on_end, m);
    ledger_restore(m->ledger, from);
    load_ledger(m, conf, totals->lineage, now_ms);
    m->page = page;
    if (page == NULL) /* whatever comes later begins then */
        ledger_set_ring(m->ledger, 0, 0);
    read_ring(m);
}

void messages_clear(struct messages *m) {
    if (m->ledger != NULL && m->image != -1)
        close(m->image);
    ledgerfile_free(&m->file);
    ledger_free(&m->ledger);
    history_free(&m->history);
}

/* ---- on the way ---- */

struct ledger_noted messages_note(struct messages *m, const struct mailev *ev, int64_t now_ms) {
    struct ledger_noted noted;

    if (ledger_may_end(ev))
        read_ring(m);
    noted = ledger_note(m->ledger, ev);
    trend_note(m->trend, ev, noted.id != 0 && !noted.retried, now_ms);
    if (noted.id == 0)
        return noted;
    history_note(m->history, ev, noted.id);
    delays_note(&m->delays, ev, noted.retried, now_ms);
    return noted;
}

bool messages_look(struct messages *m, const struct keeper_queue *queue,
                   const struct tail_figures *source, int64_t limit_ms, int64_t now_ms) {
    struct ledger_queue seen = {.limit_ms = limit_ms,
                                .log_read = source->state == TAIL_OK && source->lag_bytes == 0};
    struct ledger_totals before = *ledger_totals(m->ledger);

    read_ring(m);
    if (queue != NULL) {
        seen.known = true;
        seen.messages =
            queue->active + queue->incoming + queue->deferred + queue->hold + queue->corrupt;
        /* The age is that of what the keeper looked into. */
        if (queue->hold == 0 && queue->corrupt == 0 && queue->ages_partial == 0)
            seen.oldest_s = queue->oldest_s;
    }
    ledger_reconcile(m->ledger, &seen, now_ms);
    return memcmp(&before, ledger_totals(m->ledger), sizeof before) != 0;
}

static void save_history(struct messages *m) {
    size_t offset, size, whole;
    const unsigned char *image = history_image(m->history, &whole);
    struct fault why;

    while (m->image != -1 && history_take_changed(m->history, &offset, &size)) {
        if (imagefile_write(m->image, image, offset, size, &why) == 0) {
            m->told_image = false;
            continue;
        }
        history_change_again(m->history, offset, size);
        if (!m->told_image)
            log_warn("messages", "%s: %s", m->image_path, why.text);
        m->told_image = true;
        return;
    }
}

void messages_commit(struct messages *m) {
    struct fault why;

    if (ledgerfile_commit(m->file, m->ledger, &why) == -1)
        log_warn("messages", "%s: a restart will not know all that is in the queue", why.text);
    save_history(m);
}

bool messages_want_save(const struct messages *m) {
    return m->saved && ledgerfile_is_due(m->file);
}

void messages_before_save(struct messages *m) {
    struct fault why;

    if (m->saved && ledgerfile_is_due(m->file)) {
        m->saved = false;
        if (ledgerfile_renew(m->file, m->ledger, &why) == -1)
            log_warn("messages", "%s: a restart will not know all that is in the queue", why.text);
    }
    if (ledgerfile_sync(m->file, &why) == -1)
        log_warn("messages", "%s", why.text);
}

void messages_after_save(struct messages *m) {
    m->saved = true;
}
