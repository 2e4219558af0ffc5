/* struct view: all that page, metrics and API show, gathered at one moment by daemon.c and
 * formatted by page.c, metrics.c and statusdoc.c. Its pointers are lent for the time of one answer.
 */
#ifndef DAEMON_VIEW_H
#define DAEMON_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "conf.h"
#include "delays.h"
#include "destinations.h"
#include "fleet.h"
#include "exporter.h"
#include "health.h"
#include "http.h"
#include "incidents.h"
#include "keeperq.h"
#include "ledger.h"
#include "login.h"
#include "mailcanary.h"
#include "mltpage.h"
#include "quota.h"
#include "rates.h"
#include "relayhosts.h"
#include "receiverstate.h"
#include "rings.h"
#include "shapes.h"
#include "rotation.h"
#include "sources.h"
#include "store.h"
#include "timeline.h"
#include "trend.h"

enum { VIEW_SHAPES = 20 };

enum overall { OVERALL_OK, OVERALL_WARNING, OVERALL_CRITICAL, OVERALL_UNKNOWN };

struct view_source {
    const struct logsource *spec;
    struct tail_figures figures;
    double lag_s;
};

struct view {
    const struct conf *conf;
    int64_t now_ms;
    int64_t started_ms;
    enum overall state;
    int64_t since_ms;

    const struct keeper_facts *facts; /* NULL: not known yet */
    const struct keeper_queue *queue; /* NULL: never counted */
    bool queue_stale;
    double queue_growth; /* messages a minute */

    const struct counters *counters;
    const struct rates *rates;
    int64_t mono_ms;
    const struct health *health;
    const struct login *login;
    const struct rotation *rotation;
    const struct ledger_totals *ledger;
    struct ledger_sum ledger_sum;
    const struct delays *delays;
    const struct exporter *exporter;
    const struct rings *rings; /* NULL: not begun */
    const struct trend *trend;
    const struct busiest *destinations;  /* NULL: not begun */
    const struct relayhosts *relayhosts; /* NULL: not begun */
    const struct alert_set *alerts;
    const struct incidents *incidents;      /* NULL: not begun */
    const struct shape *fresh[VIEW_SHAPES]; /* lines of trouble not seen before this day */
    size_t fresh_count;
    const uint64_t *unknown; /* lines of trouble without a diagnosis, by enum shape_class */

    size_t sources; /* 0: not begun */
    struct view_source source[LOGSOURCES_MOST];
    enum store_state store;
    const char *store_detail;
    const char *store_advice; /* "": none */

    const struct fleet *fleet; /* NULL: no Redis, so no fleet */
    int64_t fleet_read_ms;     /* monotonic; 0: it cannot be read now */
    const char *fleet_trouble; /* why; "" */
    const char *fleet_speaker; /* the host that speaks for all; "": nobody knows */

    const struct quota_top *senders; /* who sends to the most; NULL: not looked yet */
    const struct mailcanary *canary; /* NULL: none is sent */
    bool canary_overdue;
    bool milter_alive;
    uint64_t milter[MLTPAGE_COUNTER_COUNT];
    uint64_t poison_lines; /* of the log, skipped because they made us crash */
    bool notify_connected;
    const struct receiver_report *receivers; /* NULL: not known */
    struct http_figures http;
};

/* "ok", "warning", "critical", "unknown"; "off", "connecting", "ok", "down", "refused". Static. */
const char *overall_name(enum overall state);
const char *store_state_word(enum store_state state);

/* What is wrong with this relay host now, the worst, but with one or two messages alone; NULL:
 * nothing is known to be. `well_out`: its last delivery came after its last failure. */
const struct health_cause *view_relayhost_trouble(const struct view *view, const char *relayhost,
                                                  bool *well_out);

/* Can the smarthost be reached: no failure of the network newer than the last success. */
bool view_reachable(const struct view *view);
/* "off", "ok", "waiting" (sent, not delivered yet), "overdue". Static. */
const char *view_canary_word(const struct view *view);
/* "verified", "failing", "unknown" and "ok", "refused", "none", "unknown". Static. */
const char *view_tls_word(const struct view *view);
const char *view_auth_word(const struct view *view);
/* How long first attempts of the last hour took, also of what was before a restart: the 50th, 90th
 * and 99th percentile in milliseconds; returns how many they were, 0: nothing is set. */
uint64_t view_delays(const struct view *view, int64_t ms_out[TIMELINE_PERCENTILES]);
/* The worst state of the sources; TAIL_ERROR while they are not begun. */
enum tail_state view_sources_state(const struct view *view);
/* Messages in the queue, and the age of the oldest in seconds. 0 while not counted. */
uint64_t view_queue_messages(const struct view *view);
int64_t view_oldest_s(const struct view *view);

#endif
