/* See cred.h. */
#include "cred.h"

#include <string.h>
#include <strings.h>

static void problem(struct cred_file *file, uint32_t line, const char *what) {
    if (file->problem_count < CRED_PROBLEMS_MAX)
        file->problems[file->problem_count] = (struct cred_problem){line, what};
    file->problem_count++;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* What is wrong with the bytes of a line, or NULL. Comments may be in any language. */
static const char *bad_bytes(struct span line, bool comment) {
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];

        if (c == '\0')
            return "a NUL byte";
        if (c == '\r')
            return "a carriage return (line ends of Windows?)";
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return "a control character";
        if (c > 0x7f && !comment)
            return "a character that is not ASCII";
    }
    return NULL;
}

bool cred_split(struct span value, struct span *user_out, struct span *secret_out) {
    const char *colon = value.n == 0 ? NULL : memchr(value.p, ':', value.n);
    size_t before = colon == NULL ? 0 : (size_t)(colon - value.p);

    if (before == 0 || before + 1 == value.n)
        return false;
    *user_out = (struct span){value.p, before};
    *secret_out = (struct span){colon + 1, value.n - before - 1};
    return true;
}

static const char *bad_key(struct span key) {
    /* Postfix 3.2 and later: a quoted blank does not end the key, so quotes would change the split.
     */
    if (memchr(key.p, '"', key.n) != NULL || memchr(key.p, '\\', key.n) != NULL)
        return "a quote or backslash in the key";
    if (key.p[key.n - 1] == ':')
        return "the key ends with a colon";
    if (key.n > CRED_KEY_MAX)
        return "the key is longer than 255 characters";
    return NULL;
}

static const char *bad_value(struct span value, struct cred *entry) {
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '#' && (i == 0 || is_blank(value.p[i - 1])))
            return "a comment after the value: Postfix would take it as part of the password";
        if (value.p[i] == '\t')
            return "a tab inside the value";
    }
    if (memchr(value.p, ':', value.n) == NULL)
        return "no colon between user and password";
    if (!cred_split(value, &entry->user, &entry->secret))
        return entry->value.p[0] == ':' ? "no user before the colon"
                                        : "no password after the colon";
    if (entry->user.n > CRED_USER_MAX)
        return "the user is longer than 255 characters";
    if (entry->secret.n > CRED_SECRET_MAX)
        return "the password is longer than 511 characters";
    return NULL;
}

/* Key, blanks, value; blanks at the end do not count. `line` has no leading blank and is not empty.
 */
static const char *parse_entry(struct span line, struct cred *entry) {
    const char *wrong;
    size_t n = 0;

    while (n < line.n && !is_blank(line.p[n]))
        n++;
    entry->key = (struct span){line.p, n};
    wrong = bad_key(entry->key);
    if (wrong != NULL)
        return wrong;
    entry->value = span_trim((struct span){line.p + n, line.n - n});
    if (entry->value.n == 0)
        return "no value after the key";
    return bad_value(entry->value, entry);
}

const struct cred *cred_find(const struct cred_file *file, struct span key) {
    for (uint32_t i = 0; i < file->count; i++) {
        struct span have = file->entries[i].key;

        if (have.n == key.n && strncasecmp(have.p, key.p, key.n) == 0)
            return &file->entries[i];
    }
    return NULL;
}

static void take_line(struct span line, uint32_t number, struct cred_file *out) {
    struct span inner = span_trim(line);
    bool comment = inner.n > 0 && inner.p[0] == '#';
    struct cred entry = {.line = number};
    const char *wrong = bad_bytes(line, comment);

    if (wrong == NULL && (inner.n == 0 || comment))
        return;
    if (wrong == NULL && is_blank(line.p[0]))
        wrong = "starts with a blank: Postfix would join it to the line before";
    if (wrong == NULL)
        wrong = parse_entry(line, &entry);
    if (wrong == NULL && cred_find(out, entry.key) != NULL)
        wrong = "the same key as an earlier line";
    if (wrong == NULL && out->count == CRED_MAX)
        wrong = "more than 1024 entries";
    if (wrong != NULL)
        problem(out, number, wrong);
    else
        out->entries[out->count++] = entry;
}

bool cred_parse(struct span text, struct cred_file *out) {
    uint32_t number = 0;

    out->count = 0;
    out->problem_count = 0;
    if (text.n > CRED_FILE_MAX) {
        problem(out, 0, "larger than 65536 bytes");
        return false;
    }
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);

        take_line((struct span){text.p, n}, ++number, out);
        n += end == NULL ? 0 : 1;
        text = (struct span){text.p + n, text.n - n};
    }
    if (out->count == 0 && out->problem_count == 0)
        problem(out, 0, "no entry in the file");
    return out->problem_count == 0;
}

const struct cred *cred_lookup(const struct cred_file *file, const char *host,
                               const char *nexthop) {
    const struct cred *found = cred_find(file, span_of(host));

    return found != NULL ? found : cred_find(file, span_of(nexthop));
}
