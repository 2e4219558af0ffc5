/* When somebody is called: signals in, alerts out. One cause is one alert: what follows from
 * another alert (a queue that grows because the login is refused) is told as that alert's impact,
 * not by itself (precedence.h). A condition must hold for its waiting time before it fires, most
 * end at a lower threshold than they began, and of one that comes back a third time within 15
 * minutes receivers hear the end only when it was away for `keep_firing_ms`. An alert that ended
 * stays in the set for 15 minutes, so that nobody misses its end. What a restart must not forget is
 * in rulestate.h. Pure: `now_ms` is the wall clock. */
#ifndef LOGIC_RULES_H
#define LOGIC_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "burn.h"
#include "fixtext.h"
#include "health.h"
#include "quota.h"
#include "receiverstate.h"

/* Thresholds, from the configuration. */
struct rules_limits {
    uint64_t queue_warning, queue_critical; /* messages */
    int64_t oldest_warning_ms, oldest_critical_ms;
    int64_t unreachable_after_ms, log_silent_after_ms, milter_gone_after_ms;
    int64_t certificate_warning_ms, certificate_critical_ms; /* before it expires */
    uint64_t disk_warning_mib, disk_critical_mib, inodes_warning, inodes_critical;
    uint64_t recipients_limit;   /* of one sender in 24 h; 0: not watched */
    uint64_t recipients_percent; /* of it that are a warning */
    int64_t unverified_after_ms, unconfirmed_after_ms;
    int64_t clock_jump_ms;
    int64_t keep_firing_ms;
};

enum rules_log { RULES_LOG_OK, RULES_LOG_MISSING, RULES_LOG_UNREADABLE };

/* What is known of the operator's last change of the login. */
enum rules_credential {
    RULES_CREDENTIAL_FINE,
    RULES_CREDENTIAL_REJECTED,   /* the smarthost refused the new one; the old one is live */
    RULES_CREDENTIAL_BAD_SOURCE, /* the file is not acceptable; the old one is live */
    RULES_CREDENTIAL_UNPROVEN,   /* no verdict yet; the old one is live */
    RULES_CREDENTIAL_FAILED,     /* a step of ours failed; the old one is live */
    RULES_CREDENTIAL_PUT_BACK,   /* the new one failed in production; the old one is live again */
    RULES_CREDENTIAL_BOTH_DEAD,  /* neither works: mail is held in the queue */
    RULES_CREDENTIAL_STUCK,      /* the new one fails and the old one could not be put back */
};

struct signals {
    const struct health *health;
    bool queue_known;         /* counted within the last minute */
    int64_t queue_counted_ms; /* when, wall clock; 0: never */
    bool postfix_running;
    uint64_t queue_messages;   /* active, deferred, incoming, maildrop */
    uint64_t queue_corrupt;    /* damaged ones that Postfix put aside */
    int64_t oldest_ms;         /* age of the oldest message */
    double queue_growth;       /* messages a minute */
    int64_t queue_lifetime_ms; /* after which a message is returned */
    uint64_t disk_free_bytes;
    uint64_t inodes_free;
    bool disk_known;
    enum rules_log log;
    const char *log_path;    /* that `log` is about; else all sources */
    int64_t log_silent_ms;   /* since the last line, while the queue changed; 0: not silent */
    uint64_t log_suppressed; /* lines that the logger threw away lately */
    bool milter_expected;
    int64_t milter_silent_ms; /* since its last sign of life */
    enum rules_credential credential;
    const char *credential_detail; /* "line 2: ..." or the smarthost's reply */
    bool store_down;               /* Redis is configured and does not take our figures */
    const char *store_detail;
    const char *host; /* our name in Redis */
    const char
        *rival;     /* another relaywatchd that writes under it, to which we give way; "": none */
    unsigned flips; /* how often hosts took the name from each other within 10 minutes */
    int64_t certificate_expires_ms;    /* wall clock; 0: unknown */
    const char *ca_file_gone;          /* the CA file of main.cf that is not there; NULL: it is */
    const struct fixtext_place *place; /* for the fixes; NULL: the catalogue's words */
    int64_t keeper_silent_ms; /* since relaywatch-keeper stopped to answer; 0: it answers */

    const struct burn_look *burn; /* how many deliveries fail; NULL: not known */
    uint64_t returned;            /* recipients whose mail the relay's own fault returned, lately */
    enum diagnosis returned_for;  /* the last of these */
    const char *returned_evidence; /* NULL: none */
    uint64_t expired;   /* messages that waited for such a fault until they went back, this hour */
    int64_t expired_ms; /* the last of these */
    enum party failed_by;  /* whose fault most deliveries are that the relay failed in of late */
    enum party put_off_by; /* and most of all that were put off; NONE: there is none */
    uint64_t unwanted;     /* deliveries refused for the message's own sake, lately; ... */
    uint64_t judged;       /* ... of so many */
    uint64_t unwanted_returned;  /* of the unwanted: bounced */
    enum diagnosis unwanted_for; /* the last of these */
    const char *unwanted_evidence;
    const struct quota_top *quota; /* the sender with the most recipients; NULL: none */
    uint64_t unaccounted;          /* messages whose end nobody told, within the last hour */
    int64_t clock_jumped_ms;       /* what the jumps of the clock within 10 minutes came to */
    int64_t log_ahead_ms;          /* by so much the log's time stamps differ from our clock */
    int64_t canary_unproved_ms;    /* since when no message of ours was delivered; 0: all were */
    int64_t canary_overdue_ms;     /* so long may be; 0: none is sent */
    const char *canary_trouble;    /* what the last one met; "": nothing */
    int64_t unverified_ms;  /* since the last proof that the login works; 0: none is needed */
    int64_t unconfirmed_ms; /* since a new login is live that no mail has proved yet; 0: proved */
    bool old_map_in_use;    /* processes from before the change are refused with the old login */
    const char *readable_secret;    /* a file with the password that others may read; NULL: none */
    const struct fleetsight *fleet; /* what the other hosts come to; NULL: there is no fleet */
    const struct receiver_report *receivers; /* of alerts; NULL: nobody knows */
    int64_t notify_silent_ms; /* since relaywatch-notify stopped to answer; 0: it does, or is not
                                 set up */
    int64_t state_failed_ms;  /* since our own folder takes no more writes; 0: it does */
};

struct rules;

struct rules *rules_new(const struct rules_limits *limits);
void rules_free(struct rules **rules);
void rules_set_limits(struct rules *rules, const struct rules_limits *limits);

/* Looks at the signals. Returns true when the set of alerts changed in what people are told (an
 * alert began, ended or rose); counts and texts of firing alerts are brought up to date all the
 * same. */
bool rules_eval(struct rules *rules, const struct signals *signals, int64_t now_ms);

/* The clock was set: moves what is measured against it along. */
void rules_shift(struct rules *rules, int64_t by_ms);

/* The id of rule number i, NULL behind the last: every alert has one of these. Static. */
const char *rules_id(int i);

/* Is rule number i for the receivers to hear of? */
bool rules_is_for_receivers(int i);

/* Were the receivers told that the alert of rule number i fires? The caller says so when they are;
 * with the next beginning it is forgotten. */
bool rules_is_told(const struct rules *rules, int i);
void rules_set_told(struct rules *rules, int i);

/* The alert of rule number i as receivers are to hear of it. HELD: it is over, but it comes and
 * goes, so for them it goes on, under the beginning that they know. */
enum rules_hearing { RULES_NOTHING, RULES_FIRING, RULES_HELD, RULES_ENDED };
enum rules_hearing rules_heard(const struct rules *rules, int i, int64_t now_ms, struct alert *out);

/* The alerts that fire, worst first, then those that ended lately. Valid until the next rules_eval.
 */
const struct alert_set *rules_alerts(const struct rules *rules);

#endif
