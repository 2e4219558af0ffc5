/* See sentinels.h. */
#include "sentinels.h"

#include <string.h>

#include "text.h"

static int add(struct sentinels *out, struct span word, struct fault *why) {
    char *address = out->address[out->count];
    char host[SENTINELS_ADDRESS];
    char port[8];

    if (out->count == SENTINELS_MOST)
        return fault_set(why, "more than %d", SENTINELS_MOST);
    if (!text_copy_span(address, SENTINELS_ADDRESS, word))
        return fault_set(why, "%.40s...: too long", address);
    if (!text_endpoint(address, host, sizeof host, port, sizeof port))
        return fault_set(why, "%s is no host:port", address);
    out->count++;
    return 0;
}

int sentinels_parse(const char *text, struct sentinels *out, struct fault *why) {
    memset(out, 0, sizeof *out);
    while (*text != '\0') {
        size_t n = strcspn(text, " \t,");

        if (n > 0 && add(out, (struct span){text, n}, why) == -1)
            return -1;
        text += n;
        text += strspn(text, " \t,");
    }
    return 0;
}
