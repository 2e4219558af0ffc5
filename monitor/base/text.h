/* Text by length: spans into somebody else's buffer, bounded copies, strict numbers. No allocation.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

/* `n` bytes from `p`; not terminated; may hold any byte; lives as long as the buffer it points
 * into. An absent one has n == 0 (and p may be NULL). */
struct span {
    const char *p;
    size_t n;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

struct span span_of(const char *text);
bool span_is(struct span s, const char *text);
bool span_starts(struct span s, const char *prefix);
bool span_equal(struct span a, struct span b);
/* Where `needle` begins in `s`, or NULL. */
const char *span_find(struct span s, const char *needle);
/* Without spaces, tabs, CR and LF at both ends. */
struct span span_trim(struct span s);

/* Copies what fits and terminates. Returns true when all of it fitted. size >= 1. */
bool text_copy(char *out, size_t size, const char *from);
bool text_copy_span(char *out, size_t size, struct span from);
/* snprintf that terminates; returns true when all of it fitted. */
bool text_format(char *out, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* As text_copy_span; control characters and bytes that are not valid UTF-8 become '?', so that the
 * result may be shown on a terminal and put into JSON. */
bool text_copy_printable(char *out, size_t size, struct span from);
/* Letters of ASCII become capitals. */
void text_upper(char *text);

/* How many bytes the character at the beginning takes, and its code point; 0: not valid UTF-8 (RFC
 * 3629), or nothing is there. */
size_t text_utf8(struct span s, uint32_t *code_out);

/* A character that shows nothing, or turns the direction of what stands beside it: zero width,
 * bidirectional controls, tags, ... */
bool text_is_unseen(uint32_t code);

/* Decimal, digits only, whole span, no overflow, between min and max; else false and *out
 * untouched. */
bool text_u64(struct span s, uint64_t min, uint64_t max, uint64_t *out);
/* The same with an optional '-'. */
bool text_i64(struct span s, int64_t min, int64_t max, int64_t *out);
/* "90", "90s", "5m", "2h", "1d" to seconds; false if it is none of these. */
bool text_seconds(struct span s, uint64_t *out);

/* For people: "12 s", "5 min", "3 h", "2 days", to the nearest unit. */
void text_age(char *out, size_t size, int64_t seconds);
/* For people: "331 bytes", "1.2 kB", "35.9 MB". */
void text_bytes(char *out, size_t size, uint64_t bytes);

/* Takes "host:port" or "[v6]:port" apart; the port is a decimal number from 1 to 65535. false if it
 * is neither or does not fit. */
bool text_endpoint(const char *endpoint, char *host, size_t host_size, char *port,
                   size_t port_size);

#endif
