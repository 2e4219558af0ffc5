/* Asks the operator, on the terminal that is there. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/* Are stdin and stderr a terminal? */
bool prompt_can(void);

/* One line into `out`, without its newline; `hidden`: not shown as it is typed. False: end of
 * input, or too long. */
bool prompt_line(const char *question, bool hidden, char *out, size_t size);

/* y or Y is yes; all else is no. */
bool prompt_yes(const char *question);

#endif
