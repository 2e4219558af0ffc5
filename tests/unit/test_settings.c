/* What the loss guard keeps of the smarthost's refusals. */
#include "settings.h"

#include <criterion/criterion.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define SAID "host smtp-relay.gmail.com[192.0.2.1] said: "

/* As a regexp table takes a line: /pattern/ ..., without regard to case. */
static bool line_fits(const char *line, const char *text) {
    const char *end = strrchr(line, '/');
    char pattern[600];
    regex_t regex;
    bool fits;

    if (line[0] != '/' || end == NULL)
        return false;
    memcpy(pattern, line + 1, (size_t)(end - line - 1));
    pattern[end - line - 1] = '\0';
    cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE), 0, "%s", pattern);
    fits = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return fits;
}

static bool guard_keeps(const char *text) {
    char *guard = settings_guard("smtp-relay.gmail.com");
    char *rest = guard;
    char *line;
    bool keeps = false;

    while ((line = strsep(&rest, "\n")) != NULL)
        keeps |= line_fits(line, text);
    free(guard);
    return keeps;
}

Test(settings, the_guard_keeps_what_is_about_us) {
    static const char *const rows[] = {
        "5.7.0 " SAID "550-5.7.0 Mail relay denied [203.0.113.9]. Invalid",
        "5.7.1 " SAID "550-5.7.1 Invalid credentials for relay [203.0.113.9]. The IP",
        "5.5.1 " SAID "530-5.5.1 Authentication Required. For more",
        "5.7.0 " SAID "530 5.7.0 Must issue a STARTTLS command first.",
        "5.4.5 " SAID "550-5.4.5 Daily SMTP relay limit exceeded for user. For more",
        "5.7.1 " SAID "550 5.7.1 Daily SMTP relay limit exceeded for customer.",
        "5.7.1 " SAID "550-5.7.1 Daily SMTP relay limit 550-5.7.1 exceeded for 550 5.7.1 customer",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect(guard_keeps(rows[i]), "%s", rows[i]);
}

Test(settings, the_guard_lets_a_recipients_refusal_pass) {
    static const char *const rows[] = {
        "5.1.1 " SAID "550-5.1.1 The email account that you tried to reach does not exist.",
        "5.2.2 " SAID "552-5.2.2 The recipient's inbox is out of storage space",
        "5.7.1 " SAID "550-5.7.1 [203.0.113.9] Our system has detected that this message is",
        "5.4.5 host other.example[192.0.2.1] said: 550-5.4.5 Daily SMTP relay limit exceeded",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(guard_keeps(rows[i]), "%s", rows[i]);
}
