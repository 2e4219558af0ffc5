/* See doctor_show.h. */
#include "doctor_show.h"

#include <stdio.h>
#include <string.h>

#include "screen.h"

enum { FOUND = 34, TEXT = 20 };

static const char COMMENT[] = "   # ";

size_t doctor_show_piece(const char *command, size_t room) {
    const char *comment = strstr(command, COMMENT);
    size_t whole = strlen(command);
    size_t n = comment != NULL ? (size_t)(comment - command) : whole;
    size_t best = 0;

    if (whole <= room)
        return whole;
    if (n <= room)
        return n;
    for (size_t i = 1; i < n && (i <= room || best == 0); i++) {
        if (command[i] == ' ' && strchr("&;|", command[i - 1]) != NULL)
            best = i;
    }
    return best > 0 ? best : n;
}

static void put_command(const struct screen *screen, const char *command) {
    size_t room = (size_t)(screen->width - TEXT);

    while (*command != '\0' && *command != '#') {
        size_t n = doctor_show_piece(command, room);

        printf("%.*s\n", (int)n, command);
        command += n;
        command += strspn(command, " ");
        if (*command != '\0')
            printf("%*s", TEXT, "");
    }
    if (*command != '\0')
        screen_put_wrapped(screen, TEXT, command); /* a remark */
}

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
    put_command(&screen, f->fix);
}
