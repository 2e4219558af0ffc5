/* cred.c: whatever the file, no overrun; what is accepted has the form that the keeper and postmap
 * rely on. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cred.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct cred_file file;
    uint32_t line = 0;
    bool good = cred_parse((struct span){(const char *)data, size}, &file);

    assert(good == (file.problem_count == 0));
    assert(file.count <= CRED_MAX && (!good || file.count > 0));
    for (uint32_t i = 0; i < file.count; i++) {
        const struct cred *one = &file.entries[i];

        assert(one->line > line);
        line = one->line;
        assert(one->key.n > 0 && one->key.n <= CRED_KEY_MAX);
        assert(one->user.n > 0 && one->user.n <= CRED_USER_MAX);
        assert(one->secret.n > 0 && one->secret.n <= CRED_SECRET_MAX);
        assert(one->user.n + 1 + one->secret.n == one->value.n);
        assert(one->value.p[one->user.n] == ':');
        assert(one->value.p[one->value.n - 1] != ' ' && one->value.p[0] != ' ');
        for (size_t k = 0; k < one->key.n; k++)
            assert(one->key.p[k] > ' ' && one->key.p[k] < 0x7f && one->key.p[k] != '"');
        for (size_t k = 0; k < one->value.n; k++)
            assert(one->value.p[k] >= ' ' && one->value.p[k] < 0x7f);
        assert(cred_find(&file, one->key) == one); /* no key twice */
    }
    return 0;
}
