#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "spf.h"

/* The DNS of these tests: "name record" pairs; a record of "A" is an address. */
struct zone {
    const char *name, *record;
};

static const struct zone *zone;
static unsigned asked;

static enum spf_answer record(const char *name, char out[SPF_RECORD], void *arg) {
    (void)arg;
    asked++;
    for (const struct zone *z = zone; z->name != NULL; z++) {
        if (strcasecmp(z->name, name) == 0 && strcmp(z->record, "A") != 0) {
            if (strcmp(z->record, "SEVERAL") == 0)
                return SPF_SEVERAL;
            if (strcmp(z->record, "TIMEOUT") == 0)
                return SPF_UNKNOWN;
            text_copy(out, SPF_RECORD, z->record);
            return SPF_FOUND;
        }
    }
    return SPF_NOTHING;
}

static enum spf_answer exists(const char *name, bool mx, void *arg) {
    (void)mx;
    (void)arg;
    asked++;
    for (const struct zone *z = zone; z->name != NULL; z++) {
        if (strcasecmp(z->name, name) == 0 && strcmp(z->record, "A") == 0)
            return SPF_FOUND;
    }
    return SPF_NOTHING;
}

static struct spf_result check(const struct zone *with) {
    const struct spf_dns dns = {.record = record, .exists = exists};
    struct spf_result result;

    zone = with;
    asked = 0;
    spf_check("x.example", &dns, &result);
    return result;
}

#define GOOGLE                                                                                     \
    {"_spf.google.com", "v=spf1 include:_netblocks.google.com include:_netblocks2.google.com "     \
                        "include:_netblocks3.google.com ~all"},                                    \
        {"_netblocks.google.com", "v=spf1 ip4:192.0.2.0/24 ~all"},                                 \
        {"_netblocks2.google.com", "v=spf1 ip6:2001:db8::/32 ~all"}, {                             \
        "_netblocks3.google.com", "v=spf1 ip4:198.51.100.0/24 ~all"                                \
    }

Test(spf, as_google_tells_people_to_publish_it) {
    static const struct zone z[] = {
        {"x.example", "v=spf1 include:_spf.google.com ~all"}, GOOGLE, {0}};
    struct spf_result r = check(z);

    cr_expect_eq(r.found, SPF_FOUND);
    cr_expect(r.google);
    cr_expect_eq(r.lookups, 4);
    cr_expect_eq(r.voids, 0);
    cr_expect_not(r.error);
    cr_expect_not(r.permits_all);
    cr_expect_eq(r.problem_count, 0);
}

Test(spf, google_by_way_of_another_include_or_a_redirect) {
    static const struct zone a[] = {{"x.example", "v=spf1 include:y.example -all"},
                                    {"y.example", "v=spf1 include:_spf.google.com -all"},
                                    GOOGLE,
                                    {0}};
    static const struct zone b[] = {{"x.example", "v=spf1 redirect=_SPF.google.com."}, GOOGLE, {0}};

    cr_expect(check(a).google);
    cr_expect_eq(check(a).lookups, 5);
    cr_expect(check(b).google);
    cr_expect_eq(check(b).lookups, 4);
    cr_expect_not(check(b).permits_all);
}

Test(spf, google_is_not_allowed) {
    static const struct zone a[] = {{"x.example", "v=spf1 ip4:192.0.2.1 -all"}, {0}};
    static const struct zone b[] = {
        {"x.example", "v=spf1 -include:_spf.google.com ~all"}, GOOGLE, {0}};
    static const struct zone c[] = {
        {"x.example", "v=spf1 ~all include:_spf.google.com"}, GOOGLE, {0}};

    cr_expect_not(check(a).google);
    cr_expect_not(check(b).google, "an include that refuses");
    cr_expect_not(check(c).google, "behind all nothing is looked at");
    cr_expect_eq(check(c).lookups, 0);
}

Test(spf, none_and_several) {
    static const struct zone none[] = {{0}};
    static const struct zone several[] = {{"x.example", "SEVERAL"}, {0}};
    static const struct zone mute[] = {{"x.example", "TIMEOUT"}, {0}};

    cr_expect_eq(check(none).found, SPF_NOTHING);
    cr_expect_eq(check(several).found, SPF_SEVERAL);
    cr_expect_eq(check(mute).found, SPF_UNKNOWN);
}

Test(spf, ten_lookups_are_in_eleven_are_not) {
    struct zone z[16] = {{"x.example", NULL}, {"a.example", "A"}, {0}};
    char text[400] = "v=spf1";
    size_t n;

    for (int i = 0; i < 10; i++) {
        n = strlen(text);
        snprintf(text + n, sizeof text - n, " a:a.example");
    }
    n = strlen(text);
    z[0].record = text;
    snprintf(text + n, sizeof text - n, " -all");
    cr_expect_eq(check(z).lookups, 10);
    cr_expect_not(check(z).error);
    snprintf(text + n, sizeof text - n, " exists:%%{i}.a.example -all");
    cr_expect_eq(check(z).lookups, 11);
    cr_expect(check(z).error);
    cr_expect_not_null(strstr(check(z).problem[0], "more than 10"));
}

Test(spf, two_void_lookups_are_in_three_are_not) {
    static const struct zone two[] = {{"x.example", "v=spf1 a:n1.example mx:n2.example -all"}, {0}};
    static const struct zone three[] = {
        {"x.example", "v=spf1 a:n1.example mx exists:n2.example -all"}, {0}};

    cr_expect_eq(check(two).voids, 2);
    cr_expect_not(check(two).error);
    cr_expect_eq(check(three).voids, 3);
    cr_expect(check(three).error);
}

Test(spf, what_receivers_stop_at) {
    static const struct zone zones[][3] = {
        {{"x.example", "v=spf1 include:gone.example -all"}, {0}},
        {{"x.example", "v=spf1 include:many.example -all"}, {"many.example", "SEVERAL"}, {0}},
        {{"x.example", "v=spf1 ipv4:192.0.2.1 -all"}, {0}},
        {{"x.example", "v=spf1 include: -all"}, {0}},
        {{"x.example", "v=spf1 include:x.example -all"}, {0}},
        {{"x.example", "v=spf1 include:y.example -all"},
         {"y.example", "v=spf1 redirect=x.example"},
         {0}}};

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct spf_result r = check(zones[i]);

        cr_expect(r.error, "%s", zones[i][0].record);
        cr_expect_gt(r.problem_count, 0);
        cr_expect_lt(asked, 15, "it comes to an end");
    }
}

Test(spf, a_tree_of_includes_is_not_walked_without_end) {
    struct zone z[12];
    static char names[10][16], records[10][400];

    for (int i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], i == 0 ? "x.example" : "d%d.example", i);
        text_copy(records[i], sizeof records[i], "v=spf1");
        for (int k = 0; k < 10; k++) {
            size_t n = strlen(records[i]);

            snprintf(records[i] + n, sizeof records[i] - n, " include:d%d.example", i + 1);
        }
        z[i] = (struct zone){names[i], records[i]};
    }
    z[10] = (struct zone){"d10.example", "v=spf1 -all"};
    z[11] = (struct zone){0};
    cr_expect(check(z).error);
    cr_expect_leq(asked, 12, "%u", asked);
}

Test(spf, who_else_is_permitted) {
    static const struct {
        const char *record;
        bool all;
    } rows[] = {{"v=spf1 +all", true}, {"v=spf1 all", true},   {"v=spf1 ?all", true},
                {"v=spf1", true},      {"v=spf1 -all", false}, {"v=spf1 ~all", false},
                {"V=SPF1 -ALL", false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct zone z[] = {{"x.example", rows[i].record}, {0}};

        cr_expect_eq(check(z).permits_all, rows[i].all, "%s", rows[i].record);
    }
}

Test(spf, what_to_publish) {
    static const struct {
        const char *record, *want;
    } rows[] = {{"v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 include:_spf.google.com -all"},
                {"v=spf1 redirect=y.example", "v=spf1 include:_spf.google.com redirect=y.example"},
                {"v=spf1 mx", "v=spf1 mx include:_spf.google.com ~all"},
                {"v=spf1 include:_spf.google.com ~all", "v=spf1 include:_spf.google.com ~all"}};
    char out[400];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct zone z[] = {{"x.example", rows[i].record}, GOOGLE, {0}};
        struct spf_result r = check(z);

        spf_propose(&r, out, sizeof out);
        cr_expect_str_eq(out, rows[i].want);
    }
    static const struct zone none[] = {{0}};
    struct spf_result r = check(none);

    spf_propose(&r, out, sizeof out);
    cr_expect_str_eq(out, "v=spf1 include:_spf.google.com ~all");
}

Test(spf, what_is_a_record) {
    cr_expect(spf_is_record("v=spf1"));
    cr_expect(spf_is_record("V=SPF1 -all"));
    cr_expect_not(spf_is_record("v=spf10 -all"));
    cr_expect_not(spf_is_record("google-site-verification=x"));
}
