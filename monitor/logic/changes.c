/* See changes.h. */
#include "changes.h"

#include <string.h>

enum { SAME_MS = 60 * 1000 };

void changes_note(struct changes *c, int64_t at_ms, const char *text) {
    struct change_note *to = &c->note[c->next % CHANGES];

    for (int i = 0; i < CHANGES; i++) {
        if (c->note[i].at_ms > at_ms - SAME_MS && strcmp(c->note[i].text, text) == 0)
            return;
    }
    to->at_ms = at_ms;
    text_copy(to->text, sizeof to->text, text);
    c->next++;
}

int changes_between(const struct changes *c, int64_t from_ms, int64_t until_ms, int most,
                    struct change_note *out) {
    int count = 0;

    for (unsigned i = 0; i < CHANGES; i++) {
        const struct change_note *n = &c->note[(c->next + i) % CHANGES];

        if (n->at_ms == 0 || n->at_ms < from_ms || n->at_ms > until_ms)
            continue;
        if (count == most) {
            memmove(out, out + 1, (size_t)(most - 1) * sizeof *out);
            count--;
        }
        out[count++] = *n;
    }
    return count;
}

void changes_print(const struct changes *c, struct keptout *out) {
    for (unsigned i = 0; i < CHANGES; i++) {
        const struct change_note *n = &c->note[(c->next + i) % CHANGES];

        if (n->at_ms != 0)
            keptout_line(out, "change %lld %s", (long long)n->at_ms, n->text);
    }
}

bool changes_take(struct changes *c, struct span line) {
    struct keptline l = {line, false};
    struct change_note *to = &c->note[c->next % CHANGES];
    int64_t at_ms;

    if (!span_is(keptline_word(&l), "change"))
        return false;
    at_ms = keptline_i64(&l, 1, INT64_C(1) << 50);
    if (l.bad)
        return false;
    to->at_ms = at_ms;
    keptline_text(&l, to->text, sizeof to->text);
    c->next++;
    return true;
}
