/* See watch.h. The terminal is what xterm and its kin understand: cursor addressing, erase to the
 * end of the line, the alternate screen. */
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "text.h"
#include "xmem.h"
#include "cli.h"

enum { ROWS_MOST = SHEET_LINES, ROWS_DEFAULT = 24, COLUMNS_DEFAULT = 80, COLUMNS_LEAST = 20 };

struct watch {
    watch_look_fn *look;
    void *arg;
    const char *hint;
    int every_ms;
    bool draws; /* the output can be drawn on */
    bool reads; /* keys come from the input */
    bool lost;  /* the output is gone */
    struct termios before;
    char key[WATCH_KEY]; /* of the last line */
    struct sheet sheet;
    size_t rows; /* that are drawn */
    char drawn[ROWS_MOST][SHEET_LINE_BYTES];
};

/* Stands for a row that the line before it goes on in. */
static const char goes_on[] = "\001";

static volatile sig_atomic_t ended, resized, suspended;

static void on_signal(int number) {
    if (number == SIGWINCH)
        resized = 1;
    else if (number == SIGTSTP)
        suspended = 1;
    else
        ended = 1;
}

/* Without SA_RESTART: they are to end a wait. */
static void catch_signals(bool draws) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction act = {.sa_handler = on_signal};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        sigaction(ends[i], &act, NULL);
    if (!draws)
        return;
    sigaction(SIGWINCH, &act, NULL);
    sigaction(SIGTSTP, &act, NULL);
}

void watch_size(int fd, int *columns_out, int *rows_out) {
    struct winsize size;
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_LEAST;

    *columns_out = known ? size.ws_col : COLUMNS_DEFAULT;
    *rows_out = known ? size.ws_row : 0;
}

static void say(struct watch *w, const char *text, size_t n) {
    struct fault why;

    if (file_write_all(STDOUT_FILENO, text, n, &why) == -1)
        w->lost = true;
}

/* ---- the terminal ---- */

static void enter(struct watch *w) {
    static const char begin[] = "\033[?1049h\033[?25l\033[H\033[2J";
    struct termios keys;

    if (w->reads && tcgetattr(STDIN_FILENO, &w->before) == 0) {
        keys = w->before;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        keys.c_cc[VMIN] = 0;
        keys.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    } else {
        w->reads = false;
    }
    w->rows = 0;
    memset(w->drawn, 0, sizeof w->drawn);
    say(w, begin, sizeof begin - 1);
}

static void leave(struct watch *w) {
    static const char end[] = "\033[?25h\033[?1049l";

    say(w, end, sizeof end - 1);
    if (w->reads)
        tcsetattr(STDIN_FILENO, TCSANOW, &w->before);
}

/* Ctrl-Z: gives the terminal back, stops, and takes it again. */
static void suspend(struct watch *w) {
    suspended = 0;
    leave(w);
    raise(SIGSTOP);
    enter(w);
}

/* Does this line stand at this row already, with the rows that it goes on in? */
static bool stands(const struct watch *w, const char *text, size_t row, size_t height) {
    if (strcmp(text, w->drawn[row]) != 0)
        return false;
    for (size_t i = 1; i < height; i++) {
        if (strcmp(w->drawn[row + i], goes_on) != 0)
            return false;
    }
    return true;
}

/* Writes the lines that differ from what stands there. A line that fills its last row is not
 * followed by an erase: that would take its last character. */
static void draw(struct watch *w, size_t rows) {
    size_t size = ROWS_MOST * (SHEET_LINE_BYTES + 32);
    char *out = xcalloc(1, size);
    size_t n = 0;
    size_t row = 0;

    for (size_t i = 0; row < rows && (i < w->sheet.count || row < w->rows); i++) {
        const char *text = i < w->sheet.count ? w->sheet.line[i].text : "";
        bool full = false;
        size_t height = i < w->sheet.count ? sheet_rows(&w->sheet, i, &full) : 1;

        if (row + height > rows)
            break;
        if (!stands(w, text, row, height)) {
            text_format(out + n, size - n, "\033[%zu;1H%s%s", row + 1, text, full ? "" : "\033[K");
            n += strlen(out + n);
            text_copy(w->drawn[row], sizeof w->drawn[row], text);
            for (size_t k = 1; k < height; k++)
                text_copy(w->drawn[row + k], sizeof w->drawn[row], goes_on);
        }
        row += height;
    }
    w->rows = row;
    if (n > 0)
        say(w, out, n);
    free(out);
}

static void look_and_draw(struct watch *w) {
    char key[WATCH_KEY], line[WATCH_KEY], at[16], foot[80];
    time_t now = (time_t)(clock_wall_ms() / 1000);
    int columns, rows;
    struct tm tm;

    watch_size(STDOUT_FILENO, &columns, &rows);
    if (rows < 1 || rows > ROWS_MOST)
        rows = rows < 1 ? ROWS_DEFAULT : ROWS_MOST;
    sheet_init(&w->sheet, columns, cli_colour(STDOUT_FILENO));
    w->look(&w->sheet, key, line, w->arg);
    sheet_fit(&w->sheet, (size_t)rows - (rows > 1), w->hint);
    strftime(at, sizeof at, "%H:%M:%S", localtime_r(&now, &tm));
    text_format(foot, sizeof foot, "  at %s, every %d s, q ends", at, w->every_ms / 1000);
    if (rows > 1)
        sheet_put(&w->sheet, 0, SHEET_FAINT, foot, 0, "");
    draw(w, (size_t)rows);
}

/* ---- no terminal ---- */

static void look_and_print(struct watch *w) {
    char key[WATCH_KEY], line[WATCH_KEY], at[32];
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm tm;

    sheet_init(&w->sheet, COLUMNS_DEFAULT, false);
    w->look(&w->sheet, key, line, w->arg);
    if (strcmp(key, w->key) == 0)
        return;
    text_copy(w->key, sizeof w->key, key);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    printf("%s %s\n", at, line);
    w->lost = fflush(stdout) != 0;
}

/* ---- waiting ---- */

static void read_keys(struct watch *w) {
    char keys[64];
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);

    if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
        ended = 1; /* the terminal is gone */
    for (ssize_t i = 0; i < n; i++) {
        if (keys[i] == 'q' || keys[i] == 'Q')
            ended = 1;
    }
    (void)w;
}

/* Until the next look, a key that ends, or a signal. */
static void wait_for_next(struct watch *w) {
    int64_t until_ms = clock_mono_ms() + w->every_ms;
    int64_t left_ms;

    while (!ended && !resized && !suspended && (left_ms = until_ms - clock_mono_ms()) > 0) {
        struct pollfd keys = {.fd = w->draws && w->reads ? STDIN_FILENO : -1, .events = POLLIN};

        if (poll(&keys, 1, (int)left_ms) > 0)
            read_keys(w);
    }
    if (resized && w->draws) { /* what stands where is not known any more */
        memset(w->drawn, 0, sizeof w->drawn);
        w->rows = 0;
        say(w, "\033[2J", 4);
    }
    resized = 0;
}

void watch_run(watch_look_fn *look, void *arg, const char *hint, int every_ms) {
    const char *term = getenv("TERM");
    struct watch *w = xcalloc(1, sizeof *w);

    w->look = look;
    w->arg = arg;
    w->hint = hint;
    w->every_ms = every_ms;
    w->draws =
        isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
    w->reads = w->draws && isatty(STDIN_FILENO);
    catch_signals(w->draws);
    signal(SIGPIPE, SIG_IGN);
    if (w->draws)
        enter(w);
    while (!ended && !w->lost) {
        if (w->draws)
            look_and_draw(w);
        else
            look_and_print(w);
        wait_for_next(w);
        if (suspended && w->draws)
            suspend(w);
    }
    if (w->draws)
        leave(w);
    free(w);
}
