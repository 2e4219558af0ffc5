/* See receivers.h. Everything that is known of a receiver is checked when the file is read, so that
 * a mistake shows to who made it, and not at the first alert. */
#include "receivers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "xmem.h"

static const char *const kind_names[RECEIVER_KINDS] = {"webhook", "alertmanager"};

/* Not a secret: it only keeps URLs, which hold tokens, out of told.json. */
static const struct hash_key identity_key = {{0x72656c6179776174u, 0x6368206e6f746966u}};

struct loading {
    const char *name;
    unsigned line;
    unsigned errors;
    struct receivers receivers;
    void (*on_error)(const char *text, void *arg);
    void *arg;
};

const char *receiver_kind_name(enum receiver_kind kind) {
    return kind_names[kind];
}

static void report(struct loading *l, const char *what, const char *right) {
    char text[640];

    l->errors++;
    text_format(text, sizeof text, "%s, line %u: %s; right would be %s", l->name, l->line, what,
                right);
    if (l->on_error != NULL)
        l->on_error(text, l->arg);
}

/* The host of "scheme://user@host:port/path", with its port. */
static struct span url_authority(struct span url) {
    const char *start = span_find(url, "://");
    struct span rest;
    size_t n;

    if (start == NULL)
        return (struct span){NULL, 0};
    start += 3;
    rest = (struct span){start, url.n - (size_t)(start - url.p)};
    for (n = 0; n < rest.n && strchr("/?#", rest.p[n]) == NULL; n++)
        ;
    rest.n = n;
    for (size_t i = 0; i < n; i++) {
        if (start[i] == '@')
            rest = (struct span){start + i + 1, n - i - 1};
    }
    return rest;
}

static bool is_authority(struct span authority) {
    struct span host = authority;
    struct span port = {NULL, 0};
    uint64_t number;
    size_t i = 0;

    if (host.n > 0 && host.p[0] == '[') {
        while (i < host.n && host.p[i] != ']')
            i++;
        if (i < 3 || i == host.n)
            return false;
        i++;
    } else {
        while (i < host.n && host.p[i] != ':')
            i++;
    }
    if (i == 0 || i > 128)
        return false;
    if (i < host.n) {
        if (host.p[i] != ':')
            return false;
        port = (struct span){host.p + i + 1, host.n - i - 1};
        if (!text_u64(port, 1, 65535, &number))
            return false;
    }
    for (size_t k = 0; k < i; k++) {
        char c = host.p[k];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              strchr("-._[]:", c) != NULL) ||
            c == '\0')
            return false;
    }
    return true;
}

static bool is_plain(struct span s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
            return false;
    }
    return s.n > 0;
}

static bool is_loopback(struct span authority) {
    return span_starts(authority, "127.") || span_starts(authority, "[::1]") ||
           span_is(authority, "localhost") || span_starts(authority, "localhost:");
}

/* The URL to POST to. Alertmanager's is often given as its address alone. */
static bool make_url(struct receiver *r, struct span url) {
    static const char api[] = "/api/v2/alerts";

    if (r->kind == RECEIVER_ALERTMANAGER) {
        while (url.n > 0 && url.p[url.n - 1] == '/')
            url.n--;
        if (url.n < sizeof api ||
            memcmp(url.p + url.n - (sizeof api - 1), api, sizeof api - 1) != 0)
            return text_format(r->url, sizeof r->url, "%.*s%s", (int)url.n, url.p, api);
    }
    return text_copy_span(r->url, sizeof r->url, url);
}

static void make_identity(struct receiver *r) {
    char whole[sizeof r->url + 32];
    struct hash128 hash;

    text_format(whole, sizeof whole, "%s %s", kind_names[r->kind], r->url);
    hash = hash_bytes(&identity_key, whole, strlen(whole));
    text_format(r->identity, sizeof r->identity, "%016llx%016llx", (unsigned long long)hash.h[0],
                (unsigned long long)hash.h[1]);
    wipe(whole, sizeof whole);
}

static void add_receiver(struct loading *l, enum receiver_kind kind, struct span url) {
    struct receivers *all = &l->receivers;
    struct receiver *r = &all->receiver[all->count];
    bool secure = span_starts(url, "https://");
    struct span authority = url_authority(url);

    if (all->count == RECEIVERS_MOST) {
        report(l, "too many receivers", "at most 32");
        return;
    }
    r->kind = kind;
    r->line = l->line;
    all->count++; /* also a bad one: its options belong to it */
    if ((!secure && !span_starts(url, "http://")) || !is_plain(url) || !is_authority(authority)) {
        report(l, "not a URL that can be posted to",
               kind == RECEIVER_WEBHOOK ? "webhook = https://HOST[:PORT]/PATH"
                                        : "alertmanager = http://HOST:9093");
        return;
    }
    if (memchr(url.p, '#', url.n) != NULL ||
        (kind == RECEIVER_ALERTMANAGER && memchr(url.p, '?', url.n) != NULL)) {
        report(l, "a URL with a fragment or a query", "the address alone");
        return;
    }
    if (!make_url(r, url)) {
        report(l, "the URL is too long", "at most 1000 characters");
        return;
    }
    text_format(r->place, sizeof r->place, "%s://%.*s", secure ? "https" : "http", (int)authority.n,
                authority.p);
    make_identity(r);
    for (int i = 0; i < all->count - 1; i++) {
        if (strcmp(all->receiver[i].identity, r->identity) == 0)
            report(l, "the same receiver as on a line before", "one line a receiver");
    }
}

static void set_option(struct loading *l, struct span name, struct span value) {
    bool is_token = span_is(name, "token_file");
    struct receiver *r;
    char *field;

    if (l->receivers.count == 0) {
        report(l, "an option without a receiver", "the receiver's line first");
        return;
    }
    r = &l->receivers.receiver[l->receivers.count - 1];
    field = is_token ? r->token_file : r->ca_file;
    if (field[0] != '\0') {
        report(l, "given twice for this receiver", "one line");
        return;
    }
    if (value.n == 0 || value.p[0] != '/' || value.n >= sizeof r->token_file) {
        report(l, "not the path of a file",
               is_token ? "token_file = /absolute/path" : "ca_file = /absolute/path");
        return;
    }
    text_copy_span(field, sizeof r->token_file, value);
    if (is_token && span_starts(span_of(r->place), "http:") &&
        !is_loopback(url_authority(span_of(r->place))))
        report(l, "the token would travel unencrypted", "an https:// receiver");
}

static void read_line(struct loading *l, struct span line) {
    const char *equals = line.n > 0 ? memchr(line.p, '=', line.n) : NULL;
    struct span name, value;

    line = span_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return;
    if (memchr(line.p, '\0', line.n) != NULL || equals == NULL) {
        report(l, "not understood",
               "webhook = URL, alertmanager = URL, token_file = /path or "
               "ca_file = /path");
        return;
    }
    name = span_trim((struct span){line.p, (size_t)(equals - line.p)});
    value = span_trim((struct span){equals + 1, (size_t)(line.p + line.n - equals - 1)});
    for (int kind = 0; kind < RECEIVER_KINDS; kind++) {
        if (span_is(name, kind_names[kind])) {
            add_receiver(l, (enum receiver_kind)kind, value);
            return;
        }
    }
    if (span_is(name, "token_file") || span_is(name, "ca_file"))
        set_option(l, name, value);
    else
        report(l, "no such name", "webhook, alertmanager, token_file or ca_file");
}

int receivers_parse(const char *name, struct span text, struct receivers *out,
                    void (*on_error)(const char *text, void *arg), void *arg, struct fault *why) {
    struct loading *l = xcalloc(1, sizeof *l);
    unsigned errors;

    l->name = name;
    l->on_error = on_error;
    l->arg = arg;
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end != NULL ? (size_t)(end - text.p) : text.n;

        l->line++;
        read_line(l, (struct span){text.p, n});
        n += end != NULL ? 1 : 0;
        text = (struct span){text.p + n, text.n - n};
    }
    errors = l->errors;
    if (errors == 0)
        *out = l->receivers;
    wipe(l, sizeof *l);
    free(l);
    if (errors > 0)
        return fault_set(why, "%s: %u error%s", name, errors, errors == 1 ? "" : "s");
    return 0;
}

int receivers_load(const char *path, struct receivers *out,
                   void (*on_error)(const char *text, void *arg), void *arg, struct fault *why) {
    char *text;
    ssize_t n;
    int result;

    if (access(path, F_OK) == -1 && errno == ENOENT) {
        memset(out, 0, sizeof *out);
        return 1;
    }
    text = xcalloc(1, RECEIVERS_FILE_MOST + 1);
    n = file_read(path, text, RECEIVERS_FILE_MOST + 1, why);
    result = n == -1
                 ? -1
                 : receivers_parse(path, (struct span){text, (size_t)n}, out, on_error, arg, why);
    wipe(text, RECEIVERS_FILE_MOST + 1);
    free(text);
    return result;
}

int receiver_token(const struct receiver *receiver, char *out, size_t size, struct fault *why) {
    ssize_t n = file_read(receiver->token_file, out, size, why);
    struct span token;

    if (n == -1)
        return -1;
    token = span_trim((struct span){out, (size_t)n});
    if (!is_plain(token)) {
        wipe(out, size);
        return fault_set(why, "%s: no token in it; right would be one line without spaces",
                         receiver->token_file);
    }
    memmove(out, token.p, token.n);
    wipe(out + token.n, size - token.n);
    return 0;
}
