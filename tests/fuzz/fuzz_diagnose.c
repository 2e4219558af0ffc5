/* Any line and any reply: no harm, words behind a server's refusal of a recipient are never a
 * refused login, and the smarthost that a line names is a part of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "logline.h"
#include "relayhosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct diagnoser *diagnoser;
static struct relayhosts relayhosts;

static enum diagnosis diagnose_line(const char *line, size_t n) {
    struct logline_clock clock;
    struct mailev ev;
    enum diagnosis d;

    logline_clock_init(&clock);
    logline_parse((struct span){line, n}, &clock, &ev);
    d = diagnose_event(diagnoser, &ev);
    assert(d < DIAGNOSIS_COUNT && diagnosis_entry(d)->title != NULL);
    assert(ev.status != MAILEV_STATUS_SENT || d == DIAGNOSIS_NONE);
    ev.diagnosis = d;
    relayhosts_note(&relayhosts, &ev);
    assert(ev.relayhost.n == 0 ||
           (ev.relayhost.p >= line && ev.relayhost.p + ev.relayhost.n <= line + n));
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char head[] =
        "postfix/smtp[1]: 4D7BD1781307: to=<a@b.c>, relay=h[1.2.3.4]:25, delay=1, "
        "delays=0/0/0/1, dsn=5.1.1, status=bounced (host h[1.2.3.4] said: 550 5.1.1 ";
    char *line = malloc(sizeof head + size + 1);

    if (diagnoser == NULL)
        diagnoser = diagnoser_new();
    if (line == NULL)
        return 0;
    memcpy(line, data, size);
    (void)diagnose_line(line, size);
    assert(diagnose_reply(diagnoser, (struct span){line, size}) < DIAGNOSIS_COUNT);
    memcpy(line, head, sizeof head - 1);
    memcpy(line + sizeof head - 1, data, size);
    line[sizeof head - 1 + size] = ')';
    if (memchr(data, '\n', size) == NULL && memchr(data, '\r', size) == NULL) {
        enum diagnosis d = diagnose_line(line, sizeof head + size);

        assert(d != DIAGNOSIS_G01_BAD_CREDENTIALS && d != DIAGNOSIS_G06_AUTH_REQUIRED);
        assert(diagnosis_entry(d)->id[0] != 'S' && diagnosis_entry(d)->id[0] != 'N');
    }
    free(line);
    return 0;
}
