/* See authreply.h. */
#include "authreply.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* RFC 4954 sections 4 and 6, RFC 5248 (525), RFC 4468 (523, 524), RFC 5321 4.2.2. */
static const struct {
    unsigned code;
    const char *enhanced; /* NULL: whatever it is */
    enum probe_result result;
} replies[] = {
    {235, NULL, PROBE_OK},
    {432, NULL, PROBE_NO_MECHANISM}, /* 4.7.12: log in once with PLAIN; waiting is no cure */
    {500, "5.5.6", PROBE_REFUSED},   /* longer than it takes: will be so the next time */
    {500, NULL, PROBE_NO_MECHANISM}, /* knows no AUTH here */
    {501, NULL, PROBE_PROTOCOL},     /* could not be decoded: something garbles it */
    {502, NULL, PROBE_NO_MECHANISM}, /* has no AUTH */
    {503, NULL, PROBE_PROTOCOL},     /* not at this moment: out of step */
    {504, NULL, PROBE_NO_MECHANISM}, /* not this mechanism (5.5.4; Google: 5.7.4) */
    {523, NULL, PROBE_TLS},          /* 5.7.10: encryption needed */
    {524, NULL, PROBE_TLS},          /* 5.7.11 */
    {530, "5.5.1", PROBE_PROTOCOL},  /* "Authentication Required", in answer to AUTH */
    {530, NULL, PROBE_TLS},          /* "Must issue a STARTTLS command first" */
    {538, NULL, PROBE_TLS},          /* 5.7.11: encryption needed for this mechanism */
};

/* 534 5.7.9 is "mechanism too weak" in RFC 4954; in Google's words, 5.7.9 and 5.7.14, it is about
 * the account: an app password is needed, or a sign-in with a browser. Where it does not say, it is
 * about the login: that is the safe side (lock-out). */
static bool says_weak(const char *text) {
    return strstr(text, "mechanism") != NULL || strstr(text, "Mechanism") != NULL ||
           strstr(text, "too weak") != NULL;
}

enum probe_result authreply_result(unsigned code, const char *text) {
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        const char *enhanced = replies[i].enhanced;

        if (replies[i].code == code &&
            (enhanced == NULL || strncmp(text, enhanced, strlen(enhanced)) == 0))
            return replies[i].result;
    }
    if (code == 534 && says_weak(text))
        return PROBE_NO_MECHANISM;
    if (code / 100 == 4)
        return PROBE_TEMPORARY;
    return code / 100 == 5 ? PROBE_REFUSED : PROBE_PROTOCOL;
}
