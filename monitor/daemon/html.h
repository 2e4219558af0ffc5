/* Words of the page: text of the world into HTML, so that nothing in it becomes markup, is
 * invisible, or turns the direction of what stands beside it; numbers, times and durations as
 * people read them. Writes into memory (open_memstream); nothing blocks. */
#ifndef DAEMON_HTML_H
#define DAEMON_HTML_H

#include <stdint.h>
#include <stdio.h>

#include "attr.h"
#include "text.h"

/* Any text, between tags or in a quoted attribute. Controls, what is
 * invisible or turns the direction, and bytes that are not UTF-8 are shown as U+FFFD. */
void html_text(FILE *out, const char *text);

/* "1,234" */
void html_count(FILE *out, uint64_t count);

/* "2026-11-28 05:40:12 UTC" in the host's zone, marked up; "not known" for 0. */
void html_time(FILE *out, int64_t time_ms);

/* One row of a table of two columns; the value is escaped. */
void html_row(FILE *out, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
void html_row_count(FILE *out, const char *name, uint64_t count);
void html_row_time(FILE *out, const char *name, int64_t time_ms);

/* How long a delivery took: "0.35 s", "4.2 s", "31 s", "5 min". */
void html_delay(char *out, size_t size, int64_t ms);

#endif
