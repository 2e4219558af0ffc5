/* See told.h.
 * {"version":1,"receivers":[{"identity","known","listed"}],"incidents":[{...,"told":[{"identity",...}]}]}
 */
#include "told.h"

#include <string.h>

#include "text.h"
#include "xmem.h"

#include "json.h"

static struct json_t *make_told(const struct slot *slot, const struct told *told) {
    struct json_t *out = json_make_object();

    json_put_text(out, "identity", slot->wish.identity);
    json_put_text(out, "status", told->status == TOLD_FIRING ? "firing" : "resolved");
    json_put_text(out, "severity", rank_name(told->rank));
    json_put_text(out, "diagnosis", told->diagnosis);
    json_put_int(out, "at_ms", told->at_ms);
    json_put_int(out, "times_firing", told->times[0]);
    json_put_int(out, "times_resolved", told->times[1]);
    return out;
}

static struct json_t *make_incident(const struct outbox *o, const struct incident *i) {
    struct json_t *out = json_make_object();
    struct json_t *told = json_make_array();

    json_put_text(out, "host", i->host);
    json_put_text(out, "url", i->url);
    json_put_text(out, "id", i->id);
    json_put_text(out, "diagnosis", i->diagnosis);
    json_put_text(out, "severity", rank_name(i->rank));
    json_put_int(out, "since_ms", i->since_ms);
    json_put_int(out, "sender_since_ms", i->sender_since_ms);
    json_put_int(out, "ended_ms", i->ended_ms);
    json_put_text(out, "alert", i->doc);
    for (int slot = 0; slot < OUTBOX_SLOTS; slot++) {
        if (i->told[slot].status != TOLD_NOTHING && o->slot[slot].wish.identity[0] != '\0')
            json_add(told, make_told(&o->slot[slot], &i->told[slot]));
    }
    json_put(out, "told", told);
    return out;
}

char *told_print(const struct outbox *o) {
    struct json_t *root = json_make_object();
    struct json_t *receivers = json_make_array();
    struct json_t *incidents = json_make_array();
    char *text;

    for (int slot = 0; slot < OUTBOX_SLOTS; slot++) {
        struct json_t *receiver;

        if (o->slot[slot].wish.identity[0] == '\0')
            continue;
        receiver = json_make_object();
        json_put_text(receiver, "identity", o->slot[slot].wish.identity);
        json_put_int(receiver, "known_ms", o->slot[slot].known_ms);
        json_put_int(receiver, "listed_ms", o->slot[slot].listed_ms);
        json_put_int(receiver, "ok_ms", o->slot[slot].ok_ms);
        json_add(receivers, receiver);
    }
    for (int k = 0; k < o->count; k++)
        json_add(incidents, make_incident(o, o->incident[k]));
    json_put_int(root, "version", 1);
    json_put(root, "receivers", receivers);
    json_put(root, "incidents", incidents);
    text = json_print(root, true);
    json_release(&root);
    return text;
}

static void read_receivers(const struct json_t *array, struct outbox *o) {
    for (size_t k = 0; k < json_count(array) && k < OUTBOX_SLOTS; k++) {
        const struct json_t *in = json_at(array, k);

        if (json_get_text(in, "identity")[0] == '\0')
            continue;
        text_copy(o->slot[k].wish.identity, sizeof o->slot[k].wish.identity,
                  json_get_text(in, "identity"));
        o->slot[k].known_ms = json_get_int(in, "known_ms", 0);
        o->slot[k].listed_ms = json_get_int(in, "listed_ms", 0);
        o->slot[k].ok_ms = json_get_int(in, "ok_ms", 0);
    }
}

static void read_told(const struct json_t *in, const struct outbox *o, struct incident *i) {
    for (int slot = 0; slot < OUTBOX_SLOTS; slot++) {
        struct told *told = &i->told[slot];
        int rank = rank_find(json_get_text(in, "severity"));

        if (o->slot[slot].wish.identity[0] == '\0' ||
            strcmp(o->slot[slot].wish.identity, json_get_text(in, "identity")) != 0)
            continue;
        told->status =
            strcmp(json_get_text(in, "status"), "firing") == 0 ? TOLD_FIRING : TOLD_RESOLVED;
        told->rank = rank != -1 ? rank : RANK_INFO;
        text_copy(told->diagnosis, sizeof told->diagnosis, json_get_text(in, "diagnosis"));
        told->at_ms = json_get_int(in, "at_ms", 0);
        told->times[0] = (unsigned)json_get_int(in, "times_firing", 0);
        told->times[1] = (unsigned)json_get_int(in, "times_resolved", 0);
    }
}

static void read_incident(const struct json_t *in, struct outbox *o) {
    int64_t since_ms = json_get_int(in, "since_ms", 0);
    int rank = rank_find(json_get_text(in, "severity"));
    const struct json_t *told = json_get(in, "told");
    struct incident *i;

    if (since_ms <= 0 || rank == -1 || json_get_text(in, "id")[0] == '\0' ||
        o->count == OUTBOX_INCIDENTS)
        return;
    i = outbox_insert(o, since_ms);
    text_copy(i->host, sizeof i->host, json_get_text(in, "host"));
    text_copy(i->url, sizeof i->url, json_get_text(in, "url"));
    text_copy(i->id, sizeof i->id, json_get_text(in, "id"));
    text_copy(i->diagnosis, sizeof i->diagnosis, json_get_text(in, "diagnosis"));
    i->rank = rank;
    i->sender_since_ms = json_get_int(in, "sender_since_ms", since_ms);
    i->ended_ms = json_get_int(in, "ended_ms", 0);
    i->doc = xstrdup(json_get_text(in, "alert"));
    for (size_t k = 0; k < json_count(told); k++)
        read_told(json_at(told, k), o, i);
}

int told_read(const char *text, size_t size, struct outbox *o, struct fault *why) {
    struct json_t *root = json_read(text, size, why);
    const struct json_t *incidents;

    if (root == NULL)
        return -1;
    if (json_get_int(root, "version", 0) != 1) {
        json_release(&root);
        return fault_set(why, "not of version 1");
    }
    read_receivers(json_get(root, "receivers"), o);
    incidents = json_get(root, "incidents");
    for (size_t k = 0; k < json_count(incidents); k++)
        read_incident(json_at(incidents, k), o);
    json_release(&root);
    return 0;
}
