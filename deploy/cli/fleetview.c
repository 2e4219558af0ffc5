/* See fleetview.h. */
#include "fleetview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "statusview.h"
#include "text.h"
#include "xmem.h"

enum {
    INDENT = 10,
    RANK_HEAD = 0,
    RANK_WELL = 3,
    RANK_HOSTS = 1,
    GROUP_LEAST = 4,
    GROUP_NAME = 64
};

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
    text_upper(state);
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

/* What is worst there, and who must act. */
static void worst_words(const struct json_t *host, char *out, size_t size) {
    const struct json_t *worst = json_at(json_get(host, "alerts"), 0);
    const char *who = json_get_text(worst, "who");

    text_format(out, size, "%.300s%s%.60s", json_get_text(worst, "summary"),
                who[0] != '\0' ? " To act: " : "", who);
}

/* What fires there, of all but the worst the id. */
static void alert_words(const struct json_t *host, char *out, size_t size) {
    const struct json_t *alerts = json_get(host, "alerts");
    int64_t more = json_get_int(host, "firing", 0) - (int64_t)json_count(alerts);
    char words[64];

    worst_words(host, out, size);
    for (size_t i = 1; i < json_count(alerts); i++)
        add_words(out, size, json_get_text(json_at(alerts, i), "id"));
    if (more > 0) {
        text_format(words, sizeof words, "%lld more", (long long)more);
        add_words(out, size, words);
    }
}

/* The name as a word of a command to be pasted; one that a shell would read is typed by hand. */
static const char *as_word(const char *name) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    bool fits = name[0] != '\0' && name[0] != '-' && name[strspn(name, plain)] == '\0';

    return fits ? name : "HOST";
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
                    age, as_word(name));
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
    text_upper(label);
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

/* ---- hosts with the same trouble ---- */

static bool is_gone(const struct json_t *host) {
    return strcmp(json_get_text(host, "state"), "gone") == 0;
}

static bool is_same(const struct json_t *a, const struct json_t *b) {
    const struct json_t *of_a = json_at(json_get(a, "alerts"), 0);
    const struct json_t *of_b = json_at(json_get(b, "alerts"), 0);
    const char *id = json_get_text(of_a, "id");

    if (strcmp(json_get_text(a, "state"), json_get_text(b, "state")) != 0)
        return false;
    return is_gone(a) || (id[0] != '\0' && strcmp(id, json_get_text(of_b, "id")) == 0);
}

static size_t count_same(const struct json_t *hosts, size_t first) {
    size_t count = 0;

    for (size_t i = first; i < json_count(hosts); i++)
        count += is_same(json_at(hosts, first), json_at(hosts, i));
    return count;
}

/* Was it told with one before it? */
static bool is_told(const struct json_t *hosts, size_t i) {
    for (size_t before = 0; before < i; before++) {
        if (is_same(json_at(hosts, before), json_at(hosts, i)))
            return count_same(hosts, before) >= GROUP_LEAST;
    }
    return false;
}

/* `begin`, then the hosts that are as `first` is: "mx1:204 mx2:17 ...", each
 * with how many messages wait there, or for how long it was silent. */
static void put_names(struct sheet *s, const struct json_t *hosts, size_t first, size_t count,
                      const char *begin) {
    const size_t size = 80 + count * (GROUP_NAME + 40);
    char *text = xcalloc(1, size);

    text_copy(text, size, begin);
    for (size_t i = first; i < json_count(hosts); i++) {
        const struct json_t *host = json_at(hosts, i);
        char word[32];
        size_t n = strlen(text);

        if (!is_same(json_at(hosts, first), host))
            continue;
        if (is_gone(host))
            text_age(word, sizeof word, json_get_int(host, "silent_seconds", 0));
        else
            text_format(word, sizeof word, "%lld", (long long)json_get_int(host, "queue", 0));
        text_format(text + n, size - n, "%s%.*s:%s", n > 0 ? is_gone(host) ? ", " : " " : "",
                    GROUP_NAME, json_get_text(host, "host"), word);
    }
    sheet_put(s, RANK_HOSTS, SHEET_PLAIN, "", INDENT, text);
    free(text);
}

static void put_group(struct sheet *s, const struct json_t *hosts, size_t first, size_t count) {
    const struct json_t *lead = json_at(hosts, first);
    char label[16];
    char text[400];

    text_copy(label, sizeof label, json_get_text(lead, "state"));
    text_upper(label);
    if (is_gone(lead)) {
        text_format(text, sizeof text,
                    "No sign of life from %zu hosts: they, their network or relaywatchd there is "
                    "down. On each: systemctl status relaywatchd. Gone for good: relaywatch fleet "
                    "--forget HOST",
                    count);
        sheet_put(s, RANK_HOSTS, SHEET_BAD, label, INDENT, text);
        put_names(s, hosts, first, count, "");
        return;
    }
    worst_words(lead, text, sizeof text);
    sheet_put(s, RANK_HOSTS, sheet_look_of(json_get_text(lead, "state")), label, INDENT, text);
    text_format(text, sizeof text, "%zu hosts, and how many messages wait there:", count);
    put_names(s, hosts, first, count, text);
}

/* ---- all ---- */

static void put_head(struct sheet *s, const struct json_t *doc, const char *note) {
    const struct json_t *rates = json_get(doc, "rates");
    const char *state = json_get_text(doc, "state");
    char label[32];
    char text[400];
    char word[16];

    text_copy(word, sizeof word, state);
    text_upper(word);
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

static void put_amiss(struct sheet *s, const struct json_t *hosts) {
    size_t shown = 0;
    size_t left_out = 0;

    for (size_t i = 0; i < json_count(hosts) && !is_well(json_at(hosts, i)); i++) {
        size_t same = count_same(hosts, i);

        if (is_told(hosts, i))
            continue;
        if (shown++ >= FLEETVIEW_HOSTS)
            left_out++;
        else if (same >= GROUP_LEAST)
            put_group(s, hosts, i, same);
        else
            put_host(s, json_at(hosts, i));
    }
    if (left_out > 0) {
        char text[100];

        text_format(text, sizeof text, "and %zu more: relaywatch fleet --json", left_out);
        sheet_put(s, RANK_HOSTS, SHEET_PLAIN, "", INDENT, text);
    }
}

void fleetview_fill(struct sheet *s, const struct json_t *doc, const char *note) {
    const struct json_t *hosts = json_get(doc, "hosts");

    put_head(s, doc, note);
    sheet_blank(s, RANK_HEAD);
    put_amiss(s, hosts);
    put_well(s, hosts);
    if (json_get_bool(doc, "more_hosts"))
        sheet_put(s, RANK_HEAD, SHEET_WARN, "", INDENT,
                  "There are more hosts than fit: those silent longest are not shown. Those that "
                  "are gone for good: relaywatch fleet --forget HOST");
}
