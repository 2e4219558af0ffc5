/* receivers.conf: who is told of an alert. One line a receiver, options for the receiver above
 * them:
 *
 *     webhook = https://hooks.example.com/abc
 *     token_file = /etc/relaywatch/hook.token
 *     alertmanager = http://10.0.0.5:9093
 *
 * A URL may hold a token: nothing prints one whole, messages name a receiver by its line and its
 * place (scheme and host). The parser is pure; receivers_load blocks on the file. */
#ifndef NOTIFY_RECEIVERS_H
#define NOTIFY_RECEIVERS_H

#include <stddef.h>

#include "fault.h"
#include "text.h"

enum { RECEIVERS_MOST = 32, RECEIVERS_FILE_MOST = 64 * 1024 };

enum receiver_kind { RECEIVER_WEBHOOK, RECEIVER_ALERTMANAGER, RECEIVER_KINDS };

struct receiver {
    enum receiver_kind kind;
    unsigned line;
    char url[1024];       /* where to POST; secret */
    char token_file[256]; /* "": no token. Read at each request, so that a new token needs no reload
                           */
    char ca_file[256];    /* "": the system's certificates */
    char place[160];      /* "https://hooks.example.com", for people */
    char identity[33];    /* hash of kind and URL, for told.json */
};

struct receivers {
    struct receiver receiver[RECEIVERS_MOST];
    int count;
};

/* "webhook", "alertmanager". Static. */
const char *receiver_kind_name(enum receiver_kind kind);

/* Reads the text of the file `name`. Every error goes to on_error (which may be NULL) as "name,
 * line N: what; right would be ..."; with any error the result is -1, `why` has their number and
 * *out is untouched. */
MUSTCHECK int receivers_parse(const char *name, struct span text, struct receivers *out,
                              void (*on_error)(const char *text, void *arg), void *arg,
                              struct fault *why);

/* Reads the file. Returns 0; 1 when there is no such file (*out is empty then); -1 as above. */
MUSTCHECK int receivers_load(const char *path, struct receivers *out,
                             void (*on_error)(const char *text, void *arg), void *arg,
                             struct fault *why);

/* The token of a receiver, out of its file, without the line end. Wipe it after use. Blocks on the
 * file. */
MUSTCHECK int receiver_token(const struct receiver *receiver, char *out, size_t size,
                             struct fault *why);

#endif
