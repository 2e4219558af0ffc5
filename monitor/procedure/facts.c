/* See facts.h. */
#include "facts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "errand.h"
#include "postconf.h"
#include "probeq.h"

enum { LINES_MAX = 8192 };

static bool take_port(struct span text, uint32_t *out) {
    static const struct {
        const char *name;
        uint32_t port;
    } names[] = {
        {"smtp", 25}, {"submission", 587}, {"smtps", 465}, {"submissions", 465}, {"urd", 465}};
    uint64_t number;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_is(text, names[i].name)) {
            *out = names[i].port;
            return true;
        }
    }
    if (!text_u64(text, 1, 65535, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

bool facts_relayhost(struct span relayhost, struct facts *out) {
    struct span host = relayhost;
    struct span rest = {NULL, 0};
    const char *end;

    out->port = 25;
    out->mx = relayhost.n == 0 || relayhost.p[0] != '[';
    if (relayhost.n == 0 || !text_copy_span(out->nexthop, sizeof out->nexthop, relayhost))
        return false;
    end = memchr(relayhost.p, out->mx ? ':' : ']', relayhost.n);
    if (end != NULL) {
        host.n = (size_t)(end - relayhost.p);
        rest = (struct span){end, relayhost.n - host.n};
    }
    if (!out->mx) {
        if (end == NULL)
            return false;
        host = (struct span){host.p + 1, host.n - 1};
        rest = (struct span){rest.p + 1, rest.n - 1};
    }
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] <= ' ' || host.p[i] > '~' || strchr("[],\"\\", host.p[i]) != NULL)
            return false;
    }
    if (host.n == 0 || !text_copy_span(out->host, sizeof out->host, host))
        return false;
    return rest.n == 0 ||
           (rest.p[0] == ':' && take_port((struct span){rest.p + 1, rest.n - 1}, &out->port));
}

/* Postfix's time, where a bare number means days (maximal_queue_lifetime, postconf(5)). */
static bool take_lifetime(struct span text, uint64_t *out) {
    uint64_t value;

    if (text_u64(text, 0, UINT32_MAX, &value)) {
        *out = value * 86400;
        return true;
    }
    if (text.n > 1 && text.p[text.n - 1] == 'w' &&
        text_u64((struct span){text.p, text.n - 1}, 0, UINT32_MAX, &value)) {
        *out = value * 7 * 86400;
        return true;
    }
    return text_seconds(text, out);
}

/* One "type:/path" and nothing else. */
static void take_map(struct span text, struct facts *out) {
    const char *colon = text.n == 0 ? NULL : memchr(text.p, ':', text.n);
    size_t n = colon == NULL ? 0 : (size_t)(colon - text.p);
    struct span path = {NULL, 0};

    if (n == 0)
        return;
    path = (struct span){colon + 1, text.n - n - 1};
    if (path.n == 0 || path.p[0] != '/' || memchr(path.p, ' ', path.n) != NULL ||
        memchr(path.p, ',', path.n) != NULL)
        return;
    if (!text_copy_span(out->map_type, sizeof out->map_type, (struct span){text.p, n}) ||
        !text_copy_span(out->map_path, sizeof out->map_path, path))
        out->map_type[0] = out->map_path[0] = '\0';
}

/* "nexthop, dot-nexthop" by default; a name there is what the operator expects in the certificate.
 */
static void take_match(struct span text, struct facts *out) {
    size_t n = 0;

    while (n < text.n && strchr(" ,\t:", text.p[n]) == NULL)
        n++;
    text.n = n;
    if (n > 0 && text.p[0] != '.' && !span_is(text, "nexthop") && !span_is(text, "dot-nexthop") &&
        !span_is(text, "hostname"))
        text_copy_span(out->tls_name, sizeof out->tls_name, text);
}

static bool is_yes(struct span text) {
    return text.n == 3 && strncasecmp(text.p, "yes", 3) == 0;
}

static bool is_one_of(struct span text, const char *const *words) {
    for (; *words != NULL; words++) {
        if (span_is(text, *words))
            return true;
    }
    return false;
}

/* "noplaintext, noanonymous" (postconf(5), smtp_sasl_security_options). */
static uint32_t security_options(struct span text) {
    static const struct {
        const char *word;
        uint32_t bit;
    } words[] = {{"noplaintext", PROBE_NO_PLAINTEXT},
                 {"noactive", PROBE_NO_ACTIVE},
                 {"nodictionary", PROBE_NO_DICTIONARY},
                 {"noanonymous", PROBE_NO_ANONYMOUS},
                 {"mutual_auth", PROBE_MUTUAL}};
    uint32_t bits = 0;

    while (text.n > 0) {
        struct span word = {text.p, 0};

        while (word.n < text.n && strchr(", \t", word.p[word.n]) == NULL)
            word.n++;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            bits |= span_is(word, words[i].word) ? words[i].bit : 0;
        word.n += word.n < text.n ? 1 : 0;
        text = (struct span){text.p + word.n, text.n - word.n};
    }
    return bits;
}

uint32_t facts_forbid(const struct facts *facts) {
    return facts->checks_name ? facts->forbid_verified : facts->forbid_tls;
}

static int take(struct span name, struct span value, struct facts *out, struct fault *why) {
    static const char *const checking[] = {"verify", "secure",    "fingerprint",
                                           "dane",   "dane-only", NULL};
    bool fits = true;

    if (span_is(name, "relayhost")) {
        if (value.n > 0 && !facts_relayhost(value, out))
            return fault_set(why, "relayhost: not one [host]:port");
    } else if (span_is(name, "smtp_tls_wrappermode"))
        out->implicit_tls = is_yes(value);
    else if (span_is(name, "smtp_sasl_auth_enable"))
        out->sasl = is_yes(value);
    else if (span_is(name, "smtp_sasl_password_maps"))
        take_map(value, out);
    else if (span_is(name, "smtp_helo_name"))
        fits = text_copy_span(out->helo, sizeof out->helo, value);
    else if (span_is(name, "smtp_tls_CAfile"))
        fits = text_copy_span(out->ca_file, sizeof out->ca_file, value);
    else if (span_is(name, "smtp_tls_secure_cert_match"))
        take_match(value, out);
    else if (span_is(name, "smtp_sasl_password_result_delimiter"))
        fits = text_copy_span(out->delimiter, sizeof out->delimiter, value);
    else if (span_is(name, "mail_version"))
        text_copy_span(out->mail_version, sizeof out->mail_version, value);
    else if (span_is(name, "queue_directory"))
        fits = text_copy_span(out->queue_directory, sizeof out->queue_directory, value);
    else if (span_is(name, "maillog_file"))
        fits = text_copy_span(out->maillog_file, sizeof out->maillog_file, value);
    else if (span_is(name, "smtp_sender_dependent_authentication"))
        out->sender_dependent = is_yes(value);
    else if (span_is(name, "defer_transports"))
        fits = text_copy_span(out->defer_transports, sizeof out->defer_transports, value);
    else if (span_is(name, "smtp_sasl_mechanism_filter"))
        fits = text_copy_span(out->mechanisms, sizeof out->mechanisms, value);
    else if (span_is(name, "smtp_tls_security_level"))
        out->checks_name = out->checks_name || is_one_of(value, checking);
    else if (span_is(name, "smtp_tls_policy_maps")) /* it may check: then nothing is ruled out here
                                                     */
        out->checks_name = out->checks_name || value.n > 0;
    else if (span_is(name, "smtp_sasl_tls_security_options"))
        out->forbid_tls = security_options(value);
    else if (span_is(name, "smtp_sasl_tls_verified_security_options"))
        out->forbid_verified = security_options(value);
    else if (span_is(name, "maximal_queue_lifetime"))
        fits = take_lifetime(value, &out->queue_lifetime_s);
    return fits ? 0 : fault_set(why, "%.*s: not usable", (int)name.n, name.p);
}

int facts_parse(struct span lines, struct facts *out, struct fault *why) {
    memset(out, 0, sizeof *out);
    text_copy(out->delimiter, sizeof out->delimiter, ":");
    while (lines.n > 0) {
        const char *end = memchr(lines.p, '\n', lines.n);
        struct span line = {lines.p, end == NULL ? lines.n : (size_t)(end - lines.p)};
        size_t used = line.n + (end == NULL ? 0 : 1);
        const char *equals = span_find(line, " =");

        if (equals != NULL) {
            struct span name = {line.p, (size_t)(equals - line.p)};
            struct span value = {equals + 2, line.n - name.n - 2};

            if (take(name, span_trim(value), out, why) == -1)
                return -1;
        }
        lines = (struct span){lines.p + used, lines.n - used};
    }
    if (out->queue_directory[0] != '/' || out->mail_version[0] == '\0')
        return fault_set(why, "postconf did not tell queue_directory and mail_version");
    return 0;
}

int facts_read(const char *config_dir, struct facts *out, struct fault *why) {
    char lines[LINES_MAX];

    if (postconf_relay(config_dir, lines, sizeof lines, why) == -1)
        return -1;
    return facts_parse(span_of(lines), out, why);
}

int facts_ask(struct hands *hands, struct facts *out, struct fault *why) {
    char lines[LINES_MAX];
    struct errand e = {.hand = HAND_POSTCONF, .out = lines, .room = sizeof lines};

    if (errand_run(hands, &e) == -1)
        return fault_set(why, "%s", e.answer.why.text);
    return facts_parse((struct span){lines, e.got}, out, why);
}
