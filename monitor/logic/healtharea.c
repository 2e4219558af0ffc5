/* See healtharea.h. */
#include "healtharea.h"

#include <string.h>

/* By the catalogue's families: G Google, S SASL, T TLS, N network, Q queue, M master and host, L
 * milter. */
static enum health_area area_of_google(int number) {
    switch (number) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 29:
    case 30:
        return AREA_LOGIN;
    case 7:
    case 23:
        return AREA_TLS;
    case 18:
        return AREA_NETWORK;
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:
    case 20:
    case 22:
    case 24:
        return AREA_POLICY;
    default:
        return AREA_COUNT; /* about one recipient or message */
    }
}

static enum health_area area_of_sasl(int number) {
    return number == 4 || number == 5 || number == 6 || number == 7 || number == 9 ||
                   number == 10 || number == 11
               ? AREA_LOCAL
               : AREA_LOGIN;
}

enum health_area health_area(enum diagnosis d) {
    const char *id;
    int number;

    if (d == DIAGNOSIS_NONE) /* nearly all lines */
        return AREA_COUNT;
    id = diagnosis_entry(d)->id;
    if (strlen(id) != 3)
        return AREA_COUNT;
    number = (id[1] - '0') * 10 + (id[2] - '0');
    switch (id[0]) {
    case 'G':
        return area_of_google(number);
    case 'S':
        return area_of_sasl(number);
    case 'T':
        return AREA_TLS;
    case 'N':
        return AREA_NETWORK;
    case 'Q':
        return number <= 4 ? AREA_LOCAL : AREA_COUNT;
    case 'L':
        return number <= 4 ? AREA_MILTER : AREA_COUNT;
    case 'W':
        return d == DIAGNOSIS_W03_NOTHING_ACCEPTED ? AREA_REFUSED : AREA_COUNT;
    case 'M':
        return diagnosis_entry(d)->severity >= SEVERITY_WARNING ? AREA_LOCAL : AREA_COUNT;
    default:
        return AREA_COUNT;
    }
}

bool health_is_of_message(enum diagnosis d) {
    return d == DIAGNOSIS_G20_UNAUTHENTICATED_SENDER || d == DIAGNOSIS_G24_REPUTATION_POLICY;
}

bool health_is_limit(enum diagnosis d) {
    return d == DIAGNOSIS_G13_UNUSUAL_RATE || d == DIAGNOSIS_G14_DAILY_USER_LIMIT ||
           d == DIAGNOSIS_G15_CUSTOMER_LIMIT;
}

bool health_is_relays_fault(enum diagnosis d) {
    if (health_is_of_message(d))
        return false;
    switch (health_area(d)) {
    case AREA_LOGIN:
    case AREA_TLS:
    case AREA_NETWORK:
    case AREA_POLICY:
    case AREA_LOCAL:
        return true;
    case AREA_REFUSED: /* nobody knows whose */
    case AREA_MILTER:
    case AREA_COUNT:
        break;
    }
    return false;
}

/* What follows from another fault, so that it is told only where none is known. */
bool health_is_consequence(enum diagnosis d) {
    return d == DIAGNOSIS_M03_BAD_STARTUP_THROTTLE || d == DIAGNOSIS_M12_TRANSPORT_UNAVAILABLE ||
           d == DIAGNOSIS_G05_TOO_MANY_LOGINS;
}

/* A cause leads before what follows from it, then a more severe diagnosis; among equals the one
 * seen last. */
bool health_leads(enum diagnosis now, enum diagnosis before) {
    if (before == DIAGNOSIS_NONE || health_is_consequence(now) != health_is_consequence(before))
        return before == DIAGNOSIS_NONE || health_is_consequence(before);
    return diagnosis_entry(now)->severity >= diagnosis_entry(before)->severity;
}
