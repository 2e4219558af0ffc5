/* See historyq.h. */
#include "historyq.h"

#include <string.h>

#include "httpquery.h"

static const char *parse_step(struct span query, struct historyq *out) {
    static const char right[] = "step: minute or hour";
    char text[16];

    switch (httpquery_get(query, "step", text, sizeof text)) {
    case HTTPQUERY_ABSENT:
        out->step =
            out->since_s <= timeline_reach_s(TIMELINE_MINUTES) ? TIMELINE_MINUTES : TIMELINE_HOURS;
        return NULL;
    case HTTPQUERY_BAD:
        return right;
    case HTTPQUERY_OK:
        break;
    }
    if (strcmp(text, "minute") == 0)
        out->step = TIMELINE_MINUTES;
    else if (strcmp(text, "hour") == 0)
        out->step = TIMELINE_HOURS;
    else
        return right;
    return NULL;
}

const char *historyq_parse(struct span query, struct historyq *out) {
    char text[32];

    *out = (struct historyq){.since_s = timeline_reach_s(TIMELINE_MINUTES)};
    switch (httpquery_get(query, "since", text, sizeof text)) {
    case HTTPQUERY_OK:
        if (!text_seconds(span_of(text), &out->since_s) || out->since_s < 60 ||
            out->since_s > timeline_reach_s(TIMELINE_HOURS))
            return "since: a time from 1m to 2d, as in since=2h";
        break;
    case HTTPQUERY_BAD:
        return "since: a time from 1m to 2d, as in since=2h";
    case HTTPQUERY_ABSENT:
        break;
    }
    return parse_step(query, out);
}
