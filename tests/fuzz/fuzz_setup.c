/* deeds.c, backup.c and machine.c: whatever the text, no overrun; what is accepted is within its
 * bounds. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "deeds.h"
#include "machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct deeds j;
    static struct machine m;
    struct backup_entry e;
    struct fault why;
    char *text = calloc(1, size + 1), packages[512];

    assert(text != NULL);
    memcpy(text, data, size);
    memset(&j, 0, sizeof j);
    if (deeds_parse(text, size, &j, &why) == 0) {
        assert(j.file_count >= 0 && j.file_count <= DEEDS_FILES && j.good_bytes <= size);
        for (int i = 0; i < j.file_count; i++)
            assert(j.file[i].path[0] == '/' && j.file[i].mode <= 07777);
    }
    if (backup_parse(text, &e))
        assert(e.path[0] == '/' && e.mode <= 07777 && strchr("fld", e.kind) != NULL);
    if (machine_parse(text, &m, &why) == 0) {
        machine_expect(&m);
        machine_missing(&m, true, packages, sizeof packages);
        assert(machine_map_type(&m) != NULL);
    }
    free(text);
    return 0;
}
