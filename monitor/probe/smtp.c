/* See smtp.h. */
#include "smtp.h"

#include <string.h>
#include <strings.h>

#include "text.h"

void smtp_reply_start(struct smtp_reply *reply) {
    reply->code = 0;
    reply->lines = 0;
    reply->text_n = 0;
    reply->text[0] = '\0';
    reply->problem = NULL;
    reply->total = 0;
    reply->line_n = 0;
}

static enum smtp_state bad(struct smtp_reply *reply, const char *problem) {
    reply->problem = problem;
    return SMTP_BAD;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* A whole line without its end. */
static enum smtp_state take_line(struct smtp_reply *reply, struct span line) {
    char mark = ' ';
    unsigned code;

    if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !is_digit(line.p[1]) ||
        !is_digit(line.p[2]))
        return bad(reply, "a reply without a three-digit code");
    if (line.n > 3)
        mark = line.p[3];
    if (mark != ' ' && mark != '-')
        return bad(reply, "neither blank nor hyphen after the reply code");
    code = (unsigned)(line.p[0] - '0') * 100 + (unsigned)(line.p[1] - '0') * 10 +
           (unsigned)(line.p[2] - '0');
    if (reply->lines > 0 && code != reply->code)
        return bad(reply, "the code changes within a reply");
    if (++reply->lines > SMTP_LINES_MAX)
        return bad(reply, "a reply of more than 100 lines");
    reply->code = code;
    if (reply->lines > 1)
        reply->text[reply->text_n++] = '\n';
    if (line.n > 4) {
        memcpy(reply->text + reply->text_n, line.p + 4, line.n - 4);
        reply->text_n += line.n - 4;
    }
    reply->text[reply->text_n] = '\0';
    return mark == '-' ? SMTP_MORE : SMTP_DONE;
}

enum smtp_state smtp_reply_feed(struct smtp_reply *reply, const char *bytes, size_t n,
                                size_t *used_out) {
    enum smtp_state state = SMTP_MORE;
    size_t i = 0;

    while (i < n && state == SMTP_MORE) {
        char c = bytes[i++];

        /* The text is shorter than the lines that it comes from: this bound holds for it too. */
        if (++reply->total > SMTP_REPLY_MAX)
            state = bad(reply, "a reply of more than 65536 bytes");
        else if (c == '\0')
            state = bad(reply, "a NUL byte in a reply");
        else if (c == '\n') {
            size_t length = reply->line_n;

            if (length > 0 && reply->line[length - 1] == '\r')
                length--;
            reply->line_n = 0;
            state = take_line(reply, (struct span){reply->line, length});
        } else if (reply->line_n == SMTP_LINE_MAX)
            state = bad(reply, "a reply line of more than 2048 bytes");
        else
            reply->line[reply->line_n++] = c;
    }
    *used_out = i;
    return state;
}

void smtp_enhanced(const struct smtp_reply *reply, char *out, size_t size) {
    size_t n = strspn(reply->text, "0123456789.");
    size_t dots = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        dots += reply->text[i] == '.';
    if (dots == 2 && n >= 5 && n < size && reply->text[1] == '.' && reply->text[n - 1] != '.' &&
        (reply->text[0] == '2' || reply->text[0] == '4' || reply->text[0] == '5'))
        text_copy_span(out, size, (struct span){reply->text, n});
}

/* The word at the head of `rest`, which moves behind it. */
static struct span next_word(struct span *rest) {
    struct span word;

    while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
        rest->p++;
        rest->n--;
    }
    word = (struct span){rest->p, 0};
    while (word.n < rest->n && word.p[word.n] != ' ' && word.p[word.n] != '\t')
        word.n++;
    *rest = (struct span){rest->p + word.n, rest->n - word.n};
    return word;
}

static bool word_is(struct span word, const char *want) {
    return word.n == strlen(want) && strncasecmp(word.p, want, word.n) == 0;
}

static void take_greeting(struct span line, struct smtp_offer *out) {
    static const char mark[] = "at your service, [";
    const char *found = span_find(line, mark);
    struct span address = {NULL, 0};

    if (found == NULL)
        return;
    address.p = found + sizeof mark - 1;
    while (address.p + address.n < line.p + line.n &&
           strchr("0123456789abcdefABCDEF:.", address.p[address.n]) != NULL)
        address.n++;
    if (address.n > 0 && address.n < 46 && address.p + address.n < line.p + line.n &&
        address.p[address.n] == ']')
        text_copy_span(out->egress, sizeof out->egress, address);
}

/* For people: "PIPELINING SIZE STARTTLS AUTH=PLAIN,LOGIN". What does not fit is left out. */
static void note_word(struct span line, struct smtp_offer *out) {
    size_t at = strlen(out->words);
    struct span word = next_word(&line);
    bool auth = word_is(word, "AUTH");
    size_t need = word.n + 2 + (auth ? line.n + 1 : 0);

    if (word.n == 0 || at + need >= sizeof out->words)
        return;
    if (at > 0)
        out->words[at++] = ' ';
    text_copy_span(out->words + at, sizeof out->words - at, word);
    at += word.n;
    for (char mark = '='; auth && (word = next_word(&line)).n > 0; mark = ',') {
        out->words[at++] = mark;
        text_copy_span(out->words + at, sizeof out->words - at, word);
        at += word.n;
    }
}

static void take_keyword(struct span line, struct smtp_offer *out) {
    struct span word;

    note_word(line, out);
    word = next_word(&line);
    if (word_is(word, "STARTTLS"))
        out->starttls = true;
    else if (word_is(word, "SIZE"))
        text_u64(next_word(&line), 0, UINT64_MAX, &out->size_limit);
    else if (word_is(word, "AUTH") || (word.n > 5 && strncasecmp(word.p, "AUTH=", 5) == 0)) {
        if (word.n > 5)
            word = (struct span){word.p + 5, word.n - 5}; /* an old form: AUTH=PLAIN LOGIN */
        else
            word = next_word(&line);
        for (; word.n > 0; word = next_word(&line))
            mechs_add(out->mechanisms, sizeof out->mechanisms, word);
    }
}

void smtp_offer_parse(const struct smtp_reply *reply, struct smtp_offer *out) {
    struct span rest = {reply->text, reply->text_n};
    bool first = true;

    memset(out, 0, sizeof *out);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        struct span line = {rest.p, end == NULL ? rest.n : (size_t)(end - rest.p)};
        size_t used = line.n + (end == NULL ? 0 : 1);

        if (first)
            take_greeting(line, out);
        else
            take_keyword(line, out);
        first = false;
        rest = (struct span){rest.p + used, rest.n - used};
    }
}
