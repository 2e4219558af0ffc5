/* What a log source has to tell besides lines: the changes of its state, what was lost, and its
 * figures. Says a thing once, when it changes. */
#ifndef EDGE_NEWS_H
#define EDGE_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "tail.h"

struct news {
    const struct tail_calls *calls;
    const char *path;
    bool settled;       /* past the beginning: a file that is missing may be there in a moment */
    int64_t missing_ms; /* since when there is no file; 0: there is */
    int64_t long_event_ms;
    struct tail_figures figures;
};

void news_tell(struct news *news, const char *what, const char *detail);
/* Something was lost. */
void news_gap(struct news *news, const char *what, const char *detail);
void news_there(struct news *news);
/* Told after 1 s only: between rename and create there is no file for a moment. */
void news_missing(struct news *news, int64_t now_ms);
/* The same of what is not one file. */
void news_absent(struct news *news, const char *detail, int64_t now_ms);
void news_failure(struct news *news, int error, const char *detail);
void news_long_lines(struct news *news, uint64_t count, int64_t now_ms);

#endif
