/* Any bytes as lines of trouble, one a line: the outline stays in its room and does not depend on
 * numbers; what the totals carry is what was noted. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "shapes.h"

static void note(struct shapes *shapes, struct span text, int64_t time_ms) {
    struct mailev ev = {
        .kind = MAILEV_WARNING, .severity = SPAN("warning"), .daemon = SPAN("smtp")};

    ev.text = text;
    shapes_note(shapes, &ev, time_ms);
}

static void outline(struct span text) {
    char whole[256], part[24], again[256];
    size_t n = shapes_outline(text, whole, sizeof whole);
    size_t m = shapes_outline(text, part, sizeof part);

    assert(n < sizeof whole && whole[n] == '\0' && m < sizeof part && part[m] == '\0');
    assert(m <= n && memcmp(whole, part, m) == 0);
    assert(memchr(whole, '[', n) == NULL && memchr(whole, '@', n) == NULL);
    for (size_t i = 0; i < n; i++)
        assert(whole[i] >= ' ' && whole[i] <= '~' && (whole[i] < '0' || whole[i] > '9'));
    assert(shapes_outline((struct span){whole, n}, again, sizeof again) <= n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct shapes shapes, restored;
    static struct totals totals;
    struct span left = {(const char *)data, size};
    const struct shape *out[SHAPES_ROOM];
    uint64_t lines = 0;

    totals_clear(&totals);
    shapes_restore(&shapes, &totals);
    while (left.n > 0) {
        const char *end = memchr(left.p, '\n', left.n);
        struct span line = {left.p, end != NULL ? (size_t)(end - left.p) : left.n};

        outline(line);
        note(&shapes, line, (int64_t)lines++);
        left.p += line.n + (end != NULL);
        left.n -= line.n + (end != NULL);
    }
    shapes_put(&shapes, &totals);
    shapes_restore(&restored, &totals);
    assert(shapes.of_class[SHAPE_WARNING] == lines);
    assert(restored.of_class[SHAPE_WARNING] == lines);
    for (size_t i = 0; i < SHAPES_ROOM; i++)
        assert(restored.shape[i].id == shapes.shape[i].id);
    assert(shapes_fresh(&shapes, (int64_t)lines, out, SHAPES_ROOM) <= SHAPES_ROOM);
    return 0;
}
