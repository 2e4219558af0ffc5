/* See httphead.h. */
#include "httphead.h"

#include <string.h>
#include <strings.h>

enum { TARGET_MOST = 1024 };

size_t httphead_end(struct span bytes) {
    const char *end = span_find(bytes, "\r\n\r\n");

    return end == NULL ? 0 : (size_t)(end - bytes.p) + 4;
}

/* Takes the line up to CRLF off the front. A bare CR, LF or NUL within it is refused. */
static bool take_line(struct span *rest, struct span *line_out) {
    const char *end = span_find(*rest, "\r\n");
    size_t n;

    if (end == NULL)
        return false;
    n = (size_t)(end - rest->p);
    *line_out = (struct span){rest->p, n};
    *rest = (struct span){end + 2, rest->n - n - 2};
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line_out->p[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool take_word(struct span *line, struct span *word_out) {
    const char *blank = line->n == 0 ? NULL : memchr(line->p, ' ', line->n);
    size_t n = blank == NULL ? line->n : (size_t)(blank - line->p);

    *word_out = (struct span){line->p, n};
    *line =
        blank == NULL ? (struct span){line->p + n, 0} : (struct span){blank + 1, line->n - n - 1};
    return n > 0;
}

/* origin-form, or absolute-form with scheme and authority taken off (RFC 9112 section 3.2.2). */
static bool split_target(struct span target, struct httphead *out) {
    const char *mark;

    if (span_starts(target, "http://")) {
        const char *slash = memchr(target.p + 7, '/', target.n - 7);

        if (slash == NULL || slash == target.p + 7)
            return false;
        out->host = (struct span){target.p + 7, (size_t)(slash - target.p) - 7};
        target = (struct span){slash, target.n - (size_t)(slash - target.p)};
    }
    if (target.n == 0 || target.p[0] != '/')
        return false;
    mark = memchr(target.p, '?', target.n);
    out->path = (struct span){target.p, mark == NULL ? target.n : (size_t)(mark - target.p)};
    out->query = mark == NULL ? (struct span){target.p + target.n, 0}
                              : (struct span){mark + 1, target.n - out->path.n - 1};
    return true;
}

static bool name_is(struct span name, const char *want) {
    return name.n == strlen(want) && strncasecmp(name.p, want, name.n) == 0;
}

/* A field line; 200, or why the request is refused: we read no body. */
static int check_field(struct span line, struct span *host_out, struct span *accept_out) {
    const char *colon = memchr(line.p, ':', line.n);
    struct span name;
    struct span value;

    if (colon == NULL || colon == line.p || line.p[0] == ' ' || line.p[0] == '\t')
        return 400;
    name = (struct span){line.p, (size_t)(colon - line.p)};
    value = span_trim((struct span){colon + 1, line.n - name.n - 1});
    if (memchr(name.p, ' ', name.n) != NULL || name_is(name, "Transfer-Encoding"))
        return 400;
    if (name_is(name, "Content-Length") && !span_is(value, "0"))
        return 413;
    if (name_is(name, "Host")) {
        if (host_out->p != NULL)
            return 400;
        *host_out = value;
    } else if (name_is(name, "Accept") && accept_out->p == NULL) {
        *accept_out = value;
    }
    return 200;
}

int httphead_parse(struct span head, struct httphead *out) {
    struct span line;
    struct span method;
    struct span target;
    struct span host = {NULL, 0};
    int status;

    memset(out, 0, sizeof *out);
    if (!take_line(&head, &line) || !take_word(&line, &method) || !take_word(&line, &target))
        return 400;
    if (target.n > TARGET_MOST)
        return 414;
    if (!span_is(line, "HTTP/1.1") && !span_is(line, "HTTP/1.0"))
        return span_starts(line, "HTTP/") ? 505 : 400;
    out->head_only = span_is(method, "HEAD");
    if (!out->head_only && !span_is(method, "GET"))
        return 405;
    if (!split_target(target, out))
        return 400;
    for (;;) {
        if (!take_line(&head, &line))
            return 400;
        if (line.n == 0)
            break;
        status = check_field(line, &host, &out->accept);
        if (status != 200)
            return status;
    }
    if (out->host.p == NULL)
        out->host = host;
    return head.n == 0 ? 200 : 400;
}
