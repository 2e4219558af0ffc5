/* See logdelay.h. */
#include "logdelay.h"

/* Microseconds times the power of ten that "e+05" names: up to a million, which is 11 days. */
static int64_t with_exponent(int64_t us, struct span s) {
    bool negative = s.n > 1 && s.p[1] == '-';
    size_t i = s.n > 1 && (negative || s.p[1] == '+') ? 2 : 1;
    int64_t power = 0;

    if (i == s.n || s.n - i > 2)
        return -1;
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        power = power * 10 + (s.p[i] - '0');
    }
    if (power > 6)
        return -1;
    for (; power > 0; power--) {
        if (!negative && us > INT64_MAX / 10)
            return -1;
        us = negative ? us / 10 : us * 10;
    }
    return us;
}

int64_t logdelay_parse(struct span s) {
    int64_t whole = 0, fraction = 0, unit = 1000000;
    size_t i = 0;

    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && i < 12; i++)
        whole = whole * 10 + (s.p[i] - '0');
    if (i == 0)
        return -1;
    if (i < s.n && s.p[i] == '.') {
        for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
            if (unit > 1) {
                unit /= 10;
                fraction += (s.p[i] - '0') * unit;
            }
        }
    }
    if (i < s.n && s.p[i] == 'e')
        return with_exponent(whole * 1000000 + fraction, (struct span){s.p + i, s.n - i});
    return i == s.n ? whole * 1000000 + fraction : -1;
}

struct span logdelay_behind(struct span s, char end, int64_t *us_out) {
    static const int64_t unit_us[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    const char *p = s.p, *last, *dot;
    uint32_t value = 0, digit;

    if (s.n == 0)
        return (struct span){NULL, 0};
    last = s.p + s.n;
    while (p < last && (digit = (uint32_t)(*p - '0')) <= 9) {
        value = value * 10 + digit;
        p++;
    }
    dot = p;
    if (p < last && *p == '.') {
        p++;
        while (p < last && (digit = (uint32_t)(*p - '0')) <= 9) {
            value = value * 10 + digit;
            p++;
        }
    }
    if (p == last || *p != end || dot == s.p || p - s.p > 9 || p - dot > 7)
        return (struct span){NULL, 0};
    *us_out = value * unit_us[p > dot ? p - dot - 1 : 0];
    p++;
    return (struct span){p, (size_t)(last - p)};
}

struct span logdelay_behind_all(struct span s, int64_t us_out[STAGE_COUNT]) {
    s = logdelay_behind(s, '/', &us_out[0]);
    s = logdelay_behind(s, '/', &us_out[1]);
    s = logdelay_behind(s, '/', &us_out[2]);
    return logdelay_behind(s, ',', &us_out[3]);
}

void logdelay_parse_all(struct span s, int64_t delays_us[STAGE_COUNT]) {
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        size_t n = logscan_find(s, '/');

        delays_us[i] = logdelay_parse((struct span){s.p, n});
        n += n < s.n;
        s = (struct span){s.p + n, s.n - n};
    }
}
