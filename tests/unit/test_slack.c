/* slack.c: the message, and that a log cannot speak through it. */
#include "slack.h"

#include "sample_incident.h"

Test(slack, escape) {
    static const struct {
        const char *in;
        size_t size;
        const char *want;
    } rows[] = {
        {"a & b", 64, "a &amp; b"},
        {"<!channel> <http://x|y>", 64, "&lt;!channel&gt; &lt;http://x|y&gt;"},
        {"&lt;", 64, "&amp;lt;"},
        {"a\nb\tc\x7f", 64, "a\nb?c?"},
        {"abc", 3, "ab"},
        {"a&b", 6, "a"},
        {"a&b", 7, "a&amp;"},
        {"\xc3\xa4\xc3\xb6", 4, "\xc3\xa4"},
        {"\xc3\xa4\xc3\xb6", 5, "\xc3\xa4\xc3\xb6"},
        {"\xe2\x82\xac\xe2\x82\xac", 6, "\xe2\x82\xac"},
        {"", 1, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];

        slack_escape(out, rows[i].size, rows[i].in);
        cr_expect_str_eq(out, rows[i].want, "row %zu: %s", i, out);
    }
}

static struct json_t *make(struct outbox *o, enum told_status status) {
    struct notice notice = make_notice(status, 1);

    return read_back(slack_message(o->incident[0], &notice));
}

static const char *text_of(const struct json_t *message) {
    return json_get_text(json_at(json_get(message, "attachments"), 0), "text");
}

Test(slack, firing) {
    struct outbox *o = make_outbox(0);
    struct json_t *got = make(o, TOLD_FIRING);

    cr_expect_str_eq(json_get_text(got, "text"), "CRITICAL relay1: T \"q\" &lt;b&gt;. I");
    cr_expect_str_eq(json_get_text(json_at(json_get(got, "attachments"), 0), "color"), "#cc0000");
    cr_expect_str_eq(text_of(got), "*What* S\n*Mail* I\n*Who* W\n*Why* Y\n*Do*\n```one```\n"
                                   "```two```\n*Seen*\n```E\n```\n"
                                   "since 2024-11-23T05:33:20Z, G01 BAD_CREDENTIALS, "
                                   "<http://127.0.0.1:9154/|the page>");
    cr_expect(!json_get_bool(got, "unfurl_links"));
    json_release(&got);
    outbox_free(&o);
}

Test(slack, resolved) {
    struct outbox *o = make_outbox(1732340060123);
    struct json_t *got = make(o, TOLD_RESOLVED);

    cr_expect_str_eq(json_get_text(got, "text"),
                     "RESOLVED relay1: over after 60 s: T \"q\" &lt;b&gt;");
    cr_expect_str_eq(json_get_text(json_at(json_get(got, "attachments"), 0), "color"), "#2eb886");
    json_release(&got);
    outbox_free(&o);
}

Test(slack, a_log_line_is_only_text) {
    struct outbox *o = make_outbox(0);
    struct json_t *got;

    free(o->incident[0]->doc);
    o->incident[0]->doc = xstrdup("{\"title\":\"<!here>\",\"evidence\":\"``` <!channel> "
                                  "<https://evil.example|click> &\"}");
    text_copy(o->incident[0]->url, sizeof o->incident[0]->url, "http://h/|x> <!everyone");
    got = make(o, TOLD_FIRING);
    cr_expect_str_eq(json_get_text(got, "text"), "CRITICAL relay1: &lt;!here&gt;");
    cr_expect_str_eq(text_of(got), "*Seen*\n```''' &lt;!channel&gt; "
                                   "&lt;https://evil.example|click&gt; &amp;```\n"
                                   "since 2024-11-23T05:33:20Z, G01 BAD_CREDENTIALS");
    json_release(&got);
    outbox_free(&o);
}

Test(slack, is_bounded) {
    struct outbox *o = make_outbox(0);
    char *doc = xcalloc(1, 80000);
    struct json_t *got;

    text_copy(doc, 80000, "{\"fix\":[");
    for (int i = 0; i < 100; i++)
        text_format(doc + strlen(doc), 80000 - strlen(doc), "%s\"%0700d\"", i > 0 ? "," : "", i);
    text_format(doc + strlen(doc), 80000 - strlen(doc), "]}");
    free(o->incident[0]->doc);
    o->incident[0]->doc = doc;
    got = make(o, TOLD_FIRING);
    cr_expect_leq(strlen(text_of(got)), 7500u);
    json_release(&got);
    outbox_free(&o);
}
