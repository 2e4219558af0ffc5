/* See slack.h. */
#include "slack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

#include "json.h"

#include "payload.h"

enum { PART_SIZE = 3000, TEXT_SIZE = 7500 };

/* What is collected for one text. */
struct draft {
    char text[TEXT_SIZE];
    size_t n;
};

static const char *escape_of(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\n':
        return NULL;
    default:
        return ((unsigned char)c < ' ' || c == 0x7f) ? "?" : NULL;
    }
}

void slack_escape(char *out, size_t size, const char *text) {
    size_t n = 0, whole = 0; /* without a character of which there is a part only */

    for (; *text != '\0'; text++) {
        const char *as = escape_of(*text);
        size_t length = as != NULL ? strlen(as) : 1;

        if (((unsigned char)*text & 0xc0) != 0x80)
            whole = n;
        if (n + length >= size) {
            n = whole;
            break;
        }
        memcpy(out + n, as != NULL ? as : text, length);
        n += length;
    }
    out[n] = '\0';
}

/* Adds text of ours. */
static void PRINTF_LIKE(2, 3) add(struct draft *d, const char *fmt, ...) {
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(d->text + d->n, sizeof d->text - d->n, fmt, args);
    va_end(args);
    d->n = n >= 0 && (size_t)n < sizeof d->text - d->n ? d->n + (size_t)n : strlen(d->text);
}

/* "*Why* text" on a line of its own; nothing where there is no text. */
static void add_fact(struct draft *d, const char *name, const char *text) {
    char escaped[PART_SIZE];

    if (text[0] == '\0')
        return;
    slack_escape(escaped, sizeof escaped, text);
    add(d, "*%s* %s\n", name, escaped);
}

static void add_code(struct draft *d, const char *text) {
    char escaped[PART_SIZE];

    slack_escape(escaped, sizeof escaped, text);
    for (char *p = escaped; *p != '\0'; p++) {
        if (*p == '`')
            *p = '\'';
    }
    add(d, "```%s```\n", escaped);
}

static void add_facts(struct draft *d, const struct json_t *doc) {
    const struct json_t *fix = json_get(doc, "fix");

    add_fact(d, "What", json_get_text(doc, "summary"));
    add_fact(d, "Mail", json_get_text(doc, "impact"));
    add_fact(d, "Who", json_get_text(doc, "who"));
    add_fact(d, "Fault", json_get_text(doc, "fault"));
    add_fact(d, "Smarthost", json_get_text(doc, "relayhost"));
    add_fact(d, "Why", json_get_text(doc, "why"));
    if (json_count(fix) > 0)
        add(d, "*Do*\n");
    for (size_t k = 0; k < json_count(fix); k++)
        add_code(d, json_text(json_at(fix, k)));
    if (json_get_text(doc, "evidence")[0] != '\0') {
        add(d, "*Seen*\n");
        add_code(d, json_get_text(doc, "evidence"));
    }
}

static void add_foot(struct draft *d, const struct incident *i) {
    char since[32];
    char escaped[sizeof i->url * 2];

    payload_time(i->since_ms, since, sizeof since);
    add(d, "since %.19sZ, %s", since, i->diagnosis);
    if (i->url[0] == '\0' || strpbrk(i->url, "|> ") != NULL)
        return;
    slack_escape(escaped, sizeof escaped, i->url);
    add(d, ", <%s|the page>", escaped);
}

static const char *colour_of(const struct notice *notice) {
    static const char *const colours[RANK_COUNT] = {"#439fe0", "#439fe0", "#e8a317", "#cc0000"};

    return notice->status == TOLD_RESOLVED ? "#2eb886" : colours[notice->rank];
}

static const char *word_of(const struct notice *notice) {
    static const char *const words[RANK_COUNT] = {"INFO", "TICKET", "WARNING", "CRITICAL"};

    return notice->status == TOLD_RESOLVED ? "RESOLVED" : words[notice->rank];
}

static struct json_t *make_attachment(const struct incident *i, const struct notice *notice,
                                      const struct json_t *doc, const char *fallback) {
    struct json_t *out = json_make_object();
    struct json_t *marked = json_make_array();
    struct draft *d = xcalloc(1, sizeof *d);

    if (notice->status != TOLD_RESOLVED)
        add_facts(d, doc);
    add_foot(d, i);
    json_add_text(marked, "text");
    json_put_text(out, "fallback", fallback);
    json_put_text(out, "color", colour_of(notice));
    json_put_text(out, "text", d->text);
    json_put(out, "mrkdwn_in", marked);
    free(d);
    return out;
}

char *slack_message(const struct incident *i, const struct notice *notice) {
    struct json_t *out = json_make_object();
    struct json_t *attachments = json_make_array();
    struct json_t *doc = payload_doc(i);
    char headline[PAYLOAD_HEADLINE], escaped[PART_SIZE], line[PART_SIZE + 16];
    char *text;

    payload_headline(i, notice, doc, headline, sizeof headline);
    slack_escape(escaped, sizeof escaped, headline);
    text_format(line, sizeof line, "%s %s", word_of(notice), escaped);
    json_put_text(out, "text", line);
    json_add(attachments, make_attachment(i, notice, doc, line));
    json_put(out, "attachments", attachments);
    json_put_bool(out, "unfurl_links", false);
    json_put_bool(out, "unfurl_media", false);
    text = json_print(out, false);
    json_release(&out);
    json_release(&doc);
    return text;
}
