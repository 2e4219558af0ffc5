/* Asks the machine for the facts of machine.h and prints them in their written form. Blocks: runs
 * programs with time limits and reads a few files. Writes nothing. */
#ifndef SETUP_ASKING_H
#define SETUP_ASKING_H

#include <stdio.h>

#include "fault.h"

MUSTCHECK int asking_print(FILE *out, const char *config_dir, const char *relay, struct fault *why);

/* Runs a program for what it prints, at most 30 s. NULL: could not be run. `status_out` may be
 * NULL. To be freed. */
char *asking_run(const char *const *argv, int *status_out);

#endif
