/* See faultline.h. */
#include "faultline.h"

#include <string.h>

#include "diagnosis.h"
#include "text.h"

#include "json.h"

void faultline_text(const struct json_t *alert, char *out, size_t size) {
    const char *fault = json_get_text(alert, "fault");
    const char *host = json_get_text(alert, "relayhost");

    text_format(out, size, "%.128s%s%s%s%.200s", json_get_text(alert, "who"),
                fault[0] != '\0' ? "; fault: " : "", fault, host[0] != '\0' ? ", at " : "", host);
}

static void add(char *out, size_t size, const char *before, long long count, const char *what) {
    size_t n = strlen(out);

    text_format(out + n, size - n, "%s%lld %s", before, count, what);
}

void faultline_relayhost(const struct json_t *relayhost, char *out, size_t size) {
    const struct json_t *trouble = json_get(relayhost, "trouble");
    const char *title = json_get_text(trouble, "title");
    const char *state = json_get_text(relayhost, "state");
    bool any = false;

    if (title[0] != '\0')
        text_format(out, size, "%.120s FAILS, fault: %s (%.3s %.120s)",
                    json_get_text(relayhost, "host"), json_get_text(trouble, "fault"),
                    json_get_text(trouble, "diagnosis"), title);
    else
        text_format(out, size, "%.120s%s", json_get_text(relayhost, "host"),
                    strcmp(state, "ok") == 0 ? " delivers" : "");
    add(out, size, "; ", (long long)json_get_int(relayhost, "sent", 0), "sent");
    for (enum party party = PARTY_OURS; party < PARTY_COUNT; party++) {
        long long failed =
            (long long)(json_get_int(json_get(relayhost, "deferred"), party_name(party), 0) +
                        json_get_int(json_get(relayhost, "bounced"), party_name(party), 0));

        if (failed == 0)
            continue;
        add(out, size, any ? ", " : "; failed: ", failed, party_name(party));
        any = true;
    }
}
