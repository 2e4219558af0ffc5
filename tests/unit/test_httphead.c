#include <criterion/criterion.h>
#include <string.h>

#include "httphead.h"

Test(httphead, table) {
    static const struct {
        const char *name, *head;
        int want;
        const char *path, *query;
    } rows[] = {
        {"plain", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "/", ""},
        {"old", "GET /metrics HTTP/1.0\r\n\r\n", 200, "/metrics", ""},
        {"query", "GET /a?b=c&d HTTP/1.1\r\n\r\n", 200, "/a", "b=c&d"},
        {"absolute form", "GET http://host:1/x?y HTTP/1.1\r\nHost: h\r\n\r\n", 200, "/x", "y"},
        {"empty body said", "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 200, "/", ""},
        {"post", "POST / HTTP/1.1\r\n\r\n", 405, NULL, NULL},
        {"lower case method", "get / HTTP/1.1\r\n\r\n", 405, NULL, NULL},
        {"no version", "GET /\r\n\r\n", 400, NULL, NULL},
        {"version 2", "GET / HTTP/2\r\n\r\n", 505, NULL, NULL},
        {"version 1.10", "GET / HTTP/1.10\r\n\r\n", 505, NULL, NULL},
        {"two blanks", "GET  / HTTP/1.1\r\n\r\n", 400, NULL, NULL},
        {"no slash", "GET x HTTP/1.1\r\n\r\n", 400, NULL, NULL},
        {"authority only", "GET http://x HTTP/1.1\r\n\r\n", 400, NULL, NULL},
        {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400, NULL, NULL},
        {"empty authority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL, NULL},
        {"body", "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", 413, NULL, NULL},
        {"chunked", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, NULL, NULL},
        {"folded", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400, NULL, NULL},
        {"blank before colon", "GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n", 400, NULL, NULL},
        {"no colon", "GET / HTTP/1.1\r\nabc\r\n\r\n", 400, NULL, NULL},
        {"bare LF", "GET / HTTP/1.1\nA: b\r\n\r\n", 400, NULL, NULL},
        {"control", "GET /\x01 HTTP/1.1\r\n\r\n", 400, NULL, NULL},
        {"nothing", "\r\n\r\n", 400, NULL, NULL},
        {"cut", "GET / HTTP/1.1\r\n", 400, NULL, NULL},
    };
    static char big[3000];
    struct httphead got;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = httphead_parse(span_of(rows[i].head), &got);

        cr_expect_eq(status, rows[i].want, "%s: %d", rows[i].name, status);
        if (status == 200 && rows[i].path != NULL) {
            cr_expect(span_is(got.path, rows[i].path), "%s", rows[i].name);
            cr_expect(span_is(got.query, rows[i].query), "%s", rows[i].name);
        }
    }
    cr_expect_eq(httphead_parse(SPAN("GET /\0x HTTP/1.1\r\n\r\n"), &got), 400);
    cr_expect_eq(httphead_parse(SPAN("HEAD / HTTP/1.1\r\n\r\n"), &got), 200);
    cr_expect(got.head_only);
    memset(big, 'x', sizeof big);
    memcpy(big, "GET /", 5);
    memcpy(big + 2000, " HTTP/1.1\r\n\r\n", 13);
    cr_expect_eq(httphead_parse((struct span){big, 2013}, &got), 414);
}

Test(httphead, host) {
    static const struct {
        const char *head, *want;
    } rows[] = {
        {"GET / HTTP/1.1\r\nA: b\r\nHost: x:9154\r\n\r\n", "x:9154"},
        {"GET / HTTP/1.1\r\nhOST:x \r\n\r\n", "x"},
        {"GET http://y:1/ HTTP/1.1\r\nHost: x\r\n\r\n", "y:1"}, /* RFC 9112 section 3.2.2 */
        {"GET / HTTP/1.0\r\n\r\n", ""},
    };
    struct httphead got;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(httphead_parse(span_of(rows[i].head), &got), 200, "%s", rows[i].head);
        cr_expect(span_is(got.host, rows[i].want), "%s", rows[i].head);
    }
}

Test(httphead, accept) {
    static const struct {
        const char *head, *want;
    } rows[] = {
        {"GET / HTTP/1.1\r\nAccept: a/b;q=0.5, c/d\r\n\r\n", "a/b;q=0.5, c/d"},
        {"GET / HTTP/1.1\r\naccept:x\r\nAccept: y\r\n\r\n", "x"},
        {"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n", ""},
    };
    struct httphead got;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(httphead_parse(span_of(rows[i].head), &got), 200, "%s", rows[i].head);
        cr_expect(span_is(got.accept, rows[i].want), "%s", rows[i].head);
    }
}

Test(httphead, where_it_ends) {
    cr_expect_eq(httphead_end(SPAN("GET / HTTP/1.1\r\n")), 0u);
    cr_expect_eq(httphead_end(SPAN("a\r\n\r\nrest")), 5u);
    cr_expect_eq(httphead_end((struct span){NULL, 0}), 0u);
}
