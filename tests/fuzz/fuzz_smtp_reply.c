/* smtp.c: whatever the server sends, in whatever pieces: no overrun, the limits hold, and the
 * pieces do not matter. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum smtp_state run(struct smtp_reply *reply, const char *bytes, size_t n, size_t step,
                           size_t *used_out) {
    enum smtp_state state = SMTP_MORE;
    size_t used;

    smtp_reply_start(reply);
    *used_out = 0;
    while (state == SMTP_MORE && *used_out < n) {
        size_t some = n - *used_out < step ? n - *used_out : step;

        state = smtp_reply_feed(reply, bytes + *used_out, some, &used);
        assert(used <= some);
        *used_out += used;
    }
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct smtp_reply whole, pieces;
    struct smtp_offer offer;
    char enhanced[12];
    size_t used, used2;
    enum smtp_state state;

    if (size == 0)
        return 0;
    state = run(&whole, (const char *)data + 1, size - 1, SIZE_MAX, &used);
    assert(run(&pieces, (const char *)data + 1, size - 1, (size_t)data[0] + 1, &used2) == state);
    assert(used == used2 && whole.code == pieces.code && whole.text_n == pieces.text_n);
    assert(memcmp(whole.text, pieces.text, whole.text_n + 1) == 0);
    assert(whole.text_n <= SMTP_REPLY_MAX && strlen(whole.text) == whole.text_n);
    assert(state != SMTP_DONE || (whole.code >= 200 && whole.code <= 599));
    assert((state == SMTP_BAD) == (whole.problem != NULL));
    smtp_enhanced(&whole, enhanced, sizeof enhanced);
    smtp_offer_parse(&whole, &offer);
    assert(strlen(offer.egress) < 46);
    return 0;
}
