/* healtharea.c: which part of the health a diagnosis is about, and whose fault it is. */
#include "healtharea.h"

#include <criterion/criterion.h>

Test(healtharea, areas_of_the_catalogue) {
    static const struct {
        enum diagnosis d;
        enum health_area want;
    } rows[] = {
        {DIAGNOSIS_NONE, AREA_COUNT},
        {DIAGNOSIS_G01_BAD_CREDENTIALS, AREA_LOGIN},
        {DIAGNOSIS_S02_NO_COMPATIBLE_MECHANISM, AREA_LOGIN},
        {DIAGNOSIS_T01_TLS_NOT_OFFERED, AREA_TLS},
        {DIAGNOSIS_G07_MUST_STARTTLS, AREA_TLS},
        {DIAGNOSIS_N02_CONNECT_REFUSED, AREA_NETWORK},
        {DIAGNOSIS_G08_INVALID_RELAY_CREDENTIALS, AREA_POLICY},
        {DIAGNOSIS_S04_MAP_MISSING, AREA_LOCAL},
        {DIAGNOSIS_M05_CONFIG_FATAL, AREA_LOCAL},
        {DIAGNOSIS_G27_RECIPIENT, AREA_COUNT},
        {DIAGNOSIS_R01_RELAY_DENIED, AREA_COUNT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(health_area(rows[i].d), rows[i].want, "%s", diagnosis_entry(rows[i].d)->id);
}

Test(healtharea, whose_fault) {
    cr_expect(health_is_relays_fault(DIAGNOSIS_G01_BAD_CREDENTIALS));
    cr_expect(health_is_relays_fault(DIAGNOSIS_S04_MAP_MISSING));
    cr_expect_not(health_is_relays_fault(DIAGNOSIS_G27_RECIPIENT));
    cr_expect_not(health_is_relays_fault(DIAGNOSIS_G24_REPUTATION_POLICY), "of one message");
    cr_expect_not(health_is_relays_fault(DIAGNOSIS_W03_NOTHING_ACCEPTED), "nobody knows whose");
    cr_expect_not(health_is_relays_fault(DIAGNOSIS_NONE));
    cr_expect(health_is_of_message(DIAGNOSIS_G20_UNAUTHENTICATED_SENDER));
    cr_expect(health_is_limit(DIAGNOSIS_G14_DAILY_USER_LIMIT));
    cr_expect_not(health_is_limit(DIAGNOSIS_G01_BAD_CREDENTIALS));
}
