/* receivers.conf, as an operator may write it: what is accepted can be posted to, and shows no
 * secret. */
#include "receivers.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_error(const char *text, void *arg) {
    assert(strncmp(text, "f, line ", 8) == 0);
    ++*(int *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct receivers got;
    char *exact = malloc(size + 1);
    struct fault why;
    int errors = 0;
    int result;

    memcpy(exact, data, size); /* so that a read beyond it is seen */
    got.count = -1;
    result = receivers_parse("f", (struct span){exact, size}, &got, on_error, &errors, &why);
    assert((result == 0) == (errors == 0));
    assert((result == 0) == (got.count >= 0));
    for (int i = 0; i < got.count; i++) {
        const struct receiver *r = &got.receiver[i];

        assert((r->url[0] != '\0') + (r->url_file[0] == '/') + (r->command[0] == '/') == 1);
        assert(r->url[0] == '\0' || strstr(r->url, "http") == r->url);
        assert(strlen(r->identity) == 32 && r->name[0] != '\0' && r->line > 0);
        assert(strpbrk(r->url, " \t\r\n") == NULL);
        assert(strpbrk(r->place, "@\t\r\n") == NULL || r->url[0] == '\0');
        assert(r->url[0] == '\0' || strchr(strstr(r->place, "://") + 3, '/') == NULL);
        assert(r->token_file[0] == '\0' || r->token_file[0] == '/');
        for (int k = 0; k < i; k++)
            assert(strcmp(got.receiver[k].name, r->name) != 0);
    }
    free(exact);
    return 0;
}
