/* alertkeep.c: what was written down is there in the next life, and a damaged file is left out
 * whole. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alertkeep.h"
#include "clock.h"
#include "file.h"
#include "rules_world.h"
#include "state.h"
#include "healthlook.h"

static char folder[] = "/tmp/alertkeep.XXXXXX";

static struct daemon *new_life(void) {
    struct daemon *d = calloc(1, sizeof *d);

    cr_assert_not_null(d);
    d->rules = rules_new(&world_limits);
    text_copy(d->conf.state_dir, sizeof d->conf.state_dir, folder);
    lookout_init(&d->lookout);
    return d;
}

static void end_life(struct daemon *d) {
    rules_free(&d->rules);
    free(d);
}

static void begin(void) {
    cr_assert_not_null(mkdtemp(folder));
}

static void path_of(const char *name, char out[200]) {
    text_format(out, 200, "%s/%s", folder, name);
}

static void finish(void) {
    char path[200];

    path_of("alerts", path);
    unlink(path);
    path_of("deliveries", path);
    unlink(path);
    rmdir(folder);
}

/* A life in which a login is refused, a sender sends much and mail is lost; then it ends. */
static void write_down(void) {
    struct daemon *d = new_life();
    struct signals s = {.health = &d->health,
                        .host = "mx",
                        .rival = "",
                        .credential_detail = "",
                        .store_detail = "",
                        .log_path = ""};
    int64_t now_ms = clock_wall_ms();

    health_note_probe(&d->health, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535 no"), now_ms);
    cr_assert(rules_eval(d->rules, &s, now_ms));
    lately_note(&d->lookout.returned, 4, now_ms);
    lately_note(&d->lookout.expired, 2, now_ms);
    quota_note(&d->lookout.quota, SPAN("app@example.com"), 700, now_ms);
    burn_note(&d->lookout.burn, true, now_ms);
    d->mailway.canary.unproved_ms = now_ms;
    d->mailway.canary.delivered_ms = now_ms - 1;
    d->mailway.canary.delay_ms = 1500;
    alertkeep_save(d, ALERTKEEP_ALL);
    end_life(d);
}

Test(alertkeep, all_of_it_is_there_again, .init = begin, .fini = finish) {
    struct daemon *d;
    const struct alert_set *set;
    struct quota_top top;
    int64_t now_ms = clock_wall_ms();

    write_down();
    d = new_life();
    alertkeep_load(d);
    set = rules_alerts(d->rules);
    cr_assert_eq(set->count, 1);
    cr_expect_str_eq(set->alert[0].id, "login-refused");
    cr_expect_eq(set->alert[0].diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect(health_is_broken(&d->health, AREA_LOGIN, now_ms));
    cr_expect_eq(lately_sum(&d->lookout.returned, now_ms), 4u);
    cr_expect_eq(lately_sum(&d->lookout.expired, now_ms), 2u);
    cr_expect_eq(d->mailway.canary.unproved_ms, d->mailway.canary.delivered_ms + 1);
    cr_expect_eq(d->mailway.canary.delay_ms, 1500);
    quota_look(&d->lookout.quota, 0, now_ms, &top);
    cr_assert_not_null(top.sender);
    cr_expect_str_eq(top.sender, "app@example.com");
    cr_expect_eq(top.recipients, 700u);
    end_life(d);
}

Test(alertkeep, others_cannot_read_it, .init = begin, .fini = finish) {
    char path[200];
    struct stat st;

    write_down();
    path_of("alerts", path);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600u);
}

/* One byte is another: the checksum does not fit, and nothing is taken. */
Test(alertkeep, a_damaged_file_is_left_out, .init = begin, .fini = finish) {
    static char text[ALERTKEEP_BYTES];
    char path[200];
    struct daemon *d;
    struct fault why;
    ssize_t n;

    write_down();
    path_of("alerts", path);
    n = file_read(path, text, sizeof text, &why);
    cr_assert_gt(n, 100);
    for (ssize_t at = 0; at < n; at += n / 7) {
        d = new_life();
        text[at] ^= 1;
        cr_expect_not(alertkeep_parse(d, (struct span){text, (size_t)n}, clock_wall_ms()),
                      "byte %zd", at);
        cr_expect_eq(rules_alerts(d->rules)->count, 0);
        text[at] ^= 1;
        end_life(d);
    }
}
