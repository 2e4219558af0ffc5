/* See mailway.h. */
#include "mailway.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "rules.h"
#include "state.h"

static void on_end(const char *trouble, void *arg) {
    struct daemon *d = arg;
    struct mailway *m = &d->mailway;

    if (trouble == NULL)
        return;
    if (strcmp(m->canary.trouble, trouble) != 0)
        log_warn("canary", "%s does not take our message: %s", d->conf.submit, trouble);
    mailcanary_refused(&m->canary, m->under_way, trouble);
}

static void tell_proof(struct daemon *d, int64_t wall_ms) {
    struct mailproof proof = mailway_proof(d, wall_ms);

    notifyc_mail(d->notify, &proof);
}

void mailway_open(struct daemon *d) {
    if (d->conf.canary_recipient[0] == '\0')
        return;
    d->mailway.submission = submission_new(d->loop, on_end, d);
    /* Before the first alerts go there: else a heartbeat may go, too. */
    tell_proof(d, clock_wall_ms());
}

void mailway_close(struct daemon *d) {
    submission_free(&d->mailway.submission);
}

static void send_one(struct daemon *d, int64_t wall_ms) {
    struct mailway *m = &d->mailway;
    time_t now = (time_t)(wall_ms / 1000);
    char text[2000];
    char date[64];
    uint64_t number;
    struct tm tm;
    const struct submission_letter letter = {.server = d->conf.submit,
                                             .helo = d->conf.host,
                                             .recipient = d->conf.canary_recipient,
                                             .text = text};

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return;
    text_format(m->under_way, sizeof m->under_way, "%016" PRIx64, number);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &tm));
    mailcanary_begin(&m->canary, m->under_way, wall_ms);
    if (!mailcanary_write(text, sizeof text, m->under_way, d->conf.host, d->conf.canary_recipient,
                          date))
        mailcanary_refused(&m->canary, m->under_way, "the message is too long");
    else if (!submission_send(m->submission, &letter))
        mailcanary_refused(&m->canary, m->under_way, "the one before is not handed in yet");
}

void mailway_tick(struct daemon *d, int64_t mono_ms) {
    int64_t wall_ms = clock_wall_ms();

    if (d->mailway.submission == NULL)
        return;
    tell_proof(d, wall_ms);
    if (mailcanary_is_due(&d->mailway.canary, (int64_t)d->conf.canary_interval_s * 1000, wall_ms,
                          mono_ms))
        send_one(d, wall_ms);
}

bool mailway_note(struct daemon *d, const struct mailev *ev, int64_t time_ms) {
    return d->mailway.submission != NULL && mailcanary_note(&d->mailway.canary, ev, time_ms);
}

void mailway_fill(const struct daemon *d, struct signals *s) {
    const struct mailcanary *c = &d->mailway.canary;

    if (d->mailway.submission == NULL)
        return;
    s->canary_overdue_ms = (int64_t)d->conf.canary_overdue_s * 1000;
    s->canary_unproved_ms = c->unproved_ms;
    s->canary_trouble = c->trouble;
}

struct mailproof mailway_proof(const struct daemon *d, int64_t wall_ms) {
    const struct mailcanary *c = &d->mailway.canary;
    int64_t overdue_ms = (int64_t)d->conf.canary_overdue_s * 1000;

    return (struct mailproof){.wanted = d->mailway.submission != NULL,
                              .overdue = d->mailway.submission != NULL && c->unproved_ms != 0 &&
                                         wall_ms - c->unproved_ms >= overdue_ms,
                              .delivered_ms = c->delivered_ms,
                              .delay_ms = c->delay_ms};
}
