/* The difference of two small texts as `diff -u` prints it. Pure but for the stream. */
#ifndef SETUP_DIFF_H
#define SETUP_DIFF_H

#include <stdio.h>

/* Prints nothing when they are the same. NULL is a file that is not there. */
void diff_print(FILE *out, const char *path, const char *before, const char *after);

#endif
