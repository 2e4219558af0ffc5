/* See credsource.h. */
#include "credsource.h"

#include <string.h>

struct change {
    const struct cred *entry; /* which one */
    struct span user;         /* absent: as it is */
    char secret[CRED_SECRET_MAX + 1];
};

struct merge {
    const struct cred_file *file;
    const struct cred *relay;
    struct change changes[16];
    unsigned count;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static const char *bad_bytes(struct span line) {
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];

        if (c == '\r')
            return "a carriage return (line ends of Windows?)";
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return "a control character";
        if (c > 0x7f)
            return "a character that is not ASCII";
    }
    return NULL;
}

/* "abcd efgh ijkl mnop", as Google shows it. */
static bool is_app_password(struct span s) {
    if (s.n != 19)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = s.p[i] >= 'a' && s.p[i] <= 'z';

        if (i % 5 == 4 ? s.p[i] != ' ' : !letter)
            return false;
    }
    return true;
}

/* "USER:abcd efgh ijkl mnop". A user in brackets would be a relay. */
static bool is_user_and_app_password(struct span s) {
    const char *colon = memchr(s.p, ':', s.n);
    size_t before = colon == NULL ? 0 : (size_t)(colon - s.p);

    if (before == 0 || s.p[0] == '[' || memchr(s.p, ' ', before) != NULL)
        return false;
    return is_app_password((struct span){colon + 1, s.n - before - 1});
}

/* Why the first word of several is no key. A password may have blanks, but only behind its key. */
static const char *not_a_key(const struct merge *merge, struct span rest) {
    if (rest.p[0] == '#')
        return "a comment after the password";
    if (merge->relay == NULL)
        return "sasl_passwd has no entry for the relay, nor for the first word";
    return "the first of several words is no key of sasl_passwd; relays are added there, and a "
           "password with blanks is given as KEY USER:PASSWORD";
}

/* Into the change: the secret, without the blanks of an app password. */
static const char *take_secret(struct change *change, struct span secret) {
    size_t n = 0;
    bool app = is_app_password(secret);

    if (secret.n == 0)
        return "no password";
    if (secret.n > CRED_SECRET_MAX)
        return "the password is longer than 511 characters";
    for (size_t i = 0; i < secret.n; i++) {
        if (secret.p[i] == '\t')
            return "a tab inside the password";
        if (secret.p[i] == '#' && i > 0 && is_blank(secret.p[i - 1]))
            return "a comment after the password";
        if (!app || secret.p[i] != ' ')
            change->secret[n++] = secret.p[i];
    }
    change->secret[n] = '\0';
    return NULL;
}

/* USER:PASSWORD or PASSWORD. */
static const char *take_value(struct change *change, struct span value) {
    const char *colon = memchr(value.p, ':', value.n);

    if (colon == NULL)
        return take_secret(change, value);
    change->user = (struct span){value.p, (size_t)(colon - value.p)};
    if (change->user.n == 0)
        return "no user before the colon";
    if (change->user.p[0] == '#')
        return "a comment in place of a login";
    if (change->user.n > CRED_USER_MAX)
        return "the user is longer than 255 characters";
    for (size_t i = 0; i < change->user.n; i++) {
        if (is_blank(change->user.p[i]))
            return "a blank in the user";
    }
    return take_secret(change, (struct span){colon + 1, value.n - change->user.n - 1});
}

/* `line` is not empty and has no blanks at its ends. */
static const char *take_line(struct merge *merge, struct span line) {
    struct change *change;
    struct span rest;
    size_t n = 0;

    if (merge->count == sizeof merge->changes / sizeof merge->changes[0])
        return "more than 16 entries";
    change = &merge->changes[merge->count];
    *change = (struct change){.entry = merge->relay};
    while (n < line.n && !is_blank(line.p[n]))
        n++;
    if (n == line.n || is_app_password(line))
        n = 0;
    else
        change->entry = cred_find(merge->file, (struct span){line.p, n});
    if (change->entry == NULL && is_user_and_app_password(line)) {
        change->entry = merge->relay;
        n = 0;
    }
    rest = span_trim((struct span){line.p + n, line.n - n});
    if (change->entry == NULL)
        return n == 0 ? "sasl_passwd has no entry for the relay" : not_a_key(merge, rest);
    for (unsigned i = 0; i < merge->count; i++) {
        if (merge->changes[i].entry == change->entry)
            return "the same key as an earlier line";
    }
    merge->count++;
    return take_value(change, rest);
}

static bool append(char *out, size_t *n, struct span s) {
    if (s.n > CRED_FILE_MAX - *n)
        return false;
    memcpy(out + *n, s.p, s.n);
    *n += s.n;
    return true;
}

static bool write_entry(const struct change *change, char *out, size_t *n) {
    struct span user = change->user.n != 0 ? change->user : change->entry->user;

    return append(out, n, change->entry->key) && append(out, n, SPAN(" ")) &&
           append(out, n, user) && append(out, n, SPAN(":")) &&
           append(out, n, span_of(change->secret)) && append(out, n, SPAN("\n"));
}

static bool write_all(const struct merge *merge, struct span text, char *out, size_t *n_out) {
    uint32_t number = 0;
    bool fits = true;

    *n_out = 0;
    while (text.n > 0 && fits) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p) + 1;
        const struct change *change = NULL;

        number++;
        for (unsigned i = 0; i < merge->count; i++) {
            if (merge->changes[i].entry->line == number)
                change = &merge->changes[i];
        }
        fits = change != NULL ? write_entry(change, out, n_out)
                              : append(out, n_out, (struct span){text.p, n});
        text = (struct span){text.p + n, text.n - n};
    }
    return fits;
}

static bool fail(struct merge *merge, struct cred_problem *out, uint32_t line, const char *what) {
    *out = (struct cred_problem){line, what};
    explicit_bzero(merge, sizeof *merge);
    return false;
}

bool credsource_merge(struct span text, const struct cred_file *file, const struct cred *relay,
                      struct span content, char *out, size_t *n_out,
                      struct cred_problem *problem_out) {
    struct merge merge = {.file = file, .relay = relay};
    uint32_t number = 0;

    if (memchr(content.n == 0 ? "" : content.p, '\0', content.n) != NULL)
        return fail(&merge, problem_out, 0, "a NUL byte");
    while (content.n > 0) {
        const char *end = memchr(content.p, '\n', content.n);
        size_t n = end == NULL ? content.n : (size_t)(end - content.p);
        struct span line = span_trim((struct span){content.p, n});
        const char *wrong = bad_bytes((struct span){content.p, n});

        number++;
        if (wrong == NULL && line.n > 0 && line.p[0] != '#')
            wrong = take_line(&merge, line);
        if (wrong != NULL)
            return fail(&merge, problem_out, number, wrong);
        n += end == NULL ? 0 : 1;
        content = (struct span){content.p + n, content.n - n};
    }
    if (merge.count == 0)
        return fail(&merge, problem_out, 0, "empty");
    if (!write_all(&merge, text, out, n_out))
        return fail(&merge, problem_out, 0, "sasl_passwd would be larger than 65536 bytes");
    explicit_bzero(&merge, sizeof merge);
    return true;
}
