/* history.c: what is known of a message, what gives way, and an image that comes back. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

#define NOW INT64_C(1800000000000)

static const struct hash_key key = {{3, 4}};

static struct mailev event(enum mailev_kind kind, const char *queue_id, int64_t time_ms) {
    return (struct mailev){.kind = kind, .queue_id = span_of(queue_id), .time_ms = time_ms};
}

static void note(struct history *h, const struct mailev *ev) {
    history_note(h, ev, ledger_id(&key, ev->queue_id));
}

static void arrive(struct history *h, const char *queue_id, int64_t time_ms) {
    struct mailev ev = event(MAILEV_CLIENT, queue_id, time_ms);
    char message_id[64];

    ev.client = SPAN("app.example");
    ev.client_ip = SPAN("192.0.2.1");
    ev.sasl_username = SPAN("shop");
    note(h, &ev);
    ev = event(MAILEV_ACCEPTED, queue_id, time_ms + 1);
    snprintf(message_id, sizeof message_id, "<%s@app.example>", queue_id);
    ev.message_id = span_of(message_id);
    note(h, &ev);
    ev = event(MAILEV_QUEUED, queue_id, time_ms + 2);
    ev.from = SPAN("a@app.example");
    ev.size_bytes = 1234;
    ev.recipients = 2;
    note(h, &ev);
}

static void deliver(struct history *h, const char *queue_id, const char *to,
                    enum mailev_status status, const char *text, int64_t time_ms) {
    struct mailev ev = event(MAILEV_DELIVERY, queue_id, time_ms);

    ev.status = status;
    ev.to = span_of(to);
    ev.relay = SPAN("smarthost.example");
    ev.dsn = SPAN("4.7.0");
    ev.text = span_of(text);
    note(h, &ev);
}

static void end(struct history *h, const char *queue_id, enum ledger_end how, int64_t time_ms) {
    history_end(h, ledger_id(&key, span_of(queue_id)), how, time_ms);
}

struct found {
    const struct history_message *message[16];
    size_t count, most;
};

static bool on_message(const struct history_message *message, void *arg) {
    struct found *found = arg;

    found->message[found->count++] = message;
    return found->count < (found->most != 0 ? found->most : 16);
}

static struct found by_queue_id(const struct history *h, const char *queue_id) {
    struct found found = {0};

    history_find(h, span_of(queue_id), (struct span){NULL, 0}, on_message, &found);
    return found;
}

static struct found by_message_id(const struct history *h, const char *message_id) {
    struct found found = {0};

    history_find(h, (struct span){NULL, 0}, span_of(message_id), on_message, &found);
    return found;
}

/* Each fact as one line. */
static void on_fact(const struct history_fact *fact, void *arg) {
    static const char *const names[HISTORY_KIND_COUNT] = {"client",  "message-id",   "from", "to",
                                                          "refused", "notification", "was",  "is"};
    char *out = arg;

    out += strlen(out);
    out += sprintf(out, "%s", names[fact->kind]);
    for (int i = 0; i < HISTORY_TEXTS && fact->text[i].n > 0; i++)
        out += sprintf(out, " %.*s", (int)fact->text[i].n, fact->text[i].p);
    if (fact->kind == HISTORY_RECIPIENT)
        out += sprintf(out, " %s %u +%d", mailev_status_name(fact->status), fact->attempts,
                       (int)(fact->time_ms - NOW));
    sprintf(out, "\n");
}

static const char *facts(const struct history *h, const struct history_message *m) {
    static char text[65536];

    text[0] = '\0';
    if (!history_facts(h, m, on_fact, text))
        strcat(text, "...\n");
    return text;
}

Test(history, the_way_of_a_message) {
    struct history *h = history_new(100, &key);
    struct found found;

    arrive(h, "AAA111", NOW);
    deliver(h, "AAA111", "x@y.example", MAILEV_STATUS_DEFERRED, "try later", NOW + 10);
    deliver(h, "AAA111", "z@y.example", MAILEV_STATUS_SENT, "ok", NOW + 20);
    deliver(h, "AAA111", "x@y.example", MAILEV_STATUS_DEFERRED, "try later", NOW + 30);
    deliver(h, "AAA111", "x@y.example", MAILEV_STATUS_DEFERRED, "not yet", NOW + 40);
    deliver(h, "AAA111", "x@y.example", MAILEV_STATUS_DEFERRED, "not yet", NOW + 50);
    found = by_queue_id(h, "AAA111");
    cr_assert_eq(found.count, 1u);
    cr_expect_eq(found.message[0]->end, HISTORY_OPEN);
    cr_expect_eq(found.message[0]->arrived_ms, NOW);
    cr_expect_eq(found.message[0]->size_bytes, 1234u);
    cr_expect_eq(found.message[0]->recipients, 2u);
    cr_expect_str_eq(facts(h, found.message[0]),
                     "to x@y.example smarthost.example 4.7.0 not yet deferred 4 +50\n"
                     "to z@y.example smarthost.example 4.7.0 ok sent 1 +20\n"
                     "to x@y.example smarthost.example 4.7.0 try later deferred 2 +30\n"
                     "from a@app.example\n"
                     "message-id <AAA111@app.example>\n"
                     "client app.example 192.0.2.1 shop\n",
                     "%s", facts(h, found.message[0]));
    end(h, "AAA111", LEDGER_SENT, NOW + 60);
    end(h, "AAA111", LEDGER_BOUNCED, NOW + 70);
    cr_expect_eq(found.message[0]->end, LEDGER_SENT, "it ended once");
    cr_expect_eq(found.message[0]->ended_ms, NOW + 60);
    history_free(&h);
    cr_expect_null(h);
}

Test(history, found_by_its_message_id) {
    struct history *h = history_new(100, &key);
    char long_id[400];
    struct mailev ev;

    arrive(h, "AAA111", NOW);
    arrive(h, "BBB222", NOW);
    cr_expect_eq(by_message_id(h, "<BBB222@app.example>").count, 1u);
    cr_expect_eq(by_message_id(h, "BBB222@app.example").count, 1u);
    cr_expect_eq(by_message_id(h, "BBB222@app.exampl").count, 0u);
    cr_expect_eq(by_message_id(h, "CCC").count, 0u);
    memset(long_id, 'x', sizeof long_id);
    long_id[399] = '\0';
    long_id[0] = '<';
    ev = event(MAILEV_ACCEPTED, "DDD444", NOW);
    ev.message_id = span_of(long_id);
    note(h, &ev);
    cr_expect_eq(by_message_id(h, long_id).count, 1u, "it was cut");
    cr_expect_eq(by_message_id(h, long_id + 1).count, 1u);
    history_free(&h);
}

Test(history, a_queue_id_again) {
    struct history *h = history_new(100, &key);
    struct found found;

    arrive(h, "AAA111", NOW);
    end(h, "AAA111", LEDGER_SENT, NOW + 5);
    arrive(h, "AAA111", NOW + 100);
    deliver(h, "AAA111", "new@y.example", MAILEV_STATUS_SENT, "ok", NOW + 110);
    end(h, "AAA111", LEDGER_BOUNCED, NOW + 120);
    found = by_queue_id(h, "AAA111");
    cr_assert_eq(found.count, 2u);
    cr_expect_eq(found.message[0]->end, LEDGER_BOUNCED, "the newest first");
    cr_expect_eq(found.message[1]->end, LEDGER_SENT);
    cr_expect_null(strstr(facts(h, found.message[1]), "new@"));
    arrive(h, "AAA111", NOW + 200);
    arrive(h, "AAA111", NOW + 300);
    cr_expect_eq(by_queue_id(h, "AAA111").count, 4u, "even if the end was missed");
    history_free(&h);
}

Test(history, lines_that_are_read_again) {
    struct history *h = history_new(100, &key);
    struct found found;
    char before[1024];

    for (int round = 0; round < 3; round++) {
        arrive(h, "AAA111", NOW);
        deliver(h, "AAA111", "x@y.example", MAILEV_STATUS_DEFERRED, "later", NOW + 10);
        deliver(h, "AAA111", "x@y.example", MAILEV_STATUS_DEFERRED, "later", NOW + 20);
        deliver(h, "AAA111", "x@y.example", MAILEV_STATUS_DEFERRED, "not yet", NOW + 30);
        found = by_queue_id(h, "AAA111");
        cr_assert_eq(found.count, 1u, "%zu in round %d", found.count, round);
        cr_expect_eq(found.message[0]->end, HISTORY_OPEN, "it is in the queue again");
        if (round == 0)
            strcpy(before, facts(h, found.message[0]));
        cr_expect_str_eq(facts(h, found.message[0]), before, "%s", facts(h, found.message[0]));
        end(h, "AAA111", LEDGER_SENT, NOW + 30);
    }
    history_free(&h);
}

Test(history, lines_out_of_order_and_without_a_beginning) {
    struct history *h = history_new(100, &key);
    struct mailev ev = event(MAILEV_REJECTED, "NEVER1", NOW);

    note(h, &ev);
    cr_expect_eq(by_queue_id(h, "NEVER1").count, 0u, "a refused recipient is no message");
    deliver(h, "OLD001", "x@y.example", MAILEV_STATUS_SENT, "ok", NOW);
    cr_expect_eq(by_queue_id(h, "OLD001").message[0]->arrived_ms, 0);
    ev = event(MAILEV_REMOVED, "OLD001", NOW + 9);
    note(h, &ev);
    cr_expect_eq(by_queue_id(h, "OLD001").message[0]->end, LEDGER_STRAY);
    cr_expect_eq(by_queue_id(h, "OLD001").message[0]->ended_ms, NOW + 9);

    history_note_milter(h, SPAN("MLT001"), NOW);
    history_note_milter(h, SPAN("MLT001"), NOW + 7);
    arrive(h, "MLT001", NOW + 3);
    cr_expect_eq(by_queue_id(h, "MLT001").count, 1u);
    cr_expect_eq(by_queue_id(h, "MLT001").message[0]->arrived_ms, NOW);

    ev = event(MAILEV_REJECTED, "MLT001", NOW + 4);
    ev.text = SPAN("554 no");
    note(h, &ev);
    ev = event(MAILEV_BOUNCE_NOTICE, "MLT001", NOW + 5);
    ev.other_id = SPAN("NOTE01");
    note(h, &ev);
    cr_expect_eq(strncmp(facts(h, by_queue_id(h, "MLT001").message[0]),
                         "notification NOTE01\nrefused 554 no\n", 34),
                 0);

    ev = event(MAILEV_NOTE, "NEW001", NOW + 6);
    ev.act = MAILEV_ACT_RENAMED;
    ev.other_id = SPAN("MLT001");
    note(h, &ev);
    cr_expect_str_eq(facts(h, by_queue_id(h, "NEW001").message[0]), "was MLT001\n");
    cr_expect_eq(strncmp(facts(h, by_queue_id(h, "MLT001").message[0]), "is NEW001\n", 10), 0);
    ev = event(MAILEV_LIFECYCLE, "", NOW);
    note(h, &ev);
    history_free(&h);
}

Test(history, the_oldest_gives_way) {
    struct history *h = history_new(10, &key);
    int64_t oldest_ms;
    char id[32];

    cr_expect_eq(history_count(h, &oldest_ms), 0u);
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof id, "ID%04d", i);
        arrive(h, id, NOW + i * 1000);
    }
    cr_expect_eq(history_count(h, &oldest_ms), 10u);
    cr_expect_eq(oldest_ms, NOW + 15000);
    cr_expect_eq(by_queue_id(h, "ID0014").count, 0u);
    cr_expect_eq(by_queue_id(h, "ID0015").count, 1u);
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "r%d@y.example", i);
        deliver(h, "ID0024", id, MAILEV_STATUS_SENT, "a longer text of the server", NOW + i);
    }
    cr_expect(strstr(facts(h, by_queue_id(h, "ID0024").message[0]), "...\n") != NULL,
              "details fell off");
    cr_expect_eq(by_queue_id(h, "ID0023").count, 1u, "what is left of it");
    cr_expect_str_eq(facts(h, by_queue_id(h, "ID0023").message[0]), "...\n");
    history_free(&h);
}

Test(history, many_recipients) {
    struct history *h = history_new(100, &key);
    char to[32];

    arrive(h, "AAA111", NOW);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 40; i++) {
            snprintf(to, sizeof to, "r%d@y.example", i);
            deliver(h, "AAA111", to, MAILEV_STATUS_DEFERRED, "later", NOW + i);
        }
    }
    cr_expect(strstr(facts(h, by_queue_id(h, "AAA111").message[0]), "r39@") != NULL);
    history_free(&h);
}

/* ---- the image ---- */

static struct history *copy_by_pages(struct history *h, struct history *to) {
    unsigned char *from = history_image(h, &(size_t){0});
    size_t size, offset, n;
    unsigned char *image = history_image(to, &size);

    while (history_take_changed(h, &offset, &n)) {
        cr_assert(offset % PAGES_SIZE == 0 && n % PAGES_SIZE == 0 && n > 0 && offset + n <= size);
        memcpy(image + offset, from + offset, n);
    }
    cr_expect_eq(memcmp(image, from, size), 0, "nothing that changed was left out");
    return to;
}

Test(history, comes_back_from_its_image) {
    struct history *h = history_new(500, &key);
    struct history *copy = history_new(500, &(struct hash_key){{5, 6}});
    const struct hash_key other_key = {{5, 6}};
    char id[16];

    for (int i = 0; i < 1300; i++) {
        snprintf(id, sizeof id, "ID%04d", i % 900);
        arrive(h, id, NOW + i);
        deliver(h, id, "x@y.example", MAILEV_STATUS_SENT, "ok", NOW + i);
        if (i % 3 == 0)
            end(h, id, LEDGER_SENT, NOW + i);
        if (i % 100 == 0)
            copy_by_pages(h, copy);
    }
    copy_by_pages(h, copy);
    cr_assert(history_adopt(copy));
    cr_expect_eq(history_count(copy, NULL), 500u);
    cr_expect_eq(by_queue_id(copy, "ID0399").count, 1u);
    history_end(copy, ledger_id(&other_key, SPAN("ID0398")), LEDGER_BOUNCED, NOW);
    cr_expect_eq(by_queue_id(copy, "ID0398").message[0]->end, LEDGER_BOUNCED,
                 "it goes on, with its own key");
    cr_expect_str_eq(facts(copy, by_queue_id(copy, "ID0399").message[0]),
                     "to x@y.example smarthost.example 4.7.0 ok sent 1 +1299\n"
                     "from a@app.example\nmessage-id <ID0399@app.example>\n"
                     "client app.example 192.0.2.1 shop\n");
    history_free(&h);
    history_free(&copy);
}

/* One line of one of many messages; the same number is the same line. */
static void note_line(struct history *h, int line) {
    int number = line / 6, part = line % 6;
    int64_t now = NOW + line;
    char id[16];

    snprintf(id, sizeof id, "ID%04d", number);
    if (part == 0)
        arrive(h, id, now);
    else if (part == 1)
        deliver(h, id, "x@y.example", MAILEV_STATUS_DEFERRED, "try later", now);
    else if (part == 2)
        deliver(h, id, "z@y.example", MAILEV_STATUS_SENT, "ok", now);
    else if (part == 3 || part == 4)
        deliver(h, id, "x@y.example", MAILEV_STATUS_DEFERRED, "not yet", now);
    else
        end(h, id, LEDGER_BOUNCED, now);
}

/* Written by pages after each line, killed at any page, read again from some lines before: in the
 * end there is one of each message, with all that is known of it. */
Test(history, killed_while_it_is_written) {
    enum { LINES = 6 * 150 };
    struct history *h = history_new(200, &key);
    struct history *file = history_new(200, &key);
    struct history *whole = history_new(200, &key);
    size_t size, offset, n;
    unsigned char *image = history_image(file, &size);
    uint64_t seed = 9;
    char text[1024];

    for (int line = 0; line < LINES; line++)
        note_line(whole, line);
    for (int line = 0, safe = 0, killed = 0; line < LINES; line++) {
        bool dies = ((seed = seed * UINT64_C(6364136223846793005) + 1) >> 33 & 1) && line >= killed;
        int pages = (int)(seed >> 40 & 3);

        note_line(h, line);
        while ((!dies || pages-- > 0) && history_take_changed(h, &offset, &n))
            memcpy(image + offset, history_image(h, &size) + offset, n);
        if (!dies) {
            if ((seed >> 50 & 3) == 0)
                safe = line + 1;
            continue;
        }
        killed = line + 5; /* it gets on */
        history_free(&h);
        h = history_new(200, &key);
        memcpy(history_image(h, &size), image, size);
        cr_assert(history_adopt(h));
        line = safe - 1;
    }
    for (int i = 0; i < LINES / 6; i++) {
        char id[16];
        struct found found, want;

        snprintf(id, sizeof id, "ID%04d", i);
        found = by_queue_id(h, id);
        want = by_queue_id(whole, id);
        cr_assert_eq(found.count, 1u, "%s: %zu", id, found.count);
        cr_expect_eq(found.message[0]->end, LEDGER_BOUNCED, "%s", id);
        cr_expect_eq(found.message[0]->arrived_ms, want.message[0]->arrived_ms);
        strcpy(text, facts(whole, want.message[0]));
        for (char *fact = strtok(text, "\n"); fact != NULL; fact = strtok(NULL, "\n"))
            cr_expect_not_null(strstr(facts(h, found.message[0]), fact), "%s: %s not in\n%s", id,
                               fact, facts(h, found.message[0]));
    }
    history_free(&h);
    history_free(&file);
    history_free(&whole);
}

Test(history, what_could_not_be_written_is_changed_still) {
    struct history *h = history_new(50, &key);
    size_t offset, n, again, again_n;

    arrive(h, "AAA111", NOW);
    cr_assert(history_take_changed(h, &offset, &n));
    history_change_again(h, offset, n);
    cr_assert(history_take_changed(h, &again, &again_n));
    cr_expect(offset == again && n == again_n);
    while (history_take_changed(h, &offset, &n))
        ;
    cr_expect_not(history_take_changed(h, &offset, &n));
    history_free(&h);
}

Test(history, an_image_of_another_kind_begins_anew) {
    struct history *h = history_new(50, &key);
    size_t size;
    unsigned char *image = history_image(h, &size);

    for (size_t i = 0; i < 48; i++) {
        unsigned char was;

        arrive(h, "AAA111", NOW);
        was = image[i];
        image[i] ^= 0x80;
        if (history_adopt(h))
            continue; /* a number that can be: of messages, of facts */
        cr_expect_eq(history_count(h, NULL), 0u, "byte %zu", i);
        cr_expect(i < 32 || i % 8 == 7 || (i >= 40 && i % 8 == 0), "byte %zu was %d", i, was);
    }
    arrive(h, "AAA111", NOW);
    cr_expect_eq(by_queue_id(h, "AAA111").count, 1u);
    history_free(&h);
}

Test(history, an_image_of_anything_does_no_harm) {
    struct history *h = history_new(20, &key);
    uint64_t seed = 77;
    size_t size;
    unsigned char *image = history_image(h, &size);
    char id[16];

    for (int round = 0; round < 3000; round++) {
        for (int i = 0; i < 12; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            image[32 + (seed >> 33) % (round % 2 == 0 ? size - 32 : 16)] =
                (unsigned char)(seed >> 20);
        }
        (void)history_adopt(h);
        for (int i = 0; i < 20; i++) {
            snprintf(id, sizeof id, "ID%04d", i % 17);
            arrive(h, id, NOW);
            deliver(h, id, "x@y.example", MAILEV_STATUS_DEFERRED, "no", NOW);
            (void)by_message_id(h, "<nothing>");
            (void)facts(h, by_queue_id(h, id).message[0]);
        }
    }
    history_free(&h);
}
