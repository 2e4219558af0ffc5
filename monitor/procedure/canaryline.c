/* See canaryline.h. */
#include "canaryline.h"

#include <sys/random.h>

#include "fault.h"
#include "text.h"
#include "errand.h"

void canaryline_write(const struct keeper *keeper, struct keeper_reply *reply) {
    struct fault why = {""};
    uint64_t number;

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        fault_errno(&why, "getrandom");
    text_format(reply->canary, sizeof reply->canary, "%016llx", (unsigned long long)number);
    if (why.text[0] == '\0' && errand_for(keeper->hands, HAND_CANARY, 0, reply->canary, &why) == 0)
        return;
    reply->outcome = KEEPER_FAILED;
    text_copy(reply->detail, sizeof reply->detail, why.text);
}
