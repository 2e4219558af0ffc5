/* See queue_show.h. */
#include "queue_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "json.h"
#include "queueline.h"
#include "screen.h"

enum { DETAILED = 2, ONE_LINERS = 3, FOOT = 2, OLDEST_LEAST = 3, FIX_INDENT = 14 };

static const char *plural(uint64_t n) {
    return n == 1 ? "" : "s";
}

void queue_show_sum(char *out, size_t size, const struct waiting *w, int64_t now_s) {
    const struct {
        uint64_t n;
        const char *what;
    } parts[] = {{w->deferred, "put off"},
                 {w->active, "being sent"},
                 {w->incoming, "coming in"},
                 {w->hold, "on hold"},
                 {w->other, "elsewhere"}};
    const char *separator = ": ";
    char age[32];
    size_t n;

    if (w->messages == 0) {
        text_copy(out, size, "empty");
        return;
    }
    text_format(out, size, "%llu message%s", (unsigned long long)w->messages, plural(w->messages));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        n = strlen(out);
        if (parts[i].n == 0)
            continue;
        text_format(out + n, size - n, "%s%llu %s", separator, (unsigned long long)parts[i].n,
                    parts[i].what);
        separator = ", ";
    }
    n = strlen(out);
    text_age(age, sizeof age, now_s - w->oldest_s);
    if (w->oldest_s != 0)
        text_format(out + n, size - n, ", oldest %s", age);
}

/* ---- groups ---- */

static void title_of(const struct waiting_group *g, char *out, size_t size) {
    const struct diagnosis_entry *e = diagnosis_entry(g->diagnosis);

    switch (g->kind) {
    case WAITING_DIAGNOSED:
        text_format(out, size, "%s %s: %s", e->id, e->name, e->title);
        return;
    case WAITING_OTHER:
        text_format(out, size, "%s", g->text);
        return;
    case WAITING_NEW:
        text_copy(out, size, "being sent, or not tried yet");
        return;
    case WAITING_HELD:
        text_copy(out, size, "on hold: not tried until somebody releases it");
        return;
    default:
        text_copy(out, size, "various other reasons");
    }
}

/* `title` in one line, cut. */
static void put_short_group(const struct screen *s, const struct waiting_group *g) {
    char title[400];

    title_of(g, title, sizeof title);
    if ((int)strlen(title) > s->width - 9)
        text_copy(title + s->width - 12, 4, "...");
    printf("%7llu  %s\n", (unsigned long long)g->messages, title);
}

static int put_step(const struct screen *s, const char *label, const char *text) {
    printf("         %-4s ", label);
    return screen_put_step(s, FIX_INDENT, text);
}

static int put_who(const struct screen *s, const char *who) {
    printf("         who  ");
    return screen_put_wrapped(s, FIX_INDENT, who);
}

/* What mends a group that no diagnosis is about. */
static const char *advice_of(enum waiting_kind kind) {
    switch (kind) {
    case WAITING_HELD:
        return "relaywatch queue --release ID   # or ALL";
    case WAITING_OTHER:
        return "relaywatch logs --errors --since 1h   # more words on it";
    default:
        return NULL;
    }
}

static int put_group(const struct screen *s, const struct waiting_group *g,
                     const struct queue_view *view, int fixes) {
    const struct diagnosis_entry *e = diagnosis_entry(g->diagnosis);
    char text[600];
    int lines;

    title_of(g, text, sizeof text);
    printf("%7llu  ", (unsigned long long)g->messages);
    lines = screen_put_wrapped(s, 9, text);
    if (g->kind == WAITING_DIAGNOSED)
        lines += put_who(s, e->who);
    for (int i = 0; g->kind == WAITING_DIAGNOSED && i < fixes && e->fix[i] != NULL; i++) {
        fixtext_fit(text, sizeof text, e->fix[i], view->place);
        lines += put_step(s, i == 0 ? "do" : "", text);
    }
    if (advice_of(g->kind) != NULL) {
        fixtext_fit(text, sizeof text, advice_of(g->kind), view->place);
        lines += put_step(s, "do", text);
    }
    return lines;
}

static int put_groups(const struct screen *s, const struct queue_view *view, bool all) {
    const struct waiting *w = view->waiting;
    size_t detailed = all ? w->group_count : DETAILED;
    int fixes = all || w->group_count == 1 ? DIAGNOSIS_FIXES : 2;
    uint64_t left = 0;
    int lines = 0;
    size_t i;

    for (i = 0; i < w->group_count && i < detailed; i++)
        lines += put_group(s, &w->group[i], view, fixes);
    for (; i < w->group_count && i < detailed + ONE_LINERS; i++, lines++)
        put_short_group(s, &w->group[i]);
    for (size_t k = i; k < w->group_count; k++)
        left += w->group[k].messages;
    if (i < w->group_count) {
        printf("%7llu  for %zu other reasons\n", (unsigned long long)left, w->group_count - i);
        lines++;
    }
    return lines;
}

/* ---- the oldest ---- */

static const char *shown_diagnosis(enum diagnosis d) {
    return d != DIAGNOSIS_NONE ? diagnosis_entry(d)->id : "-";
}

/* "<a@x> -> <b@y> +2" in `room` columns. What is too long is cut; of the recipient more is left. */
static void envelope(char *out, size_t room, const struct waiting_item *item) {
    char more[16] = "";
    size_t from, to;

    if (item->recipients > 1)
        text_format(more, sizeof more, " +%u", item->recipients - 1);
    if (strlen(item->sender) + strlen(item->recipient) + 8 + strlen(more) <= room) {
        text_format(out, room + 1, "<%s> -> <%s>%s", item->sender, item->recipient, more);
        return;
    }
    from = strlen(item->sender) < room / 3 ? strlen(item->sender) : room / 3;
    to = room - from - 8 - strlen(more);
    text_format(out, room + 1, "%.*s%s -> %.*s%s%s", (int)from, item->sender,
                strlen(item->sender) > from ? ".." : "", (int)to, item->recipient,
                strlen(item->recipient) > to ? ".." : "", more);
}

static void put_oldest(const struct screen *s, const struct queue_view *view, int room) {
    const struct waiting *w = view->waiting;
    size_t shown = w->oldest_count;
    int id_width = 8;

    if ((int)shown > room)
        shown = (size_t)(room > OLDEST_LEAST ? room : OLDEST_LEAST);
    if (shown > w->oldest_count)
        shown = w->oldest_count;
    for (size_t i = 0; i < shown; i++) {
        if ((int)strlen(w->oldest[i].id) > id_width)
            id_width = (int)strlen(w->oldest[i].id);
    }
    printf("\n  %-*s  %7s  %9s  %-4s %s\n", id_width, "oldest", "age", "size", "why",
           "sender -> recipient");
    for (size_t i = 0; i < shown; i++) {
        const struct waiting_item *item = &w->oldest[i];
        char age[32], size[32], who[256];
        int left = s->width - id_width - 28;

        text_age(age, sizeof age, view->now_s - item->arrived_s);
        text_bytes(size, sizeof size, item->size);
        envelope(who, (size_t)(left > 20 ? left : 20), item);
        printf("  %-*s  %7s  %9s  %-4s %s\n", id_width, item->id, age, size,
               strcmp(item->queue, "hold") == 0 ? "hold" : shown_diagnosis(item->diagnosis), who);
    }
    if (w->messages > shown)
        printf("  and %llu more: relaywatch queue --all\n",
               (unsigned long long)(w->messages - shown));
}

void queue_show_screen(const struct queue_view *view, bool all) {
    struct screen s = screen_of_stdout();
    char text[300];
    int lines;

    queue_show_sum(text, sizeof text, view->waiting, view->now_s);
    printf("queue ");
    lines = screen_put_wrapped(&s, 6, text);
    if (view->postfix_down) {
        fixtext_fit(text, sizeof text, "postfix start", view->place);
        printf("Postfix does not run, so nothing is sent. Start it:\n  %s\n", text);
        lines += 2;
    }
    if (view->not_read > 0) {
        printf("%llu could not be read: postqueue told them in a way that is not known here\n",
               (unsigned long long)view->not_read);
        lines++;
    }
    if (view->waiting->messages == 0)
        return;
    lines += put_groups(&s, view, all);
    if (!all)
        put_oldest(&s, view, s.rows - 1 - lines - FOOT - 1);
}

/* ---- one message ---- */

static void put_reason(const struct screen *s, const struct queueline *m, size_t i) {
    const char *reason = queueline_reason(m, i);
    char address[256], text[1400];

    text_copy_printable(address, sizeof address, span_of(queueline_address(m, i)));
    printf("    to <%s>\n", address);
    if (reason[0] == '\0')
        return;
    text_copy_printable(text, sizeof text, span_of(reason));
    printf("       ");
    screen_put_wrapped(s, 7, text);
}

void queue_show_message(const struct queueline *m, const struct queue_view *view) {
    struct screen s = screen_of_stdout();
    char id[64], queue[16], sender[256], age[32], size[32], text[400];

    text_copy_printable(id, sizeof id, span_of(queueline_id(m)));
    text_copy_printable(queue, sizeof queue, span_of(queueline_queue(m)));
    text_copy_printable(sender, sizeof sender, span_of(queueline_sender(m)));
    text_age(age, sizeof age, view->now_s - queueline_arrived_s(m));
    text_bytes(size, sizeof size, queueline_size(m));
    text_format(text, sizeof text, "%s, %s, %s, from <%s>", age, size, queue, sender);
    printf("  %s  ", id);
    screen_put_wrapped(&s, (int)strlen(id) + 4, text);
    for (size_t i = 0; i < queueline_recipients(m); i++)
        put_reason(&s, m, i);
}

/* ---- JSON ---- */

static void put_diagnosis(struct json_t *o, enum diagnosis d) {
    const struct diagnosis_entry *e = diagnosis_entry(d);
    char name[64];

    text_format(name, sizeof name, "%s %s", e->id, e->name);
    json_put_text(o, "diagnosis", d != DIAGNOSIS_NONE ? name : NULL);
}

static void print_json(struct json_t *o) {
    char *text = json_print(o, false);

    fputs(text, stdout);
    free(text);
    json_release(&o);
}

void queue_show_message_json(const struct queueline *m, const struct diagnoser *diagnoser,
                             int64_t now_s) {
    struct json_t *o = json_make_object();
    struct json_t *recipients = json_make_array();

    json_put_text(o, "queue_id", queueline_id(m));
    json_put_text(o, "queue", queueline_queue(m));
    json_put_time(o, "arrived", queueline_arrived_s(m) * 1000);
    json_put_int(o, "age_seconds", now_s - queueline_arrived_s(m));
    json_put_int(o, "size", (int64_t)queueline_size(m));
    json_put_text(o, "sender", queueline_sender(m));
    for (size_t i = 0; i < queueline_recipients(m); i++) {
        const char *reason = queueline_reason(m, i);
        struct json_t *r = json_make_object();

        json_put_text(r, "address", queueline_address(m, i));
        json_put_text(r, "reason", reason[0] != '\0' ? reason : NULL);
        put_diagnosis(r, waiting_diagnose(diagnoser, span_of(reason)));
        json_add(recipients, r);
    }
    json_put(o, "recipients", recipients);
    print_json(o);
}

static struct json_t *group_json(const struct waiting_group *g, const struct queue_view *view) {
    static const char *const kinds[] = {"diagnosed", "other", "not_tried", "hold", "various"};
    const struct diagnosis_entry *e = diagnosis_entry(g->diagnosis);
    struct json_t *o = json_make_object();
    struct json_t *fix = json_make_array();
    char text[600];

    json_put_text(o, "kind", kinds[g->kind]);
    put_diagnosis(o, g->diagnosis);
    json_put_int(o, "messages", (int64_t)g->messages);
    json_put_int(o, "recipients", (int64_t)g->recipients);
    json_put_int(o, "oldest_seconds", g->oldest_s != 0 ? view->now_s - g->oldest_s : 0);
    json_put_text(o, "title", e->title[0] != '\0' ? e->title : NULL);
    json_put_text(o, "who", e->who[0] != '\0' ? e->who : NULL);
    json_put_text(o, "example", g->text[0] != '\0' ? g->text : NULL);
    for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++) {
        fixtext_fit(text, sizeof text, e->fix[i], view->place);
        json_add_text(fix, text);
    }
    json_put(o, "fix", fix);
    return o;
}

void queue_show_rest_json(const struct queue_view *view, const char *error) {
    const struct waiting *w = view->waiting;
    struct json_t *groups = json_make_array();
    struct json_t *totals = json_make_object();

    for (size_t i = 0; i < w->group_count; i++)
        json_add(groups, group_json(&w->group[i], view));
    json_put_int(totals, "messages", (int64_t)w->messages);
    json_put_int(totals, "recipients", (int64_t)w->recipients);
    json_put_int(totals, "bytes", (int64_t)w->bytes);
    json_put_int(totals, "active", (int64_t)w->active);
    json_put_int(totals, "deferred", (int64_t)w->deferred);
    json_put_int(totals, "incoming", (int64_t)w->incoming);
    json_put_int(totals, "hold", (int64_t)w->hold);
    json_put_int(totals, "not_read", (int64_t)view->not_read);
    json_put_int(totals, "oldest_seconds", w->oldest_s != 0 ? view->now_s - w->oldest_s : 0);
    json_put_bool(totals, "postfix_running", !view->postfix_down);
    json_put_text(totals, "error", error);
    fputs("\"groups\":", stdout);
    print_json(groups);
    fputs(",\n\"totals\":", stdout);
    print_json(totals);
}
