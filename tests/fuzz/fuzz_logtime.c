/* Any bytes as stamps, one a line, after eight bytes that say what time it is: what the cache
 * remembers changes no result, and a stamp that was made of a time means that time. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "logtime.h"

static struct logtime cache;

/* Returns what the line's stamp means; INT64_MIN when it has none. */
static int64_t read_stamp(struct span line, int64_t now_ms) {
    static const struct logtime nothing;
    struct logtime fresh = nothing;
    struct span cached = line, uncached = line;
    int64_t ms = INT64_MIN, fresh_ms = INT64_MIN;
    bool found = logtime_parse(&cached, &cache, now_ms, &ms);

    assert(logtime_parse(&uncached, &fresh, now_ms, &fresh_ms) == found);
    assert(ms == fresh_ms && cached.p == uncached.p && cached.n == uncached.n);
    assert(found ? cached.p > line.p && cached.p + cached.n == line.p + line.n
                 : cached.p == line.p && cached.n == line.n && ms == INT64_MIN);
    uncached = line;
    if (logtime_again(&uncached, &cache, now_ms, &fresh_ms))
        assert(found && fresh_ms == ms && uncached.p == cached.p);
    logtime_names_zone((struct span){line.p, (size_t)(cached.p - line.p)});
    return ms;
}

/* The stamps of a time, as syslog daemons write them. */
static void round_trip(int64_t time_ms, int zone_minutes) {
    time_t utc = (time_t)(time_ms / 1000);
    time_t local = utc + zone_minutes * 60;
    int zone = abs(zone_minutes);
    char day[48], text[96];
    struct tm tm;

    gmtime_r(&local, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    text_format(text, sizeof text, "%s.%03d999%c%02d:%02d host", day, (int)(time_ms % 1000),
                zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
    assert(read_stamp(span_of(text), 0) == time_ms);
    gmtime_r(&utc, &tm);
    strftime(text, sizeof text, "%b %e %H:%M:%S host", &tm);
    assert(read_stamp(span_of(text), time_ms) == time_ms / 1000 * 1000);
    assert(read_stamp(span_of(text), time_ms + INT64_C(300) * 86400000) == time_ms / 1000 * 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span left = {(const char *)data, size};
    uint64_t seed = 0;

    setenv("TZ", "UTC0", 1);
    if (size < sizeof seed)
        return 0;
    memcpy(&seed, data, sizeof seed);
    left.p += sizeof seed;
    left.n -= sizeof seed;
    /* of 2000 to 2099, and not the 29th of February, which the year after does not have */
    int64_t now_ms = INT64_C(946684800000) + (int64_t)(seed % UINT64_C(3155673600000));
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;

    if (gmtime_r(&now, &tm)->tm_mon != 1 || tm.tm_mday != 29)
        round_trip(now_ms, (int)(seed >> 48) % (26 * 60) - 12 * 60);
    while (left.n > 0) {
        const char *end = memchr(left.p, '\n', left.n);
        size_t n = end != NULL ? (size_t)(end - left.p) : left.n;
        char *line = malloc(n > 0 ? n : 1); /* so that a byte beyond is found */

        assert(line != NULL);
        memcpy(line, left.p, n);
        read_stamp((struct span){line, n}, now_ms);
        free(line);
        left.p += n + (end != NULL);
        left.n -= n + (end != NULL);
    }
    return 0;
}
