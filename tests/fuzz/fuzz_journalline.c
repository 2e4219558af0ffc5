/* Entries of any fields: the line stands inside its buffer, has no newline in its head, and the
 * parser takes it. Fields are parted by 0xff. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "journalline.h"
#include "logline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct journalline line;
    const char *at = (const char *)data, *end = at + size;
    uint64_t time_us = size * UINT64_C(1700000000123);
    struct logline_clock clock;
    struct mailev ev;
    struct span s;

    journalline_begin(&line);
    while (at < end) {
        const char *stop = memchr(at, 0xff, (size_t)(end - at));

        stop = stop != NULL ? stop : end;
        journalline_take(&line, (struct span){at, (size_t)(stop - at)});
        at = stop < end ? stop + 1 : end;
    }
    (void)journalline_suppressed(&line);
    s = journalline_make(&line, time_us);
    assert(s.p >= line.text && s.p + s.n <= line.text + sizeof line.text);
    assert(memchr(s.p, '\n', s.n - line.message_size) == NULL);
    logline_clock_init(&clock);
    clock.now_ms = (int64_t)(time_us / 1000);
    logline_parse(s, &clock, &ev);
    return 0;
}
