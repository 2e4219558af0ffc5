/* chronicle.c: incidents and what changed before them are there in the next life; a damaged file is
 * begun anew; what happened to Postfix and to the login is noted once. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "state.h"

static char folder[] = "/tmp/chronicle.XXXXXX";

static struct daemon *new_life(void) {
    struct daemon *d = calloc(1, sizeof *d);
    struct fault why;

    cr_assert_not_null(d);
    d->loop = loop_new(&why);
    text_copy(d->conf.state_dir, sizeof d->conf.state_dir, folder);
    text_copy(d->conf.postfix_config_dir, sizeof d->conf.postfix_config_dir, folder);
    chronicle_open(d);
    return d;
}

static void end_life(struct daemon *d) {
    chronicle_close(d);
    loop_free(&d->loop);
    free(d);
}

static void path_of(const char *name, char out[200]) {
    text_format(out, 200, "%s/%s", folder, name);
}

static void begin(void) {
    cr_assert_not_null(mkdtemp(folder));
}

static void finish(void) {
    char path[200];

    path_of("incidents", path);
    unlink(path);
    path_of("main.cf", path);
    unlink(path);
    rmdir(folder);
}

TestSuite(chronicle, .init = begin, .fini = finish);

static void refuse(struct daemon *d, int64_t since_ms, int64_t ended_ms) {
    struct alert *a = &d->shown.alert[0];

    d->shown.count = 1;
    *a = (struct alert){.id = "login-refused",
                        .diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS,
                        .severity = SEVERITY_CRITICAL,
                        .summary = "The smarthost refuses our login",
                        .since_ms = since_ms,
                        .ended_ms = ended_ms,
                        .count = 3};
}

/* Is there a change with these words among those noted before the incident? */
static bool changed(const struct incident *i, const char *words) {
    for (int n = 0; n < i->changes; n++) {
        if (strstr(i->change[n].text, words) != NULL)
            return true;
    }
    return false;
}

Test(chronicle, an_incident_is_there_in_the_next_life) {
    struct daemon *d = new_life();
    int64_t now_ms = clock_wall_ms();
    const struct incident *i;

    d->counters.value[COUNTER_SENT] = 100;
    chronicle_follow(d, now_ms - 1000);
    chronicle_note(d, "relaywatch.conf was read again");
    refuse(d, now_ms, 0);
    d->counters.value[COUNTER_DEFERRED] = 5;
    d->queue.deferred = 5;
    chronicle_follow(d, now_ms);
    end_life(d);

    d = new_life();
    i = incidents_get(&d->chronicle.incidents, 0);
    cr_assert_not_null(i);
    cr_expect_str_eq(i->id, "login-refused");
    cr_expect_eq(i->number, 1u);
    cr_expect_eq(i->diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_eq(i->ended_ms, 0);
    cr_expect_eq(i->before.sent, 100u);
    cr_expect_eq(i->after.waiting, 5u);
    cr_expect(changed(i, "relaywatch.conf was read again"));
    cr_expect(changed(i, "relaywatchd began"));
    refuse(d, now_ms, now_ms + 60000);
    chronicle_follow(d, now_ms + 60000);
    end_life(d);

    d = new_life();
    cr_expect_null(incidents_get(&d->chronicle.incidents, 1), "it is one");
    cr_expect_eq(incidents_get(&d->chronicle.incidents, 0)->ended_ms, now_ms + 60000);
    end_life(d);
}

Test(chronicle, a_damaged_file_is_begun_anew) {
    struct daemon *d = new_life();
    char path[200];
    struct fault why;

    refuse(d, clock_wall_ms(), 0);
    chronicle_follow(d, clock_wall_ms());
    end_life(d);
    path_of("incidents", path);
    cr_assert_eq(file_replace(path, "relaywatch-incidents 1\nnonsense\n", 32, 0600, &why), 0);
    d = new_life();
    cr_expect_null(incidents_get(&d->chronicle.incidents, 0));
    cr_expect_eq(d->chronicle.changes.note[0].at_ms != 0, true, "it goes on all the same");
    end_life(d);
}

Test(chronicle, what_master_says_is_noted) {
    struct daemon *d = new_life();
    int64_t now_ms = clock_wall_ms();
    const struct mailev reload = {.kind = MAILEV_LIFECYCLE,
                                  .daemon = SPAN("master"),
                                  .message = SPAN("reload -- version 3.7.11\033[2J")};
    const struct mailev script = {.kind = MAILEV_LIFECYCLE,
                                  .daemon = SPAN("postfix-script"),
                                  .message = SPAN("refreshing the Postfix mail system")};
    const struct mailev other = {
        .kind = MAILEV_WARNING, .daemon = SPAN("master"), .message = SPAN("warning: x")};

    chronicle_event(d, &reload, now_ms - 10);
    chronicle_event(d, &script, now_ms - 10);
    chronicle_event(d, &other, now_ms - 10);
    refuse(d, now_ms, 0);
    chronicle_follow(d, now_ms);
    cr_expect(changed(incidents_get(&d->chronicle.incidents, 0),
                      "Postfix: reload -- version 3.7.11?[2J"));
    cr_expect_not(changed(incidents_get(&d->chronicle.incidents, 0), "refreshing"), "twice");
    cr_expect_not(changed(incidents_get(&d->chronicle.incidents, 0), "warning"));
    end_life(d);
}
