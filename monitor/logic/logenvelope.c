/* See logenvelope.h. What can be forged, and why it does not help: addresses, see logfield.c. HELO
 * names: smtpd(8) replaces <>()\\";@ and space in them by `?` (neuter() in src/smtpd/smtpd.c), and
 * only the name of a client that has logged in stands behind them. The text before it all may hold
 * anything. So the envelope of a reject is what parses up to the end of the line. */
#include "logenvelope.h"

#include <string.h>

#include "logfield.h"

/* Places in one line where an envelope may begin; keeps long lines linear. */
enum { ENVELOPE_TRIES = 32 };

/* Behind the address of a sender, then of a recipient. postscreen(8) puts commas between, smtpd(8)
 * does not. */
static bool ends_envelope_from(struct span s) {
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    return STARTS(s, " to=<") || STARTS(s, " proto=");
}

static bool ends_envelope_to(struct span s) {
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    return STARTS(s, " proto=");
}

/* Or the text of a rule. */
static bool ends_line(struct span s) {
    return s.n == 0 || STARTS(s, ": ");
}

/* `s` begins with " proto=": is that, with the helo name, all up to the end? cleanup(8) adds ":
 * text", smtpd(8) from 3.2 on the name of a client that has logged in, which goes to *login_out.
 */
static bool is_last(struct span s, struct span *login_out) {
    const char *helo = span_find(s, " helo=<");
    const char *close;

    if (memchr(s.p, ';', helo != NULL ? (size_t)(helo - s.p) : s.n) != NULL)
        return false;
    if (helo == NULL)
        return true;
    s = logfield_from(s, (size_t)(helo - s.p) + 7);
    close = s.n > 0 ? memchr(s.p, '>', s.n) : NULL;
    if (close == NULL)
        return false;
    s = logfield_from(s, (size_t)(close - s.p) + 1);
    if (!STARTS(s, " sasl_username=<") || s.p[s.n - 1] != '>')
        return s.n == 0 || s.p[0] == ':';
    *login_out = (struct span){s.p + 16, s.n - 17};
    return true;
}

static bool parse_envelope(struct span s, struct span *from_out, struct span *to_out,
                           struct span *login_out) {
    struct span to = {NULL, 0};

    if (!logfield_take_address(&s, ends_envelope_from, from_out))
        return false;
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    if (STARTS(s, " to=<")) {
        s = logfield_from(s, 5);
        if (!logfield_take_address(&s, ends_envelope_to, &to))
            return false;
    }
    if (s.n > 0 && s.p[0] == ',')
        s = logfield_from(s, 1);
    if (!is_last(s, login_out))
        return false;
    *to_out = to;
    return true;
}

/* cleanup(8) tells no protocol of mail that was submitted on this host: "... from local; from=<a>
 * to=<b>". */
static bool parse_local_envelope(struct span s, struct span *from_out, struct span *to_out) {
    if (!logfield_take_address(&s, ends_envelope_from, from_out) || !STARTS(s, " to=<"))
        return false;
    s = logfield_from(s, 5);
    return logfield_take_address(&s, ends_line, to_out);
}

struct span logenvelope_take(struct span s, struct mailev *out) {
    struct span rest = s;
    struct span from, to, login = {NULL, 0};
    const char *found;

    for (int i = 0; i < ENVELOPE_TRIES && (found = span_find(rest, "; from=<")) != NULL; i++) {
        struct span before = {s.p, (size_t)(found - s.p)};

        rest = logfield_from(rest, (size_t)(found - rest.p) + 8);
        if (parse_envelope(rest, &from, &to, &login) ||
            (ENDS(before, " from local") && parse_local_envelope(rest, &from, &to))) {
            out->from = from;
            out->to = to;
            out->sasl_username = login;
            return before;
        }
    }
    /* Before MAIL FROM there is a recipient at most (VRFY). */
    rest = s;
    for (int i = 0; i < ENVELOPE_TRIES && (found = span_find(rest, "; to=<")) != NULL; i++) {
        rest = logfield_from(rest, (size_t)(found - rest.p) + 6);
        to = rest;
        if (logfield_take_address(&to, ends_envelope_to, &from) && is_last(to, &login)) {
            out->to = from;
            out->sasl_username = login;
            return (struct span){s.p, (size_t)(found - s.p)};
        }
    }
    /* At CONNECT and EHLO there is none at all. */
    rest = s;
    for (int i = 0; i < ENVELOPE_TRIES && (found = span_find(rest, "; proto=")) != NULL; i++) {
        rest = logfield_from(rest, (size_t)(found - rest.p) + 1);
        if (is_last(rest, &login)) {
            out->sasl_username = login;
            return (struct span){s.p, (size_t)(found - s.p)};
        }
    }
    return s;
}
