/* What another host wrote of itself into Redis: whatever it is, it is within its bounds, and what
 * we would write of it is read again. */
#include "hostdoc.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct hostsum *sum) {
    assert(sum->count >= 0 && sum->count <= HOSTSUM_ALERTS && sum->all >= sum->count);
    assert(memchr(sum->version, '\0', sizeof sum->version) != NULL);
    assert(memchr(sum->relay, '\0', sizeof sum->relay) != NULL);
    for (int i = 0; i < sum->count; i++) {
        assert(memchr(sum->alert[i].id, '\0', sizeof sum->alert[i].id) != NULL);
        assert(memchr(sum->alert[i].summary, '\0', sizeof sum->alert[i].summary) != NULL);
        assert(i == 0 || sum->alert[i - 1].severity >= sum->alert[i].severity);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *exact = malloc(size > 0 ? size : 1);
    struct hostsum sum, again;
    struct hostsum alerts = {.state = HOSTSUM_OK};

    memcpy(exact, data, size);
    hostdoc_add_alert((struct span){exact, size}, &alerts);
    check(&alerts);
    if (hostdoc_read((struct span){exact, size}, &sum)) {
        char *text = hostdoc_print(&sum);

        check(&sum);
        assert(strlen(text) <= HOSTDOC_BYTES);
        assert(hostdoc_read(span_of(text), &again));
        assert(again.state == sum.state && again.count == sum.count && again.all == sum.all);
        free(text);
    }
    free(exact);
    return 0;
}
