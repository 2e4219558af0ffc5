/* receiversline.c: what a line says of all receivers. */
#include "receiversline.h"

#include <criterion/criterion.h>
#include <string.h>

#include "json.h"

Test(receiversline, texts) {
    static const struct {
        const char *doc, *want;
    } rows[] = {
        {"{}", "NOBODY IS TOLD: relaywatch-notify does not answer"},
        {"{\"notify\":{\"state\":\"gone\"},\"receivers\":[]}",
         "NOBODY IS TOLD: relaywatch-notify does not answer"},
        {"{\"notify\":{\"state\":\"ok\"},\"receivers\":[]}",
         "nobody is told: no receiver in receivers.conf"},
        {"{\"notify\":{\"state\":\"ok\"},\"receivers\":[{\"name\":\"a\",\"kind\":\"heartbeat\"}]}",
         "nobody is told: only heartbeats in receivers.conf"},
        {"{\"notify\":{\"state\":\"ok\",\"refused\":\"r.conf, line 3: no\"},\"receivers\":[]}",
         "receivers.conf NOT IN FORCE (r.conf, line 3: no), nobody is told"},
        {"{\"notify\":{\"state\":\"ok\",\"refused\":\"r.conf, line 3: no\"},\"receivers\":["
         "{\"name\":\"a\",\"state\":\"ok\"}]}",
         "receivers.conf NOT IN FORCE (r.conf, line 3: no), a ok"},
        {"{\"notify\":{\"state\":\"ok\"},\"receivers\":[{\"name\":\"a\",\"state\":\"ok\"},"
         "{\"name\":\"b\",\"state\":\"idle\"}]}",
         "a ok, b not used yet"},
        {"{\"notify\":{\"state\":\"ok\"},\"receivers\":[{\"name\":\"a\",\"state\":\"ok\","
         "\"waiting\":0},{\"name\":\"b\",\"state\":\"refused\",\"since\":280.5,\"last_error\":"
         "\"it answered 404\",\"waiting\":1}]}",
         "b REFUSES for 12 min (it answered 404), a ok; 1 notice waits"},
        {"{\"notify\":{\"state\":\"ok\"},\"receivers\":[{\"name\":\"a\",\"state\":\"failing\","
         "\"since\":990.5,\"last_error\":\"no\",\"waiting\":2},{\"name\":\"b\",\"state\":\"ok\"},"
         "{\"name\":\"c\",\"state\":\"ok\"},{\"name\":\"d\",\"state\":\"ok\"},"
         "{\"name\":\"e\",\"state\":\"ok\"},{\"name\":\"f\",\"state\":\"ok\"},"
         "{\"name\":\"g\",\"state\":\"ok\"},{\"name\":\"h\",\"state\":\"ok\"}]}",
         "a FAILING for 10 s (no), b ok, c ok, d ok, e ok, f ok, and 2 more; 2 notices wait"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why;
        struct json_t *doc = json_read(rows[i].doc, strlen(rows[i].doc), &why);
        char out[400];

        cr_assert_not_null(doc, "%zu: %s", i, why.text);
        receiversline_text(doc, 1000, out, sizeof out);
        cr_expect_str_eq(out, rows[i].want, "%zu: %s", i, out);
        json_release(&doc);
    }
}
