/* storeerr.c: each error that Redis is known to give has its class; the wait stays within its
 * bounds. */
#include <criterion/criterion.h>

#include "storeerr.h"

Test(storeerr, classes) {
    static const struct {
        const char *text;
        enum storeerr_class want;
    } rows[] = {
        {"LOADING Redis is loading the dataset in memory", STOREERR_TRANSIENT},
        {"BUSY Redis is busy running a script.", STOREERR_TRANSIENT},
        {"OOM command not allowed when used memory > 'maxmemory'.", STOREERR_TRANSIENT},
        {"MASTERDOWN Link with MASTER is down", STOREERR_TRANSIENT},
        {"NOREPLICAS Not enough good replicas to write.", STOREERR_TRANSIENT},
        {"CLUSTERDOWN The cluster is down", STOREERR_TRANSIENT},
        {"TRYAGAIN Multiple keys request during rehashing of slot", STOREERR_TRANSIENT},
        {"ERR max number of clients reached", STOREERR_TRANSIENT},
        {"", STOREERR_TRANSIENT},
        {"READONLY You can't write against a read only replica.", STOREERR_TOPOLOGY},
        {"ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You "
         "can't write against a read only replica.",
         STOREERR_TOPOLOGY},
        {"MOVED 3999 127.0.0.1:6381", STOREERR_TOPOLOGY},
        {"ASK 3999 127.0.0.1:6381", STOREERR_TOPOLOGY},
        {"NOAUTH Authentication required.", STOREERR_OPERATOR},
        {"WRONGPASS invalid username-password pair or user is disabled.", STOREERR_OPERATOR},
        {"ERR invalid password", STOREERR_OPERATOR},
        {"ERR AUTH <password> called without any password configured for the default user. Are you "
         "sure your configuration is correct?",
         STOREERR_OPERATOR},
        {"ERR Client sent AUTH, but no password is set", STOREERR_OPERATOR},
        {"ERR Protocol error: unauthenticated multibulk length", STOREERR_OPERATOR},
        {"ERR wrong number of arguments for 'auth' command", STOREERR_OPERATOR},
        {"NOPERM this user has no permissions to run the 'evalsha' command", STOREERR_OPERATOR},
        {"ERR Error running script: The user executing the script can't access at least one of the "
         "keys mentioned in the command arguments",
         STOREERR_OPERATOR},
        {"MISCONF Redis is configured to save RDB snapshots", STOREERR_OPERATOR},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", STOREERR_OPERATOR},
        {"DENIED Redis is running in protected mode", STOREERR_OPERATOR},
        {"NOSCRIPT No matching script. Please use EVAL.", STOREERR_NOSCRIPT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(storeerr_class_of(rows[i].text), rows[i].want, "%s", rows[i].text);
}

Test(storeerr, words) {
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"NOAUTH Authentication required.", "NOAUTH Authentication required."},
        {"OOM command not allowed when used memory > 'maxmemory'. script: "
         "b86714221689b9ef0aceea386eb05a22970679ea, on @user_script:17.",
         "OOM command not allowed when used memory > 'maxmemory'."},
        {"ERR Error running script (call to f_8b0c): @user_script:20: @user_script: 20: -READONLY "
         "You can't write against a read only replica.",
         "READONLY You can't write against a read only replica."},
        {"WRONGTYPE Operation against a key holding the wrong kind of value script: 8b0c, on "
         "@user_script: 6.",
         "WRONGTYPE Operation against a key holding the wrong kind of value"},
        {"@user_script: ", ""},
        {"ERR wrong number of arguments for 'auth' command",
         "this Redis knows no users (they came with version 6): leave redis_user empty, or upgrade "
         "it"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span words = storeerr_words(rows[i].text);

        cr_expect(span_is(words, rows[i].want), "%s: %.*s", rows[i].text, (int)words.n, words.p);
    }
}

Test(storeerr, waits) {
    static const struct {
        unsigned failures;
        int64_t most_ms;
        int64_t longest_ms;
    } rows[] = {{1, 5000, 100},  {2, 5000, 200}, {3, 5000, 400},          {6, 5000, 3200},
                {7, 5000, 5000}, {1, 1000, 100}, {5, 1000, 1000},         {60, 1000, 1000},
                {0, 5000, 100},  {1000, 50, 50}, {UINT32_MAX, 5000, 5000}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(storeerr_wait_ms(rows[i].failures, rows[i].most_ms, 0), rows[i].longest_ms,
                     "row %zu", i);
        for (uint32_t random = 0; random < 3000; random += 7) {
            int64_t wait_ms = storeerr_wait_ms(rows[i].failures, rows[i].most_ms, random);

            cr_assert(wait_ms <= rows[i].longest_ms && wait_ms >= rows[i].longest_ms * 3 / 4,
                      "row %zu: %lld", i, (long long)wait_ms);
        }
    }
}
