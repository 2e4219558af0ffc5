/* See crasher.h. */
#include "crasher.h"

#include <stdlib.h>

#include "chronicle.h"
#include "count.h"
#include "log.h"
#include "poison.h"
#include "text.h"

#ifdef POISON_TRIGGER /* tests with sanitizers alone: see CMakeLists.txt */
static void crash_if_asked(struct span line) {
    const char *word = getenv("RELAYWATCH_TEST_POISON");

    if (word != NULL && span_find(line, word) != NULL)
        abort();
}
#else
static void crash_if_asked(struct span line) {
    (void)line;
}
#endif

void crasher_skip(struct daemon *d, struct span line) {
    char path[300], text[360];
    struct fault why;

    d->event =
        (struct mailev){.kind = MAILEV_OTHER,
                        .counters = COUNTER_BIT(COUNTER_LINES) | COUNTER_BIT(COUNTER_UNPARSED)};
    count_event(d, &d->event, false);
    d->poison_lines++;
    if (poison_keep(d->conf.state_dir, d->poison_lines, line, path, sizeof path, &why) == -1)
        text_format(text, sizeof text, "a line of the log made relaywatchd crash: skipped (%s)",
                    why.text);
    else
        text_format(text, sizeof text,
                    "a line of the log made relaywatchd crash: skipped, it is in %s", path);
    log_error("source", "%s", text);
    chronicle_note(d, text);
}

bool crasher_may_look(struct daemon *d, struct span line, uint64_t place) {
    if (poison_begin(&d->poison, line, place))
        return false;
    crash_if_asked(line);
    return true;
}

void crasher_open(struct daemon *d) {
    struct poison_news news;
    struct fault why;
    char path[300];

    text_format(path, sizeof path, "%s/line-in-hand", d->conf.state_dir);
    if (poison_open(&d->poison, path, &news, &why) == -1)
        log_warn("source", "%s: a line that makes relaywatchd crash would not be skipped",
                 why.text);
    if (news.crashes > 0)
        log_error("source", "crashed at a line of the log (%u of %d, then it is skipped): %s",
                  news.crashes, POISON_CRASHES, news.line);
}
