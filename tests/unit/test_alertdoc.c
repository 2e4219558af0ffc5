/* alertdoc.c: an alert as JSON; the packet is what relaywatch-notify reads (alertset.c). */
#include "alertdoc.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "alertset.h"
#include "json.h"
#include "text.h"

static struct alert make_alert(int64_t ended_ms) {
    struct alert a = {.severity = SEVERITY_CRITICAL,
                      .since_ms = 1732340000123,
                      .ended_ms = ended_ms,
                      .count = 12};

    a.diagnosis = diagnosis_find(SPAN("G01"));
    text_copy(a.id, sizeof a.id, "login-refused");
    text_copy(a.summary, sizeof a.summary, "535 from smtp-relay.gmail.com");
    a.party = PARTY_OURS;
    text_copy(a.relayhost, sizeof a.relayhost, "smtp-relay.gmail.com");
    text_copy(a.fix[0], sizeof a.fix[0], "postqueue -f");
    text_copy(a.fix[1], sizeof a.fix[1], "postfix status");
    text_copy(a.evidence, sizeof a.evidence, "a\xff\"<>&");
    return a;
}

Test(alertdoc, fields) {
    struct alert a = make_alert(0);
    struct json_t *doc = alertdoc_make(&a);
    const struct diagnosis_entry *entry = diagnosis_entry(a.diagnosis);
    char *text = json_print(doc, false);

    cr_expect_str_eq(json_get_text(doc, "id"), "login-refused");
    cr_expect_str_eq(json_get_text(doc, "diagnosis"), "G01 BAD_CREDENTIALS");
    cr_expect_str_eq(json_get_text(doc, "severity"), "critical");
    cr_expect_str_eq(json_get_text(doc, "title"), entry->title);
    cr_expect_str_eq(json_get_text(doc, "impact"), entry->impact,
                     "the catalogue's, as it has none");
    cr_expect_str_eq(json_get_text(doc, "who"), entry->who);
    cr_expect_str_eq(json_get_text(doc, "why"), entry->why);
    cr_expect_str_eq(json_get_text(doc, "fault"), "ours");
    cr_expect_str_eq(json_get_text(doc, "relayhost"), "smtp-relay.gmail.com");
    cr_assert_eq(json_count(json_get(doc, "fix")), 2u);
    cr_expect_str_eq(json_text(json_at(json_get(doc, "fix"), 1)), "postfix status");
    cr_expect_str_eq(json_get_text(doc, "evidence"), "a?\"<>&");
    cr_expect_eq(json_get_int(doc, "count", 0), 12);
    cr_expect(strstr(text, "\"since\":1732340000.123,") != NULL, "%s", text);
    cr_expect(strstr(text, "\"ended\":null") != NULL, "%s", text);
    free(text);
    json_release(&doc);

    a = make_alert(1732340001000);
    text_copy(a.impact, sizeof a.impact, "12 wait");
    doc = alertdoc_make(&a);
    cr_expect_eq(json_get_real(doc, "ended", 0), 1732340001.0);
    cr_expect_str_eq(json_get_text(doc, "impact"), "12 wait");
    json_release(&doc);
}

Test(alertdoc, without_a_diagnosis) {
    struct alert a = make_alert(0);
    struct json_t *doc;

    a.diagnosis = DIAGNOSIS_NONE;
    a.fix[0][0] = '\0';
    doc = alertdoc_make(&a);
    cr_expect_str_eq(json_get_text(doc, "diagnosis"), "");
    cr_expect_str_eq(json_get_text(doc, "title"), a.summary);
    cr_expect_eq(json_count(json_get(doc, "fix")), 0u);
    json_release(&doc);
}

/* Each diagnosis of the catalogue, every place full of what JSON makes longest: it still is a
 * packet that is read. */
Test(alertdoc, the_largest_packet_is_read) {
    static const struct mailproof none = {.wanted = false};
    static struct alert_set set;
    struct alertset *got;
    struct fault why;
    char *packet;

    for (int d = 1; d < DIAGNOSIS_COUNT; d++) {
        set.count = ALERTS_MOST;
        for (int i = 0; i < ALERTS_MOST; i++) {
            struct alert *a = &set.alert[i];

            *a = make_alert(i % 2 == 0 ? 0 : 1732340001000);
            a->diagnosis = (enum diagnosis)d;
            memset(a->id, 'a' + i % 26, sizeof a->id - 1);
            memset(a->summary, '"', sizeof a->summary - 1);
            memset(a->impact, '\\', sizeof a->impact - 1);
            memset(a->relayhost, '"', sizeof a->relayhost - 1);
            memset(a->evidence, '"', sizeof a->evidence - 1);
        }
        packet = alertdoc_print_packet(&set, "relay1", "http://127.0.0.1:9154/", -1, &none);
        cr_assert(strlen(packet) <= ALERTDOC_PACKET_MOST, "diagnosis %d: %zu", d, strlen(packet));
        got = alertset_read(packet, strlen(packet), &why);
        cr_assert(got != NULL, "%s", why.text);
        cr_expect_eq(got->count, ALERTS_MOST);
        cr_expect_eq(got->entry[0].since_ms, 1732340000123);
        cr_expect_eq(got->entry[1].ended_ms, 1732340001000);
        alertset_free(&got);
        free(packet);
    }
}

Test(alertdoc, an_empty_set) {
    static struct alert_set set;
    struct mailproof mail = {.wanted = false};
    char *packet = alertdoc_print_packet(&set, "relay1", "", 5000, &mail);

    cr_expect_str_eq(
        packet,
        "{\"version\":1,\"host\":\"relay1\",\"url\":\"\",\"proof_age_ms\":5000,\"alerts\":[]}");
    free(packet);
    mail = (struct mailproof){true, true, 1732340000123, 1500};
    packet = alertdoc_print_packet(&set, "relay1", "", 5000, &mail);
    cr_expect_not_null(strstr(packet, "\"canary\":{\"overdue\":true,\"delivered\":1732340000.123,"
                                      "\"delay_ms\":1500},\"alerts\""),
                       "%s", packet);
    free(packet);
}

Test(alertdoc, a_silence_says_who_until_when_and_why) {
    struct alert a = make_alert(0);
    struct json_t *doc = alertdoc_make(&a);

    cr_expect_null(json_get(doc, "silenced"));
    json_release(&doc);
    a.silenced_until_ms = 1732340009000;
    text_copy(a.silenced_who, sizeof a.silenced_who, "ann");
    text_copy(a.silenced_why, sizeof a.silenced_why, "known");
    doc = alertdoc_make(&a);
    cr_expect_eq(json_get_real(json_get(doc, "silenced"), "until", 0), 1732340009.0);
    cr_expect_str_eq(json_get_text(json_get(doc, "silenced"), "who"), "ann");
    cr_expect_str_eq(json_get_text(json_get(doc, "silenced"), "why"), "known");
    json_release(&doc);
}
