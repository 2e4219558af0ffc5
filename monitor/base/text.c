/* See text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct span span_of(const char *text) {
    return (struct span){text, text != NULL ? strlen(text) : 0};
}

bool span_is(struct span s, const char *text) {
    size_t n = strlen(text);

    return s.n == n && (n == 0 || memcmp(s.p, text, n) == 0);
}

bool span_starts(struct span s, const char *prefix) {
    size_t n = strlen(prefix);

    return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool span_equal(struct span a, struct span b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

const char *span_find(struct span s, const char *needle) {
    return s.n == 0 ? NULL : memmem(s.p, s.n, needle, strlen(needle));
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span s) {
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool text_copy_span(char *out, size_t size, struct span from) {
    size_t n = from.n < size ? from.n : size - 1;

    if (n > 0)
        memcpy(out, from.p, n);
    out[n] = '\0';
    return n == from.n;
}

bool text_copy(char *out, size_t size, const char *from) {
    return text_copy_span(out, size, span_of(from));
}

bool text_format(char *out, size_t size, const char *fmt, ...) {
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(out, size, fmt, args);
    va_end(args);
    return n >= 0 && (size_t)n < size;
}

/* Length of the valid UTF-8 sequence at p (1 to 4), or 0. RFC 3629 section 4. */
static size_t utf8_length(const unsigned char *p, size_t n) {
    size_t want;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        want = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        want = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        want = 4;
    else
        return 0;
    if (n < want)
        return 0;
    for (size_t i = 1; i < want; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return want;
}

size_t text_utf8(struct span s, uint32_t *code_out) {
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = s.n > 0 ? utf8_length(p, s.n) : 0;
    uint32_t code = n > 0 ? p[0] & first[n] : 0;

    for (size_t i = 1; i < n; i++)
        code = code << 6 | (p[i] & 0x3f);
    *code_out = code;
    return n;
}

/* Format characters (Unicode's category Cf) and the line and paragraph separators. */
bool text_is_unseen(uint32_t c) {
    return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

bool text_copy_printable(char *out, size_t size, struct span from) {
    const unsigned char *p = (const unsigned char *)from.p;
    size_t at = 0;

    for (size_t i = 0; i < from.n;) {
        size_t n;
        bool bad;

        if (p[i] >= ' ' && p[i] < 0x7f && at + 1 < size) { /* nearly all */
            out[at++] = (char)p[i++];
            continue;
        }
        n = utf8_length(p + i, from.n - i);
        bad = n == 0 || p[i] < ' ' || p[i] == 0x7f || (p[i] == 0xc2 && p[i + 1] < 0xa0);

        if (at + (bad ? 1 : n) >= size) {
            out[at] = '\0';
            return false;
        }
        if (bad)
            out[at++] = '?';
        else
            memcpy(out + at, p + i, n);
        at += bad ? 0 : n;
        i += n == 0 ? 1 : n;
    }
    out[at] = '\0';
    return true;
}

bool text_u64(struct span s, uint64_t min, uint64_t max, uint64_t *out) {
    uint64_t value = 0;

    if (s.n == 0 || s.n > 20)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        uint64_t digit = (uint64_t)(unsigned char)s.p[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

bool text_i64(struct span s, int64_t min, int64_t max, int64_t *out) {
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t value;
    int64_t result;

    if (negative)
        s = (struct span){s.p + 1, s.n - 1};
    if (!text_u64(s, 0, INT64_MAX, &value))
        return false;
    result = negative ? -(int64_t)value : (int64_t)value;
    if (result < min || result > max)
        return false;
    *out = result;
    return true;
}

bool text_seconds(struct span s, uint64_t *out) {
    uint64_t unit = 1;
    uint64_t value;

    if (s.n > 1) {
        static const struct {
            char letter;
            uint64_t seconds;
        } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (s.p[s.n - 1] == units[i].letter) {
                unit = units[i].seconds;
                s.n--;
                break;
            }
        }
    }
    if (!text_u64(s, 0, UINT64_MAX / 86400, &value))
        return false;
    *out = value * unit;
    return true;
}

void text_age(char *out, size_t size, int64_t seconds) {
    static const struct {
        int64_t below, unit;
        const char *name;
    } steps[] = {{120, 1, "s"}, {7200, 60, "min"}, {172800, 3600, "h"}, {INT64_MAX, 86400, "days"}};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (seconds < steps[i].below) {
            text_format(out, size, "%lld %s",
                        (long long)((seconds + steps[i].unit / 2) / steps[i].unit), steps[i].name);
            return;
        }
    }
}

void text_bytes(char *out, size_t size, uint64_t bytes) {
    if (bytes < 1000)
        text_format(out, size, "%u bytes", (unsigned)bytes);
    else if (bytes < 1000 * 1000)
        text_format(out, size, "%.1f kB", (double)bytes / 1e3);
    else if (bytes < 1000 * 1000 * 1000)
        text_format(out, size, "%.1f MB", (double)bytes / 1e6);
    else
        text_format(out, size, "%.1f GB", (double)bytes / 1e9);
}

bool text_endpoint(const char *endpoint, char *host, size_t host_size, char *port,
                   size_t port_size) {
    const char *colon = strrchr(endpoint, ':');
    struct span name;
    uint64_t number;

    if (colon == NULL || !text_u64(span_of(colon + 1), 1, 65535, &number))
        return false;
    name = (struct span){endpoint, (size_t)(colon - endpoint)};
    if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
        name = (struct span){name.p + 1, name.n - 2};
    return name.n > 0 && text_copy_span(host, host_size, name) &&
           text_copy(port, port_size, colon + 1);
}

void text_upper(char *text) {
    for (; *text != '\0'; text++)
        *text = (char)(*text >= 'a' && *text <= 'z' ? *text - 32 : *text);
}
