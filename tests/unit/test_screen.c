/* screen.c: a command in lines that a shell takes as they are. */
#include <criterion/criterion.h>
#include <string.h>

#include "screen.h"

Test(screen, breaks_where_a_shell_reads_on) {
    static const struct {
        const char *command, *first;
    } rows[] = {
        {"short", "short"},
        {"short   # with a remark", "short   # with a remark"},
        {"sudo one && sudo two && sudo three and more", "sudo one && sudo two &&"},
        {"sudo one && sudo two   # a remark that is long", "sudo one && sudo two"},
        {"cannot be broken anywhere at all, it is long",
         "cannot be broken anywhere at all, it is long"},
        {"first part is too long for one line && next", "first part is too long for one line &&"},
        {"echo a | sudo tee -a /etc/hosts of the host", "echo a |"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = screen_step_piece(rows[i].command, 24);

        cr_expect(n == strlen(rows[i].first) && strncmp(rows[i].command, rows[i].first, n) == 0,
                  "%s: %.*s", rows[i].command, (int)n, rows[i].command);
    }
}
