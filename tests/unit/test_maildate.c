/* maildate.c: the date in a server's greeting. */
#include <criterion/criterion.h>

#include "maildate.h"

Test(maildate, finds_a_date_wherever_it_stands) {
    static const struct {
        const char *text;
        int64_t want; /* 0: none */
    } rows[] = {
        {"220 mx.example.com Microsoft ESMTP MAIL Service ready at Sat, 28 Nov 2026 09:34:40 +0000",
         1795858480},
        {"220 a ESMTP Sendmail 8.18.1/8.18.1; Sat, 28 Nov 2026 10:34:40 +0100", 1795858480},
        {"220 a ESMTP 28 Nov 2026 04:04:40 -0530", 1795858480},
        {"220-two lines\r\n220 Thu, 1 Jan 1970 00:00:01 +0000 (UTC)", 1},
        {"220 smtp-relay.gmail.com ESMTP d9443c01a7336-1c5b9 - gsmtp", 0},
        {"220 relay.test ESMTP Postfix", 0},
        {"220 28 Nov 2026 09:34:40", 0},
        {"220 28 Nev 2026 09:34:40 +0000", 0},
        {"220 28 ovD 2026 09:34:40 +0000", 0},
        {"220 32 Nov 2026 09:34:40 +0000", 0},
        {"220 28 Nov 2026 24:34:40 +0000", 0},
        {"220 28 Nov 2026 -1:-4:40 +0000", 0},
        {"220 28 Nov 2026 09:34:40 ?0000", 0},
        {"", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = 0;

        cr_expect_eq(maildate_find(rows[i].text, &got), rows[i].want != 0, "%s", rows[i].text);
        if (rows[i].want != 0)
            cr_expect_eq(got, rows[i].want, "%s: %lld", rows[i].text, (long long)got);
    }
}
