/* See dns_show.h. */
#include "dns_show.h"

#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "screen.h"

enum { INDENT = 15 };

static const char *const verdict_words[] = {"ok", "weak", "WRONG", "unknown"};

static void put(const struct screen *s, const char *label, const char *text) {
    if (text[0] == '\0')
        return;
    printf("      %-8s ", label);
    screen_put_wrapped(s, INDENT, text);
}

void dns_show(const struct dns_finding *finding, size_t count) {
    struct screen s = screen_of_stdout();

    for (size_t i = 0; i < count; i++) {
        const struct dns_finding *f = &finding[i];

        printf("%-5s %-8s %s\n", f->what, verdict_words[f->verdict], f->name);
        put(&s, "found", f->found[0] != '\0' || f->verdict == DNS_UNKNOWN ? f->found : "nothing");
        if (f->verdict != DNS_GOOD)
            put(&s, "expected", f->expected);
        for (size_t k = 0; k < f->note_count; k++)
            put(&s, "", f->note[k]);
        put(&s, "publish", f->publish);
    }
}

void dns_show_json(const char *domain, const struct dns_finding *finding, size_t count) {
    static const char *const words[] = {"ok", "weak", "wrong", "unknown"};
    struct json_t *doc = json_make_object();
    struct json_t *all = json_make_array();
    char *text;

    for (size_t i = 0; i < count; i++) {
        const struct dns_finding *f = &finding[i];
        struct json_t *o = json_make_object();
        struct json_t *notes = json_make_array();

        json_put_text(o, "check", f->what);
        json_put_text(o, "state", words[f->verdict]);
        json_put_text(o, "name", f->name);
        json_put_text(o, "found", f->found[0] != '\0' ? f->found : NULL);
        json_put_text(o, "expected", f->expected);
        json_put_text(o, "publish", f->publish[0] != '\0' ? f->publish : NULL);
        for (size_t k = 0; k < f->note_count; k++)
            json_add_text(notes, f->note[k]);
        json_put(o, "notes", notes);
        json_add(all, o);
    }
    json_put_text(doc, "domain", domain);
    json_put(doc, "checks", all);
    text = json_print(doc, true);
    puts(text);
    free(text);
    json_release(&doc);
}
