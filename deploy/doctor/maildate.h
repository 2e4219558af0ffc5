/* The date that some servers say in their SMTP greeting, as in a mail's header (RFC 5322 3.3):
 * "220 mail.example.com ESMTP ready at Sat, 28 Nov 2026 09:34:40 +0000". Pure. */
#ifndef DOCTOR_MAILDATE_H
#define DOCTOR_MAILDATE_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 of the first date in the text; false: none in it. */
bool maildate_find(const char *text, int64_t *out);

#endif
