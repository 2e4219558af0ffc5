/* See prompt.h. */
#include "prompt.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "xmem.h"

bool prompt_can(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

enum { CANCEL = 3 }; /* Ctrl-C */

/* read(2), not stdio: no copy of a password stays in a buffer. */
static bool read_line(char *out, size_t size) {
    size_t n = 0;
    char c;

    while (read(STDIN_FILENO, &c, 1) == 1) {
        if (c == '\n') {
            out[n] = '\0';
            return true;
        }
        if (n + 1 == size || c == CANCEL)
            break;
        out[n++] = c;
    }
    wipe(out, size);
    return false;
}

bool prompt_line(const char *question, bool hidden, char *out, size_t size) {
    struct termios before, quiet;
    bool changed = hidden && tcgetattr(STDIN_FILENO, &before) == 0;
    bool done;

    fputs(question, stderr);
    fflush(stderr);
    if (changed) {
        quiet = before;
        /* ISIG: Ctrl-C comes as a character, so that the terminal is not left without echo. */
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ISIG);
        quiet.c_lflag |= ECHONL;
        quiet.c_cc[VEOL] = CANCEL; /* at once, not with the next Return */
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    done = read_line(out, size);
    if (changed)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    return done;
}

bool prompt_yes(const char *question) {
    char answer[16];

    return prompt_line(question, false, answer, sizeof answer) &&
           (answer[0] == 'y' || answer[0] == 'Y');
}
