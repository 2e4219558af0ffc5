/* See precedence.h. Rows stand by symptom. */
#include "precedence.h"

#include <string.h>
#include <strings.h>

#define ANY NULL

static const struct precedence rows[] = {
    /* facts of this host before what the log says of Postfix */
    {RULE_POSTFIX_TROUBLE, RULE_POSTFIX_DOWN, ANY, false},
    {RULE_POSTFIX_TROUBLE, RULE_DISK_LOW, ANY, false},

    /* what Postfix says of itself, and of its clock and files, before TLS and login */
    {RULE_TLS_BROKEN, RULE_POSTFIX_DOWN, ANY, false},
    {RULE_TLS_BROKEN, RULE_CLOCK_WRONG, ANY, false},
    {RULE_TLS_BROKEN, RULE_CA_FILE_GONE, ANY, true},
    {RULE_TLS_BROKEN, RULE_POSTFIX_TROUBLE, "M05", false},
    {RULE_LOGIN_REFUSED, RULE_POSTFIX_DOWN, ANY, false},
    {RULE_LOGIN_REFUSED, RULE_POSTFIX_TROUBLE, "S", true},
    {RULE_LOGIN_REFUSED, RULE_POSTFIX_TROUBLE, "M05", false},
    {RULE_LOGIN_REFUSED, RULE_TLS_BROKEN, ANY, false},
    {RULE_RELAY_UNREACHABLE, RULE_POSTFIX_DOWN, ANY, false},
    {RULE_RELAY_UNREACHABLE, RULE_TLS_BROKEN, ANY, false},
    {RULE_RELAY_UNREACHABLE, RULE_CA_FILE_GONE, ANY, false},
    {RULE_RELAY_UNREACHABLE, RULE_LOGIN_REFUSED, ANY, false},

    /* what the smarthost answers: the newest and most exact */
    {RULE_RELAY_REFUSES, RULE_LOGIN_REFUSED, "G06", false},
    {RULE_NOTHING_ACCEPTED, RULE_POSTFIX_DOWN, ANY, true},
    {RULE_NOTHING_ACCEPTED, RULE_TLS_BROKEN, ANY, true},
    {RULE_NOTHING_ACCEPTED, RULE_LOGIN_REFUSED, ANY, true},
    {RULE_NOTHING_ACCEPTED, RULE_RELAY_UNREACHABLE, ANY, true},
    {RULE_NOTHING_ACCEPTED, RULE_LIMIT_REACHED, ANY, true},
    {RULE_NOTHING_ACCEPTED, RULE_RELAY_REFUSES, ANY, true},
    {RULE_MAIL_RETURNED, RULE_POSTFIX_TROUBLE, ANY, false},
    {RULE_MAIL_RETURNED, RULE_TLS_BROKEN, ANY, false},
    {RULE_MAIL_RETURNED, RULE_LOGIN_REFUSED, ANY, false},
    {RULE_MAIL_RETURNED, RULE_RELAY_UNREACHABLE, ANY, false},
    {RULE_MAIL_RETURNED, RULE_LIMIT_REACHED, ANY, false},
    {RULE_MAIL_RETURNED, RULE_RELAY_REFUSES, ANY, false},
    {RULE_MAIL_RETURNED, RULE_NOTHING_ACCEPTED, ANY, false},

    /* symptoms: that deliveries fail, that the queue grows */
    {RULE_DELIVERIES_FAIL, RULE_POSTFIX_DOWN, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_DISK_LOW, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_CLOCK_WRONG, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_CA_FILE_GONE, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_POSTFIX_TROUBLE, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_TLS_BROKEN, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_LOGIN_REFUSED, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_RELAY_UNREACHABLE, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_LIMIT_REACHED, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_RELAY_REFUSES, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_NOTHING_ACCEPTED, ANY, true},
    {RULE_DELIVERIES_FAIL, RULE_MAIL_RETURNED, ANY, true},
    {RULE_QUEUE_GROWING, RULE_POSTFIX_DOWN, ANY, true},
    {RULE_QUEUE_GROWING, RULE_DISK_LOW, ANY, true},
    {RULE_QUEUE_GROWING, RULE_CLOCK_WRONG, ANY, true},
    {RULE_QUEUE_GROWING, RULE_CA_FILE_GONE, ANY, true},
    {RULE_QUEUE_GROWING, RULE_POSTFIX_TROUBLE, ANY, true},
    {RULE_QUEUE_GROWING, RULE_TLS_BROKEN, ANY, true},
    {RULE_QUEUE_GROWING, RULE_LOGIN_REFUSED, ANY, true},
    {RULE_QUEUE_GROWING, RULE_RELAY_UNREACHABLE, ANY, true},
    {RULE_QUEUE_GROWING, RULE_LIMIT_REACHED, ANY, true},
    {RULE_QUEUE_GROWING, RULE_RELAY_REFUSES, ANY, true},
    {RULE_QUEUE_GROWING, RULE_NOTHING_ACCEPTED, ANY, true},
    {RULE_QUEUE_GROWING, RULE_DELIVERIES_FAIL, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_POSTFIX_DOWN, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_DISK_LOW, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_CLOCK_WRONG, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_LOG_SILENT, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_CA_FILE_GONE, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_POSTFIX_TROUBLE, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_TLS_BROKEN, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_LOGIN_REFUSED, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_RELAY_UNREACHABLE, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_LIMIT_REACHED, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_RELAY_REFUSES, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_NOTHING_ACCEPTED, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_MAIL_RETURNED, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_DELIVERIES_FAIL, ANY, true},
    {RULE_CANARY_OVERDUE, RULE_QUEUE_GROWING, ANY, true},

    /* the rest */
    {RULE_CREDENTIAL_REJECTED, RULE_LOGIN_REFUSED, "C04", true},
    {RULE_MAIL_UNACCOUNTED, RULE_LOG_SILENT, ANY, false},
    {RULE_MAIL_UNACCOUNTED, RULE_DISK_LOW, ANY, false},
    {RULE_MAIL_UNACCOUNTED, RULE_CLOCK_WRONG, ANY, false},
    {RULE_LIMIT_NEAR, RULE_LIMIT_REACHED, ANY, true},
    {RULE_CERTIFICATE_EXPIRING, RULE_TLS_BROKEN, "T05", true},
    {RULE_CERTIFICATE_EXPIRING, RULE_CLOCK_WRONG, ANY, false},
    {RULE_LOGIN_UNVERIFIED, RULE_CLOCK_WRONG, ANY, false},
    {RULE_LOGIN_UNVERIFIED, RULE_TLS_BROKEN, ANY, true},
    {RULE_LOGIN_UNVERIFIED, RULE_LOGIN_REFUSED, ANY, true},
    {RULE_LOGIN_UNVERIFIED, RULE_RELAY_UNREACHABLE, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_POSTFIX_DOWN, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_POSTFIX_TROUBLE, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_TLS_BROKEN, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_LOGIN_REFUSED, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_RELAY_UNREACHABLE, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_LIMIT_REACHED, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_RELAY_REFUSES, ANY, true},
    {RULE_LOGIN_UNCONFIRMED, RULE_NOTHING_ACCEPTED, ANY, true},
    {RULE_STATE_UNWRITABLE, RULE_DISK_LOW, ANY, true},
    {RULE_SECRET_READABLE, RULE_CREDENTIAL_REJECTED, "C07", true}, /* and refuses it for that */
    {RULE_RECEIVER_FAILING, RULE_NOBODY_TOLD, ANY, true},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const struct precedence *precedence_row(int i) {
    return i >= 0 && i < ROWS ? &rows[i] : NULL;
}

static bool applies(const struct precedence *row, const struct precedence_held *cause,
                    const char *relayhost) {
    bool other = relayhost[0] != '\0' && cause->relayhost[0] != '\0' &&
                 strcasecmp(relayhost, cause->relayhost) != 0;

    return cause->holds && !other &&
           (row->family == NULL ||
            strncmp(diagnosis_entry(cause->diagnosis)->id, row->family, strlen(row->family)) == 0);
}

enum precedence_order precedence_of(enum rule rule, const char *relayhost,
                                    const struct precedence_held held[RULE_COUNT]) {
    enum precedence_order order = PRECEDENCE_OWN;

    for (int i = 0; i < ROWS; i++) {
        if (rows[i].symptom != rule || !applies(&rows[i], &held[rows[i].cause], relayhost))
            continue;
        if (rows[i].ends && held[rows[i].cause].fires)
            return PRECEDENCE_END;
        order = PRECEDENCE_NOT_BEGIN;
    }
    return order;
}

bool precedence_explains_queue(enum rule rule) {
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].symptom == RULE_QUEUE_GROWING && rows[i].cause == rule)
            return true;
    }
    return false;
}
