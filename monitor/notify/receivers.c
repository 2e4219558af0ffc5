/* See receivers.h. Everything that is known of a receiver is checked when the file is read, so that
 * a mistake shows to who made it, and not at the first alert. */
#include "receivers.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "xmem.h"

#include "alertset.h"
#include "posturl.h"

#define HOURS_MS ((int64_t)3600 * 1000)

static const char pagerduty_url[] = "https://events.pagerduty.com/v2/enqueue";

/* What its line has. */
enum value { URL, URL_OR_FILE, KEY_FILE, COMMAND };

static const struct kind {
    const char *name;
    enum value value;
    const char *right; /* its line */
    int64_t repeat_ms;
} kinds[RECEIVER_KINDS] = {
    [RECEIVER_WEBHOOK] = {"webhook", URL_OR_FILE, "webhook = https://HOST[:PORT]/PATH",
                          4 * HOURS_MS},
    [RECEIVER_ALERTMANAGER] = {"alertmanager", URL, "alertmanager = http://HOST:9093", 0},
    [RECEIVER_PAGERDUTY] = {"pagerduty", KEY_FILE, "pagerduty = /FILE/WITH/THE/ROUTING/KEY", 0},
    [RECEIVER_SLACK] = {"slack", URL_OR_FILE, "slack = https://hooks.slack.com/services/...",
                        4 * HOURS_MS},
    [RECEIVER_COMMAND] = {"command", COMMAND, "command = /PROGRAM [ARGUMENT ...]", 4 * HOURS_MS},
    [RECEIVER_HEARTBEAT] = {"heartbeat", URL_OR_FILE, "heartbeat = https://HOST[:PORT]/PATH", 0},
};

/* Sets of kinds. */
enum {
    ANY = (1 << RECEIVER_KINDS) - 1,
    RUN = 1 << RECEIVER_COMMAND,
    BEATS = 1 << RECEIVER_HEARTBEAT,
    MANAGED = 1 << RECEIVER_ALERTMANAGER, /* decides by itself what to repeat, and what to end */
    KEYED = 1 << RECEIVER_PAGERDUTY,      /* has its secret in the body */
    SHAPED = 1 << RECEIVER_WEBHOOK,       /* has the body that its operator wants */
};

/* Not a secret: it only keeps URLs, which hold tokens, out of told.json. */
static const struct hash_key identity_key = {{0x72656c6179776174u, 0x6368206e6f746966u}};

struct loading {
    const char *name;
    unsigned line;
    unsigned errors;
    struct receivers receivers;
    unsigned given[RECEIVERS_MOST]; /* the options that it has, by their places in the table */
    void (*on_error)(const char *text, void *arg);
    void *arg;
};

const char *receiver_kind_name(enum receiver_kind kind) {
    return kinds[kind].name;
}

static void report_at(struct loading *l, unsigned line, const char *what, const char *right) {
    char text[640];

    l->errors++;
    text_format(text, sizeof text, "%s, line %u: %s; right would be %s", l->name, line, what,
                right);
    if (l->on_error != NULL)
        l->on_error(text, l->arg);
}

static void report(struct loading *l, const char *what, const char *right) {
    report_at(l, l->line, what, right);
}

/* ---- a receiver's line ---- */

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

static void set_url(struct loading *l, struct receiver *r, struct span url) {
    if (!posturl_is_good(url)) {
        report(l, "not a URL that can be posted to", kinds[r->kind].right);
        return;
    }
    if (memchr(url.p, '#', url.n) != NULL ||
        (r->kind == RECEIVER_ALERTMANAGER && memchr(url.p, '?', url.n) != NULL)) {
        report(l, "a URL with a fragment or a query", "the address alone");
        return;
    }
    if (!make_url(r, url)) {
        report(l, "the URL is too long", "at most 1000 characters");
        return;
    }
    posturl_place(url, r->place, sizeof r->place);
}

/* It is shown in messages, so it has no control characters. */
static bool copy_path(char *out, size_t size, struct span path) {
    for (size_t i = 0; i < path.n; i++) {
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f)
            return false;
    }
    return path.n > 0 && path.p[0] == '/' && text_copy_span(out, size, path);
}

static void set_url_file(struct loading *l, struct receiver *r, struct span path) {
    if (copy_path(r->url_file, sizeof r->url_file, path))
        text_copy(r->place, sizeof r->place, r->url_file);
    else
        report(l, "not the path of a file", "a path of at most 255 characters");
}

static void set_key_file(struct loading *l, struct receiver *r, struct span path) {
    if (!copy_path(r->key_file, sizeof r->key_file, path))
        report(l, "not the path of a file", kinds[r->kind].right);
    text_copy(r->url, sizeof r->url, pagerduty_url);
    posturl_place(span_of(r->url), r->place, sizeof r->place);
}

static void set_command(struct loading *l, struct receiver *r, struct span line) {
    struct span program = {line.p, 0};

    while (program.n < line.n && line.p[program.n] != ' ' && line.p[program.n] != '\t')
        program.n++;
    for (size_t i = 0; i < line.n; i++) {
        if ((unsigned char)line.p[i] < ' ' && line.p[i] != '\t')
            program.n = 0;
    }
    if (program.n == 0 || program.p[0] != '/' ||
        !text_copy_span(r->command, sizeof r->command, line)) {
        report(l, "not an absolute path of a program and its arguments", kinds[r->kind].right);
        return;
    }
    text_copy_printable(r->place, sizeof r->place, program);
}

static void add_receiver(struct loading *l, enum receiver_kind kind, struct span value) {
    struct receivers *all = &l->receivers;
    struct receiver *r = &all->receiver[all->count];

    if (all->count == RECEIVERS_MOST) {
        report(l, "too many receivers", "at most 32");
        return;
    }
    all->count++; /* also a bad one: its options belong to it */
    r->kind = kind;
    r->line = l->line;
    r->wants_end = true;
    r->repeat_ms = kinds[kind].repeat_ms;
    r->timeout_ms = 30 * 1000;
    r->interval_ms = 60 * 1000;
    if (kinds[kind].value == COMMAND)
        set_command(l, r, value);
    else if (kinds[kind].value == KEY_FILE)
        set_key_file(l, r, value);
    else if (kinds[kind].value == URL_OR_FILE && span_starts(value, "/"))
        set_url_file(l, r, value);
    else
        set_url(l, r, value);
}

/* ---- options ---- */

static bool set_name(struct receiver *r, struct span value) {
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr("._-", c) != NULL)))
            return false;
    }
    return value.n > 0 && text_copy_span(r->name, sizeof r->name, value);
}

static bool set_severity(struct receiver *r, struct span value) {
    char word[16];
    int rank = text_copy_span(word, sizeof word, value) ? rank_find(word) : -1;

    if (rank == -1)
        return false;
    r->least_rank = rank;
    return true;
}

static bool set_resolved(struct receiver *r, struct span value) {
    r->wants_end = span_is(value, "yes");
    return r->wants_end || span_is(value, "no");
}

static bool set_repeat(struct receiver *r, struct span value) {
    uint64_t seconds;

    if (!text_seconds(value, &seconds) || (seconds > 0 && seconds < 60) || seconds > 30 * 86400)
        return false;
    r->repeat_ms = (int64_t)seconds * 1000;
    return true;
}

/* Where PagerDuty is: its European service, or what stands in for it. */
static bool set_service(struct receiver *r, struct span value) {
    if (!posturl_is_good(value) || !posturl_is_safe(value) ||
        memchr(value.p, '#', value.n) != NULL || !text_copy_span(r->url, sizeof r->url, value))
        return false;
    posturl_place(value, r->place, sizeof r->place);
    return true;
}

static bool set_interval(struct receiver *r, struct span value) {
    uint64_t seconds;

    if (!text_seconds(value, &seconds) || seconds < 10 || seconds > 3600)
        return false;
    r->interval_ms = (int64_t)seconds * 1000;
    return true;
}

static bool set_timeout(struct receiver *r, struct span value) {
    uint64_t seconds;

    if (!text_seconds(value, &seconds) || seconds < 1 || seconds > 300)
        return false;
    r->timeout_ms = (int64_t)seconds * 1000;
    return true;
}

static bool set_token(struct receiver *r, struct span value) {
    return copy_path(r->token_file, sizeof r->token_file, value);
}

static bool set_template(struct receiver *r, struct span value) {
    return copy_path(r->template_file, sizeof r->template_file, value);
}

static bool set_ca(struct receiver *r, struct span value) {
    return copy_path(r->ca_file, sizeof r->ca_file, value);
}

static const struct option {
    const char *name;
    unsigned kinds; /* whose option it is */
    bool (*set)(struct receiver *r, struct span value);
    const char *what; /* is wrong */
    const char *right;
} options[] = {
    {"name", ANY, set_name, "not a name", "up to 40 letters, digits, '.', '_' and '-'"},
    {"severity", ANY & ~BEATS, set_severity, "not a severity",
     "severity = info, ticket, warning or critical"},
    {"resolved", ANY & ~(MANAGED | BEATS), set_resolved, "neither yes nor no", "resolved = no"},
    {"repeat_interval", ANY & ~(MANAGED | BEATS), set_repeat, "not a time that can be",
     "repeat_interval = 4h (1m to 30d), or 0 for never"},
    {"token_file", ANY & ~(KEYED | RUN), set_token, "not the path of a file",
     "token_file = /absolute/path"},
    {"ca_file", ANY & ~RUN, set_ca, "not the path of a file", "ca_file = /absolute/path"},
    {"interval", BEATS, set_interval, "not a time that can be", "interval = 1m (10s to 1h)"},
    {"timeout", RUN, set_timeout, "not a time that can be", "timeout = 30s (1s to 5m)"},
    {"template", SHAPED, set_template, "not the path of a file", "template = /absolute/path"},
    {"url", KEYED, set_service, "not a URL that a key may travel to",
     "url = https://events.eu.pagerduty.com/v2/enqueue"},
};

enum { OPTIONS = sizeof options / sizeof options[0], TOKEN_FILE = 4 };

/* "webhook, alertmanager, ..." or the options of a kind. */
static void list_names(char *out, size_t size, bool with_kinds, unsigned of_kinds) {
    size_t n = 0;

    out[0] = '\0';
    for (int i = 0; with_kinds && i < RECEIVER_KINDS; i++) {
        text_format(out + n, size - n, "%s%s", n > 0 ? ", " : "", kinds[i].name);
        n = strlen(out);
    }
    for (int i = 0; i < OPTIONS; i++) {
        if ((options[i].kinds & of_kinds) == 0)
            continue;
        text_format(out + n, size - n, "%s%s", n > 0 ? ", " : "", options[i].name);
        n = strlen(out);
    }
}

static void set_option(struct loading *l, int i, struct span value) {
    int last = l->receivers.count - 1;
    const struct option *option = &options[i];
    struct receiver *r;
    char what[80], right[300];

    if (last < 0) {
        report(l, "an option without a receiver", "the receiver's line first");
        return;
    }
    r = &l->receivers.receiver[last];
    if ((option->kinds & (1u << r->kind)) == 0) {
        text_format(what, sizeof what, "%s is no option of %s", option->name, kinds[r->kind].name);
        list_names(right, sizeof right, false, 1u << r->kind);
        report(l, what, right);
        return;
    }
    if ((l->given[last] & (1u << i)) != 0) {
        report(l, "given twice for this receiver", "one line");
        return;
    }
    l->given[last] |= 1u << i;
    if (!option->set(r, value))
        report(l, option->what, option->right);
    else if (i == TOKEN_FILE && r->url[0] != '\0' && !posturl_is_safe(span_of(r->place)))
        report(l, "the token would travel unencrypted", "an https:// receiver");
}

/* ---- when all lines are read ---- */

static const struct receiver *find_name(const struct receivers *all, const char *name) {
    for (int i = 0; i < all->count; i++) {
        if (strcmp(all->receiver[i].name, name) == 0)
            return &all->receiver[i];
    }
    return NULL;
}

/* "webhook", then "webhook-2". */
static void make_names(struct receivers *all) {
    for (int i = 0; i < all->count; i++) {
        struct receiver *r = &all->receiver[i];
        char name[sizeof r->name];
        unsigned number = 1;

        if (r->name[0] != '\0')
            continue;
        text_copy(name, sizeof name, kinds[r->kind].name);
        while (find_name(all, name) != NULL)
            text_format(name, sizeof name, "%s-%u", kinds[r->kind].name, ++number);
        text_copy(r->name, sizeof r->name, name);
    }
}

static void make_identity(struct receiver *r) {
    char whole[sizeof r->url + sizeof r->key_file + 32];
    struct hash128 hash;

    text_format(whole, sizeof whole, "%s %s%s%s", kinds[r->kind].name,
                r->url[0] != '\0'       ? r->url
                : r->command[0] != '\0' ? r->command
                                        : r->url_file,
                r->key_file[0] != '\0' ? " " : "", r->key_file);
    hash = hash_bytes(&identity_key, whole, strlen(whole));
    text_format(r->identity, sizeof r->identity, "%016llx%016llx", (unsigned long long)hash.h[0],
                (unsigned long long)hash.h[1]);
    wipe(whole, sizeof whole);
}

static void finish(struct loading *l) {
    struct receivers *all = &l->receivers;

    for (int i = 0; i < all->count; i++) {
        struct receiver *r = &all->receiver[i];

        if (r->place[0] == '\0')
            continue;
        make_identity(r);
        for (int k = 0; k < i; k++) {
            if (strcmp(all->receiver[k].identity, r->identity) == 0)
                report_at(l, r->line, "the same receiver as on a line before",
                          "one line a receiver");
            if (r->name[0] != '\0' && strcmp(all->receiver[k].name, r->name) == 0)
                report_at(l, r->line, "its name is that of another one, too", "a name of its own");
        }
    }
    make_names(all);
}

static void read_line(struct loading *l, struct span line) {
    const char *equals = line.n > 0 ? memchr(line.p, '=', line.n) : NULL;
    struct span name, value;
    char names[300];

    line = span_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return;
    if (memchr(line.p, '\0', line.n) != NULL || equals == NULL) {
        report(l, "not understood", "NAME = VALUE, as in webhook = URL");
        return;
    }
    name = span_trim((struct span){line.p, (size_t)(equals - line.p)});
    value = span_trim((struct span){equals + 1, (size_t)(line.p + line.n - equals - 1)});
    for (int kind = 0; kind < RECEIVER_KINDS; kind++) {
        if (span_is(name, kinds[kind].name)) {
            add_receiver(l, (enum receiver_kind)kind, value);
            return;
        }
    }
    for (int i = 0; i < OPTIONS; i++) {
        if (span_is(name, options[i].name)) {
            set_option(l, i, value);
            return;
        }
    }
    list_names(names, sizeof names, true, ANY);
    report(l, "no such name", names);
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
    finish(l);
    errors = l->errors;
    if (errors == 0)
        *out = l->receivers;
    wipe(l, sizeof *l);
    free(l);
    if (errors > 0)
        return fault_set(why, "%s: %u error%s", name, errors, errors == 1 ? "" : "s");
    return 0;
}
