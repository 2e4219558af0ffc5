/* struct daemon: all that relaywatchd holds. Private to this folder: daemon.c owns it and has the
 * flow, count.c what the log comes to, past.c the logs of the past, ask.c the conversation with the
 * keeper, lookout.c what only the rules want to know, judge.c rules and alerts, answer.c what HTTP
 * clients get. */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include "conf.h"
#include "counted.h"
#include "logsources.h"
#include "totals.h"
#include "destinations.h"
#include "diagnose.h"
#include "exporter.h"
#include "fixtext.h"
#include "health.h"
#include "logline.h"
#include "rates.h"
#include "rings.h"
#include "rules.h"
#include "shapes.h"
#include "silences.h"
#include "http.h"
#include "keeperc.h"
#include "loop.h"
#include "notifyc.h"
#include "poison.h"
#include "sources.h"
#include "store.h"
#include "watchfile.h"
#include "canary.h"
#include "change.h"
#include "chronicle.h"
#include "desk.h"
#include "fleetkeep.h"
#include "backfill.h"
#include "followed.h"
#include "login.h"
#include "lookout.h"
#include "mailway.h"
#include "logtotals.h"
#include "messages.h"
#include "milterpage.h"
#include "trendkeep.h"
#include "view.h"

enum { TICK_MS = 1000, QUEUE_STALE_MS = 60 * 1000 };

/* One stream of counts with its slot. */
struct kept {
    struct store_stream *stream;
    char slot_path[300];
    struct totals now;
    uint64_t saved_seq;
    bool begun;
    bool changed;
    int64_t failed_ms; /* since when it cannot be saved, monotonic; 0: it can */
};

/* What is news of an alert. */
struct alert_brief {
    int64_t since_ms, ended_ms;
    enum diagnosis diagnosis;
    enum severity severity;
};

struct daemon {
    struct conf conf;
    struct logsources logs; /* what conf.mail_log names */
    const char *conf_path;
    struct fixtext_place place; /* points into conf and facts */
    struct loop *loop;
    struct loop_timer *tick, *farewell;
    struct loop_signal *on_term, *on_int, *on_hup;
    int exit_status;
    char fenced_path[300]; /* a file that says: another relaywatchd took over our name */
    bool gives_way;        /* until we have it back */
    int64_t started_ms;
    int64_t started_mono_ms;

    struct diagnoser *diagnoser;
    struct logline_clock clock;
    struct mailev event; /* of the line in hand; not on the stack, which the compiler's flags make
                            it zero for each line */
    struct sources *sources;
    uint64_t lines_suppressed; /* by journald, lately */
    int64_t suppressed_ms;     /* when it last told of some, monotonic */
    struct store *store;
    struct kept log, milter_kept;
    struct counters counters;
    struct rings rings;
    struct busiest destinations;
    struct relayhosts relayhosts;
    struct exporter exporter;
    struct logtotals logtotals;
    struct poison poison;
    uint64_t poison_lines; /* skipped, because they made us crash */
    int poison_field;      /* its number in the totals; -1: no room */
    struct messages messages;
    struct trendkeep trendkeep;
    struct rates rates;

    struct counted counted; /* what is counted already, of now and of the past */
    struct followed followed;
    struct backfill *backfill;
    struct ledger *past_ledger;      /* of the old logs of one run of it; NULL: none */
    struct ledger_totals past_ended; /* how much of it is in the sum */
    struct counters past_counters;   /* in `counters` since its last turn */

    struct health health;
    struct shapes shapes;
    bool rules_due; /* a line told of trouble or of its end */

    struct milterpage milter;
    struct lookout lookout;
    struct canary canary;
    struct mailway mailway;
    struct login login;
    struct change change;
    struct watchfile *watch_conf;

    struct keeperc *keeper;
    struct keeper_facts facts;
    bool facts_known;
    int64_t facts_due_ms;
    int64_t verify_asked_ms;
    int64_t log_due_ms; /* not before then the keeper is asked again to let us read the log */
    struct keeper_queue queue;
    int64_t queue_counted_ms; /* monotonic; 0: never */
    int64_t queue_asked_ms;
    int64_t queue_due_ms;
    int64_t queue_moved_ms;     /* it changed some time after this, or mail came in then */
    int64_t unlogged_ms;        /* the first of these that the log says nothing of; 0: it does */
    uint64_t milter_accepted;   /* messages, as they were last ... */
    int64_t milter_accepted_ms; /* ... and since when more are there, if the log should say so */
    double queue_growth;
    int64_t keeper_silent_since_ms; /* 0: it answers */

    struct rules *rules;
    struct silences silences;
    struct alert_set shown;                 /* the alerts with their silences */
    int64_t alerts_kept_ms;                 /* when `alerts` was written, monotonic */
    int64_t kept_ms;                        /* when `deliveries` was written, monotonic */
    int64_t keep_failed_ms;                 /* since when alertkeep.c cannot write; 0: it can */
    struct alert_brief logged[ALERTS_MOST]; /* what our own log has of each rule's alert */
    int64_t judged_ms;                      /* when the rules looked last, monotonic */
    bool told;                              /* Redis has the present set of alerts */
    struct chronicle chronicle;
    struct desk *desk;
    struct fleetkeep fleetkeep;
    struct notifyc *notify;
    struct http *http;
    enum overall state;
    int64_t since_ms;
    int64_t slots_saved_ms;
};

#endif
