/* A packet of alerts from a sender that is not trusted: what is accepted is within its bounds,
 * survives the outbox and its file, and makes payloads. */
#include "alertset.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "outbox.h"
#include "pagerduty.h"
#include "payload.h"
#include "slack.h"
#include "told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_bodies(const struct incident *incident, const struct notice *notice) {
    char *bodies[] = {payload_webhook(incident, notice), slack_message(incident, notice),
                      pagerduty_event(incident, notice, "KEY")};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct fault why;
        struct json_t *json = json_read(bodies[i], strlen(bodies[i]), &why);

        assert(json != NULL);
        json_release(&json);
        free(bodies[i]);
    }
}

static void use(const struct alertset *set) {
    static const struct wish receivers[] = {{.identity = "r", .wants_end = true}};
    static struct notice batch[OUTBOX_BATCH];
    struct outbox *o = outbox_new(0);
    struct outbox *again = outbox_new(0);
    struct fault why;
    bool news;
    char *text;
    int n;

    outbox_list(o, receivers, 1, 0);
    outbox_take(o, set, 1732340000000);
    assert(o->count <= set->count);
    for (int i = 0; i < 100 && outbox_next(o, 0, 1732340000000, &batch[0]); i++) {
        make_bodies(outbox_find(o, batch[0].host, batch[0].id, batch[0].since_ms), &batch[0]);
        outbox_told(o, 0, &batch[0], 1732340000000);
        assert(i < set->count);
    }
    assert(!outbox_take(o, set, 1732340000000) || set->count > 1);
    n = outbox_batch(o, 0, 1732340000000, batch, &news);
    assert(n <= OUTBOX_BATCH);
    free(payload_alertmanager(o, batch, n, 1732340000000));
    text = told_print(o);
    assert(told_read(text, strlen(text), again, &why) == 0);
    assert(again->count == o->count);
    free(text);
    outbox_free(&o);
    outbox_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fault why = {""};
    char *exact = malloc(size + 1);
    struct alertset *set;

    memcpy(exact, data, size);
    set = alertset_read(exact, size, &why);
    assert((set == NULL) == (why.text[0] != '\0'));
    if (set != NULL) {
        for (int i = 0; i < set->count; i++) {
            const struct alertset_entry *e = &set->entry[i];

            assert(strlen(e->id) > 0 && e->rank >= 0 && e->rank < RANK_COUNT && e->since_ms > 0);
            assert(e->ended_ms == 0 || e->ended_ms > e->since_ms);
        }
        use(set);
    }
    alertset_free(&set);
    free(exact);
    return 0;
}
