/* See canaryline.h. */
#include "canaryline.h"

#include <sys/random.h>

#include "fault.h"
#include "spawn.h"
#include "text.h"

enum { LIMIT_MS = 10 * 1000 };

void canaryline_write(const struct keeper *keeper, struct keeper_reply *reply) {
    char line[sizeof KEEPER_CANARY_WORDS + KEEPER_CANARY_SIZE];
    const char *const argv[] = {
        "/usr/sbin/postlog", "-c", keeper->config_dir, "-p", "info", line, NULL};
    struct spawn job = {.argv = argv, .timeout_ms = LIMIT_MS};
    struct fault why = {""};
    uint64_t number;

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        fault_errno(&why, "getrandom");
    text_format(reply->canary, sizeof reply->canary, "%016llx", (unsigned long long)number);
    text_format(line, sizeof line, KEEPER_CANARY_WORDS "%s", reply->canary);
    if (why.text[0] == '\0' && spawn_run(&job, &why) == 0 && job.status != 0)
        fault_set(&why, "postlog: status %d", job.status);
    if (why.text[0] == '\0')
        return;
    reply->outcome = KEEPER_FAILED;
    text_copy(reply->detail, sizeof reply->detail, why.text);
}
