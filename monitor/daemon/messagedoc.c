/* See messagedoc.h. From below: one recipient, one message, the answer. */
#include "messagedoc.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"
#include "httpquery.h"
#include "json.h"

enum { TEXT_MOST = 1024, QUERY_MOST = 512 };

static void put_span(struct json_t *o, const char *key, struct span s) {
    char text[TEXT_MOST];

    text_copy_printable(text, sizeof text, s);
    json_put_text(o, key, text);
}

/* What is known of one message, gathered from its facts, the newest first. */
struct gathered {
    struct json_t *o;
    struct json_t *recipient[MESSAGEDOC_RECIPIENTS];
    struct span to[MESSAGEDOC_RECIPIENTS];
    size_t recipients;
    bool more; /* recipients than that */
    bool seen[HISTORY_KIND_COUNT];
    bool all_sent, bounced; /* by the last word on each recipient */
};

static bool is_known(const struct gathered *g, struct span to) {
    for (size_t i = 0; i < g->recipients; i++) {
        if (span_equal(g->to[i], to))
            return true;
    }
    return false;
}

static void add_recipient(struct gathered *g, const struct history_fact *fact) {
    struct json_t *r;

    if (is_known(g, fact->text[0]))
        return;
    g->all_sent &= fact->status == MAILEV_STATUS_SENT;
    g->bounced |= fact->status == MAILEV_STATUS_BOUNCED || fact->status == MAILEV_STATUS_EXPIRED;
    if (g->recipients == MESSAGEDOC_RECIPIENTS) {
        g->more = true;
        return;
    }
    r = json_make_object();
    put_span(r, "to", fact->text[0]);
    json_put_text(r, "status", mailev_status_name(fact->status));
    put_span(r, "dsn", fact->text[2]);
    put_span(r, "relay", fact->text[1]);
    put_span(r, "text", fact->text[3]);
    json_put_int(r, "attempts", fact->attempts);
    json_put_time(r, "at", fact->time_ms);
    g->to[g->recipients] = fact->text[0];
    g->recipient[g->recipients++] = r;
}

static void on_fact(const struct history_fact *fact, void *arg) {
    static const char *const names[HISTORY_KIND_COUNT] = {
        [HISTORY_CLIENT] = "client",     [HISTORY_MESSAGE_ID] = "message_id",
        [HISTORY_SENDER] = "from",       [HISTORY_REFUSAL] = "refusal",
        [HISTORY_RENAMED] = "was",       [HISTORY_NOTIFICATION] = "notification",
        [HISTORY_GOES_ON] = "goes_on_as"};
    struct gathered *g = arg;

    if (fact->kind == HISTORY_RECIPIENT)
        add_recipient(g, fact);
    else if (!g->seen[fact->kind])
        put_span(g->o, names[fact->kind], fact->text[0]);
    if (fact->kind == HISTORY_CLIENT && !g->seen[fact->kind]) {
        put_span(g->o, "client_ip", fact->text[1]);
        put_span(g->o, "login", fact->text[2]);
    }
    g->seen[fact->kind] = true;
}

/* How it stands with the message; `place`: by the ledger. */
static const char *state_word(const struct history_message *message, const struct gathered *g,
                              enum ledger_place place) {
    static const char *const words[] = {
        [LEDGER_SENT] = "sent",           [LEDGER_BOUNCED] = "bounced",
        [LEDGER_EXPIRED] = "expired",     [LEDGER_DELETED] = "deleted",
        [LEDGER_UNKNOWN] = "unknown",     [LEDGER_SPILLED] = "unknown",
        [LEDGER_STRAY] = "left",          [LEDGER_REFUSED] = "refused",
        [LEDGER_DISCARDED] = "discarded", [LEDGER_ABORTED] = "aborted",
        [LEDGER_RENAMED] = "renamed"};

    if (message->end == LEDGER_STRAY && g->recipients > 0 && (g->bounced || g->all_sent))
        return g->bounced ? "bounced" : "sent";
    if (message->end != HISTORY_OPEN)
        return words[message->end];
    if (place == LEDGER_COMING)
        return "arriving";
    if (place == LEDGER_QUEUED || message->arrived_ms == 0) /* or it came in before we looked */
        return history_is_held(message) ? "held" : "queued";
    return g->seen[HISTORY_SENDER] || g->recipients > 0 ? "left" : "aborted";
}

static struct json_t *message_object(const struct messages *m,
                                     const struct history_message *message) {
    struct gathered g = {.o = json_make_object(), .all_sent = true};
    struct json_t *recipients = json_make_array();
    enum ledger_place place =
        history_is_newest(message) ? ledger_place(m->ledger, message->id) : LEDGER_NOWHERE;
    bool whole;

    json_put_text(g.o, "queue_id", message->queue_id);
    json_put_null(g.o, "state"); /* takes its place among the first */
    json_put_time(g.o, "arrived", message->arrived_ms);
    json_put_time(g.o, "ended", message->ended_ms);
    whole = history_facts(m->history, message, on_fact, &g);
    json_put_text(g.o, "state", state_word(message, &g, place));
    if (message->recipients != 0) {
        json_put_int(g.o, "size", (int64_t)message->size_bytes);
        json_put_int(g.o, "nrcpt", message->recipients);
    }
    for (size_t i = g.recipients; i-- > 0;)
        json_add(recipients, g.recipient[i]);
    json_put(g.o, "recipients", recipients);
    json_put_bool(g.o, "complete", whole && !g.more);
    return g.o;
}

struct answer {
    const struct messages *m;
    struct json_t *messages;
};

static bool on_message(const struct history_message *message, void *arg) {
    struct answer *answer = arg;

    json_add(answer->messages, message_object(answer->m, message));
    return json_count(answer->messages) < MESSAGEDOC_MESSAGES;
}

static char *print(struct json_t *doc, const char *error) {
    char *text;

    if (error != NULL)
        json_put_text(doc, "error", error);
    text = json_print(doc, true);
    json_release(&doc);
    return text;
}

char *messagedoc_print(const struct messages *m, const char *query, int *status_out) {
    struct json_t *doc = json_make_object();
    struct answer answer = {m, json_make_array()};
    char queue_id[QUERY_MOST], message_id[QUERY_MOST];
    struct span q = span_of(query);
    enum httpquery_result by_queue_id = httpquery_get(q, "queue_id", queue_id, sizeof queue_id);
    enum httpquery_result by_message_id =
        httpquery_get(q, "message_id", message_id, sizeof message_id);
    int64_t oldest_ms = 0;

    json_put(doc, "messages", answer.messages);
    if (by_queue_id == HTTPQUERY_BAD || by_message_id == HTTPQUERY_BAD ||
        (queue_id[0] == '\0') == (message_id[0] == '\0')) {
        *status_out = 400;
        return print(doc, "ask for ?queue_id=ID or ?message_id=ID");
    }
    if (m->history != NULL) {
        history_find(m->history, span_of(queue_id), span_of(message_id), on_message, &answer);
        json_put_int(doc, "known", (int64_t)history_count(m->history, &oldest_ms));
    } else {
        json_put_int(doc, "known", 0);
    }
    json_put_time(doc, "known_since", oldest_ms);
    *status_out = json_count(answer.messages) > 0 ? 200 : 404;
    return print(doc, *status_out == 404 ? "no such message is known" : NULL);
}
