/* The file of the incidents, whatever the disk made of it: taken or refused, and what was taken can
 * be listed and written again. The checksum is put right first, or nothing would get by. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chronicle.h"
#include "incidentdoc.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct keptout out = {malloc(size + 200), 0, size + 200, false};
    struct keptout again = {malloc(CHRONICLE_BYTES), 0, CHRONICLE_BYTES, false};
    struct chronicle *c = calloc(1, sizeof *c);
    const struct fixtext_place place = {.relay_host = "relay.example", .relay_port = 587};
    const struct incident *i;

    keptout_line(&out, "relaywatch-incidents 1");
    if (size > 0) {
        memcpy(out.p + out.n, data, size);
        out.n += size;
    }
    keptout_seal(&out);
    chronicle_parse(c, (struct span){out.p, out.n});
    for (int n = 0; (i = incidents_get(&c->incidents, n)) != NULL; n++) {
        struct json_t *doc = incidentdoc_make(i, &place);

        json_release(&doc);
    }
    incidents_print(&c->incidents, &again);
    changes_print(&c->changes, &again);
    free(out.p);
    free(again.p);
    free(c);
    return 0;
}
