/* See alertkeep.h. */
#include "alertkeep.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "keptline.h"
#include "log.h"
#include "rulestate.h"
#include "silences.h"
#include "xmem.h"
#include "state.h"

enum { GRACE_MS = 15 * 1000, NOW_AND_THEN_MS = 60 * 1000, SOON_MS = 1000 };

static void path_of(const struct daemon *d, const char *name, char out[300]) {
    text_format(out, 300, "%s/%s", d->conf.state_dir, name);
}

static void write_file(struct daemon *d, const char *name, struct keptout *out) {
    char path[300];
    struct fault why;

    path_of(d, name, path);
    keptout_seal(out);
    if (out->full)
        fault_set(&why, "%s: larger than %zu bytes", path, out->size);
    if (!out->full && file_replace(path, out->p, out->n, 0600, &why) == 0) {
        d->keep_failed_ms = 0;
        return;
    }
    if (d->keep_failed_ms == 0) {
        log_warn("alert", "%s", why.text);
        d->keep_failed_ms = clock_mono_ms();
    }
}

/* ---- alerts ---- */

static void print_lately(struct keptout *out, const char *name, const struct lately *l) {
    for (int i = 0; i < LATELY_SLOTS; i++) {
        if (l->count[i] > 0)
            keptout_line(out, "%s %d %lld %llu", name, i, (long long)l->step[i],
                         (unsigned long long)l->count[i]);
    }
}

static bool take_lately(struct lately *l, struct keptline *line) {
    uint64_t i = keptline_u64(line, LATELY_SLOTS - 1);
    int64_t step = keptline_i64(line, 0, INT64_C(1) << 50);
    uint64_t count = keptline_u64(line, UINT32_MAX);

    if (line->bad || step % LATELY_SLOTS != (int64_t)i)
        return false;
    l->step[i] = step;
    l->count[i] = count;
    return true;
}

static void print_canary(struct keptout *out, const struct mailcanary *c) {
    if (c->unproved_ms != 0 || c->delivered_ms != 0)
        keptout_line(out, "canary %lld %lld %lld", (long long)c->unproved_ms,
                     (long long)c->delivered_ms, (long long)c->delay_ms);
}

static bool take_canary(struct mailcanary *c, struct keptline *line) {
    int64_t unproved_ms = keptline_i64(line, 0, INT64_C(1) << 50);
    int64_t delivered_ms = keptline_i64(line, 0, INT64_C(1) << 50);
    int64_t delay_ms = keptline_i64(line, 0, INT64_C(1) << 50);

    if (line->bad)
        return false;
    c->unproved_ms = unproved_ms;
    c->delivered_ms = delivered_ms;
    c->delay_ms = delay_ms;
    return true;
}

static void save_alerts(struct daemon *d, struct keptout *out) {
    keptout_line(out, "relaywatch-alerts 1 %lld", (long long)clock_wall_ms());
    rulestate_print(d->rules, &d->health, out);
    silences_print(&d->silences, out);
    print_lately(out, "returned", &d->lookout.returned);
    print_lately(out, "unaccounted", &d->lookout.unaccounted);
    print_lately(out, "expired", &d->lookout.expired);
    print_canary(out, &d->mailway.canary);
    write_file(d, "alerts", out);
}

static bool take_line(struct daemon *d, struct span line) {
    struct keptline l = {line, false};
    struct span kind = keptline_word(&l);

    if (span_is(kind, "returned"))
        return take_lately(&d->lookout.returned, &l);
    if (span_is(kind, "unaccounted"))
        return take_lately(&d->lookout.unaccounted, &l);
    if (span_is(kind, "expired"))
        return take_lately(&d->lookout.expired, &l);
    if (span_is(kind, "canary"))
        return take_canary(&d->mailway.canary, &l);
    return rulestate_take(d->rules, &d->health, line) || silences_take(&d->silences, line);
}

static bool take_head(struct span *text, const char *name, int64_t *saved_ms) {
    struct span line;
    struct keptline l = {{0}, false};

    if (!keptline_unseal(text) || !keptline_next(text, &line))
        return false;
    l.rest = line;
    if (!span_is(keptline_word(&l), name) || keptline_i64(&l, 1, 1) != 1)
        return false;
    *saved_ms = keptline_i64(&l, 0, INT64_C(1) << 50);
    return !l.bad;
}

bool alertkeep_parse(struct daemon *d, struct span text, int64_t now_ms) {
    int64_t saved_ms;
    struct span line;
    unsigned strange = 0;

    if (!take_head(&text, "relaywatch-alerts", &saved_ms))
        return false;
    while (keptline_next(&text, &line))
        strange += !take_line(d, line);
    if (strange > 0)
        log_warn("alert", "%u lines of another version in the file of the alerts", strange);
    rulestate_settle(d->rules, &d->health, saved_ms, now_ms, GRACE_MS);
    return true;
}

/* ---- deliveries ---- */

static void save_deliveries(struct daemon *d, struct keptout *out) {
    const struct lookout *l = &d->lookout;

    keptout_line(out, "relaywatch-deliveries 1 %lld", (long long)clock_wall_ms());
    for (int i = 0; i < BURN_MINUTES; i++) {
        const struct burn_minute *m = &l->burn.minute[i];

        if (m->minute != 0)
            keptout_line(out, "minute %u %u %u", m->minute, m->good, m->bad);
    }
    for (int i = 0; i < QUOTA_SENDERS; i++) {
        const struct quota_sender *s = &l->quota.sender[i];

        for (int h = 0; l->quota.weight[i] > 0 && h < QUOTA_HOURS; h++) {
            uint32_t hour = s->hour - (uint32_t)h;

            if (s->count[hour % QUOTA_HOURS] > 0)
                keptout_line(out, "hour %u %u %s", hour, s->count[hour % QUOTA_HOURS], s->name);
        }
    }
    write_file(d, "deliveries", out);
}

static void take_delivery_line(struct lookout *lookout, struct span line) {
    struct keptline l = {line, false};
    struct span kind = keptline_word(&l);
    uint32_t when = (uint32_t)keptline_u64(&l, UINT32_MAX);
    uint32_t first = (uint32_t)keptline_u64(&l, UINT32_MAX);

    if (span_is(kind, "hour") && !l.bad) {
        quota_restore(&lookout->quota, l.rest, when, first);
    } else if (span_is(kind, "minute")) {
        uint32_t bad = (uint32_t)keptline_u64(&l, UINT32_MAX);

        if (!l.bad)
            lookout->burn.minute[when % BURN_MINUTES] = (struct burn_minute){when, first, bad};
    }
}

static bool parse_deliveries(struct daemon *d, struct span text) {
    int64_t saved_ms;
    struct span line;

    if (!take_head(&text, "relaywatch-deliveries", &saved_ms))
        return false;
    while (keptline_next(&text, &line))
        take_delivery_line(&d->lookout, line);
    return true;
}

/* ---- both ---- */

static void load_one(struct daemon *d, const char *name, char *buffer) {
    char path[300];
    struct fault why;
    ssize_t n;
    bool good;

    path_of(d, name, path);
    n = file_read(path, buffer, ALERTKEEP_BYTES, &why);
    if (n == -1)
        return; /* the first start, or the complaint comes with the first write */
    good = strcmp(name, "alerts") == 0
               ? alertkeep_parse(d, (struct span){buffer, (size_t)n}, clock_wall_ms())
               : parse_deliveries(d, (struct span){buffer, (size_t)n});
    if (!good)
        log_warn("alert", "%s is damaged: begun anew", path);
}

void alertkeep_load(struct daemon *d) {
    char *buffer = xcalloc(1, ALERTKEEP_BYTES);

    load_one(d, "alerts", buffer);
    load_one(d, "deliveries", buffer);
    free(buffer);
}

void alertkeep_save(struct daemon *d, enum alertkeep_when when) {
    int64_t mono_ms = clock_mono_ms();
    bool due = mono_ms - d->kept_ms >= NOW_AND_THEN_MS || when == ALERTKEEP_ALL;
    struct keptout out = {NULL, 0, ALERTKEEP_BYTES, false};

    if (when == ALERTKEEP_SOON && !due && mono_ms - d->alerts_kept_ms < SOON_MS)
        return;
    if (!rulestate_changed(d->rules) && !d->silences.changed && !due)
        return;
    out.p = xcalloc(1, out.size);
    d->silences.changed = false;
    d->alerts_kept_ms = mono_ms;
    save_alerts(d, &out);
    if (due) {
        d->kept_ms = mono_ms;
        out.n = 0;
        out.full = false;
        save_deliveries(d, &out);
    }
    free(out.p);
}
