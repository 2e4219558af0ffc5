/* See pages.h. */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"

void pages_init(struct pages *pages, size_t size) {
    pages->count = size / PAGES_SIZE;
    pages->changed = xcalloc(pages->count, 1);
}

void pages_clear(struct pages *pages) {
    free(pages->changed);
    pages->changed = NULL;
}

void pages_mark(struct pages *pages, size_t offset, size_t n) {
    size_t last = (offset + n - 1) / PAGES_SIZE;

    for (size_t page = offset / PAGES_SIZE; page <= last; page++)
        pages->changed[page] = 1;
}

bool pages_take(struct pages *pages, size_t *offset_out, size_t *size_out) {
    const unsigned char *last = memrchr(pages->changed, 1, pages->count);
    size_t page, end;

    if (last == NULL)
        return false;
    end = page = (size_t)(last - pages->changed) + 1;
    while (page > 0 && pages->changed[page - 1] != 0)
        pages->changed[--page] = 0;
    *offset_out = page * PAGES_SIZE;
    *size_out = (end - page) * PAGES_SIZE;
    return true;
}
