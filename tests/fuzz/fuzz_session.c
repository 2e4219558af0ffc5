/* Any order of SMTP events: the counts of a session stay consistent. Each byte of the input is one
 * event. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct session session = {0};
    uint64_t mails = 0;
    uint64_t ends = 0;
    uint64_t aborted = 0;

    for (size_t i = 0; i < size; i++) {
        session_counts counts = 0;
        struct session_message message;
        uint8_t event = data[i];

        switch (event % 7) {
        case 0:
            aborted += session.open; /* a new connection: the caller has closed the old one */
            counts = session_connect(&session, event & 8);
            break;
        case 1:
            counts = session_mail(&session, "<App@example.com>", event & 8, event & 16);
            mails++;
            break;
        case 2:
            session_rcpt(&session);
            break;
        case 3:
            if (session_eom(&session, &message)) {
                assert(message.bytes <= 100 * i && (message.flags & ~3u) == 0);
                ends++;
            }
            break;
        case 4:
            counts = session_abort(&session);
            break;
        case 5:
            counts = session_close(&session);
            break;
        case 6:
            session_body(&session, 100);
            break;
        }
        assert(counts >> MLTPAGE_COUNTER_COUNT == 0);
        aborted += counts >> MLTPAGE_ABORTED & 1;
    }
    aborted += session_close(&session) >> MLTPAGE_ABORTED & 1;
    assert(mails == ends + aborted);
    assert(session_close(&session) == 0);
    return 0;
}
