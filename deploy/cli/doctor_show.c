/* See doctor_show.h. */
#include "doctor_show.h"

#include <stdio.h>

#include "screen.h"

enum { FOUND = 34, TEXT = 20 };

void doctor_show(const struct check *check, const struct finding *f) {
    struct screen screen = screen_of_stdout();
    const char *colour = !screen.colour                 ? ""
                         : f->result == RESULT_CRITICAL ? "\033[1;31m"
                         : f->result >= RESULT_UNKNOWN  ? "\033[1;33m"
                                                        : "";

    printf("%s%-14s%s %-18s ", colour, checks_word(f->result), colour[0] != '\0' ? "\033[0m" : "",
           check->id);
    screen_put_wrapped(&screen, FOUND, f->found);
    if (f->result < RESULT_WARNING)
        return;
    printf("               why  ");
    screen_put_wrapped(&screen, TEXT, check->why);
    if (f->fix[0] == '\0')
        return;
    printf("               do   ");
    screen_put_step(&screen, TEXT, f->fix);
}
