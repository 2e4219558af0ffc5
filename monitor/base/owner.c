/* See owner.h. */
#include "owner.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "text.h"

/* What a host name may have; anything else would not go through the store. */
static void node_name(char *out, size_t size) {
    if (gethostname(out, size) == -1)
        text_copy(out, size, "unknown");
    out[size - 1] = '\0';
    for (char *p = out; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~')
            *p = '_';
    }
}

void owner_make(char *out, size_t size) {
    char boot[64] = "";
    char node[65];
    uint32_t random = 0;

    if (file_read("/proc/sys/kernel/random/boot_id", boot, sizeof boot, NULL) == -1)
        text_copy(boot, sizeof boot, "noproc");
    boot[strcspn(boot, "\n")] = '\0';
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = 0; /* pid and time tell processes apart well enough */
    node_name(node, sizeof node);
    text_format(out, size, "%s.%ld.%" PRId64 ".%08" PRIx32 "@%s", boot, (long)getpid(),
                clock_mono_ms(), random, node);
}

static struct span boot_of(const char *owner) {
    return (struct span){owner, strcspn(owner, ".@")};
}

static struct span node_of(const char *owner) {
    const char *at = strchr(owner, '@');

    return span_of(at != NULL ? at + 1 : "");
}

bool owner_same_machine(const char *a, const char *b) {
    return span_equal(boot_of(a), boot_of(b)) && span_equal(node_of(a), node_of(b));
}

void owner_describe(const char *owner, char *out, size_t size) {
    const char *pid = owner + boot_of(owner).n;
    struct span node = node_of(owner);

    if (*pid != '.' || node.n == 0)
        text_copy(out, size, owner);
    else
        text_format(out, size, "%s, process %.*s", node.p, (int)strspn(pid + 1, "0123456789"),
                    pid + 1);
}
