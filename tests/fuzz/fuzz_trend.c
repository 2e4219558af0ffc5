/* An image of the trend from a file: whatever it holds, nothing is read out of bounds, and time
 * goes on in it. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int64_t now_ms = INT64_C(1790000000000);
    static struct trend trend;
    struct timeline line;
    struct timeline_sum sum;
    size_t offset, length;

    memset(&trend, 0, sizeof trend);
    trend_adopt(&trend); /* the head is ours, the slots are theirs */
    for (size_t i = 0; i + 9 <= size; i += 9) {
        size_t slot = data[i] % (TREND_MINUTES + TREND_HOURS);
        struct trend_slot *to =
            slot < TREND_MINUTES ? &trend.minute[slot] : &trend.hour[slot - TREND_MINUTES];

        memcpy((char *)to + (size_t)data[i] * 7 % (sizeof *to - 8), data + i + 1, 8);
    }
    (void)trend_adopt(&trend);
    trend_watch(&trend, now_ms);
    trend_queue(&trend, 1, 1, now_ms);
    for (int step = 0; step < 2; step++) {
        timeline_make(&line, (enum timeline_step)step, NULL, &trend, 0, now_ms);
        timeline_add_up(&line, now_ms, &sum);
        assert(sum.causes <= TIMELINE_CAUSES && sum.queue_counted);
    }
    while (trend_take_changed(&trend, &offset, &length))
        assert(offset + length <= TREND_IMAGE);
    return 0;
}
