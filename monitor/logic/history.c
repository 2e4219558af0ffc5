/* See history.h. The image: a head, the messages (a ring by their number), the ring of facts. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"
#include "factring.h"
#include "idmap.h"
#include "pages.h"

_Static_assert((int)HISTORY_TEXTS == (int)FACTRING_TEXTS, "a fact has the texts of an answer");

enum { WALK_MOST = 16, AGAIN_MS = 10 * 60 * 1000 };

/* history_message.flags */
enum { HAS_CLIENT = 1, HAS_MESSAGE_ID = 2, DEFERRED = 4, INDEXED = 8, HELD = 16, HAS_SENDER = 32 };

static const char magic[8] = "RWMSGS1";

struct image_head {
    char magic[8];
    uint64_t messages;
    uint64_t message_size; /* of a struct history_message */
    uint64_t fact_size;    /* of a struct fact */
    uint64_t next;         /* number of the next message */
    uint64_t end;          /* of the facts */
};

struct history {
    struct hash_key key;
    struct idmap map; /* the newest message of each id */
    unsigned char *image;
    size_t image_size;
    struct image_head *head;
    struct history_message *message;
    struct factring facts;
    size_t messages;
    struct pages pages;
    uint32_t sweep; /* how often all that changed was taken, + 1 */
};

static const uint16_t longest[HISTORY_KIND_COUNT][FACTRING_TEXTS] = {
    [HISTORY_CLIENT] = {128, 48, 96},
    [HISTORY_MESSAGE_ID] = {250},
    [HISTORY_SENDER] = {160},
    [HISTORY_RECIPIENT] = {160, 96, 12, 300},
    [HISTORY_REFUSAL] = {300},
    [HISTORY_NOTIFICATION] = {HISTORY_QUEUE_ID - 1},
    [HISTORY_RENAMED] = {HISTORY_QUEUE_ID - 1},
    [HISTORY_GOES_ON] = {HISTORY_QUEUE_ID - 1},
};

static void begin(struct history *h) {
    memcpy(h->head->magic, magic, sizeof magic);
    h->head->messages = h->messages;
    h->head->message_size = sizeof *h->message;
    h->head->fact_size = sizeof(struct fact);
    h->head->end = FACTRING_ALIGN;
}

struct history *history_new(size_t messages, const struct hash_key *key) {
    struct history *h = xcalloc(1, sizeof *h);
    size_t before_facts = sizeof *h->head + messages * sizeof *h->message;

    h->key = *key;
    h->messages = messages;
    h->facts.size = messages * HISTORY_BYTES_EACH + FACTRING_SIZE_MOST;
    h->image_size = (before_facts + h->facts.size + PAGES_SIZE - 1) / PAGES_SIZE * PAGES_SIZE;
    h->image = xcalloc(1, h->image_size);
    h->head = (struct image_head *)(void *)h->image;
    h->message = (struct history_message *)(void *)(h->image + sizeof *h->head);
    h->facts.bytes = h->image + before_facts;
    h->facts.end = &h->head->end;
    pages_init(&h->pages, h->image_size);
    idmap_init(&h->map, h->message, sizeof *h->message);
    h->sweep = 1;
    begin(h);
    return h;
}

void history_free(struct history **history) {
    if (*history == NULL)
        return;
    idmap_clear(&(*history)->map);
    pages_clear(&(*history)->pages);
    free((*history)->image);
    free(*history);
    *history = NULL;
}

static void mark(struct history *h, const void *from, size_t n) {
    pages_mark(&h->pages, (size_t)((const unsigned char *)from - h->image), n);
}

/* ---- facts ---- */

static struct fact *add_fact(struct history *h, struct history_message *m, enum history_kind kind,
                             const struct mailev *ev, const struct span text[FACTRING_TEXTS]) {
    uint64_t place;
    struct fact *fact = factring_add(&h->facts, text, longest[kind], &place);

    if (m->sweep != h->sweep) {
        m->older = m->chain;
        m->sweep = h->sweep;
    }
    fact->prev = m->chain;
    fact->time_ms = ev->time_ms;
    fact->kind = (uint8_t)kind;
    fact->status = (uint8_t)ev->status;
    fact->count = 1;
    m->chain = place;
    mark(h, fact, fact->size);
    return fact;
}

static void add_text(struct history *h, struct history_message *m, enum history_kind kind,
                     const struct mailev *ev, struct span text) {
    add_fact(h, m, kind, ev, (const struct span[FACTRING_TEXTS]){text});
}

/* ---- messages ---- */

static struct history_message *find(struct history *h, uint64_t id) {
    uint32_t number = idmap_find(&h->map, id);

    return number == IDMAP_NONE ? NULL : &h->message[number];
}

static void unindex(struct history *h, struct history_message *m) {
    if ((m->flags & INDEXED) == 0)
        return;
    idmap_remove(&h->map, (uint32_t)(m - h->message));
    m->flags &= (uint8_t)~INDEXED;
}

static struct history_message *begin_message(struct history *h, uint64_t id, struct span queue_id,
                                             int64_t arrived_ms) {
    struct history_message *old = find(h, id);
    struct history_message *m = &h->message[h->head->next % h->messages];

    if (old != NULL)
        unindex(h, old);
    unindex(h, m);
    h->head->next++;
    *m = (struct history_message){
        .id = id, .arrived_ms = arrived_ms, .end = HISTORY_OPEN, .flags = INDEXED};
    text_copy_span(m->queue_id, sizeof m->queue_id, queue_id);
    idmap_add(&h->map, (uint32_t)(m - h->message));
    return m;
}

/* The newest fact of this kind, or NULL. */
static struct fact *newest(struct history *h, const struct history_message *m,
                           enum history_kind kind) {
    struct fact *fact = factring_at(&h->facts, m->chain);

    while (fact != NULL && fact->kind != kind)
        fact = factring_at(&h->facts, fact->prev);
    return fact;
}

/* Does the line begin the message that is there already, and is read once more after a crash? All
 * that comes after it is then read again, too. */
static bool is_again(struct history *h, struct history_message *m, const struct mailev *ev,
                     enum history_kind kind) {
    const struct fact *fact = newest(h, m, kind);

    if (fact != NULL)
        return fact->time_ms == ev->time_ms;
    /* The crash came while its facts were written, or they fell off long ago. */
    return ev->time_ms - m->arrived_ms < AGAIN_MS;
}

/* The message of a line that comes once, at the beginning of a message's way, and makes a fact of
 * this kind: `has` tells that it was there. */
static struct history_message *arriving(struct history *h, const struct mailev *ev, uint64_t id,
                                        uint8_t has, enum history_kind kind) {
    struct history_message *m = find(h, id);

    if (m != NULL && (m->flags & has) != 0 && is_again(h, m, ev, kind)) {
        m->end = HISTORY_OPEN;
        m->ended_ms = 0;
    } else if (m == NULL || m->end != HISTORY_OPEN || (m->flags & has) != 0) {
        m = begin_message(h, id, ev->queue_id, ev->time_ms);
    }
    m->flags |= has;
    return m;
}

/* Adds a fact that there is once. */
static void add_once(struct history *h, struct history_message *m, enum history_kind kind,
                     const struct mailev *ev, const struct span text[FACTRING_TEXTS]) {
    if (newest(h, m, kind) == NULL)
        add_fact(h, m, kind, ev, text);
}

/* Is the text of the fact what this one would be there? */
static bool is_text(const struct fact *fact, unsigned i, struct span text) {
    uint16_t most = longest[HISTORY_RECIPIENT][i];

    text.n = text.n < most ? text.n : most;
    return span_equal(factring_text(fact, i), text);
}

/* What was last said of this recipient; NULL: nothing, or too long ago to look for it at each line.
 */
static struct fact *last_attempt(struct history *h, const struct history_message *m,
                                 struct span to) {
    struct fact *fact = factring_at(&h->facts, m->chain);

    for (int i = 0; fact != NULL && i < WALK_MOST; i++, fact = factring_at(&h->facts, fact->prev)) {
        if (fact->kind == HISTORY_RECIPIENT && is_text(fact, 0, to))
            return fact;
    }
    return NULL;
}

/* Does the attempt say the same as the last one? */
static bool is_same(const struct fact *fact, const struct mailev *ev,
                    const struct span text[FACTRING_TEXTS]) {
    for (unsigned i = 0; i < FACTRING_TEXTS; i++) {
        if (!is_text(fact, i, text[i]))
            return false;
    }
    return fact->status == (uint8_t)ev->status;
}

static void note_delivery(struct history *h, struct history_message *m, const struct mailev *ev) {
    const struct span text[FACTRING_TEXTS] = {ev->to, ev->relay, ev->dsn, ev->text};
    struct fact *last = (m->flags & DEFERRED) != 0 ? last_attempt(h, m, ev->to) : NULL;
    uint16_t attempts = 1;

    if (last != NULL && ev->time_ms <= last->time_ms)
        return; /* the same line again */
    if (last != NULL)
        attempts = (uint16_t)(last->count + (last->count < UINT16_MAX));
    if (last == NULL || !is_same(last, ev, text))
        last = add_fact(h, m, HISTORY_RECIPIENT, ev, text);
    last->count = attempts;
    last->time_ms = ev->time_ms;
    mark(h, last, sizeof *last);
    if (ev->status == MAILEV_STATUS_DEFERRED)
        m->flags |= DEFERRED;
}

static void note_queued(struct history *h, struct history_message *m, const struct mailev *ev) {
    if (m->recipients == 0) { /* else a later attempt, which has fewer */
        m->recipients = ev->recipients;
        m->size_bytes = ev->size_bytes;
    }
    if ((m->flags & HAS_SENDER) == 0 || newest(h, m, HISTORY_SENDER) == NULL)
        add_text(h, m, HISTORY_SENDER, ev, ev->from);
    m->flags |= HAS_SENDER;
}

/* Is it about a message that is in the queue, or was until now? */
static bool is_of_queue(enum mailev_kind kind) {
    return kind == MAILEV_QUEUED || kind == MAILEV_DELIVERY || kind == MAILEV_EXPIRED ||
           kind == MAILEV_REMOVED || kind == MAILEV_BOUNCE_NOTICE;
}

/* Lines about a message that is known, or came in before we looked. */
static struct history_message *note_known(struct history *h, const struct mailev *ev, uint64_t id) {
    struct history_message *m = find(h, id);

    if (m == NULL && !is_of_queue(ev->kind))
        return NULL;
    if (m == NULL)
        m = begin_message(h, id, ev->queue_id, 0);
    if (ev->act == MAILEV_ACT_HELD)
        m->flags |= HELD;
    else if (ev->act == MAILEV_ACT_RELEASED || ev->kind == MAILEV_QUEUED)
        m->flags &= (uint8_t)~HELD;
    if (ev->kind == MAILEV_QUEUED)
        note_queued(h, m, ev);
    else if (ev->kind == MAILEV_DELIVERY)
        note_delivery(h, m, ev);
    else if (ev->kind == MAILEV_REJECTED)
        add_text(h, m, HISTORY_REFUSAL, ev, ev->text);
    else if (ev->kind == MAILEV_BOUNCE_NOTICE)
        add_text(h, m, HISTORY_NOTIFICATION, ev, ev->other_id);
    return m;
}

/* postsuper -r: the old one tells of the new one, and the other way round. */
static struct history_message *note_renamed(struct history *h, const struct mailev *ev,
                                            uint64_t id) {
    struct history_message *m = arriving(h, ev, id, HAS_CLIENT, HISTORY_RENAMED);
    struct history_message *old = find(h, ledger_id(&h->key, ev->other_id));

    add_once(h, m, HISTORY_RENAMED, ev, (const struct span[FACTRING_TEXTS]){ev->other_id});
    if (old != NULL) {
        add_once(h, old, HISTORY_GOES_ON, ev, (const struct span[FACTRING_TEXTS]){ev->queue_id});
        mark(h, old, sizeof *old);
    }
    return m;
}

/* smtpd(8)'s line or cleanup(8)'s. */
static struct history_message *note_arrival(struct history *h, const struct mailev *ev,
                                            uint64_t id) {
    bool is_client = ev->kind == MAILEV_CLIENT;
    enum history_kind kind = is_client ? HISTORY_CLIENT : HISTORY_MESSAGE_ID;
    const struct span text[FACTRING_TEXTS] = {is_client ? ev->client : ev->message_id,
                                              ev->client_ip, ev->sasl_username};
    struct history_message *m = arriving(h, ev, id, is_client ? HAS_CLIENT : HAS_MESSAGE_ID, kind);

    add_once(h, m, kind, ev, text);
    return m;
}

void history_note(struct history *h, const struct mailev *ev, uint64_t id) {
    struct history_message *m;

    if (id == 0)
        return;
    if (ev->kind == MAILEV_CLIENT || ev->kind == MAILEV_ACCEPTED)
        m = note_arrival(h, ev, id);
    else if (ev->act == MAILEV_ACT_RENAMED)
        m = note_renamed(h, ev, id);
    else
        m = note_known(h, ev, id);
    if (m == NULL)
        return;
    mark(h, m, sizeof *m);
    mark(h, h->head, sizeof *h->head);
    if (ev->kind == MAILEV_REMOVED && m->end == HISTORY_OPEN)
        history_end(h, id, LEDGER_STRAY, ev->time_ms);
}

void history_note_milter(struct history *h, struct span queue_id, int64_t time_ms) {
    uint64_t id = ledger_id(&h->key, queue_id);
    struct history_message *m = id != 0 ? find(h, id) : NULL;

    if (id == 0 || (m != NULL && m->end == HISTORY_OPEN))
        return;
    m = begin_message(h, id, queue_id, time_ms);
    mark(h, m, sizeof *m);
    mark(h, h->head, sizeof *h->head);
}

void history_end(struct history *h, uint64_t id, enum ledger_end end, int64_t time_ms) {
    struct history_message *m = find(h, id);

    if (m == NULL || m->end != HISTORY_OPEN)
        return;
    m->end = (int8_t)end;
    m->ended_ms = time_ms;
    mark(h, m, sizeof *m);
}

/* ---- the answer ---- */

bool history_facts(const struct history *h, const struct history_message *m,
                   void (*on)(const struct history_fact *fact, void *arg), void *arg) {
    uint64_t place = m->chain;
    const struct fact *fact;

    for (; (fact = factring_at(&h->facts, place)) != NULL; place = fact->prev) {
        struct history_fact out = {.kind = (enum history_kind)fact->kind,
                                   .attempts = fact->count,
                                   .time_ms = fact->time_ms};

        if (fact->status <= MAILEV_STATUS_OTHER)
            out.status = (enum mailev_status)fact->status;
        for (unsigned i = 0; i < FACTRING_TEXTS; i++)
            out.text[i] = factring_text(fact, i);
        if (fact->kind < HISTORY_KIND_COUNT)
            on(&out, arg);
    }
    return place == 0;
}

bool history_is_newest(const struct history_message *message) {
    return (message->flags & INDEXED) != 0;
}

bool history_is_held(const struct history_message *message) {
    return (message->flags & HELD) != 0;
}

static struct span without_brackets(struct span s) {
    if (s.n > 0 && s.p[0] == '<') {
        s.p++;
        s.n--;
    }
    if (s.n > 0 && s.p[s.n - 1] == '>')
        s.n--;
    return s;
}

static bool has_message_id(const struct history *h, const struct history_message *m,
                           struct span message_id) {
    const struct fact *fact = factring_at(&h->facts, m->chain);

    for (; fact != NULL; fact = factring_at(&h->facts, fact->prev)) {
        struct span have = factring_text(fact, 0);
        struct span want = message_id;

        if (fact->kind != HISTORY_MESSAGE_ID)
            continue;
        if (have.n == longest[HISTORY_MESSAGE_ID][0] && want.n + 1 > have.n)
            want.n = have.n - 1; /* it was cut; its < is there */
        if (span_equal(without_brackets(have), want))
            return true;
    }
    return false;
}

void history_find(const struct history *h, struct span queue_id, struct span message_id,
                  bool (*on)(const struct history_message *message, void *arg), void *arg) {
    uint64_t count = history_count(h, NULL);

    message_id = without_brackets(message_id);
    for (uint64_t i = 1; i <= count; i++) {
        const struct history_message *m = &h->message[(h->head->next - i) % h->messages];
        bool fits =
            queue_id.n > 0 ? span_is(queue_id, m->queue_id) : has_message_id(h, m, message_id);

        if (fits && !on(m, arg))
            return;
    }
}

static int64_t first_time(const struct history *h, const struct history_message *m) {
    const struct fact *fact = factring_at(&h->facts, m->chain);

    if (m->arrived_ms != 0)
        return m->arrived_ms;
    return fact != NULL ? fact->time_ms : m->ended_ms;
}

size_t history_count(const struct history *h, int64_t *oldest_ms_out) {
    uint64_t next = h->head->next;
    size_t count = next < h->messages ? (size_t)next : h->messages;

    if (oldest_ms_out != NULL)
        *oldest_ms_out = count > 0 ? first_time(h, &h->message[(next - count) % h->messages]) : 0;
    return count;
}

/* ---- the image ---- */

unsigned char *history_image(struct history *h, size_t *size_out) {
    *size_out = h->image_size;
    return h->image;
}

bool history_adopt(struct history *h) {
    const struct image_head *head = h->head;
    size_t count;

    idmap_clear(&h->map);
    idmap_init(&h->map, h->message, sizeof *h->message);
    if (memcmp(head->magic, magic, sizeof magic) != 0 || head->messages != h->messages ||
        head->message_size != sizeof *h->message || head->fact_size != sizeof(struct fact) ||
        head->end < FACTRING_ALIGN || head->end % FACTRING_ALIGN != 0 ||
        head->end > UINT64_MAX / 2 || head->next > UINT64_MAX / 2) {
        memset(h->image, 0, h->image_size);
        begin(h);
        mark(h, h->image, h->image_size);
        return false;
    }
    for (size_t i = 0; i < h->messages; i++)
        h->message[i].flags &= (uint8_t)~INDEXED;
    count = history_count(h, NULL);
    for (uint64_t i = head->next - count; i < head->next; i++) {
        struct history_message *m = &h->message[i % h->messages];
        struct history_message *old;

        m->queue_id[sizeof m->queue_id - 1] = '\0';
        m->id = ledger_id(&h->key, span_of(m->queue_id)); /* the key may be another one now */
        m->sweep = 0;
        if (m->chain >= head->end) /* its newest facts were not written */
            m->chain = m->older;
        if (m->end < HISTORY_OPEN || m->end > LEDGER_RENAMED)
            m->end = LEDGER_UNKNOWN;
        if (m->id == 0)
            continue;
        old = find(h, m->id);
        if (old != NULL)
            unindex(h, old);
        m->flags |= INDEXED;
        idmap_add(&h->map, (uint32_t)(m - h->message));
    }
    return true;
}

bool history_take_changed(struct history *h, size_t *offset_out, size_t *size_out) {
    bool any = pages_take(&h->pages, offset_out, size_out);

    h->sweep += !any;
    return any;
}

void history_change_again(struct history *h, size_t offset, size_t size) {
    pages_mark(&h->pages, offset, size);
}
