/* See logenvelope.h. What can be forged, and why it does not help:
 *
 * HELO names. smtpd(8) replaces <>()\\";@ and space in them by `?` (neuter() in src/smtpd/smtpd.c);
 * those of postscreen(8) have no space. Behind them only the name of a client that has logged in
 * and the words of a rule of cleanup(8) may stand.
 *
 * Addresses. Postfix quotes a local part with special characters (see logfield.c); so `"` is only
 * where one begins and ends, and what looks like an envelope within one has that `"` in an address,
 * or the real end of the envelope behind its own.
 *
 * The text before it all may hold anything, also an envelope; but the real one follows.
 *
 * So the envelope is the last place that parses up to the end of the line with nothing like the end
 * of an envelope left over. */
#include "logenvelope.h"

#include <string.h>

#include "logfield.h"

/* Places in one line where an envelope may begin; keeps long lines linear. */
enum { ENVELOPE_TRIES = 32 };

struct envelope {
    struct span from, to, login;
};

/* Behind the address of a sender, then of a recipient. postscreen(8) puts commas between, smtpd(8)
 * does not. */
static bool ends_from(struct span s) {
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    return STARTS(s, " to=<") || STARTS(s, " proto=");
}

static bool ends_to(struct span s) {
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    return STARTS(s, " proto=");
}

/* Or the text of a rule. */
static bool ends_line(struct span s) {
    return s.n == 0 || STARTS(s, ": ");
}

/* Are the `"` in an address where Postfix puts them? */
static bool is_well_quoted(struct span address) {
    size_t n = logfield_quoted_length(address);

    if (n > 0 && n < address.n && address.p[n] != '@')
        return false;
    return n == address.n || memchr(address.p + n, '"', address.n - n) == NULL;
}

static bool take_address(struct span *s, bool (*is_end)(struct span), struct span *address_out) {
    return logfield_take_address(s, is_end, address_out) && is_well_quoted(*address_out);
}

/* Is something in `s` that belongs into an envelope? */
static bool has_more(struct span s) {
    return span_find(s, " helo=<") != NULL || span_find(s, " proto=") != NULL ||
           span_find(s, "; from=<") != NULL;
}

/* What stands behind the HELO name: nothing, the text of a rule, or the login. */
static bool parse_rest(struct span s, struct span *login_out) {
    if (s.n == 0 || s.p[0] == ':')
        return !has_more(s);
    if (!STARTS(s, " sasl_username=<") || s.p[s.n - 1] != '>' || has_more(s))
        return false;
    *login_out = (struct span){s.p + 16, s.n - 17};
    return true;
}

/* `s` begins with " proto=": is that, with the helo name, all up to the end? */
static bool parse_end(struct span s, struct span *login_out) {
    const char *helo = span_find(s, " helo=<");
    struct span name;

    if (memchr(s.p, ';', helo != NULL ? (size_t)(helo - s.p) : s.n) != NULL)
        return false;
    if (helo == NULL)
        return true;
    s = logfield_from(s, (size_t)(helo - s.p) + 7);
    name = (struct span){s.p, logscan_find(s, ' ')};
    while (name.n > 0 && s.p[name.n - 1] != '>') /* ">:" of a rule */
        name.n--;
    return name.n > 0 && parse_rest(logfield_from(s, name.n), login_out);
}

/* `s` stands behind "; from=<". */
static bool parse_from(struct span s, struct envelope *out) {
    *out = (struct envelope){.to = {NULL, 0}};
    if (!take_address(&s, ends_from, &out->from))
        return false;
    if (s.p[0] == ',')
        s = logfield_from(s, 1);
    if (STARTS(s, " to=<")) {
        s = logfield_from(s, 5);
        if (!take_address(&s, ends_to, &out->to))
            return false;
        if (s.p[0] == ',')
            s = logfield_from(s, 1);
    }
    return parse_end(s, &out->login);
}

/* `s` stands behind "; to=<": before MAIL FROM there is a recipient at most (VRFY). */
static bool parse_to(struct span s, struct envelope *out) {
    *out = (struct envelope){.from = {NULL, 0}};
    return take_address(&s, ends_to, &out->to) && parse_end(s, &out->login);
}

/* `s` stands behind "; proto=": at CONNECT and EHLO there is no address at all. */
static bool parse_proto(struct span s, struct envelope *out) {
    *out = (struct envelope){.from = {NULL, 0}};
    s = (struct span){s.p - 7, s.n + 7};
    return parse_end(s, &out->login);
}

/* `s` stands behind "; from=<": cleanup(8) tells no protocol of mail that was submitted on this
 * host, nor with a mime-error: "from=<a> to=<b>". */
static bool parse_plain(struct span s, struct envelope *out) {
    *out = (struct envelope){.login = {NULL, 0}};
    if (!take_address(&s, ends_from, &out->from) || !STARTS(s, " to=<"))
        return false;
    s = logfield_from(s, 5);
    return take_address(&s, ends_line, &out->to) && !has_more(s) && span_find(s, "> to=<") == NULL;
}

/* Where the last `name` stands in `s` behind which parse() finds an envelope; s.n if nowhere. */
static size_t find_last(struct span s, const char *name,
                        bool (*parse)(struct span, struct envelope *), struct envelope *out) {
    struct span before = s;
    const char *semicolon;
    int tries = 0;

    while (before.n > 0 && (semicolon = memrchr(before.p, ';', before.n)) != NULL) {
        struct span rest;

        before.n = (size_t)(semicolon - s.p);
        rest = logfield_from(s, before.n);
        if (!span_starts(rest, name))
            continue;
        if (parse(logfield_from(rest, strlen(name)), out))
            return before.n;
        if (++tries == ENVELOPE_TRIES)
            break;
    }
    return s.n;
}

/* What cleanup(8) says before an envelope without a protocol. */
static bool ends_origin(struct span s) {
    return ENDS(s, "]") || ENDS(s, " from local") || ENDS(s, " from unknown");
}

struct span logenvelope_take(struct span s, struct mailev *out) {
    struct envelope envelope;
    struct span before = {s.p, find_last(s, "; from=<", parse_from, &envelope)};

    if (before.n == s.n) {
        before.n = find_last(s, "; from=<", parse_plain, &envelope);
        if (before.n < s.n && !ends_origin(before))
            before.n = s.n;
    }
    if (before.n == s.n)
        before.n = find_last(s, "; to=<", parse_to, &envelope);
    if (before.n == s.n)
        before.n = find_last(s, "; proto=", parse_proto, &envelope);
    if (before.n == s.n)
        return s;
    out->from = envelope.from;
    out->to = envelope.to;
    out->sasl_username = envelope.login;
    return before;
}
