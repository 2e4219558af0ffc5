/* A world of SPF records, a line each, reachable by their numbers: the walk ends, within limits.
 * The same lines as DKIM and DMARC records. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spf.h"
#include "tagrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = 16 };

static char records[RECORDS][SPF_RECORD];
static size_t record_count;
static unsigned asked;

static enum spf_answer record(const char *name, char out[SPF_RECORD], void *arg) {
    size_t i = (unsigned char)name[0] % RECORDS;

    (void)arg;
    asked++;
    if (i >= record_count)
        return SPF_NOTHING;
    text_copy(out, SPF_RECORD, "v=spf1 ");
    text_copy(out + 7, SPF_RECORD - 7, records[i]);
    return SPF_FOUND;
}

static enum spf_answer exists(const char *name, bool mx, void *arg) {
    (void)arg;
    asked++;
    return name[0] == 'n' || mx ? SPF_NOTHING : SPF_FOUND;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct spf_dns dns = {.record = record, .exists = exists};
    struct spf_result result;
    struct tag_result tags;
    char out[4096];

    record_count = 0;
    asked = 0;
    while (size > 0 && record_count < RECORDS) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t n = end != NULL ? (size_t)(end - data) : size;

        text_copy_span(records[record_count++], SPF_RECORD, (struct span){(const char *)data, n});
        n += end != NULL;
        data += n;
        size -= n;
    }
    spf_check("@", &dns, &result);
    assert(asked <= 2 + SPF_LOOKUPS_MOST);
    assert(result.error || (result.lookups <= SPF_LOOKUPS_MOST && result.voids <= SPF_VOIDS_MOST));
    spf_propose(&result, out, sizeof out);
    assert(spf_is_record(out));
    for (size_t i = 0; i < record_count; i++) {
        tagrecord_dkim(records[i], &tags);
        tagrecord_dmarc(records[i], &tags);
        assert(tags.what[0] != '\0');
    }
    return 0;
}
