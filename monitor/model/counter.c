/* See counter.h. */
#include "counter.h"

static const struct {
    const char *name;
    const char *help;
} table[COUNTER_COUNT] = {
    [COUNTER_LINES] = {"lines", "Lines read from the mail log."},
    [COUNTER_UNPARSED] = {"unparsed", "Lines that were not understood."},
    [COUNTER_CONNECTS] = {"connects", "Connections of clients to the relay."},
    [COUNTER_ACCEPTED] = {"accepted", "Messages that the relay took in."},
    [COUNTER_QUEUED] = {"queued", "Times that a message entered the active queue."},
    [COUNTER_SENT] = {"sent", "Recipients delivered."},
    [COUNTER_DEFERRED] = {"deferred", "Delivery attempts put off, by recipient."},
    [COUNTER_BOUNCED] = {"bounced", "Recipients returned to the sender."},
    [COUNTER_EXPIRED] = {"expired", "Messages returned because they waited too long."},
    [COUNTER_REMOVED] = {"removed", "Messages that left the queue."},
    [COUNTER_REJECTED] = {"rejected", "Commands or messages refused at the door."},
    [COUNTER_AUTH_FAILURES] = {"auth_failures", "Logins of the relay that the smarthost refused."},
    [COUNTER_INBOUND_AUTH_FAILURES] = {"inbound_auth_failures",
                                       "Logins of clients that the relay refused."},
    [COUNTER_TLS_SESSIONS] = {"tls_sessions", "TLS sessions made with the smarthost."},
    [COUNTER_TLS_ERRORS] = {"tls_errors", "TLS failures with the smarthost."},
    [COUNTER_TIMEOUTS] = {"timeouts", "Connections to the smarthost that timed out."},
    [COUNTER_REFUSED] = {"refused", "Connections to the smarthost refused or without a route."},
    [COUNTER_DNS_ERRORS] = {"dns_errors", "Failed look-ups of the smarthost's name."},
    [COUNTER_LIMIT_HITS] = {"limit_hits", "Quotas and rate limits of the smarthost reached."},
    [COUNTER_WARNINGS] = {"warnings", "Warning lines of Postfix."},
    [COUNTER_FATALS] = {"fatals", "Fatal and panic lines of Postfix."},
};

const char *counter_name(enum counter c) {
    return table[c].name;
}

const char *counter_help(enum counter c) {
    return table[c].help;
}

void counters_add(struct counters *totals, counter_set set) {
    while (set != 0) {
        totals->value[__builtin_ctz(set)]++;
        set &= set - 1;
    }
}

enum counter counter_find(struct span name) {
    for (int c = 0; c < COUNTER_COUNT; c++) {
        if (span_is(name, table[c].name))
            return (enum counter)c;
    }
    return COUNTER_COUNT;
}
