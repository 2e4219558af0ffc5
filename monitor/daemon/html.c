/* See html.h. */
#include "html.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

static const char *entity(uint32_t c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(FILE *out, const char *text) {
    struct span rest = span_of(text);

    while (rest.n > 0) {
        uint32_t c;
        size_t n = text_utf8(rest, &c);
        const char *as = entity(c);

        if (as != NULL)
            fputs(as, out);
        else if (c == '\n' || c == '\t')
            fputc(' ', out);
        else if (n == 0 || c < ' ' || (c >= 0x7f && c < 0xa0) || text_is_unseen(c))
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(rest.p, 1, n, out);
        n = n > 0 ? n : 1;
        rest = (struct span){rest.p + n, rest.n - n};
    }
}

void html_count(FILE *out, uint64_t count) {
    char digits[24];
    size_t n;

    text_format(digits, sizeof digits, "%llu", (unsigned long long)count);
    n = strlen(digits);
    for (size_t i = 0; i < n; i++) {
        fputc(digits[i], out);
        if (i + 1 < n && (n - i - 1) % 3 == 0)
            fputc(',', out);
    }
}

void html_time(FILE *out, int64_t time_ms) {
    time_t seconds = (time_t)(time_ms / 1000);
    char local[64];
    char utc[32];
    struct tm tm;

    if (time_ms == 0 || localtime_r(&seconds, &tm) == NULL) {
        fputs("not known", out);
        return;
    }
    strftime(local, sizeof local, "%Y-%m-%d %H:%M:%S %Z", &tm);
    gmtime_r(&seconds, &tm);
    strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &tm);
    fprintf(out, "<time datetime=\"%s\">", utc);
    html_text(out, local);
    fputs("</time>", out);
}

static void open_row(FILE *out, const char *name) {
    fputs("<tr><th scope=\"row\">", out);
    html_text(out, name);
    fputs("</th><td>", out);
}

static void close_row(FILE *out) {
    fputs("</td></tr>\n", out);
}

void html_row(FILE *out, const char *name, const char *fmt, ...) {
    char value[600];
    va_list args;

    va_start(args, fmt);
    vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    open_row(out, name);
    html_text(out, value);
    close_row(out);
}

void html_row_count(FILE *out, const char *name, uint64_t count) {
    open_row(out, name);
    html_count(out, count);
    close_row(out);
}

void html_row_time(FILE *out, const char *name, int64_t time_ms) {
    open_row(out, name);
    html_time(out, time_ms);
    close_row(out);
}

void html_delay(char *out, size_t size, int64_t ms) {
    if (ms < 1000)
        text_format(out, size, "%.2f s", (double)ms / 1000);
    else if (ms < 10 * 1000)
        text_format(out, size, "%.1f s", (double)ms / 1000);
    else
        text_age(out, size, ms / 1000);
}
