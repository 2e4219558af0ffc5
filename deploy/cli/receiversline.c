/* See receiversline.h. */
#include "receiversline.h"

#include <stdbool.h>
#include <string.h>

#include "text.h"

#include "json.h"

enum { SHOWN = 6 };

static bool is_bad(const struct json_t *receiver) {
    const char *state = json_get_text(receiver, "state");

    return strcmp(state, "failing") == 0 || strcmp(state, "refused") == 0;
}

static void add(char *out, size_t size, const char *text) {
    size_t n = strlen(out);

    text_format(out + n, size - n, "%s%s", n > 0 ? ", " : "", text);
}

static void describe(const struct json_t *receiver, int64_t now_s, char *out, size_t size) {
    const char *state = json_get_text(receiver, "state");
    int64_t since_s = (int64_t)json_get_real(receiver, "since", 0);
    char age[32];

    text_age(age, sizeof age, now_s > since_s ? now_s - since_s : 0);
    if (is_bad(receiver))
        text_format(out, size, "%s %s for %s (%s)", json_get_text(receiver, "name"),
                    strcmp(state, "failing") == 0 ? "FAILING" : "REFUSES", age,
                    json_get_text(receiver, "last_error"));
    else
        text_format(out, size, "%s %s", json_get_text(receiver, "name"),
                    strcmp(state, "idle") == 0 ? "not used yet" : state);
}

/* A heartbeat tells nobody anything. */
static bool has_teller(const struct json_t *all) {
    for (size_t i = 0; i < json_count(all); i++) {
        if (strcmp(json_get_text(json_at(all, i), "kind"), "heartbeat") != 0)
            return true;
    }
    return false;
}

void receiversline_text(const struct json_t *doc, int64_t now_s, char *out, size_t size) {
    const struct json_t *all = json_get(doc, "receivers");
    const char *refused = json_get_text(json_get(doc, "notify"), "refused");
    size_t count = json_count(all), shown = 0;
    int64_t waiting = 0;
    char text[400];

    out[0] = '\0';
    if (strcmp(json_get_text(json_get(doc, "notify"), "state"), "ok") != 0) {
        text_copy(out, size, "NOBODY IS TOLD: relaywatch-notify does not answer");
        return;
    }
    if (refused[0] != '\0')
        text_format(out, size, "receivers.conf NOT IN FORCE (%s)", refused);
    if (!has_teller(all) && refused[0] != '\0') {
        add(out, size, "nobody is told");
        return;
    }
    if (!has_teller(all)) {
        text_copy(out, size,
                  count == 0 ? "nobody is told: no receiver in receivers.conf"
                             : "nobody is told: only heartbeats in receivers.conf");
        return;
    }
    for (int bad = 1; bad >= 0; bad--) {
        for (size_t i = 0; i < count; i++) {
            const struct json_t *receiver = json_at(all, i);

            if (is_bad(receiver) != (bad == 1) || shown == SHOWN)
                continue;
            describe(receiver, now_s, text, sizeof text);
            add(out, size, text);
            shown++;
        }
    }
    if (count > shown) {
        text_format(text, sizeof text, "and %zu more", count - shown);
        add(out, size, text);
    }
    for (size_t i = 0; i < count; i++)
        waiting += json_get_int(json_at(all, i), "waiting", 0);
    if (waiting > 0) {
        size_t n = strlen(out);

        text_format(out + n, size - n, "; %lld notice%s", (long long)waiting,
                    waiting == 1 ? " waits" : "s wait");
    }
}
