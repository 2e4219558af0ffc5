/* See mastercf.h. */
#include "mastercf.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { FIELDS = 8 };

struct entry {
    const char *next;
    struct span line; /* with its newline */
    bool start;       /* the first line of a service, split into fields */
    bool more;        /* continues one */
    struct span field[FIELDS];
    bool seen; /* there was a service before */
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word of s, which is moved behind it. */
static struct span word(struct span *s) {
    struct span w;
    size_t n = 0;

    while (s->n > 0 && is_blank(s->p[0]))
        *s = (struct span){s->p + 1, s->n - 1};
    while (n < s->n && !is_blank(s->p[n]))
        n++;
    w = (struct span){s->p, n};
    *s = (struct span){s->p + n, s->n - n};
    return w;
}

static bool entry_on(struct entry *e) {
    const char *end;
    struct span rest, first;

    if (*e->next == '\0')
        return false;
    end = strchr(e->next, '\n');
    e->line = (struct span){e->next, end != NULL ? (size_t)(end - e->next) + 1 : strlen(e->next)};
    e->next += e->line.n;
    e->start = e->more = false;
    rest = e->line;
    first = word(&rest);
    if (first.n == 0 || first.p[0] == '#')
        return true;
    if (is_blank(e->line.p[0])) {
        e->more = e->seen;
        return true;
    }
    e->start = e->seen = true;
    rest = e->line;
    for (int i = 0; i < FIELDS; i++)
        e->field[i] = word(&rest);
    return true;
}

/* "smtp" and "25" are one port; an address before it counts. */
static bool same_service(struct span name, const char *want) {
    return span_is(name, want) || (strcmp(want, "smtp") == 0 && span_is(name, "25")) ||
           (strcmp(want, "25") == 0 && span_is(name, "smtp"));
}

static bool takes_mail(const struct entry *e) {
    return e->start && span_is(e->field[1], "inet") &&
           (span_is(e->field[7], "smtpd") || span_is(e->field[7], "postscreen"));
}

bool mastercf_listens(const char *text, const char *service) {
    struct entry e = {.next = text};

    while (entry_on(&e)) {
        if (takes_mail(&e) && same_service(e.field[0], service))
            return true;
    }
    return false;
}

bool mastercf_is_chrooted(const char *text, const char *service, const char *type) {
    struct entry e = {.next = text};

    while (entry_on(&e)) {
        if (e.start && span_is(e.field[0], service) && span_is(e.field[1], type))
            return span_is(e.field[4], "y");
    }
    return false;
}

char *mastercf_listen(const char *text, const char *service) {
    struct entry e = {.next = text};
    bool done = mastercf_listens(text, service);
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);
    char last = '\n';

    if (stream == NULL)
        abort();
    while (entry_on(&e)) {
        struct span name = e.field[0];

        last = e.line.p[e.line.n - 1];
        if (!done && takes_mail(&e) && same_service(name, "smtp")) {
            fprintf(stream, "%s%.*s", service, (int)(e.line.n - name.n), e.line.p + name.n);
            done = true;
        } else {
            fwrite(e.line.p, 1, e.line.n, stream);
        }
    }
    if (!done)
        fprintf(stream, "%s%s inet n - n - - smtpd\n", last == '\n' ? "" : "\n", service);
    if (fclose(stream) != 0)
        abort();
    return out;
}

static bool is_ours(struct span option) {
    static const char *const names[] = {"relayhost=",
                                        "smtp_tls_security_level=",
                                        "smtp_tls_wrappermode=",
                                        "smtp_sasl_",
                                        "smtp_tls_CAfile=",
                                        "smtpd_milters=",
                                        "smtpd_milter_maps=",
                                        "non_smtpd_milters=",
                                        "smtp_helo_name=",
                                        "smtpd_relay_restric",
                                        "smtp_delivery_status_filter=",
                                        "mynetworks="};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_starts(option, names[i]))
            return true;
    }
    return false;
}

int mastercf_overrides(const char *text, FILE *out) {
    struct entry e = {.next = text};
    struct span service = {"", 0};
    int count = 0;

    while (entry_on(&e)) {
        struct span rest = e.line, w, before = {"", 0};

        if (e.start)
            service = e.field[0];
        if (!e.start && !e.more)
            continue;
        while ((w = word(&rest)).n > 0) {
            bool joined = span_starts(w, "-o") && w.n > 2;
            struct span option = joined ? (struct span){w.p + 2, w.n - 2} : w;

            if ((joined || span_is(before, "-o")) && is_ours(option)) {
                fprintf(out, "master.cf, %.*s: -o %.*s overrides main.cf there\n", (int)service.n,
                        service.p, (int)option.n, option.p);
                count++;
            }
            before = w;
        }
    }
    return count;
}
