/* See spf.h. */
#include "spf.h"

#include <string.h>
#include <strings.h>

enum { DEPTH_MOST = 12, NAME = 256 };

struct walk {
    const struct spf_dns *dns;
    struct spf_result *out;
    char path[DEPTH_MOST][NAME]; /* the names whose records are being read */
    size_t depth;
};

static void problem(struct spf_result *out, const char *what, struct span term) {
    char shown[120];

    if (out->problem_count == SPF_PROBLEMS)
        return;
    text_copy_printable(shown, sizeof shown, term);
    text_format(out->problem[out->problem_count++], sizeof out->problem[0], "%s: %s", shown, what);
}

static void fail(struct spf_result *out, const char *what, struct span term) {
    out->error = true;
    problem(out, what, term);
}

bool spf_is_record(const char *text) {
    return strncasecmp(text, "v=spf1", 6) == 0 && (text[6] == ' ' || text[6] == '\0');
}

/* One term taken apart: "-include:name/24" */
struct term {
    struct span whole, name, value;
    char qualifier; /* '+' */
    bool modifier;  /* name=value */
};

static struct term take_apart(struct span whole) {
    struct term t = {.whole = whole, .name = whole, .qualifier = '+'};
    size_t n = 0;

    if (t.name.n > 0 && strchr("+-~?", t.name.p[0]) != NULL) {
        t.qualifier = t.name.p[0];
        t.name = (struct span){t.name.p + 1, t.name.n - 1};
    }
    while (n < t.name.n && strchr(":=/", t.name.p[n]) == NULL)
        n++;
    if (n < t.name.n) {
        size_t skip = t.name.p[n] == '/' ? 0 : 1;

        t.modifier = t.name.p[n] == '=';
        t.value = (struct span){t.name.p + n + skip, t.name.n - n - skip};
    }
    t.name.n = n;
    return t;
}

static bool is_word(struct span s, const char *word) {
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* The domain of a term without its prefix length; that of the record where it names none. False:
 * it has a macro, which only a receiver of a message can fill in. */
static bool domain_of(const struct walk *w, struct span value, char out[NAME]) {
    const char *slash = value.n > 0 ? memchr(value.p, '/', value.n) : NULL;

    if (slash != NULL)
        value.n = (size_t)(slash - value.p);
    if (value.n == 0)
        return text_copy(out, NAME, w->path[w->depth - 1]);
    if (value.p[value.n - 1] == '.')
        value.n--;
    return memchr(value.p, '%', value.n) == NULL && text_copy_span(out, NAME, value);
}

static void count_lookup(struct walk *w, struct span term) {
    w->out->lookups++;
    if (w->out->lookups == SPF_LOOKUPS_MOST + 1)
        fail(w->out, "here are more than 10 DNS look-ups: receivers stop with an error", term);
}

static void count_void(struct walk *w, struct span term) {
    w->out->voids++;
    problem(w->out, "nothing there", term);
    if (w->out->voids == SPF_VOIDS_MOST + 1)
        fail(w->out, "more than 2 look-ups without an answer: receivers stop with an error", term);
}

static void walk_record(struct walk *w, const char *record);

static bool is_on_path(const struct walk *w, const char *name) {
    for (size_t i = 0; i < w->depth; i++) {
        if (strcasecmp(w->path[i], name) == 0)
            return true;
    }
    return false;
}

/* include: and redirect= */
static void follow(struct walk *w, const struct term *t) {
    char name[NAME], record[SPF_RECORD];

    count_lookup(w, t->whole);
    if (t->value.n == 0) {
        fail(w->out, "names no domain", t->whole);
        return;
    }
    if (!domain_of(w, t->value, name)) {
        w->out->unknown = true;
        problem(w->out, "depends on the message: not looked up", t->whole);
        return;
    }
    w->out->google |= t->qualifier == '+' && strcasecmp(name, SPF_GOOGLE) == 0;
    if (is_on_path(w, name) || w->depth == DEPTH_MOST) {
        fail(w->out, "leads back to itself: receivers stop with an error", t->whole);
        return;
    }
    if (w->out->lookups > SPF_LOOKUPS_MOST)
        return;
    switch (w->dns->record(name, record, w->dns->arg)) {
    case SPF_FOUND:
        text_copy(w->path[w->depth++], NAME, name);
        walk_record(w, record);
        w->depth--;
        return;
    case SPF_NOTHING:
        w->out->voids++;
        fail(w->out, "no SPF record there: receivers stop with an error", t->whole);
        return;
    case SPF_SEVERAL:
        fail(w->out, "more than one SPF record there: receivers stop with an error", t->whole);
        return;
    case SPF_UNKNOWN:
        w->out->unknown = true;
        problem(w->out, "the DNS does not answer", t->whole);
    }
}

/* a, mx, exists: whether anything is there. */
static void look_up(struct walk *w, const struct term *t) {
    char name[NAME];

    count_lookup(w, t->whole);
    if (!domain_of(w, t->value, name) || w->out->lookups > SPF_LOOKUPS_MOST)
        return;
    switch (w->dns->exists(name, is_word(t->name, "mx"), w->dns->arg)) {
    case SPF_NOTHING:
        count_void(w, t->whole);
        return;
    case SPF_UNKNOWN:
        w->out->unknown = true;
        problem(w->out, "the DNS does not answer", t->whole);
        return;
    default:
        return;
    }
}

/* False: what stands behind it is never looked at. */
static bool walk_term(struct walk *w, const struct term *t, struct term *redirect) {
    if (t->modifier) {
        if (is_word(t->name, "redirect"))
            *redirect = *t;
        return true; /* exp= and unknown ones say nothing here */
    }
    if (is_word(t->name, "all")) {
        if (w->depth == 1)
            w->out->permits_all = t->qualifier == '+' || t->qualifier == '?';
        return false;
    }
    if (is_word(t->name, "include"))
        follow(w, t);
    else if (is_word(t->name, "a") || is_word(t->name, "mx") || is_word(t->name, "exists"))
        look_up(w, t);
    else if (is_word(t->name, "ptr")) {
        count_lookup(w, t->whole);
        problem(w->out, "slow, and many receivers leave it out", t->whole);
    } else if (!is_word(t->name, "ip4") && !is_word(t->name, "ip6"))
        fail(w->out, "is no word of SPF: receivers stop with an error", t->whole);
    return true;
}

static void walk_record(struct walk *w, const char *record) {
    struct term redirect = {.qualifier = '+'};
    const char *at = record + strlen("v=spf1");
    bool ended = false;

    while (!ended && *at != '\0') {
        struct span word = {at, strcspn(at, " ")};
        struct term t = take_apart(word);

        at += word.n + strspn(at + word.n, " ");
        if (word.n > 0)
            ended = !walk_term(w, &t, &redirect);
    }
    if (!ended && redirect.whole.n > 0)
        follow(w, &redirect);
    else if (!ended && w->depth == 1)
        w->out->permits_all = true; /* "neutral" for all others: RFC 7208, 4.7 */
}

void spf_check(const char *domain, const struct spf_dns *dns, struct spf_result *out) {
    struct walk w = {.dns = dns, .out = out};

    memset(out, 0, sizeof *out);
    out->found = dns->record(domain, out->record, dns->arg);
    if (out->found != SPF_FOUND)
        return;
    text_copy(w.path[w.depth++], NAME, domain);
    walk_record(&w, out->record);
}

void spf_propose(const struct spf_result *result, char *out, size_t size) {
    const char *all = NULL;

    if (result->found != SPF_FOUND) {
        text_copy(out, size, "v=spf1 include:" SPF_GOOGLE " ~all");
        return;
    }
    for (const char *at = result->record; (at = strchr(at, ' ')) != NULL;) {
        struct term t;

        at += strspn(at, " ");
        t = take_apart((struct span){at, strcspn(at, " ")});
        if (all == NULL && (is_word(t.name, "all") || is_word(t.name, "redirect")))
            all = at;
    }
    if (result->google)
        text_copy(out, size, result->record);
    else if (all == NULL)
        text_format(out, size, "%s include:" SPF_GOOGLE " ~all", result->record);
    else
        text_format(out, size, "%.*sinclude:" SPF_GOOGLE " %s", (int)(all - result->record),
                    result->record, all);
}
