/* See xmem.h. */
#include "xmem.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "log.h"

enum { LARGE_BYTES = 64 * 1024 };

void *xcalloc(size_t count, size_t size) {
    void *p = calloc(count, size);

    if (p == NULL && count != 0 && size != 0)
        die(EX_OSERR, "out of memory (%zu x %zu bytes)", count, size);
    return p;
}

void *xrealloc(void *old, size_t size) {
    void *p = realloc(old, size);

    if (p == NULL && size != 0)
        die(EX_OSERR, "out of memory (%zu bytes)", size);
    return p;
}

char *xstrdup(const char *text) {
    size_t n = strlen(text) + 1;

    return memcpy(xcalloc(1, n), text, n);
}

void xmem_give_back(void) {
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
    mallopt(M_ARENA_MAX, 1);
}

void wipe(void *memory, size_t size) {
    explicit_bzero(memory, size);
}

void xmem_forbid_dump(void) {
    struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}
