/* Completion for bash and zsh: written from the table of commands and their help, so that it knows
 * what they know. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stddef.h>
#include <stdio.h>

#include "cli.h"

/* `shell`: "bash" or "zsh". -1: another one. */
int completion_print(FILE *out, const char *shell, const struct command *const *commands,
                     size_t count);

/* The words that may follow a command, with blanks between: what its usage lines offer and the
 * options of its help. Pure. */
void completion_words(const struct command *command, char *out, size_t size);

#endif
