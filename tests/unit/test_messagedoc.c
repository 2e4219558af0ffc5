/* messagedoc.c: what is asked for, what is told of a message in each state, hostile text. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "logline.h"
#include "messagedoc.h"

#define NOW INT64_C(1800000000000)

static const struct hash_key key = {{3, 4}};

static void on_end(uint64_t id, enum ledger_end end, int64_t time_ms, void *arg) {
    struct messages *m = arg;

    history_end(m->history, id, end, time_ms);
}

static struct trend trend;

static void begin(struct messages *m) {
    *m = (struct messages){.key = key, .image = -1};
    m->trend = &trend;
    m->ledger = ledger_new(&key, on_end, m);
    m->history = history_new(500, &key);
}

static void end(struct messages *m) {
    ledger_free(&m->ledger);
    history_free(&m->history);
}

/* Lines of a log; each begins at "daemon[pid]: ". */
static void read_lines(struct messages *m, const char *const *lines) {
    static int now; /* milliseconds */
    struct logline_clock clock;

    logline_clock_init(&clock);
    clock.now_ms = NOW;
    for (; *lines != NULL; lines++) {
        char line[1024];
        struct mailev ev;

        text_format(line, sizeof line, "2027-01-15T08:00:00.%03d000+00:00 mx postfix/%s",
                    now++ % 1000, *lines);
        logline_parse(span_of(line), &clock, &ev);
        cr_assert_neq(ev.kind, MAILEV_OTHER, "%s", line);
        messages_note(m, &ev, NOW);
    }
}

static struct json_t *ask(const struct messages *m, const char *query, int want_status) {
    struct fault why;
    int status;
    char *text = messagedoc_print(m, query, &status);
    struct json_t *doc = json_read(text, strlen(text), &why);

    cr_assert_not_null(doc, "%s", why.text);
    cr_expect_eq(status, want_status, "%s: %d", query, status);
    free(text);
    return doc;
}

static const char *const arrival[] = {
    "smtpd[9]: A00001: client=app.example[192.0.2.1], sasl_method=PLAIN, sasl_username=shop",
    "cleanup[9]: A00001: message-id=<one@app.example>",
    "qmgr[9]: A00001: from=<a@app.example>, size=1234, nrcpt=2 (queue active)",
    "smtp[9]: A00001: to=<x@y.example>, relay=mx.y.example[192.0.2.9]:25, delay=3, "
    "delays=0.1/0.2/0.7/2, dsn=4.7.0, status=deferred (host said: 421 \x1b[31mcome <b>back</b>)",
    "smtp[9]: A00001: to=<z@y.example>, relay=mx.y.example[192.0.2.9]:25, delay=3, "
    "delays=0.1/0.2/0.7/2, dsn=2.0.0, status=sent (250 ok)",
    NULL};

Test(messagedoc, a_message_in_the_queue) {
    struct messages m;
    struct json_t *doc;
    const struct json_t *o, *r;

    begin(&m);
    read_lines(&m, arrival);
    doc = ask(&m, "queue_id=A00001", 200);
    cr_assert_eq(json_count(json_get(doc, "messages")), 1u);
    o = json_at(json_get(doc, "messages"), 0);
    cr_expect_str_eq(json_get_text(o, "queue_id"), "A00001");
    cr_expect_str_eq(json_get_text(o, "state"), "queued");
    cr_expect_str_eq(json_get_text(o, "message_id"), "<one@app.example>");
    cr_expect_str_eq(json_get_text(o, "arrived"), "2027-01-15T08:00:00Z");
    cr_expect_str_eq(json_get_text(o, "ended"), "");
    cr_expect_str_eq(json_get_text(o, "from"), "a@app.example");
    cr_expect_str_eq(json_get_text(o, "client"), "app.example");
    cr_expect_str_eq(json_get_text(o, "client_ip"), "192.0.2.1");
    cr_expect_str_eq(json_get_text(o, "login"), "shop");
    cr_expect_eq(json_get_int(o, "size", 0), 1234);
    cr_expect_eq(json_get_int(o, "nrcpt", 0), 2);
    cr_expect(json_get_bool(o, "complete"));
    cr_assert_eq(json_count(json_get(o, "recipients")), 2u);
    r = json_at(json_get(o, "recipients"), 0);
    cr_expect_str_eq(json_get_text(r, "to"), "x@y.example");
    cr_expect_str_eq(json_get_text(r, "status"), "deferred");
    cr_expect_str_eq(json_get_text(r, "dsn"), "4.7.0");
    cr_expect_str_eq(json_get_text(r, "relay"), "mx.y.example");
    cr_expect_str_eq(json_get_text(r, "text"), "host said: 421 ?[31mcome <b>back</b>");
    cr_expect_eq(json_get_int(r, "attempts", 0), 1);
    cr_expect_str_eq(json_get_text(r, "at"), "2027-01-15T08:00:00Z");
    cr_expect_eq(json_get_int(doc, "known", 0), 1);
    cr_expect_str_eq(json_get_text(doc, "known_since"), "2027-01-15T08:00:00Z");
    json_release(&doc);
    end(&m);
}

Test(messagedoc, states) {
    static const struct {
        const char *name;
        const char *lines[4];
        const char *query, *state;
    } rows[] = {
        {"deleted", {"postsuper[9]: A00001: removed"}, "queue_id=A00001", "deleted"},
        {"sent",
         {"smtp[9]: A00001: to=<x@y.example>, relay=r[192.0.2.9]:25, delay=3, delays=0/0/0/0, "
          "dsn=2.0.0, status=sent (ok)",
          "qmgr[9]: A00001: removed"},
         "message_id=%3Cone@app.example%3E",
         "sent"},
        {"bounced",
         {"smtp[9]: A00001: to=<x@y.example>, relay=r[192.0.2.9]:25, delay=3, delays=0/0/0/0, "
          "dsn=5.0.0, status=bounced (no)",
          "qmgr[9]: A00001: removed"},
         "message_id=one@app.example",
         "bounced"},
        {"expired",
         {"qmgr[9]: A00001: from=<a@app.example>, status=expired, returned to sender",
          "qmgr[9]: A00001: removed"},
         "queue_id=A00001",
         "expired"},
        {"renamed",
         {"pickup[9]: B00001: uid=0 from=<a@app.example> orig_id=A00001"},
         "queue_id=A00001",
         "renamed"},
        {"refused",
         {"cleanup[9]: C00001: message-id=<c>",
          "cleanup[9]: C00001: milter-reject: END-OF-MESSAGE from c[192.0.2.1]: 5.7.1 no; "
          "from=<a> to=<b> proto=ESMTP helo=<c>"},
         "queue_id=C00001",
         "refused"},
        {"discarded",
         {"cleanup[9]: C00001: message-id=<c>",
          "cleanup[9]: C00001: milter-discard: END-OF-MESSAGE from c[192.0.2.1]: x"},
         "queue_id=C00001",
         "discarded"},
        {"canceled",
         {"cleanup[9]: C00001: message-id=<c>", "cleanup[9]: C00001: canceled"},
         "queue_id=C00001",
         "aborted"},
        {"begun", {"smtpd[9]: C00001: client=c[192.0.2.1]"}, "queue_id=C00001", "arriving"},
        {"never more than begun",
         {"smtpd[9]: C00001: client=c[192.0.2.1]", "smtpd[9]: C00002: client=c[192.0.2.1]"},
         "queue_id=C00001",
         "aborted"},
        {"its end is not there",
         {"smtpd[9]: C00001: client=c[192.0.2.1]", "cleanup[9]: C00001: message-id=<c>"},
         "queue_id=C00001",
         "arriving"},
        {"lost within DATA",
         {"smtpd[9]: C00001: client=c[192.0.2.1]", "cleanup[9]: C00001: message-id=<c>",
          "smtpd[9]: lost connection after DATA (5 bytes) from c[192.0.2.1]"},
         "queue_id=C00001",
         "aborted"},
        {"held", {"postsuper[9]: A00001: placed on hold"}, "queue_id=A00001", "held"},
        {"held and released",
         {"postsuper[9]: A00001: placed on hold", "postsuper[9]: A00001: released from hold"},
         "queue_id=A00001",
         "queued"},
        {"was there before us, waits",
         {"qmgr[9]: C00001: from=<a>, size=1, nrcpt=1 (queue active)"},
         "queue_id=C00001",
         "queued"},
        {"was there before us, sent",
         {"smtp[9]: C00001: to=<x@y.example>, relay=r[192.0.2.9]:25, delay=3, delays=0/0/0/0, "
          "dsn=2.0.0, status=sent (ok)",
          "qmgr[9]: C00001: removed"},
         "queue_id=C00001",
         "sent"},
        {"was there before us, removed", {"qmgr[9]: C00001: removed"}, "queue_id=C00001", "left"},
        {"removed without an outcome",
         {"cleanup[9]: C00001: message-id=<c>",
          "qmgr[9]: C00001: from=<a>, size=1, nrcpt=1 (queue active)", "qmgr[9]: C00001: removed"},
         "queue_id=C00001",
         "unknown"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct messages m;
        struct json_t *doc;

        begin(&m);
        read_lines(&m, arrival);
        read_lines(&m, rows[i].lines);
        doc = ask(&m, rows[i].query, 200);
        cr_expect_str_eq(json_get_text(json_at(json_get(doc, "messages"), 0), "state"),
                         rows[i].state, "%s: %s", rows[i].name,
                         json_get_text(json_at(json_get(doc, "messages"), 0), "state"));
        json_release(&doc);
        end(&m);
    }
}

/* The process was killed: the file has the message, the ledger knows that it ended. */
Test(messagedoc, what_a_crash_took) {
    struct messages m;
    struct json_t *doc;

    begin(&m);
    read_lines(&m, arrival);
    ledger_free(&m.ledger);
    m.ledger = ledger_new(&key, on_end, &m);
    doc = ask(&m, "queue_id=A00001", 200);
    cr_expect_str_eq(json_get_text(json_at(json_get(doc, "messages"), 0), "state"), "left");
    json_release(&doc);
    end(&m);
}

Test(messagedoc, what_is_no_question_or_has_no_answer) {
    static const struct {
        const char *query;
        int status;
    } rows[] = {{"", 400},
                {"queue_id=", 400},
                {"queue_id=A&message_id=B", 400},
                {"queue_id=A&queue_id=A", 400},
                {"queue_id=%00", 400},
                {"queue_id=%zz", 400},
                {"other=A00001", 400},
                {"queue_id=A00002", 404},
                {"queue_id=a00001", 404},
                {"message_id=two@app.example", 404}};
    struct messages m;

    begin(&m);
    read_lines(&m, arrival);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_t *doc = ask(&m, rows[i].query, rows[i].status);

        cr_expect_eq(json_count(json_get(doc, "messages")), 0u);
        cr_expect_str_neq(json_get_text(doc, "error"), "");
        json_release(&doc);
    }
    end(&m);
    m = (struct messages){.image = -1};
    {
        struct json_t *doc = ask(&m, "queue_id=A00001", 404);

        cr_expect_eq(json_get_int(doc, "known", -1), 0, "before the begin");
        json_release(&doc);
    }
}

Test(messagedoc, more_than_it_tells) {
    struct messages m;
    struct json_t *doc;
    const struct json_t *o;

    begin(&m);
    for (int i = 0; i < MESSAGEDOC_MESSAGES + 5; i++)
        read_lines(&m, arrival);
    for (int i = 0; i < MESSAGEDOC_RECIPIENTS + 5; i++) {
        char line[200];

        text_format(line, sizeof line,
                    "smtp[9]: A00001: to=<r%d@y.example>, relay=r[192.0.2.9]:25, delay=3, "
                    "delays=0/0/0/0, dsn=2.0.0, status=sent (ok)",
                    i);
        read_lines(&m, (const char *const[]){line, NULL});
    }
    doc = ask(&m, "queue_id=A00001", 200);
    cr_expect_eq(json_count(json_get(doc, "messages")), (size_t)MESSAGEDOC_MESSAGES);
    o = json_at(json_get(doc, "messages"), 0);
    cr_expect_eq(json_count(json_get(o, "recipients")), (size_t)MESSAGEDOC_RECIPIENTS);
    cr_expect_not(json_get_bool(o, "complete"));
    json_release(&doc);
    end(&m);
}
