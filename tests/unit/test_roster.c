/* roster.c: which edits it takes up. */
#include "roster.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/test_roster.XXXXXX";
static char conf[64], body[64];
static int handed_on, refused, count;

static void on_receivers(const struct receivers *receivers, void *arg) {
    (void)arg;
    handed_on++;
    count = receivers->count;
}

static void on_refused(void *arg) {
    (void)arg;
    refused++;
}

/* Each text is another file, as an editor writes it. */
static void put(const char *path, const char *text) {
    char fresh[80];
    FILE *f;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    f = fopen(fresh, "w");
    fputs(text, f);
    fclose(f);
    cr_assert_eq(rename(fresh, path), 0);
}

static struct roster *make(const char *template) {
    char text[200];

    handed_on = refused = 0;
    cr_assert_not_null(mkdtemp(dir));
    snprintf(conf, sizeof conf, "%s/receivers.conf", dir);
    snprintf(body, sizeof body, "%s/body.json", dir);
    snprintf(text, sizeof text, "webhook = https://h.example/1\ntemplate = %s\n", body);
    put(body, template);
    put(conf, text);
    return roster_new(conf, on_receivers, on_refused, NULL);
}

static void end(struct roster **roster) {
    roster_free(roster);
    unlink(conf);
    unlink(body);
    rmdir(dir);
}

Test(roster, a_new_template_is_taken_up) {
    struct roster *r = make("{\"a\": ${title}}");

    roster_load(r);
    cr_expect_eq(handed_on, 1);
    roster_look(r);
    cr_expect_eq(handed_on, 1, "nothing changed");
    put(body, "{\"b\": ${title}}");
    roster_look(r);
    cr_expect_eq(handed_on, 2);
    put(body, "{\"b\": ${nonsense}}");
    roster_look(r);
    cr_expect_eq(handed_on, 2, "a bad one changes nothing");
    put(body, "{\"c\": ${title}}");
    roster_look(r);
    cr_expect_eq(handed_on, 3);
    end(&r);
}

/* Who has a mistake in a template that was named just now mends the template alone. */
Test(roster, a_template_that_was_refused_is_followed) {
    struct roster *r = make("{\"a\": ${nonsense}}");

    roster_load(r);
    cr_expect_eq(handed_on, 0);
    cr_expect_eq(refused, 1);
    cr_expect(strstr(roster_mistake(r), "body.json, line 1: ${nonsense}: no such field") != NULL,
              "%s", roster_mistake(r));
    roster_look(r);
    cr_expect_eq(refused, 1);
    put(body, "{\"a\": ${title}}");
    roster_look(r);
    cr_expect_eq(handed_on, 1);
    cr_expect_eq(count, 1);
    cr_expect_str_eq(roster_mistake(r), "");
    end(&r);
}

Test(roster, a_template_that_was_not_there_is_followed) {
    struct roster *r = make("");

    unlink(body);
    roster_load(r);
    roster_look(r);
    cr_expect_eq(handed_on, 0);
    put(body, "{\"a\": ${title}}");
    roster_look(r);
    cr_expect_eq(handed_on, 1);
    end(&r);
}

/* A file that could not be read for its mode is mended by chmod alone. */
Test(roster, a_mended_mode_is_taken_up) {
    struct roster *r = make("{\"a\": ${title}}");
    struct timespec tick = {.tv_nsec = 20 * 1000 * 1000}; /* of the file system's clock */

    roster_load(r);
    nanosleep(&tick, NULL);
    cr_assert_eq(chmod(conf, 0640), 0);
    roster_look(r);
    cr_expect_eq(handed_on, 2);
    roster_look(r);
    cr_expect_eq(handed_on, 2);
    end(&r);
}
