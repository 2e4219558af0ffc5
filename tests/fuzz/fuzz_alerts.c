/* The file of the alerts, whatever the disk made of it: taken or refused, and what was taken can be
 * looked at, shown and written again. The checksum is put right first, or nothing would get by. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alertkeep.h"
#include "rulestate.h"
#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct rules_limits limits = {.keep_firing_ms = 300000};
    struct keptout out = {malloc(size + 200), 0, size + 200, false};
    struct daemon *d = calloc(1, sizeof *d);
    struct signals s = {.health = &d->health,
                        .log_path = "",
                        .credential_detail = "",
                        .store_detail = "",
                        .host = "",
                        .rival = ""};
    struct keptout again = {malloc(ALERTKEEP_BYTES), 0, ALERTKEEP_BYTES, false};

    d->rules = rules_new(&limits);
    lookout_init(&d->lookout);
    keptout_line(&out, "relaywatch-alerts 1 1700000000000");
    if (size > 0) {
        memcpy(out.p + out.n, data, size);
        out.n += size;
    }
    keptout_seal(&out);
    alertkeep_parse(d, (struct span){out.p, out.n}, INT64_C(1700000001000));
    rules_eval(d->rules, &s, INT64_C(1700000002000));
    silences_expire(&d->silences, INT64_C(1700000002000));
    rulestate_print(d->rules, &d->health, &again);
    silences_print(&d->silences, &again);
    rules_free(&d->rules);
    free(out.p);
    free(again.p);
    free(d);
    return 0;
}
