/* See tagrecord.h. */
#include "tagrecord.h"

#include <string.h>
#include <strings.h>

#include "text.h"

enum { VALUE = 2048 };

/* What a public key in DER takes: of 1024 bits 162 bytes, of 2048 bits 294. */
enum { RSA_1024 = 150, RSA_2048 = 280, ED25519 = 32 };

bool tagrecord_get(const char *record, const char *tag, char *out, size_t size) {
    const char *at = record;

    for (;;) {
        struct span part = {at, strcspn(at, ";")};
        const char *equals = part.n > 0 ? memchr(part.p, '=', part.n) : NULL;

        if (equals != NULL) {
            struct span name = span_trim((struct span){part.p, (size_t)(equals - part.p)});
            struct span value = {equals + 1, part.n - (size_t)(equals - part.p) - 1};

            if (span_is(name, tag))
                return text_copy_span(out, size, span_trim(value));
        }
        if (at[part.n] == '\0')
            return false;
        at += part.n + 1;
    }
}

static void say(struct tag_result *out, enum tag_verdict verdict, const char *what) {
    out->verdict = verdict;
    text_copy(out->what, sizeof out->what, what);
}

/* Bytes that base64 stands for, 0: it is none. Blanks may stand in it. */
static size_t decoded_size(const char *base64) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0, padding = 0;

    for (const char *p = base64; *p != '\0'; p++) {
        if (*p == ' ' || *p == '\t')
            continue;
        if (*p == '=')
            padding++;
        else if (padding > 0 || strchr(digits, *p) == NULL)
            return 0;
        n++;
    }
    return padding > 2 || n % 4 != 0 ? 0 : n / 4 * 3 - padding;
}

void tagrecord_dkim(const char *record, struct tag_result *out) {
    char version[32], type[32] = "rsa", key[VALUE], flags[64];
    bool testing = tagrecord_get(record, "t", flags, sizeof flags) && strchr(flags, 'y') != NULL;
    size_t n;

    if (tagrecord_get(record, "v", version, sizeof version) && strcmp(version, "DKIM1") != 0) {
        say(out, TAG_WRONG, "v is not DKIM1: receivers leave it out");
        return;
    }
    tagrecord_get(record, "k", type, sizeof type);
    if (!tagrecord_get(record, "p", key, sizeof key)) {
        say(out, TAG_WRONG, "there is no key (p=) in it");
        return;
    }
    n = decoded_size(key);
    if (key[0] == '\0')
        say(out, TAG_WRONG, "the key was revoked (p= is empty)");
    else if (strcasecmp(type, "rsa") != 0 && strcasecmp(type, "ed25519") != 0)
        say(out, TAG_WRONG, "the type of its key (k=) is neither rsa nor ed25519");
    else if (n == 0)
        say(out, TAG_WRONG, "the key (p=) is damaged: not base64, or cut off");
    else if (strcasecmp(type, "ed25519") == 0)
        say(out, n == ED25519 ? TAG_GOOD : TAG_WRONG,
            n == ED25519 ? "an ed25519 key" : "an ed25519 key has 32 bytes, this one has not");
    else if (n < RSA_1024)
        say(out, TAG_WRONG, "a key of less than 1024 bits: receivers leave it out");
    else if (n < RSA_2048)
        say(out, TAG_WEAK, "a key of 1024 bits: 2048 are safer");
    else if (testing)
        say(out, TAG_WEAK, "in test mode (t=y): receivers treat mail as if it were not signed");
    else
        say(out, TAG_GOOD, "a key of 2048 bits or more");
}

bool tagrecord_is_dmarc(const char *record) {
    char version[32];
    struct span first = span_trim((struct span){record, strcspn(record, "=")});

    return span_is(first, "v") && tagrecord_get(record, "v", version, sizeof version) &&
           strcmp(version, "DMARC1") == 0;
}

void tagrecord_dmarc(const char *record, struct tag_result *out) {
    char policy[32], percent[16], reports[VALUE];
    uint64_t number = 100;

    if (!tagrecord_is_dmarc(record)) {
        say(out, TAG_WRONG, "does not begin with v=DMARC1: receivers leave it out");
        return;
    }
    if (!tagrecord_get(record, "p", policy, sizeof policy)) {
        say(out, TAG_WRONG, "there is no policy (p=) in it");
        return;
    }
    if (tagrecord_get(record, "pct", percent, sizeof percent) &&
        !text_u64(span_of(percent), 0, 100, &number))
        say(out, TAG_WRONG, "pct is no number from 0 to 100");
    else if (strcasecmp(policy, "none") == 0)
        say(out, TAG_WEAK,
            tagrecord_get(record, "rua", reports, sizeof reports)
                ? "p=none: receivers only report, forged mail passes"
                : "p=none without rua: receivers do nothing, and nobody is told");
    else if (strcasecmp(policy, "quarantine") != 0 && strcasecmp(policy, "reject") != 0)
        say(out, TAG_WRONG, "p is neither none, quarantine nor reject");
    else if (number < 100)
        say(out, TAG_WEAK, "pct: the policy is for a part of the mail only");
    else
        say(out, TAG_GOOD,
            strcasecmp(policy, "reject") == 0 ? "forged mail is refused"
                                              : "forged mail goes to the spam folder");
}
