/* See fleetdoc.h. Times are RFC 3339 text in UTC, null where there is none; durations are seconds.
 */
#include "fleetdoc.h"

#include "hostdoc.h"
#include "json.h"

static void put_rates(struct json_t *o, const double rate[HOSTSUM_FIGURES]) {
    struct json_t *rates = json_make_object();

    for (int i = 0; i < HOSTSUM_FIGURES; i++) {
        char key[64];

        text_format(key, sizeof key, "%s_per_minute", counter_name(hostsum_counter[i]));
        json_put_real(rates, key, rate[i]);
    }
    json_put(o, "rates", rates);
}

static void put_counters(struct json_t *o, const uint64_t figure[HOSTSUM_FIGURES]) {
    struct json_t *counters = json_make_object();

    for (int i = 0; i < HOSTSUM_FIGURES; i++)
        json_put_int(counters, counter_name(hostsum_counter[i]), (int64_t)figure[i]);
    json_put(o, "counters", counters);
}

static struct json_t *alert_object(const struct hostsum_alert *a) {
    struct json_t *o = json_make_object();

    json_put_text(o, "id", a->id);
    json_put_text(o, "diagnosis", a->diagnosis);
    json_put_text(o, "severity", severity_name(a->severity));
    json_put_text(o, "summary", a->summary);
    json_put_text(o, "who", hostsum_who(a));
    json_put_time(o, "since", a->since_ms);
    return o;
}

static struct json_t *host_object(const struct fleet *fleet, const struct fleet_host *host) {
    const struct hostsum *sum = &host->sum;
    struct json_t *o = json_make_object();
    struct json_t *alerts = json_make_array();

    json_put_text(o, "host", host->name);
    json_put_text(o, "state", fleet_state_name(fleet_state(fleet, host)));
    json_put_time(o, "since", sum->since_ms);
    json_put_int(o, "silent_seconds", host->silent_ms / 1000);
    json_put_text(o, "version", sum->version[0] != '\0' ? sum->version : NULL);
    json_put_text(o, "relay", sum->relay[0] != '\0' ? sum->relay : NULL);
    if (sum->queue_known) {
        json_put_int(o, "queue", (int64_t)sum->queue_messages);
        json_put_int(o, "oldest_seconds", sum->oldest_s);
    } else {
        json_put_null(o, "queue");
        json_put_null(o, "oldest_seconds");
    }
    put_rates(o, sum->rate);
    put_counters(o, sum->figure);
    json_put_int(o, "firing", sum->all);
    for (int i = 0; i < sum->count; i++)
        json_add(alerts, alert_object(&sum->alert[i]));
    json_put(o, "alerts", alerts);
    return o;
}

static void put_fleet(struct json_t *doc, const struct fleet *fleet) {
    const struct fleet_host *host[FLEET_HOSTS];
    size_t count = fleet_sort(fleet, host);
    struct fleet_figures f = fleet_sum(fleet);
    struct json_t *counts = json_make_object();
    struct json_t *hosts = json_make_array();
    char headline[160];

    fleet_headline(fleet, headline, sizeof headline);
    json_put_text(doc, "headline", headline);
    for (int s = 0; s < FLEET_STATES; s++)
        json_put_int(counts, fleet_state_name((enum fleet_state)s), (int64_t)f.count[s]);
    json_put(doc, "count", counts);
    json_put_int(doc, "queue", (int64_t)f.queue_messages);
    put_rates(doc, f.rate);
    put_counters(doc, f.figure);
    json_put_bool(doc, "more_hosts", fleet->more);
    for (size_t i = 0; i < count; i++)
        json_add(hosts, host_object(fleet, host[i]));
    json_put(doc, "hosts", hosts);
}

/* Gone is as bad as critical: nobody watches there. */
static const char *state_word(const struct fleet *fleet, const struct fleetdoc_about *about) {
    enum fleet_state worst;

    if (fleet == NULL || about->read_age_ms < 0)
        return "unknown";
    worst = fleet_sum(fleet).worst;
    return fleet_state_name(worst == FLEET_GONE ? FLEET_CRITICAL : worst);
}

struct json_t *fleetdoc_make(const struct fleet *fleet, const struct fleetdoc_about *about) {
    static const struct fleet nobody;
    struct json_t *doc = json_make_object();
    const char *why = about->trouble;

    if (fleet == NULL)
        why = "no Redis is configured: hosts that share one are a fleet";
    else if (about->read_age_ms < 0 && why[0] == '\0')
        why = "not read yet";
    json_put_text(doc, "read_by", about->reader);
    json_put_text(doc, "state", state_word(fleet, about));
    json_put_time(doc, "now", about->now_ms);
    if (about->read_age_ms >= 0)
        json_put_real(doc, "age_seconds", (double)about->read_age_ms / 1000.0);
    else
        json_put_null(doc, "age_seconds");
    json_put_text(doc, "error", about->read_age_ms < 0 ? why : NULL);
    json_put_text(doc, "speaker",
                  about->speaker != NULL && about->speaker[0] != '\0' ? about->speaker : NULL);
    put_fleet(doc, fleet != NULL ? fleet : &nobody);
    return doc;
}
