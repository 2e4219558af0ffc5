/* receivers.c: the grammar of receivers.conf, and that no secret is in what it prints. */
#include "receivers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alertset.h"

static char errors[4096];

static void on_error(const char *text, void *arg) {
    (void)arg;
    strncat(errors, text, sizeof errors - strlen(errors) - 1);
    strncat(errors, "\n", sizeof errors - strlen(errors) - 1);
}

static int parse(const char *text, struct receivers *out, struct fault *why) {
    errors[0] = '\0';
    memset(out, 0, sizeof *out);
    return receivers_parse("r.conf", span_of(text), out, on_error, NULL, why);
}

#define TEN "0123456789"
#define LONG                                                                                       \
    TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN    \
        TEN TEN TEN

Test(receivers, good_lines) {
    static const struct {
        const char *name;
        const char *in;
        enum receiver_kind kind;
        const char *url;
        const char *place;
    } rows[] = {
        {"webhook", "webhook = https://h.example.com/a/b?c=d", RECEIVER_WEBHOOK,
         "https://h.example.com/a/b?c=d", "https://h.example.com"},
        {"no spaces", "webhook=http://h:8080", RECEIVER_WEBHOOK, "http://h:8080", "http://h:8080"},
        {"login in the URL", "webhook = https://u:p@h/x@y", RECEIVER_WEBHOOK, "https://u:p@h/x@y",
         "https://h"},
        {"IPv6", "webhook = http://[::1]:80/x", RECEIVER_WEBHOOK, "http://[::1]:80/x",
         "http://[::1]:80"},
        {"CR LF", "webhook = http://h/x\r\n", RECEIVER_WEBHOOK, "http://h/x", "http://h"},
        {"pagerduty", "pagerduty = /etc/relaywatch/pd.key", RECEIVER_PAGERDUTY,
         "https://events.pagerduty.com/v2/enqueue", "https://events.pagerduty.com"},
        {"elsewhere", "pagerduty = /k\nurl = https://events.eu.pagerduty.com/v2/enqueue",
         RECEIVER_PAGERDUTY, "https://events.eu.pagerduty.com/v2/enqueue",
         "https://events.eu.pagerduty.com"},
        {"slack", "slack = https://hooks.slack.com/services/T/B/x", RECEIVER_SLACK,
         "https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com"},
        {"command", "command = /usr/local/bin/page  -x a=b", RECEIVER_COMMAND, "",
         "/usr/local/bin/page"},
        {"heartbeat", "heartbeat = https://hc.example/x\ninterval = 30s", RECEIVER_HEARTBEAT,
         "https://hc.example/x", "https://hc.example"},
        {"alertmanager", "alertmanager = http://am:9093", RECEIVER_ALERTMANAGER,
         "http://am:9093/api/v2/alerts", "http://am:9093"},
        {"its slash", "alertmanager = http://am:9093/", RECEIVER_ALERTMANAGER,
         "http://am:9093/api/v2/alerts", "http://am:9093"},
        {"its prefix", "alertmanager = https://am/pre", RECEIVER_ALERTMANAGER,
         "https://am/pre/api/v2/alerts", "https://am"},
        {"its whole path", "alertmanager = http://am/api/v2/alerts", RECEIVER_ALERTMANAGER,
         "http://am/api/v2/alerts", "http://am"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct receivers got;
        struct fault why;

        cr_expect_eq(parse(rows[i].in, &got, &why), 0, "%s: %s", rows[i].name, errors);
        cr_expect_eq(got.count, 1, "%s", rows[i].name);
        cr_expect_eq(got.receiver[0].kind, rows[i].kind, "%s", rows[i].name);
        cr_expect_str_eq(got.receiver[0].url, rows[i].url, "%s", rows[i].name);
        cr_expect_str_eq(got.receiver[0].place, rows[i].place, "%s", rows[i].name);
    }
}

Test(receivers, bad_lines) {
    static const struct {
        const char *name;
        const char *in;
        const char *want; /* in the message */
    } rows[] = {
        {"other scheme", "webhook = ftp://h/", "line 1: not a URL"},
        {"file", "webhook = file:///etc/passwd", "line 1: not a URL"},
        {"no host", "webhook = https:///x", "line 1: not a URL"},
        {"bad port", "webhook = https://h:99999/x", "line 1: not a URL"},
        {"space in it", "webhook = https://h/a b", "line 1: not a URL"},
        {"control", "webhook = https://h/a\tb", "line 1: not a URL"},
        {"bad host", "webhook = https://h\"h/", "line 1: not a URL"},
        {"fragment", "webhook = https://h/#x", "line 1: a URL with a fragment"},
        {"query of alertmanager", "alertmanager = http://h/?x", "a URL with a fragment or a query"},
        {"no equals sign", "# c\n\nwebhook https://h", "line 3: not understood"},
        {"unknown name", "pigeon = https://h", "line 1: no such name"},
        {"its right", "pigeon = https://h",
         "right would be webhook, alertmanager, pagerduty, slack, command, heartbeat, name"},
        {"token first", "token_file = /t", "line 1: an option without a receiver"},
        {"token not absolute", "webhook = https://h\ntoken_file = t", "line 2: not the path"},
        {"token twice", "webhook = https://h\ntoken_file = /t\ntoken_file = /u", "line 3: given"},
        {"token in the clear", "webhook = http://h.example\ntoken_file = /t", "line 2: the token"},
        {"loopback is an address", "webhook = http://127.evil.example/\ntoken_file = /t",
         "line 2: the token"},
        {"severity", "webhook = https://h\nseverity = bad", "line 2: not a severity"},
        {"resolved", "webhook = https://h\nresolved = maybe", "line 2: neither yes nor no"},
        {"repeat", "webhook = https://h\nrepeat_interval = 5", "line 2: not a time"},
        {"repeat of years", "webhook = https://h\nrepeat_interval = 999d", "line 2: not a time"},
        {"name", "webhook = https://h\nname = a b", "line 2: not a name"},
        {"long name", "webhook = https://h\nname = a123456789a123456789a123456789a1234567890",
         "line 2: not a name"},
        {"name twice", "webhook = https://h/1\nname = a\nwebhook = https://h/2\nname = a",
         "line 3: its name"},
        {"not its option", "alertmanager = http://h\nresolved = no",
         "line 2: resolved is no option of alertmanager"},
        {"what is", "alertmanager = http://h\nresolved = no",
         "right would be name, severity, token_file, ca_file"},
        {"long path of a URL", "webhook = /a" LONG, "line 1: not the path"},
        {"a file of alertmanager's URL", "alertmanager = /etc/x", "line 1: not a URL"},
        {"same file again", "webhook = /x\nwebhook = /x", "line 2: the same"},
        {"a key on the line", "pagerduty = 0123456789abcdef0123456789abcdef", "not the path"},
        {"a key in the clear", "pagerduty = /k\nurl = http://h.example/v2/enqueue",
         "line 2: not a URL that a key may travel to"},
        {"a token beside the key", "pagerduty = /k\ntoken_file = /t", "token_file is no option"},
        {"the URL of another", "slack = https://h/x\nurl = https://h", "url is no option of slack"},
        {"template of another", "slack = https://h/x\ntemplate = /t", "template is no option of"},
        {"a word", "command = page", "line 1: not an absolute path"},
        {"nothing", "command =", "line 1: not an absolute path"},
        {"control", "command = /bin/x \033[0m", "line 1: not an absolute path"},
        {"a token for it", "command = /bin/x\ntoken_file = /t", "token_file is no option of"},
        {"its time", "command = /bin/x\ntimeout = 1h", "line 2: not a time"},
        {"time of another", "webhook = http://h\ntimeout = 1", "timeout is no option of webhook"},
        {"interval", "heartbeat = https://h/x\ninterval = 9s", "line 2: not a time"},
        {"interval of another", "webhook = https://h/x\ninterval = 1m", "interval is no option of"},
        {"severity of a heartbeat", "heartbeat = https://h/x\nseverity = info",
         "severity is no option of heartbeat; right would be name, token_file, ca_file, interval"},
        {"same command again", "command = /x y\ncommand = /x y", "line 2: the same"},
        {"same key again", "pagerduty = /k\npagerduty = /k", "line 2: the same"},
        {"same again", "webhook = https://h/x\nwebhook = https://h/x", "line 2: the same"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct receivers got;
        struct fault why;

        cr_expect_eq(parse(rows[i].in, &got, &why), -1, "%s", rows[i].name);
        cr_expect_eq(got.count, 0, "%s: *out was touched", rows[i].name);
        cr_expect(strstr(errors, rows[i].want) != NULL, "%s: got %s", rows[i].name, errors);
        cr_expect(strstr(errors, "right would be") != NULL, "%s: got %s", rows[i].name, errors);
    }
}

Test(receivers, options_belong_to_the_line_before) {
    struct receivers got;
    struct fault why;

    cr_assert_eq(
        parse("webhook = https://a/1\n token_file = /t/a\n  ca_file = /t/ca\n"
              "alertmanager = http://localhost:9093\ntoken_file=/t/b\nwebhook = https://c\n",
              &got, &why),
        0, "%s", errors);
    cr_assert_eq(got.count, 3);
    cr_expect_str_eq(got.receiver[0].token_file, "/t/a");
    cr_expect_str_eq(got.receiver[0].ca_file, "/t/ca");
    cr_expect_str_eq(got.receiver[1].token_file, "/t/b");
    cr_expect_str_eq(got.receiver[2].token_file, "");
    cr_expect_eq(got.receiver[1].line, 4u);
}

Test(receivers, options_and_their_defaults) {
    struct receivers got;
    struct fault why;

    cr_assert_eq(parse("webhook = https://a/1\nname = on-call\nseverity = critical\n"
                       "resolved = no\nrepeat_interval = 30m\n"
                       "webhook = https://a/2\nrepeat_interval = 0\nresolved = yes\n"
                       "alertmanager = http://h:9093\nwebhook = https://a/3\n"
                       "webhook = https://a/4\nname = webhook-2\n",
                       &got, &why),
                 0, "%s", errors);
    cr_expect_str_eq(got.receiver[0].name, "on-call");
    cr_expect_eq(got.receiver[0].least_rank, RANK_CRITICAL);
    cr_expect(!got.receiver[0].wants_end);
    cr_expect_eq(got.receiver[0].repeat_ms, 1800 * 1000);
    cr_expect_str_eq(got.receiver[1].name, "webhook");
    cr_expect_eq(got.receiver[1].least_rank, RANK_INFO);
    cr_expect(got.receiver[1].wants_end);
    cr_expect_eq(got.receiver[1].repeat_ms, 0);
    cr_expect_str_eq(got.receiver[2].name, "alertmanager");
    cr_expect_str_eq(got.receiver[3].name, "webhook-3", "webhook-2 is taken");
    cr_expect_eq(got.receiver[3].repeat_ms, 4 * 3600 * 1000);
}

Test(receivers, all_errors_are_reported_and_no_url) {
    struct receivers got;
    struct fault why;

    cr_expect_eq(parse("webhook = https://h/sec ret\nwebhook = ftp://h/secret\nx\n", &got, &why),
                 -1);
    cr_expect_str_eq(why.text, "r.conf: 3 errors");
    cr_expect(strstr(errors, "sec") == NULL, "a URL is in: %s", errors);
}

Test(receivers, identity) {
    struct receivers got;
    struct fault why;

    cr_assert_eq(parse("webhook = http://h:1/api/v2/alerts\nalertmanager = http://h:1\n"
                       "webhook = http://h:1/other\n",
                       &got, &why),
                 0);
    cr_expect_eq(strlen(got.receiver[0].identity), 32u);
    cr_expect_str_neq(got.receiver[0].identity, got.receiver[1].identity);
    cr_expect_str_neq(got.receiver[0].identity, got.receiver[2].identity);
}

Test(receivers, at_most_32) {
    struct receivers got;
    struct fault why;
    char text[4096] = "";
    size_t n = 0;

    for (int i = 0; i < RECEIVERS_MOST; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "webhook = http://h/%d\n", i);
    cr_expect_eq(parse(text, &got, &why), 0);
    snprintf(text + n, sizeof text - n, "webhook = http://h/more\n");
    cr_expect_eq(parse(text, &got, &why), -1);
    cr_expect(strstr(errors, "line 33: too many") != NULL, "%s", errors);
}
