/* See storeerr.h. The texts are those of Redis' server.c (createSharedObjects), acl.c, networking.c
 * and cluster.c. */
#include "storeerr.h"

#include <stddef.h>
#include <string.h>

/* What Redis 5 says to a name and a password. */
#define NO_USERS "wrong number of arguments for 'auth'"

struct known {
    const char *words;
    enum storeerr_class class;
};

/* Searched in this order, anywhere in the text: the more special first. */
static const struct known table[] = {
    {"NOSCRIPT", STOREERR_NOSCRIPT},
    {"NOAUTH", STOREERR_OPERATOR},
    {"WRONGPASS", STOREERR_OPERATOR},
    {"invalid password", STOREERR_OPERATOR},
    {"without any password configured", STOREERR_OPERATOR},
    {"no password is set", STOREERR_OPERATOR},
    {NO_USERS, STOREERR_OPERATOR},
    {"unauthenticated", STOREERR_OPERATOR}, /* "Protocol error: unauthenticated multibulk length" */
    {"NOPERM", STOREERR_OPERATOR},
    {"can't run this command or subcommand", STOREERR_OPERATOR},
    {"can't access", STOREERR_OPERATOR}, /* the ACL's refusal of a key, from inside a script */
    {"MISCONF", STOREERR_OPERATOR},
    {"WRONGTYPE", STOREERR_OPERATOR},
    {"wrong kind of value", STOREERR_OPERATOR},
    {"DENIED", STOREERR_OPERATOR}, /* protected mode */
    {"READONLY", STOREERR_TOPOLOGY},
    {"read only replica", STOREERR_TOPOLOGY},
    {"MOVED ", STOREERR_TOPOLOGY},
    {"ASK ", STOREERR_TOPOLOGY},
};

enum storeerr_class storeerr_class_of(const char *text) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strstr(text, table[i].words) != NULL)
            return table[i].class;
    }
    return STOREERR_TRANSIENT;
}

/* Redis 7 ends with " script: SHA, on @user_script:20."; before it begins with "ERR Error running
 * script (call to f_SHA): @user_script:20: @user_script: 20: ". */
struct span storeerr_words(const char *text) {
    static const char before[] = "@user_script: ";
    struct span words = span_of(text);
    const char *end = span_find(words, " script: ");
    const char *begin = span_find(words, before);

    if (span_find(words, NO_USERS) != NULL)
        return span_of("this Redis knows no users (they came with version 6): leave redis_user "
                       "empty, or upgrade it");
    if (end != NULL)
        words.n = (size_t)(end - words.p);
    if (begin == NULL || (end != NULL && begin > end))
        return span_trim(words);
    words.n -= (size_t)(begin + sizeof before - 1 - words.p);
    words.p = begin + sizeof before - 1;
    while (words.n > 0 && (words.p[0] == ' ' || words.p[0] == ':' || words.p[0] == '-' ||
                           (words.p[0] >= '0' && words.p[0] <= '9'))) {
        words.p++;
        words.n--;
    }
    return span_trim(words);
}

int64_t storeerr_wait_ms(unsigned failures, int64_t most_ms, uint32_t random) {
    int64_t wait_ms = STOREERR_FIRST_MS;

    for (unsigned i = 1; i < failures && wait_ms < most_ms; i++)
        wait_ms *= 2;
    if (wait_ms > most_ms)
        wait_ms = most_ms;
    return wait_ms - wait_ms / 4 * (int64_t)(random % 1024) / 1023;
}
