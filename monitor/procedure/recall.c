/* See recall.h. Lines of "name value"; the last is "end", so that a cut file is seen. */
#include "recall.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "errand.h"
#include "xmem.h"

enum { TEXT_MAX = 32 * 1024 };

static const char HEAD[] = "relaywatch-keeper 1\n";

static size_t put(char *out, size_t size, size_t at, const char *name, uint64_t a, uint64_t b) {
    if (!text_format(out + at, size - at, "%s %016" PRIx64 "%016" PRIx64 "\n", name, a, b))
        return at;
    return at + strlen(out + at);
}

size_t recall_print(const struct recall *j, char *out, size_t size) {
    size_t n;

    text_copy(out, size, HEAD);
    n = strlen(out);
    n = put(out, size, n, "serial", 0, j->serial);
    n = put(out, size, n, "applied", j->origin, (uint64_t)j->applied_ms);
    n = put(out, size, n, "state",
            (uint64_t)j->committing | (uint64_t)j->wrote_source << 1 |
                (uint64_t)j->reload_owed << 2 | (uint64_t)j->held << 3 |
                (uint64_t)j->flush_owed << 4,
            (uint64_t)j->reloaded_ms);
    n = put(out, size, n, "live", 0, (uint64_t)j->live_refused_ms);
    n = put(out, size, n, "written", j->written.h[0], j->written.h[1]);
    n = put(out, size, n, "taken", j->taken.h[0], j->taken.h[1]);
    n = put(out, size, n, "key", j->key.k[0], j->key.k[1]);
    if (text_format(out + n, size - n, "defer %s\n", j->defer_transports))
        n += strlen(out + n);
    for (unsigned i = 0; i < j->refused_count; i++) {
        n = put(out, size, n, "refused", j->refused[i].login.h[0], j->refused[i].login.h[1]);
        n = put(out, size, n, "when", j->refused[i].in_production, (uint64_t)j->refused[i].at_ms);
    }
    for (unsigned i = 0; i < j->known_count; i++) {
        n = put(out, size, n, "known", j->known[i].login.h[0], j->known[i].login.h[1]);
        n = put(out, size, n, "times", (uint64_t)j->known[i].since_ms,
                (uint64_t)j->known[i].verified_ms);
    }
    if (text_format(out + n, size - n, "end\n"))
        n += strlen(out + n);
    return n;
}

static bool take_hex(struct span s, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, s.p[i]);

        if (digit == NULL || s.p[i] == '\0')
            return false;
        *out = *out << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

static bool take(struct recall *j, struct span name, uint64_t a, uint64_t b) {
    unsigned last = j->refused_count, known = j->known_count;

    if (span_is(name, "serial"))
        j->serial = b;
    else if (span_is(name, "applied")) {
        j->origin = a;
        j->applied_ms = (int64_t)b;
    } else if (span_is(name, "state")) {
        j->committing = a & 1;
        j->wrote_source = a >> 1 & 1;
        j->reload_owed = a >> 2 & 1;
        j->held = a >> 3 & 1;
        j->flush_owed = a >> 4 & 1;
        j->reloaded_ms = (int64_t)b;
    } else if (span_is(name, "live"))
        j->live_refused_ms = (int64_t)b;
    else if (span_is(name, "written"))
        j->written = (struct hash128){{a, b}};
    else if (span_is(name, "taken"))
        j->taken = (struct hash128){{a, b}};
    else if (span_is(name, "key"))
        j->key = (struct hash_key){{a, b}};
    else if (span_is(name, "refused") && last < RECALL_REFUSED_MOST)
        j->refused[j->refused_count++].login = (struct hash128){{a, b}};
    else if (span_is(name, "when") && last > 0) {
        j->refused[last - 1].in_production = a != 0;
        j->refused[last - 1].at_ms = (int64_t)b;
    } else if (span_is(name, "known") && known < RECALL_KNOWN_MOST)
        j->known[j->known_count++].login = (struct hash128){{a, b}};
    else if (span_is(name, "times") && known > 0) {
        j->known[known - 1].since_ms = (int64_t)a;
        j->known[known - 1].verified_ms = (int64_t)b;
    } else
        return false;
    return true;
}

bool recall_parse(struct span text, struct recall *out) {
    memset(out, 0, sizeof *out);
    if (!span_starts(text, HEAD))
        return false;
    text = (struct span){text.p + sizeof HEAD - 1, text.n - (sizeof HEAD - 1)};
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        struct span line = {text.p, n};
        const char *blank = memchr(line.p, ' ', n);
        struct span name = {line.p, blank == NULL ? n : (size_t)(blank - line.p)};
        struct span value = {blank == NULL ? "" : blank + 1, blank == NULL ? 0 : n - name.n - 1};
        uint64_t a, b;

        if (end == NULL)
            return false;
        if (span_is(line, "end"))
            return n + 1 == text.n;
        if (span_is(name, "defer")) {
            if (!text_copy_span(out->defer_transports, sizeof out->defer_transports, value))
                return false;
        } else if (value.n != 32 || !take_hex((struct span){value.p, 16}, &a) ||
                   !take_hex((struct span){value.p + 16, 16}, &b) || !take(out, name, a, b)) {
            return false;
        }
        text = (struct span){text.p + n + 1, text.n - n - 1};
    }
    return false;
}

static int save(struct hands *hands, enum hand_file file, struct span text, struct fault *why) {
    struct errand e = {.hand = HAND_SAVE, .which = file, .text = text.p, .n = text.n};

    return errand_run(hands, &e) == 0 ? 0 : fault_set(why, "%s", e.answer.why.text);
}

int recall_load(struct hands *hands, struct recall *out, struct fault *why) {
    char *text = xcalloc(1, TEXT_MAX);
    struct errand e = {.hand = HAND_READ, .which = FILE_RECALL, .out = text, .room = TEXT_MAX};
    bool good = errand_run(hands, &e) == 0 && recall_parse((struct span){text, e.got}, out);

    free(text);
    if (good)
        return 0;
    if (!e.answer.missing)
        log_warn("recall", "%s/recall is damaged: begun anew", hands->state_dir);
    memset(out, 0, sizeof *out);
    if (getrandom(&out->key, sizeof out->key, 0) != (ssize_t)sizeof out->key)
        return fault_errno(why, "random numbers");
    return 0;
}

int recall_save(struct hands *hands, const struct recall *recall, struct fault *why) {
    char *text = xcalloc(1, TEXT_MAX);
    size_t n = recall_print(recall, text, TEXT_MAX);
    int failed = save(hands, FILE_RECALL, (struct span){text, n}, why);

    free(text);
    return failed;
}

struct hash128 recall_login(const struct recall *recall, const char *host, struct span login) {
    size_t n = strlen(host) + 1;
    char *both = xcalloc(1, n + login.n);
    struct hash128 hash;

    memcpy(both, host, n);
    memcpy(both + n, login.p, login.n);
    hash = hash_bytes(&recall->key, both, n + login.n);
    wipe(both, n + login.n);
    free(both);
    return hash;
}

static bool same(struct hash128 a, struct hash128 b) {
    return a.h[0] == b.h[0] && a.h[1] == b.h[1];
}

static int find(const struct recall *j, struct hash128 login) {
    for (unsigned i = 0; i < j->refused_count; i++) {
        if (same(j->refused[i].login, login))
            return (int)i;
    }
    return -1;
}

const struct recall_known *recall_known(const struct recall *j, struct hash128 login) {
    for (unsigned i = 0; i < j->known_count; i++) {
        if (same(j->known[i].login, login))
            return &j->known[i];
    }
    return NULL;
}

void recall_note(struct recall *j, struct hash128 login, int64_t since_ms, int64_t verified_ms) {
    const struct recall_known *old = recall_known(j, login);
    struct recall_known now = {.login = login};
    unsigned at = old != NULL ? (unsigned)(old - j->known) : 0;

    if (old != NULL)
        now = *old;
    if (old != NULL || j->known_count == RECALL_KNOWN_MOST) {
        j->known_count--;
        memmove(&j->known[at], &j->known[at + 1], (j->known_count - at) * sizeof j->known[0]);
    }
    if (since_ms != 0)
        now.since_ms = since_ms;
    if (verified_ms != 0)
        now.verified_ms = verified_ms;
    j->known[j->known_count++] = now;
}

const struct recall_refused *recall_find(const struct recall *recall, struct hash128 login) {
    int i = find(recall, login);

    return i == -1 ? NULL : &recall->refused[i];
}

void recall_forgive(struct recall *j, struct hash128 login) {
    int i = find(j, login);

    if (i == -1)
        return;
    memmove(&j->refused[i], &j->refused[i + 1],
            (j->refused_count - (unsigned)i - 1) * sizeof j->refused[0]);
    j->refused_count--;
}

void recall_refuse(struct recall *j, struct hash128 login, bool in_production, int64_t now_ms) {
    recall_forgive(j, login);
    if (j->refused_count == RECALL_REFUSED_MOST)
        recall_forgive(j, j->refused[0].login);
    j->refused[j->refused_count++] =
        (struct recall_refused){.login = login, .at_ms = now_ms, .in_production = in_production};
}

int recall_keep_previous(struct hands *hands, struct span text, struct fault *why) {
    return save(hands, FILE_PREVIOUS, text, why);
}

ptrdiff_t recall_read_previous(struct hands *hands, char *out, size_t size) {
    struct errand e = {.hand = HAND_READ, .which = FILE_PREVIOUS, .out = out, .room = size};

    return errand_run(hands, &e) == -1 ? -1 : (ptrdiff_t)e.got;
}

bool recall_has_previous(struct hands *hands) {
    return errand_for(hands, HAND_READ, FILE_PREVIOUS, NULL, NULL) == 0;
}

void recall_drop_previous(struct hands *hands) {
    struct fault why = {""};

    if (errand_for(hands, HAND_REMOVE, FILE_PREVIOUS, NULL, &why) == -1)
        log_warn("recall", "%s", why.text);
}
