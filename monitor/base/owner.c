/* See owner.h. */
#include "owner.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "text.h"

void owner_make(char *out, size_t size) {
    char boot[64] = "";
    uint32_t random = 0;

    if (file_read("/proc/sys/kernel/random/boot_id", boot, sizeof boot, NULL) == -1)
        text_copy(boot, sizeof boot, "noproc");
    boot[strcspn(boot, "\n")] = '\0';
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = 0; /* pid and time tell processes apart well enough */
    text_format(out, size, "%s.%ld.%" PRId64 ".%08" PRIx32, boot, (long)getpid(), clock_mono_ms(),
                random);
}
