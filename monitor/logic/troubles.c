/* See troubles.h. */
#include "troubles.h"

#include <stdlib.h>
#include <string.h>

#include "shapes.h"

bool troubles_is_one(const struct mailev *ev) {
    if (ev->diagnosis != DIAGNOSIS_NONE || ev->kind >= MAILEV_WARNING)
        return true;
    if (ev->kind == MAILEV_EXPIRED || (ev->severity.n > 0 && ev->kind != MAILEV_FOREIGN))
        return true;
    return ev->kind == MAILEV_DELIVERY &&
           (ev->status == MAILEV_STATUS_DEFERRED || ev->status == MAILEV_STATUS_BOUNCED ||
            ev->status == MAILEV_STATUS_EXPIRED);
}

static struct trouble *find(struct troubles *all, enum diagnosis d, const char *outline) {
    for (size_t i = 0; i < all->count; i++) {
        struct trouble *t = &all->item[i];

        if (t->diagnosis == d && strcmp(t->outline, outline) == 0)
            return t;
    }
    return NULL;
}

/* "smtp: warning: " and what is the same in all such lines. */
static void outline_of(const struct mailev *ev, char *out, size_t size) {
    size_t n;

    text_format(out, size, "%.*s %.*s%s ", (int)ev->daemon.n, ev->daemon.p, (int)ev->severity.n,
                ev->severity.p, mailev_status_name(ev->status));
    n = strlen(out);
    shapes_outline(ev->text.n > 0 ? ev->text : ev->message, out + n, size - n);
}

struct trouble *troubles_note(struct troubles *all, const struct mailev *ev) {
    char outline[sizeof all->item[0].outline] = "";
    struct trouble *t;
    size_t n;

    if (ev->diagnosis == DIAGNOSIS_NONE)
        outline_of(ev, outline, sizeof outline);
    t = find(all, ev->diagnosis, outline);
    if (t == NULL && all->count == TROUBLES_MOST) {
        all->left_out++;
        return NULL;
    }
    if (t == NULL) {
        t = &all->item[all->count++];
        memset(t, 0, sizeof *t);
        t->diagnosis = ev->diagnosis;
        t->first_ms = ev->time_ms;
        text_copy(t->outline, sizeof t->outline, outline);
    }
    t->count++;
    if (t->last_ms < ev->time_ms)
        t->last_ms = ev->time_ms;
    if (ev->daemon.n == 0 || ev->message.n == 0) {
        text_copy_printable(t->text, sizeof t->text, ev->text);
        return t;
    }
    text_copy_printable(t->text, 32, ev->daemon);
    n = strlen(t->text);
    text_copy(t->text + n, sizeof t->text - n, ": ");
    text_copy_printable(t->text + n + 2, sizeof t->text - n - 2, ev->message);
    return t;
}

static int by_last(const void *a, const void *b) {
    const struct trouble *x = a, *y = b;

    return x->last_ms < y->last_ms ? -1 : x->last_ms > y->last_ms;
}

void troubles_sort(struct troubles *all) {
    if (all->count > 1)
        qsort(all->item, all->count, sizeof all->item[0], by_last);
}
