/* stream.c: each situation by itself, then a random model: two writers that crash, a store that
 * forgets, commands that land late, twice or never. Whatever happens, the values in the store are
 * those of the position beside them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"
#include "text.h"

#define LINEAGE_A "0123456789abcdef0123456789abcdef"
#define LINEAGE_B "fedcba9876543210fedcba9876543210"

/* ---- a store that does what the scripts do ---- */

struct fake {
    struct stream_image image;
    uint64_t writes;
};

static enum stream_verdict fake_apply(struct fake *store, const struct stream_request *request,
                                      const struct totals *state) {
    struct totals *have = &store->image.totals;
    bool take = request->ask == STREAM_ASK_TAKE;

    if (store->image.exists && strcmp(have->lineage, state->lineage) != 0)
        return STREAM_LINEAGE;
    if (take) {
        if (have->epoch != request->base_epoch || have->seq != request->base_seq)
            return STREAM_RACE;
    } else {
        if (have->epoch > state->epoch ||
            (have->epoch == state->epoch && strcmp(store->image.owner, request->owner) != 0))
            return STREAM_FENCED;
        if (have->epoch < state->epoch)
            return STREAM_BEHIND;
        if (have->seq >= state->seq)
            return STREAM_DUP;
        if (have->seq != request->base_seq)
            return STREAM_GAP;
    }
    if (take) {
        store->image.exists = store->image.has_epoch = store->image.has_seq = true;
        store->image.version = TOTALS_VERSION;
        text_copy(store->image.owner, sizeof store->image.owner, request->owner);
        text_copy(have->lineage, sizeof have->lineage, state->lineage);
        memcpy(store->image.flip_s, request->flip_s, sizeof store->image.flip_s);
        have->epoch = state->epoch;
    }
    have->seq = state->seq;
    have->time_ms = state->time_ms;
    text_copy(have->position, sizeof have->position, state->position);
    for (size_t i = 0; i < request->count; i++)
        totals_set(have, state->name[request->field[i]], state->value[request->field[i]]);
    for (size_t i = 0; i < request->texts; i++)
        totals_set_text(have, state->text[request->text[i]].name,
                        span_of(state->text[request->text[i]].value));
    store->writes++;
    return STREAM_OK;
}

/* One exchange without faults. Returns the news. */
static int exchange(struct stream *stream, struct fake *store, bool probe, enum stream_ask want) {
    struct stream_request request;
    enum stream_ask ask = stream_next(stream, 1000, probe, &request);

    cr_assert_eq(ask, want, "asks %d, not %d", ask, want);
    if (ask == STREAM_ASK_READ)
        return stream_on_image(stream, &store->image);
    if (ask == STREAM_ASK_NOTHING)
        return 0;
    return stream_on_verdict(stream, fake_apply(store, &request, request.state));
}

/* The state of the world at position p. */
static void fill(struct totals *t, uint64_t p) {
    text_format(t->position, sizeof t->position, "v1;%llu", (unsigned long long)p);
    totals_set(t, "c.lines", p);
    totals_set(t, "c.sent", p / 2);
    totals_set(t, "c.deferred", p * p % 1000);
    totals_set(t, "c.never", 0);
}

static uint64_t position_of(const struct totals *t) {
    uint64_t p = 0;

    if (t->position[0] != '\0')
        cr_assert(text_u64(span_of(t->position + 3), 0, UINT64_MAX, &p), "%s", t->position);
    return p;
}

static void expect_consistent(const struct totals *t, const char *what) {
    uint64_t p = position_of(t);

    cr_assert(totals_get(t, "c.lines") == p && totals_get(t, "c.sent") == p / 2 &&
                  totals_get(t, "c.deferred") == p * p % 1000 && totals_get(t, "c.never") == 0,
              "%s: values are not those of position %llu", what, (unsigned long long)p);
}

static struct totals world(const char *lineage, uint64_t epoch, uint64_t seq, uint64_t p) {
    struct totals t = {.epoch = epoch, .seq = seq};

    text_copy(t.lineage, sizeof t.lineage, lineage);
    fill(&t, p);
    return t;
}

static struct fake stored(const char *owner, const struct totals *t) {
    struct fake store = {{.exists = true, .has_epoch = true, .has_seq = true, .version = 1}, 0};

    text_copy(store.image.owner, sizeof store.image.owner, owner);
    store.image.totals = *t;
    return store;
}

static void bring_up(struct stream *stream, struct fake *store) {
    stream_connected(stream);
    cr_assert_eq(exchange(stream, store, false, STREAM_ASK_READ), 0);
    cr_assert_eq(exchange(stream, store, false, STREAM_ASK_TAKE), STREAM_NEWS_START);
}

static void publish(struct stream *stream, uint64_t p) {
    struct totals t = *stream_from(stream);

    fill(&t, p);
    stream_publish(stream, &t);
}

/* ---- where to start from ---- */

Test(stream, start) {
    static const struct {
        const char *name;
        const char *local_lineage; /* NULL: nothing local */
        uint64_t local_epoch, local_seq, local_p;
        const char *store_lineage; /* NULL: empty */
        uint64_t store_epoch, store_seq, store_p;
        uint64_t want_p;
        uint64_t want_epoch, want_seq;
    } rows[] = {
        {"nothing anywhere", NULL, 0, 0, 0, NULL, 0, 0, 0, 0, 1, 1},
        {"store only", NULL, 0, 0, 0, LINEAGE_A, 7, 50, 500, 500, 8, 51},
        {"local only", LINEAGE_A, 3, 40, 400, NULL, 0, 0, 0, 400, 4, 41},
        {"store further", LINEAGE_A, 3, 40, 400, LINEAGE_A, 3, 50, 500, 500, 4, 51},
        {"local further", LINEAGE_A, 3, 60, 600, LINEAGE_A, 3, 50, 500, 600, 4, 61},
        {"same number: local has more", LINEAGE_A, 3, 50, 510, LINEAGE_A, 3, 50, 500, 510, 4, 51},
        {"same number, higher epoch", LINEAGE_A, 3, 50, 510, LINEAGE_A, 4, 50, 500, 500, 5, 51},
        {"store rolled back", LINEAGE_A, 9, 60, 600, LINEAGE_A, 3, 50, 500, 600, 10, 61},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct totals local = {0};
        struct fake store = {0};
        struct stream stream;

        if (rows[i].local_lineage != NULL)
            local = world(rows[i].local_lineage, rows[i].local_epoch, rows[i].local_seq,
                          rows[i].local_p);
        if (rows[i].store_lineage != NULL) {
            struct totals t = world(rows[i].store_lineage, rows[i].store_epoch, rows[i].store_seq,
                                    rows[i].store_p);
            store = stored("before", &t);
        }
        stream_init(&stream, "me", rows[i].local_lineage != NULL ? &local : NULL);
        bring_up(&stream, &store);
        cr_expect_eq(position_of(stream_from(&stream)), rows[i].want_p, "%s", rows[i].name);
        cr_expect_eq(position_of(&store.image.totals), rows[i].want_p, "%s", rows[i].name);
        cr_expect_eq(store.image.totals.epoch, rows[i].want_epoch, "%s", rows[i].name);
        cr_expect_eq(store.image.totals.seq, rows[i].want_seq, "%s", rows[i].name);
        cr_expect_str_eq(store.image.owner, "me", "%s", rows[i].name);
        cr_expect(stream_lineage_ok(stream_from(&stream)->lineage), "%s", rows[i].name);
        expect_consistent(&store.image.totals, rows[i].name);
        cr_expect_eq(stream_start_alone(&stream), 0, "%s: started once only", rows[i].name);
    }
}

Test(stream, other_lineage_is_left_alone) {
    struct totals local = world(LINEAGE_A, 3, 40, 400);
    struct totals alien = world(LINEAGE_B, 1, 5, 50);
    struct fake store = stored("alien", &alien);
    struct stream stream;

    stream_init(&stream, "me", &local);
    stream_connected(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ),
                 STREAM_NEWS_START | STREAM_NEWS_LINEAGE);
    cr_expect_not(stream.newborn);
    cr_expect_eq(position_of(stream_from(&stream)), 400, "counting goes on from what we know");
    publish(&stream, 401);
    exchange(&stream, &store, true, STREAM_ASK_NOTHING);
    stream_retry(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0, "told once");
    cr_expect_eq(store.writes, 0);
    memset(&store, 0, sizeof store); /* the operator removed it */
    stream_retry(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_TAKE), 0);
    cr_expect_eq(position_of(&store.image.totals), 401);
}

Test(stream, newborn_lineage) {
    struct totals known = world(LINEAGE_A, 3, 40, 400);
    struct fake store = stored("before", &known);
    struct stream stream;

    stream_init(&stream, "me", NULL);
    cr_assert_eq(stream_start_alone(&stream), STREAM_NEWS_START);
    publish(&stream, 10);
    stream_connected(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), STREAM_NEWS_LINEAGE);
    cr_expect(stream.newborn, "made up while the store could not be asked");

    memset(&store, 0, sizeof store);
    stream_init(&stream, "me", NULL);
    cr_assert_eq(stream_start_alone(&stream), STREAM_NEWS_START);
    stream_connected(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_TAKE), 0);
    cr_expect_not(stream.newborn, "written: it is the lineage now");
}

/* The store could not be asked, so the lineage was made here. Killed or ended and started again
 * from what was saved, it is still replaceable: also when a first take of it may have landed. */
Test(stream, newborn_started_again) {
    for (int i = 0; i < 3; i++) {
        struct totals t = world(LINEAGE_B, 3, 50, 500);
        struct fake store = {0};
        struct stream_request request;
        struct totals saved;
        struct stream stream;

        stream_init(&stream, "me", NULL);
        cr_expect_eq(stream_start_alone(&stream), STREAM_NEWS_START);
        publish(&stream, 7);
        if (i > 0) {
            stream_connected(&stream);
            exchange(&stream, &store, false, STREAM_ASK_READ);
            cr_expect_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_TAKE);
            if (i == 2)
                fake_apply(&store, &request, request.state);
            stream_lost(&stream);
        }
        stream_snapshot(&stream, &saved);
        if (i < 2)
            store = stored("before", &t);
        stream_init(&stream, "me again", &saved);
        bring_up(&stream, &store);
        cr_expect_eq(position_of(stream_from(&stream)), i < 2 ? 500 : 7, "row %d", i);
        expect_consistent(&store.image.totals, "taken");
    }
}

/* Without a store for a while, then with one that knows other totals: nobody decides that but a
 * human. */
Test(stream, not_newborn_without_store) {
    struct totals t = world(LINEAGE_B, 3, 50, 500);
    struct fake store = stored("before", &t);
    struct totals saved;
    struct stream stream;

    stream_init(&stream, "me", NULL);
    cr_expect_eq(stream_start_alone(&stream), STREAM_NEWS_START);
    publish(&stream, 7);
    stream_number_alone(&stream);
    stream_snapshot(&stream, &saved);
    stream_init(&stream, "me again", &saved);
    stream_connected(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ),
                 STREAM_NEWS_START | STREAM_NEWS_LINEAGE);
    cr_expect_not(stream.newborn);
}

Test(stream, race_at_birth) {
    struct fake store = {0};
    struct stream a;
    struct stream b;

    stream_init(&a, "a", NULL);
    stream_init(&b, "b", NULL);
    stream_connected(&a);
    stream_connected(&b);
    cr_expect_eq(exchange(&a, &store, false, STREAM_ASK_READ), 0);
    cr_expect_eq(exchange(&b, &store, false, STREAM_ASK_READ), 0);
    cr_expect_eq(exchange(&a, &store, false, STREAM_ASK_TAKE), STREAM_NEWS_START);
    cr_expect_eq(exchange(&b, &store, false, STREAM_ASK_TAKE), 0, "another lineage came first");
    cr_expect_eq(exchange(&b, &store, false, STREAM_ASK_READ), 0);
    cr_expect_eq(exchange(&b, &store, false, STREAM_ASK_TAKE), STREAM_NEWS_START);
    cr_expect_str_eq(stream_from(&b)->lineage, stream_from(&a)->lineage);
    cr_expect_eq(exchange(&a, &store, true, STREAM_ASK_COMMIT), STREAM_NEWS_FENCED);
    exchange(&a, &store, true, STREAM_ASK_NOTHING);
}

/* ---- commits ---- */

Test(stream, only_changes_are_sent) {
    struct fake store = {0};
    struct stream_request request;
    struct stream stream;

    stream_init(&stream, "me", NULL);
    bring_up(&stream, &store);
    publish(&stream, 1);
    cr_expect_eq(stream_next(&stream, 7, false, &request), STREAM_ASK_COMMIT);
    cr_expect_eq(request.count, 4, "new fields, also those of value 0");
    cr_expect_eq(request.state->time_ms, 7);
    publish(&stream, 2);
    publish(&stream, 3);
    cr_expect_eq(position_of(request.state), 1, "what is in flight does not change");
    cr_expect_eq(stream_next(&stream, 8, true, &request), STREAM_ASK_NOTHING, "not yet");
    cr_expect(request.ask == STREAM_ASK_COMMIT && request.count == 4,
              "nor the request: a store that does not know the script gets it once more");
    cr_expect_eq(stream_on_verdict(&stream, fake_apply(&store, &request, request.state)), 0);
    cr_expect_eq(stream_next(&stream, 8, false, &request), STREAM_ASK_COMMIT);
    cr_expect_eq(position_of(request.state), 3, "the newest only");
    cr_expect_eq(request.count, 3, "c.never has not changed");
    cr_expect_eq(stream_on_verdict(&stream, fake_apply(&store, &request, request.state)), 0);
    cr_expect_eq(stream_next(&stream, 9, false, &request), STREAM_ASK_NOTHING);
    cr_expect_eq(stream_next(&stream, 9, true, &request), STREAM_ASK_COMMIT, "a probe");
    cr_expect_eq(request.count, 0);
    expect_consistent(&store.image.totals, "after all");
}

/* A field that comes later, one that the store has beside ours, another order of them: what is sent
 * is what differs, by name. */
Test(stream, fields_come_and_change_places) {
    struct totals local = world(LINEAGE_A, 3, 60, 600);
    struct totals stored_totals = world(LINEAGE_A, 3, 50, 500);
    struct totals now = {0};
    struct fake store;
    struct stream_request request;
    struct stream stream;

    totals_set(&stored_totals, "m.1.t", 77);
    store = stored("before", &stored_totals);
    stream_init(&stream, "me", &local);
    bring_up(&stream, &store);
    publish(&stream, 602);
    cr_assert_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_COMMIT);
    cr_expect_eq(request.count, 3, "%zu: though the store has one more", request.count);
    cr_expect_eq(stream_on_verdict(&stream, fake_apply(&store, &request, request.state)), 0);

    totals_set(&now, "m.2.t", 5);
    totals_set(&now, "c.never", 0);
    fill(&now, 604);
    stream_publish(&stream, &now);
    cr_assert_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_COMMIT);
    cr_expect_eq(request.count, 4, "%zu: the new one and those that changed", request.count);
    cr_expect_eq(stream_on_verdict(&stream, fake_apply(&store, &request, request.state)), 0);
    expect_consistent(&store.image.totals, "another order");
    cr_expect_eq(totals_get(&store.image.totals, "m.1.t"), 0);
    cr_expect_eq(totals_get(&store.image.totals, "m.2.t"), 5);
}

/* The most that there can be: taken whole, then one of them. */
Test(stream, all_fields) {
    static struct stream_words words;
    struct fake store = {0};
    struct stream_request request;
    struct stream stream;
    struct totals now = {0};
    char name[TOTALS_NAME_SIZE];

    stream_init(&stream, "me", NULL);
    bring_up(&stream, &store);
    for (uint64_t i = 0; i < TOTALS_FIELDS; i++) {
        text_format(name, sizeof name, "m.%llu", (unsigned long long)i);
        totals_set(&now, name, i + 1);
    }
    for (int i = 0; i < TOTALS_TEXTS; i++) {
        text_format(name, sizeof name, "k.%d.name", i);
        cr_assert(totals_set_text(&now, name, SPAN("x")));
    }
    stream_publish(&stream, &now);
    cr_assert_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_COMMIT);
    cr_expect_eq(request.count, TOTALS_FIELDS);
    words.count = 4;
    stream_add_words(&request, &words);
    cr_expect_eq(words.count, 4 + 7 + 2 * (TOTALS_FIELDS + TOTALS_TEXTS));
    text_format(name, sizeof name, "m.%d", TOTALS_FIELDS - 1);
    cr_expect_str_eq(words.word[4 + 7 + 2 * TOTALS_FIELDS - 2], name);
    text_format(name, sizeof name, "%d", TOTALS_FIELDS);
    cr_expect_str_eq(words.word[4 + 7 + 2 * TOTALS_FIELDS - 1], name);
    cr_expect_eq(stream_on_verdict(&stream, fake_apply(&store, &request, request.state)), 0);
    now.value[totals_field(&now, "m.3000")] = 7;
    stream_publish(&stream, &now);
    cr_assert_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_COMMIT);
    cr_assert_eq(request.count, 1);
    cr_expect_str_eq(request.state->name[request.field[0]], "m.3000");
    stream_failed(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0);
    cr_assert_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_TAKE);
    words.count = 4;
    stream_add_words(&request, &words);
    cr_expect_eq(words.count, 4 + 10 + 2 * (TOTALS_FIELDS + TOTALS_TEXTS));
    cr_expect(words.count <= sizeof words.word / sizeof words.word[0]);
    cr_expect(words.numbers <= sizeof words.number / sizeof words.number[0]);
}

Test(stream, fields_that_nobody_knows_become_zero) {
    struct totals local = world(LINEAGE_A, 3, 60, 600);
    struct totals t = world(LINEAGE_A, 3, 50, 500);
    struct fake store;
    struct stream stream;

    totals_set(&t, "c.old", 12);
    store = stored("before", &t);
    stream_init(&stream, "me", &local);
    bring_up(&stream, &store);
    cr_expect_eq(totals_get(&store.image.totals, "c.old"), 0);
    cr_expect_eq(stream_from(&stream)->count, 4);
}

/* Text goes and comes like numbers, in the same write. */
Test(stream, texts) {
    static struct stream_words words;
    struct totals t = world(LINEAGE_A, 3, 50, 500);
    struct totals now;
    struct fake store;
    struct stream_request request;
    struct stream stream;

    totals_set_text(&t, "k.0.name", SPAN("example.com"));
    totals_set_text(&t, "k.9.name", SPAN("of.another.version"));
    store = stored("before", &t);
    now = world(LINEAGE_A, 3, 60, 600);
    totals_set_text(&now, "k.1.name", SPAN("example.org"));
    totals_set_text(&now, "k.0.name", SPAN("example.net"));
    stream_init(&stream, "me", &now);
    bring_up(&stream, &store);
    cr_expect_str_eq(totals_text(&store.image.totals, "k.0.name"), "example.net");
    cr_expect_str_eq(totals_text(&store.image.totals, "k.1.name"), "example.org");
    cr_expect_str_eq(totals_text(&store.image.totals, "k.9.name"), "", "no remains");
    fill(&now, 602);
    totals_set_text(&now, "k.1.name", SPAN("m\xc3\xbcnchen.example"));
    stream_publish(&stream, &now);
    cr_assert_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_COMMIT);
    cr_assert_eq(request.texts, 1, "what has changed");
    words.count = 4;
    stream_add_words(&request, &words);
    cr_expect_str_eq(words.word[words.count - 2], "k.1.name");
    cr_expect_str_eq(words.word[words.count - 1], "m\xc3\xbcnchen.example");
    cr_expect_eq(stream_on_verdict(&stream, fake_apply(&store, &request, request.state)), 0);
    expect_consistent(&store.image.totals, "with texts");
    cr_expect_str_eq(totals_text(&store.image.totals, "k.1.name"), "m\xc3\xbcnchen.example");
    cr_assert_eq(stream_next(&stream, 1, true, &request), STREAM_ASK_COMMIT);
    cr_expect_eq(request.texts, 0);
}

/* What the store turned into while the stream was idle, and what the next commit leads to. */
Test(stream, reactions) {
    static const struct {
        const char *name;
        bool emptied;
        int64_t epoch_by, seq_by; /* what changed */
        const char *owner;
        int want; /* news */
    } rows[] = {
        {"emptied", true, 0, 0, "me", 0},
        {"lost commits", false, 0, -2, "me", 0},
        {"lost the take", false, -1, -3, "before", 0},
        {"has more than it should", false, 0, 5, "me", 0},
        {"taken over", false, 1, 1, "other", STREAM_NEWS_FENCED},
        {"rolled back and taken with our epoch", false, 0, -1, "other", STREAM_NEWS_FENCED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct totals t = world(LINEAGE_A, 3, 50, 500);
        struct fake store = stored("before", &t);
        struct stream stream;

        stream_init(&stream, "me", NULL);
        bring_up(&stream, &store);
        for (uint64_t p = 501; p < 505; p++) {
            publish(&stream, p);
            cr_assert_eq(exchange(&stream, &store, false, STREAM_ASK_COMMIT), 0);
        }
        if (rows[i].emptied)
            memset(&store, 0, sizeof store);
        store.image.totals.epoch += (uint64_t)rows[i].epoch_by;
        store.image.totals.seq += (uint64_t)rows[i].seq_by;
        text_copy(store.image.owner, sizeof store.image.owner, rows[i].owner);
        cr_expect_eq(exchange(&stream, &store, true, STREAM_ASK_COMMIT), rows[i].want, "%s",
                     rows[i].name);
        if (rows[i].want == STREAM_NEWS_FENCED)
            continue;
        publish(&stream, 506);
        cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0, "%s", rows[i].name);
        cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_TAKE), 0, "%s", rows[i].name);
        cr_expect_eq(position_of(&store.image.totals), 506, "%s", rows[i].name);
        expect_consistent(&store.image.totals, rows[i].name);
    }
}

/* What a writer finds that lost its connection for a while. */
Test(stream, return_of_a_writer) {
    static const struct {
        const char *name;
        int64_t epoch_by;
        const char *owner;
        bool ends;
    } rows[] = {
        {"all as it was", 0, "me", false},
        {"a take of ours landed", 1, "me", false},
        {"taken over", 1, "other", true},
        {"rolled back and taken with our epoch", 0, "other", true},
        {"rolled back to before us", -1, "other", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct totals t = world(LINEAGE_A, 3, 50, 500);
        struct fake store = stored("before", &t);
        struct stream stream;

        stream_init(&stream, "me", NULL);
        bring_up(&stream, &store);
        stream_lost(&stream);
        publish(&stream, 501);
        store.image.totals.epoch += (uint64_t)rows[i].epoch_by;
        text_copy(store.image.owner, sizeof store.image.owner, rows[i].owner);
        stream_connected(&stream);
        cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ),
                     rows[i].ends ? STREAM_NEWS_FENCED : 0, "%s", rows[i].name);
        exchange(&stream, &store, false, rows[i].ends ? STREAM_ASK_NOTHING : STREAM_ASK_TAKE);
        cr_expect_eq(position_of(&store.image.totals), rows[i].ends ? 500 : 501, "%s",
                     rows[i].name);
    }
}

Test(stream, lost_answers) {
    struct fake store = {0};
    struct stream_request request;
    struct stream_request late;
    struct totals late_state;
    struct totals saved;
    struct stream stream;

    stream_init(&stream, "me", NULL);
    bring_up(&stream, &store);
    publish(&stream, 5);
    cr_assert_eq(stream_next(&stream, 1, false, &request), STREAM_ASK_COMMIT);
    late = request;
    late_state = *request.state;
    stream_lost(&stream);
    stream_snapshot(&stream, &saved);
    cr_expect_eq(saved.seq, late_state.seq, "a local copy is not behind what may have landed");
    publish(&stream, 6);
    cr_expect_eq(stream_next(&stream, 1, true, &request), STREAM_ASK_NOTHING, "no connection");
    stream_connected(&stream);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0);
    cr_expect_eq(fake_apply(&store, &late, &late_state), STREAM_OK, "it lands after all");
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_TAKE), 0);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0, "somebody wrote");
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_TAKE), 0);
    cr_expect_eq(position_of(&store.image.totals), 6);
    cr_expect_neq(fake_apply(&store, &late, &late_state), STREAM_OK, "and again: too late");
    expect_consistent(&store.image.totals, "late commit");
}

/* ---- reading a hash ---- */

Test(stream, image) {
    static const struct {
        const char *name, *field, *value;
        bool fits;
    } rows[] = {
        {"total", "c.sent", "18446744073709551615", true},
        {"total too large", "c.sent", "18446744073709551616", false},
        {"negative", "c.sent", "-1", false},
        {"no number", "c.sent", "x", false},
        {"empty", "c.sent", "", false},
        {"no name", "", "1", false},
        {"longest name", "c.01234567890123456789012345678", "1", true},
        {"long name", "c.01234567890123456789012345678901234567890123456789012345678901", "1",
         false},
        {"control character", "c.\n", "1", false},
        {"epoch", "_ep", "9007199254740992", true},
        {"epoch beyond Lua", "_ep", "9007199254740993", false},
        {"seq", "_seq", "-1", false},
        {"lineage", "_lin", LINEAGE_A, true},
        {"short lineage", "_lin", "0123", false},
        {"upper case lineage", "_lin", "0123456789ABCDEF0123456789abcdef", false},
        {"time", "_ts", "-5", true},
        {"version", "_v", "0", false},
        {"position", "_pos", "v1;f;x \x7f", false},
        {"of the future", "_new", "anything", true},
        {"flips", "_flp", "3 2 1", true},
        {"no flips", "_flp", "", true},
        {"too many flips", "_flp", "5 4 3 2 1", false},
        {"no number among flips", "_flp", "3 x", false},
        {"text", "k.0.name", "m\xc3\xbcnchen.example", true},
        {"no text", "k.0.name", "", true},
        {"text that is none", "k.0.name", "b\xc3", false},
    };
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stream_image image = {0};

        cr_expect_eq(stream_image_add(&image, span_of(rows[i].field), span_of(rows[i].value), &why),
                     rows[i].fits ? 0 : -1, "%s", rows[i].name);
    }
}

Test(stream, image_is_whole) {
    static const char *const fields[][2] = {
        {"_v", "1"}, {"_lin", LINEAGE_A}, {"_own", "x"}, {"_ep", "0"}, {"_seq", "3"}};
    enum { COUNT = sizeof fields / sizeof fields[0] };
    struct fault why;

    for (size_t without = 0; without <= COUNT; without++) {
        struct stream_image image = {0};

        for (size_t i = 0; i < COUNT; i++) {
            if (i != without)
                cr_assert_eq(
                    stream_image_add(&image, span_of(fields[i][0]), span_of(fields[i][1]), &why),
                    0);
        }
        cr_expect_eq(stream_image_check(&image, &why), without == COUNT ? 0 : -1, "without %zu",
                     without);
        image.version = 2;
        cr_expect_eq(stream_image_check(&image, &why), -1, "of a newer version");
    }
}

/* ---- two of one name ---- */

#define BOOT_A "01234567-89ab-cdef-0123-456789abcdef"
#define BOOT_B "11234567-89ab-cdef-0123-456789abcdef"

static int look(struct stream *stream, struct fake *store) {
    stream_retry(stream);
    return exchange(stream, store, false, STREAM_ASK_READ);
}

/* Fenced before: it counts on from what is local, and takes the stream when that was left alone. */
Test(stream, gives_way) {
    struct totals local = world(LINEAGE_A, 3, 60, 600);
    struct totals theirs = world(LINEAGE_A, 4, 70, 3000); /* of another host's log */
    struct fake store = stored("other", &theirs);
    struct stream stream;

    stream_init(&stream, "me", &local);
    stream_give_way(&stream);
    stream_connected(&stream);
    cr_expect_eq(look(&stream, &store), STREAM_NEWS_START | STREAM_NEWS_WAITS);
    cr_expect_eq(stream.state, STREAM_WAITING);
    cr_expect_str_eq(stream.rival, "other");
    cr_expect_eq(position_of(stream_from(&stream)), 600, "not theirs");
    cr_expect_not(stream.newborn);
    for (int i = 0; i < 3 * STREAM_QUIET_LOOKS; i++) {
        publish(&stream, 600 + (uint64_t)i);
        if (i % (STREAM_QUIET_LOOKS - 1) == 0)
            store.image.totals.seq++; /* they write */
        cr_assert_eq(look(&stream, &store), STREAM_NEWS_WAITS, "look %d", i);
    }
    store.image.totals.seq++;
    for (int i = 0; i < STREAM_QUIET_LOOKS; i++) {
        if (i == 5) { /* the connection does not matter */
            stream_lost(&stream);
            stream_connected(&stream);
        }
        cr_assert_eq(look(&stream, &store), STREAM_NEWS_WAITS, "quiet look %d", i);
    }
    cr_expect_eq(look(&stream, &store), 0);
    publish(&stream, 700);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_TAKE), 0);
    cr_expect_eq(position_of(&store.image.totals), 700);
    expect_consistent(&store.image.totals, "taken");
    cr_expect_str_eq(store.image.owner, "me");
    cr_expect_str_eq(stream.rival, "");
    store.image.totals.epoch++;
    text_copy(store.image.owner, sizeof store.image.owner, "other");
    cr_expect_eq(exchange(&stream, &store, true, STREAM_ASK_COMMIT), STREAM_NEWS_FENCED, "again");
}

/* Giving way changes nothing where nobody else is. */
Test(stream, gives_way_to_nobody) {
    static const char *const owners[] = {"me", NULL};

    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        struct totals t = world(LINEAGE_A, 3, 50, 500);
        struct totals local = world(LINEAGE_A, 3, 60, 600);
        struct fake store = {0};
        struct stream stream;

        if (owners[i] != NULL)
            store = stored(owners[i], &t);
        stream_init(&stream, "me", &local);
        stream_give_way(&stream);
        bring_up(&stream, &store);
        cr_expect_eq(position_of(&store.image.totals), 600);
    }
}

Test(stream, flips) {
    struct fake store = {0};
    struct stream_request request;
    static struct stream_words words;
    struct stream stream;
    struct {
        const char *owner;
        int64_t wall_s;
        unsigned flips_60;
    } rows[] = {
        {BOOT_A ".1.1.1@mx1", 1000, 0}, /* the first one */
        {BOOT_A ".2.2.2@mx1", 1010, 0}, /* started again */
        {BOOT_B ".1.1.1@mx2", 1020, 1}, {BOOT_A ".3.3.3@mx1", 1030, 2},
        {BOOT_A ".4.4.4@mx1", 1031, 2}, {BOOT_B ".2.2.2@mx2", 1032, 3},
        {BOOT_A ".5.5.5@mx1", 1033, 4}, {BOOT_B ".3.3.3@mx2", 1034, 4},
        {BOOT_B ".4.4.4@mx2", 1094, 1}, {BOOT_B ".5.5.5@mx2", 1095, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        stream_init(&stream, rows[i].owner, NULL);
        stream_connected(&stream);
        cr_assert_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0);
        cr_assert_eq(stream_next(&stream, rows[i].wall_s * 1000, false, &request), STREAM_ASK_TAKE);
        words.count = 4;
        stream_add_words(&request, &words);
        cr_assert_eq(stream_on_verdict(&stream, fake_apply(&store, &request, request.state)),
                     STREAM_NEWS_START);
        cr_expect_eq(stream_flips(&stream, rows[i].wall_s - 60), rows[i].flips_60, "row %zu: %u", i,
                     stream_flips(&stream, rows[i].wall_s - 60));
        if (i == 6)
            cr_expect_str_eq(words.word[4 + 9], "1033 1032 1030 1020");
    }
    memset(&store, 0, sizeof store); /* emptied: what we know of it stays */
    cr_expect_eq(exchange(&stream, &store, true, STREAM_ASK_COMMIT), 0);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_READ), 0);
    cr_expect_eq(exchange(&stream, &store, false, STREAM_ASK_TAKE), 0);
    cr_expect_eq(store.image.flip_s[0], 1034);
}

/* ---- the random model ---- */

enum { WRITERS = 2, WIRE = 6, HISTORY = 8, STEPS = 100000 };

struct message {
    bool used;
    int writer;
    uint64_t connection;
    struct stream_request request;
    struct totals state;
};

struct writer {
    bool alive;
    uint64_t connection; /* 0: none */
    struct stream stream;
    struct totals slot;
    uint64_t position;
    bool gives_way;
};

struct model {
    struct fake store;
    struct fake history[HISTORY];
    struct writer writer[WRITERS];
    struct message wire[WIRE];
    uint64_t connections, births, end, acknowledged, fenced, rollbacks;
    bool forgets; /* the store may lose writes */
    bool polite;  /* who was fenced gives way */
    unsigned random;
};

static unsigned draw(struct model *m, unsigned below) {
    m->random = m->random * 1103515245u + 12345u;
    return (m->random >> 8) % below;
}

static void tell(struct model *m, struct writer *w, int news) {
    if ((news & STREAM_NEWS_START) != 0) {
        w->position = position_of(stream_from(&w->stream));
        expect_consistent(stream_from(&w->stream), "start");
        stream_snapshot(&w->stream, &w->slot);
    }
    if ((news & STREAM_NEWS_FENCED) != 0) {
        w->alive = false;
        w->gives_way = m->polite;
        m->fenced++;
    }
    if ((news & STREAM_NEWS_LINEAGE) != 0) {
        cr_assert(m->forgets, "two lineages in a store that forgets nothing");
        memset(&w->slot, 0, sizeof w->slot); /* the operator decides for the store */
        w->alive = false;
    }
}

static void land(struct model *m, struct message *message, bool answer) {
    struct writer *w = &m->writer[message->writer];
    uint64_t before = position_of(&m->store.image.totals);
    bool current = w->alive && w->connection == message->connection;
    enum stream_verdict verdict = STREAM_OK;

    if (message->request.ask != STREAM_ASK_READ) {
        verdict = fake_apply(&m->store, &message->request, &message->state);
        expect_consistent(&m->store.image.totals, "store");
        if (verdict == STREAM_OK)
            m->history[m->store.writes % HISTORY] = m->store;
        if (!m->forgets && !m->polite)
            cr_assert(position_of(&m->store.image.totals) >= before, "position went back");
    }
    if (!answer || !current)
        return;
    if (message->request.ask == STREAM_ASK_READ) {
        tell(m, w, stream_on_image(&w->stream, &m->store.image));
        return;
    }
    m->acknowledged += verdict == STREAM_OK;
    w->gives_way = w->gives_way && verdict != STREAM_OK;
    tell(m, w, stream_on_verdict(&w->stream, verdict));
}

static void ask(struct model *m, int writer) {
    struct writer *w = &m->writer[writer];

    for (int i = 0; i < WIRE; i++) {
        struct message *message = &m->wire[i];

        if (message->used)
            continue;
        if (stream_next(&w->stream, 1, draw(m, 4) == 0, &message->request) == STREAM_ASK_NOTHING)
            return;
        message->used = true;
        message->writer = writer;
        message->connection = w->connection;
        message->state = *message->request.state;
        return;
    }
}

static void revive(struct model *m, struct writer *w) {
    char owner[32];

    text_format(owner, sizeof owner, "process %llu", (unsigned long long)++m->births);
    stream_init(&w->stream, owner, w->slot.lineage[0] != '\0' ? &w->slot : NULL);
    if (w->gives_way)
        stream_give_way(&w->stream);
    w->alive = true;
    w->connection = 0;
}

static void step_writer(struct model *m, int writer) {
    struct writer *w = &m->writer[writer];
    struct totals t;

    if (!w->alive) {
        if (draw(m, 20) == 0)
            revive(m, w);
        return;
    }
    switch (draw(m, 12)) {
    case 0:
        stream_lost(&w->stream);
        w->connection = 0;
        break;
    case 1:
        if (draw(m, 10) == 0)
            w->alive = false; /* kill -9 */
        break;
    case 2:
        if (w->stream.started)
            stream_snapshot(&w->stream, &w->slot);
        break;
    case 3:
    case 4:
    case 5:
        if (!w->stream.started)
            break;
        w->position += draw(m, 4);
        if (w->position > m->end)
            m->end = w->position;
        t = *stream_from(&w->stream);
        fill(&t, w->position);
        stream_publish(&w->stream, &t);
        break;
    default:
        stream_retry(&w->stream);
        if (w->connection == 0) {
            w->connection = ++m->connections;
            stream_connected(&w->stream);
        }
        ask(m, writer);
    }
}

static void step_wire(struct model *m) {
    struct message *message = &m->wire[draw(m, WIRE)];
    unsigned fate = draw(m, 20);

    if (!message->used)
        return;
    if (fate > 0)
        land(m, message, fate > 2);
    if (fate == 3)
        return;      /* and once more, later */
    if (fate <= 2) { /* an answer that never comes ends the connection */
        struct writer *w = &m->writer[message->writer];

        if (w->connection == message->connection) {
            stream_lost(&w->stream);
            w->connection = 0;
        }
    }
    message->used = false;
}

static void step_store(struct model *m) {
    unsigned fate = draw(m, 400);

    if (!m->forgets || fate > 2)
        return;
    m->rollbacks++;
    if (fate == 0) {
        memset(&m->store.image, 0, sizeof m->store.image);
    } else {
        uint64_t writes = m->store.writes;

        m->store = m->history[draw(m, HISTORY)];
        m->store.writes = writes;
    }
}

static void settle(struct model *m) {
    for (int i = 1; i < WRITERS; i++)
        m->writer[i].alive = false;
    memset(m->wire, 0, sizeof m->wire);
    m->writer[0].connection = 0;
    for (int i = 0; i < 100; i++) {
        struct writer *w = &m->writer[0];
        struct totals t;

        if (!w->alive)
            revive(m, w);
        if (w->connection == 0) {
            w->connection = ++m->connections;
            stream_lost(&w->stream);
            stream_connected(&w->stream);
        }
        stream_retry(&w->stream);
        ask(m, 0);
        for (int k = 0; k < WIRE; k++) {
            if (m->wire[k].used)
                land(m, &m->wire[k], true);
            m->wire[k].used = false;
        }
        if (i >= 50 && w->alive && w->stream.started) {
            t = *stream_from(&w->stream);
            fill(&t, m->end + 1);
            stream_publish(&w->stream, &t);
        }
    }
    cr_assert_eq(position_of(&m->store.image.totals), m->end + 1, "it does not settle");
    expect_consistent(&m->store.image.totals, "end");
}

Test(stream, random_model) {
    struct model *m = calloc(1, sizeof *m);

    for (unsigned seed = 1; seed <= 10; seed++) {
        memset(m, 0, sizeof *m);
        m->random = seed;
        m->forgets = seed % 2 == 0;
        m->polite = seed % 4 >= 2;
        for (int i = 0; i < STEPS / 10; i++) {
            step_writer(m, (int)draw(m, 20) == 0);
            step_wire(m);
            step_store(m);
        }
        cr_expect(m->acknowledged > 200 && m->fenced > 0 && (m->rollbacks > 0) == m->forgets,
                  "seed %u exercises little: %llu acknowledged, %llu fenced", seed,
                  (unsigned long long)m->acknowledged, (unsigned long long)m->fenced);
        settle(m);
    }
    free(m);
}
