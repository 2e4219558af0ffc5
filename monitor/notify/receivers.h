/* receivers.conf: who is told of an alert. One line a receiver, options for the receiver above
 * them:
 *
 *     webhook = https://hooks.example.com/abc
 *     name = chat
 *     token_file = /etc/relaywatch/hook.token
 *     alertmanager = http://10.0.0.5:9093
 *
 * A URL may hold a token: nothing prints one whole, messages name a receiver by its line, its name
 * and its place (scheme and host). Pure; receiverfiles.h has the files. */
#ifndef NOTIFY_RECEIVERS_H
#define NOTIFY_RECEIVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "text.h"

enum { RECEIVERS_MOST = 32, RECEIVERS_FILE_MOST = 64 * 1024, RECEIVER_URL_SIZE = 1024 };

enum receiver_kind {
    RECEIVER_WEBHOOK,
    RECEIVER_ALERTMANAGER,
    RECEIVER_PAGERDUTY,
    RECEIVER_SLACK,
    RECEIVER_COMMAND,
    RECEIVER_HEARTBEAT, /* is told of no alert: heartbeat.h */
    RECEIVER_KINDS
};

struct template;

struct receiver {
    enum receiver_kind kind;
    unsigned line;
    char name[41];               /* for people: given, or made from the kind */
    char url[RECEIVER_URL_SIZE]; /* where to POST; secret; "": it stands in url_file */
    char url_file[256];          /* or "" */
    char command[512];           /* words parted by blanks; the first is an absolute path */
    char key_file[256];          /* PagerDuty's routing key; as all secrets, read at each request */
    char token_file[256];        /* "": no token */
    char ca_file[256];           /* "": the system's certificates */
    char template_file[256];     /* of a webhook; "": the usual body */
    struct template *template;   /* as it was read by receiverfiles_load */
    char place[160];             /* "https://hooks.example.com", url_file or program, for people */
    char identity[33];           /* hash of kind and URL or command, for told.json */
    int least_rank;              /* it is told of alerts of this severity and above */
    bool wants_end;              /* it is told when one is over */
    int64_t repeat_ms;           /* it hears again of what still fires; 0: it does not */
    int64_t timeout_ms;          /* of a command */
    int64_t interval_ms;         /* of a heartbeat */
};

struct receivers {
    struct receiver receiver[RECEIVERS_MOST];
    int count;
};

/* "webhook", "pagerduty", ... Static. */
const char *receiver_kind_name(enum receiver_kind kind);

/* Reads the text of the file `name`. Every error goes to on_error (which may be NULL) as "name,
 * line N: what; right would be ..."; with any error the result is -1, `why` has their number and
 * *out is untouched. */
MUSTCHECK int receivers_parse(const char *name, struct span text, struct receivers *out,
                              void (*on_error)(const char *text, void *arg), void *arg,
                              struct fault *why);

#endif
