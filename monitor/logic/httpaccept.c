/* See httpaccept.h. */
#include "httpaccept.h"

#include <string.h>
#include <strings.h>

enum { Q_ONE = 1000 };

/* How precisely a media range names a form. */
enum precision { NAMES_NOT, NAMES_ALL, NAMES_KIND, NAMES_FORM };

struct wish {
    enum precision precision;
    int q; /* of 1000 */
};

/* One media range, taken apart. */
struct range {
    struct span type;
    struct span version; /* absent: none */
    int q;
};

/* Takes what stands before the first `end` outside of quotes, and the `end`, off *rest. */
static struct span take(struct span *rest, char end) {
    bool quoted = false;
    struct span part = {rest->p, 0};

    for (; part.n < rest->n && (quoted || rest->p[part.n] != end); part.n++) {
        if (rest->p[part.n] == '"')
            quoted = !quoted;
    }
    *rest = part.n < rest->n ? (struct span){rest->p + part.n + 1, rest->n - part.n - 1}
                             : (struct span){rest->p + part.n, 0};
    return span_trim(part);
}

static bool is_word(struct span s, const char *want) {
    return s.n == strlen(want) && strncasecmp(s.p, want, s.n) == 0;
}

/* "0.75": 750. What is no number between 0 and 1 is 0: nobody is to get what they may not want. */
static int parse_q(struct span s) {
    int q = 0;
    int unit = Q_ONE;

    if (s.n == 0 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.') || s.n > 5)
        return 0;
    for (size_t i = 0; i < s.n; i++) {
        if (i == 1)
            continue;
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        q += (s.p[i] - '0') * unit;
        unit /= 10;
    }
    return q <= Q_ONE ? q : 0;
}

static struct range parse_range(struct span text) {
    struct range range = {.type = take(&text, ';'), .q = Q_ONE};

    while (text.n > 0) {
        struct span value = take(&text, ';');
        struct span name = take(&value, '=');

        value = span_trim(value);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct span){value.p + 1, value.n - 2};
        if (is_word(name, "version"))
            range.version = value;
        else if (is_word(name, "q"))
            range.q = parse_q(value);
    }
    return range;
}

/* The more precise range counts; of two that are equally so the one that is liked better. */
static void note(struct wish *wish, enum precision precision, int q) {
    if (precision == NAMES_NOT)
        return;
    if (precision > wish->precision || (precision == wish->precision && q > wish->q))
        *wish = (struct wish){precision, q};
}

static enum precision names(const struct range *range, const char *type, const char *kind,
                            const char *version) {
    if (is_word(range->type, type) && (range->version.n == 0 || is_word(range->version, version)))
        return NAMES_FORM;
    if (is_word(range->type, kind))
        return NAMES_KIND;
    return is_word(range->type, "*/*") ? NAMES_ALL : NAMES_NOT;
}

static bool is_liked(const struct wish *wish, const struct wish *text) {
    return wish->q > 0 &&
           (wish->q > text->q || (wish->q == text->q && wish->precision >= NAMES_FORM &&
                                  wish->precision >= text->precision));
}

enum httpaccept httpaccept_metrics(struct span accept) {
    static const char openmetrics[] = "application/openmetrics-text";
    struct wish text = {NAMES_NOT, 0};
    struct wish fresh = {NAMES_NOT, 0};
    struct wish old = {NAMES_NOT, 0};

    while (accept.n > 0) {
        struct range range = parse_range(take(&accept, ','));

        note(&text, names(&range, "text/plain", "text/*", "0.0.4"), range.q);
        note(&fresh, names(&range, openmetrics, "application/*", "1.0.0"), range.q);
        note(&old, names(&range, openmetrics, "application/*", "0.0.1"), range.q);
    }
    if (is_liked(&fresh, &text) && (fresh.q >= old.q || !is_liked(&old, &text)))
        return HTTPACCEPT_OPENMETRICS;
    return is_liked(&old, &text) ? HTTPACCEPT_OPENMETRICS_OLD : HTTPACCEPT_TEXT;
}

const char *httpaccept_type(enum httpaccept form) {
    switch (form) {
    case HTTPACCEPT_OPENMETRICS:
        return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case HTTPACCEPT_OPENMETRICS_OLD:
        return "application/openmetrics-text; version=0.0.1; charset=utf-8";
    case HTTPACCEPT_TEXT:
        break;
    }
    return "text/plain; version=0.0.4; charset=utf-8";
}
