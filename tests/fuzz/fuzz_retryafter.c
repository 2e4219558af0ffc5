/* What a receiver says in Retry-After and Date: whatever it is, the wait is within bounds. */
#include "retryafter.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t cut = size > 0 ? data[0] % size : 0;
    char *value = malloc(cut > 0 ? cut : 1);
    char *date = malloc(size > cut ? size - cut : 1);
    int64_t seconds, at;

    memcpy(value, data, cut); /* apart, so that a read beyond them is seen */
    memcpy(date, data + cut, size - cut);
    seconds =
        retryafter_seconds((struct span){value, cut}, (struct span){date, size - cut}, 1700000000);
    assert(seconds >= 0 && seconds <= RETRYAFTER_MOST_S);
    if (retryafter_date((struct span){date, size - cut}, 1700000000, &at))
        assert(at > -63000000000 && at < 254000000000); /* the years 0 to 9999 */
    free(value);
    free(date);
    return 0;
}
