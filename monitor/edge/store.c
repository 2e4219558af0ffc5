/* See store.h. From below: the streams, and on_turn(), which decides what happens next: replies
 * only note what they say and ask for a turn, so that nobody is called back from inside anything.
 */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#include "storeerr.h"
#include "stream.h"

#include "rlink.h"
#include "sidelink.h"

enum {
    PROBE_MS = 1000, /* an idle stream writes its time: so a store that lost it is noticed */
    LOOK_MS = 2000,  /* at a stream that another one writes, while we wait for its end */
    FLIPS_S = 600,
    WAIT_LOCAL_MS = 3000, /* for the store, before the start */
    WAIT_ALONE_MS = 10000,
    KEY_SIZE = 256,
    SHA_SIZE = 41
};

struct script {
    const char *text;
    char sha[SHA_SIZE]; /* as the server said; "": not known, send the text */
};

struct store_stream {
    struct store *store;
    struct store_stream *next;
    struct stream logic;
    struct stream_request request; /* in flight */
    struct store_stream_calls calls;
    char key[KEY_SIZE];
    int news;          /* to be told in the next turn */
    unsigned failures; /* of commands, in a row */
    int64_t not_before_ms;
    int64_t acked_ms; /* when the store last had our state */
    int64_t start_by_ms;
    enum storeerr_class trouble;
    char detail[200];       /* "": none */
    char rival[OWNER_SIZE]; /* for people: to whom this stream gives way; "": nobody */
};

struct store {
    struct loop_timer *turn;
    bool asked;         /* for another turn at once */
    struct rlink *link; /* NULL: without Redis */
    struct script commit;
    struct script take;
    struct store_stream *streams;
    struct sidelink side;
    struct stream_words words; /* of the command that is being made */
    char host[128];
    char owner[STREAM_OWNER_SIZE];
};

static void ask_turn(void *arg) {
    struct store *store = arg;

    store->asked = true;
    loop_timer_set(store->turn, 0);
}

/* ---- streams ---- */

static void stream_trouble(struct store_stream *stream, enum storeerr_class trouble,
                           const char *text) {
    bool is_new = stream->detail[0] == '\0' || stream->trouble != trouble;
    uint32_t random = 0;

    stream->trouble = trouble;
    stream->failures++;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) == -1)
        random = 0;
    stream->not_before_ms = clock_mono_ms() + STOREERR_OPERATOR_MS;
    if (trouble != STOREERR_OPERATOR)
        stream->not_before_ms =
            clock_mono_ms() + storeerr_wait_ms(stream->failures, STOREERR_COMMAND_MS, random);
    text_copy_printable(stream->detail, sizeof stream->detail, storeerr_words(text));
    if (is_new && trouble == STOREERR_OPERATOR)
        log_error("store", "%s: %s", stream->key, stream->detail);
    else if (is_new)
        log_warn("store", "%s: %s", stream->key, stream->detail);
}

static void command_failed(struct store_stream *stream, const char *text) {
    enum storeerr_class trouble = storeerr_class_of(text);

    stream_failed(&stream->logic);
    if (trouble == STOREERR_TOPOLOGY)
        rlink_fail(stream->store->link, trouble, text);
    else
        stream_trouble(stream, trouble, text);
}

static void note_rival(struct store_stream *stream) {
    char text[OWNER_SIZE + 80];

    owner_describe(stream->logic.rival, stream->rival, sizeof stream->rival);
    text_format(text, sizeof text, "another relaywatchd (%s) writes here: waiting for its end",
                stream->rival);
    stream_trouble(stream, STOREERR_OPERATOR, text);
    stream->not_before_ms = clock_mono_ms() + LOOK_MS;
}

static void note_news(struct store_stream *stream, int news) {
    stream->news |= news;
    if ((news & STREAM_NEWS_WAITS) != 0)
        note_rival(stream);
    if (stream->logic.state == STREAM_ENDED)
        stream_trouble(stream, STOREERR_OPERATOR, "another process writes this stream: fenced");
    else if (stream->logic.state == STREAM_HALTED && (news & STREAM_NEWS_BAD) == 0)
        stream_trouble(stream, STOREERR_OPERATOR,
                       "the store holds totals of another lineage: nothing is written there");
    ask_turn(stream->store);
}

static int read_image(struct stream_image *image, const struct rlink_reply *reply,
                      struct fault *why) {
    bool fits = rlink_is_list(reply) && rlink_count(reply) % 2 == 0;

    for (size_t i = 0; fits && i < rlink_count(reply); i += 2) {
        const struct rlink_reply *name = rlink_part(reply, i);
        const struct rlink_reply *value = rlink_part(reply, i + 1);

        fits = rlink_is_text(name) && rlink_is_text(value);
        if (fits && stream_image_add(image, rlink_span(name), rlink_span(value), why) == -1)
            return -1;
    }
    return fits ? stream_image_check(image, why) : fault_set(why, "not the answer to HGETALL");
}

static void on_image(const struct rlink_reply *reply, void *arg) {
    struct store_stream *stream = arg;
    struct stream_image *image; /* not on the stack: what that once had stays resident */
    struct fault why;

    if (!rlink_is_up(stream->store->link))
        return; /* of a replica: old, perhaps; on_gone comes */
    image = xcalloc(1, sizeof *image);
    if (rlink_is_error(reply)) {
        command_failed(stream, rlink_text(reply));
        ask_turn(stream->store);
    } else if (read_image(image, reply, &why) == -1) {
        fault_wrap(&why, "the hash is left alone");
        stream_trouble(stream, STOREERR_OPERATOR, why.text);
        note_news(stream, stream_on_bad_image(&stream->logic));
    } else {
        note_news(stream, stream_on_image(&stream->logic, image));
    }
    free(image);
}

static void on_verdict(const struct rlink_reply *reply, void *arg);

static void send_write(struct store_stream *stream, bool whole) {
    bool take = stream->request.ask == STREAM_ASK_TAKE;
    struct script *script = take ? &stream->store->take : &stream->store->commit;
    struct stream_words *words = &stream->store->words;

    whole = whole || script->sha[0] == '\0';
    words->word[0] = whole ? "EVAL" : "EVALSHA";
    words->word[1] = whole ? script->text : script->sha;
    words->word[2] = "1";
    words->word[3] = stream->key;
    words->count = 4;
    stream_add_words(&stream->request, words);
    rlink_send(stream->store->link, words->count, words->word, on_verdict, stream);
}

static void written(struct store_stream *stream) {
    struct store *store = stream->store;

    if (stream->request.ask == STREAM_ASK_TAKE) {
        log_info("store", "%s: taken with epoch %" PRIu64, stream->key, stream->logic.epoch);
        sidelink_again(&store->side); /* what was lost here was lost there */
    }
    stream->acked_ms = clock_mono_ms();
    stream->rival[0] = '\0';
    stream->failures = 0;
    stream->detail[0] = '\0';
    rlink_well(store->link);
}

static void on_verdict(const struct rlink_reply *reply, void *arg) {
    struct store_stream *stream = arg;
    enum stream_verdict verdict = STREAM_UNKNOWN;
    int news;

    if (rlink_is_error(reply) && storeerr_class_of(rlink_text(reply)) == STOREERR_NOSCRIPT) {
        send_write(stream, true);
        return;
    }
    if (rlink_count(reply) > 0)
        verdict = stream_verdict_parse(rlink_span(rlink_part(reply, 0)));
    if (verdict == STREAM_UNKNOWN) {
        command_failed(stream,
                       rlink_is_error(reply) ? rlink_text(reply) : "not the answer of our script");
        ask_turn(stream->store);
        return;
    }
    if (verdict == STREAM_FENCED && rlink_count(reply) > 4)
        text_copy_printable(stream->logic.rival, sizeof stream->logic.rival,
                            rlink_span(rlink_part(reply, 4)));
    news = stream_on_verdict(&stream->logic, verdict);
    if (verdict == STREAM_OK)
        written(stream);
    else
        log_info("store", "%s: not written (%s): read again", stream->key,
                 rlink_text(rlink_part(reply, 0)));
    note_news(stream, news);
}

static void stream_turn(struct store_stream *stream, int64_t now_ms) {
    bool probe = now_ms - stream->acked_ms >= PROBE_MS;

    if (now_ms < stream->not_before_ms)
        return;
    stream_retry(&stream->logic);
    switch (stream_next(&stream->logic, clock_wall_ms(), probe, &stream->request)) {
    case STREAM_ASK_NOTHING:
        break;
    case STREAM_ASK_READ:
        rlink_check_role(stream->store->link);
        rlink_send(stream->store->link, 2, (const char *[]){"HGETALL", stream->key}, on_image,
                   stream);
        break;
    case STREAM_ASK_TAKE:
    case STREAM_ASK_COMMIT:
        send_write(stream, false);
        break;
    }
}

static void stream_tell(struct store_stream *stream) {
    const struct store_stream_calls *calls = &stream->calls;
    int news = stream->news;

    stream->news = 0;
    if ((news & STREAM_NEWS_START) != 0)
        calls->on_start(stream_from(&stream->logic), calls->arg);
    if ((news & STREAM_NEWS_LINEAGE) != 0)
        calls->on_lineage(stream->logic.newborn, calls->arg);
    if ((news & STREAM_NEWS_FENCED) != 0)
        calls->on_fenced(stream->logic.rival, calls->arg);
}

/* When this stream needs a turn again though nothing happens. */
static int64_t stream_due_ms(const struct store_stream *stream) {
    int64_t due_ms = INT64_MAX;

    if (!stream->logic.started)
        due_ms = stream->start_by_ms;
    if (stream->store->link == NULL || !rlink_is_up(stream->store->link))
        return due_ms;
    if (stream->logic.state == STREAM_IDLE && stream->acked_ms + PROBE_MS < due_ms)
        due_ms = stream->acked_ms + PROBE_MS;
    if ((stream->logic.state == STREAM_UNREAD || stream->logic.state == STREAM_HALTED ||
         stream->logic.state == STREAM_WAITING) &&
        stream->not_before_ms < due_ms)
        due_ms = stream->not_before_ms;
    return due_ms;
}

/* ---- the turn ---- */

static void on_script(const struct rlink_reply *reply, void *arg) {
    struct script *script = arg;

    if (rlink_is_text(reply) && rlink_span(reply).n == SHA_SIZE - 1)
        text_copy(script->sha, sizeof script->sha, rlink_text(reply));
}

static void load_script(struct store *store, struct script *script) {
    script->sha[0] = '\0';
    rlink_send(store->link, 3, (const char *[]){"SCRIPT", "LOAD", script->text}, on_script, script);
}

static void on_up(void *arg) {
    struct store *store = arg;

    load_script(store, &store->commit);
    load_script(store, &store->take);
    sidelink_up(&store->side);
    for (struct store_stream *stream = store->streams; stream != NULL; stream = stream->next)
        stream_connected(&stream->logic);
}

static void on_gone(void *arg) {
    struct store *store = arg;

    sidelink_gone(&store->side);
    for (struct store_stream *stream = store->streams; stream != NULL; stream = stream->next)
        stream_lost(&stream->logic);
}

static void link_turn(struct store *store, int64_t now_ms) {
    rlink_turn(store->link, now_ms);
    if (!rlink_is_up(store->link))
        return;
    for (struct store_stream *stream = store->streams; stream != NULL; stream = stream->next)
        stream_turn(stream, now_ms);
    if (!store_gives_way(store)) /* else the other one speaks for this name */
        sidelink_turn(&store->side, now_ms);
}

static void schedule(struct store *store, int64_t now_ms) {
    int64_t due_ms = INT64_MAX;

    if (store->link != NULL && !rlink_is_up(store->link))
        due_ms = rlink_due_ms(store->link);
    else if (store->link != NULL && !store_gives_way(store))
        due_ms = store->side.heartbeat_ms;
    for (const struct store_stream *stream = store->streams; stream != NULL;
         stream = stream->next) {
        if (stream_due_ms(stream) < due_ms)
            due_ms = stream_due_ms(stream);
    }
    if (store->asked || due_ms <= now_ms)
        loop_timer_set(store->turn, 0);
    else if (due_ms != INT64_MAX)
        loop_timer_set(store->turn, due_ms - now_ms);
}

static void on_turn(void *arg) {
    struct store *store = arg;
    int64_t now_ms = clock_mono_ms();

    store->asked = false;
    if (store->link != NULL)
        link_turn(store, now_ms);
    for (struct store_stream *stream = store->streams; stream != NULL; stream = stream->next) {
        if (store->link == NULL || now_ms >= stream->start_by_ms)
            stream->news |= stream_start_alone(&stream->logic);
        stream_tell(stream);
    }
    schedule(store, now_ms);
}

/* ---- the outside ---- */

struct store *store_new(struct loop *loop, const struct conf *conf, const char *owner) {
    struct store *store = xcalloc(1, sizeof *store);
    struct rlink_calls calls = {ask_turn, on_up, on_gone, store, false};

    store->turn = loop_timer_new(loop, on_turn, store);
    store->commit.text = stream_commit_script;
    store->take.text = stream_take_script;
    text_copy(store->host, sizeof store->host, conf->host);
    text_copy(store->owner, sizeof store->owner, owner);
    sidelink_init(&store->side, store->host, ask_turn, store);
    if (conf->redis[0] != '\0')
        store->link = store->side.link = rlink_new(loop, conf, &calls);
    ask_turn(store);
    return store;
}

void store_free(struct store **store_at) {
    struct store *store = *store_at;

    if (store == NULL)
        return;
    *store_at = NULL;
    rlink_free(&store->link);
    while (store->streams != NULL) {
        struct store_stream *stream = store->streams;

        store->streams = stream->next;
        free(stream);
    }
    sidelink_clear(&store->side);
    loop_timer_free(&store->turn);
    free(store);
}

static enum store_state state_of(enum storeerr_class trouble) {
    return trouble == STOREERR_OPERATOR ? STORE_OPERATOR : STORE_DOWN;
}

static enum store_state link_state(const struct store *store, const char **detail_out) {
    enum storeerr_class trouble;

    *detail_out = "";
    if (store->link == NULL)
        return STORE_OFF;
    *detail_out = rlink_detail(store->link, &trouble);
    if ((*detail_out)[0] != '\0')
        return state_of(trouble);
    if (rlink_is_up(store->link))
        return STORE_OK;
    return rlink_was_tried(store->link) ? STORE_DOWN : STORE_CONNECTING;
}

enum store_state store_state(const struct store *store, const char **detail_out) {
    const char *detail;
    enum store_state state = link_state(store, &detail);

    for (const struct store_stream *stream = store->streams;
         stream != NULL && (state == STORE_OK || state == STORE_DOWN); stream = stream->next) {
        if (stream->detail[0] != '\0') {
            state = state_of(stream->trouble);
            detail = stream->detail;
        } else if (!stream->logic.established && state == STORE_OK) {
            state = STORE_CONNECTING;
        }
    }
    if (detail_out != NULL)
        *detail_out = detail;
    return state;
}

bool store_gives_way(const struct store *store) {
    const struct store_stream *stream = store->streams;

    while (stream != NULL && !stream->logic.gives_way)
        stream = stream->next;
    return stream != NULL;
}

const char *store_rival(const struct store *store) {
    for (const struct store_stream *stream = store->streams; stream != NULL;
         stream = stream->next) {
        if (stream->rival[0] != '\0')
            return stream->rival;
    }
    return "";
}

unsigned store_flips(const struct store *store) {
    int64_t since_s = clock_wall_ms() / 1000 - FLIPS_S;
    unsigned most = 0;

    for (const struct store_stream *stream = store->streams; stream != NULL;
         stream = stream->next) {
        unsigned flips = stream_flips(&stream->logic, since_s);

        most = flips > most ? flips : most;
    }
    return most;
}

const char *store_advice(const struct store *store) {
    return store->side.settings;
}

struct store_stream *store_stream_new(struct store *store, const char *suffix,
                                      const struct totals *local, bool gives_way,
                                      const struct store_stream_calls *calls) {
    struct store_stream *stream = xcalloc(1, sizeof *stream);
    bool has_local = local != NULL && local->lineage[0] != '\0';

    stream->store = store;
    stream->calls = *calls;
    stream_init(&stream->logic, store->owner, local);
    if (gives_way)
        stream_give_way(&stream->logic);
    if (store->link != NULL && rlink_is_up(store->link))
        stream_connected(&stream->logic);
    stream->start_by_ms = clock_mono_ms() + (has_local ? WAIT_LOCAL_MS : WAIT_ALONE_MS);
    text_format(stream->key, sizeof stream->key, "rw:{%s}:%s", store->host, suffix);
    stream->next = store->streams;
    store->streams = stream;
    ask_turn(store);
    return stream;
}

void store_publish(struct store_stream *stream, const struct totals *now) {
    struct store *store = stream->store;

    stream_publish(&stream->logic, now);
    if (store->link == NULL)
        stream_number_alone(&stream->logic);
    else if (stream->logic.state == STREAM_IDLE)
        ask_turn(store);
}

void store_stream_snapshot(const struct store_stream *stream, struct totals *out) {
    stream_snapshot(&stream->logic, out);
}

void store_set_alert(struct store *store, const char *field, const char *json) {
    if (!sidelink_set(&store->side, field, json))
        log_warn("store", "alert %s: not stored: too many or too long", field);
    ask_turn(store);
}

bool store_settled(const struct store *store) {
    return store_state(store, NULL) != STORE_OK || sidedata_settled(&store->side.data);
}
