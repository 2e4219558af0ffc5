/* Any line that claims to be of postqueue -j, added to what waits: the sums hold. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "diagnose.h"
#include "queueline.h"
#include "waiting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct waiting *w, const struct queueline *q) {
    const struct waiting_message message = {.id = span_of(queueline_id(q)),
                                            .queue = span_of(queueline_queue(q)),
                                            .sender = span_of(queueline_sender(q)),
                                            .arrived_s = queueline_arrived_s(q),
                                            .size = queueline_size(q)};

    waiting_begin(w, &message);
    for (size_t i = 0; i < queueline_recipients(q); i++)
        waiting_recipient(w, span_of(queueline_address(q, i)), span_of(queueline_reason(q, i)));
    waiting_end(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct diagnoser *diagnoser;
    static struct waiting w;
    const char *text = (const char *)data;

    if (diagnoser == NULL)
        diagnoser = diagnoser_new();
    waiting_init(&w, diagnoser);
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t n = end != NULL ? (size_t)(end - text) : size;
        struct fault why;
        struct queueline *q = queueline_parse((struct span){text, n}, &why);

        if (q != NULL)
            add(&w, q);
        queueline_free(&q);
        n += end != NULL;
        text += n;
        size -= n;
    }
    waiting_sort(&w);
    assert(w.messages == w.active + w.deferred + w.incoming + w.hold + w.other);
    assert(w.oldest_count == (w.messages < WAITING_OLDEST ? w.messages : WAITING_OLDEST));
    assert(w.group_count <= WAITING_GROUPS);
    for (size_t i = 1; i < w.group_count; i++)
        assert(w.group[i - 1].messages >= w.group[i].messages);
    return 0;
}
