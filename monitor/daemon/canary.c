/* See canary.h. */
#include "canary.h"

#include <string.h>

#include "log.h"
#include "text.h"

enum { EACH_MS = 30 * 1000 };

bool canary_is_due(struct canary *c, int64_t mono_ms) {
    if (mono_ms < c->due_mono_ms)
        return false;
    c->due_mono_ms = mono_ms + EACH_MS;
    return true;
}

void canary_on_reply(struct canary *c, const struct keeper_reply *reply) {
    if (reply == NULL)
        return;
    if (reply->outcome == KEEPER_DONE) {
        text_copy(c->asked, sizeof c->asked, reply->canary);
        c->complained = false;
    } else if (!c->complained) {
        c->complained = true;
        log_warn("canary", "no line into the log: %s", reply->detail);
    }
}

void canary_note(struct canary *c, const struct mailev *ev) {
    static const char words[] = KEEPER_CANARY_WORDS;
    struct span text = ev->text;

    if (ev->kind != MAILEV_NOTE || !span_starts(text, words))
        return;
    text = (struct span){text.p + (sizeof words - 1), text.n - (sizeof words - 1)};
    if (text.n == KEEPER_CANARY_SIZE - 1)
        text_copy_printable(c->read, sizeof c->read, text);
}

bool canary_is_proved(struct canary *c) {
    if (c->asked[0] == '\0' || strcmp(c->asked, c->read) != 0)
        return false;
    c->asked[0] = '\0';
    return true;
}
