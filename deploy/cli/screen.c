/* See screen.h. */
#include "screen.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "fixtext.h"

enum { WIDTH_DEFAULT = 80, WIDTH_LEAST = 40, WIDTH_MOST = 110, ROWS_DEFAULT = 24 };

static const char COMMENT[] = "   # ";

struct screen screen_of_stdout(void) {
    struct screen s = {
        .colour = cli_colour(STDOUT_FILENO), .width = WIDTH_DEFAULT, .rows = ROWS_DEFAULT};
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST) {
        s.width = size.ws_col < WIDTH_MOST ? size.ws_col : WIDTH_MOST;
        s.rows = size.ws_row > ROWS_DEFAULT ? size.ws_row : ROWS_DEFAULT;
    }
    return s;
}

int screen_put_wrapped(const struct screen *s, int indent, const char *text) {
    int room = s->width - indent;
    int lines = 0;

    while (*text != '\0') {
        int n = (int)strlen(text);

        if (n > room) {
            n = room;
            while (n > 0 && text[n] != ' ')
                n--;
            if (n == 0)
                n = room;
        }
        printf("%.*s\n", n, text);
        lines++;
        text += n;
        while (*text == ' ')
            text++;
        if (*text != '\0')
            printf("%*s", indent, "");
    }
    return lines;
}

size_t screen_step_piece(const char *command, size_t room) {
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

int screen_put_step(const struct screen *s, int indent, const char *step) {
    size_t room = (size_t)(s->width - indent);
    int lines = 0;

    if (!fixtext_is_command(step))
        return screen_put_wrapped(s, indent, step);
    while (*step != '\0' && *step != '#') {
        size_t n = screen_step_piece(step, room);

        printf("%.*s\n", (int)n, step);
        lines++;
        step += n;
        step += strspn(step, " ");
        if (*step != '\0')
            printf("%*s", indent, "");
    }
    return *step == '\0' ? lines : lines + screen_put_wrapped(s, indent, step); /* a remark */
}
