/* SMTP replies, read from bytes that a hostile server may have chosen: one reply, byte by byte,
 * with limits on everything (RFC 5321 4.2; a line has 512 octets there, we bear 2,048). Pure, no
 * allocation. */
#ifndef PROBE_SMTP_H
#define PROBE_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mechs.h"

enum {
    SMTP_LINE_MAX = 2048,
    SMTP_LINES_MAX = 100,
    SMTP_REPLY_MAX = 65536, /* bytes in all */
};

enum smtp_state {
    SMTP_MORE, /* the reply goes on */
    SMTP_DONE, /* code and text are set */
    SMTP_BAD,  /* not SMTP, or over a limit: `problem` says which */
};

struct smtp_reply {
    unsigned code; /* 200 to 599; 0: none yet */
    unsigned lines;
    size_t text_n;
    char
        text[SMTP_REPLY_MAX + 1]; /* what follows the code, a line each, '\n' between; terminated */
    const char *problem;
    size_t total;
    size_t line_n;
    char line[SMTP_LINE_MAX];
};

/* What EHLO's reply offers. */
struct smtp_offer {
    bool starttls;
    char mechanisms[MECHS_SIZE]; /* of AUTH, a blank between */
    uint64_t size_limit;
    char words[256]; /* the keywords' lines without their arguments, but for AUTH's; a blank between
                      */
    char egress[64]; /* "... at your service, [192.0.2.1]" of Gmail; "" */
};

void smtp_reply_start(struct smtp_reply *reply);

/* Takes bytes up to the end of the reply and no more; `used_out` tells how many. */
enum smtp_state smtp_reply_feed(struct smtp_reply *reply, const char *bytes, size_t n,
                                size_t *used_out);

/* "5.7.8" at the head of the text (RFC 3463) into out, or "". */
void smtp_enhanced(const struct smtp_reply *reply, char *out, size_t size);

void smtp_offer_parse(const struct smtp_reply *reply, struct smtp_offer *out);

#endif
