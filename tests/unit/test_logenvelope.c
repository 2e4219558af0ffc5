#include <criterion/criterion.h>

#include "logenvelope.h"

Test(logenvelope, rows) {
    static const struct {
        const char *in, *text, *from, *to, *login;
    } rows[] = {
        {"no; from=<a@b> to=<c@d> proto=ESMTP helo=<h>", "no", "a@b", "c@d"},
        {"no; from=<a@b> to=<c@d> proto=ESMTP helo=<h> sasl_username=<u@d>", "no", "a@b", "c@d",
         "u@d"},
        {"no; from=<a@b> to=<c@d> proto=ESMTP helo=<h> sasl_username=<u> sasl_username=<v>", "no",
         "a@b", "c@d", "u> sasl_username=<v"},
        {"no; from=<a@b> to=<c@d> proto=ESMTP helo=<h> sasl_username=<u",
         "no; from=<a@b> to=<c@d> proto=ESMTP helo=<h> sasl_username=<u", "", ""},
        {"no; to=<c@d> proto=SMTP helo=<h> sasl_username=<u>", "no", "", "c@d", "u"},
        {"no; proto=SMTP", "no", "", ""},
        {"no; from=<a@b>, to=<c@d>, proto=ESMTP, helo=<h>", "no", "a@b", "c@d"},
        {"no; from=<> proto=SMTP", "no", "", ""},
        {"no; proto=SMTP helo=<h>", "no", "", ""},
        {"no; proto=x; proto=SMTP helo=<h> sasl_username=<u>", "no; proto=x", "", "", "u"},
        {"no; from=<a@b> to=<c@d> proto=ESMTP helo=<h>: 5.7.1 text", "no", "a@b", "c@d"},
        {"no; to=<c@d> proto=SMTP helo=<h>", "no", "", "c@d"},
        {"header X: y from local; from=<a@b> to=<c@d>", "header X: y from local", "a@b", "c@d"},
        {"header X: y from local; from=<a@b> to=<c@d>: 5.7.1 no", "header X: y from local", "a@b",
         "c@d"},
        {"header X: y; from=<a@b> to=<c@d>", "header X: y; from=<a@b> to=<c@d>", "", ""},
        {"no; from=<a", "no; from=<a", "", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mailev ev = {0};

        cr_expect(span_is(logenvelope_take(span_of(rows[i].in), &ev), rows[i].text), "%s",
                  rows[i].in);
        cr_expect(span_equal(ev.from, span_of(rows[i].from)), "%s: from", rows[i].in);
        cr_expect(span_equal(ev.to, span_of(rows[i].to)), "%s: to", rows[i].in);
        cr_expect(span_equal(ev.sasl_username, span_of(rows[i].login != NULL ? rows[i].login : "")),
                  "%s: login", rows[i].in);
    }
}
