/* Any order of SMTP events with any parameters: the counts of a session stay consistent. The input
 * is lines; the first byte of each is the event, the rest its ESMTP parameter. */
#include <assert.h>
#include <string.h>

#include "session.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct session session = {0};
    uint64_t mails = 0;
    uint64_t ends = 0;
    uint64_t aborted = 0;

    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t length = newline != NULL ? (size_t)(newline - data) : size;
        size_t used = newline != NULL ? length + 1 : length;
        char parameter[256] = "";
        const char *args[] = {"<>", parameter, NULL};
        session_counts counts = 0;
        struct session_message message;
        uint8_t event = length > 0 ? data[0] : 0;

        if (length > 0)
            text_copy_span(parameter, sizeof parameter,
                           (struct span){(const char *)data + 1, length - 1});
        switch (event % 6) {
        case 0:
            aborted += session.open; /* a new connection: the caller has closed the old one */
            counts = session_connect(&session, event & 8);
            break;
        case 1:
            counts = session_mail(&session, args, event & 8, event & 16);
            assert(session.bytes <= UINT64_C(1) << 40);
            mails++;
            break;
        case 2:
            session_rcpt(&session);
            break;
        case 3:
            if (session_eom(&session, &message)) {
                assert(message.bytes <= UINT64_C(1) << 40 && (message.flags & ~3u) == 0);
                ends++;
            }
            break;
        case 4:
            counts = session_abort(&session);
            break;
        case 5:
            counts = session_close(&session);
            break;
        }
        assert(counts >> MLTPAGE_COUNTER_COUNT == 0);
        aborted += counts >> MLTPAGE_ABORTED & 1;
        data += used;
        size -= used;
    }
    aborted += session_close(&session) >> MLTPAGE_ABORTED & 1;
    assert(mails == ends + aborted);
    assert(session_close(&session) == 0);
    return 0;
}
