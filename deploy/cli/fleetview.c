/* See fleetview.h. */
#include "fleetview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "statusview.h"
#include "text.h"
#include "xmem.h"

enum { INDENT = 10, RANK_HEAD = 0, RANK_WELL = 3, RANK_HOSTS = 1 };

static void upper(char *text) {
    for (; *text != '\0'; text++)
        *text = (char)(*text >= 'a' && *text <= 'z' ? *text - 32 : *text);
}

static bool is_well(const struct json_t *host) {
    return strcmp(json_get_text(host, "state"), "ok") == 0;
}

static const char *reason(const struct json_t *doc) {
    const char *error = json_get_text(doc, "error");

    return error[0] != '\0' ? error : json_get_text(doc, "headline");
}

void fleetview_headline(const struct json_t *doc, char *out, size_t size) {
    char state[16];

    text_copy(state, sizeof state, json_get_text(doc, "state"));
    upper(state);
    text_format(out, size, "FLEET %s - %s", state, reason(doc));
}

void fleetview_key(const struct json_t *doc, char *out, size_t size) {
    const struct json_t *hosts = json_get(doc, "hosts");

    text_copy(out, size, json_get_text(doc, "state"));
    for (size_t i = 0; i < json_count(hosts) && !is_well(json_at(hosts, i)); i++) {
        const struct json_t *host = json_at(hosts, i);
        size_t n = strlen(out);

        text_format(out + n, size - n, " %s/%s", json_get_text(host, "host"),
                    json_get_text(host, "state"));
    }
}

/* ---- one host ---- */

static void queue_words(const struct json_t *host, char *out, size_t size) {
    int64_t waiting = json_get_int(host, "queue", -1);
    char oldest[32];

    text_age(oldest, sizeof oldest, json_get_int(host, "oldest_seconds", 0));
    if (waiting > 0)
        text_format(out, size, "%lld wait, oldest %s", (long long)waiting, oldest);
    else
        text_copy(out, size, waiting == 0 ? "queue empty" : "queue not counted");
}

static void add_words(char *out, size_t size, const char *words) {
    size_t n = strlen(out);

    if (words[0] != '\0')
        text_format(out + n, size - n, "%s%s", n > 0 ? "; " : "", words);
}

/* What fires there, the worst first: its summary, of the others the id. */
static void alert_words(const struct json_t *host, char *out, size_t size) {
    const struct json_t *alerts = json_get(host, "alerts");
    int64_t more = json_get_int(host, "firing", 0) - (int64_t)json_count(alerts);
    char words[64];

    out[0] = '\0';
    for (size_t i = 0; i < json_count(alerts); i++)
        add_words(out, size, json_get_text(json_at(alerts, i), i == 0 ? "summary" : "id"));
    if (more > 0) {
        text_format(words, sizeof words, "%lld more", (long long)more);
        add_words(out, size, words);
    }
}

/* Of a host that says nothing: what it means, and what to type. */
static void silence_words(const struct json_t *host, char *out, size_t size) {
    const char *name = json_get_text(host, "host");
    bool stopped = strcmp(json_get_text(host, "state"), "stopped") == 0;
    char age[32];

    text_age(age, sizeof age, json_get_int(host, "silent_seconds", 0));
    if (stopped)
        text_format(out, size, "relaywatchd was stopped there %s ago", age);
    else
        text_format(out, size,
                    "no sign of life for %s: the host, its network or relaywatchd is down. On it: "
                    "systemctl status relaywatchd. Gone for good: relaywatch fleet --forget %.100s",
                    age, name);
}

static void put_host(struct sheet *s, const struct json_t *host) {
    const char *state = json_get_text(host, "state");
    bool silent = strcmp(state, "gone") == 0 || strcmp(state, "stopped") == 0;
    const char *look = strcmp(state, "gone") == 0      ? "critical"
                       : strcmp(state, "stopped") == 0 ? "unknown"
                                                       : state;
    char label[16];
    char queue[80];
    char words[700];
    char text[320];

    text_copy(label, sizeof label, state);
    upper(label);
    queue_words(host, queue, sizeof queue);
    text_format(text, sizeof text, "%.128s%s%s%s", json_get_text(host, "host"), silent ? "" : "  (",
                silent ? "" : queue, silent ? "" : ")");
    sheet_put(s, RANK_HOSTS, sheet_look_of(look), label, INDENT, text);
    if (silent)
        silence_words(host, words, sizeof words);
    else
        alert_words(host, words, sizeof words);
    if (words[0] != '\0')
        sheet_put(s, RANK_HOSTS, SHEET_PLAIN, "", INDENT, words);
}

/* ---- all ---- */

static void put_head(struct sheet *s, const struct json_t *doc, const char *note) {
    const struct json_t *rates = json_get(doc, "rates");
    const char *state = json_get_text(doc, "state");
    char label[32];
    char text[400];
    char word[16];

    text_copy(word, sizeof word, state);
    upper(word);
    text_format(label, sizeof label, "FLEET %s", word);
    text_format(text, sizeof text, " - %.300s", reason(doc));
    sheet_put(s, RANK_HEAD, sheet_look_of(state), label, 0, text);
    text_format(
        text, sizeof text, "%.0f/min in, %lld wait, %.0f/min sent, %.0f/min put off",
        json_get_real(rates, "accepted_per_minute", 0), (long long)json_get_int(doc, "queue", 0),
        json_get_real(rates, "sent_per_minute", 0), json_get_real(rates, "deferred_per_minute", 0));
    if (json_count(json_get(doc, "hosts")) > 0)
        sheet_put(s, RANK_HEAD, SHEET_FAINT, "  all:", 8, text);
    if (note[0] != '\0')
        sheet_put(s, RANK_HEAD, SHEET_FAINT, "  note:", 8, note);
    else if (json_count(json_get(doc, "hosts")) > 0 && json_get_text(doc, "error")[0] != '\0')
        sheet_put(s, RANK_HEAD, SHEET_FAINT, "  note:", 8, "what follows is what was known last");
}

/* Those that are well: their names are enough. */
static void put_well(struct sheet *s, const struct json_t *hosts) {
    size_t size = 2;
    char *names;
    size_t n = 0;

    for (size_t i = 0; i < json_count(hosts); i++)
        size += strlen(json_get_text(json_at(hosts, i), "host")) + 2;
    names = xcalloc(1, size);
    for (size_t i = 0; i < json_count(hosts); i++) {
        if (!is_well(json_at(hosts, i)))
            continue;
        text_format(names + n, size - n, "%s%s", n > 0 ? ", " : "",
                    json_get_text(json_at(hosts, i), "host"));
        n = strlen(names);
    }
    if (n > 0)
        sheet_put(s, RANK_WELL, SHEET_GOOD, "OK", INDENT, names);
    free(names);
}

void fleetview_fill(struct sheet *s, const struct json_t *doc, const char *note) {
    const struct json_t *hosts = json_get(doc, "hosts");
    size_t amiss = 0;

    put_head(s, doc, note);
    sheet_blank(s, RANK_HEAD);
    while (amiss < json_count(hosts) && !is_well(json_at(hosts, amiss)))
        amiss++;
    for (size_t i = 0; i < amiss && i < FLEETVIEW_HOSTS; i++)
        put_host(s, json_at(hosts, i));
    if (amiss > FLEETVIEW_HOSTS) {
        char text[100];

        text_format(text, sizeof text, "and %zu more: relaywatch fleet --json",
                    amiss - FLEETVIEW_HOSTS);
        sheet_put(s, RANK_HOSTS, SHEET_PLAIN, "", INDENT, text);
    }
    put_well(s, hosts);
    if (json_get_bool(doc, "more_hosts"))
        sheet_put(s, RANK_HEAD, SHEET_WARN, "", INDENT,
                  "There are more hosts than fit: those silent longest are not shown. Those that "
                  "are gone for good: relaywatch fleet --forget HOST");
}
