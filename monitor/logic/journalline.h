/* An entry of the systemd journal as the line that syslog would have written to a file: so that
 * parser and diagnoses see the same from both. Fields are taken one by one, as copies, because
 * libsystemd lends them for a moment only; the message goes to its place in the line at once, the
 * head is put before it at the end. Pure; nothing is allocated.
 *
 * The line: "2026-11-03T04:05:06.123456Z HOST IDENTIFIER[PID]: MESSAGE", with the time when
 * journald took the entry. PRIORITY is left out as in a file: what it says Postfix writes into the
 * text, too
 * ("warning: "). */
#ifndef LOGIC_JOURNALLINE_H
#define LOGIC_JOURNALLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum {
    JOURNALLINE_HEAD = 512,
    JOURNALLINE_MESSAGE = 64 * 1024, /* a longer one is too long, as in a file */
};

/* All zero before the first entry. Large: not for the stack. */
struct journalline {
    char host[256];
    char identifier[128];
    char syslog_pid[16];
    char pid[16];
    bool is_mail;        /* facility mail */
    bool is_of_journald; /* unless a transport says that somebody else sent it */
    bool has_message;
    bool is_too_long;
    size_t message_size;
    int64_t second; /* that `stamp` is of */
    char stamp[24];
    char text[JOURNALLINE_HEAD + JOURNALLINE_MESSAGE];
};

void journalline_begin(struct journalline *line);
/* "NAME=value"; fields that say nothing here are passed over. */
void journalline_take(struct journalline *line, struct span field);

/* By identifier and facility: does it belong into the mail log? */
bool journalline_is_mail(const struct journalline *line);
/* By the identifier: does journald itself speak? */
bool journalline_is_journald(const struct journalline *line);

/* "Suppressed 17 messages from .../postfix@-.service": how many lines of Postfix journald threw
 * away because they came too fast; 0 if that is not what it says. */
uint64_t journalline_suppressed(const struct journalline *line);

/* The bytes of MESSAGE. */
struct span journalline_message(const struct journalline *line);

/* The whole line. It lives until the next journalline_begin. */
struct span journalline_make(struct journalline *line, uint64_t realtime_us);

#endif
