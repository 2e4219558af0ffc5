/* The catalogue is complete and can be printed: every entry has all its texts, of a sane length. */
#include <criterion/criterion.h>

#include <ctype.h>
#include <string.h>

#include "diagnosis.h"

static const char *const names[] = {
    "",
#define DIAGNOSIS(id, name) #id " " #name,
#include "diagnosis.def"
#undef DIAGNOSIS
};

static void check_text(const char *entry, const char *what, const char *text, size_t most) {
    cr_assert(text != NULL && text[0] != '\0', "%s: no %s", entry, what);
    cr_assert(strlen(text) <= most, "%s: %s has %zu characters", entry, what, strlen(text));
    for (const char *p = text; *p != '\0'; p++)
        cr_assert(*p >= ' ' && *p < 0x7f, "%s: %s holds byte %d", entry, what, *p);
    cr_assert(text[0] != ' ' && text[strlen(text) - 1] != ' ', "%s: blanks around %s", entry, what);
}

Test(diagnosis, every_entry_is_complete) {
    for (int d = DIAGNOSIS_NONE + 1; d < DIAGNOSIS_COUNT; d++) {
        const struct diagnosis_entry *e = diagnosis_entry((enum diagnosis)d);
        const char *name = names[d];
        int fixes = 0;

        cr_assert(e->id != NULL, "%s: no entry", name);
        cr_assert(strlen(e->id) == 3 && isupper((unsigned char)e->id[0]), "%s", name);
        check_text(name, "name", e->name, 40);
        check_text(name, "title", e->title, 90);
        check_text(name, "who", e->who, 80);
        check_text(name, "why", e->why, 240);
        cr_assert(e->party > PARTY_NONE && e->party < PARTY_COUNT, "%s: nobody's fault", name);
        check_text(name, "impact", e->impact, 160);
        cr_assert(e->title[strlen(e->title) - 1] == '.', "%s: the title is no sentence", name);
        cr_assert(e->why[strlen(e->why) - 1] == '.', "%s: why is no sentence", name);
        cr_assert(e->impact[strlen(e->impact) - 1] == '.', "%s: impact is no sentence", name);
        cr_assert(e->severity >= SEVERITY_INFO && e->severity <= SEVERITY_CRITICAL, "%s", name);
        for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++, fixes++)
            check_text(name, "fix", e->fix[i], 170);
        cr_assert(fixes > 0, "%s: no fix", name);
        for (int i = fixes; i < DIAGNOSIS_FIXES; i++)
            cr_assert(e->fix[i] == NULL, "%s: a hole among the fixes", name);
    }
}

Test(diagnosis, catalogue_has_all_families) {
    static const struct {
        char family;
        int count;
    } want[] = {{'G', 30}, {'S', 14}, {'T', 11}, {'N', 13}, {'Q', 17},
                {'M', 20}, {'R', 5},  {'L', 6},  {'C', 9},  {'W', 14}};

    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        int count = 0;

        for (int d = DIAGNOSIS_NONE + 1; d < DIAGNOSIS_COUNT; d++)
            count += diagnosis_entry((enum diagnosis)d)->id[0] == want[i].family;
        cr_assert(count == want[i].count, "%c: %d", want[i].family, count);
    }
}

Test(diagnosis, is_found_by_id_and_name) {
    for (int d = DIAGNOSIS_NONE + 1; d < DIAGNOSIS_COUNT; d++) {
        const struct diagnosis_entry *e = diagnosis_entry((enum diagnosis)d);

        cr_assert(diagnosis_find(span_of(e->id)) == (enum diagnosis)d, "%s", names[d]);
        cr_assert(diagnosis_find(span_of(e->name)) == (enum diagnosis)d, "%s", names[d]);
        cr_assert(diagnosis_find(span_of(names[d])) == (enum diagnosis)d, "%s", names[d]);
    }
    cr_assert(diagnosis_find(SPAN("")) == DIAGNOSIS_NONE);
    cr_assert(diagnosis_find(SPAN("G0")) == DIAGNOSIS_NONE);
    cr_assert(diagnosis_find(SPAN("G01 ")) == DIAGNOSIS_NONE);
    cr_assert(diagnosis_find(SPAN("G01 APP_PASSWORD_REQUIRED")) == DIAGNOSIS_NONE);
    cr_assert(diagnosis_find((struct span){NULL, 0}) == DIAGNOSIS_NONE);
}

Test(diagnosis, none_is_empty_and_so_is_nonsense) {
    const struct diagnosis_entry *none = diagnosis_entry(DIAGNOSIS_NONE);

    cr_assert_str_eq(none->id, "");
    cr_assert_str_eq(none->title, "");
    cr_assert_str_eq(none->impact, "");
    cr_assert(diagnosis_entry(DIAGNOSIS_COUNT) == none);
    cr_assert(diagnosis_entry((enum diagnosis) - 1) == none);
}

Test(diagnosis, severities_have_names) {
    cr_assert_str_eq(severity_name(SEVERITY_INFO), "info");
    cr_assert_str_eq(severity_name(SEVERITY_TICKET), "ticket");
    cr_assert_str_eq(severity_name(SEVERITY_WARNING), "warning");
    cr_assert_str_eq(severity_name(SEVERITY_CRITICAL), "critical");
}

Test(diagnosis, severity_is_that_of_the_catalogue) {
    static const struct {
        const char *id;
        enum severity want;
    } table[] = {{"G01", SEVERITY_CRITICAL}, {"G04", SEVERITY_WARNING},  {"G16", SEVERITY_TICKET},
                 {"G27", SEVERITY_INFO},     {"T05", SEVERITY_CRITICAL}, {"N12", SEVERITY_INFO},
                 {"M13", SEVERITY_INFO},     {"L01", SEVERITY_WARNING},  {"C02", SEVERITY_TICKET}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        cr_assert(diagnosis_entry(diagnosis_find(span_of(table[i].id)))->severity == table[i].want,
                  "%s", table[i].id);
}

/* Who runs another smarthost than Google's must not be sent to Google. */
Test(diagnosis, google_is_named_in_its_own_family_only) {
    for (int d = DIAGNOSIS_NONE + 1; d < DIAGNOSIS_COUNT; d++) {
        const struct diagnosis_entry *e = diagnosis_entry((enum diagnosis)d);

        if (e->id[0] == 'G' || e->id[0] == 'C')
            continue;
        for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++)
            cr_assert(strstr(e->fix[i], "oogle") == NULL, "%s: %s", names[d], e->fix[i]);
    }
}

/* `status` tells of now; kinds and numbers are in `status --since`, senders in `queue`. */
Test(diagnosis, a_command_shows_what_is_said_of_it) {
    static const char *const elsewhere[] = {"sender", "by kind", "how many", "many of them"};

    for (int d = DIAGNOSIS_NONE + 1; d < DIAGNOSIS_COUNT; d++) {
        const struct diagnosis_entry *e = diagnosis_entry((enum diagnosis)d);

        for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++) {
            if (strncmp(e->fix[i], "relaywatch status   # ", 22) != 0)
                continue;
            for (size_t n = 0; n < sizeof elsewhere / sizeof elsewhere[0]; n++)
                cr_expect_null(strstr(e->fix[i], elsewhere[n]), "%s: %s", e->id, e->fix[i]);
        }
    }
}

Test(diagnosis, parties) {
    for (enum party p = PARTY_OURS; p < PARTY_COUNT; p++)
        cr_expect_eq(party_find(span_of(party_name(p))), p);
    cr_expect_eq(party_find(SPAN("")), PARTY_NONE);
    cr_expect_eq(party_find(SPAN("theirs")), PARTY_NONE);
    cr_expect_str_eq(party_name(PARTY_COUNT), "");
}
