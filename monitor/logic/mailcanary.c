/* See mailcanary.h. */
#include "mailcanary.h"

#include <string.h>

enum { FORGET_MS = 3600 * 1000 };

#define ID_BEGINS "<relaywatch-canary."

static void free_letter(struct mailcanary_letter *letter) {
    *letter = (struct mailcanary_letter){.token = ""};
}

/* A free place, or that of one which waits for more than an hour; NULL: none. */
static struct mailcanary_letter *room(struct mailcanary *c, int64_t now_ms) {
    struct mailcanary_letter *oldest = &c->letter[0];

    for (size_t i = 0; i < MAILCANARY_LETTERS; i++) {
        if (c->letter[i].token[0] == '\0')
            return &c->letter[i];
        if (c->letter[i].sent_ms < oldest->sent_ms)
            oldest = &c->letter[i];
    }
    for (size_t i = 0; i < MAILCANARY_LETTERS; i++) {
        if (now_ms - c->letter[i].sent_ms < FORGET_MS)
            return NULL; /* one each hour, not one each minute once they are an hour old */
    }
    return oldest;
}

bool mailcanary_is_due(struct mailcanary *c, int64_t interval_ms, int64_t now_ms, int64_t mono_ms) {
    if (mono_ms < c->due_mono_ms)
        return false;
    c->due_mono_ms = mono_ms + interval_ms;
    return room(c, now_ms) != NULL;
}

void mailcanary_begin(struct mailcanary *c, const char *token, int64_t now_ms) {
    struct mailcanary_letter *letter = room(c, now_ms);

    if (letter == NULL)
        return;
    free_letter(letter);
    text_copy(letter->token, sizeof letter->token, token);
    letter->sent_ms = now_ms;
    if (c->unproved_ms == 0)
        c->unproved_ms = now_ms;
}

void mailcanary_refused(struct mailcanary *c, const char *token, const char *trouble) {
    text_copy_printable(c->trouble, sizeof c->trouble, span_of(trouble));
    for (size_t i = 0; i < MAILCANARY_LETTERS; i++) {
        if (strcmp(c->letter[i].token, token) == 0)
            free_letter(&c->letter[i]);
    }
}

bool mailcanary_write(char *out, size_t size, const char *token, const char *host,
                      const char *recipient, const char *date) {
    return text_format(out, size,
                       "From: relaywatch <%s>\r\nTo: <%s>\r\nSubject: relaywatch canary of %s\r\n"
                       "Date: %s\r\nMessage-ID: " ID_BEGINS
                       "%s@%s>\r\nAuto-Submitted: auto-generated\r\n"
                       "X-Auto-Response-Suppress: All\r\n\r\n"
                       "This message shows that the mail relay on %s delivers (canary_recipient in "
                       "relaywatch.conf).\r\n",
                       recipient, recipient, host, date, token, host, host);
}

/* cleanup(8) has given it a queue id. */
static bool take_id(struct mailcanary *c, const struct mailev *ev) {
    const size_t begins = sizeof ID_BEGINS - 1;

    if (!span_starts(ev->message_id, ID_BEGINS) || ev->message_id.n < begins + MAILCANARY_TOKEN ||
        ev->message_id.p[begins + MAILCANARY_TOKEN - 1] != '@')
        return false;
    for (size_t i = 0; i < MAILCANARY_LETTERS; i++) {
        struct mailcanary_letter *letter = &c->letter[i];

        if (letter->token[0] != '\0' &&
            memcmp(ev->message_id.p + begins, letter->token, MAILCANARY_TOKEN - 1) == 0) {
            text_copy_span(letter->queue_id, sizeof letter->queue_id, ev->queue_id);
            return true;
        }
    }
    return false;
}

/* It is there: what was sent before it need no longer come. */
static void delivered(struct mailcanary *c, struct mailcanary_letter *letter,
                      const struct mailev *ev, int64_t now_ms) {
    int64_t sent_ms = letter->sent_ms;

    c->delivered_ms = now_ms;
    c->delay_ms = ev->delay_us >= 0 ? ev->delay_us / 1000 : now_ms - sent_ms;
    c->trouble[0] = '\0';
    c->unproved_ms = 0;
    free_letter(letter);
    for (size_t i = 0; i < MAILCANARY_LETTERS; i++) {
        const struct mailcanary_letter *other = &c->letter[i];

        if (other->token[0] != '\0' && other->sent_ms > sent_ms &&
            (c->unproved_ms == 0 || other->sent_ms < c->unproved_ms))
            c->unproved_ms = other->sent_ms;
    }
}

static void note_delivery(struct mailcanary *c, struct mailcanary_letter *letter,
                          const struct mailev *ev, int64_t now_ms) {
    if (ev->status == MAILEV_STATUS_SENT && span_is(ev->daemon, "smtp")) {
        delivered(c, letter, ev, now_ms);
        return;
    }
    if (ev->status == MAILEV_STATUS_SENT)
        text_format(c->trouble, sizeof c->trouble,
                    "canary_recipient is delivered on this host (by %.*s), not through the "
                    "smarthost",
                    ev->daemon.n < 32 ? (int)ev->daemon.n : 32, ev->daemon.p);
    else
        text_copy_printable(c->trouble, sizeof c->trouble, ev->text);
    if (ev->status != MAILEV_STATUS_DEFERRED)
        free_letter(letter);
}

bool mailcanary_note(struct mailcanary *c, const struct mailev *ev, int64_t now_ms) {
    if (ev->queue_id.n == 0)
        return false;
    if (ev->kind == MAILEV_ACCEPTED)
        return take_id(c, ev);
    for (size_t i = 0; i < MAILCANARY_LETTERS; i++) {
        struct mailcanary_letter *letter = &c->letter[i];

        if (letter->queue_id[0] == '\0' || !span_is(ev->queue_id, letter->queue_id))
            continue;
        if (ev->kind == MAILEV_DELIVERY)
            note_delivery(c, letter, ev, now_ms);
        else if (ev->kind == MAILEV_EXPIRED || ev->kind == MAILEV_REMOVED)
            free_letter(letter);
        return true;
    }
    return false;
}

void mailcanary_shift(struct mailcanary *c, int64_t by_ms) {
    if (c->unproved_ms != 0)
        c->unproved_ms += by_ms;
    if (c->delivered_ms != 0)
        c->delivered_ms += by_ms;
    for (size_t i = 0; i < MAILCANARY_LETTERS; i++) {
        if (c->letter[i].token[0] != '\0')
            c->letter[i].sent_ms += by_ms;
    }
}
