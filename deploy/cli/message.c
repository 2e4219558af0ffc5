/* See message.h. The facts come from /api/v1/message, made printable there; this file words them.
 */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "clock.h"
#include "text.h"
#include "httpquery.h"
#include "json.h"
#include "request.h"

enum { ANSWER_MS = 5000, ANSWER_BYTES = 4 * 1024 * 1024, URL_SIZE = 4096 };

/* ---- words ---- */

/* Seconds since 1970 of "2026-01-31T12:34:56Z"; 0: there is no time. */
static int64_t seconds_of(const struct json_t *object, const char *key) {
    struct tm tm = {0};

    if (strptime(json_get_text(object, key), "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
        return 0;
    return (int64_t)timegm(&tm);
}

/* "12 min" since then. */
static const char *age_of(int64_t seconds, char out[32]) {
    int64_t age = clock_wall_ms() / 1000 - seconds;

    text_age(out, 32, age > 0 ? age : 0);
    return out;
}

/* "2026-01-31 12:34:56 (12 min ago)", local time. */
static void print_time(int64_t seconds) {
    time_t t = (time_t)seconds;
    char text[40], age[32];
    struct tm tm;

    if (localtime_r(&t, &tm) == NULL || strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        text_copy(text, sizeof text, "?");
    printf("%s (%s ago)", text, age_of(seconds, age));
}

static const char *explain(const char *state) {
    static const char *const words[][2] = {
        {"arriving", "is coming in just now"},
        {"queued", "still in the queue"},
        {"held", "on hold: it waits until `postsuper -H` releases it"},
        {"sent", "sent to every recipient"},
        {"bounced", "NOT DELIVERED to every recipient: returned to its sender"},
        {"expired", "NOT DELIVERED: it waited too long and was returned to its sender"},
        {"deleted", "deleted by hand, with postsuper -d"},
        {"unknown", "gone: it left the queue and the log does not say how"},
        {"refused", "refused: it never was in the queue"},
        {"discarded", "discarded, by a rule or a milter"},
        {"aborted", "never came in: its sender broke off before the end"},
        {"renamed", "was put into the queue anew, with postsuper -r"},
        {"left", "has left the queue; how is not known here"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(state, words[i][0]) == 0)
            return words[i][1];
    }
    return state;
}

/* ---- one message ---- */

static void print_label(const char *label) {
    printf("  %-11s ", label);
}

static void print_fact(const struct json_t *message, const char *key, const char *label) {
    const char *text = json_get_text(message, key);

    if (text[0] == '\0')
        return;
    print_label(label);
    puts(text);
}

/* Was the last word on every recipient that it was sent? */
static bool all_sent(const struct json_t *message) {
    const struct json_t *recipients = json_get(message, "recipients");

    for (size_t i = 0; i < json_count(recipients); i++) {
        if (strcmp(json_get_text(json_at(recipients, i), "status"), "sent") != 0)
            return false;
    }
    return true;
}

static void print_headline(const struct json_t *message) {
    int64_t arrived = seconds_of(message, "arrived");
    int64_t ended = seconds_of(message, "ended");
    const char *state = json_get_text(message, "state");
    char age[32];

    if (strcmp(state, "sent") == 0 && !all_sent(message))
        state = "sent, but the log does not say how it ended for every recipient";
    printf("%s: %s", json_get_text(message, "queue_id"), explain(state));
    if (ended == 0 && arrived != 0 && strcmp(state, "queued") == 0)
        printf(", for %s", age_of(arrived, age));
    putchar('\n');
    if (ended == 0)
        return;
    print_label("ended");
    print_time(ended);
    putchar('\n');
}

static void print_arrival(const struct json_t *message) {
    int64_t arrived = seconds_of(message, "arrived");
    const char *client = json_get_text(message, "client");
    const char *login = json_get_text(message, "login");

    print_label("came in");
    if (arrived != 0)
        print_time(arrived);
    else
        fputs("before relaywatch looked, or longer ago than it keeps", stdout);
    if (client[0] != '\0')
        printf(" from %s[%s]", client, json_get_text(message, "client_ip"));
    if (login[0] != '\0')
        printf(", login %s", login);
    putchar('\n');
}

static void print_sender(const struct json_t *message) {
    const struct json_t *from = json_get(message, "from");
    int64_t recipients = json_get_int(message, "nrcpt", 0);
    char size[32];

    if (from == NULL)
        return;
    print_label("from");
    printf("<%s>", json_text(from));
    if (recipients != 0) {
        text_bytes(size, sizeof size, (uint64_t)json_get_int(message, "size", 0));
        printf(", %s, %lld recipient%s", size, (long long)recipients, recipients == 1 ? "" : "s");
    }
    putchar('\n');
}

static void print_recipient(const struct json_t *r) {
    int64_t attempts = json_get_int(r, "attempts", 1);
    const char *relay = json_get_text(r, "relay");
    char age[32];

    print_label("to");
    printf("<%s> %s %s ago", json_get_text(r, "to"), json_get_text(r, "status"),
           age_of(seconds_of(r, "at"), age));
    if (attempts > 1)
        printf(", attempt %lld", (long long)attempts);
    if (relay[0] != '\0' && strcmp(relay, "none") != 0)
        printf(", by %s", relay);
    putchar('\n');
    print_label("");
    printf("%s %s\n", json_get_text(r, "dsn"), json_get_text(r, "text"));
}

static void print_message(const struct json_t *message) {
    const struct json_t *recipients = json_get(message, "recipients");

    print_headline(message);
    print_arrival(message);
    print_sender(message);
    print_fact(message, "message_id", "message-id");
    print_fact(message, "was", "was");
    print_fact(message, "goes_on_as", "goes on as");
    print_fact(message, "refusal", "refused");
    for (size_t i = 0; i < json_count(recipients); i++)
        print_recipient(json_at(recipients, i));
    print_fact(message, "notification", "notice sent");
    if (!json_get_bool(message, "complete"))
        puts("  (more was known of it than is kept)");
}

/* ---- the answer ---- */

static int complain(const char *what, const char *why) {
    fprintf(stderr, "relaywatch logs: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
    return 1;
}

static int not_known(const struct json_t *doc, const char *id) {
    int64_t since = seconds_of(doc, "known_since");
    char shown[256], age[32];

    text_copy_printable(shown, sizeof shown, span_of(id));
    fprintf(stderr,
            "relaywatch logs: %s is not among the last %lld messages that relaywatchd knows%s%s; "
            "looking in the log\n",
            shown, (long long)json_get_int(doc, "known", 0), since != 0 ? ", which go back " : "",
            since != 0 ? age_of(since, age) : "");
    return MESSAGE_NOT_KNOWN;
}

static int print_answer(const struct json_t *doc, int status, const char *id) {
    const struct json_t *messages = json_get(doc, "messages");

    if (status == 404 && messages != NULL)
        return not_known(doc, id);
    if (status != 200)
        return complain("relaywatchd does not take the question", json_get_text(doc, "error"));
    for (size_t i = 0; i < json_count(messages); i++) {
        if (i > 0)
            putchar('\n');
        print_message(json_at(messages, i));
    }
    return 0;
}

int message_show(const struct conf *conf, const char *queue_id, const char *message_id,
                 bool as_json) {
    const char *id = queue_id != NULL ? queue_id : message_id;
    char encoded[URL_SIZE / 2], url[URL_SIZE];
    struct json_t *doc;
    char *body = NULL;
    struct fault why;
    int status;

    if (!httpquery_encode(span_of(id), encoded, sizeof encoded))
        return complain("the id is too long", "");
    text_format(url, sizeof url, "http://%s/api/v1/message?%s=%s", conf->http_listen,
                queue_id != NULL ? "queue_id" : "message_id", encoded);
    status = request_get(url, ANSWER_MS, ANSWER_BYTES, &body, &why);
    if (status == -1) {
        complain("relaywatchd does not answer, looking in the log", why.text);
        return MESSAGE_NOT_KNOWN;
    }
    doc = status != 414 ? json_read(body, strlen(body), &why) : NULL;
    if (status == 414) {
        free(body);
        return complain("the id is too long", "");
    }
    if (doc == NULL) {
        text_format(why.text, sizeof why.text, "not relaywatchd's answer (status %d)", status);
        free(body);
        return complain(conf->http_listen, why.text);
    }
    if (as_json && status == 200) {
        fputs(body, stdout);
        status = 0;
    } else {
        status = print_answer(doc, status, id);
    }
    json_release(&doc);
    free(body);
    return status;
}
