/* See news.h. */
#include "news.h"

#include <errno.h>

#include "text.h"

enum { MISSING_MS = 1000, LONG_EVENT_MS = 60000 };

void news_tell(struct news *news, const char *what, const char *detail) {
    news->calls->on_event(what, detail, news->calls->arg);
}

void news_gap(struct news *news, const char *what, const char *detail) {
    news->figures.gaps++;
    news_tell(news, what, detail);
}

static void set_state(struct news *news, enum tail_state state, const char *detail) {
    static const char *const names[] = {"source_back", "source_missing", "source_unreadable",
                                        "source_error"};
    bool changed = news->figures.state != state;

    news->figures.state = state;
    text_copy(news->figures.detail, sizeof news->figures.detail, detail);
    if (changed)
        news_tell(news, names[state], state == TAIL_OK ? news->path : detail);
}

void news_there(struct news *news) {
    news->missing_ms = 0;
    set_state(news, TAIL_OK, "");
}

void news_absent(struct news *news, const char *detail, int64_t now_ms) {
    if (news->missing_ms == 0)
        news->missing_ms = now_ms;
    if (now_ms - news->missing_ms < MISSING_MS && news->settled)
        return;
    set_state(news, TAIL_MISSING, detail);
}

void news_missing(struct news *news, int64_t now_ms) {
    char detail[160];

    text_format(detail, sizeof detail, "%s: no such file", news->path);
    news_absent(news, detail, now_ms);
}

void news_failure(struct news *news, int error, const char *detail) {
    set_state(news, error == EIO || error == ESTALE ? TAIL_ERROR : TAIL_UNREADABLE, detail);
}

void news_long_lines(struct news *news, uint64_t count, int64_t now_ms) {
    news->figures.long_lines += count;
    if (count == 0 || (news->long_event_ms != 0 && now_ms - news->long_event_ms < LONG_EVENT_MS))
        return;
    news->long_event_ms = now_ms;
    news_tell(news, "long_line", "a line of more than 64 KiB was skipped");
}
