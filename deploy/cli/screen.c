/* See screen.h. */
#include "screen.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

enum { WIDTH_DEFAULT = 80, WIDTH_LEAST = 40, WIDTH_MOST = 110, ROWS_DEFAULT = 24 };

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
