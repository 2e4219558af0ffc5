/* The image of the last messages as a file may bring it back: whatever is in it, reading and going
 * on stay within bounds and end. The input is laid over an image that is right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash_key key = {{3, 4}};
static size_t sum;

static void on_fact(const struct history_fact *fact, void *arg) {
    (void)arg;
    for (int i = 0; i < HISTORY_TEXTS; i++) {
        for (size_t k = 0; k < fact->text[i].n; k++)
            sum += (unsigned char)fact->text[i].p[k];
    }
}

static bool on_message(const struct history_message *message, void *arg) {
    sum += strlen(message->queue_id);
    (void)history_facts(arg, message, on_fact, NULL);
    return true;
}

static void note(struct history *h, int number) {
    char id[16];
    struct mailev ev = {.kind = MAILEV_CLIENT, .time_ms = 1, .client = SPAN("c.example")};

    snprintf(id, sizeof id, "A%05d", number);
    ev.queue_id = span_of(id);
    history_note(h, &ev, ledger_id(&key, ev.queue_id));
    ev.kind = MAILEV_DELIVERY;
    ev.status = MAILEV_STATUS_DEFERRED;
    ev.to = SPAN("x@y.example");
    history_note(h, &ev, ledger_id(&key, ev.queue_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct history *h = history_new(8, &key);
    size_t image_size;
    unsigned char *image = history_image(h, &image_size);

    for (int i = 0; i < 11; i++)
        note(h, i);
    /* Two bytes say where the next ones go: up to 16 of them. */
    while (size >= 3) {
        size_t at = ((size_t)data[0] << 8 | data[1]) % (image_size - 16);
        size_t n = size - 2 < 16 ? size - 2 : 16;

        memcpy(image + at, data + 2, n);
        data += 2 + n;
        size -= 2 + n;
    }
    (void)history_adopt(h);
    history_find(h, SPAN("A00009"), (struct span){NULL, 0}, on_message, h);
    history_find(h, (struct span){NULL, 0}, SPAN("<x>"), on_message, h);
    for (int i = 0; i < 20; i++)
        note(h, i);
    history_find(h, SPAN("A00019"), (struct span){NULL, 0}, on_message, h);
    history_free(&h);
    return 0;
}
