/* See silences.h. */
#include "silences.h"

#include <string.h>

static struct silence *place(struct silences *s, const char *id) {
    for (int i = 0; i < SILENCES_MOST; i++) {
        if (strcmp(s->silence[i].id, id) == 0)
            return &s->silence[i];
    }
    return NULL;
}

bool silences_add(struct silences *s, const struct silence *silence) {
    struct silence *to = place(s, silence->id);

    if (to == NULL)
        to = place(s, "");
    if (to == NULL || silence->id[0] == '\0')
        return false;
    *to = *silence;
    s->changed = true;
    return true;
}

bool silences_remove(struct silences *s, const char *id) {
    struct silence *at = id[0] != '\0' ? place(s, id) : NULL;

    if (at == NULL)
        return false;
    memset(at, 0, sizeof *at);
    s->changed = true;
    return true;
}

void silences_expire(struct silences *s, int64_t now_ms) {
    for (int i = 0; i < SILENCES_MOST; i++) {
        if (s->silence[i].id[0] != '\0' && s->silence[i].until_ms <= now_ms)
            silences_remove(s, s->silence[i].id);
    }
}

const struct silence *silences_find(const struct silences *s, const char *id, int64_t now_ms) {
    const struct silence *found = NULL;

    for (int i = 0; i < SILENCES_MOST; i++) {
        const struct silence *at = &s->silence[i];

        if (at->id[0] == '\0' || at->until_ms <= now_ms ||
            (strcmp(at->id, id) != 0 && strcmp(at->id, SILENCES_ALL) != 0))
            continue;
        if (found == NULL || at->until_ms > found->until_ms)
            found = at;
    }
    return found;
}

void silences_shift(struct silences *s, int64_t by_ms) {
    for (int i = 0; i < SILENCES_MOST; i++) {
        s->silence[i].from_ms += s->silence[i].id[0] != '\0' ? by_ms : 0;
        s->silence[i].until_ms += s->silence[i].id[0] != '\0' ? by_ms : 0;
    }
    s->changed = true;
}

void silences_print(const struct silences *s, struct keptout *out) {
    for (int i = 0; i < SILENCES_MOST; i++) {
        const struct silence *at = &s->silence[i];

        if (at->id[0] == '\0')
            continue;
        keptout_line(out, "silence %s %lld %lld %s", at->id, (long long)at->from_ms,
                     (long long)at->until_ms, at->who);
        keptout_line(out, "why %s %s", at->id, at->why);
    }
}

bool silences_take(struct silences *s, struct span line) {
    struct keptline l = {line, false};
    struct span kind = keptline_word(&l);
    struct silence now = {.id = ""};
    struct silence *known;

    if (!span_is(kind, "silence") && !span_is(kind, "why"))
        return false;
    if (!text_copy_span(now.id, sizeof now.id, keptline_word(&l)) || l.bad)
        return false;
    if (span_is(kind, "why")) {
        known = place(s, now.id);
        if (known == NULL)
            return false;
        keptline_text(&l, known->why, sizeof known->why);
        return true;
    }
    now.from_ms = keptline_i64(&l, 0, INT64_C(1) << 50);
    now.until_ms = keptline_i64(&l, 0, INT64_C(1) << 50);
    keptline_text(&l, now.who, sizeof now.who);
    return !l.bad && silences_add(s, &now);
}
