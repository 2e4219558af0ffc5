#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

static char *text;
static size_t size;
static FILE *out;

static void begin(void) {
    out = open_memstream(&text, &size);
}

static const char *finish(void) {
    fclose(out);
    return text;
}

Test(html, text) {
    static const struct {
        const char *from, *want;
    } rows[] = {
        {"plain words", "plain words"},
        {"<script>alert(\"1\")</script>", "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"},
        {"a&b'c", "a&amp;b&#39;c"},
        {"caf\xc3\xa9 \xe2\x9c\x93", "caf\xc3\xa9 \xe2\x9c\x93"},
        {"a\tb\nc", "a b c"},
        {"\x1b[31m", "\xef\xbf\xbd[31m"},
        {"\x7f", "\xef\xbf\xbd"},
        {"\xc2\x9b", "\xef\xbf\xbd"}, /* CSI of C1 */
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xe2\x80\xaegnp.exe", "\xef\xbf\xbdgnp.exe"}, /* right-to-left override */
        {"\xe2\x81\xa6x", "\xef\xbf\xbdx"},             /* isolate */
        {"\xe2\x80\x8b", "\xef\xbf\xbd"},               /* zero width space */
        {"\xef\xbb\xbf", "\xef\xbf\xbd"},
        {"\xf3\xa0\x81\x81", "\xef\xbf\xbd"}, /* a tag */
        {"", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        html_text(out, rows[i].from);
        cr_expect_str_eq(finish(), rows[i].want);
        free(text);
    }
}

Test(html, numbers) {
    static const struct {
        uint64_t count;
        const char *want;
    } rows[] = {{0, "0"},        {12, "12"},          {999, "999"},
                {1000, "1,000"}, {123456, "123,456"}, {UINT64_MAX, "18,446,744,073,709,551,615"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        html_count(out, rows[i].count);
        cr_expect_str_eq(finish(), rows[i].want);
        free(text);
    }
}

Test(html, times) {
    setenv("TZ", "UTC", 1);
    begin();
    html_time(out, 0);
    html_time(out, INT64_C(1790000000000));
    cr_expect_str_eq(finish(), "not known<time datetime=\"2026-09-21T14:13:20Z\">2026-09-21 "
                               "14:13:20 UTC</time>");
    free(text);
}

Test(html, delays) {
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        {0, "0.00 s"}, {354, "0.35 s"}, {4240, "4.2 s"}, {31000, "31 s"}, {300000, "5 min"}};
    char got[32];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        html_delay(got, sizeof got, rows[i].ms);
        cr_expect_str_eq(got, rows[i].want);
    }
}

Test(html, rows) {
    begin();
    html_row(out, "a<b", "%s", "<i>");
    html_row_count(out, "n", 1234);
    html_row_time(out, "t", 0);
    cr_expect_str_eq(finish(), "<tr><th scope=\"row\">a&lt;b</th><td>&lt;i&gt;</td></tr>\n"
                               "<tr><th scope=\"row\">n</th><td>1,234</td></tr>\n"
                               "<tr><th scope=\"row\">t</th><td>not known</td></tr>\n");
    free(text);
}
