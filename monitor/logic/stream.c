/* See stream.h. Order: the scripts, reading a hash, the state machine. */
#include "stream.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Numbers are compared as doubles: exact to 2^53. `_ep` is false when the hash is not there. */
#define SCRIPT_HEAD                                                                                \
    "if #KEYS ~= 1 or #ARGV < FIXED or (#ARGV - FIXED) % 2 ~= 0 or not tonumber(ARGV[2])\n"        \
    "  or not tonumber(ARGV[3]) or not tonumber(ARGV[4]) then\n"                                   \
    "  return redis.error_reply('ERR relaywatch: malformed arguments')\n"                          \
    "end\n"                                                                                        \
    "local h = redis.call('HMGET', KEYS[1], '_ep', '_seq', '_own', '_pos', '_lin')\n"              \
    "local ep, seq = tonumber(h[1] or '0'), tonumber(h[2] or '0')\n"                               \
    "if not ep or not seq then return redis.error_reply('ERR relaywatch: WRONGTYPE numbers') "     \
    "end\n"                                                                                        \
    "local function say(word)\n"                                                                   \
    "  return {word, tostring(h[1] or '0'), tostring(h[2] or '0'), h[4] or '', h[3] or ''}\n"      \
    "end\n"

const char stream_commit_script[] =
    "local FIXED = 7\n" SCRIPT_HEAD
    "local mine, base, new = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])\n"
    "if h[5] and h[5] ~= ARGV[5] then return say('LINEAGE') end\n"
    "if ep > mine or (ep == mine and h[3] ~= ARGV[1]) then return say('FENCED') end\n"
    "if ep < mine then return say('BEHIND') end\n"
    "if seq >= new then return say('DUP') end\n"
    "if seq ~= base then return say('GAP') end\n"
    "local a = {'_seq', ARGV[4], '_pos', ARGV[6], '_ts', ARGV[7]}\n"
    "for i = FIXED + 1, #ARGV do a[#a + 1] = ARGV[i] end\n"
    "redis.call('HSET', KEYS[1], unpack(a))\n"
    "return {'OK', ARGV[2], ARGV[4], ARGV[6], ARGV[1]}\n";

const char stream_take_script[] =
    "local FIXED = 10\n" SCRIPT_HEAD "if h[5] and h[5] ~= ARGV[6] then return say('LINEAGE') end\n"
    "if ep ~= tonumber(ARGV[3]) or seq ~= tonumber(ARGV[4]) then return say('RACE') end\n"
    "local a = {'_v', ARGV[9], '_lin', ARGV[6], '_own', ARGV[1], '_ep', ARGV[2],\n"
    "  '_seq', ARGV[5], '_pos', ARGV[7], '_ts', ARGV[8], '_flp', ARGV[10]}\n"
    "for i = FIXED + 1, #ARGV do a[#a + 1] = ARGV[i] end\n"
    "redis.call('HSET', KEYS[1], unpack(a))\n"
    "return {'OK', ARGV[2], ARGV[5], ARGV[7], ARGV[1]}\n";

enum stream_verdict stream_verdict_parse(struct span word) {
    static const char *const words[] = {"OK", "DUP", "GAP", "BEHIND", "FENCED", "RACE", "LINEAGE"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (span_is(word, words[i]))
            return (enum stream_verdict)i;
    }
    return STREAM_UNKNOWN;
}

bool stream_lineage_ok(const char *lineage) {
    return strlen(lineage) == 32 && strspn(lineage, "0123456789abcdef") == 32;
}

/* Text that goes into the store and comes from there: printable ASCII. */
static bool copy_plain(char *out, size_t size, struct span from) {
    for (size_t i = 0; i < from.n; i++) {
        if (from.p[i] < ' ' || from.p[i] > '~')
            return false;
    }
    return text_copy_span(out, size, from);
}

static bool add_flips(struct stream_image *image, struct span value) {
    for (size_t i = 0; i < STREAM_FLIPS && value.n > 0; i++) {
        const char *blank = span_find(value, " ");
        struct span one = {value.p, blank != NULL ? (size_t)(blank - value.p) : value.n};

        if (!text_i64(one, 0, INT64_MAX / 2, &image->flip_s[i]))
            return false;
        value.p += one.n + (blank != NULL);
        value.n -= one.n + (blank != NULL);
    }
    return value.n == 0;
}

static bool add_own_field(struct stream_image *image, struct span name, struct span value) {
    struct totals *t = &image->totals;
    const uint64_t most = UINT64_C(1) << 53; /* exact in Lua */

    if (span_is(name, "_v"))
        return text_u64(value, 1, UINT32_MAX, &image->version);
    if (span_is(name, "_ep"))
        return image->has_epoch = text_u64(value, 0, most, &t->epoch);
    if (span_is(name, "_seq"))
        return image->has_seq = text_u64(value, 0, most, &t->seq);
    if (span_is(name, "_ts"))
        return text_i64(value, INT64_MIN / 2, INT64_MAX / 2, &t->time_ms);
    if (span_is(name, "_own"))
        return copy_plain(image->owner, sizeof image->owner, value);
    if (span_is(name, "_pos"))
        return copy_plain(t->position, sizeof t->position, value);
    if (span_is(name, "_flp"))
        return add_flips(image, value);
    if (span_is(name, "_lin"))
        return copy_plain(t->lineage, sizeof t->lineage, value) && stream_lineage_ok(t->lineage);
    return true; /* of a newer version that says it is compatible */
}

static bool add_total(struct totals *t, struct span name, struct span value) {
    char text[TOTALS_NAME_SIZE];
    uint64_t number;
    int field;

    if (!copy_plain(text, sizeof text, name))
        return false;
    if (totals_is_text(name))
        return totals_set_text(t, text, value);
    if (!text_u64(value, 0, UINT64_MAX, &number))
        return false;
    field = totals_field(t, text);
    if (field == -1)
        return false;
    t->value[field] = number;
    return true;
}

int stream_image_add(struct stream_image *image, struct span name, struct span value,
                     struct fault *why) {
    bool fits;

    image->exists = true;
    if (span_starts(name, "_"))
        fits = add_own_field(image, name, value);
    else
        fits = name.n > 0 && add_total(&image->totals, name, value);
    if (fits)
        return 0;
    return fault_set(why, "field \"%.*s\" is not one of ours", name.n < 64 ? (int)name.n : 64,
                     name.n > 0 ? name.p : "");
}

int stream_image_check(const struct stream_image *image, struct fault *why) {
    if (!image->exists)
        return 0;
    if (image->version > TOTALS_VERSION)
        return fault_set(why, "written by a newer relaywatch (version %llu, ours is %d)",
                         (unsigned long long)image->version, TOTALS_VERSION);
    if (image->version == 0 || !image->has_epoch || !image->has_seq || image->owner[0] == '\0' ||
        image->totals.lineage[0] == '\0')
        return fault_set(why, "_v, _lin, _own, _ep or _seq is missing");
    return 0;
}

void stream_init(struct stream *stream, const char *owner, const struct totals *local) {
    memset(stream, 0, offsetof(struct stream, newest));
    totals_init(&stream->newest);
    totals_init(&stream->sent);
    totals_init(&stream->acked);
    text_copy(stream->owner, sizeof stream->owner, owner);
    if (local != NULL && stream_lineage_ok(local->lineage)) {
        totals_copy(&stream->newest, local);
        stream->epoch = local->epoch;
        stream->seq = local->seq;
        stream->unborn = local->epoch == 0 && local->seq == 0; /* saved by a newborn */
    }
}

void stream_give_way(struct stream *stream) {
    stream->gives_way = true;
}

void stream_connected(struct stream *stream) {
    if (stream->state == STREAM_OFFLINE || stream->state == STREAM_HALTED ||
        stream->state == STREAM_WAITING)
        stream->state = STREAM_UNREAD;
}

void stream_lost(struct stream *stream) {
    if (stream->state != STREAM_HALTED && stream->state != STREAM_WAITING &&
        stream->state != STREAM_ENDED)
        stream->state = STREAM_OFFLINE;
}

void stream_failed(struct stream *stream) {
    if (stream->state != STREAM_OFFLINE && stream->state != STREAM_ENDED)
        stream->state = STREAM_UNREAD;
}

void stream_retry(struct stream *stream) {
    if (stream->state == STREAM_HALTED || stream->state == STREAM_WAITING)
        stream->state = STREAM_UNREAD;
}

static uint64_t higher(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* A field that the store has and we do not know is nothing to us: 0 or "". Writing that leaves no
 * remains. */
static void add_forgotten(struct totals *t, const struct totals *store) {
    for (size_t i = 0; i < store->count; i++)
        totals_field(t, store->name[i]);
    for (size_t i = 0; i < store->texts; i++) {
        const char *name = store->text[i].name;

        totals_set_text(t, name, span_of(totals_text(t, name)));
    }
}

/* Does this take put another machine's writer out? Then it is noted with it. */
static void fill_flips(struct stream *stream, int64_t wall_ms) {
    bool flip = stream->rival[0] != '\0' && !owner_same_machine(stream->rival, stream->owner);

    memcpy(stream->sent_flip_s + flip, stream->flip_s,
           (STREAM_FLIPS - flip) * sizeof stream->flip_s[0]);
    if (flip)
        stream->sent_flip_s[0] = wall_ms / 1000;
}

static void fill_take(struct stream *stream, int64_t wall_ms, struct stream_request *out) {
    struct totals *sent = &stream->sent;

    if (stream->newest.lineage[0] == '\0') {
        totals_new_lineage(&stream->newest);
        stream->unborn = true;
    }
    totals_copy(sent, &stream->newest);
    add_forgotten(sent, &stream->acked);
    sent->epoch = higher(stream->store_epoch, stream->epoch) + 1;
    sent->seq = higher(stream->store_seq, stream->seq) + 1;
    out->ask = STREAM_ASK_TAKE;
    fill_flips(stream, wall_ms);
    for (size_t i = 0; i < sent->count; i++)
        out->field[out->count++] = (uint16_t)i;
    for (size_t i = 0; i < sent->texts; i++)
        out->text[out->texts++] = (uint8_t)i;
    stream->state = STREAM_TAKING;
}

/* What the store does not have. Almost always both have the same fields, with the same numbers. */
static void add_changes(struct stream_request *out, const struct totals *sent,
                        const struct totals *acked) {
    bool alike = acked->layout == sent->layout && acked->count == sent->count;
    size_t count = 0;

    for (size_t i = 0; i < sent->count; i++) {
        int field = (int)i;

        if (alike && acked->value[i] == sent->value[i])
            continue;
        if (!alike)
            field = totals_find(acked, sent->name[i]);
        if (field < 0 || acked->value[field] != sent->value[i])
            out->field[count++] = (uint16_t)i;
    }
    out->count = count;
    for (size_t i = 0; i < sent->texts; i++) {
        if (strcmp(sent->text[i].value, totals_text(acked, sent->text[i].name)) != 0)
            out->text[out->texts++] = (uint8_t)i;
    }
}

static void fill_commit(struct stream *stream, struct stream_request *out) {
    struct totals *sent = &stream->sent;

    totals_copy(sent, &stream->newest);
    sent->epoch = stream->epoch;
    sent->seq = stream->store_seq + 1;
    out->ask = STREAM_ASK_COMMIT;
    add_changes(out, sent, &stream->acked);
    stream->state = STREAM_COMMITTING;
}

enum stream_ask stream_next(struct stream *stream, int64_t wall_ms, bool probe,
                            struct stream_request *out) {
    bool due = stream->state == STREAM_UNREAD || stream->state == STREAM_UNTAKEN ||
               (stream->state == STREAM_IDLE && (stream->waits || probe));

    if (!due)
        return STREAM_ASK_NOTHING; /* *out may be in flight, and may have to be sent again */
    out->ask = STREAM_ASK_READ;
    out->count = out->texts = 0;
    out->base_epoch = stream->store_epoch;
    out->base_seq = stream->store_seq;
    out->owner = stream->owner;
    out->flip_s = stream->sent_flip_s;
    out->state = &stream->sent;
    if (stream->state == STREAM_UNREAD) {
        stream->state = STREAM_READING;
        return out->ask;
    }
    if (stream->state == STREAM_UNTAKEN)
        fill_take(stream, wall_ms, out);
    else
        fill_commit(stream, out);
    stream->sent.time_ms = wall_ms;
    stream->seq = stream->sent.seq;
    stream->waits = false;
    return out->ask;
}

static void add_word(struct stream_words *words, const char *word) {
    words->word[words->count++] = word;
}

static void add_flip_words(struct stream_words *words, const int64_t flip_s[STREAM_FLIPS]) {
    size_t n = 0;

    words->flips[0] = '\0';
    for (size_t i = 0; i < STREAM_FLIPS && flip_s[i] != 0; i++, n = strlen(words->flips))
        text_format(words->flips + n, sizeof words->flips - n, "%s%" PRId64, i > 0 ? " " : "",
                    flip_s[i]);
    add_word(words, words->flips);
}

static void add_number(struct stream_words *words, uint64_t value) {
    char *number = words->number[words->numbers++];

    text_format(number, sizeof words->number[0], "%" PRIu64, value);
    add_word(words, number);
}

void stream_add_words(const struct stream_request *request, struct stream_words *words) {
    const struct totals *state = request->state;
    bool take = request->ask == STREAM_ASK_TAKE;

    words->numbers = 0;
    add_word(words, request->owner);
    add_number(words, state->epoch);
    if (take)
        add_number(words, request->base_epoch);
    add_number(words, request->base_seq);
    add_number(words, state->seq);
    add_word(words, state->lineage);
    add_word(words, state->position);
    add_number(words, (uint64_t)state->time_ms);
    if (take) {
        add_number(words, TOTALS_VERSION);
        add_flip_words(words, request->flip_s);
    }
    for (size_t i = 0; i < request->count; i++) {
        add_word(words, state->name[request->field[i]]);
        add_number(words, state->value[request->field[i]]);
    }
    for (size_t i = 0; i < request->texts; i++) {
        add_word(words, state->text[request->text[i]].name);
        add_word(words, state->text[request->text[i]].value);
    }
}

static int start(struct stream *stream) {
    if (stream->started)
        return 0;
    stream->started = true;
    return STREAM_NEWS_START;
}

int stream_start_alone(struct stream *stream) {
    if (stream->started)
        return 0;
    if (stream->newest.lineage[0] == '\0') {
        totals_new_lineage(&stream->newest);
        stream->unborn = true;
    }
    stream->newborn = stream->unborn;
    return start(stream);
}

static int halt(struct stream *stream, int news) {
    stream->state = STREAM_HALTED;
    return stream_start_alone(stream) | news;
}

int stream_on_bad_image(struct stream *stream) {
    return halt(stream, STREAM_NEWS_BAD);
}

static int on_other_lineage(struct stream *stream) {
    int news = stream->told_lineage ? 0 : STREAM_NEWS_LINEAGE;

    stream->told_lineage = true;
    return halt(stream, news);
}

/* Before the start nobody has counted on what we have: the store's totals replace it when they are
 * further on. Not those of somebody to whom we give way: they may be of another host's log. */
static void adopt(struct stream *stream, const struct totals *store) {
    if (stream->started)
        return;
    if (stream->unborn || stream->newest.lineage[0] == '\0') {
        totals_copy(&stream->newest, store);
        stream->unborn = false;
    } else if (!stream->gives_way && strcmp(stream->newest.lineage, store->lineage) == 0 &&
               (store->seq > stream->newest.seq ||
                (store->seq == stream->newest.seq && store->epoch > stream->newest.epoch))) {
        totals_copy(&stream->newest, store);
    }
}

/* Who has the stream, and has he moved since the last look? To be called before that is
 * overwritten. */
static void look_at_rival(struct stream *stream, const struct stream_image *image) {
    const char *owner = strcmp(image->owner, stream->owner) != 0 ? image->owner : "";
    bool moved = strcmp(owner, stream->rival) != 0 || stream->store_epoch != image->totals.epoch ||
                 stream->store_seq != image->totals.seq;

    stream->quiet = moved ? 0 : stream->quiet + 1;
    text_copy(stream->rival, sizeof stream->rival, owner);
    if (image->exists)
        memcpy(stream->flip_s, image->flip_s, sizeof stream->flip_s);
}

int stream_on_image(struct stream *stream, const struct stream_image *image) {
    const struct totals *store = &image->totals;

    if (stream->state != STREAM_READING)
        return 0;
    look_at_rival(stream, image);
    stream->store_epoch = store->epoch;
    stream->store_seq = store->seq;
    totals_copy(&stream->acked, store);
    if (image->exists) {
        adopt(stream, store);
        if (strcmp(stream->newest.lineage, store->lineage) != 0)
            return on_other_lineage(stream);
        if (stream->established && store->epoch >= stream->epoch &&
            strcmp(image->owner, stream->owner) != 0) {
            stream->state = STREAM_ENDED;
            return STREAM_NEWS_FENCED;
        }
        if (stream->gives_way && stream->rival[0] != '\0' && stream->quiet < STREAM_QUIET_LOOKS) {
            stream->state = STREAM_WAITING;
            return stream_start_alone(stream) | STREAM_NEWS_WAITS;
        }
    }
    stream->told_lineage = false;
    stream->state = STREAM_UNTAKEN;
    return 0;
}

static int on_acknowledged(struct stream *stream) {
    if (stream->state == STREAM_TAKING) {
        memcpy(stream->flip_s, stream->sent_flip_s, sizeof stream->flip_s);
        stream->rival[0] = '\0';
        stream->gives_way = false;
    }
    stream->established = true;
    stream->newborn = false;
    totals_copy(&stream->acked, &stream->sent);
    stream->epoch = stream->store_epoch = stream->sent.epoch;
    stream->store_seq = stream->sent.seq;
    stream->state = STREAM_IDLE;
    if (!stream->started) {
        stream->newest.epoch = stream->epoch;
        stream->newest.seq = stream->seq;
    }
    return start(stream);
}

int stream_on_verdict(struct stream *stream, enum stream_verdict verdict) {
    if (stream->state != STREAM_TAKING && stream->state != STREAM_COMMITTING)
        return 0;
    if (verdict == STREAM_OK)
        return on_acknowledged(stream);
    if (verdict == STREAM_FENCED && stream->state == STREAM_COMMITTING) {
        stream->state = STREAM_ENDED;
        return STREAM_NEWS_FENCED;
    }
    stream->state = STREAM_UNREAD;
    return 0;
}

unsigned stream_flips(const struct stream *stream, int64_t since_s) {
    unsigned count = 0;

    for (size_t i = 0; i < STREAM_FLIPS; i++)
        count += stream->flip_s[i] != 0 && stream->flip_s[i] >= since_s;
    return count;
}

const struct totals *stream_from(const struct stream *stream) {
    assert(stream->started);
    return &stream->newest;
}

void stream_publish(struct stream *stream, const struct totals *now) {
    struct totals *newest = &stream->newest;

    assert(stream->started && now->count <= TOTALS_FIELDS);
    text_copy(newest->position, sizeof newest->position, now->position);
    newest->time_ms = now->time_ms;
    totals_copy_fields(newest, now);
    stream->waits = true;
}

void stream_snapshot(const struct stream *stream, struct totals *out) {
    totals_init(out);
    totals_copy(out, &stream->newest);
    out->epoch = stream->epoch;
    out->seq = stream->newborn ? 0 : stream->seq;
}

void stream_number_alone(struct stream *stream) {
    stream->newborn = false;
    stream->seq++;
}
