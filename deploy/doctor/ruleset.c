/* See ruleset.h. Told for people who ask whether there is a second lock at all: which port a rule
 * is about is not weighed. Chains of a guest's or a ban's own (docker, fail2ban) hold only what was
 * banned or forwarded, so a rule counts only where it stands in the chain for what comes in. */
#include "ruleset.h"

#include <string.h>

#include "text.h"

/* The next line, trimmed; false: the end. */
static bool next_line(const char **at, struct span *out) {
    size_t n = strcspn(*at, "\n");

    if (**at == '\0')
        return false;
    *out = span_trim((struct span){*at, n});
    *at += n + ((*at)[n] == '\n');
    return true;
}

static bool has_word(struct span line, const char *word) {
    const char *found = span_find(line, word);
    size_t n = strlen(word);

    return found != NULL && (found == line.p || found[-1] == ' ') &&
           (found + n == line.p + line.n || found[n] == ' ' || found[n] == ';');
}

bool ruleset_nft_filters(const char *text) {
    bool incoming = false;
    struct span line;

    while (next_line(&text, &line)) {
        if (span_find(line, "hook input") != NULL) {
            incoming = true;
            if (span_find(line, "policy drop") != NULL)
                return true;
        } else if (span_is(line, "}") || span_starts(line, "chain ")) {
            incoming = false;
        } else if (incoming && (has_word(line, "drop") || has_word(line, "reject"))) {
            /* "ct state invalid drop" keeps nobody out. */
            if (span_find(line, "invalid") == NULL)
                return true;
        }
    }
    return false;
}

bool ruleset_iptables_filters(const char *text) {
    bool filter = false;
    struct span line;

    while (next_line(&text, &line)) {
        if (span_starts(line, "*"))
            filter = span_is(line, "*filter");
        else if (filter && span_starts(line, ":INPUT DROP"))
            return true;
        else if (filter && span_starts(line, "-A INPUT") && span_find(line, "INVALID") == NULL &&
                 (span_find(line, "-j DROP") != NULL || span_find(line, "-j REJECT") != NULL))
            return true;
    }
    return false;
}
