/* The packets that relaywatch-notify sends to relaywatchd, and the question of `relaywatch alerts
 * test`: what is read is within its bounds and printable. */
#include <stdint.h>
#include <stdlib.h>

#include "receiverdoc.h"
#include "testdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size) {
    size_t n = 0;

    while (n < size && text[n] != '\0') {
        if ((unsigned char)text[n] < ' ' || text[n] == 0x7f)
            abort();
        n++;
    }
    if (n == size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct receiver_report report;
    struct fault why;
    char name[TESTDOC_NAME];

    if (testdoc_read_question((const char *)data, size, name))
        check_text(name, sizeof name);
    if (receiverdoc_read((const char *)data, size, &report, &why) == -1)
        return 0;
    if (report.count < 0 || report.count > RECEIVERSTATES_MOST)
        abort();
    for (int i = 0; i < report.count; i++) {
        check_text(report.receiver[i].name, sizeof report.receiver[i].name);
        check_text(report.receiver[i].kind, sizeof report.receiver[i].kind);
        check_text(report.receiver[i].place, sizeof report.receiver[i].place);
        check_text(report.receiver[i].last_error, sizeof report.receiver[i].last_error);
    }
    return 0;
}
