/* See sasltext.h. */
#include "sasltext.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

/* The next line with its newline. */
static bool next_line(const char **at, struct span *line) {
    const char *end = strchr(*at, '\n');

    *line = (struct span){*at, end != NULL ? (size_t)(end - *at) + 1 : strlen(*at)};
    *at += line->n;
    return line->n > 0;
}

static size_t key_length(struct span line) {
    size_t n = 0;

    while (n < line.n && strchr(" \t\r\n", line.p[n]) == NULL)
        n++;
    return n;
}

/* Is the key the host, [host] or [host]:anything? */
static bool is_of_host(struct span line, const char *host) {
    size_t n = key_length(line), h = strlen(host);
    const char *p = line.p;

    if (n == h)
        return strncasecmp(p, host, h) == 0;
    return n >= h + 2 && p[0] == '[' && strncasecmp(p + 1, host, h) == 0 && p[h + 1] == ']' &&
           (n == h + 2 || p[h + 2] == ':');
}

static FILE *open_out(char **out, size_t *size) {
    FILE *stream = open_memstream(out, size);

    if (stream == NULL)
        abort();
    return stream;
}

char *sasltext_set(const char *text, const char *host, const char *user, const char *secret) {
    struct span line;
    bool done = false;
    char last = '\n';
    char *out = NULL;
    size_t size;
    FILE *stream = open_out(&out, &size);

    while (next_line(&text, &line)) {
        last = line.p[line.n - 1];
        if (!is_of_host(line, host)) {
            fwrite(line.p, 1, line.n, stream);
        } else if (!done) {
            fprintf(stream, "%s %s:%s\n", host, user, secret);
            done = true;
            last = '\n';
        }
    }
    if (!done)
        fprintf(stream, "%s%s %s:%s\n", last == '\n' ? "" : "\n", host, user, secret);
    if (fclose(stream) != 0)
        abort();
    return out;
}

char *sasltext_masked(const char *text) {
    struct span line;
    char *out = NULL;
    size_t size;
    FILE *stream = open_out(&out, &size);

    while (next_line(&text, &line)) {
        bool comment = line.p[0] == '#';
        size_t key = key_length(line);
        const char *colon = memchr(line.p + key, ':', line.n - key);

        if (comment)
            fputs("# ***\n", stream); /* an old password may stand behind it */
        else if (colon != NULL)
            fprintf(stream, "%.*s:***\n", (int)(colon - line.p), line.p);
        else
            fputs(line.n > 1 ? "***\n" : "\n", stream);
    }
    if (fclose(stream) != 0)
        abort();
    return out;
}
