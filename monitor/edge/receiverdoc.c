/* See receiverdoc.h. */
#include "receiverdoc.h"

#include <string.h>

#include "text.h"

#include "json.h"

static void put_seconds(struct json_t *object, const char *key, int64_t ms) {
    if (ms == 0)
        json_put_null(object, key);
    else
        json_put_real(object, key, (double)ms / 1000.0);
}

static struct json_t *make_one(const struct receiver_state *state) {
    struct json_t *o = json_make_object();

    json_put_text(o, "name", state->name);
    json_put_text(o, "kind", state->kind);
    json_put_text(o, "place", state->place);
    json_put_text(o, "state", receiverstate_name(state->condition));
    json_put_bool(o, "tells", state->tells);
    put_seconds(o, "last_ok", state->last_ok_ms);
    put_seconds(o, "since", receiverstate_is_bad(state) ? state->since_ms : 0);
    json_put_text(o, "last_error", state->last_error[0] != '\0' ? state->last_error : NULL);
    json_put_int(o, "waiting", state->waiting);
    return o;
}

struct json_t *receiverdoc_make_array(const struct receiver_report *report) {
    struct json_t *array = json_make_array();

    for (int i = 0; i < report->count; i++)
        json_add(array, make_one(&report->receiver[i]));
    return array;
}

char *receiverdoc_print(const struct receiver_report *report) {
    struct json_t *packet = json_make_object();
    char *text;

    json_put_int(packet, "version", 1);
    json_put(packet, "receivers", receiverdoc_make_array(report));
    if (report->refused[0] != '\0')
        json_put_text(packet, "refused", report->refused);
    text = json_print(packet, false);
    json_release(&packet);
    return text;
}

static int64_t get_ms(const struct json_t *object, const char *key) {
    double seconds = json_get_real(object, key, 0);

    return seconds > 0 && seconds < 7258118400.0 ? (int64_t)(seconds * 1000.0 + 0.5)
                                                 : 0; /* the year 2200 */
}

static void read_one(const struct json_t *in, struct receiver_report *out) {
    struct receiver_state *state = &out->receiver[out->count];
    enum receiver_condition condition = receiverstate_find(json_get_text(in, "state"));
    int64_t waiting = json_get_int(in, "waiting", 0);

    if (condition == RECEIVER_CONDITIONS || json_get_text(in, "name")[0] == '\0')
        return;
    out->count++;
    memset(state, 0, sizeof *state);
    state->condition = condition;
    state->tells = json_get_bool(in, "tells");
    state->last_ok_ms = get_ms(in, "last_ok");
    state->since_ms = get_ms(in, "since");
    state->waiting = waiting > 0 && waiting < 1000000 ? (uint32_t)waiting : 0;
    text_copy_printable(state->name, sizeof state->name, span_of(json_get_text(in, "name")));
    text_copy_printable(state->kind, sizeof state->kind, span_of(json_get_text(in, "kind")));
    text_copy_printable(state->place, sizeof state->place, span_of(json_get_text(in, "place")));
    text_copy_printable(state->last_error, sizeof state->last_error,
                        span_of(json_get_text(in, "last_error")));
}

int receiverdoc_read(const char *packet, size_t size, struct receiver_report *out,
                     struct fault *why) {
    struct json_t *json = json_read(packet, size, why);
    const struct json_t *array;

    if (json == NULL)
        return -1;
    if (json_get_int(json, "version", 0) != 1) {
        json_release(&json);
        return fault_set(why, "not a report of version 1");
    }
    array = json_get(json, "receivers");
    out->count = 0;
    for (size_t i = 0; i < json_count(array) && out->count < RECEIVERSTATES_MOST; i++)
        read_one(json_at(array, i), out);
    text_copy_printable(out->refused, sizeof out->refused, span_of(json_get_text(json, "refused")));
    json_release(&json);
    return 0;
}
