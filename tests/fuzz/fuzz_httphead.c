/* The head of an HTTP request: whatever is sent, path, query and host lie within it; and the
 * host is looked at without a byte too far. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "httphead.h"
#include "httphost.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size > 0 ? size : 1); /* so that a byte too far is seen */
    struct span head = {copy, size};
    struct httphead out;
    int status;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    assert(httphead_end(head) <= size);
    status = httphead_parse(head, &out);
    assert(status == 200 || (status >= 400 && status < 600));
    if (status == 200) {
        assert(out.path.n > 0 && out.path.p[0] == '/');
        assert(out.path.p >= copy && out.path.p + out.path.n <= copy + size);
        assert(out.query.p >= copy && out.query.p + out.query.n <= copy + size);
        assert(out.host.p == NULL ||
               (out.host.p >= copy && out.host.p + out.host.n <= copy + size));
        assert(out.accept.p == NULL ||
               (out.accept.p >= copy && out.accept.p + out.accept.n <= copy + size));
        (void)httphost_is_ours(out.host, "relay1, mon.example.com");
    }
    free(copy);
    return 0;
}
