/* askours.c: is it relaywatchd that answers? */
#include <criterion/criterion.h>
#include <string.h>

#include "askours.h"

#define HEAD "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"

Test(askours, knows_relaywatchds_own_answer) {
    static const struct {
        const char *answer, *want; /* NULL: it is relaywatchd's */
    } rows[] = {
        {HEAD "{\"host\":\"mx1\",\"counters\":{},\"alerts\":[]}", NULL},
        {HEAD "{\"host\":\"mx2\",\"counters\":{},\"alerts\":[]}", "of the host mx2"},
        {HEAD "{\"host\":\"mx1\",\"alerts\":[]}", "another program"},
        {HEAD "{\"counters\":{},\"alerts\":[]}", "another program"},
        {HEAD "[]", "another program"},
        {HEAD, "another program"},
        {"HTTP/1.1 404 Not Found\r\n\r\n<html>", "another program"},
        {"HTTP/1.1 200 OK\r\n", "another program"},
        {"220 relay.test ESMTP\r\n", "does not speak HTTP"},
        {"", "says nothing"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {""};
        int got = askours_is_status(rows[i].answer, strlen(rows[i].answer), "mx1", &why);

        cr_expect_eq(got, rows[i].want == NULL ? 0 : -1, "%s", rows[i].answer);
        if (rows[i].want != NULL)
            cr_expect_not_null(strstr(why.text, rows[i].want), "%s", why.text);
    }
}
